package declared

import (
	"net/url"
	"strings"

	"crmkit/crm"
	"crmkit/crm/norm"
)

// urlType is the address of a page.
//
// It accepts an address of http or https, and stores it with scheme and host in small letters; the
// rest is kept as it is, since servers may tell capitals apart there. An address without a scheme
// gets https.
type urlType struct{ crm.Type }

func (urlType) String() string { return "url" }

// maxURL is the most characters of an address.
const maxURL = 2000

func (urlType) Parse(r crm.Reader, f *crm.Field, text string) (crm.Value, *crm.Error) {
	wrong := crm.Errorf(crm.InvalidValue, "%s is not the address of a page for %s: send one like https://acme.com/about, with at most %d characters.", norm.Quote(text), f.Name, maxURL).On(f.Name)
	if !strings.Contains(text, "://") {
		text = "https://" + text
	}
	u, err := url.Parse(text)
	if err != nil || len(text) > maxURL || strings.ContainsAny(text, " \t\r\n\"<>\\^`{|}") {
		return crm.Value{}, wrong
	}
	scheme, rest, _ := strings.Cut(text, "://")
	end := strings.IndexAny(rest, "/?#")
	if end < 0 {
		end = len(rest)
	}
	scheme, host := strings.ToLower(scheme), strings.ToLower(rest[:end])
	if _, ok := norm.Host(u.Hostname()); !ok || scheme != "http" && scheme != "https" || u.User != nil {
		return crm.Value{}, wrong
	}
	return crm.Str(scheme + "://" + host + rest[end:]), nil
}

func (t urlType) Decode(r crm.Reader, f *crm.Field, json string) (crm.Input, *crm.Error) {
	text, isText := norm.Unquote(json)
	if !isText {
		return crm.Input{}, crm.Errorf(crm.InvalidValue, "%s takes a JSON string or null, not %s.", f.Name, norm.ShowJSON(json)).On(f.Name)
	}
	v, err := r.Normal(f, text)
	return crm.Input{Field: f, Value: v}, err
}

func (urlType) Schema(*crm.Field) crm.JSONSchema {
	return crm.JSONSchema{Type: "string", Format: "uri", MaxLength: maxURL}
}

package web

import (
	"slices"
	"strconv"
	"strings"

	"crmkit/crm"
	"crmkit/crm/norm"
	"crmkit/server/draft"
	"crmkit/server/plan"
	"crmkit/store"
)

// Members reads the body as one strict JSON object. It ignores the Content-Type, so that a plain
// curl -d works.
func (rq *Request) Members() ([]crm.Member, *crm.Error) {
	data, fault := rq.Bytes()
	if fault != nil {
		return nil, fault
	}
	if rq.checked {
		return norm.ParseObject(string(data)), nil
	}
	return object(data)
}

// bodyDigest returns plan.BodyDigest of the body, which it computes once: before the first transaction, as
// other writes wait while a large body is read in one.
func (rq *Request) bodyDigest() string {
	if rq.digest == "" {
		rq.digest = plan.BodyDigest(rq.body)
	}
	return rq.digest
}

// object reads one strict JSON object: no name twice, nothing after it.
func object(data []byte) ([]crm.Member, *crm.Error) {
	members, err := norm.ReadObject(data)
	if err != nil {
		return nil, crm.Errorf(crm.BadJSON, "%s.", err)
	}
	return members, nil
}

// CheckNotEncoded refuses bodies that are compressed, and multipart forms, with
// unsupported_media: the limits are on bytes that are read as they come.
func (rq *Request) CheckNotEncoded() *crm.Error {
	if encoding := rq.Header.Get("Content-Encoding"); encoding != "" && !strings.EqualFold(encoding, "identity") {
		return crm.Errorf(crm.UnsupportedMedia, "the body is compressed (%s); send it without Content-Encoding.", norm.Quote(encoding))
	}
	if kind := rq.Header.Get("Content-Type"); strings.HasPrefix(strings.ToLower(kind), "multipart/") {
		return crm.Errorf(crm.UnsupportedMedia, "the body is a multipart form; send a JSON object (curl -d, not -F), or the file itself as the body (curl --data-binary @FILE).")
	}
	return nil
}

// TextBody reads the body as the text fields that the route takes. It may be empty where
// none is required.
func (rq *Request) TextBody() (map[string]string, *crm.Error) {
	allowed, required := rq.Route.TextFields()
	values := map[string]string{}
	data, err := rq.Bytes()
	if err != nil {
		return nil, err
	}
	if len(data) == 0 && len(required) == 0 {
		return values, nil
	}
	members, err := object(data)
	if err != nil {
		return nil, err
	}
	for _, m := range members {
		if !slices.Contains(allowed, m.Name) {
			return nil, crm.UnknownName(m.Name, rq.Route.Method+" "+rq.Route.Pattern(), allowed)
		}
		text, ok := norm.Unquote(m.JSON)
		if digits := strings.Trim(m.JSON, "0123456789") == ""; digits && m.Name == "code" {
			text, ok = m.JSON, true
		}
		if !ok && m.JSON != "null" {
			return nil, crm.Errorf(crm.InvalidValue, "%s takes a string, not %s.", m.Name, norm.ShowJSON(m.JSON)).On(m.Name)
		}
		values[m.Name] = text
	}
	for _, name := range required {
		if strings.TrimSpace(values[name]) == "" {
			return nil, crm.Errorf(crm.MissingField, `%s is required; send {"%s":…}.`, name, strings.Join(allowed, `":…,"`)).On(name)
		}
	}
	return values, nil
}

// Draft reads the body as fields of the entity, and the expected version from
// it or from If-Match.
func (rq *Request) Draft(e *crm.Entity) (store.Draft, error) {
	members, err := rq.Members()
	if err != nil {
		return store.Draft{}, rq.rows(e, err)
	}
	rq.normalize(e, members)
	d, err := draft.Decode(e, members, rq.Env)
	if err != nil {
		return d, err
	}
	match, err := rq.IfMatch()
	if err != nil {
		return d, err
	}
	if match != 0 && d.Version != 0 && match != d.Version {
		return d, crm.Errorf(crm.InvalidValue, "If-Match has version %d, but the body has %d; send only one.", match, d.Version).On("version")
	}
	d.Version = max(d.Version, match)
	return d, nil
}

// IfMatch returns the version of an If-Match header (RFC 9110 section 13.1.1),
// quoted as an ETag or bare, and 0 without the header or for *.
func (rq *Request) IfMatch() (int64, *crm.Error) {
	header := strings.TrimSpace(strings.Join(rq.Header.Values("If-Match"), ", "))
	if header == "*" || len(rq.Header.Values("If-Match")) == 0 {
		return 0, nil
	}
	n, err := strconv.ParseInt(strings.Trim(header, `"`), 10, 64)
	if err != nil || n < 1 {
		return 0, crm.Errorf(crm.InvalidValue, "If-Match: %s is not a version; send the number a record shows as version=.", norm.Quote(header)).On("If-Match")
	}
	return n, nil
}

// normalize converts the members of a body to the types of their fields where the meaning is
// certain, like "vip" to ["vip"], and adds a remark for each. Models often send these types.
func (rq *Request) normalize(e *crm.Entity, members []crm.Member) {
	for i, m := range members {
		f := e.Field(m.Name)
		if f == nil || f.ReadOnly {
			continue
		}
		if json := f.Type.Lenient(m.JSON); json != m.JSON {
			members[i].JSON = json
			rq.Remarks = append(rq.Remarks, f.Name+" was read as "+norm.ShowJSON(json))
		}
	}
}

// rows adds the path for rows to the error for a body that is a list or CSV instead of an object.
func (rq *Request) rows(e *crm.Entity, fault *crm.Error) *crm.Error {
	body := strings.TrimSpace(string(rq.body))
	if fault.Code == crm.BadJSON && rq.Method == "POST" && (strings.HasPrefix(body, "[") || strings.ContainsAny(body, ",;\n") && !strings.HasPrefix(body, "{")) {
		fault.Hint += " To send several records as a JSON array or CSV: POST /import/" + e.Route() + "."
	}
	return fault
}

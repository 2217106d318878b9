package fieldtype

import (
	"crmkit/crm"
	"crmkit/crm/norm"
)

// Domain is the name of a public host, such as acme.com.
//
// It accepts a host name or a URL, and stores the host in lower case ASCII (IDNA, lengths
// of RFC 1035 section 2.3.4) without a leading www. IP addresses and names without a dot
// are refused, because they do not identify a company. It is compared as text. Answers show it
// as people read it (norm.ShowHost): käse.example. like: finds a part of both forms.
var Domain crm.Type = domainType{}

type domainType struct{ base }

func (domainType) String() string { return "domain" }

// Parse stores only the host. The domain is the key of a company, so the address of one of
// its pages and the bare name must be the same value.
func (domainType) Parse(_ crm.Reader, f *crm.Field, text string) (crm.Value, *crm.Error) {
	if host, ok := norm.Host(text); ok {
		return crm.Str(host), nil
	}
	return crm.Value{}, crm.Errorf(crm.InvalidValue, "%s is not a domain; send a host name like acme.com.", norm.Quote(text)).On(f.Name)
}

// DecodeCell takes the first of several domains, because the field has one.
func (domainType) DecodeCell(_ *crm.Field, c crm.Cell) (crm.Decoded, *crm.Error) { return firstCell(c) }

func (domainType) Comparison() crm.Comparison {
	how := base{}.Comparison()
	how.Hosts = true
	return how
}

func (domainType) Fold(_ *crm.Field, text string) string { return norm.FoldHosts(text) }

func (domainType) show(text string) string { return norm.ShowHost(text) }

func (t domainType) Show(rec crm.Record, i int) crm.Value { return showText(t, rec.Values[i]) }

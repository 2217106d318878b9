package fieldtype

import (
	"crmkit/crm"
	"crmkit/crm/norm"
)

// Domain is a host name in normal form. A URL is cut to its host.
var Domain crm.Type = domainType{}

type domainType struct{ base }

func (domainType) String() string { return "domain" }

// Parse stores the host alone. A company is known by its domain, so the address of a page
// and the bare name must be one value.
func (domainType) Parse(_ crm.Reader, f *crm.Field, text string) (crm.Value, *crm.Error) {
	if host, ok := norm.Host(text); ok {
		return crm.Str(host), nil
	}
	return crm.Value{}, crm.Errorf(crm.InvalidValue, "%s is not a domain; send a host name like acme.com.", norm.Quote(text)).On(f.Name)
}

// DecodeCell takes the first of several, because the field holds one.
func (domainType) DecodeCell(_ *crm.Field, c crm.Cell) (crm.Decoded, *crm.Error) { return firstCell(c) }

package fieldtype

import (
	"slices"
	"strings"

	"crmkit/crm"
	"crmkit/crm/norm"
)

// Address is a postal address: an object of the texts street, city, region, postal_code and
// country.
//
// It accepts an object with some of these, and changes no other, like custom. Numbers become
// text, since many send postal codes so. A filter names a part: address.city=Berlin.
var Address crm.Type = addressType{}

type addressType struct{ objectType }

// AddressParts are the keys of an address, in the order of an envelope.
var AddressParts = []string{"street", "city", "region", "postal_code", "country"}

// maxAddressPart is the maximum length of a part, in characters. A street may have several lines.
const maxAddressPart = 500

func (addressType) String() string { return "address" }

func (t addressType) Decode(r crm.Reader, f *crm.Field, json string) (crm.Input, *crm.Error) {
	if json[0] != '{' {
		return crm.Input{Field: f}, crm.Errorf(crm.InvalidValue, `%s takes an object like {"street":"1 Main St","city":"Springfield","postal_code":"12345","country":"US"}, not %s.`, f.Name, norm.ShowJSON(json)).On(f.Name)
	}
	members := norm.ParseObject(json)
	for i, m := range members {
		if !slices.Contains(AddressParts, m.Name) {
			return crm.Input{Field: f}, crm.UnknownName(m.Name, f.Name, AddressParts)
		}
		part, err := addressPart(f, m)
		if err != nil {
			return crm.Input{Field: f}, err
		}
		members[i].JSON = part
	}
	return t.objectType.Decode(r, f, string(norm.AppendObject(nil, members)))
}

// addressPart returns the JSON of a part as it is stored: a text, or null for an empty one.
func addressPart(f *crm.Field, m crm.Member) (string, *crm.Error) {
	name := f.Name + "." + m.Name
	text, isText := norm.Unquote(m.JSON)
	if _, isNumber := norm.NumberKey(m.JSON); !isText && isNumber {
		text, isText = m.JSON, true
	}
	if m.JSON == "null" {
		return m.JSON, nil
	}
	clean, ok := norm.Clean(text)
	switch {
	case !isText:
		return "", crm.Errorf(crm.InvalidValue, "%s takes a JSON string or null, not %s.", name, norm.ShowJSON(m.JSON)).On(f.Name)
	case !ok:
		return "", crm.Errorf(crm.InvalidValue, "%s contains a NUL character or bytes that are not UTF-8; send UTF-8 text.", name).On(f.Name)
	case clean == "":
		return "null", nil
	}
	_, err := parseText(&crm.Field{Name: name, Max: maxAddressPart}, clean)
	return norm.QuoteJSON(clean), err
}

// DecodeCell reads JSON, and takes any other text as the street: an address in one cell has no
// parts that could be told apart everywhere.
func (t addressType) DecodeCell(f *crm.Field, c crm.Cell) (crm.Decoded, *crm.Error) {
	if text, isText := norm.Unquote(c.JSON); isText && !strings.HasPrefix(strings.TrimSpace(text), "{") {
		return crm.Decoded{JSON: string(norm.AppendObject(nil, []crm.Member{{Name: "street", JSON: c.JSON}})), Whole: true}, nil
	}
	return t.objectType.DecodeCell(f, c)
}

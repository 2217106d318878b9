package fieldtype

import (
	"crmkit/crm"
	"crmkit/crm/norm"
)

// Email is an e-mail address in normal form.
var Email crm.Type = emailType{}

type emailType struct{ base }

func (emailType) String() string { return "email" }

// Parse takes a bare address only. A contact is known by its address, so a name or brackets
// around it would make a second contact of the same person.
func (emailType) Parse(_ crm.Reader, f *crm.Field, text string) (crm.Value, *crm.Error) {
	if address, ok := norm.Email(text); ok {
		return crm.Str(address), nil
	}
	return crm.Value{}, crm.Errorf(crm.InvalidEmail, "%s is not one bare e-mail address; send it like jane@acme.com, without a name or brackets.", norm.Quote(text)).On(f.Name)
}

// DecodeCell takes the first of several, because the field holds one.
func (emailType) DecodeCell(_ *crm.Field, c crm.Cell) (crm.Decoded, *crm.Error) { return firstCell(c) }

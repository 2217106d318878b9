package fieldtype

import (
	"crmkit/crm"
	"crmkit/crm/norm"
)

// Email is an e-mail address in normal form.
var Email crm.Type = emailType{}

type emailType struct{ base }

func (emailType) String() string { return "email" }

func (emailType) Parse(_ crm.Reader, f *crm.Field, text string) (crm.Value, *crm.Error) {
	if address, ok := norm.Email(text); ok {
		return crm.Str(address), nil
	}
	return crm.Value{}, crm.Errorf(crm.InvalidEmail, "%s is not one bare e-mail address; send it like jane@acme.com, without a name or brackets.", norm.Quote(text)).On(f.Name)
}

func (emailType) DecodeCell(_ *crm.Field, c crm.Cell) (crm.Decoded, *crm.Error) { return firstCell(c) }

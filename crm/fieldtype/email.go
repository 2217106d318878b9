package fieldtype

import (
	"strings"

	"crmkit/crm"
	"crmkit/crm/norm"
)

// Email is one bare e-mail address.
//
// It accepts an addr-spec without quotes or comments (RFC 5321 section 4.1.2, with the
// letters of RFC 6531), and stores it in lower case with the domain in ASCII. RFC 5321
// lets a host tell capitals in the local part apart; none that people use does, and two
// contacts for one mailbox would be worse. It is compared as text in this form. Answers show
// the domain as people read it (norm.ShowHost), and like: finds a part of both forms.
var Email crm.Type = emailType{}

type emailType struct{ base }

func (emailType) String() string { return "email" }

// Parse refuses a name or brackets around the address, since the field has no place for the name.
// The error shows the address alone. Imports have the rest of the row, and read both.
func (emailType) Parse(_ crm.Reader, f *crm.Field, text string) (crm.Value, *crm.Error) {
	if address, ok := norm.Email(text); ok {
		return crm.Str(address), nil
	}
	if box := norm.ReadMailbox(text); box.Address != strings.TrimSpace(text) {
		return crm.Value{}, crm.Errorf(crm.InvalidEmail, "%s is not one bare e-mail address; send %s alone. A name goes into a field of its own.", norm.Quote(text), norm.Quote(box.Address)).On(f.Name)
	}
	return crm.Value{}, crm.Errorf(crm.InvalidEmail, "%s is not one bare e-mail address; send it like jane@acme.com, without a name or brackets.", norm.Quote(text)).On(f.Name)
}

// DecodeCell takes the first of several addresses, because the field has one.
func (emailType) DecodeCell(_ *crm.Field, c crm.Cell) (crm.Decoded, *crm.Error) { return firstCell(c) }

func (emailType) Comparison() crm.Comparison {
	how := base{}.Comparison()
	how.Hosts = true
	return how
}

func (emailType) Fold(_ *crm.Field, text string) string { return norm.FoldHosts(text) }

func (emailType) show(text string) string { return norm.ShowEmail(text) }

func (t emailType) Show(rec crm.Record, i int) crm.Value { return showText(t, rec.Values[i]) }

// Matches accepts an address with the domain in either form.
func (t emailType) Matches(r crm.Reader, f *crm.Field, shown crm.Value, json string) bool {
	text, _ := norm.Unquote(json)
	address, ok := norm.Email(text)
	return t.base.Matches(r, f, shown, json) || ok && t.show(address) == shown.Text
}

package cells

import (
	"regexp"
	"slices"
	"strings"

	"crmkit/crm"
	"crmkit/crm/declared"
	"crmkit/crm/fieldtype"
	"crmkit/crm/norm"
	"crmkit/server/importer/rows"
)

// isNothing reports whether a cell has what is written for no value, such as n/a for an address, or the error of a sheet. In
// a text, such as a name or notes, it is text; in a column without a field only a date may be none,
// which would hide one that another file has.
func (p placedCell) isNothing() bool {
	text, isText := norm.Unquote(p.json)
	switch {
	case isText && rows.IsSheetError(text):
		return true
	case !isText || p.use == forName || p.use == forHint:
		return false
	case p.member != nil && p.member.Of.Type != declared.Text && p.member.Of.Type != declared.Tags:
		isOption := slices.ContainsFunc(p.member.Of.Options, func(option string) bool { return strings.EqualFold(option, strings.TrimSpace(text)) })
		return !isOption && rows.IsNothingWord(text) || p.choice() == datesChoice && norm.IsNoDate(text)
	case p.use == forText || p.use == forNothing || p.use == forReadOnly || p.use == forMember && p.field.Type == fieldtype.Object:
		return norm.IsNoDate(text)
	case p.use != forField:
		return rows.IsNothingWord(text)
	case p.field.Type == fieldtype.Text || p.field.Type == fieldtype.Tags || p.field.Type == fieldtype.Object:
		return false
	}
	return rows.IsNothingWord(text) || p.field.Type.Kind() == crm.TimeKind && norm.IsNoDate(text)
}

// rounded is a number as a sheet writes it that has more digits than the cell shows.
var rounded = regexp.MustCompile(`^\+?\d([.,]\d+)?[eE]\+?\d+$`)

// checkDigits refuses a phone number of which the sheet has kept only the first digits.
func (p placedCell) checkDigits() *crm.Error {
	if p.field == nil || p.use != forField || p.field.Type != fieldtype.Phone && p.field.Type != fieldtype.Phones {
		return nil
	}
	text := strings.TrimSpace(Text(p.json))
	if !rounded.MatchString(text) {
		return nil
	}
	return crm.Errorf(crm.InvalidValue, "%s: %s is no phone number: the sheet has rounded it and lost digits. Format the column as text in the sheet, write the number again, and save the file anew; or empty the cell.",
		p.name, norm.Quote(text)).On(p.field.Name)
}

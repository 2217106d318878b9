package cells

import (
	"crmkit/crm"
	"crmkit/crm/fieldtype"
	"crmkit/crm/norm"
)

// isNothing reports whether a cell has what is written for no value, such as n/a for an address. In
// a text, such as a name or notes, it is text; in a column without a field only a date may be none,
// which would hide one that another file has.
func (p placedCell) isNothing() bool {
	text, isText := norm.Unquote(p.json)
	switch {
	case !isText || p.use == forName || p.use == forHint:
		return false
	case p.use == forText || p.use == forNothing || p.use == forReadOnly || p.use == forMember && p.field.Type == fieldtype.Object:
		return norm.IsNoDate(text)
	case p.use != forField:
		return norm.IsNothing(text)
	case p.field.Type == fieldtype.Text || p.field.Type == fieldtype.Tags || p.field.Type == fieldtype.Object:
		return false
	}
	return norm.IsNothing(text) || p.field.Type.Kind() == crm.TimeKind && norm.IsNoDate(text)
}

package operand

import (
	"fmt"
	"slices"
	"strings"

	"crmkit/crm"
	"crmkit/crm/declared"
	"crmkit/crm/norm"
)

// Order is how a list is sorted by a declared key: by a column of custom_values, or by the place
// of the value among the options of a choice.
type Order struct {
	Member *declared.Member
}

// Sortable reports whether lists can be sorted by a declared key.
func Sortable(m *declared.Member) bool {
	return m != nil && (m.Of.Type == declared.Choice || m.Type.Comparison().Ordered)
}

// SortableKeys returns the keys of a kind by which lists can be sorted, as answers show them.
func SortableKeys(k *declared.Kind) (names []string) {
	for _, key := range k.Keys() {
		if m := k.Member(key); Sortable(m) {
			names = append(names, m.Name)
		}
	}
	return names
}

// unknownPlace is the place of a value that is not one of the options: after all of them, in every collation.
const unknownPlace = "999"

// SQL returns the expression of the row v of custom_values by which a list is sorted. arg adds an argument
// and returns its placeholder.
func (o Order) SQL(arg func(any) string) string {
	switch m := o.Member; {
	case m.Of.Type == declared.Choice:
		var b strings.Builder
		b.WriteString("CASE v.text")
		for i, option := range m.Of.Options {
			fmt.Fprintf(&b, " WHEN %s THEN '%03d'", arg(option), i)
		}
		return b.String() + " ELSE '" + unknownPlace + "' END"
	case o.IsTime():
		return "v.time"
	case m.Type.Comparison().By == crm.ByNumber:
		return "v.number"
	}
	return "COALESCE(v.fold, v.text)"
}

// IsTime reports whether the list is sorted by a time, a number in the table.
func (o Order) IsTime() bool {
	return o.Member.Of.Type == declared.Date || o.Member.Type.Comparison().By == crm.ByTime
}

// Value returns the value by which a record with the members is sorted, as SQL has it; set is false
// if it has none.
func (o Order) Value(members []crm.Member) (text string, n int64, set bool) {
	at := slices.IndexFunc(members, func(m crm.Member) bool { return m.Name == o.Member.Key })
	if at < 0 {
		return "", 0, false
	}
	is := members[at].JSON
	if unquoted, isText := norm.Unquote(is); isText {
		is = unquoted
	}
	switch m := o.Member; {
	case m.Of.Type == declared.Choice:
		return o.Place(is), 0, true
	case o.IsTime():
		span, ok := norm.Clock{}.Parse(is)
		return "", span.From, ok && norm.IsAbsoluteTime(is)
	case m.Type.Comparison().By == crm.ByNumber:
		key, ok := norm.NumberKey(is)
		return key, 0, ok
	}
	return norm.Fold(is), 0, true
}

// Place returns the place of an option of a choice, as SQL has it. Texts that are no options come after all of them.
func (o Order) Place(option string) string {
	if i := slices.Index(o.Member.Of.Options, option); i >= 0 {
		return fmt.Sprintf("%03d", i)
	}
	return unknownPlace
}

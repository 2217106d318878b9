package plan

import (
	"slices"

	"crmkit/crm"
	"crmkit/store"
)

// Stays returns a remark for each field that was set by a change of another one and is
// not set back with it: a deal that is won stays won when its stage is set back.
func Stays(out store.Outcome) (remarks []string) {
	e := out.After.Entity
	for i := range e.Fields {
		f := &e.Fields[i]
		t := f.Transition()
		if t == nil || f.Type.Kind() == crm.TimeKind {
			continue
		}
		from, to, is := out.Before.Value(t.Of), out.After.Value(t.Of), out.After.Values[i]
		if from.Equal(to) || slices.Contains(t.Values, to.Text) || !slices.Contains(t.Values, is.Text) || !is.Equal(out.Before.Values[i]) {
			continue
		}
		remarks = append(remarks, f.Name+" is still "+is.Text+`; to change it as well send {"`+f.Name+`":"`+f.Default+`"}`)
	}
	return remarks
}

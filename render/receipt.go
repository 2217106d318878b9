package render

import (
	"slices"
	"strings"
	"time"

	"crmkit/crm"
	"crmkit/crm/norm"
)

// Changes lists what an update changed, each key of an object on its own. Fields that the server
// sets are left out, except those that follow from a change, like the status of a deal that
// was won: the client did not send them.
func Changes(before, after crm.Record) (changes []Change) {
	for _, i := range crm.Changed(before.Values, after.Values) {
		f := &after.Entity.Fields[i]
		from, to := f.Type.Show(before, i), f.Type.Show(after, i)
		switch {
		case f.ReadOnly && f.Transition() == nil || isNow(after, f):
		case f.Type.Kind() == crm.ObjectKind:
			changes = append(changes, memberChanges(f.Name, from.Members(), to.Members())...)
		case f.IsReference():
			prefix := after.Entity.Target(f).Prefix
			changes = append(changes, Change{Name: f.Name, From: from, To: to, FromID: crm.RecordID(prefix, from.Int), ToID: crm.RecordID(prefix, to.Int)})
		default:
			changes = append(changes, Change{Name: f.Name, From: from, To: to})
		}
	}
	return withAmounts(changes, before, after)
}

// isNow reports whether a field says since when another one has its value, and that is since this
// write, or it has none now: the change of the other one says it.
func isNow(after crm.Record, f *crm.Field) bool {
	t := f.Transition()
	if t == nil || len(t.Values) > 0 {
		return false
	}
	return !after.Value(t.Of).Set() || after.Value(f.Name).Int == after.Value(crm.FieldUpdatedAt).Int/1000*1000
}

// withAmounts adds to changes of numbers and currencies what they are as amounts. If both change, the first
// one has it.
func withAmounts(changes []Change, before, after crm.Record) []Change {
	if len(changes) == 0 {
		return nil
	}
	for i := range after.Entity.Fields {
		f := &after.Entity.Fields[i]
		of := f.AmountOf()
		if of == nil {
			continue
		}
		at := slices.IndexFunc(changes, func(c Change) bool { return c.Name == of.Number || c.Name == of.Currency })
		if from, to := f.Type.Show(before, i), f.Type.Show(after, i); at >= 0 && !from.Equal(to) {
			changes[at].Amount = &Change{Name: f.Name, From: from, To: to}
		}
	}
	return changes
}

// Preview returns changes with amounts beside their numbers: who is asked to confirm them must see the currency.
func Preview(changes []Change) (list []Change) {
	for _, c := range changes {
		if list = append(list, c); c.Amount != nil {
			list = append(list, *c.Amount)
		}
	}
	return list
}

// ChangesByLabel lists the same, with the label of the record that a reference leads to instead of
// its id: a dry run knows no ids of records that it would make.
func ChangesByLabel(before, after crm.Record) []Change {
	changes := Changes(before, after)
	for i, c := range changes {
		f := after.Entity.Field(c.Name)
		if f == nil || !f.IsReference() {
			continue
		}
		at, name := after.Entity.Index(c.Name), f.Path()+"."+after.Entity.Target(f).LabelField
		changes[i] = Change{Name: name, From: crm.Str(before.Labels[at]), To: crm.Str(after.Labels[at])}
	}
	return changes
}

// NewValues returns the values of a record that does not exist yet, for text and, as one object,
// for JSON. Long ones are cut.
func NewValues(rec crm.Record) (fields []Field) {
	changes := ChangesByLabel(crm.NewRecord(rec.Entity), rec)
	var members []crm.Member
	for _, c := range changes {
		name := c.Name
		if c.To.Kind == crm.ObjectKind {
			name, _, _ = strings.Cut(name, ".")
		}
		fields = append(fields, Field{Name: name, Value: c.To, Text: true})
		members = append(members, crm.Member{Name: c.JSONName(), JSON: string((&Field{Value: c.To}).appendChanged(nil))})
	}
	return append(fields, Field{Name: "values", Value: crm.Members(members), JSON: true})
}

// memberChanges lists the keys of an object that changed: first those that were there, in their
// order, then new ones.
func memberChanges(field string, from, to []crm.Member) []Change {
	var changes []Change
	was, is := byName(from), byName(to)
	for _, m := range from {
		if now := is[m.Name]; !now.Equal(was[m.Name]) {
			changes = append(changes, Change{Name: field + "." + norm.Quote(m.Name), From: was[m.Name], To: now})
		}
	}
	for _, m := range to {
		if !was[m.Name].Set() {
			changes = append(changes, Change{Name: field + "." + norm.Quote(m.Name), To: is[m.Name]})
		}
	}
	return changes
}

// byName returns each member as an object with one key, by its name. A receipt shows it like
// that, and a key that is missing differs from one that is null.
func byName(members []crm.Member) map[string]crm.Value {
	named := make(map[string]crm.Value, len(members))
	for _, m := range members {
		named[m.Name] = crm.Members([]crm.Member{m})
	}
	return named
}

// AppendChanges appends changes as text: "stage lead -> customer; owner (unset) -> ann". Long values are cut.
func AppendChanges(b []byte, changes []Change, zone *time.Location) []byte {
	for i, c := range changes {
		if i > 0 {
			b = append(b, "; "...)
		}
		b = append(append(b, c.Name...), ' ')
		b = appendShort(b, c.From, c.FromID, zone)
		b = append(b, " -> "...)
		b = appendShort(b, c.To, c.ToID, zone)
	}
	return b
}

// AppendFrom appends the value before a change as text.
func (c Change) AppendFrom(b []byte, zone *time.Location) []byte {
	return appendShort(b, c.From, c.FromID, zone)
}

// ChangesField returns changes as a field that only JSON has: {"stage":["lead","customer"]}.
func ChangesField(changes []Change) Field {
	members := make([]crm.Member, len(changes))
	for i, c := range changes {
		json := append([]byte{'['}, (&Field{Value: c.From, ID: c.FromID}).appendChanged(nil)...)
		json = append((&Field{Value: c.To, ID: c.ToID}).appendChanged(append(json, ',')), ']')
		members[i] = crm.Member{Name: c.JSONName(), JSON: string(json)}
	}
	return Field{Name: "changes", Value: crm.Members(members), JSON: true}
}

// JSONName returns the name of a change as JSON and the log have it: custom.Created at, without quotes.
func (c Change) JSONName() string {
	if field, key, dotted := strings.Cut(c.Name, "."); dotted {
		if plain, quoted := norm.Unquote(key); quoted {
			return field + "." + plain
		}
	}
	return c.Name
}

// appendChanged appends the value of a changed field, of a key of an object without the key. A long text is
// cut, as in text.
func (f *Field) appendChanged(b []byte) []byte {
	if f.Value.Kind == crm.ObjectKind {
		json := f.Value.Members()[0].JSON
		if s, is := norm.Unquote(json); is && isLong(s) {
			json = norm.QuoteJSON(cut(s))
		}
		return append(b, json...)
	}
	if f.Value.Kind == crm.TextKind && isLong(f.Value.Text) {
		return append(b, norm.QuoteJSON(cut(f.Value.Text))...)
	}
	return f.appendJSON(b)
}

package merging

import (
	"slices"

	"crmkit/crm"
)

// Take is a field whose value comes from another record than the winner.
type Take struct {
	Field  *crm.Field // stored, or an amount
	Member string     // the key of an object; empty: the whole field
	From   int        // which of the others
}

// merge is the winner with what it has so far.
type merge struct {
	entity *crm.Entity
	winner crm.Record
	others []crm.Record
	takes  []Take
	at     crm.Setting
	now    []crm.Value // of the winner, with the inputs so far
	inputs []crm.Input
}

// Inputs returns what a client would send to give the winner the values of the others: those taken
// first, then what fills its empty fields, in the order of the others. at has what the workspace has declared.
func Inputs(winner crm.Record, others []crm.Record, takes []Take, at crm.Setting) []crm.Input {
	m := &merge{entity: winner.Entity, winner: winner, others: others, takes: takes, at: at, now: slices.Clone(winner.Values)}
	for _, t := range takes {
		m.take(t)
	}
	for _, other := range others {
		for i := range m.entity.Fields {
			m.fill(i, other)
		}
	}
	return m.inputs
}

// Check returns the error for a field that the record from which it is taken does not have.
func Check(others []crm.Record, takes []Take, at crm.Setting) *crm.Error {
	for _, t := range takes {
		other, name, f := others[t.From], t.Field.Name, t.Field
		if of := f.AmountOf(); of != nil {
			f = other.Entity.Field(of.Number)
		}
		has := other.Value(f.Name).Set()
		if t.Member != "" {
			name, has = name+"."+t.Member, slices.ContainsFunc(at.Together(other.Entity, t.Member), func(key string) bool { return hasMember(other.Value(f.Name), key) })
		}
		if !has {
			return crm.Errorf(crm.InvalidValue, "take.%s: %s has none; leave it out, and the record keeps what it has.", name, other.Handle()).On("take")
		}
	}
	return nil
}

// Stamped sets the times in a merged record that say when a taken word was set, such as closed_at
// of a deal whose status was taken: not now, but when it happened.
func Stamped(rec crm.Record, others []crm.Record, takes []Take) {
	for _, take := range takes {
		for i, at := range others[take.From].Values {
			f := &rec.Entity.Fields[i]
			t := f.Transition()
			if t != nil && f.Type.Kind() == crm.TimeKind && leadsTo(rec.Entity, take.Field.Name, t.Of) && at.Set() && rec.Values[i].Set() {
				rec.Values[i] = at
			}
		}
	}
}

// leadsTo reports whether a field is another one, or sets it.
func leadsTo(e *crm.Entity, name, to string) bool {
	t := e.Field(to).Transition()
	return name == to || t != nil && leadsTo(e, name, t.Of)
}

// take gives the winner the value of a field of another record.
func (m *merge) take(t Take) {
	f, other := t.Field, m.others[t.From]
	switch {
	case t.Member != "":
		m.takeMember(t, other)
	case m.amountOf(f) != nil:
		m.takeAmount(m.amountOf(f), other)
	case f.Others != "":
		was := m.value(f.Name)
		m.set(crm.Input{Field: f, Value: other.Value(f.Name)})
		m.join(f.Others, was)
	case f.Type.Kind() == crm.ObjectKind:
		m.replace(f, other.Value(f.Name))
	case m.isPlace(f):
		m.takePlace(f, other)
	default:
		m.set(crm.Input{Field: f, Value: other.Value(f.Name)})
	}
}

// fill gives the winner the value of a field that it does not have, or joins it to what it has.
func (m *merge) fill(i int, other crm.Record) {
	f, v := &m.entity.Fields[i], other.Values[i]
	if !fills(f) || !v.Set() || m.entity.Target(f) == m.entity && v.Int == m.winner.Key {
		return
	}
	amount, isEmpty := m.amountOf(f), !m.now[i].Set()
	switch {
	case m.isPlace(f):
		m.fillPlace(other)
	case amount != nil:
		if f.Name == amount.Number && isEmpty {
			m.takeAmount(amount, other)
		}
	case f.Type.Kind() == crm.ListKind:
		m.set(crm.Input{Field: f, Mode: crm.EditTags, Value: v})
	case f.Others != "" && !isEmpty:
		m.join(f.Others, v)
	case f.Type.Kind() == crm.ObjectKind && isWhole(f):
		if isEmpty {
			m.replace(f, v)
		}
	case f.Type.Kind() == crm.ObjectKind:
		m.addMembers(f, v)
	case isEmpty && m.mayFill(f, v):
		m.set(crm.Input{Field: f, Value: v})
	}
}

// fills reports whether a field is filled at all. A field that another one sets is not: it follows
// that one.
func fills(f *crm.Field) bool {
	return f.Stored() && !f.ReadOnly && !f.Derived() && f.Transition() == nil
}

// isWhole reports whether an object has one meaning as a whole, as an address has: the street of one
// and the city of another would be no address.
func isWhole(f *crm.Field) bool { return f.Type.String() == "address" }

// mayFill reports whether an empty field may get a value of another record. A stage that would close
// an open deal may not, and what to do at a time belongs to that time.
func (m *merge) mayFill(f *crm.Field, v crm.Value) bool {
	r := m.entity.Reminder
	if f.Name == r.Note && m.winner.Value(r.Field).Set() {
		return false
	}
	for i := range m.entity.Fields {
		t := m.entity.Fields[i].Transition()
		if t != nil && t.Of == f.Name && slices.Contains(t.Values, v.Text) && m.now[i].Text != v.Text {
			return false
		}
	}
	return true
}

// amountOf returns the amount that a field is, or is a part of, or nil.
func (m *merge) amountOf(f *crm.Field) *crm.AmountOf {
	for i := range m.entity.Fields {
		if of := m.entity.Fields[i].AmountOf(); of != nil && (f == &m.entity.Fields[i] || f.Name == of.Number || f.Name == of.Currency) {
			return of
		}
	}
	return nil
}

// takeAmount gives the winner number and currency of another record, since one means nothing without
// the other.
func (m *merge) takeAmount(of *crm.AmountOf, other crm.Record) {
	for _, name := range []string{of.Number, of.Currency} {
		m.set(crm.Input{Field: m.entity.Field(name), Value: other.Value(name)})
	}
}

// join adds a value to a list of further values.
func (m *merge) join(list string, v crm.Value) {
	if v.Set() {
		m.set(crm.Input{Field: m.entity.Field(list), Mode: crm.EditTags, Value: crm.Labels([]string{v.Text})})
	}
}

// takeMember gives the winner a key of an object, and those that mean nothing without it: of an amount of money both
// or neither are those of the other record.
func (m *merge) takeMember(t Take, other crm.Record) {
	in := crm.Input{Field: t.Field, Mode: crm.MergeMembers}
	var members []crm.Member
	for _, key := range m.at.Together(m.entity, t.Member) {
		i := slices.IndexFunc(other.Value(t.Field.Name).Members(), func(member crm.Member) bool { return member.Name == key })
		if i < 0 {
			in.Remove = append(in.Remove, key)
		} else {
			members = append(members, other.Value(t.Field.Name).Members()[i])
		}
	}
	in.Value = crm.Members(members)
	m.set(in)
}

// addMembers adds the keys of an object that the winner does not have, and of those that belong together has none.
func (m *merge) addMembers(f *crm.Field, v crm.Value) {
	add := slices.DeleteFunc(slices.Clone(v.Members()), func(member crm.Member) bool {
		return slices.ContainsFunc(m.at.Together(m.entity, member.Name), func(key string) bool { return hasMember(m.value(f.Name), key) })
	})
	if len(add) > 0 {
		m.set(crm.Input{Field: f, Mode: crm.MergeMembers, Value: crm.Members(add)})
	}
}

// replace sets an object as a whole.
func (m *merge) replace(f *crm.Field, v crm.Value) {
	in := crm.Input{Field: f, Mode: crm.MergeMembers, Value: v}
	for _, member := range m.value(f.Name).Members() {
		if !hasMember(v, member.Name) {
			in.Remove = append(in.Remove, member.Name)
		}
	}
	m.set(in)
}

func hasMember(v crm.Value, name string) bool {
	return slices.ContainsFunc(v.Members(), func(member crm.Member) bool { return member.Name == name })
}

func (m *merge) value(name string) crm.Value { return m.now[m.entity.Index(name)] }

// set adds an input to those that a field has, and notes what the winner has with it.
func (m *merge) set(in crm.Input) {
	i := m.entity.Index(in.Field.Name)
	at := slices.IndexFunc(m.inputs, func(known crm.Input) bool { return known.Field == in.Field })
	if at < 0 {
		at, m.inputs = len(m.inputs), append(m.inputs, crm.Input{Field: in.Field, Mode: in.Mode})
	}
	known := &m.inputs[at]
	switch in.Mode {
	case crm.EditTags:
		known.Value = crm.Labels(append(slices.Clone(known.Value.List()), in.Value.List()...))
		m.now[i] = crm.Labels(append(slices.Clone(m.now[i].List()), in.Value.List()...))
	case crm.MergeMembers:
		others := slices.DeleteFunc(slices.Clone(known.Value.Members()), func(member crm.Member) bool {
			return slices.Contains(in.Remove, member.Name) || hasMember(in.Value, member.Name)
		})
		known.Value = crm.Members(append(others, in.Value.Members()...))
		known.Remove = slices.DeleteFunc(append(known.Remove, in.Remove...), func(key string) bool { return hasMember(in.Value, key) })
		left := slices.DeleteFunc(slices.Clone(m.now[i].Members()), func(member crm.Member) bool {
			return slices.Contains(in.Remove, member.Name) || hasMember(in.Value, member.Name)
		})
		m.now[i] = crm.Members(append(left, in.Value.Members()...))
	default:
		known.Value, m.now[i] = in.Value, in.Value
	}
}

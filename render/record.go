package render

import (
	"slices"
	"strings"

	"crmkit/crm"
	"crmkit/crm/norm"
)

// Record returns the item of a record. pick names the fields to print, as fields= does;
// nil is all of them, of which text lists print the short ones.
func Record(rec crm.Record, pick []string) Item {
	return Item{Head: rec.Handle(), rec: rec, selected: pick}
}

// Unsaved returns the item of a record that a dry run would make: without its id, which another
// record may get.
func (l Item) Unsaved() Item {
	l.Head, l.unsaved = l.rec.Entity.Name, true
	return l
}

// Only returns the item with the fields that pick names.
func (l Item) Only(pick []string) Item {
	l.selected = pick
	return l
}

// fields returns the fields to print. The fields of a record are made only now, in the
// buffer of the previous item: for all records of a page they would take 150 kB.
func (l *Item) fields(buffer *[]Field) []Field {
	if l.rec.Entity == nil {
		return l.Fields
	}
	made := Item{Fields: (*buffer)[:0]}
	if l.selected == nil {
		made.all(l.rec)
	} else {
		made.pickAll(l.rec, l.selected)
	}
	if l.unsaved {
		made.Fields = slices.DeleteFunc(made.Fields, func(f Field) bool { return f.Name == "id" || f.Name == "handle" })
	}
	for i := range made.Fields {
		made.Fields[i].Millis = l.Millis
		if made.Fields[i].Name == l.OneLine {
			made.Fields[i].Long = false
		}
	}
	*buffer = append(made.Fields, l.Fields...)
	return *buffer
}

// SetMoment says of which moment the computed fields of the records in the answer speak.
func (d *Response) SetMoment(m *crm.Moment) {
	if d.Line != nil {
		d.Line.rec.At = m
	}
	for i := range d.Items {
		d.Items[i].rec.At = m
	}
}

// Select lets the line show some of the fields of its record only, beside id and handle.
func (l *Item) Select(names []string) { l.selected = names }

// Of returns the record that the line is of; one without an entity, if it is of no record.
func (l *Item) Of() crm.Record { return l.rec }

// all adds every field of the record. Custom values, the last object, come last, since their
// number is unknown and a reader looks for the known fields first.
func (l *Item) all(rec crm.Record) {
	object := -1
	for i := range rec.Entity.Fields {
		if f := &rec.Entity.Fields[i]; f.Type.Kind() == crm.ObjectKind && !f.ReadOnly {
			object = i
		}
	}
	for i := range rec.Entity.Fields {
		if i != object && !rec.Entity.Fields[i].OnRequest {
			l.field(rec, i)
		}
	}
	if object >= 0 {
		l.field(rec, object)
	}
}

// pickAll adds the fields that fields= names, after id and handle.
func (l *Item) pickAll(rec crm.Record, names []string) {
	l.Fields = append(l.Fields, identity(rec, rec.Entity.Index("id")), identity(rec, rec.Entity.Index("handle")))
	for _, name := range names {
		l.pick(rec, name)
	}
}

// identity returns the field of the id or the handle.
func identity(rec crm.Record, i int) Field {
	f := &rec.Entity.Fields[i]
	return Field{Name: f.Name, Value: f.Type.Show(rec, i), JSON: true}
}

// field adds the field at a position, and after a reference the label of its target.
func (l *Item) field(rec crm.Record, i int) {
	f := &rec.Entity.Fields[i]
	if f.IsIdentity() {
		l.Fields = append(l.Fields, identity(rec, i))
		return
	}
	field := Field{Name: f.Name, Value: f.Type.Show(rec, i), Long: !f.InLists, Day: f.DateOnly, Named: f.Type.Kind() == crm.ObjectKind && f.ReadOnly}
	if of := f.Rollup(); of != nil {
		field.Quiet = of.Quiet
	}
	if field.Named {
		field.Of = rec.Entity
	}
	if !f.IsReference() {
		l.Fields = append(l.Fields, field)
		return
	}
	to := rec.Entity.Target(f)
	if field.Value.Set() {
		field.ID = crm.RecordID(to.Prefix, field.Value.Int)
	}
	l.Fields = append(l.Fields, field, label(rec, i))
}

// label returns the field with the label of a reference's target.
func label(rec crm.Record, i int) Field {
	f := &rec.Entity.Fields[i]
	return Field{Name: f.Path() + "." + rec.Entity.Target(f).LabelField, Value: crm.Str(rec.Labels[i]), Long: !f.InLists}
}

// pick adds one field that fields= names. A field picked by name is never Long.
func (l *Item) pick(rec crm.Record, name string) {
	e := rec.Entity
	at := len(l.Fields)
	switch i := e.Index(name); {
	case i >= 0 && e.Fields[i].IsIdentity():
		return
	case i >= 0 && e.Fields[i].IsReference():
		l.field(rec, i)
		l.Fields = l.Fields[:at+1]
	case i >= 0:
		l.Fields = slices.DeleteFunc(l.Fields, func(f Field) bool { return f.Name == name })
		at = len(l.Fields)
		l.field(rec, i)
	default:
		head, key, _ := strings.Cut(name, ".")
		l.pickPart(rec, head, key)
	}
	for j := at; j < len(l.Fields); j++ {
		l.Fields[j].Long = false
	}
}

// pickPart adds a field whose name has a dot: the label of a reference, or a key of an
// object.
func (l *Item) pickPart(rec crm.Record, head, key string) {
	for i := range rec.Entity.Fields {
		f := &rec.Entity.Fields[i]
		switch {
		case f.IsReference() && f.Path() == head:
			l.Fields = append(l.Fields, label(rec, i))
		case f.Type.Kind() == crm.ObjectKind && f.Name == head:
			l.pickMember(rec, i, key)
		}
	}
}

// pickMember adds one key of an object to the keys picked before.
func (l *Item) pickMember(rec crm.Record, i int, key string) {
	object, members := &rec.Entity.Fields[i], rec.Values[i].Members()
	if s, ok := norm.Unquote(key); ok {
		key = s
	}
	at := slices.IndexFunc(l.Fields, func(f Field) bool { return f.Name == object.Name })
	if at < 0 {
		at = len(l.Fields)
		l.Fields = append(l.Fields, Field{Name: object.Name, Named: object.ReadOnly, Of: rec.Entity})
	}
	for _, m := range members {
		if m.Name == key && !slices.Contains(l.Fields[at].Value.Members(), m) {
			l.Fields[at].Value = crm.Members(append(slices.Clone(l.Fields[at].Value.Members()), m))
		}
	}
}

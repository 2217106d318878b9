package render

import (
	"slices"
	"strings"

	"crmkit/crm"
	"crmkit/crm/norm"
)

// Record returns the line of a record. pick names the fields to show, as
// fields= does; nil shows all, of which text lists print the brief ones.
func Record(rec crm.Record, pick []string) Item {
	return Item{Head: rec.Handle(), rec: rec, selected: pick}
}

// fields returns what the line shows. Those of a record are made only now, into the room
// of a line that was printed before: a page of records would fill 150 kB with them.
func (l *Item) fields(room *[]Field) []Field {
	if l.rec.Entity == nil {
		return l.Fields
	}
	made := Item{Fields: (*room)[:0]}
	if l.selected == nil {
		made.all(l.rec)
	} else {
		made.pickAll(l.rec, l.selected)
	}
	for i := range made.Fields {
		if made.Fields[i].Name == l.OneLine {
			made.Fields[i].Long = false
		}
	}
	*room = append(made.Fields, l.Fields...)
	return *room
}

// all adds every field.
func (l *Item) all(rec crm.Record) {
	object := -1
	for i := range rec.Entity.Fields {
		if f := &rec.Entity.Fields[i]; f.Type == crm.Object && !f.ReadOnly {
			object = i // custom values come last
		} else {
			l.field(rec, i)
		}
	}
	if object >= 0 {
		l.field(rec, object)
	}
}

// pickAll adds the fields that fields= names, behind what names the record.
func (l *Item) pickAll(rec crm.Record, names []string) {
	l.Fields = append(l.Fields, identity(rec, rec.Entity.Field("id")), identity(rec, rec.Entity.Field("handle")))
	for _, name := range names {
		l.pick(rec, name)
	}
}

func identity(rec crm.Record, f *crm.Field) Field {
	text := rec.ID
	if f.Type == crm.Handle {
		text = rec.Handle()
	}
	return Field{Name: f.Name, Value: crm.Str(text), JSON: true}
}

// field adds the field at a position, and behind a reference its name.
func (l *Item) field(rec crm.Record, i int) {
	f := &rec.Entity.Fields[i]
	if f.Type == crm.ID || f.Type == crm.Handle {
		l.Fields = append(l.Fields, identity(rec, f))
		return
	}
	value := rec.Values[i]
	if f.FlagOf != "" {
		value = crm.Bool(rec.Value(f.FlagOf).Set())
	}
	if f.AmountOf != "" {
		value = rec.FormattedAmount(f)
	}
	field := Field{Name: f.Name, Value: value, Long: !f.InLists, Day: f.DateOnly, Named: f.Type == crm.Object && f.ReadOnly}
	if field.Named {
		field.Of = rec.Entity
	}
	if f.Type != crm.Ref {
		l.Fields = append(l.Fields, field)
		return
	}
	to := rec.Entity.Target(f)
	if field.Value.Set() {
		field.ID = crm.RecordID(to.Prefix, field.Value.Int)
	}
	l.Fields = append(l.Fields, field, label(rec, i))
}

func label(rec crm.Record, i int) Field {
	f := &rec.Entity.Fields[i]
	return Field{Name: f.Path() + "." + rec.Entity.Target(f).LabelField, Value: crm.Str(rec.Labels[i]), Long: !f.InLists}
}

// pick adds one field that fields= names.
func (l *Item) pick(rec crm.Record, name string) {
	e := rec.Entity
	at := len(l.Fields)
	switch i := e.Index(name); {
	case i >= 0 && (e.Fields[i].Type == crm.ID || e.Fields[i].Type == crm.Handle):
		return
	case i >= 0 && e.Fields[i].Type == crm.Ref:
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

func (l *Item) pickPart(rec crm.Record, head, key string) {
	for i := range rec.Entity.Fields {
		f := &rec.Entity.Fields[i]
		switch {
		case f.Type == crm.Ref && f.Path() == head:
			l.Fields = append(l.Fields, label(rec, i))
		case f.Type == crm.Object && f.Name == head:
			l.pickMember(rec, i, key)
		}
	}
}

// pickMember shows one key of an object, beside the keys already picked.
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

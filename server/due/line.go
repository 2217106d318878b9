package due

import (
	"slices"

	"crmkit/crm"
	"crmkit/crm/norm"
	"crmkit/render"
)

// Line returns the line of a record that is due, with some of its fields; nil: with those of lists. A task names its contact, company, deal or
// ticket, so that an agent need not fetch it to know what the task is about.
func Line(rec crm.Record, fields []string, now int64) render.Item {
	line := render.Record(rec, fields)
	line.OneLine = rec.Entity.Reminder.Note
	late := rec.Value(rec.Entity.Reminder.Field).Int < now
	line.Fields = append(about(rec), render.Field{Name: "overdue", Value: crm.Bool(late)})
	return line
}

// about returns the fields that say what a reminder is about: the first parent of the
// record, if its entity has parents, else the record itself. Text has the handle and the name
// as two labels, JSON has one object; for a task without a parent JSON has null.
func about(rec crm.Record) []render.Field {
	handle, name := rec.Handle(), rec.Value(rec.Entity.LabelField).Text
	if len(rec.Entity.Parents.Fields) > 0 {
		at := slices.IndexFunc(rec.Entity.Parents.Fields, func(name string) bool { return rec.Value(name).Set() })
		if at < 0 {
			return []render.Field{{Name: "about", JSON: true}}
		}
		i := rec.Entity.Index(rec.Entity.Parents.Fields[at])
		to := rec.Entity.Target(&rec.Entity.Fields[i])
		handle, name = to.Name+"/"+crm.RecordID(to.Prefix, rec.Values[i].Int), rec.Labels[i]
	}
	return []render.Field{
		{Name: "about", Value: crm.Str(handle), Text: true},
		{Name: "about.name", Value: crm.Str(name), Text: true},
		{Name: "about", JSON: true, Value: crm.Members([]crm.Member{{Name: "handle", JSON: norm.QuoteJSON(handle)}, {Name: "name", JSON: norm.QuoteJSON(name)}})},
	}
}

// at returns when the next record is due.
func (p *reminderSource) at() int64 {
	return p.page.Records[p.taken].Value(p.entity.Reminder.Field).Int
}

package aggregate

import (
	"fmt"
	"slices"

	"crmkit/crm"
	"crmkit/query/aggregate"
	"crmkit/render"
	"crmkit/server/past"
)

// label reads the names of the records that are groups.
func (r *read) label() (err error) {
	if r.Labels == nil {
		return nil
	}
	r.names, err = r.Labels(r.Table.Lines())
	return err
}

// document is an answer that is being made.
type document struct {
	in   past.List
	read       // of the time that is asked for
	was  *read // of the time that it is compared with; nil: with none
}

// answer returns the answer.
func (d *document) answer() (*render.Response, error) {
	if d.question.TotalOnly {
		return d.total(), nil
	}
	answer, fault := d.lines()
	if fault != nil {
		return nil, fault
	}
	doc := &render.Response{Remarks: d.remarksOf(answer)}
	e := d.question.Query.Entity
	doc.Page = &render.Page{Noun: e.Name, Plural: e.Plural, Total: d.Total, Exact: true, Counted: true, Grouped: true}
	for i := range answer.Lines {
		item, fault := d.item(&answer.Lines[i])
		if fault != nil {
			return nil, fault
		}
		doc.Items = append(doc.Items, item)
	}
	return doc, nil
}

// total returns the answer to count=only.
func (d *document) total() *render.Response {
	line := render.Item{Head: d.question.Query.Entity.Plural, Fields: []render.Field{column("total", crm.Number(d.Total))}}
	if d.was != nil {
		line.Fields = append(line.Fields, column("total_then", crm.Number(d.was.Total)), column("total_diff", crm.Number(d.Total-d.was.Total)))
	}
	return &render.Response{Line: &line, Remarks: d.remarksOf(aggregate.Answer{})}
}

// lines returns the lines of one time or of both.
func (d *document) lines() (aggregate.Answer, *crm.Error) {
	if d.was == nil {
		return d.Table.Answer(), nil
	}
	return aggregate.Unite(d.Table, d.was.Table)
}

// remarksOf returns the remarks of an answer.
func (d *document) remarksOf(answer aggregate.Answer) []string {
	list := append(append([]string{}, d.question.Query.Remarks...), d.remarks...)
	if d.was != nil {
		for _, remark := range d.was.remarks {
			list = append(list, "then is "+remark)
		}
	}
	for i := range d.question.Groups {
		if g := &d.question.Groups[i]; g.IsMany() {
			list = append(list, crm.Article(d.question.Query.Entity.Name)+" with several "+g.Path+" counts in the line of each")
		}
	}
	if answer.Groups > aggregate.MaxLines {
		list = append(list, manyLines(answer))
	}
	if answer.Unfilled {
		list = append(list, "times without records are left out: with them there would be more than the maximum of lines; add filters, or group by longer times")
	}
	for i := range d.question.Measures {
		if n := skipped(answer, i); n > 0 {
			remark := fmt.Sprintf("values of %s that are no numbers are left out: %d", d.question.Measures[i].Path, n)
			if !slices.Contains(list, remark) {
				list = append(list, remark)
			}
		}
	}
	if d.Total == 0 && d.question.Query.Terms != nil {
		list = append(list, "nothing has the words of search= as they are written; the list without groups also looks for similar ones")
	}
	return list
}

// skipped returns how many values of a measure were left out.
func skipped(answer aggregate.Answer, measure int) (n int64) {
	for _, l := range answer.Lines {
		n += l.Values[measure].Skipped
	}
	return n
}

// column returns a field of a line of numbers.
func column(name string, v crm.Value) render.Field {
	return render.Field{Name: name, Value: v, Column: true}
}

// item returns a line of the answer.
func (d *document) item(l *aggregate.Line) (item render.Item, fault *crm.Error) {
	if l.Others {
		item.Head = "(others)"
		item.Fields = append(item.Fields, render.Field{Name: "others", Value: crm.Bool(true), JSON: true})
	}
	for i, key := range l.Keys {
		if g := &d.question.Groups[i]; !l.Others || g.Money {
			item.Fields = append(item.Fields, d.key(i, key)...)
		}
	}
	item.Fields = append(item.Fields, column("count", crm.Number(l.Count)))
	if l.Then != nil {
		item.Fields = append(item.Fields, column("count"+string(aggregate.Then), crm.Number(l.Then.Count)), column("count"+string(aggregate.Diff), crm.Number(l.Count-l.Then.Count)))
	}
	for i := range d.question.Measures {
		fields, fault := d.measure(l, i)
		if fault != nil {
			return item, fault
		}
		item.Fields = append(item.Fields, fields...)
	}
	if path := d.link(l); path != "" {
		item.Fields = append(item.Fields, column("rows", crm.Str(path)))
	}
	return item, nil
}

// key returns the fields of the value of a group: of a record its id and its name.
func (d *document) key(at int, v crm.Value) []render.Field {
	g := &d.question.Groups[at]
	f := column(g.Name, v)
	if g.Unit != "" && v.Set() {
		f.Value = crm.Str(d.unitLabel(g, v))
	}
	to := g.Leads()
	if to == nil || !v.Set() {
		return []render.Field{f}
	}
	f.ID = crm.RecordID(to.Prefix, v.Int)
	label := g.Name + "." + to.LabelField
	name := d.nameOf(at, v.Int)
	if name == "" || slices.Contains(d.question.Columns(), label) {
		return []render.Field{f}
	}
	return []render.Field{f, column(label, crm.Str(name))}
}

// nameOf returns the name of a record that is a group, of the time that is asked for, or else of the other one.
func (d *document) nameOf(at int, key int64) string {
	for _, r := range []*read{&d.read, d.was} {
		if r != nil && r.names != nil && r.names[at][key] != "" {
			return r.names[at][key]
		}
	}
	return ""
}

// measure returns the fields of a measure.
func (d *document) measure(l *aggregate.Line, at int) ([]render.Field, *crm.Error) {
	m := &d.question.Measures[at]
	is, fault := m.Show(l.Values[at])
	if l.Then == nil || fault != nil {
		return []render.Field{d.number(m.Name, is)}, fault
	}
	then, fault := m.Show(l.Then.Values[at])
	if fault != nil {
		return nil, fault
	}
	diff, fault := m.ShowDiff(l.Values[at], l.Then.Values[at])
	return []render.Field{d.number(m.Name, is), d.number(m.Name+string(aggregate.Then), then), d.number(m.Name+string(aggregate.Diff), diff)}, fault
}

// number returns the field of a number, which text leaves out if there is none.
func (d *document) number(name string, v crm.Value) render.Field {
	f := column(name, v)
	f.JSON, f.Number = !v.Set(), true
	return f
}

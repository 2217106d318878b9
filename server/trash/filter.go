package trash

import (
	"maps"
	"slices"
	"strings"

	"crmkit/crm"
	"crmkit/crm/norm"
	"crmkit/query"
	"crmkit/query/param"
	"crmkit/server/web"
	"crmkit/store/changelog"
)

// Names of what a deleted record has beside its fields.
const (
	deletedAt   = "deleted_at"
	deletedBy   = "deleted_by"
	deletedWith = "deleted_with"
)

const (
	maxScan  = 5000    // entries that one answer looks at
	maxBytes = 4 << 20 // of values in one answer
)

// question is what a list of deleted records asks for.
type question struct {
	rq     *web.Request
	entity *crm.Entity
	ask    changelog.Deleted
	fields []string // to show; nil: all that lists show
	millis bool
	cut    string // the limit of the request if it was larger than allowed
	tests  []test // all must hold
}

// test is a condition on a deleted record.
type test func(d changelog.Deletion, rec crm.Record) bool

// parse reads the parameters of a list.
func parse(rq *web.Request) (*question, *crm.Error) {
	e := rq.Route.Entity
	q := &question{rq: rq, entity: e, ask: changelog.Deleted{Entity: e, Limit: query.DefaultLimit, Scan: maxScan, Bytes: maxBytes}}
	for _, name := range slices.Sorted(maps.Keys(rq.Params)) {
		values := rq.Params[name]
		if len(values) > 1 && (name == Param || slices.Contains(crm.ListParams, name)) {
			return nil, crm.Errorf(crm.InvalidFilter, "%s is given %d times; send it once.", norm.Quote(name), len(values)).On(name)
		}
		for _, value := range values {
			if fault := q.param(name, value); fault != nil {
				return nil, fault
			}
		}
	}
	if len(q.tests) > 0 {
		q.ask.Keeps = q.keeps
	}
	return q, nil
}

// keeps reports whether all tests hold for a record.
func (q *question) keeps(d changelog.Deletion) bool {
	_, id, _ := strings.Cut(d.Handle, "/")
	key, _ := crm.ParseID(q.entity, q.rq.Actor.Workspace, id)
	rec := d.Record(q.entity, key)
	return !slices.ContainsFunc(q.tests, func(t test) bool { return !t(d, rec) })
}

// param reads one parameter.
func (q *question) param(name, value string) (fault *crm.Error) {
	switch name {
	case "deleted", "format":
	case "limit":
		q.ask.Limit, q.cut, fault = param.Limit(value, q.entity.MaxLimit)
	case "fields":
		q.fields, fault = q.rq.Env.ParseFields(q.entity, value)
	case "times":
		q.millis, fault = param.Times(value)
	case "sort":
		switch value {
		case deletedAt:
			q.ask.Oldest = true
		case "-" + deletedAt:
		default:
			fault = crm.Errorf(crm.InvalidSort, "deleted %s are sorted by deleted_at or -deleted_at (the default), not by %s.", q.entity.Plural, norm.Quote(value)).On("sort").Of(value, []string{deletedAt, "-" + deletedAt})
		}
	case "cursor":
		number, wrong := changelog.ParseCursor(q.rq.Actor.Workspace, value)
		if q.ask.After = number; wrong != crm.IDOK || number == 0 {
			fault = crm.Errorf(crm.InvalidCursor, "%s is not a cursor of deleted %s; send the cursor from the previous page, or leave it out.", norm.Quote(value), q.entity.Plural).On("cursor")
		}
	case "search":
		q.search(value)
	default:
		fault = q.filter(name, value)
	}
	return fault
}

// search adds the test that a record has all words in one or another of the fields that searches look into.
func (q *question) search(value string) {
	words := strings.Fields(norm.Fold(value))
	var fields []*crm.Field
	for _, name := range q.entity.Search {
		if f := q.entity.Field(name); f != nil {
			fields = append(fields, f)
		}
	}
	q.tests = append(q.tests, func(_ changelog.Deletion, rec crm.Record) bool {
		var texts []string
		for _, f := range fields {
			for _, text := range textsOf(rec, f) {
				texts = append(texts, norm.Fold(text), digits(text))
			}
		}
		return !slices.ContainsFunc(words, func(word string) bool {
			return !slices.ContainsFunc(texts, func(text string) bool { return strings.Contains(text, word) })
		})
	})
}

// digits returns the digits of a text, by which phone numbers are found.
func digits(text string) string {
	return strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, text)
}

// textsOf returns the texts of a field: one, or the items of a list.
func textsOf(rec crm.Record, f *crm.Field) []string {
	v := rec.Value(f.Name)
	if v.Kind == crm.ListKind {
		return v.List()
	}
	if v.Text == "" {
		return nil
	}
	return []string{v.Text}
}

// filter adds the test of a filter.
func (q *question) filter(name, value string) *crm.Error {
	op, operand := splitOp(value)
	switch name {
	case deletedAt:
		return q.filterTime(op, operand)
	case deletedBy:
		return q.filterText(condition{name, op, operand}, func(d changelog.Deletion, _ crm.Record) []string { return []string{d.By} }, q.address)
	case deletedWith:
		return q.filterText(condition{name, op, operand}, func(d changelog.Deletion, _ crm.Record) []string { return []string{crm.CutHandle(d.Cause)} },
			func(text string) (string, *crm.Error) { return crm.CutHandle(strings.TrimSpace(text)), nil })
	}
	f := q.field(name)
	if f == nil {
		allowed := q.filters()
		return crm.Errorf(crm.InvalidFilter, "deleted %s are not filtered by %s; use %s.", q.entity.Plural, norm.Quote(name), strings.Join(allowed, " ")).On(name).Of(name, allowed)
	}
	if f.IsReference() {
		return q.filterText(condition{name, op, operand}, func(_ changelog.Deletion, rec crm.Record) []string {
			v := rec.Value(f.Name)
			if !v.Set() {
				return nil
			}
			return []string{crm.RecordID(q.entity.Target(f).Prefix, v.Int)}
		}, func(text string) (string, *crm.Error) { return q.reference(name, f, text) })
	}
	return q.filterText(condition{name, op, operand}, func(_ changelog.Deletion, rec crm.Record) []string {
		texts := textsOf(rec, f)
		if f.Others != "" {
			texts = append(texts, textsOf(rec, q.entity.Field(f.Others))...)
		}
		return texts
	}, func(text string) (string, *crm.Error) {
		v, fault := q.rq.Env.Normal(f, text)
		if fault != nil {
			return "", fault.On(name)
		}
		return v.Text, nil
	})
}

// filters are the names of what deleted records can be filtered by.
func (q *question) filters() []string {
	names := []string{deletedAt, deletedBy, deletedWith, "search"}
	for i := range q.entity.Fields {
		if f := &q.entity.Fields[i]; q.field(f.Name) != nil {
			names = append(names, f.Name)
		}
	}
	return names
}

// field returns the field that a filter may have: the name of a record, its key, or a reference, by the name
// of the field or its path; nil: there is none. What follows from other records is not known of a deleted one.
func (q *question) field(name string) *crm.Field {
	for i := range q.entity.Fields {
		f := &q.entity.Fields[i]
		switch {
		case f.Derived():
		case f.IsReference() && (f.Name == name || f.Path() == name),
			f.Name == name && (name == q.entity.LabelField || name == q.entity.Keys.Unique):
			return f
		}
	}
	return nil
}

// address reads an e-mail address, or me.
func (q *question) address(text string) (string, *crm.Error) {
	v, fault := q.rq.Env.Normal(q.entity.Field(crm.FieldCreatedBy), text)
	if fault != nil {
		return "", crm.Errorf(crm.InvalidValue, "deleted_by=%s: write an e-mail address, or me.", norm.Quote(text)).On(deletedBy)
	}
	return v.Text, nil
}

// reference reads the id of a record that a field refers to.
func (q *question) reference(name string, f *crm.Field, text string) (string, *crm.Error) {
	to := q.entity.Target(f)
	key, hint := q.rq.Env.Schema.Locate(to, q.rq.Actor.Workspace, strings.TrimSpace(text))
	if hint != "" {
		return "", crm.Errorf(crm.InvalidValue, "%s: %s.", norm.Quote(name), hint).On(name)
	}
	return crm.RecordID(to.Prefix, key), nil
}

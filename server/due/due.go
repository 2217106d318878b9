// Package due has the endpoint of reminders: the records that are due, of every kind, soonest first.
package due

import (
	"cmp"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"crmkit/crm"
	"crmkit/crm/norm"
	"crmkit/query"
	"crmkit/query/param"
	"crmkit/render"
	"crmkit/server/listing"
	"crmkit/server/web"
	"crmkit/store"
	"crmkit/store/list"
)

const (
	maxReminders = 500  // of a page
	maxDays      = 3650 // to look ahead
)

// Endpoints answer requests for what is due. They are safe for concurrent use.
type Endpoints struct {
	store *store.Store
}

// New returns the endpoints of a store.
func New(s *store.Store) *Endpoints { return &Endpoints{store: s} }

// Routes returns the rows of the endpoints.
func (x *Endpoints) Routes() []web.Route {
	return []web.Route{{Method: "GET", Path: "/reminders", Access: web.Read, Group: "work",
		Doc:    "follow-ups and tasks due by now, soonest first; days=N looks ahead, assignee=me only yours, overdue=yes only late ones, status=open no closed deals",
		Params: append([]string{"days", "assignee", "overdue", "status", "limit", "cursor", "total"}, aboutParams...), Handle: x.reminders}}
}

// reminderSource is the part that one entity has in the reminders: a list that is sorted by the time they are due.
type reminderSource struct {
	entity   *crm.Entity
	about    url.Values // the records that they are about; empty: any
	question *query.Query
	page     list.Page
	cursor   string // of the request; "": from the start
	taken    int    // records of the page that are in the answer
}

// reminders answers GET /reminders with a page: the records that are due, of every entity with
// a reminder field, merged by that time. The cursor holds one cursor for each entity.
//
// Errors: invalid_value for a parameter, invalid_cursor.
func (x *Endpoints) reminders(rq *web.Request) (*render.Response, error) {
	days, limit, cut, fault := reminderParams(rq.Params)
	if fault != nil {
		return nil, fault
	}
	parts, err := parts(x.store.Schema, rq, days, limit)
	if err != nil {
		return nil, err
	}
	if err = x.store.View(rq.Context(), rq.Actor, func(v *store.View) error { return read(v, parts) }); err != nil {
		return nil, err
	}
	doc := &render.Response{Page: &render.Page{Noun: "reminder", Plural: "reminders", Exact: true, Counted: rq.Params.Get("total") != "none"}}
	var sources []*reminderSource // of each line
	for len(doc.Items) < limit {
		part := mergeByDue(parts)
		if part == nil {
			break
		}
		rec := part.page.Records[part.taken]
		part.taken++
		sources = append(sources, part)
		doc.Items = append(doc.Items, Line(rec, nil, rq.Env.Now.UnixMilli()))
	}
	if cut != "" {
		doc.Remarks = append(doc.Remarks, listing.CutRemark(cut, limit))
	}
	more := mergeByDue(parts) != nil
	for _, p := range parts {
		doc.Page.Total += p.page.Total
		doc.Page.Exact = doc.Page.Exact && p.page.TotalExact
		more = more || p.page.More
	}
	// A sum with a part that is only a lower bound is a lower bound, and shown as 10000+.
	if !doc.Page.Exact {
		doc.Page.Total = query.TotalCap
	}
	if more && len(doc.Items) < limit {
		doc.Remarks = append(doc.Remarks, listing.FullRemark)
	}
	doc.Page.After = func(i int) string { return cursorAfter(parts, sources[:i+1]) }
	if more {
		doc.Page.Next = cursorAfter(parts, sources)
	}
	return doc, nil
}

// cursorAfter returns the cursor after lines that came from sources: one cursor for each of the parts.
func cursorAfter(parts, sources []*reminderSource) string {
	cursors := make([]string, len(parts))
	for i, p := range parts {
		cursors[i] = p.cursor
		taken := 0
		for _, source := range sources {
			if source == p {
				taken++
			}
		}
		if taken > 0 {
			cursors[i] = p.question.Cursor(p.page.Records[taken-1])
		}
	}
	return strings.Join(cursors, ".")
}

// reminderParams reads the parameters. cut is the limit as it was sent, if it is more than
// maxReminders. assignee, total and the cursor are read when the queries are compiled.
func reminderParams(params url.Values) (days, limit int, cut string, fault *crm.Error) {
	limit = query.DefaultLimit
	if params.Get("limit") != "" {
		if limit, cut, fault = param.Limit(params.Get("limit"), maxReminders); fault != nil {
			return 0, 0, "", fault
		}
	}
	if late := params.Get("overdue"); late != "" && late != "yes" {
		return 0, 0, "", crm.Errorf(crm.InvalidValue, "overdue=%s is not known; write overdue=yes, or leave it out.", norm.Quote(late)).On("overdue")
	}
	if status := params.Get("status"); status != "" && status != "open" {
		return 0, 0, "", crm.Errorf(crm.InvalidValue, "status=%s is not known; write status=open to leave out deals that are won or lost, or leave it out.", norm.Quote(status)).On("status")
	}
	if params.Get("days") != "" {
		n, err := strconv.Atoi(params.Get("days"))
		if err != nil || n < 0 || n > maxDays {
			return 0, 0, "", crm.Errorf(crm.InvalidValue, "days=%s is not a number of days; write a whole number from 0 to %d.", norm.Quote(params.Get("days")), maxDays).On("days")
		}
		days = n
	}
	return days, limit, cut, nil
}

// parts returns the list of each entity with reminders, which begins after the cursor.
func parts(schema *crm.Schema, rq *web.Request, days, limit int) ([]*reminderSource, error) {
	var parts []*reminderSource
	for _, e := range schema.Entities {
		if filters, can := aboutFilters(e, rq.Params); e.Reminder.Field != "" && can {
			parts = append(parts, &reminderSource{entity: e, about: filters})
		}
	}
	if cursor := rq.Params.Get("cursor"); cursor != "" {
		// Each of them is signed, so a changed one is refused when its query is compiled.
		cursors := strings.SplitN(cursor, ".", len(parts)+1)
		if len(cursors) != len(parts) {
			return nil, crm.Errorf(crm.InvalidCursor, "the cursor is not valid; start again without cursor=.").On("cursor")
		}
		for i := range parts {
			parts[i].cursor = cursors[i]
		}
	}
	for _, p := range parts {
		if err := p.parse(rq, days, limit); err != nil {
			return nil, err
		}
	}
	return parts, nil
}

// read reads the first records of each list from one view, so that a record which moves in the order meanwhile
// is shown once.
func read(v *store.View, parts []*reminderSource) (err error) {
	for _, p := range parts {
		if p.page, err = v.List(p.question); err != nil {
			return err
		}
	}
	return nil
}

// First are the first records that are due.
type First struct {
	Records []crm.Record // soonest first
	More    int64        // others
	Exact   bool         // there are not more others than that
}

// Soonest returns the first records that are due within some days. The request may name whose they are, as for
// GET /reminders.
//
// Errors: invalid_value for assignee.
func Soonest(v *store.View, rq *web.Request, days, limit int) (first First, err error) {
	parts, err := parts(rq.Env.Schema, rq, days, limit)
	if err != nil {
		return first, err
	}
	if err = read(v, parts); err != nil {
		return first, err
	}
	first.Exact = true
	for _, p := range parts {
		first.More += p.page.Total
		first.Exact = first.Exact && p.page.TotalExact
	}
	for len(first.Records) < limit {
		part := mergeByDue(parts)
		if part == nil {
			break
		}
		first.Records = append(first.Records, part.page.Records[part.taken])
		part.taken++
	}
	first.More -= int64(len(first.Records))
	return first, nil
}

// aboutParams are the parameters that name the record which reminders are about.
var aboutParams = []string{"contact", "company", "deal"}

// aboutFilters returns the filters by which reminders of a kind are about the records that a request names: the record
// itself, or those that refer to it. can is false for a kind that cannot be about them all.
func aboutFilters(e *crm.Entity, params url.Values) (filters url.Values, can bool) {
	filters = url.Values{}
	for _, name := range aboutParams {
		switch {
		case !params.Has(name):
		case e.Name == name:
			filters["id"] = params[name]
		case e.Field(name+"_id") != nil:
			filters[name] = params[name]
		default:
			return nil, false
		}
	}
	return filters, true
}

// parse compiles the query for the records of the entity that are due. The catalog says by which
// field, and which records are finished.
func (p *reminderSource) parse(rq *web.Request, days, limit int) error {
	params, err := url.ParseQuery(p.entity.Reminder.If)
	if err != nil {
		return err
	}
	params.Add(p.entity.Reminder.Field, "lte:+"+strconv.Itoa(days)+"d")
	for name, values := range p.about {
		params[name] = append(params[name], values...)
	}
	if status := rq.Params.Get("status"); status != "" && p.entity.Field("status") != nil {
		params.Add("status", status)
	}
	if rq.Params.Get("overdue") == "yes" {
		params.Add(p.entity.Reminder.Field, "lt:now")
	}
	if assignee := rq.Params.Get("assignee"); assignee != "" {
		params.Add(p.entity.Reminder.Assignee, assignee)
	}
	params.Set("sort", p.entity.Reminder.Field)
	if p.cursor != "" {
		params.Set("cursor", p.cursor)
	}
	if rq.Params.Has("total") {
		params.Set("total", rq.Params.Get("total"))
	}
	q, fault := query.Parse(p.entity, params, rq.Env)
	if fault != nil {
		if fault.Field == "id" { // of the record that a parameter with the name of its kind means
			fault.Hint, fault.Field = p.entity.Name+strings.TrimPrefix(fault.Hint, "id"), p.entity.Name
		}
		return fault
	}
	p.question, q.Limit = q, limit
	return nil
}

// mergeByDue returns the part whose next record is due first. It returns nil if all parts are
// used up. It also returns nil if one part is used up that has a further page, since the first
// record of that page may be due before all others; the answer then is shorter than its limit.
func mergeByDue(parts []*reminderSource) *reminderSource {
	var left []*reminderSource
	for _, p := range parts {
		if p.taken < len(p.page.Records) {
			left = append(left, p)
		} else if p.page.More {
			return nil
		}
	}
	if len(left) == 0 {
		return nil
	}
	return slices.MinFunc(left, func(a, b *reminderSource) int {
		return cmp.Compare(a.at(), b.at())
	})
}

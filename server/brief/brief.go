// Package brief has the endpoints that gather what is known before a conversation: all about one record, and what a
// day begins with. A brief is read from records in one moment, and nothing in it is computed by a model.
package brief

import (
	"fmt"
	"strings"

	"crmkit/crm"
	"crmkit/crm/alike"
	"crmkit/query"
	"crmkit/render"
	"crmkit/server/web"
	"crmkit/store"
	"crmkit/store/changelog"
	"crmkit/store/list"
)

// defaultBudget is in tokens: some 700 words.
const defaultBudget = 1000

// Endpoints answer requests for briefs. They are safe for concurrent use.
type Endpoints struct {
	store *store.Store
}

// New returns the endpoints of a store.
func New(s *store.Store) *Endpoints { return &Endpoints{store: s} }

// Routes returns the rows of the endpoints.
func (x *Endpoints) Routes() (rows []web.Route) {
	for i := range x.store.Schema.Entities {
		e := x.store.Schema.Entities[i]
		if sections[e.Name] != nil {
			rows = append(rows, web.Route{Method: "GET", Path: "/" + e.Route() + "/:id/brief", Access: web.Read, Group: e.Plural, Entity: e, Budget: defaultBudget,
				Doc: "what is known before a talk (/help/brief)", Handle: x.record})
		}
	}
	return append(rows, web.Route{Method: "GET", Path: "/brief", Access: web.Read, Group: "work", Params: dayParams, Budget: defaultBudget,
		Doc: "what a day begins with: what is due, stuck, and changed, and the pipeline (/help/brief)", Handle: x.day})
}

// gatherer collects the parts of one brief.
type gatherer struct {
	rq   *web.Request
	view *store.View
	rec  crm.Record
	doc  *render.Response
	left []string            // what is not shown, with the calls that show it
	ids  map[string][]string // of the records near it, by kind
}

// record answers GET on the brief of a record: the record; what it belongs to; what is due; the last talks, the
// newest whole; open deals, people and tickets; what others changed lately; records that may be the same. Rows are in the
// order of importance, and a remark says what was left out.
//
// Errors: not_found, invalid_value for the budget.
func (x *Endpoints) record(rq *web.Request) (*render.Response, error) {
	e := rq.Route.Entity
	key, err := rq.Key(e, rq.RecordID)
	if err != nil {
		return nil, err
	}
	var doc *render.Response
	err = x.store.View(rq.Context(), rq.Actor, func(v *store.View) (err error) {
		g := gatherer{rq: rq, view: v}
		if g.rec, err = v.Record(e, key); err != nil {
			return err
		}
		doc = &render.Response{Items: []render.Item{render.Record(g.rec, pick(g.rec.Entity, recordFields))}}
		g.doc = doc
		return g.gather()
	})
	return doc, err
}

// gather adds all parts.
func (g *gatherer) gather() error {
	if err := g.addRelated(); err != nil {
		return err
	}
	for _, s := range sections[g.rec.Entity.Name] {
		if err := g.addSection(s); err != nil {
			return err
		}
	}
	if err := g.addChanges(); err != nil {
		return err
	}
	if err := g.addDuplicates(); err != nil {
		return err
	}
	if len(g.left) > 0 {
		g.doc.Remarks = append(g.doc.Remarks, "left out: "+strings.Join(g.left, ", "))
	}
	return nil
}

// addRelated adds the records to which the record refers.
func (g *gatherer) addRelated() error {
	e := g.rec.Entity
	for i := range e.Fields {
		f := &e.Fields[i]
		if fields := related[f.Name]; fields != "" && f.IsReference() && g.rec.Values[i].Set() {
			rec, err := g.view.Record(e.Target(f), g.rec.Values[i].Int)
			if err != nil {
				return err
			}
			g.add(rec, fields, "")
		}
	}
	return nil
}

// add adds the row of a record.
func (g *gatherer) add(rec crm.Record, fields, whole string) {
	rec.At = g.rq.Moment()
	g.doc.Items = append(g.doc.Items, render.Record(rec, pick(rec.Entity, fields)).Short(whole))
}

// pick returns the names of fields that the entity has.
func pick(e *crm.Entity, fields string) (names []string) {
	for _, name := range strings.Split(fields, ",") {
		head, _, dotted := strings.Cut(name, ".")
		if e.Field(name) != nil || dotted && e.Field(head+"_id") != nil {
			names = append(names, name)
		}
	}
	return names
}

// addSection adds the rows of a list, and notes how many it has beyond them.
func (g *gatherer) addSection(s section) error {
	e := g.rq.Env.Schema.ByName(s.kind)
	if e == nil {
		return nil
	}
	params, some, err := g.params(s)
	if err != nil || !some {
		return err
	}
	q, fault := query.Parse(e, params, g.rq.Env)
	if fault != nil {
		return fault
	}
	q.Limit = s.rows
	page, err := g.view.List(q)
	if err != nil {
		return err
	}
	for i, rec := range page.Records {
		whole := ""
		if i == 0 {
			whole = s.whole
		}
		g.add(rec, s.fields, whole)
	}
	if more := beyond(page); more != "" {
		g.left = append(g.left, fmt.Sprintf("%s %s: GET /%s?%s", more, e.Plural, e.Route(), g.call(s)))
	}
	return nil
}

// beyond says how many records a list has beyond a page; "" for none.
func beyond(page list.Page) string {
	more := page.Total - int64(len(page.Records))
	switch {
	case more <= 0:
		return ""
	case !page.TotalExact:
		return fmt.Sprintf("more than %d", more)
	}
	return fmt.Sprint(more)
}

// readable joins the parameters of a list as people write them.
func readable(first, rest string) string {
	if rest == "" {
		return first
	}
	return first + "&" + rest
}

// maxChanges is how many changes of others a brief names.
const maxChanges = 5

// addChanges adds the last changes of others to the record since the bookmark of the token or, without one, in the last
// seven days, and says how many there are.
func (g *gatherer) addChanges() error {
	return g.addNews(news{
		days: 7, all: "GET /audit?target=" + g.rec.Handle(),
		ask: changelog.Question{Target: g.rec.Handle(), Takes: func(rec crm.Record) bool {
			return rec.Value("by").Text != g.rq.Actor.Email && rec.Value("action").Text == "update"
		}},
		line:  changed,
		count: func(entries []changelog.Entry) string { return fmt.Sprintf("%d changes by others", len(entries)) },
	})
}

// sinceBookmark has a question begin after the bookmark of the token or, without one, some days ago, and says which.
func (g *gatherer) sinceBookmark(ask *changelog.Question, days int) (since string, err error) {
	number, found, err := g.view.Bookmark("default")
	if ask.After = number; err != nil || found {
		return "since your bookmark", err
	}
	ask.After, ask.Since = changelog.FromStart, g.rq.Env.Now.AddDate(0, 0, -days)
	if days == 1 {
		return "in the last 24 hours", nil
	}
	return fmt.Sprintf("in the last %d days", days), nil
}

// news says which changes of others are a part of a brief.
type news struct {
	ask   changelog.Question
	days  int    // that are looked at without a bookmark
	all   string // the call that shows all
	line  func(crm.Record) render.Item
	count func([]changelog.Entry) string
}

// scanned is how many entries of the log are looked at.
const scanned = 2000

// addNews adds the last changes, and says how many there are.
func (g *gatherer) addNews(n news) error {
	n.ask.Scan = scanned
	since, err := g.sinceBookmark(&n.ask, n.days)
	if err != nil {
		return err
	}
	part, err := g.view.Changes(n.ask)
	switch {
	case err != nil:
		return err
	case part.Expired:
		g.left = append(g.left, "changes since your bookmark, of which the first are deleted: "+n.all)
		return nil
	case part.More:
		g.left = append(g.left, fmt.Sprintf("changes %s, of which %d and more are to be looked through: %s", since, scanned, n.all))
		return nil
	case len(part.Entries) == 0:
		g.doc.Remarks = append(g.doc.Remarks, "no changes by others "+since)
		return nil
	}
	for _, entry := range part.Entries[max(0, len(part.Entries)-maxChanges):] {
		g.doc.Items = append(g.doc.Items, n.line(entry.Record))
	}
	g.doc.Remarks = append(g.doc.Remarks, n.count(part.Entries)+" "+since)
	return nil
}

// changed returns the line of a change.
func changed(rec crm.Record) render.Item {
	item := render.Item{Head: "changed", HeadKey: "kind", Fields: []render.Field{{Name: "at", Value: rec.Value("at")}, {Name: "by", Value: rec.Value("by")}}}
	for _, name := range []string{"from", "to"} {
		item.Fields = append(item.Fields, render.Field{Name: name, Value: rec.Value(name), Named: true, Of: rec.Entity})
	}
	return item
}

// addDuplicates names records that may be of the same person or company.
func (g *gatherer) addDuplicates() error {
	if !alike.Knows(g.rec.Entity) {
		return nil
	}
	source, err := g.view.Duplicates(g.rec.Entity)
	if err != nil {
		return err
	}
	likes, err := alike.Near(source, alike.Of(g.rec, g.rq.Actor.Country))
	if err != nil {
		return err
	}
	for i, pair := range likes.Pairs {
		if i == 3 {
			g.left = append(g.left, fmt.Sprintf("%d that may be the same: GET /duplicates?kind=%s", len(likes.Pairs)-i, g.rec.Entity.Plural))
			break
		}
		handle := pair.B.Record.Handle()
		g.doc.Items = append(g.doc.Items, render.Item{Head: handle, Fields: append(web.Names(handle),
			render.Field{Name: "name", Value: pair.B.Record.Value("name")},
			render.Field{Name: "possible_duplicate", Value: crm.Str(strings.Join(pair.Why, ", "))})})
	}
	return nil
}

package brief

import (
	"cmp"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"

	"crmkit/crm"
	"crmkit/crm/norm"
	"crmkit/query"
	"crmkit/query/aggregate"
	"crmkit/render"
	"crmkit/server/due"
	"crmkit/server/web"
	"crmkit/store"
	"crmkit/store/changelog"
)

// dayParams are the parameters of the brief of a day.
var dayParams = []string{"assignee"}

// The sizes of the parts of a brief of a day.
const (
	dueDays   = 1 // ahead
	dueRows   = 10
	stuckRows = 5

	dueFields = "name,title,subject,due_at,follow_up_at,follow_up_note,assignee,owner,priority"
)

// stuck are the lists of deals that wait for somebody: too long in a stage, and past the day on which they were to
// close. A deal that is in both is shown once.
var stuck = []string{"status=open&stale=yes&sort=stage_since", "status=open&close_at=lt:today&where=not+stale=yes&sort=close_at"}

// day answers GET /brief: the open deals by stage, a line for each currency; what is due within a day; deals that are
// stuck; the last changes of others. All of it is of one moment, the most important first.
//
// Errors: invalid_value for the budget or assignee.
func (x *Endpoints) day(rq *web.Request) (*render.Response, error) {
	doc := &render.Response{Items: []render.Item{}}
	err := x.store.View(rq.Context(), rq.Actor, func(v *store.View) error {
		g := gatherer{rq: rq, view: v, doc: doc}
		for _, part := range []func() error{g.addPipeline, g.addDue, g.addStuck, g.addOthers} {
			if err := part(); err != nil {
				return err
			}
		}
		if len(doc.Items) == 0 {
			doc.Remarks = append(doc.Remarks, "nothing is due or stuck, and there are no open deals")
		}
		if len(g.left) > 0 {
			doc.Remarks = append(doc.Remarks, "left out: "+strings.Join(g.left, ", "))
		}
		return nil
	})
	return doc, err
}

// addPipeline adds the open deals by stage, a line for each currency.
func (g *gatherer) addPipeline() error {
	e, params := g.rq.Env.Schema.ByName("deal"), url.Values{"status": {"open"}, "group": {"stage"}, "sum": {"amount_cents"}}
	question, fault := aggregate.Parse(aggregate.Request{Entity: e, Params: params, Env: g.rq.Env})
	if fault != nil {
		return fault
	}
	lines, err := g.view.Numbers(question)
	if err != nil {
		return err
	}
	by := map[string]*pipeline{}
	for _, l := range lines.Table.Answer().Lines {
		currency := l.Keys[1].Text
		if by[currency] == nil {
			by[currency] = &pipeline{currency: currency}
		}
		by[currency].add(question, l)
	}
	for _, currency := range slices.Sorted(maps.Keys(by)) {
		g.doc.Items = append(g.doc.Items, by[currency].item())
	}
	return nil
}

// pipeline adds up the lines of a currency.
type pipeline struct {
	currency string // empty: deals without an amount
	count    int64
	stages   []string
}

// add adds the line of a stage.
func (p *pipeline) add(q *aggregate.Question, l aggregate.Line) {
	stage := "(unset)"
	switch {
	case l.Others:
		stage = "(others)"
	case l.Keys[0].Set():
		stage = l.Keys[0].Text
	}
	p.count += l.Count
	text := fmt.Sprintf("%s %d", stage, l.Count)
	if sum, fault := q.Measures[0].Show(l.Values[0]); fault != nil {
		text += " (a sum of more than 64 bits)"
	} else if p.currency != "" {
		text += " (" + norm.FormatAmount(sum.Int, p.currency) + ")"
	}
	p.stages = append(p.stages, text)
}

// item returns the line.
func (p *pipeline) item() render.Item {
	item := render.Item{Head: "pipeline", HeadKey: "kind", Fields: []render.Field{{Name: "open", Value: crm.Number(p.count)}}}
	if p.currency != "" {
		item.Fields = append(item.Fields, render.Field{Name: "currency", Value: crm.Str(p.currency)})
	}
	item.Fields = append(item.Fields, render.Field{Name: "stages", Value: crm.Str(strings.Join(p.stages, ", "))})
	return item
}

// addDue adds what is due within a day.
func (g *gatherer) addDue() error {
	first, err := due.Soonest(g.view, g.rq, dueDays, dueRows)
	if err != nil {
		return err
	}
	for _, rec := range first.Records {
		g.doc.Items = append(g.doc.Items, due.Line(rec, pick(rec.Entity, dueFields), g.rq.Env.Now.UnixMilli()))
	}
	if first.More == 0 {
		return nil
	}
	count := fmt.Sprint(first.More)
	if !first.Exact {
		count = "more than " + count
	}
	call := fmt.Sprintf("GET /reminders?days=%d", dueDays)
	if assignee := g.rq.Params.Get("assignee"); assignee != "" {
		call += "&assignee=" + url.QueryEscape(assignee)
	}
	g.left = append(g.left, count+" due: "+call)
	return nil
}

// addStuck adds the deals that are stuck.
func (g *gatherer) addStuck() error {
	e := g.rq.Env.Schema.ByName("deal")
	for _, where := range stuck {
		params, err := url.ParseQuery(where)
		if err != nil {
			return err
		}
		q, fault := query.Parse(e, params, g.rq.Env)
		if fault != nil {
			return fault
		}
		q.Limit = stuckRows
		page, err := g.view.List(q)
		if err != nil {
			return err
		}
		for _, rec := range page.Records {
			g.add(rec, dealFields+",company.name,contact.name", "")
		}
		if more := beyond(page); more != "" {
			g.left = append(g.left, fmt.Sprintf("%s %s: GET /%s?%s", more, e.Plural, e.Route(), where))
		}
	}
	return nil
}

// addOthers adds the last changes of others since the bookmark of the token or, without one, of the last 24 hours, and
// counts all of them.
func (g *gatherer) addOthers() error {
	return g.addNews(news{
		days: 1, all: "GET /changes", ask: changelog.Question{Takes: g.isNews},
		line: func(rec crm.Record) render.Item {
			item := changed(rec)
			item.Fields = slices.Insert(item.Fields, 0, render.Field{Name: "target", Value: rec.Value("target")}, render.Field{Name: "action", Value: rec.Value("action")})
			return item
		},
		count: func(entries []changelog.Entry) string {
			return fmt.Sprintf("%d changes by others (%s)", len(entries), kindsOf(entries))
		},
	})
}

// isNews reports whether a change is one of a record, and of somebody else.
func (g *gatherer) isNews(rec crm.Record) bool {
	kind, _, _ := strings.Cut(rec.Value("target").Text, "/")
	e := g.rq.Env.Schema.ByName(kind)
	return e != nil && !e.IsView() && rec.Value("by").Text != g.rq.Actor.Email
}

// kindsOf counts changes by what they did to which kind, the most frequent first.
func kindsOf(entries []changelog.Entry) string {
	counts := map[string]int{}
	for _, e := range entries {
		kind, _, _ := strings.Cut(e.Record.Value("target").Text, "/")
		counts[kind+" "+e.Record.Value("action").Text]++
	}
	names := slices.SortedFunc(maps.Keys(counts), func(a, b string) int {
		return cmp.Or(cmp.Compare(counts[b], counts[a]), cmp.Compare(a, b))
	})
	for i, name := range names {
		names[i] = fmt.Sprintf("%d %s", counts[name], name)
	}
	return strings.Join(names, ", ")
}

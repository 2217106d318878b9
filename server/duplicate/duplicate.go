// Package duplicate has the endpoints about records that may be of one person or company: the list of
// pairs, the pairs that are not, and what a write says of the record that it made. The rules are in
// package alike. Merging two records is an endpoint of its own.
package duplicate

import (
	"fmt"
	"strings"
	"time"

	"crmkit/crm"
	"crmkit/crm/alike"
	"crmkit/crm/norm"
	"crmkit/query"
	"crmkit/query/param"
	"crmkit/render"
	"crmkit/server/web"
	"crmkit/store"
)

// Endpoints answer requests about duplicates. They are safe for concurrent use.
type Endpoints struct {
	store *store.Store
	kinds []*crm.Entity
}

// New returns the endpoints of a store.
func New(s *store.Store) *Endpoints {
	x := &Endpoints{store: s}
	for _, name := range alike.Kinds {
		x.kinds = append(x.kinds, s.Schema.ByName(name))
	}
	return x
}

// Routes returns the rows of the endpoints.
func (x *Endpoints) Routes() []web.Route {
	return []web.Route{
		{Method: "GET", Path: "/duplicates", Access: web.Read, Group: "work", Doc: "pairs that may be one; kind=companies",
			Params: []string{"kind", "limit", "cursor"}, Handle: x.list},
		{Method: "POST", Path: "/duplicates/dismiss", Access: web.Write, Group: "work", Doc: "remember that a pair is two",
			Texts: []string{"pair*", "dismissed"}, Params: web.PlanParams, AsLine: true, IDs: []string{"pair"}, Handle: x.dismiss},
	}
}

const (
	maxPairs = 200                    // of a page
	pageTime = 700 * time.Millisecond // after which a page ends, full or not
)

// list answers GET /duplicates with the next pairs. A page ends when its time is over, so it may be
// short, or empty, although there are more.
//
// Errors: invalid_value for a parameter, invalid_cursor.
func (x *Endpoints) list(rq *web.Request) (*render.Response, error) {
	e, fault := x.kind(rq.Params.Get("kind"))
	if fault != nil {
		return nil, fault
	}
	limit, cut := query.DefaultLimit, ""
	if text := rq.Params.Get("limit"); text != "" {
		if limit, cut, fault = param.Limit(text, maxPairs); fault != nil {
			return nil, fault
		}
	}
	place, fault := readCursor(scope{e, rq.Actor.Workspace}, rq.Params.Get("cursor"))
	if fault != nil {
		return nil, fault
	}
	pass := &alike.Pass{Place: place, Until: time.Now().Add(pageTime)}
	var pairs []alike.Pair
	err := x.store.View(rq.Context(), rq.Actor, func(v *store.View) (err error) {
		source, err := v.Duplicates(e)
		if err == nil {
			pass.Source = source
			pairs, err = pass.Next(limit)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	doc := page(scope{e, rq.Actor.Workspace}, pass, pairs)
	if cut != "" {
		doc.Remarks = append(doc.Remarks, fmt.Sprintf("limit=%s is above the maximum; this page has at most %d", norm.Quote(cut), limit))
	}
	return doc, nil
}

// page returns the document of a page of pairs.
func page(of scope, pass *alike.Pass, pairs []alike.Pair) *render.Response {
	doc := &render.Response{Page: &render.Page{Noun: "pair", Plural: "pairs"}}
	for _, pair := range pairs {
		doc.Items = append(doc.Items, line(pair))
	}
	e := of.kind
	for i, row := range pass.Large {
		if i == maxLarge {
			doc.Remarks = append(doc.Remarks, "and more of this sort")
			break
		}
		doc.Remarks = append(doc.Remarks, row.Said(e.Plural, e.Name+"/"+crm.RecordID(e.Prefix, row.Record)))
	}
	if !pass.Done {
		doc.Page.Next = writeCursor(of, pass.Place)
		if len(pairs) == 0 {
			doc.Remarks = append(doc.Remarks, "nothing was found so far; the search goes on with cursor=")
		}
	}
	return doc
}

// maxLarge is how many keys that too many records have are named in a page.
const maxLarge = 5

// line returns the line of a pair: the older record is a.
func line(pair alike.Pair) render.Item {
	item := render.Item{Head: "pair", HeadKey: "kind", Fields: []render.Field{
		{Name: "verdict", Value: crm.Str(string(pair.Verdict))},
		{Name: "why", Value: crm.Str(strings.Join(pair.Why, ", "))},
		{Name: "against", Value: crm.Str(strings.Join(pair.Against, ", "))},
	}}
	item.Fields = append(item.Fields, side("a", pair.A.Record, shown...)...)
	item.Fields = append(item.Fields, side("b", pair.B.Record, shown...)...)
	return item
}

// shown are the fields of a record that a pair shows.
var shown = []string{"name", "email", "domain", "phone", "title"}

// side returns the handle and some fields of one record of a pair: for text labels that begin with the
// name, for JSON one object.
func side(name string, rec crm.Record, parts ...string) []render.Field {
	fields := []render.Field{{Name: name, Value: crm.Str(rec.Handle()), Text: true}}
	object := []crm.Member{{Name: "handle", JSON: norm.QuoteJSON(rec.Handle())}}
	for _, part := range parts {
		if value := rec.Value(part); value.Set() {
			fields = append(fields, render.Field{Name: name + "." + part, Value: value, Text: true})
			object = append(object, crm.Member{Name: part, JSON: norm.QuoteJSON(value.Text)})
		}
	}
	return append(fields, render.Field{Name: name, Value: crm.Members(object), JSON: true})
}

// kind returns the kind with a name or plural; contacts without one.
func (x *Endpoints) kind(name string) (*crm.Entity, *crm.Error) {
	var plurals []string
	for _, e := range x.kinds {
		if name == "" || name == e.Name || name == e.Plural {
			return e, nil
		}
		plurals = append(plurals, e.Plural)
	}
	return nil, crm.Errorf(crm.InvalidValue, "kind cannot be %s; duplicates are found among %s.", norm.Quote(name), strings.Join(plurals, " and ")).On("kind").Of(name, plurals)
}

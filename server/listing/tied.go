package listing

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"crmkit/crm"
	"crmkit/query"
	"crmkit/render"
	"crmkit/server/web"
	"crmkit/store/list"
)

// shownTies is how many records that are joined to one are shown with it.
const shownTies = 10

// Reader answers a question.
type Reader func(context.Context, crm.Actor, *query.Query) (list.Page, error)

// AddTied adds to the answer of a record that was fetched the first records that a link joins to it. More of them are
// counted, with the call that lists them. If nothing is joined to it, or the request asks for some fields, it reads nothing.
func AddTied(rq *web.Request, doc *render.Response, rec crm.Record, read Reader) error {
	at := slices.IndexFunc(rec.Entity.Links, func(l crm.ManyToMany) bool { return l.Counted != "" && rec.Value(l.Counted).Int > 0 })
	if at < 0 || rq.Params.Has("fields") {
		return nil
	}
	l := &rec.Entity.Links[at]
	q, fault := query.Parse(l.Via, tiesOf(rec, l), rq.Env)
	if fault != nil {
		return fault
	}
	page, err := read(rq.Context(), rq.Actor, q)
	if err != nil {
		return err
	}
	doc.Name = l.Via.Plural
	for _, tie := range page.Records {
		doc.Items = append(doc.Items, render.Record(tie, q.Fields))
	}
	if more := rec.Value(l.Counted).Int - int64(len(page.Records)); more > 0 {
		doc.Remarks = append(doc.Remarks, fmt.Sprintf("%d more: GET /%s?%s=%s", more, l.Via.Route(), l.Via.Field(l.From).Path(), rec.ID))
	}
	return nil
}

// tiesOf returns the parameters of the list of the records between a record and those that a link joins to it.
func tiesOf(rec crm.Record, l *crm.ManyToMany) url.Values {
	to := l.Via.Field(l.To)
	fields := []string{to.Name, to.Path() + "." + l.End.LabelField}
	for i := range l.Via.Fields {
		if f := &l.Via.Fields[i]; f.InLists && !f.ReadOnly && !f.IsReference() {
			fields = append(fields, f.Name)
		}
	}
	return url.Values{l.Via.Field(l.From).Path(): {rec.ID}, "sort": {crm.FieldCreatedAt}, "limit": {strconv.Itoa(shownTies)}, "total": {"none"}, "fields": {strings.Join(fields, ",")}}
}

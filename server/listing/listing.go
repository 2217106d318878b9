// Package listing makes the answer of a page of records, for the lists of the present and those of the past.
package listing

import (
	"fmt"
	"maps"
	"net/url"

	"crmkit/crm/norm"
	"crmkit/query"
	"crmkit/render"
	"crmkit/store/list"
)

// Of returns the document of a page, with the remarks of the query and the cursor of the
// next page, if there is one.
func Of(q *query.Query, page list.Page) *render.Response {
	doc := &render.Response{
		Items: make([]render.Item, len(page.Records)),
		Page:  &render.Page{Noun: q.Entity.Name, Plural: q.Entity.Plural, Total: page.Total, Exact: page.TotalExact, Counted: page.HasTotal},
	}
	for i, rec := range page.Records {
		doc.Items[i] = render.Record(rec, q.Fields)
		doc.Items[i].Millis = q.Millis
	}
	doc.Remarks = append(doc.Remarks, q.Remarks...)
	if q.RequestedLimit != "" {
		doc.Remarks = append(doc.Remarks, CutRemark(q.RequestedLimit, q.Limit))
	}
	if page.Truncated {
		doc.Remarks = append(doc.Remarks, FullRemark)
	}
	doc.Page.After = func(i int) string { return q.Cursor(page.Records[i]) }
	if page.More {
		doc.Page.Next = q.Cursor(page.Records[len(page.Records)-1])
	}
	return doc
}

// FullRemark explains a page that has fewer records than its limit, and yet a next page: its
// records are large, or refer to many others that have to be loaded.
const FullRemark = "this page has fewer records than its limit, to stay small and quick; next continues after them"

// CutRemark says that a limit was lowered.
func CutRemark(sent string, given int) string {
	return fmt.Sprintf("limit=%s is above the maximum; this page has at most %d", norm.Quote(sent), given)
}

// WithParam returns the parameters with one more filter.
func WithParam(params url.Values, name, value string) url.Values {
	more := maps.Clone(params)
	more[name] = append([]string{value}, params[name]...)
	return more
}

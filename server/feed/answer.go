package feed

import (
	"crmkit/crm"
	"crmkit/render"
	"crmkit/server/web"
	"crmkit/store/changelog"
)

// answer returns the document of a part of the log.
func (q *question) answer(rq *web.Request, part changelog.Part) *render.Response {
	doc := &render.Response{Remarks: q.remarks,
		Page: &render.Page{Noun: "change", Plural: "changes", Cursor: changelog.Cursor(rq.Actor.Workspace, part.Cursor), More: part.More}}
	if q.cut != "" {
		doc.Remarks = append(doc.Remarks, q.cutRemark())
	}
	if first := max(q.ask.Group, q.ask.Run); first != 0 && first < part.First && q.ask.After < part.First {
		doc.Remarks = append(doc.Remarks, "the log does not have the first of these changes any more")
	}
	if q.summary {
		q.counts.answer(doc, part)
	} else {
		for _, e := range part.Entries {
			doc.Items = append(doc.Items, line(rq, e))
		}
		doc.Page.After = func(i int) string { return changelog.Cursor(rq.Actor.Workspace, part.Entries[i].Record.Key) }
	}
	if part.More {
		doc.Remarks = append(doc.Remarks, "more changes follow: the same request with since= and the cursor of this answer")
	}
	return doc
}

// textOrUnset returns a text, or no value for an empty one.
func textOrUnset(text string) crm.Value {
	if text == "" {
		return crm.Value{}
	}
	return crm.Str(text)
}

// line returns the line of an entry.
func line(rq *web.Request, e changelog.Entry) render.Item {
	rec := e.Record
	item := render.Item{Head: rec.Handle(), Fields: web.Names(rec.Handle())}
	add := func(f render.Field) { item.Fields = append(item.Fields, f) }
	text := func(name, value string) { add(render.Field{Name: name, Value: textOrUnset(value)}) }
	token := rec.Value("token_id").Text
	add(render.Field{Name: "at", Value: rec.Value("at"), Second: true})
	text("by", rec.Value("by").Text)
	if e.Token != "" {
		text("token", e.Token)
		add(render.Field{Name: "token_id", Value: crm.Str(token), JSON: true})
	} else {
		text("token_id", token)
	}
	text("action", rec.Value("action").Text)
	text("target", rec.Value("target").Text)
	for _, name := range []string{"from", "to"} {
		add(render.Field{Name: name, Value: rec.Value(name), Named: true, Of: rec.Entity})
	}
	text("change", changelog.GroupID(rq.Actor.Workspace, e.Group))
	text("run", e.Run)
	return item
}

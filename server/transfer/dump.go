package transfer

import (
	"fmt"
	"time"

	"crmkit/crm"
	"crmkit/crm/norm"
	"crmkit/render"
	"crmkit/server/importer"
	"crmkit/server/web"
	"crmkit/store"
)

// dump answers GET /export: a line about the workspace, then every record after those it
// refers to, then a line with the number of records. Records that are created after it
// began are left out, and so are references to them, so that every reference in the file
// leads to a record in it. The last line lets an import refuse a file that was cut off. It
// needs no right but to read, since it has nothing that lists do not show.
func (x *Endpoints) dump(rq *web.Request) (*render.Response, error) {
	last, err := x.store.LastKey(rq.Context(), rq.Actor)
	if err != nil {
		return nil, err
	}
	return streamOf(rq, func(w *recordWriter) error {
		a := rq.Actor
		w.piece = fmt.Appendf(w.piece, `{"crmkit":%d,"workspace":"%s","name":%s,"exported_at":"%s"}`+"\n",
			importer.DumpVersion, a.WorkspaceID, norm.AppendQuoted(nil, a.WorkspaceName), rq.Env.Now.UTC().Format(time.RFC3339))
		counts := render.Item{}
		for _, e := range x.store.Schema.Records() {
			d := newKindDump(e, last, w)
			if err := d.run(x); err != nil {
				return err
			}
			counts.Fields = append(counts.Fields, render.Field{Name: e.Plural, Value: crm.Number(int64(d.n))})
		}
		w.piece = append(w.piece, `{"end":true,"counts":`...)
		w.piece = counts.Append(w.piece, render.JSON, nil)
		w.piece = append(w.piece[:len(w.piece)-1], "}\n"...)
		return w.flush(0)
	}), nil
}

// dumpPage writes records, with the ids of those that were merged into them, and empties the page.
func (x *Endpoints) dumpPage(w *recordWriter, page *[]crm.Record) error {
	if len(*page) == 0 {
		return nil
	}
	e, keys := (*page)[0].Entity, make([]int64, len(*page))
	for i, rec := range *page {
		keys[i] = rec.Key
	}
	var merged map[int64][]int64
	err := x.store.View(w.rq.Context(), w.rq.Actor, func(v *store.View) (err error) {
		merged, err = v.MergedInto(e, keys)
		return err
	})
	if err != nil {
		return err
	}
	for _, rec := range *page {
		w.more = nil
		if ids := make([]string, len(merged[rec.Key])); len(ids) > 0 {
			for i, key := range merged[rec.Key] {
				ids[i] = crm.RecordID(e.Prefix, key)
			}
			w.more = []render.Field{{Name: importer.MergedIDs, Value: crm.Labels(ids)}}
		}
		if err := w.record(rec); err != nil {
			return err
		}
	}
	*page = (*page)[:0]
	return nil
}

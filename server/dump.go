package server

import (
	"fmt"
	"net/http"
	"net/url"
	"time"

	"crmkit/crm"
	"crmkit/crm/norm"
	"crmkit/query"
	"crmkit/render"
	"crmkit/server/importer"
)

func dumpRoute() route {
	return route{Method: http.MethodGet, Path: "/export", Access: read, Group: "move", Stream: dumps,
		Doc: "the whole workspace, as JSON lines", handle: (*Server).dump}
}

// dump answers GET /export: a line about the workspace, then every record behind
// those it points to, then a line that says how many there were. What is made after
// it began is left out, and so are references to that, so the file holds together.
func (s *Server) dump(rq *request) (*render.Response, error) {
	last, err := s.store.LastKey(rq.Context(), rq.actor)
	if err != nil {
		return nil, err
	}
	return streamOf(rq, func(w *recordWriter) error {
		a := rq.actor
		w.piece = fmt.Appendf(w.piece, `{"crmkit":%d,"workspace":"%s","name":%s,"exported_at":"%s"}`+"\n",
			importer.DumpVersion, a.WorkspaceID, norm.AppendQuoted(nil, a.WorkspaceName), rq.env.Now.UTC().Format(time.RFC3339))
		counts := render.Item{}
		for _, e := range s.schema.Records() {
			n, err := s.dumpKind(rq, e, last, w)
			if err != nil {
				return err
			}
			counts.Fields = append(counts.Fields, render.Field{Name: e.Plural, Value: crm.Number(int64(n))})
		}
		w.piece = append(w.piece, `{"end":true,"counts":`...)
		w.piece = counts.Append(w.piece, render.JSON, nil)
		w.piece = append(w.piece[:len(w.piece)-1], "}\n"...)
		return w.flush(0)
	}), nil
}

// dumpKind writes the records of an entity up to the last that was there, and
// returns how many.
func (s *Server) dumpKind(rq *request, e *crm.Entity, last map[string]int64, w *recordWriter) (n int, err error) {
	q, fault := query.Parse(e, oldestFirst(e, url.Values{}), rq.env)
	if fault != nil {
		return 0, fault
	}
	err = s.walk(rq, q, func(rec crm.Record) error {
		if crm.RecordNumber(rec.Key) > last[e.Plural] {
			return nil
		}
		for i := range e.Fields {
			f := &e.Fields[i]
			if f.Type == crm.Ref && crm.RecordNumber(rec.Values[i].Int) > last[e.Target(f).Plural] {
				rec = rec.Clone()
				rec.Values[i], rec.Labels[i] = crm.Value{}, ""
			}
		}
		n++
		return w.record(rec)
	})
	return n, err
}

package transfer

import (
	"fmt"
	"maps"
	"net/url"
	"strings"

	"crmkit/crm"
	"crmkit/crm/norm"
	"crmkit/query"
	"crmkit/render"
	"crmkit/server/web"
)

// pageParams are the parameters of lists that an export, which has no pages, refuses.
var pageParams = []string{"limit", "cursor", "total"}

// export answers GET /export/{kind} with a stream: every record that matches, with all fields,
// the oldest first, so that records which are created meanwhile come last. Errors before the
// first piece are those of a list. A later one ends the stream with a line that says so.
func (x *Endpoints) export(rq *web.Request) (*render.Response, error) {
	e := rq.Route.Entity
	for _, name := range pageParams {
		if rq.Params.Has(name) {
			return nil, crm.Errorf(crm.InvalidFilter, "an export has all matching records and no pages, so %s cannot be used; for pages GET /%s?%s=%s.",
				name, e.Route(), name, norm.Quote(rq.Params.Get(name))).On(name)
		}
	}
	begin, fault := byteOrderMark(rq)
	if fault != nil {
		return nil, fault
	}
	params := maps.Clone(rq.Params)
	delete(params, "bom")
	q, fault := query.Parse(e, oldestFirst(e, params), rq.Env)
	if fault != nil {
		return nil, fault
	}
	return streamOf(rq, func(w *recordWriter) error {
		w.pick, w.millis, w.at = q.Fields, q.Millis, rq.Moment()
		w.piece = append(w.piece, begin...)
		if err := x.walk(rq, q, w.record); err != nil {
			return err
		}
		return w.end(q)
	}), nil
}

// byteOrderMark returns what bom=1 puts at the beginning of a CSV file: without it Excel takes UTF-8
// for another encoding, and shows wrong letters. An import removes it.
func byteOrderMark(rq *web.Request) (string, *crm.Error) {
	switch on, fault := rq.IsOn("bom"); {
	case fault != nil || !on:
		return "", fault
	case rq.Media != web.CSVMedia:
		return "", crm.Errorf(crm.InvalidValue, "bom=1 puts a byte order mark before CSV, for Excel; add format=csv, or leave bom out.").On("bom")
	}
	return "\ufeff", nil
}

// oldestFirst returns the parameters with the order of creation, unless they name another:
// in that order a walk neither skips nor repeats a record.
func oldestFirst(e *crm.Entity, params url.Values) url.Values {
	if params.Get("sort") != "" {
		return params
	}
	sorted := maps.Clone(params)
	sorted["sort"] = append([]string{strings.TrimPrefix(e.Sort, "-")}, params["sort"]...)
	return sorted
}

// walk calls each for every record of a list, page after page, so that no transaction is
// open while a slow client reads. Records that change between two pages are written as they
// are when their page is read. The pages are not put into the cache, where they would replace
// records that others use.
func (x *Endpoints) walk(rq *web.Request, q *query.Query, each func(crm.Record) error) error {
	q.Limit, q.Total, q.NoCache = q.Entity.MaxLimit, query.TotalNone, true
	for {
		page, err := x.store.List(rq.Context(), rq.Actor, q)
		if err != nil {
			return err
		}
		for _, rec := range page.Records {
			if err := each(rec); err != nil {
				return err
			}
		}
		if !page.More {
			return nil
		}
		q = q.After(page.Records[len(page.Records)-1])
	}
}

// streamOf returns an answer of the records that run writes.
func streamOf(rq *web.Request, run func(*recordWriter) error) *render.Response {
	media := rq.Media
	if media == web.JSONMedia || rq.Route.Stream == web.Dumping {
		media = web.RowsMedia
	}
	kind := media
	if media != web.RowsMedia {
		kind += "; charset=utf-8"
	}
	return &render.Response{Stream: &render.Stream{Type: kind, Each: func(put func([]byte) error) error {
		return run(&recordWriter{rq: rq, media: media, put: put})
	}}}
}

// pieceSize is how many bytes are collected before they are sent: enough that checks and
// packets cost little, and little enough that many exports fit into memory.
const pieceSize = 32 << 10

// recordWriter formats records and sends them in pieces, each of which ends with a line. The
// adapter checks the rights of the token before it sends a piece.
type recordWriter struct {
	rq     *web.Request
	media  string
	put    func([]byte) error
	pick   []string       // fields to write; nil: those that each record has
	millis bool           // times with milliseconds
	piece  []byte         // lines that are not sent yet
	at     *crm.Moment    // of which computed fields speak; nil: they are left out, since a workspace that is read back computes them
	n      int            // records written
	more   []render.Field // of the next record, after its own
}

// record writes a record, and before the first one in CSV the header.
func (w *recordWriter) record(rec crm.Record) error {
	rec.At = w.at
	line := render.Record(rec, w.pick)
	line.Millis = w.millis
	line.Fields = append(line.Fields, w.more...)
	switch w.media {
	case web.CSVMedia:
		if w.n == 0 {
			w.piece = line.AppendHeader(w.piece)
		}
		w.piece = line.AppendCSV(w.piece)
	case web.RowsMedia:
		w.piece = line.Append(w.piece, render.JSON, nil)
	default:
		w.piece = line.Append(w.piece, render.Text, w.rq.Actor.Zone)
	}
	w.n++
	return w.flush(pieceSize)
}

// flush sends the collected lines if they have more than so many bytes.
func (w *recordWriter) flush(over int) error {
	if len(w.piece) <= over {
		return nil
	}
	err := w.put(w.piece)
	w.piece = w.piece[:0]
	return err
}

// end sends the rest: in text the number of records, in CSV the header if there was no
// record.
func (w *recordWriter) end(q *query.Query) error {
	switch {
	case w.media == web.CSVMedia && w.n == 0:
		line := render.Record(crm.NewRecord(q.Entity), q.Fields)
		w.piece = line.AppendHeader(w.piece)
	case w.media == web.TextMedia:
		w.piece = fmt.Appendf(w.piece, "# exported: %d\n", w.n)
	}
	return w.flush(0)
}

package server

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"slices"
	"strings"

	"crmkit/crm"
	"crmkit/crm/norm"
	"crmkit/render"
	"crmkit/store"
)

// The limits of an import.
const (
	maxWithoutID = 1_000_000 // rows that have nothing to be known by: what stands for them is kept in memory
)

// importBatch is what is saved at once; other writes take turns with batches. A value may
// take as long to save as a row of few.
var importBatch = extent{rows: 100, bytes: 1 << 20, values: 2_000}

// importRoute is the row that takes records of an entity in the form of files.
func importRoute(e *crm.Entity) route {
	return route{Method: http.MethodPost, Path: "/import/" + e.Route(), Access: write, Group: "move", Entity: e, Stream: imports,
		Params: []string{"dry_run", "atomic", "source", "confirm"}, Doc: "rows of CSV or JSON; see /help/import", handle: (*Server).importRows}
}

// importer takes one file in.
type importer struct {
	s  *Server
	rq *request

	entity      *crm.Entity // of the rows; nil where each row says it
	columns     *columns
	source      string           // whose ids the rows have
	isOwnExport bool             // the ids are those of this workspace
	isDump      bool             // references are by id alone
	seen        map[uint64]int32 // rows without an id, by a part of what stands for them

	open    func(*rowFile) (rowReader, error) // begins to read the file
	file    *keptFile                         // closed with the request, unless it is kept
	before  *[4]int64                         // what the dry run came to that is confirmed; nil: there was none
	size    extent                            // of the file; nothing where a dry run looked at it
	rows    rowReader
	parse   func(row) entry
	summary importSummary
	trial   *store.Rehearsal // what a dry run did so far; nil: it is none
	most    int              // rows saved at once
	output  func([]byte) error
}

// importRows answers POST /import/{kind}.
func (s *Server) importRows(rq *request) (*render.Response, error) {
	im, fault := s.newImporter(rq)
	if fault != nil {
		return nil, fault
	}
	im.entity, im.columns, im.parse, im.open = rq.route.Entity, newColumns(rq.route.Entity), im.read, im.reader
	return im.run()
}

func (s *Server) newImporter(rq *request) (*importer, *crm.Error) {
	for _, name := range []string{"dry_run", "atomic"} {
		if _, fault := switchedOn(rq, name); fault != nil {
			return nil, fault
		}
	}
	if dry, _ := switchedOn(rq, "dry_run"); dry && rq.params.Has("confirm") {
		return nil, crm.Errorf(crm.InvalidValue, "dry_run=1 saves nothing, and confirm= saves: leave dry_run out to save what the dry run showed.").On("dry_run")
	}
	source := rq.params.Get("source")
	if len(source) > 100 || strings.HasPrefix(source, "ws_") || slices.Contains([]string{rowSource, nameSource}, source) || strings.Contains(source, ":") || norm.OneLine(source) != source {
		return nil, crm.Errorf(crm.InvalidValue, "source=%s is no name for where the rows come from; write a word like hubspot or old-crm.", norm.Quote(source)).On("source")
	}
	return &importer{s: s, rq: rq, source: source, seen: map[uint64]int32{}, summary: importSummary{}, most: s.batch.rows}, nil
}

// switchedOn reads a parameter that is on or off.
func switchedOn(rq *request, name string) (bool, *crm.Error) {
	switch strings.ToLower(rq.params.Get(name)) {
	case "1", "true", "yes":
		return true, nil
	case "", "0", "false", "no":
		return false, nil
	}
	return false, crm.Errorf(crm.InvalidValue, "%s=%s: write %s=1, or leave it out.", name, norm.Quote(rq.params.Get(name)), name).On(name)
}

// reader sees by its first character what a file is.
func (im *importer) reader(in *rowFile) (rowReader, error) {
	for {
		c, err := in.ReadByte()
		if err != nil {
			return nil, readFault(0, err, errTruncated)
		}
		if c == ' ' || c == '\n' || c == '\r' {
			continue
		}
		if err := in.UnreadByte(); err != nil {
			return nil, err
		}
		switch c {
		case '[':
			return newArrayRows(in)
		case '{':
			return &lineRows{in: in}, nil
		}
		return im.csv(in)
	}
}

func (im *importer) csv(in *rowFile) (rowReader, error) {
	rows, err := newCSVRows(in)
	if err != nil {
		return nil, err
	}
	for _, name := range rows.header {
		im.columns.target(name)
	}
	if !im.columns.accepts() {
		allowed := im.entity.Names(crm.Writable)
		return nil, crm.Errorf(crm.InvalidValue, "the first line must name the columns, and none of %s is known; name them like %s, and %s.",
			norm.Quote(strings.Join(rows.header[:min(len(rows.header), 5)], ", ")), strings.Join(allowed[:min(len(allowed), 3)], ","), withCurl).Of(rows.header[0], allowed)
	}
	return rows, nil
}

// answer runs the import, at once where it is to be one transaction, else while its
// answer is sent.
func (im *importer) answer() (*render.Response, error) {
	dry, _ := switchedOn(im.rq, "dry_run")
	atomic, _ := switchedOn(im.rq, "atomic")
	if fault := im.fits(dry, atomic); fault != nil {
		return nil, fault
	}
	if atomic && !dry {
		return im.runAtomic()
	}
	if dry {
		im.trial = store.NewRehearsal(im.s.remembered)
	}
	return im.stream(func() error {
		for {
			batch, err := im.batch()
			switch saved := im.saveBatch(batch); {
			case errors.Is(saved, store.ErrRehearsed):
				return im.finish(im.remembered(), dry)
			case saved != nil:
				return saved
			case err != nil:
				return im.finish(err, dry)
			}
		}
	}), nil
}

// stream returns the document of an answer that run puts together.
func (im *importer) stream(run func() error) *render.Response {
	kind := textMedia + "; charset=utf-8"
	if im.rq.format == render.JSON {
		kind = rowsMedia
	}
	return &render.Response{Stream: &render.Stream{Type: kind, Finish: true, Each: func(put func([]byte) error) error {
		im.output = put
		return run()
	}}}
}

// batch reads as many rows as are saved at once. The error, io.EOF at the end, is of what
// follows them.
func (im *importer) batch() (batch []entry, err error) {
	size := extent{}
	for most := im.s.batch; size.rows < most.rows && size.bytes < most.bytes && size.values < most.values; {
		r, err := im.rows.next()
		if err != nil {
			return batch, err
		}
		if !r.empty() {
			im.summary.rows++
			size.add(r)
			batch = append(batch, im.parse(r))
		}
	}
	return batch, nil
}

// sourceOf returns whose ids a file has, by its columns. Ids of products nobody knows
// are apart from those of any file with other columns: they may be 1, 2, 3 in each.
func sourceOf(names []string) string {
	if product := crm.ExportFormatOf(names); product != "" {
		return product
	}
	for i := range names {
		names[i] = crm.FoldColumn(names[i])
	}
	slices.Sort(names)
	sum := sha256.Sum256([]byte(strings.Join(slices.Compact(names), "\n")))
	return unknownSource + hex.EncodeToString(sum[:8])
}

// The sources that are no product: files nobody knows, what rows are made of, names.
const (
	unknownSource = "file:"
	rowSource     = "row"
	nameSource    = "name"
)

package importer

import (
	"context"
	"errors"
	"io"
	"strings"

	"crmkit/crm"
	"crmkit/crm/norm"
	"crmkit/query"
	"crmkit/render"
	"crmkit/server/importer/cells"
	"crmkit/server/importer/references"
	"crmkit/server/importer/rows"
	"crmkit/store"
	"crmkit/store/dryrun"
)

// Options are the file's kind, the workspace, and the mode of an import.
type Options struct {
	Env       query.Env         // the schema, the workspace, and the time at which the rows are read
	Workspace string            // the id of the workspace, as exports name it
	Entity    *crm.Entity       // of the rows; nil: the file is an exported workspace, whose rows name theirs
	Source    string            // where the rows come from; empty: the file decides
	Key       string            // the column that identifies the rows; empty: their id, address or content does
	Stated    map[string]string // decimal and dates, as CheckStyle accepts them, and null, as CheckNull does; missing: the file decides
	DryRun    bool              // say what would happen, and save nothing
	Atomic    bool              // save all rows or none
	Limits    Limits
	Store     Store

	Format  render.Format // of the answer
	Remarks []string      // at the start of the answer, after those about the columns
	MaxText int           // bytes of the answer after which rows that succeeded are only counted; 0: no limit

	// Prepare is called before a row is saved, with the key of its record, 0 if it is new; it returns what it did. nil: nothing is called.
	Prepare func(tx *store.Tx, d store.Draft, key int64) (note string, err error)

	Keep   func(Shown) (Kept, error)   // is called at the end of a dry run that can be saved as it is
	Done   func(Counts) error          // is called at the end of an import that confirms a dry run
	Broken func(int, error) *crm.Error // logs why the server failed to read the row of a number, and returns the error of that row
	Before *Shown                      // by the dry run that this import confirms; nil: it confirms none
}

// Kept is a dry run that waits for its confirmation.
type Kept struct {
	Token  string // that confirms it
	Resend bool   // the file is not kept, so the confirmation needs it again
}

// Store runs the transactions of an import. Each of them checks again that the client may
// write. A function may run more than once.
type Store interface {
	Write(fn func(*store.Tx) error) error
	DryRunStep(step *dryrun.Run, fn func(*store.Tx) error) error

	// Change returns the id of the change group of what was written; empty if nothing was.
	Change() string
}

// Reading is how a file is understood. A confirmed import reuses that of its dry
// run, so that it saves exactly what the dry run showed.
type Reading struct {
	source  string         // whose ids the rows have
	key     string         // the column that identifies the rows, as the file spells it; empty: none
	marks   []string       // columns by which that product is known
	byIDs   bool           // it is known by the ids
	ownIDs  bool           // the ids are those of this workspace
	columns *cells.Columns // nil for an exported workspace
	remarks []string       // on the lines that are no rows
	size    Size

	versioned bool     // a column version has that of the record
	nullsOf   string   // whose export the rows are, so that nulls of JSON change nothing; empty: they clear
	hasNulls  bool     // rows have nulls
	nulls     []string // what the plan says of them
}

// Plan returns how the file is understood, as lines for a reader: whose ids the rows have, the
// field of each column, and how numbers and dates are written. Equal plans save the same.
func (r Reading) Plan() []string {
	if r.columns == nil {
		return []string{"source: " + r.source}
	}
	var list []string
	if r.source != "" && !strings.HasPrefix(r.source, references.UnknownFile) {
		why := ""
		switch {
		case r.byIDs:
			why = ", known by its ids"
		case len(r.marks) > 0:
			why = ", known by the columns " + crm.Enumerate(r.marks[:min(len(r.marks), maxMarks)], "and")
		}
		list = append(list, "source: "+r.source+why)
	}
	if !r.identified() {
		list = append(list, "no column is an id: when a cell of a row is corrected, it is another record the next time; name a column of your own with key=")
	}
	if r.key != "" {
		list = append(list, "key: "+norm.Quote(r.key)+" identifies the rows")
	}
	list = append(append(list, r.columns.Remarks()...), r.columns.StyleRemarks()...)
	if r.versioned && r.columns.HasVersions() {
		list = append(list, "version: a row that would change a record which is at another version is refused")
	}
	return append(list, r.nulls...)
}

// identified reports whether a column identifies rows. An exported workspace has ids of its own.
func (r Reading) identified() bool {
	return r.columns != nil && (r.key != "" || r.columns.Identified())
}

// maxMarks is how many columns a plan names as the reason for a source.
const maxMarks = 3

// Importer imports one file. Callers use it from one goroutine. While rows are saved, another one
// reads the next (readAhead). Reading and opts do not change then, and both read them; every other
// field belongs to one of the two.
type Importer struct {
	Reading
	opts Options

	// Of the goroutine that reads rows, once they are read ahead.
	byKind map[*crm.Entity]*cells.Columns // of an exported workspace
	seen   map[uint64]int32               // rows without an id: how often each content came, by a part of its hash
	rows   rows.Reader

	// Of the one that saves them and sends the answer.
	created []*crm.Entity // records that the row being saved refers to, and that were created for it
	kept    []string      // fields in which the row being saved differs from an earlier one
	saved   seenRecords   // what the rows saved so far are about
	saving  seenRecords   // the same of the transaction at hand
	tied    seenRecords   // what these rows made beside their own records
	tying   seenRecords   // the same of the transaction at hand
	notes   []string      // what the answer says of the row being saved
	summary summary
	trial   *dryrun.Run // what a dry run did so far; nil if it is not one
	others  int         // for how many transactions the import still gives way to others
	most    int         // the cost of the rows that one transaction saves, see costOf
	output  func([]byte) error

	at   rows.Place                // of the row that is being saved
	made map[madeRecord]rows.Place // by which row, in an import that may save nothing
}

// New returns an importer of one file.
func New(opts Options) *Importer {
	im := &Importer{opts: opts, Reading: Reading{source: opts.Source}, seen: map[uint64]int32{}, saved: seenRecords{}, tied: seenRecords{}, most: opts.Limits.Step}
	if opts.DryRun {
		im.most /= 2 // a step also restores what the steps before changed
	}
	if opts.Entity != nil {
		im.columns = im.newColumns(opts.Entity)
		return im
	}
	im.byKind = map[*crm.Entity]*cells.Columns{}
	for _, e := range opts.Env.Schema.Records() {
		im.byKind[e] = im.newColumns(e)
	}
	return im
}

// newColumns returns the columns of a file with records of an entity.
func (im *Importer) newColumns(e *crm.Entity) *cells.Columns {
	c := cells.New(e)
	c.Declared = im.opts.Env.Shape.Kind(e)
	return c
}

// isDump reports whether the file is an exported workspace. References in it are by
// id alone.
func (im *Importer) isDump() bool { return im.opts.Entity == nil }

// columnsOf returns the columns for rows of an entity.
func (im *Importer) columnsOf(e *crm.Entity) *cells.Columns {
	if im.isDump() {
		return im.byKind[e]
	}
	return im.columns
}

// Examine reads the whole file and decides how it is understood. It saves nothing.
func (im *Importer) Examine(ctx context.Context, file io.Reader) (Reading, error) {
	err := im.open(file)
	if err == nil {
		err = im.survey(ctx)
	}
	return im.Reading, err
}

// Resume replaces Examine for a file that an earlier importer examined.
func (im *Importer) Resume(r Reading) { im.Reading = r }

// open begins to read the file.
func (im *Importer) open(file io.Reader) (err error) {
	in, fault := rows.Open(file)
	if fault != nil {
		return fault
	}
	if im.isDump() {
		im.rows, err = im.dump(in)
		return err
	}
	if im.rows, err = in.Rows(im.knows, im.opts.Stated["null"]); err != nil {
		return err
	}
	if err := im.checkNull(); err != nil {
		return err
	}
	if im.rows.Format() == rows.VCardFormat {
		return im.checkCards()
	}
	return im.checkHeader()
}

// Answer sends the lines of an import with send, and saves the rows meanwhile if Start has not
// done it. Errors of rows and of the file are lines of the answer. An error that it returns
// is another one, like that of a client which is gone; the batches before it stay saved.
type Answer func(send func([]byte) error) error

// Start begins to save the rows of an examined file, for a client that is there until the context ends. An atomic import is saved when
// Start returns, any other while the answer is sent.
func (im *Importer) Start(ctx context.Context, file io.Reader) (Answer, error) {
	if err := im.open(file); err != nil {
		return nil, err
	}
	if fault := im.checkSize(); fault != nil {
		return nil, fault
	}
	if im.opts.Atomic && !im.opts.DryRun {
		return im.runAtomic()
	}
	if im.opts.DryRun {
		im.trial = dryrun.New(im.opts.Limits.DryRunMemory)
	}
	return im.answer(func() error { return im.run(ctx) }), nil
}

// answer returns what sends the lines that run produces.
func (im *Importer) answer(run func() error) Answer {
	return func(send func([]byte) error) error {
		im.output = send
		return run()
	}
}

// run saves batch after batch to the end of the file.
func (im *Importer) run(ctx context.Context) error {
	next, stop := im.readAhead()
	defer stop()
	for {
		batch := next()
		im.summary.rows += len(batch.entries)
		switch saved := im.saveBatch(ctx, batch.entries); {
		case errors.Is(saved, dryrun.ErrFull):
			return im.finish(im.dryRunFull())
		case saved != nil:
			return saved
		case batch.err != nil:
			return im.finish(batch.err)
		}
	}
}

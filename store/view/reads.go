package view

import (
	"log/slog"
	"time"

	"crmkit/crm"
	"crmkit/store/cache"
	"crmkit/store/lastused"
	"crmkit/store/past"
	"crmkit/store/table"
	"crmkit/store/textindex"
	"crmkit/store/txn"
)

// Options say what is read, and the memory that helps.
type Options struct {
	Schema    *crm.Schema
	Tables    map[*crm.Entity]*table.Table // of all entities of the schema
	Pending   *table.PendingView
	Cache     *cache.Cache
	LastUsed  *lastused.Buffer
	TrashDays int   // for how long deleted records can be restored; 0: for ever
	Search    int64 // bytes for the text that is searched; 0: none is kept
	Clock     func() time.Time
	Log       *slog.Logger
	Past      past.Limits              // on what a question about the past takes back; zero: past.DefaultLimits
	TuneIndex func(*textindex.Options) // changes those of the text index; may be nil
}

// Reads answers questions about the records that are committed. It is safe for concurrent use.
type Reads struct {
	db         *txn.DB
	schema     *crm.Schema
	tables     map[*crm.Entity]*table.Table
	pending    *table.PendingView
	cache      *cache.Cache
	indexes    *textindex.Set
	lastUsed   *lastused.Buffer
	keepsText  bool
	pastLimits past.Limits
	trashDays  int
}

// New returns reads of a database that is not open yet: it makes the text index, which the
// database keeps in step with its commits. SetDB must be called before anything is read.
func New(o Options) *Reads {
	s := &Reads{schema: o.Schema, tables: o.Tables, pending: o.Pending, cache: o.Cache, lastUsed: o.LastUsed, keepsText: o.Search > 0, pastLimits: o.Past, trashDays: o.TrashDays}
	opts := textindex.Options{Schema: o.Schema, Source: indexSource{s}, Limit: o.Search, Now: o.Clock, Log: o.Log, Wait: maxRead / 2}
	if o.TuneIndex != nil {
		o.TuneIndex(&opts)
	}
	s.indexes = textindex.New(opts)
	return s
}

// SetDB sets the database that is read.
func (s *Reads) SetDB(db *txn.DB) { s.db = db }

// Indexes returns the text index, which is filled from the tables when a search needs it.
func (s *Reads) Indexes() *textindex.Set { return s.indexes }

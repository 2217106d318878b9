// Package store keeps records and the log of their changes in one SQLite file. Only this
// package and those below it execute SQL; every statement on records has the workspace,
// which the store adds. Writes go through Write, one after the other and committed in
// groups; reads use connections of their own and never wait for writes.
//
// The layers, each of which may call only those before it: sqlite (the file and the engine)
// and cache; table (the SQL of records); snapshot (one read of what is committed); changelog
// and list; store (Tx, the writer, View); account (users, workspaces, tokens).
package store

import (
	"context"
	"crypto/rand"
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"crmkit/crm"
	"crmkit/crm/catalog"
	"crmkit/store/cache"
	"crmkit/store/fair"
	"crmkit/store/spool"
	"crmkit/store/sqlite"
	"crmkit/store/table"
	"crmkit/store/textindex"
)

// Options say which file to open and what the store takes from outside.
type Options struct {
	Path       string                   // a file, or Memory
	Schema     *crm.Schema              // which entities there are
	Clock      func() time.Time         // nil: time.Now
	Rand       io.Reader                // nil: crypto/rand; ids, secrets and codes come from it
	Plans      catalog.Plans            // nil: the built-in ones
	Plan       string                   // of new users and workspaces; empty: crm.DefaultPlan
	Migrations fs.FS                    // further migrations, numbered after the built-in ones; may be nil
	Caches     *Caches                  // nil: DefaultCaches
	LogDays    int                      // for how long the log of changes is kept; 0: for ever
	Log        *slog.Logger             // nil: nothing is logged
	MaxWrite   time.Duration            // of the writer's time for one write; 0: DefaultMaxWrite
	idle       time.Duration            // without a write, after which the log is written into the file; 0: idleAfter
	tuneIndex  func(*textindex.Options) // changes those of the text index; nil: nothing
	LockAs     string                   // the command that takes the lock of the file, like "crmkit serve", which refusals of others name; empty: "crmkit"
}

// Memory is the Path of a store that leaves nothing behind.
const Memory = sqlite.Memory

// Store is an open database. It is safe for concurrent use.
type Store struct {
	Schema *crm.Schema

	opts        Options
	db          *sqlite.DB
	turns       *fair.Turns       // to read records
	readers     chan *sqlite.Conn // those that are free, one for each turn at least
	accounts    chan *sqlite.Conn // for token lookups and all that takes no turn
	writer      *writer
	mappings    map[*crm.Entity]*table.Table
	rollups     map[*crm.Entity][]rollup
	inherited   []inheritedRef
	pendingView *table.PendingView
	cascades    cascades
	secret      []byte
	gate        *sync.RWMutex // held by readers and the writer where the engine has no snapshots; else nil
	random      *lockedReader
	lastUsed    lastUsedBuffer
	cache       *cache.Cache
	indexes     *textindex.Set
	spools      *spool.Set
	watch       atomic.Pointer[func(Batch)] // called after every batch; nil: nobody watches
	draining    chan struct{}               // closed when long writes should give up
	stop        chan struct{}               // closed when nothing more is taken
	done        sync.WaitGroup
	closing     sync.Once
	closeErr    error
}

// Open opens or makes the database, brings its schema up to date and starts the
// writer. It refuses, and changes nothing: a file that a newer version wrote, that
// is damaged or not its own, a place where it would not be safe, a file that
// another process owns, and an upgrade of a file that a process has open without the lock.
func Open(ctx context.Context, opts Options) (*Store, error) {
	if opts.Clock == nil {
		opts.Clock = time.Now
	}
	if opts.Rand == nil {
		opts.Rand = rand.Reader
	}
	if opts.Plans == nil {
		opts.Plans = catalog.BuiltinPlans()
	}
	if opts.Plan == "" {
		opts.Plan = catalog.DefaultPlan
	}
	if opts.idle == 0 {
		opts.idle = idleAfter
	}
	if opts.Caches == nil {
		opts.Caches = DefaultCaches()
	}
	if opts.Log == nil {
		opts.Log = slog.New(slog.DiscardHandler)
	}
	s := &Store{Schema: opts.Schema, opts: opts, mappings: map[*crm.Entity]*table.Table{}, rollups: rollups(opts.Schema), inherited: inheritedRefs(opts.Schema), pendingView: table.NewPendingView(opts.Schema), cascades: newCascades(), stop: make(chan struct{}), draining: make(chan struct{}),
		random: &lockedReader{from: opts.Rand}}
	if opts.Path == Memory {
		s.spools = spool.Beside("")
	} else {
		s.spools = spool.Beside(opts.Path)
	}
	s.cache = cache.New(cache.Limits{Records: opts.Caches.Records, Counts: opts.Caches.Counts})
	s.indexes = s.newTextIndex()
	for _, e := range opts.Schema.Entities {
		s.mappings[e] = table.New(e)
	}
	if err := s.open(ctx); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

func (s *Store) open(ctx context.Context) (err error) {
	if s.opts.Path == Memory {
		s.gate = &sync.RWMutex{}
	}
	if s.db, err = sqlite.Open(ctx, s.opts.file()); err != nil {
		return err
	}
	if err := s.spools.RemoveLeft(); err != nil {
		return err
	}
	if s.secret, err = s.loadSecret(); err != nil {
		return err
	}
	for e, t := range s.mappings {
		if e.Storage.SealedIDs {
			t.Sealer = crm.NewSealer(s.secret, e.Prefix)
		}
	}
	s.turns = newTurns()
	if s.readers, err = s.connect(ctx, s.turns.Places()); err != nil {
		return err
	}
	if s.accounts, err = s.connect(ctx, accountReaders); err != nil {
		return err
	}
	if s.writer, err = newWriter(s); err != nil {
		return err
	}
	s.start(ctx)
	return nil
}

// start starts what runs beside the requests.
func (s *Store) start(ctx context.Context) {
	s.done.Go(s.writer.run)
	s.dropReservations(ctx)
	s.done.Go(s.runMaintenance)
	s.done.Go(s.runCascades)
	s.done.Go(s.runIndexer)
}

// accountReaders is how many connections serve the reads that take no turn. They read
// single rows, so two suffice for any number of clients.
const accountReaders = 2

// connect returns that many reading connections, ready for use.
func (s *Store) connect(ctx context.Context, n int) (chan *sqlite.Conn, error) {
	readers := make(chan *sqlite.Conn, n)
	for range n {
		conn, err := s.db.Reader(ctx)
		if err != nil {
			return nil, err
		}
		readers <- conn
	}
	return readers, nil
}

// Close finishes the writes that wait, writes back what is kept in memory and
// closes the file. Later calls fail with a not_ready error. Close may be called
// again and waits until the store is closed.
func (s *Store) Close() error {
	s.closing.Do(func() { s.closeErr = s.close() })
	return s.closeErr
}

func (s *Store) close() error {
	close(s.draining)
	if s.writer != nil {
		s.FlushLastUsed(context.Background())
		s.spools.Release()
	}
	close(s.stop)
	s.done.Wait()
	var errs []error
	for _, readers := range []chan *sqlite.Conn{s.readers, s.accounts} {
		for range cap(readers) {
			errs = append(errs, (<-readers).Close()) // waits for reads under way
		}
	}
	errs = append(errs, s.spools.Close())
	if s.db != nil {
		errs = append(errs, s.db.Close())
	}
	return errors.Join(errs...)
}

// Now returns the store's time.
func (s *Store) Now() time.Time { return s.opts.Clock() }

// Plans returns the plans that this server knows.
func (s *Store) Plans() catalog.Plans { return s.opts.Plans }

// Random returns the store's source of random bytes, safe for concurrent use.
func (s *Store) Random() io.Reader { return s.random }

// Secret returns the key that signs cursors. It is made with the file.
func (s *Store) Secret() []byte { return s.secret }

// Spool makes an empty temporary file. The caller closes it; Close of the store does so as well.
func (s *Store) Spool() (*spool.File, error) { return s.spools.Create() }

// Ready reports whether the database answers reads; Probe tells of writes.
func (s *Store) Ready(ctx context.Context) error {
	var one int
	return s.Read(ctx, func(v *ReadTx) error { return v.Row(ctx, "SELECT 1", nil, &one) })
}

// lockedReader lets several goroutines draw from one source.
type lockedReader struct {
	mu   sync.Mutex
	from io.Reader
}

func (r *lockedReader) Read(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return io.ReadFull(r.from, p)
}

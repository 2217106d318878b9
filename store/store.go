package store

import (
	"context"
	"crypto/rand"
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"sync"
	"time"

	"crmkit/crm"
	"crmkit/crm/catalog"
	"crmkit/store/cache"
	"crmkit/store/changelog"
	"crmkit/store/erase"
	"crmkit/store/lastused"
	"crmkit/store/maintenance"
	"crmkit/store/notify"
	"crmkit/store/postgres"
	"crmkit/store/shape"
	"crmkit/store/spelling"
	"crmkit/store/spool"
	"crmkit/store/sqlite"
	"crmkit/store/table"
	"crmkit/store/textindex"
	"crmkit/store/txn"
	"crmkit/store/view"
)

// Options say which file to open and what the store takes from outside.
type Options struct {
	Path                       string                   // a file, Memory, or the URL or keyword string of a PostgreSQL database
	Schema                     *crm.Schema              // which entities there are
	Clock                      func() time.Time         // nil: time.Now
	Rand                       io.Reader                // nil: crypto/rand; ids, secrets and codes come from it
	Plans                      catalog.Plans            // nil: the built-in ones
	Plan                       string                   // of new users and workspaces; empty: crm.DefaultPlan
	Migrations                 fs.FS                    // further migrations, numbered after the built-in ones; may be nil
	Caches                     *Caches                  // nil: DefaultCaches
	LogDays                    int                      // for how long the log of changes is kept; 0: for ever
	TrashDays                  int                      // for how long deleted records can be restored; 0: for ever
	Log                        *slog.Logger             // nil: nothing is logged
	MaxWrite                   time.Duration            // of the writer's time for one write; 0: txn.DefaultMaxWrite
	idle                       time.Duration            // as in txn.Options
	tuning                     *txn.Tuning              // as in txn.Options
	tuneIndex                  func(*textindex.Options) // changes those of the text index; nil: nothing
	CascadeAtOnce, CascadeStep int                      // how many records change with another one in one transaction, and in a step; 0: the built-in limits
	Past                       view.PastLimits          // on questions about the past; zero: the built-in ones
	LockAs                     string                   // the command that takes the lock of the file, like "crmkit serve", which refusals of others name; empty: "crmkit"
}

// Shared reports whether the database is one of PostgreSQL, which several servers use.
func (o Options) Shared() bool { return postgres.IsAddress(o.Path) }

// Memory is the Path of a store that leaves nothing behind.
const Memory = sqlite.Memory

// Store is an open database. It is safe for concurrent use.
type Store struct {
	*view.Reads // the answers of one request to what was committed
	Schema      *crm.Schema

	opts        Options
	db          *txn.DB
	upkeep      *maintenance.Worker
	mappings    map[*crm.Entity]*table.Table
	rollups     map[*crm.Entity][]table.Rollup
	inherited   []table.InheritedRef
	words       map[*crm.Entity]spelling.Source // of which a shared database keeps the words; nil: the text index has them
	pendingView *table.PendingView
	shapes      *shape.Shapes
	cascades    cascades
	purges      *erase.Runner
	secret      []byte
	random      io.Reader
	lastUsed    *lastused.Buffer
	cache       *cache.Cache
	indexes     *textindex.Set
	spools      *spool.Set
	changes     *notify.Hub
	draining    chan struct{}  // closed when long writes should give up
	background  sync.WaitGroup // what runs beside the requests
	closing     sync.Once
	closeErr    error
}

// Open opens or makes the database, brings its schema up to date and starts the writer. It refuses, and changes
// nothing: a file that a newer version wrote, that is damaged or not its own, a place where it would not be safe, a
// file that another process owns, and an upgrade of a file that a process has open without the lock.
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
	if opts.Caches == nil {
		opts.Caches = DefaultCaches()
	}
	if opts.Shared() {
		opts.Caches = &Caches{} // what is kept in memory would not follow the writes of other servers
	}
	if opts.Log == nil {
		opts.Log = slog.New(slog.DiscardHandler)
	}
	s := &Store{Schema: opts.Schema, opts: opts, mappings: map[*crm.Entity]*table.Table{}, rollups: table.Rollups(opts.Schema), inherited: table.InheritedRefs(opts.Schema), pendingView: table.NewPendingView(opts.Schema), cascades: newCascades(opts), lastUsed: &lastused.Buffer{}, draining: make(chan struct{}),
		random: txn.SharedReader(opts.Rand)}
	if opts.Path == Memory || opts.Shared() {
		s.spools = spool.Beside("")
	} else {
		s.spools = spool.Beside(opts.Path)
	}
	s.cache = cache.New(cache.Limits{Records: opts.Caches.Records, Counts: opts.Caches.Counts})
	for _, e := range opts.Schema.Entities {
		s.mappings[e] = table.New(e)
	}
	if opts.Shared() {
		s.words = spelling.Sources(opts.Schema)
	}
	s.Reads = view.New(view.Options{Schema: s.Schema, Tables: s.mappings, Pending: s.pendingView, Cache: s.cache, LastUsed: s.lastUsed, TrashDays: opts.TrashDays, Search: opts.Caches.Search, Clock: opts.Clock, Log: opts.Log, Past: opts.Past, TuneIndex: opts.tuneIndex})
	s.indexes, s.shapes = s.Reads.Indexes(), shape.New(s.Schema, s.mappings, s.Snapshot)
	hub := notify.Options{Log: opts.Log, Stop: s.draining}
	if opts.Shared() {
		hub.Ends = s.logEnds
	}
	s.changes = notify.New(hub)
	if err := s.open(ctx); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// open opens the database, ends what an earlier process left (temporary files, reservations), and starts the work in
// the background. The secret must be there before the first read of an entity with sealed ids.
func (s *Store) open(ctx context.Context) (err error) {
	o := s.opts
	s.db, err = txn.Open(ctx, txn.Options{Open: o.open, Clock: o.Clock, Rand: s.random, Log: o.Log, Plans: o.Plans, Cache: s.cache, Indexes: s.indexes, MaxWrite: o.MaxWrite, Idle: o.idle, Tuning: o.tuning, Logged: s.changes.Changed})
	if err != nil {
		return err
	}
	s.Reads.SetDB(s.db)
	s.purges = erase.NewRunner(s.db, s.eraseHooks())
	s.upkeep = maintenance.New(maintenance.Options{DB: s.db, LastUsed: s.lastUsed, LogDays: o.LogDays, TrashDays: o.TrashDays, Erase: s.eraseHooks(), Log: o.Log, Draining: s.draining})
	if err := s.spools.RemoveLeft(); err != nil {
		return err
	}
	if s.secret, err = maintenance.Secret(ctx, s.db); err != nil {
		return err
	}
	for e, t := range s.mappings {
		if e.Storage.SealedIDs {
			t.Sealer = crm.NewSealer(s.secret, e.Prefix)
		}
	}
	if !o.Shared() { // else they may be of a server that runs
		maintenance.DropReservations(ctx, s.db, o.Log)
	}
	s.tieBefore(ctx)
	s.background.Go(s.upkeep.Run)
	s.background.Go(s.runCascades)
	s.background.Go(s.Reads.RunIndexer)
	s.background.Go(s.changes.Run)
	return nil
}

// Changes returns what wakes requests that wait for changes.
func (s *Store) Changes() *notify.Hub { return s.changes }

// logEnds returns the numbers of the last entries in the logs of workspaces.
func (s *Store) logEnds(ctx context.Context, workspaces []int64) (ends map[int64]int64, err error) {
	err = s.Read(ctx, func(v *ReadTx) error {
		ends, err = changelog.Ends(ctx, v, workspaces)
		return err
	})
	return ends, err
}

// Close finishes the writes that wait, writes back what is kept in memory and closes the file. Later calls fail with
// a not_ready error. Close may be called again and waits until the store is closed.
func (s *Store) Close() error {
	s.closing.Do(func() { s.closeErr = s.close() })
	return s.closeErr
}

// closePatience is how long Close waits for a database in the network that does not answer. With the time that requests
// and mails have before, a server ends within the ten seconds after which Docker kills it.
const closePatience = 1500 * time.Millisecond

func (s *Store) close() error {
	close(s.draining)
	if s.db != nil {
		defer time.AfterFunc(closePatience, s.db.Interrupt).Stop()
		s.FlushLastUsed(context.Background())
		s.spools.Release()
		s.db.Stop()
	}
	s.background.Wait()
	err := s.spools.Close()
	if s.db != nil {
		err = errors.Join(err, s.db.Close())
	}
	return err
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

// Caches bound what a store keeps in memory to answer faster.
type Caches = cache.Sizes

// DefaultCaches returns those of a store whose Options name none.
func DefaultCaches() *Caches { return cache.DefaultSizes() }

// Declared returns what a workspace has declared about its records, at a version that its row had or a later one.
func (s *Store) Declared(ctx context.Context, workspace, version int64) (crm.Rules, error) {
	return s.shapes.Of(ctx, workspace, version)
}

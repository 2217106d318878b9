package txn

import (
	"cmp"
	"context"
	"errors"
	"io"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"crmkit/crm/catalog"
	"crmkit/store/cache"
	"crmkit/store/engine"
	"crmkit/store/fair"
	"crmkit/store/textindex"
)

// Options say which database to open and what follows its commits.
type Options struct {
	Open     func(context.Context) (engine.DB, error) // opens or makes the database
	Clock    func() time.Time
	Rand     io.Reader // of ids, secrets and codes; safe for concurrent use
	Log      *slog.Logger
	Plans    catalog.Plans         // whose caps on storage hold
	Cache    *cache.Cache          // brought in step with each commit before it is answered
	Indexes  *textindex.Set        // likewise
	MaxWrite time.Duration         // of the writer's time for one write; 0: DefaultMaxWrite
	Idle     time.Duration         // without a write, after which the log is written into the file; 0: idleAfter
	Tuning   *Tuning               // nil: none
	Logged   func(workspace int64) // is called after the commit of a transaction that has continued the log of a workspace; nil: nothing is
}

// Tuning changes how connections and the writer work. Tests make moments certain with it that
// are rare otherwise. It may be changed while no write runs.
type Tuning struct {
	BatchTime time.Duration                   // after which no further write joins a batch; 0: batchTime
	MaxWrite  time.Duration                   // of the writer's time for one write; 0: Options.MaxWrite
	MaxHeld   time.Duration                   // for which a write waits for a head that others hold; 0: maxHeld
	NotAhead  bool                            // nothing is asked before the jobs run
	Connected func(engine.Conn) error         // called with each connection when it is opened, those of writers last; may be nil
	Commit    func(commit func() error) error // called instead of a COMMIT, which commit does; nil: that alone
}

// DB runs the reads and writes of an open database. It is safe for concurrent use.
type DB struct {
	opts     Options
	data     engine.DB
	traits   engine.Traits
	turns    *fair.Turns   // to read records
	readers  *pool         // one connection for each turn
	accounts *pool         // for token lookups and all that takes no turn
	gate     *sync.RWMutex // held by readers and the writer where the engine has no snapshots; else nil
	writers  []*writer     // one for each connection that writes; a workspace always has the same one
	cache    *cache.Cache
	indexes  *textindex.Set
	watch    atomic.Pointer[func(Batch)] // called after every batch; nil: nobody watches
	refused  atomic.Int64                // when the database was last refused, in seconds
	stop     chan struct{}               // closed when nothing more is taken
	stopping sync.Once
	running  sync.WaitGroup // the writers
}

// Open opens or makes the database, and starts the writers.
func Open(ctx context.Context, opts Options) (*DB, error) {
	if opts.Idle == 0 {
		opts.Idle = idleAfter
	}
	if opts.Tuning == nil {
		opts.Tuning = &Tuning{}
	}
	opts.Tuning.BatchTime = cmp.Or(opts.Tuning.BatchTime, batchTime)
	opts.Tuning.MaxWrite = cmp.Or(opts.Tuning.MaxWrite, opts.MaxWrite, DefaultMaxWrite)
	opts.Tuning.MaxHeld = cmp.Or(opts.Tuning.MaxHeld, maxHeld)
	d := &DB{opts: opts, cache: opts.Cache, indexes: opts.Indexes, stop: make(chan struct{})}
	if err := d.open(ctx); err != nil {
		return nil, errors.Join(err, d.Close())
	}
	for _, w := range d.writers {
		d.running.Go(w.run)
	}
	return d, nil
}

func (d *DB) open(ctx context.Context) (err error) {
	if d.data, err = d.opts.Open(ctx); err != nil {
		return err
	}
	if d.traits = d.data.Traits(); d.traits.Exclusive {
		d.gate = &sync.RWMutex{}
	}
	d.turns = newTurns(cmp.Or(d.traits.Reads, processors()))
	if d.readers, err = d.connect(ctx, d.turns.Places()); err != nil {
		return err
	}
	if d.accounts, err = d.connect(ctx, cmp.Or(d.traits.Accounts, AccountReaders)); err != nil {
		return err
	}
	for _, conn := range d.data.Writers() {
		if err := d.connected(conn); err != nil {
			return err
		}
		w, err := newWriter(d, conn)
		if err != nil {
			return err
		}
		d.writers = append(d.writers, w)
	}
	return nil
}

// AccountReaders is how many connections to a file serve the reads that take no turn. They read
// single rows, so two suffice for any number of clients.
const AccountReaders = 2

// connect returns n reading connections, ready for use. After an error none is open.
func (d *DB) connect(ctx context.Context, n int) (*pool, error) {
	readers := newPool(n)
	for i := range n {
		conn, err := d.data.Reader(ctx)
		if err != nil {
			return nil, errors.Join(err, readers.close(i))
		}
		readers.put(conn)
		if err := d.connected(conn); err != nil {
			return nil, errors.Join(err, readers.close(i+1))
		}
	}
	return readers, nil
}

// connected gives a new connection to the hook of Tuning.
func (d *DB) connected(conn engine.Conn) error {
	if d.opts.Tuning.Connected == nil {
		return nil
	}
	return d.opts.Tuning.Connected(conn)
}

// Places returns how many reads of records run at the same time.
func (d *DB) Places() int { return d.turns.Places() }

// Stopping is closed when no further read or write is taken.
func (d *DB) Stopping() <-chan struct{} { return d.stop }

// Stop refuses further reads and writes, and returns when the writes that waited are done. It
// may be called again.
func (d *DB) Stop() {
	d.stopping.Do(func() { close(d.stop) })
	d.running.Wait()
}

// Interrupt ends statements that wait for a server in the network. Writes that are lost by that are not
// answered as saved.
func (d *DB) Interrupt() {
	if remote, is := d.data.(engine.Remote); is {
		remote.Interrupt()
	}
}

// Close stops, waits for the reads under way, and closes the file. It must be called once.
func (d *DB) Close() error {
	d.Stop()
	var errs []error
	for _, readers := range []*pool{d.readers, d.accounts} {
		if readers != nil {
			errs = append(errs, readers.close(cap(readers.places)))
		}
	}
	if d.data != nil {
		errs = append(errs, d.data.Close())
	}
	return errors.Join(errs...)
}

// Ready reports whether the database answers reads; a write that does nothing tells of writes.
func (d *DB) Ready(ctx context.Context) error {
	var one int
	return d.Read(ctx, func(v *ReadTx) error { return v.Row(ctx, "SELECT 1", nil, &one) })
}

// Now returns the time of the database's clock.
func (d *DB) Now() time.Time { return d.opts.Clock() }

// CommitsSeen is the number of the last commit that cache and text index have. A reader
// compares it with LastCommit of its snapshot.
func (d *DB) CommitsSeen() int64 { return d.writers[0].known.Load() }

// Writers returns how many transactions can write at the same time, in different workspaces.
func (d *DB) Writers() int { return len(d.writers) }

// Tidy deletes what the engine keeps for itself and does not need any more.
func (d *DB) Tidy(ctx context.Context) error { return d.data.Tidy(ctx) }

// Shared reports whether other processes write to the database, so that nothing of it may be
// kept in memory.
func (d *DB) Shared() bool { return d.traits.Shared }

// FindsParts reports whether the database has indexes that find parts of texts.
func (d *DB) FindsParts() bool { return d.traits.FindsParts }

// Fault says what kind of failure an error is that a statement returned.
func (d *DB) Fault(err error) engine.Fault { return d.data.Fault(err) }

// SharedReader returns a source of random bytes from which several goroutines may draw.
func SharedReader(from io.Reader) io.Reader { return &sharedReader{from: from} }

type sharedReader struct {
	mu   sync.Mutex
	from io.Reader
}

func (r *sharedReader) Read(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return io.ReadFull(r.from, p)
}

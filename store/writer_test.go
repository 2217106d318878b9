package store

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"crmkit/crm"
	"crmkit/store/storetest/kit"
)

// block keeps all writers that have a workspace in a job until release is called, which waits for the
// jobs to end.
func (f *fixture) block() (release func()) {
	f.t.Helper()
	releases := []func(){f.blockWriterOf(crm.Actor{})}
	for writer := 1; writer < f.db.Writers(); writer++ {
		for _, workspace := range f.raw(1, "SELECT MIN(number) FROM workspaces WHERE number % $1 = $2 HAVING COUNT(*) > 0", f.db.Writers(), writer) {
			number, err := strconv.ParseInt(workspace, 10, 64)
			must(f.t, err)
			releases = append(releases, f.blockWriterOf(crm.Actor{Workspace: number}))
		}
	}
	return func() {
		for _, release := range releases {
			release()
		}
	}
}

// blockWriterOf keeps the writer of a workspace in a job until release is called, which waits for the
// job to end.
func (f *fixture) blockWriterOf(actor crm.Actor) (release func()) {
	f.t.Helper()
	entered, leave := make(chan struct{}), make(chan struct{})
	enter := sync.OnceFunc(func() { close(entered) }) // a write may run again
	ended := make(chan error, 1)
	go func() {
		ended <- f.Write(context.Background(), crm.Actor{Workspace: actor.Workspace}, func(*Tx) error {
			enter()
			<-leave
			return nil
		})
	}()
	select {
	case <-entered:
	case err := <-ended:
		f.t.Fatalf("the blocking write: %v", err)
	}
	return func() {
		close(leave)
		if err := <-ended; err != nil {
			f.t.Errorf("the blocking write: %v", err)
		}
	}
}

// queue starts writes, which wait in the given order while the writer is blocked. answers waits for
// their errors.
func (f *fixture) queue(ctx context.Context, actor crm.Actor, jobs ...func(*Tx) error) (answers func() []error) {
	var done sync.WaitGroup
	errs := make([]error, len(jobs))
	for i, job := range jobs {
		before := f.Stats().Waiting
		done.Go(func() { errs[i] = f.Write(ctx, actor, job) })
		for f.Stats().Waiting == before {
			runtime.Gosched()
		}
	}
	return func() []error {
		done.Wait()
		return errs
	}
}

// insert is a job that creates one contact.
func (f *fixture) insert(name string) func(*Tx) error {
	d := f.draft("contact", "name", name)
	return func(tx *Tx) error {
		_, err := tx.Save(d)
		return err
	}
}

func (f *fixture) names(actor crm.Actor) string {
	return strings.Join(f.raw(1, "SELECT name FROM contacts WHERE workspace_id = $1 ORDER BY key", actor.Workspace), " ")
}

func TestFailingWriteRollsBackAlone(t *testing.T) {
	engines(t, func(t *testing.T, f *fixture) {
		ann := f.member("ann@example.com")
		oops := errors.New("oops")
		failing := func(tx *Tx) error {
			return errors.Join(f.insert("lost")(tx), oops)
		}
		broken := func(tx *Tx) error {
			return errors.Join(f.insert("lost")(tx), tx.Exec("INSERT INTO nowhere VALUES (1)"))
		}
		panicking := func(tx *Tx) error {
			_ = f.insert("lost")(tx)
			panic("at the disco")
		}
		release := f.block()
		answers := f.queue(t.Context(), ann, f.insert("one"), failing, f.insert("two"), broken, panicking, f.insert("three"))
		release()
		errs := answers()
		if errs[0] != nil || errs[2] != nil || errs[5] != nil {
			t.Errorf("writes in a batch with a failing one: %v", errs)
		}
		if !errors.Is(errs[1], oops) || errs[3] == nil || errs[4] == nil || !strings.Contains(errs[4].Error(), "at the disco") {
			t.Errorf("failing writes answer %v", errs)
		}
		if got := f.names(ann); got != "one two three" {
			t.Errorf("the table has %q", got)
		}
		if got := f.raw(1, "SELECT n FROM usage WHERE workspace_id = $1 AND kind = 'contacts'", ann.Workspace); got[0] != "3" {
			t.Errorf("usage counts %v", got)
		}
	})
}

// TestBatchesRunAgainWhereTheyMust counts how often a write runs that is in a batch with one that
// fails. It runs again only if the failed write has changed something.
func TestBatchesRunAgainWhereTheyMust(t *testing.T) {
	engines(t, func(t *testing.T, f *fixture) {
		ann := f.member("ann@example.com")
		oops := errors.New("oops")
		part := func(tx *Tx) error {
			_ = tx.Savepoint(func() error { return errors.Join(f.insert("lost")(tx), oops) })
			return f.insert("whole")(tx)
		}
		for _, c := range []struct {
			name  string
			other func(*Tx) error
			runs  int
			names string // of the contacts that are added last
		}{
			{"none", func(*Tx) error { return nil }, 1, "x0"},
			{"before it writes", func(tx *Tx) error { _, err := tx.Row("SELECT 1", nil, new(int)); return errors.Join(oops, err) }, 1, "x1"},
			{"after it wrote", func(tx *Tx) error { return errors.Join(f.insert("lost")(tx), oops) }, 2, "x2"},
			{"in a part, before it writes", func(tx *Tx) error { return tx.Savepoint(func() error { return oops }) }, 1, "x3"},
			{"in a part, after it wrote", part, 2, "x4 whole"},
			{"and its changes stay", func(tx *Tx) error { return errors.Join(f.insert("kept")(tx), tx.CommitWithError(oops)) }, 1, "x5 kept"},
		} {
			runs := 0
			insert := f.insert(strings.Fields(c.names)[0])
			release := f.block()
			answers := f.queue(t.Context(), ann, func(tx *Tx) error { runs++; return insert(tx) }, c.other)
			release()
			if errs := answers(); errs[0] != nil || runs != c.runs {
				t.Errorf("a write with one that fails %s: %d runs, %v", c.name, runs, errs[0])
			}
			if got := f.names(ann); !strings.HasSuffix(got, c.names) || strings.Contains(got, "lost") {
				t.Errorf("with one that fails %s the table has %q", c.name, got)
			}
		}
		if err := f.Write(t.Context(), ann, part); err != nil || !strings.HasSuffix(f.names(ann), "kept whole") {
			t.Errorf("a savepoint that fails alone: %v, the table has %q", err, f.names(ann))
		}
		f.checkCounters(ann)
	})
}

// TestCancelledWriteRunsAgainWithItsBatch cancels a write between the two runs of its batch. It is
// committed all the same, because other writes of the batch may have read its changes.
func TestCancelledWriteRunsAgainWithItsBatch(t *testing.T) {
	engines(t, func(t *testing.T, f *fixture) {
		ann := f.member("ann@example.com")
		oops := errors.New("oops")
		ctx, cancel := context.WithCancel(t.Context())
		release := f.block()
		first := f.queue(ctx, ann, f.insert("one"))
		others := f.queue(t.Context(), ann, f.insert("two"), func(tx *Tx) error {
			cancel()
			return errors.Join(f.insert("lost")(tx), oops)
		})
		release()
		_ = first() // the error of the cancellation, or the answer of the write
		if errs := others(); errs[0] != nil || !errors.Is(errs[1], oops) {
			t.Errorf("%v", errs)
		}
		if got := f.names(ann); got != "one two" {
			t.Errorf("the table has %q", got)
		}
	})
}

func TestWaitingWritesCommitTogether(t *testing.T) {
	engines(t, func(t *testing.T, f *fixture) {
		ann := f.member("ann@example.com")
		f.tuning.BatchTime = time.Minute
		commits := 0
		f.Watch(func(b Batch) {
			if b.Commit > 0 {
				commits++
			}
		})
		release := f.blockWriterOf(ann)
		seen := make([]int64, 50)
		jobs := make([]func(*Tx) error, len(seen))
		for i := range jobs {
			insert := f.insert(fmt.Sprint("n", i))
			jobs[i] = func(tx *Tx) error {
				if _, err := tx.Row("SELECT COUNT(*) FROM contacts WHERE workspace_id = $1", []any{ann.Workspace}, &seen[i]); err != nil {
					return err
				}
				return insert(tx)
			}
		}
		answers := f.queue(t.Context(), ann, jobs...)
		release()
		for i, err := range answers() {
			if err != nil || seen[i] != int64(i) {
				t.Errorf("write %d saw %d rows, %v", i, seen[i], err)
			}
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
		if commits != 2 {
			t.Errorf("%d commits for the blocking write and 50 that waited together", commits)
		}
	})
}

func TestAfterRunsOnceCommitted(t *testing.T) {
	onDisk(t, func(t *testing.T, f *fixture) {
		ann := f.member("ann@example.com")
		var calls []string
		after := func(name string, fail error) func(*Tx) error {
			insert := f.insert(name)
			return func(tx *Tx) error {
				tx.After(func() { calls = append(calls, name+": "+f.names(ann)) })
				return errors.Join(insert(tx), fail)
			}
		}
		panicking := func(tx *Tx) error {
			tx.After(func() { calls = append(calls, "after a panic") })
			panic("no")
		}
		release := f.block()
		answers := f.queue(t.Context(), ann, after("one", nil), after("bad", errors.New("no")), panicking, after("two", nil))
		if len(calls) != 0 {
			t.Errorf("called before the commit: %q", calls)
		}
		release()
		answers()
		if got := strings.Join(calls, ", "); got != "one: one two, two: one two" {
			t.Errorf("calls were %q", got)
		}
	})
}

func TestCancelledWriteIsNotRun(t *testing.T) {
	engines(t, func(t *testing.T, f *fixture) {
		ann := f.member("ann@example.com")
		release := f.block()
		ctx, cancel := context.WithCancel(t.Context())
		ran := false
		cancelled := f.queue(ctx, ann, func(*Tx) error {
			ran = true
			return nil
		})
		other := f.queue(t.Context(), ann, f.insert("other"))
		cancel()
		release()
		if err := cancelled()[0]; !errors.Is(err, context.Canceled) || ran {
			t.Errorf("a cancelled write: %v, ran %v", err, ran)
		}
		if err := other()[0]; err != nil || f.names(ann) != "other" {
			t.Errorf("the write after it: %v, names %q", err, f.names(ann))
		}
		err := f.Write(ctx, ann, f.insert("late"))
		if !errors.Is(err, context.Canceled) || f.names(ann) != "other" {
			t.Errorf("a write that was cancelled before: %v, names %q", err, f.names(ann))
		}
	})
}

// TestCancelWhileRunningDoesNotTear cancels a write while it runs. It fails at its next statement,
// and none of its changes is committed.
func TestCancelWhileRunningDoesNotTear(t *testing.T) {
	engines(t, func(t *testing.T, f *fixture) {
		ann := f.member("ann@example.com")
		ctx, cancel := context.WithCancel(t.Context())
		release := f.block()
		answers := f.queue(t.Context(), ann, f.insert("before"))
		left := f.queue(ctx, ann, func(tx *Tx) error {
			err := f.insert("one")(tx)
			cancel()
			return errors.Join(err, f.insert("two")(tx))
		})
		after := f.queue(t.Context(), ann, f.insert("after"))
		release()
		if err := left()[0]; !errors.Is(err, context.Canceled) {
			t.Errorf("the cancelled write: %v", err)
		}
		if errs := append(answers(), after()...); errs[0] != nil || errs[1] != nil {
			t.Errorf("the writes before and after it: %v", errs)
		}
		if got := f.names(ann); got != "before after" {
			t.Errorf("the table has %q", got)
		}
		f.checkCounters(ann)
	})
}

// endless is SQL that returns no row and does not end. It can be interrupted.
const endless = "SELECT i FROM (WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n WHERE i < 0) e"

func never(func(...any) error) error { return errors.New("it has a row") }

// TestSlowWritesAreTakenOut runs writes that take too long in a batch with others: in one statement
// that reads, in one that writes, whose interruption ends the transaction, and in many statements.
func TestSlowWritesAreTakenOut(t *testing.T) {
	engines(t, func(t *testing.T, f *fixture) {
		ann := f.member("ann@example.com")
		f.tuning.MaxWrite = 100 * time.Millisecond
		runs := 0
		reading := func(tx *Tx) error {
			runs++
			return errors.Join(f.insert("lost")(tx), tx.Rows(endless, nil, never))
		}
		writing := func(tx *Tx) error {
			runs++
			_ = tx.Rows("UPDATE contacts SET stage = 'lost' WHERE key IN ("+endless+") RETURNING key", nil, never)
			return f.insert("lost")(tx)
		}
		many := func(tx *Tx) error {
			runs++
			for {
				if err := tx.Savepoint(func() error { return f.insert("lost")(tx) }); err != nil {
					return nil // like an import, which takes it for an error of one row
				}
			}
		}
		release := f.block()
		answers := f.queue(t.Context(), ann, f.insert("one"), reading, f.insert("two"), writing, f.insert("three"), many, f.insert("four"))
		release()
		for i, err := range answers() {
			if i%2 == 0 && err != nil {
				t.Errorf("write %d with slow ones: %v", i, err)
			}
			if i%2 == 1 {
				kit.WantCode(t, fmt.Sprint("slow write ", i), err, crm.NotReady)
			}
		}
		if runs != 3 {
			t.Errorf("three slow writes ran %d times", runs)
		}
		if got := f.names(ann); got != "one two three four" {
			t.Errorf("the table has %q", got)
		}
		f.checkCounters(ann)
	})
}

// TestCloseEndsSlowWrites closes the store while a write that would never end runs.
func TestCloseEndsSlowWrites(t *testing.T) {
	engines(t, func(t *testing.T, f *fixture) {
		ann := f.member("ann@example.com")
		f.tuning.MaxWrite = 100 * time.Millisecond
		running := make(chan struct{})
		ended := make(chan error)
		go func() {
			ended <- f.Write(t.Context(), ann, func(tx *Tx) error {
				close(running)
				return tx.Rows(endless, nil, never)
			})
		}()
		<-running
		if err := f.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
		kit.WantCode(t, "the slow write", <-ended, crm.NotReady)
	})
}

func TestCloseAnswersEveryWrite(t *testing.T) {
	onDisk(t, func(t *testing.T, f *fixture) {
		ann := f.member("ann@example.com")
		jobs := make([]func(*Tx) error, 20)
		for i := range jobs {
			jobs[i] = f.insert(fmt.Sprint("n", i))
		}
		release := f.block()
		answers := f.queue(t.Context(), ann, jobs...)
		closed := make(chan error)
		go func() { closed <- f.Close() }()
		<-f.db.Stopping()
		release()
		for i, err := range answers() {
			if err != nil {
				t.Errorf("write %d that waited: %v", i, err)
			}
		}
		if err := <-closed; err != nil {
			t.Errorf("Close: %v", err)
		}
		again := openWith(t, f.clock, f.opts)
		if n := len(strings.Fields(again.names(ann))); n != len(jobs) {
			t.Errorf("%d of %d writes are in the file", n, len(jobs))
		}
	})
}

func TestWriteAfterCloseIsNotReady(t *testing.T) {
	engines(t, func(t *testing.T, f *fixture) {
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
		for range 20 {
			err := f.Write(t.Context(), crm.Actor{}, func(*Tx) error {
				t.Error("ran after Close")
				return nil
			})
			kit.WantCode(t, "Write after Close", err, crm.NotReady)
		}
	})
}

// TestConcurrentCloseIsSafe writes while the store closes. Every write is either committed and
// answered, or refused.
func TestConcurrentCloseIsSafe(t *testing.T) {
	onDisk(t, func(t *testing.T, f *fixture) {
		ann := f.member("ann@example.com")
		insert := f.insert("kept")
		var mu sync.Mutex
		committed := 0
		kit.Together(24, func(i int) {
			if i%6 == 5 {
				if err := f.Close(); err != nil {
					t.Errorf("Close: %v", err)
				}
				return
			}
			for range 20 {
				err := f.Write(context.Background(), ann, insert)
				if err != nil && kit.CodeOf(err) != crm.NotReady {
					t.Errorf("Write: %v", err)
				}
				mu.Lock()
				if err == nil {
					committed++
				}
				mu.Unlock()
			}
		})
		again := openWith(t, f.clock, f.opts)
		if n := len(strings.Fields(again.names(ann))); n != committed {
			t.Errorf("%d writes were answered, %d are in the file", committed, n)
		}
	})
}

func TestEveryReadAfterCloseIsNotReady(t *testing.T) {
	engines(t, func(t *testing.T, f *fixture) {
		ann := f.member("ann@example.com")
		jane := f.save(ann, "contact", "name", "Jane")
		q := f.question(ann, "contact", "")
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
		_, err := f.Record(t.Context(), ann, jane.Entity, jane.Key)
		kit.WantCode(t, "Record after Close", err, crm.NotReady)
		_, err = f.List(t.Context(), ann, q)
		kit.WantCode(t, "List after Close", err, crm.NotReady)
		err = f.Ready(t.Context())
		kit.WantCode(t, "Ready after Close", err, crm.NotReady)
	})
}

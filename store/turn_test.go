package store

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"crmkit/crm"
	"crmkit/store/txn"
)

// TestOneUserCannotHoldAllReaders begins as many reads of one user as may run at once, in two
// workspaces. A read of another user and a lookup of a token must not wait for them.
func TestOneUserCannotHoldAllReaders(t *testing.T) {
	onDisk(t, func(t *testing.T, f *fixture) {
		ann, bob := f.member("ann@example.com"), f.member("bob@example.com")
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		for i := range f.db.Places() - 1 {
			there := ann
			there.Workspace += int64(i % 2)
			_, end, err := f.db.Turn(ctx, there)
			if err != nil {
				t.Fatal(err)
			}
			defer end()
		}
		waiting := make(chan error)
		go func() {
			_, end, err := f.db.Turn(ctx, ann)
			if err == nil {
				end()
			}
			waiting <- err
		}()
		for f.Stats().Reading == 0 {
			time.Sleep(time.Millisecond)
		}
		if _, err := f.List(ctx, bob, f.question(bob, "contact", "")); err != nil {
			t.Errorf("a list of another user: %v", err)
		}
		if err := f.Ready(ctx); err != nil {
			t.Errorf("a token lookup: %v", err)
		}
		select {
		case <-waiting:
			t.Error("a read beyond the share did not wait")
		default:
		}
		cancel()
		if err := <-waiting; !errors.Is(err, context.Canceled) {
			t.Errorf("a read that was given up answers %v", err)
		}
		if f.Stats().Reading != 0 {
			t.Error("a read that was given up still waits")
		}
	})
}

// TestWritesOfOthersGoFirst queues many writes of one user, then one of another user, which must
// not wait for all of them.
func TestWritesOfOthersGoFirst(t *testing.T) {
	engines(t, func(t *testing.T, f *fixture) {
		ann, bob := f.member("ann@example.com"), f.member("bob@example.com")
		var mu sync.Mutex
		var order []int64
		note := func(tx *Tx) error {
			mu.Lock()
			defer mu.Unlock()
			order = append(order, tx.Actor.User)
			return nil
		}
		bob.Workspace = ann.Workspace // on PostgreSQL other workspaces may have another writer, which waits for nobody
		release := f.block()
		many := f.queue(t.Context(), ann, slices.Repeat([]func(*Tx) error{note}, 50)...)
		one := f.queue(t.Context(), bob, note)
		release()
		if err := errors.Join(append(many(), one()...)...); err != nil {
			t.Fatal(err)
		}
		if at := slices.Index(order, bob.User); at > 2 {
			t.Errorf("the other user's write came as number %d of %d", at+1, len(order))
		}
	})
}

// TestLongWritesEndTheirBatch checks that a long write is answered before the next write in the
// queue runs.
func TestLongWritesEndTheirBatch(t *testing.T) {
	engines(t, func(t *testing.T, f *fixture) {
		ann := f.member("ann@example.com")
		answered := make(chan struct{})
		long := func(*Tx) error {
			time.Sleep(2 * f.tuning.BatchTime)
			return nil
		}
		next := func(*Tx) error {
			select {
			case <-answered:
				return nil
			case <-time.After(10 * time.Second):
				return errors.New("the long write before was not answered")
			}
		}
		release := f.block()
		first := f.queue(t.Context(), ann, long)
		second := f.queue(t.Context(), ann, next)
		go func() {
			first()
			close(answered)
		}()
		release()
		if err := errors.Join(second()...); err != nil {
			t.Error(err)
		}
	})
}

// TestCancelledWaitingWritesAreDropped cancels a write that waits. It returns at once and does
// not run.
func TestCancelledWaitingWritesAreDropped(t *testing.T) {
	engines(t, func(t *testing.T, f *fixture) {
		ann := f.member("ann@example.com")
		ctx, cancel := context.WithCancel(t.Context())
		release := f.block()
		answers := f.queue(ctx, ann, f.insert("gone"))
		cancel()
		if errs := answers(); !errors.Is(errs[0], context.Canceled) {
			t.Errorf("the write answers %v", errs[0])
		}
		release()
		if got := f.names(ann); got != "" {
			t.Errorf("the table has %q", got)
		}
	})
}

// TestOneUserCannotFillTheQueue fills the share of one user in the queue of writes, from two
// workspaces. The next write of this user is refused, one of another user runs.
func TestOneUserCannotFillTheQueue(t *testing.T) {
	engines(t, func(t *testing.T, f *fixture) {
		ann, bob := f.member("ann@example.com"), f.member("bob@example.com")
		release := f.block()
		var waiting sync.WaitGroup
		errs := make(chan error, 2*txn.MaxWaitingOfOne)
		there := ann
		there.Workspace += int64(f.db.Writers()) // which has the same writer
		for i := range txn.MaxWaitingOfOne + 1 {
			waiting.Go(func() { errs <- f.Write(t.Context(), []crm.Actor{ann, there}[i%2], func(*Tx) error { return nil }) })
		}
		var refused *crm.Error
		if err := <-errs; !errors.As(err, &refused) || refused.Code != crm.RateLimited || refused.RetryAfter == 0 {
			t.Errorf("the write beyond the share answers %v", err)
		}
		other := f.queue(t.Context(), bob, f.insert("Bob"))
		release()
		if err := errors.Join(other()...); err != nil {
			t.Errorf("a write of another user: %v", err)
		}
		waiting.Wait()
		for range txn.MaxWaitingOfOne {
			if err := <-errs; err != nil {
				t.Fatal(err)
			}
		}
	})
}

// TestReadsOfRecordsTakeTurns takes all connections for reads of accounts. Reads of records must
// not need them.
func TestReadsOfRecordsTakeTurns(t *testing.T) {
	engines(t, func(t *testing.T, f *fixture) {
		ann := f.member("ann@example.com")
		rec := f.save(ann, "contact", "name", "Jane Doe", "stage", "lead")
		defer f.holdAccountReaders()()
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		e := f.Schema.ByName("contact")
		for name, read := range map[string]func() error{
			"Record": func() error { _, err := f.Record(ctx, ann, e, rec.Key); return err },
			"List": func() error {
				_, err := f.List(ctx, ann, f.question(ann, "contact", "stage=lead&total=exact"))
				return err
			},
			"search": func() error { _, err := f.List(ctx, ann, f.question(ann, "contact", "search=jane")); return err },
			"Search": func() error { _, err := f.Search(ctx, ann, f.find(ann, "contact", "jane")); return err },
			"Usage":  func() error { _, err := f.Usage(ctx, ann); return err },
			"Last":   func() error { _, err := f.LastKey(ctx, ann); return err },
			"Suggest": func() error {
				_, err := f.Suggest(ctx, ann, e, f.question(ann, "contact", "search=jame").Terms)
				return err
			},
		} {
			if err := read(); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}

func must(t interface{ Fatal(...any) }, err error) {
	if err != nil {
		t.Fatal(err)
	}
}

// holdAccountReaders takes the connections for account reads away until release is called.
func (f *fixture) holdAccountReaders() (release func()) {
	done := make(chan struct{})
	var held, ended sync.WaitGroup
	for range len(f.conns) - f.db.Places() - f.db.Writers() {
		held.Add(1)
		ended.Go(func() {
			err := f.Read(context.Background(), func(*ReadTx) error {
				held.Done()
				<-done
				return nil
			})
			if err != nil {
				f.t.Error(err)
			}
		})
	}
	held.Wait()
	return func() {
		close(done)
		ended.Wait()
	}
}

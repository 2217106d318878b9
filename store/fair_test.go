package store

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"crmkit/crm"
)

// TestFairQueueSharesTime lets workspaces with work of different lengths compete, all of
// them always with something to do, and compares the time that each was given.
func TestFairQueueSharesTime(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		took := rapid.SliceOfN(rapid.IntRange(1, 100), 2, 6).Draw(t, "milliseconds of one job, by workspace")
		q := newFairQueue[int](1000, 1000)
		given := make([]time.Duration, len(took))
		for w := range took {
			must(t, q.push(int64(w), 0))
			must(t, q.push(int64(w), 0))
		}
		longest := time.Duration(slices.Max(took)) * time.Millisecond
		for slices.Min(given) < 10*longest {
			_, tk, _ := q.pop(anyWorkspace)
			w := tk.tenant
			given[w] += time.Duration(took[w]) * time.Millisecond
			q.finish(tk, time.Duration(took[w])*time.Millisecond)
			must(t, q.push(w, 0))
		}
		if apart := slices.Max(given) - slices.Min(given); apart > 3*longest {
			t.Fatalf("given %v, so %v apart, with jobs of at most %v", given, apart, longest)
		}
	})
}

// TestFairQueueKeepsOrderAndLimits compares a queue with a naive one for each workspace.
func TestFairQueueKeepsOrderAndLimits(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const limit, share = 12, 5
		q, model := newFairQueue[int](limit, share), map[int64][]int{}
		waiting := func() (n int) {
			for _, items := range model {
				n += len(items)
			}
			return n
		}
		var open []ticket
		for i := range rapid.IntRange(1, 100).Draw(t, "steps") {
			w := int64(rapid.IntRange(1, 4).Draw(t, "workspace"))
			switch rapid.SampledFrom([]string{"push", "push", "pop", "remove", "finish", "unpop"}).Draw(t, "step") {
			case "push":
				full := waiting() >= limit || len(model[w]) >= share
				if err := q.push(w, i); (err != nil) != full {
					t.Fatalf("push with %d of %d waiting: %v", len(model[w]), waiting(), err)
				} else if err == nil {
					model[w] = append(model[w], i)
				}
			case "pop", "unpop":
				item, tk, found := q.pop(func(other int64) bool { return other != w })
				if found != (waiting() > len(model[w])) {
					t.Fatalf("pop found %t with %v waiting, all but %d", found, model, w)
				}
				if !found {
					continue
				}
				if model[tk.tenant][0] != item {
					t.Fatalf("pop gives %d of %d, whose queue is %v", item, tk.tenant, model[tk.tenant])
				}
				if rapid.Bool().Draw(t, "put it back") {
					q.unpop(tk, item)
					continue
				}
				model[tk.tenant] = model[tk.tenant][1:]
				open = append(open, tk)
			case "remove":
				if len(model[w]) > 0 {
					at := rapid.IntRange(0, len(model[w])-1).Draw(t, "at")
					if !q.remove(w, model[w][at]) || q.remove(w, model[w][at]) {
						t.Fatalf("remove of %v", model[w])
					}
					model[w] = slices.Delete(model[w], at, at+1)
				}
			case "finish":
				if len(open) > 0 {
					q.finish(open[0], time.Millisecond)
					open = open[1:]
				}
			}
			if q.waiting != waiting() || q.running != len(open) {
				t.Fatalf("%d wait and %d run; the model has %d and %d", q.waiting, q.running, waiting(), len(open))
			}
		}
	})
}

func anyWorkspace(int64) bool { return true }

func must(t interface{ Fatal(...any) }, err error) {
	if err != nil {
		t.Fatal(err)
	}
}

// TestFairQueueForgetsIdleWorkspaces holds that what is remembered is bounded.
func TestFairQueueForgetsIdleWorkspaces(t *testing.T) {
	q := newFairQueue[int](10, 10)
	must(t, q.push(0, 0)) // so that the queue is never idle as a whole
	for w := range int64(1000) {
		must(t, q.push(1+w, 0))
		_, tk, _ := q.pop(func(other int64) bool { return other > 0 })
		q.finish(tk, time.Second)
	}
	if len(q.tenants) > 2*q.limit {
		t.Errorf("%d workspaces are remembered", len(q.tenants))
	}
}

// TestOneUserCannotHoldAllReaders begins as many reads of one user as may be held, in two
// workspaces; another's read must not wait for them, nor a token lookup for either.
func TestOneUserCannotHoldAllReaders(t *testing.T) {
	f := onFile(t)
	ann, bob := f.member("ann@example.com"), f.member("bob@example.com")
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	held, alone := 0, f.turns.cores
	for ; f.turns.may(tenantOf(ann)); held++ {
		there := ann
		there.Workspace += int64(held % 2)
		_, end, err := f.turn(ctx, there)
		if err != nil {
			t.Fatal(err)
		}
		defer end()
	}
	if held != alone {
		t.Errorf("a user alone may hold %d readers, want %d", held, alone)
	}
	waiting := make(chan error)
	go func() {
		_, end, err := f.turn(ctx, ann)
		if err == nil {
			end()
		}
		waiting <- err
	}()
	for f.turns.waiting() == 0 {
		time.Sleep(time.Millisecond)
	}
	if _, err := f.List(ctx, bob, f.question(bob, "contact", "")); err != nil {
		t.Errorf("another's list: %v", err)
	}
	if err := f.Ready(ctx); err != nil {
		t.Errorf("a token lookup: %v", err)
	}
	f.turns.mu.Lock()
	if f.turns.may(tenantOf(ann)) {
		t.Error("a user who holds most readers may hold one more beside another")
	}
	f.turns.mu.Unlock()
	select {
	case <-waiting:
		t.Error("a read beyond the share did not wait")
	default:
	}
	cancel()
	if err := <-waiting; !errors.Is(err, context.Canceled) {
		t.Errorf("a read that was given up answers %v", err)
	}
	if f.turns.waiting() != 0 {
		t.Error("a read that was given up still waits")
	}
}

// TestTurnsAreGivenBack lets readers of three workspaces compete, some of which give up,
// and checks that every place is free again.
func TestTurnsAreGivenBack(t *testing.T) {
	f := onFile(t)
	var done sync.WaitGroup
	for i := range 60 {
		done.Go(func() {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			if i%3 == 0 {
				go cancel()
			}
			if _, end, err := f.turn(ctx, crm.Actor{User: int64(1 + i%3)}); err == nil {
				end()
			}
		})
	}
	done.Wait()
	f.turns.mu.Lock()
	defer f.turns.mu.Unlock()
	if f.turns.free != f.turns.cores+1 || len(f.turns.held) != 0 || f.turns.queue.running != 0 || f.turns.queue.waiting != 0 {
		t.Errorf("after all reads %d places are free, %v held, %d run, %d wait", f.turns.free, f.turns.held, f.turns.queue.running, f.turns.queue.waiting)
	}
}

// TestWritesOfOthersGoFirst queues many writes of one workspace, then one of another; it
// must not wait for all of them.
func TestWritesOfOthersGoFirst(t *testing.T) {
	engines(t, func(t *testing.T, f *fixture) {
		ann, bob := f.member("ann@example.com"), f.member("bob@example.com")
		var mu sync.Mutex
		var order []int64
		note := func(tx *Tx) error {
			mu.Lock()
			defer mu.Unlock()
			order = append(order, tx.Actor.Workspace)
			return nil
		}
		release := f.block()
		many := f.queue(t.Context(), ann, slices.Repeat([]func(*Tx) error{note}, 50)...)
		one := f.queue(t.Context(), bob, note)
		release()
		if err := errors.Join(append(many(), one()...)...); err != nil {
			t.Fatal(err)
		}
		if at := slices.Index(order, bob.Workspace); at > 2 {
			t.Errorf("the other workspace's write came as number %d of %d", at+1, len(order))
		}
	})
}

// TestLongWritesEndTheirBatch holds that a write which took long is answered before the
// next one that waited with it runs.
func TestLongWritesEndTheirBatch(t *testing.T) {
	engines(t, func(t *testing.T, f *fixture) {
		ann := f.member("ann@example.com")
		answered := make(chan struct{})
		long := func(*Tx) error {
			time.Sleep(2 * batchTime)
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

// TestWaitingWritesOfGoneClientsAreDropped cancels a write that waits: it must not run, and
// its client hears at once.
func TestWaitingWritesOfGoneClientsAreDropped(t *testing.T) {
	f := onFile(t)
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
		t.Errorf("kept %q", got)
	}
}

// TestOneUserCannotFillTheQueue fills one user's share of the queue of writes, from two
// workspaces.
func TestOneUserCannotFillTheQueue(t *testing.T) {
	f := onFile(t)
	ann, bob := f.member("ann@example.com"), f.member("bob@example.com")
	release := f.block()
	var waiting sync.WaitGroup
	errs := make(chan error, 2*maxOfOne)
	there := ann
	there.Workspace++
	for i := range maxOfOne + 1 {
		waiting.Go(func() { errs <- f.Write(t.Context(), []crm.Actor{ann, there}[i%2], func(*Tx) error { return nil }) })
	}
	var refused *crm.Error
	if err := <-errs; !errors.As(err, &refused) || refused.Code != crm.RateLimited || refused.RetryAfter == 0 {
		t.Errorf("the write beyond the share answers %v", err)
	}
	other := f.queue(t.Context(), bob, f.insert("Bob"))
	release()
	if err := errors.Join(other()...); err != nil {
		t.Errorf("another's write: %v", err)
	}
	waiting.Wait()
	for range maxOfOne {
		if err := <-errs; err != nil {
			t.Fatal(err)
		}
	}
}

// TestReadsOfRecordsTakeTurns takes the connections for account reads away: whatever reads
// records must do without them.
func TestReadsOfRecordsTakeTurns(t *testing.T) {
	f := openAt(t, Memory)
	ann := f.member("ann@example.com")
	rec := f.save(ann, "contact", "name", "Jane Doe", "stage", "lead")
	for range cap(f.accounts) {
		r := <-f.accounts
		defer func() { f.accounts <- r }()
	}
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
		"Spellings": func() error {
			_, err := f.Suggest(ctx, ann, e, f.question(ann, "contact", "search=jame").Terms)
			return err
		},
	} {
		if err := read(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

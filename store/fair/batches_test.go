package fair

import (
	"testing"
	"testing/synctest"
	"time"
)

// server is a worker of a queue whose work takes no time, but is charged. The work of tenant 3 is short, that of
// all others is a batch of its own.
type server struct {
	*testing.T
	*Batches[int]
	costs map[int64]time.Duration // by tenant
}

// do waits for the next work and does it. Items are the numbers of their tenants.
func (s server) do() (tenant int64) {
	s.Helper()
	for {
		select {
		case <-s.Ready():
		case <-time.After(5 * time.Second):
			s.Fatal("nothing is ready")
		}
		batch := s.Take(3, func(tenant int) bool { return tenant != 3 })
		if len(batch) == 0 {
			continue
		}
		if len(batch) > 1 {
			s.Fatalf("%v are taken together", batch)
		}
		tenant = int64(batch[0])
		s.Done(batch, nil, func(int) time.Duration { return s.costs[tenant] })
		return tenant
	}
}

// TestLongWorkWaitsForShort has one tenant send short work, each a moment after the one before is done, beside two
// whose long work always waits: it is served many times in the time of one long work. The clock is the test's, since on
// a busy machine the moment would often be longer than the wait for it.
func TestLongWorkWaitsForShort(t *testing.T) { synctest.Test(t, longWorkWaitsForShort) }

func longWorkWaitsForShort(t *testing.T) {
	s := server{t, NewBatches[int](Limits{10, 10}), map[int64]time.Duration{1: 400 * time.Millisecond, 2: 600 * time.Millisecond, 3: time.Millisecond}}
	served := map[int64]int{}
	for tenant := range int64(3) {
		must(t, s.Push(tenant+1, int(tenant+1)))
	}
	for served[1]+served[2] < 12 {
		tenant := s.do()
		served[tenant]++
		if tenant < 3 {
			must(t, s.Push(tenant, int(tenant)))
			continue
		}
		time.AfterFunc(time.Millisecond, func() { // its next request comes when the next work is chosen already
			_ = s.Push(tenant, int(tenant)) // there is room for it
		})
	}
	t.Logf("served: %v", served)
	if served[3] < 4*12 {
		t.Errorf("the tenants are served %v times", served)
	}
}

// TestLongWorkDoesNotWaitForever has a tenant leave, and come back too late again and again: the others go on.
func TestLongWorkDoesNotWaitForever(t *testing.T) {
	s := server{t, NewBatches[int](Limits{10, 10}), map[int64]time.Duration{1: 100 * time.Millisecond, 2: 100 * time.Millisecond, 3: time.Microsecond}}
	must(t, s.Push(1, 1))
	must(t, s.Push(3, 3))
	must(t, s.Push(1, 1))
	s.do()
	s.do()
	for range 3 {
		if tenant := s.do(); tenant != 1 {
			t.Fatalf("tenant %d is served", tenant)
		}
		must(t, s.Push(1, 1))
	}
}

// TestClosedBatchesDoNotWait takes long work after the end, though short work was done a moment before.
func TestClosedBatchesDoNotWait(t *testing.T) {
	s := server{t, NewBatches[int](Limits{10, 10}), map[int64]time.Duration{1: time.Second, 3: time.Millisecond}}
	must(t, s.Push(1, 1))
	s.do()
	must(t, s.Push(3, 3))
	must(t, s.Push(1, 1))
	s.do()
	s.Close()
	if batch := s.Take(1, func(int) bool { return true }); len(batch) != 1 {
		t.Error("it waits")
	}
}

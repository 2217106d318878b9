package fair

import (
	"testing"
	"time"
)

// server is a worker of a queue whose work takes no time, but is charged.
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
		batch := s.Take(3, func(tenant int) bool { return tenant < 3 })
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
// whose long work always waits: its share of the time is like theirs.
func TestLongWorkWaitsForShort(t *testing.T) {
	s := server{t, NewBatches[int](Limits{10, 10}), map[int64]time.Duration{1: 400 * time.Millisecond, 2: 600 * time.Millisecond, 3: 20 * time.Millisecond}}
	given := map[int64]time.Duration{}
	for tenant := range int64(3) {
		must(t, s.Push(tenant+1, int(tenant+1)))
	}
	for given[1]+given[2] < 6*time.Second {
		tenant := s.do()
		given[tenant] += s.costs[tenant]
		if tenant < 3 {
			must(t, s.Push(tenant, int(tenant)))
			continue
		}
		time.AfterFunc(time.Millisecond, func() { // its next request comes when the next work is chosen already
			_ = s.Push(tenant, int(tenant)) // there is room for it
		})
	}
	if given[3] < given[1]/2 || given[3] < given[2]/2 {
		t.Errorf("the tenants get %v", given)
	}
}

// TestLongWorkDoesNotWaitForever has a tenant leave: the others go on.
func TestLongWorkDoesNotWaitForever(t *testing.T) {
	s := server{t, NewBatches[int](Limits{10, 10}), map[int64]time.Duration{1: 100 * time.Millisecond, 2: time.Millisecond}}
	must(t, s.Push(1, 1))
	must(t, s.Push(2, 2))
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

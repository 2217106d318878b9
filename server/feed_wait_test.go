package server_test

import (
	"sync"
	"testing"
	"time"
)

// waitFor has requests wait for changes until a writer makes one, and returns what waits for their answers.
func waitFor(r *rig, readers int) *sync.WaitGroup {
	now := r.json(200, "GET", "/changes?since=now", "")["cursor"].(string)
	var waiting sync.WaitGroup
	for range readers {
		waiting.Go(func() {
			if got := changesOf(r.want(200, "GET", "/changes?wait=50&since="+now, "")); len(got) != 1 {
				r.t.Errorf("%q", got)
			}
		})
	}
	allWait(r, readers)
	return &waiting
}

// allWait waits until as many readers sleep.
func allWait(r *rig, readers int) {
	waiting := func() (n int) {
		for _, st := range r.stores {
			n += st.Changes().Waiting()
		}
		return n
	}
	for deadline := time.Now().Add(30 * time.Second); waiting() < readers; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			r.t.Errorf("%d wait", waiting())
			return
		}
	}
}

// TestManyReadersWait has as many requests wait as one user may: all are answered after a change, and one
// more is refused.
func TestManyReadersWait(t *testing.T) {
	const readers = 1000
	r := newRig(t).as("jane@acme.com")
	waiting := waitFor(r, readers*len(r.servers))
	for range r.servers {
		if a := r.call("GET", "/changes?since=now&wait=1", ""); a.status != 429 {
			t.Errorf("one more: %d %s", a.status, a.body)
		}
	}
	r.want(201, "POST", "/companies", `{"name":"Acme"}`)
	waiting.Wait()
}

// TestWaitingHasAnEnd asks for something that does not happen: the answer comes when the time is over.
func TestWaitingHasAnEnd(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	r.want(201, "POST", "/companies", `{"name":"Acme"}`)
	began := time.Now()
	got := r.json(200, "GET", "/changes?kind=ticket&wait=1", "")
	if took := time.Since(began); len(got["items"].([]any)) != 0 || got["more"] != false || took < time.Second || took > 20*time.Second {
		t.Errorf("after %v: %v", took, got)
	}
}

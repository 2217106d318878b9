package server_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
)

// TestParallelRepeatsAreDoneOnce sends each of ten requests 20 times at once:
// each is done once, and all of its answers are the first one.
func TestParallelRepeatsAreDoneOnce(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	var wg sync.WaitGroup
	var mu sync.Mutex
	answers := map[string]int{}
	for n := range 200 {
		wg.Go(func() {
			key := fmt.Sprint("key-", n%10)
			a := r.call("POST", "/deals", fmt.Sprintf(`{"title":"deal %d"}`, n%10), "Idempotency-Key", key)
			first, replayed := strings.CutSuffix(a.body, "# replayed\n")
			if a.status != 201 || replayed != (a.header.Get("Idempotency-Replayed") == "true") {
				t.Errorf("%d %s", a.status, a.body)
			}
			mu.Lock()
			defer mu.Unlock()
			answers[first]++
		})
	}
	wg.Wait()
	if list := r.want(200, "GET", "/deals?total=exact", ""); !strings.Contains(list, "# 10 deals\n") || len(answers) != 10 {
		t.Errorf("%d different answers, and\n%s", len(answers), list)
	}
}

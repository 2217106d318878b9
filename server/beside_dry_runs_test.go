package server_test

import (
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// TestWritesBesideLongDryRuns has four users send dry runs of 500 creates all the time, and a fifth one
// create after the other: it makes many in the time of one dry run, not one after each.
func TestWritesBesideLongDryRuns(t *testing.T) {
	if testing.Short() {
		t.Skip("left out: many long dry runs")
	}
	r := onFile(t)
	r.as("jane@acme.com")
	r.setPlan("jane@acme.com", "unlimited")
	lines := make([]string, 500)
	for i := range lines {
		lines[i] = fmt.Sprintf(`{"method":"POST","path":"/contacts","body":{"name":"Anna Berg %d","email":"a%d@acme.example","notes":"%s"}}`, i, i, strings.Repeat("word ", 200))
	}
	const dryRuns = 16
	var done atomic.Int64
	var hogs sync.WaitGroup
	for n := range 4 {
		mail := fmt.Sprintf("hog%d@example.com", n)
		token := "Bearer " + r.signIn(mail)
		r.setPlan(mail, "unlimited")
		hogs.Go(func() {
			for done.Load() < dryRuns {
				if a := r.call("POST", "/batch?dry_run=1", "["+strings.Join(lines, ",")+"]", "Authorization", token); a.status != 200 {
					t.Errorf("%d %s", a.status, a.body)
				}
				done.Add(1)
			}
		})
	}
	created := int64(0)
	for ; done.Load() < dryRuns; created++ {
		r.want(201, "POST", "/contacts", fmt.Sprintf(`{"name":"Zed %d"}`, created))
	}
	hogs.Wait()
	t.Logf("%d creates beside %d dry runs", created, dryRuns)
	if created < 5*dryRuns {
		t.Errorf("%d creates beside %d dry runs", created, dryRuns)
	}
}

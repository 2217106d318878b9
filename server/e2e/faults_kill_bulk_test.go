package e2e

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestKillDuringBulkEdits kills the server while it adds to the amounts of many deals, and sends the
// same token to the next one until it is done: every deal is raised once, all in one change group.
func TestKillDuringBulkEdits(t *testing.T) {
	long(t, "left out: processes that are killed")
	const deals = 6000
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	db := filepath.Join(t.TempDir(), "crmkit.db")
	arguments := append([]string{"--rate", "0", "--db", db}, anySize...)
	p := serve(t, append(slices.Clone(arguments), "--token-for", "you@example.com")...)
	token := p.token
	var file strings.Builder
	for i := range deals {
		fmt.Fprintf(&file, `{"title":"Deal %d","amount_cents":1000,"stage":"lead"}`+"\n", i)
	}
	p.imported("/import/deals", file.String())
	kills, halfway, rounds := 0, 0, 0
	for ; halfway < 3 && rounds < 20; rounds++ {
		status, text := p.do("PATCH", "/deals?stage=lead", raise)
		if status != 409 {
			t.Fatalf("%d %.300s", status, text)
		}
		path := "/deals?stage=lead&confirm=" + regexp.MustCompile(`confirm: (\w+)`).FindStringSubmatch(text)[1]
		for most := 50; !p.confirmsWithin(path, time.Duration(random.IntN(most))*time.Millisecond); most += 100 {
			p.signal(syscall.SIGKILL)
			p.wait()
			kills++
			p = serve(t, arguments...)
			p.token = token
			if n := p.withAmount(1000 + rounds); n > 0 && n < deals {
				halfway++
			}
		}
		checkRaised(t, p, path, raised{deals, 1001 + rounds})
	}
	t.Logf("killed %d times in %d edits, %d of them after some deals and before others", kills, rounds, halfway)
	if halfway == 0 {
		t.Error("the test proves little")
	}
}

// raise is the body of the edit.
const raise = `{"amount_cents":{"add":1}}`

// confirmsWithin confirms an edit and reports whether its answer came in time.
func (p *running) confirmsWithin(path string, most time.Duration) bool {
	answered := make(chan bool, 1)
	go func() {
		_, _, err := p.try(p.token, "PATCH", path, raise)
		answered <- err == nil
	}()
	select {
	case done := <-answered:
		return done
	case <-time.After(most):
		return false
	}
}

// withAmount returns how many deals have an amount.
func (p *running) withAmount(amount int) int {
	_, text := p.do("GET", fmt.Sprintf("/deals?amount_cents=%d&limit=1&total=exact", amount), "")
	found := regexp.MustCompile(`of (\d+) deals?`).FindStringSubmatch(text)
	if found == nil {
		p.t.Fatal(text)
	}
	n, _ := strconv.Atoi(found[1])
	return n
}

// raised is how many deals have an amount.
type raised struct{ deals, amount int }

// checkRaised checks the amounts of all deals, and the answer to a token that is spent.
func checkRaised(t *testing.T, p *running, path string, want raised) {
	t.Helper()
	if n := p.withAmount(want.amount); n != want.deals {
		t.Fatalf("%d deals have %d, want %d", n, want.amount, want.deals)
	}
	status, text := p.do("PATCH", path, raise)
	group := regexp.MustCompile(`(?m)^# change (chg_\w+);`).FindStringSubmatch(text)
	if status != 200 || !strings.HasPrefix(text, fmt.Sprintf("# %d updated\n", want.deals)) || !strings.HasSuffix(text, "# already done\n") || group == nil {
		t.Fatalf("again: %d %s", status, text)
	}
}

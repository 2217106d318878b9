package e2e

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestKillDuringRestores kills the server while a company to which thousands of contacts refer, and a contact with
// thousands of activities, come back. The next server goes on by itself: all are back in the end, each changed once.
func TestKillDuringRestores(t *testing.T) {
	long(t, "left out: processes that are killed")
	const many = 5000
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	arguments := append([]string{"--rate", "0", "--db", filepath.Join(t.TempDir(), "crmkit.db")}, anySize...)
	p := serve(t, append(slices.Clone(arguments), "--token-for", "you@example.com")...)
	token := p.token
	_, made := p.do("POST", "/companies", `{"name":"Acme"}`)
	co := regexp.MustCompile(`co_\w+`).FindString(made)
	_, made = p.do("POST", "/contacts", `{"name":"Jane"}`)
	jane := regexp.MustCompile(`c_\w+`).FindString(made)
	var contacts, activities strings.Builder
	for i := range many {
		fmt.Fprintf(&contacts, `{"name":"Joe %d","company_id":%q}`+"\n", i, co)
		fmt.Fprintf(&activities, `{"body":"said %d","contact_id":%q}`+"\n", i, jane)
	}
	p.imported("/import/contacts", contacts.String())
	p.imported("/import/activities", activities.String())
	for _, path := range []string{"/companies/" + co, "/contacts/" + jane} {
		_, asked := p.do("DELETE", path, "")
		p.do("DELETE", path+"?confirm="+regexp.MustCompile(`confirm: (\w+)`).FindStringSubmatch(asked)[1], "")
	}
	kills := 0
	for most := 200; !p.restoredWithin([]string{"/companies/" + co, "/contacts/" + jane}, time.Duration(random.IntN(most))*time.Millisecond, func() bool {
		return p.has("/contacts?company_id="+co, many) && p.has("/activities?contact="+jane, many)
	}); most += 200 {
		p.signal(syscall.SIGKILL)
		p.wait()
		kills++
		p = serve(t, arguments...)
		p.token = token
	}
	t.Logf("killed %d times", kills)
	for path, n := range map[string]int{"/contacts?company_id=" + co + "&version=3": many, "/activities?contact=" + jane + "&version=2": many, "/activities?deleted=only": 0, "/contacts?deleted=only": 0} {
		if n == 0 {
			if _, text := p.do("GET", path, ""); !strings.Contains(text, "# 0 ") {
				t.Errorf("%s: %s", path, text)
			}
			continue
		}
		if !p.has(path, n) {
			t.Errorf("%s does not have %d", path, n)
		}
	}
	if _, text := p.do("GET", "/contacts/"+jane, ""); !strings.Contains(text, fmt.Sprintf("activities=%d ", many)) {
		t.Error(text)
	}
}

// imported imports rows.
func (p *running) imported(path, rows string) {
	p.t.Helper()
	if status, text := p.do("POST", path, rows); status != 200 || !strings.Contains(text, " 0 failed") {
		p.t.Fatalf("%s: %d %.300s", path, status, text)
	}
}

// has reports whether a list has so many records.
func (p *running) has(path string, n int) bool {
	_, text := p.do("GET", path+"&limit=1&total=exact", "")
	return strings.Contains(text, fmt.Sprintf("of %d ", n))
}

// restoredWithin restores records unless they are there, and reports whether all is back in time.
func (p *running) restoredWithin(paths []string, most time.Duration, back func() bool) bool {
	p.t.Helper()
	ended := time.Now().Add(most)
	for _, path := range paths {
		answered := make(chan struct{})
		go func() { // a kill ends it
			defer close(answered)
			_, _, _ = p.try(p.token, "POST", path+"/restore", "")
		}()
		select {
		case <-answered:
		case <-time.After(time.Until(ended)):
			return false
		}
	}
	for {
		if back() {
			return true
		}
		if time.Now().After(ended) {
			return false
		}
		time.Sleep(20 * time.Millisecond)
	}
}

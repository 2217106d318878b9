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

// TestKillDuringUndos kills the server while it undoes the delete of a company to which thousands of contacts refer, and
// sends the same token to the next one until it is done: every contact refers to it again, and each changed once.
func TestKillDuringUndos(t *testing.T) {
	long(t, "left out: processes that are killed")
	const contacts = 6000
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	arguments := append([]string{"--rate", "0", "--db", filepath.Join(t.TempDir(), "crmkit.db")}, anySize...)
	p := serve(t, append(slices.Clone(arguments), "--token-for", "you@example.com")...)
	token := p.token
	_, made := p.do("POST", "/companies", `{"name":"Acme"}`)
	co := regexp.MustCompile(`co_\w+`).FindString(made)
	var file strings.Builder
	for i := range contacts {
		fmt.Fprintf(&file, `{"name":"Joe %d","company_id":%q}`+"\n", i, co)
	}
	p.imported("/import/contacts", file.String())
	_, asked := p.do("DELETE", "/companies/"+co, "")
	confirm := regexp.MustCompile(`confirm: (\w+)`)
	p.do("DELETE", "/companies/"+co+"?confirm="+confirm.FindStringSubmatch(asked)[1], "")
	_, refused := p.do("POST", "/undo", `{"record":"`+co+`"}`)
	body := `{"change":"` + regexp.MustCompile(`chg_\w+`).FindString(refused) + `"}`
	path := ""
	for path == "" { // what follows from the delete may take longer than an undo waits
		if status, text := p.do("POST", "/undo", body); status == 409 {
			path = "/undo?confirm=" + confirm.FindStringSubmatch(text)[1]
		} else if status != 503 {
			t.Fatalf("%d %s", status, text)
		}
	}
	kills := 0
	for most := 100; !p.undoneWithin(path, body, time.Duration(random.IntN(most))*time.Millisecond); most += 100 {
		p.signal(syscall.SIGKILL)
		p.wait()
		kills++
		p = serve(t, arguments...)
		p.token = token
	}
	t.Logf("killed %d times", kills)
	if _, text := p.do("GET", "/contacts?company_id="+co+"&limit=1&total=exact", ""); !strings.Contains(text, fmt.Sprintf("of %d contacts", contacts)) {
		t.Error(text)
	}
	if _, text := p.do("GET", "/contacts?version=3&limit=1&total=exact", ""); !strings.Contains(text, fmt.Sprintf("of %d contacts", contacts)) {
		t.Error(text)
	}
	if status, text := p.do("POST", path, body); status != 200 || !strings.HasSuffix(text, "# already done\n") {
		t.Errorf("again: %d %s", status, text)
	}
}

// undoneWithin confirms an undo and reports whether its answer came in time.
func (p *running) undoneWithin(path, body string, most time.Duration) bool {
	answered := make(chan bool, 1)
	go func() {
		_, _, err := p.try(p.token, "POST", path, body)
		answered <- err == nil
	}()
	select {
	case done := <-answered:
		return done
	case <-time.After(most):
		return false
	}
}

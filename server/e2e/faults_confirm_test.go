package e2e

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// confirmer plans creates and confirms them, and remembers the last one, which may have no answer.
type confirmer struct {
	name       string
	path, body string // of the last confirmation that was sent
	sent       int    // confirmations
}

var confirmIs = regexp.MustCompile(`confirm=(\w+)`)

// work confirms one dry run after the other until the server is gone.
func (c *confirmer) work(p *running) {
	for {
		body := fmt.Sprintf(`{"name":"%s-%d"}`, c.name, c.sent)
		_, text, err := p.try(p.token, "POST", "/contacts?dry_run=1", body)
		if err != nil {
			return
		}
		c.path, c.body = "/contacts?confirm="+confirmIs.FindStringSubmatch(text)[1], body
		c.sent++
		if _, _, err := p.try(p.token, "POST", c.path, body); err != nil {
			return
		}
	}
}

// TestKillDuringConfirmations kills the server while clients confirm dry runs. After the restart they
// repeat what they have no answer to: every write is there once.
func TestKillDuringConfirmations(t *testing.T) {
	long(t, "left out: processes and disks that fail")
	const rounds = 6
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	db := filepath.Join(t.TempDir(), "crmkit.db")
	p := serve(t, "--rate", "0", "--db", db, "--token-for", "you@example.com")
	token, sent, repeated := p.token, 0, 0
	for round := range rounds {
		var clients sync.WaitGroup
		var list []*confirmer
		for i := range 6 {
			c := &confirmer{name: fmt.Sprintf("r%d-c%d", round, i)}
			list = append(list, c)
			clients.Go(func() { c.work(p) })
		}
		time.Sleep(time.Duration(20+random.IntN(120)) * time.Millisecond)
		p.signal(syscall.SIGKILL)
		clients.Wait()
		p.wait()
		p = serve(t, "--rate", "0", "--db", db)
		p.token = token
		for _, c := range list {
			sent += c.sent
			for i := 0; i < 2 && c.sent > 0; i++ {
				status, text := p.do("POST", c.path, c.body)
				if again := strings.HasSuffix(text, "# already done\n"); status != 201 || i == 1 && !again {
					t.Errorf("round %d: %s: %d %s", round, c.body, status, text)
				} else if i == 0 && again {
					repeated++
				}
			}
		}
		if _, text := p.do("GET", "/contacts?limit=1&total=exact", ""); !strings.Contains(text, fmt.Sprintf("of %d contact", sent)) {
			t.Fatalf("round %d: %d were confirmed: %s", round, sent, text)
		}
	}
	t.Logf("%d were confirmed; of those without an answer, or with the last one, %d were done", sent, repeated)
}

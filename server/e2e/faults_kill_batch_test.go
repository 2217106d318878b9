package e2e

import (
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// killedLines is how many contacts each batch of TestKillUnderBatches creates.
const killedLines = 20

// batchJournal is the client's list of batches.
type batchJournal struct {
	mu       sync.Mutex
	sent     []string // names
	answered map[string]bool
}

// TestKillUnderBatches kills the server with SIGKILL at random times while clients send batches. After
// each restart a batch is there whole or not at all, an answered one whole; and one without an answer
// that is sent again with its key is there once.
func TestKillUnderBatches(t *testing.T) {
	long(t, "left out: processes that are killed")
	seed := uint64(time.Now().UnixNano())
	if text := os.Getenv("KILL_SEED"); text != "" {
		seed, _ = strconv.ParseUint(text, 10, 64)
	}
	t.Logf("KILL_SEED=%d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	db := filepath.Join(t.TempDir(), "crmkit.db")
	j := &batchJournal{answered: map[string]bool{}}
	p := serve(t, "--db", db, "--token-for", "you@example.com")
	token := p.token
	for round := range 10 {
		killUnderBatches(t, p, j, round, time.Duration(20+random.IntN(180))*time.Millisecond)
		if t.Failed() {
			return
		}
		p = serve(t, "--db", db)
		p.token = token
		j.check(t, p, "after a kill")
		for _, name := range j.sent {
			if !j.answered[name] && !j.send(t, p, name) {
				t.Fatalf("%s got no answer from the next server", name)
			}
		}
		j.check(t, p, "after everything was sent again")
	}
	t.Logf("%d batches", len(j.sent))
	if len(j.sent) < 20 {
		t.Error("the test proves little")
	}
}

// killUnderBatches lets four clients send batches until the server is killed.
func killUnderBatches(t *testing.T, p *running, j *batchJournal, round int, after time.Duration) {
	t.Helper()
	var clients sync.WaitGroup
	for i := range 4 {
		clients.Go(func() {
			for n := 0; ; n++ {
				name := fmt.Sprintf("r%d-c%d-%d", round, i, n)
				j.mu.Lock()
				j.sent = append(j.sent, name)
				j.mu.Unlock()
				if !j.send(t, p, name) {
					return
				}
			}
		})
	}
	time.Sleep(after)
	p.signal(syscall.SIGKILL)
	clients.Wait()
	p.wait()
}

// send sends a batch under its name as its key, and reports whether it was answered.
func (j *batchJournal) send(t *testing.T, p *running, name string) bool {
	lines := []string{`{"method":"POST","path":"/companies","body":{"name":"` + name + `","domain":"` + name + `.test"},"as":"co"}`}
	for i := range killedLines {
		lines = append(lines, fmt.Sprintf(`{"method":"POST","path":"/contacts","body":{"name":"Contact","email":"%d@%s.test","company_id":"$co"}}`, i, name))
	}
	req, err := http.NewRequest("POST", p.url+"/batch", strings.NewReader("["+strings.Join(lines, ",")+"]"))
	if err != nil {
		t.Error(err)
		return false
	}
	req.Header.Set("Authorization", "Bearer "+p.token)
	req.Header.Set("Idempotency-Key", name)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return false
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	if err != nil {
		return false
	}
	if res.StatusCode != 200 || !strings.Contains(string(answer), fmt.Sprintf("\n# %d done\n", killedLines+1)) {
		t.Errorf("%s: %d %s", name, res.StatusCode, answer)
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	j.answered[name] = true
	return true
}

// check counts the contacts of each batch.
func (j *batchJournal) check(t *testing.T, p *running, when string) {
	t.Helper()
	have, total := contacts(t, p)
	of := map[string]int{}
	for email := range have {
		_, name, _ := strings.Cut(strings.TrimSuffix(email, ".test"), "@")
		of[name]++
	}
	whole := int64(0)
	for _, name := range j.sent {
		n := of[name]
		if n != 0 && n != killedLines || j.answered[name] && n == 0 {
			t.Fatalf("%s: %s has %d contacts, answered %v", when, name, n, j.answered[name])
		}
		whole += int64(n)
	}
	if whole != total {
		t.Fatalf("%s: %d contacts are of batches, of %d", when, whole, total)
	}
}

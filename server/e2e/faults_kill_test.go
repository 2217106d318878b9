package e2e

import (
	"encoding/json"
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

// journal is the client's list of answered writes. Only this list can show that no write
// was lost: a database that lost some is still valid.
type journal struct {
	mu       sync.Mutex
	creates  map[string]bool  // e-mails of answered creates
	answered map[string]int64 // by e-mail: the last answered value
	sent     map[string]int64 // by e-mail: the last value sent
	writes   int
}

func newJournal() *journal {
	return &journal{creates: map[string]bool{}, answered: map[string]int64{}, sent: map[string]int64{}}
}

func (j *journal) note(fn func()) {
	j.mu.Lock()
	defer j.mu.Unlock()
	fn()
}

// TestKill kills the server with SIGKILL at random times during writes. After each restart
// every answered write must be in the file.
func TestKill(t *testing.T) {
	long(t, "left out: processes and disks that fail")
	rounds := 20
	if testing.Short() {
		rounds = 5
	}
	seed := uint64(time.Now().UnixNano())
	if text := os.Getenv("KILL_SEED"); text != "" {
		seed, _ = strconv.ParseUint(text, 10, 64)
	}
	t.Logf("KILL_SEED=%d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	db := filepath.Join(t.TempDir(), "crmkit.db")
	j := newJournal()
	p := serve(t, "--db", db, "--token-for", "you@example.com")
	token := p.token
	for round := range rounds {
		before := j.writes
		killUnderWrites(t, p, j, round, time.Duration(20+random.IntN(180))*time.Millisecond)
		if t.Failed() {
			return
		}
		p = serve(t, "--db", db)
		p.token = token
		verify(t, p, j, fmt.Sprintf("round %d, %d answered writes", round, j.writes-before))
	}
	if j.writes < rounds {
		t.Errorf("only %d writes were answered in %d rounds; the test proves little", j.writes, rounds)
	}
	t.Logf("%d answered writes", j.writes)
}

// killUnderWrites lets eight clients write until the server is killed.
func killUnderWrites(t *testing.T, p *running, j *journal, round int, after time.Duration) {
	t.Helper()
	var clients sync.WaitGroup
	for i := range 8 {
		w := &writer{t: t, p: p, j: j, http: &http.Client{Transport: &http.Transport{}}}
		clients.Go(func() { w.write(fmt.Sprintf("r%d-c%d", round, i)) })
	}
	time.Sleep(after)
	p.signal(syscall.SIGKILL)
	clients.Wait()
	if code := p.wait(); code != -1 {
		t.Errorf("the server ended by itself with code %d\n%s", code, p.stderr.text())
	}
}

// writer is one client.
type writer struct {
	t    *testing.T
	p    *running
	j    *journal
	http *http.Client
}

// write creates contacts and changes each of them a few times, until the server
// is gone.
func (w *writer) write(name string) {
	for i := 0; ; i++ {
		email := fmt.Sprintf("%s-%d@example.com", name, i)
		id, alive := w.send("POST", "/contacts", fmt.Sprintf(`{"name":"Contact","email":%q,"custom":{"n":0}}`, email), http.StatusCreated)
		if !alive {
			return
		}
		w.j.note(func() { w.j.creates[email] = true; w.j.writes++ })
		for n := range int64(5) {
			w.j.note(func() { w.j.sent[email] = n + 1 })
			if _, alive := w.send("PATCH", "/contacts/"+id, fmt.Sprintf(`{"custom":{"n":%d}}`, n+1), http.StatusOK); !alive {
				return
			}
			w.j.note(func() { w.j.answered[email] = n + 1; w.j.writes++ })
		}
	}
}

// send returns false if there was no complete answer.
func (w *writer) send(method, path, body string, want int) (id string, alive bool) {
	req, err := http.NewRequest(method, w.p.url+path, strings.NewReader(body))
	if err != nil {
		w.t.Error(err)
		return "", false
	}
	req.Header.Set("Authorization", "Bearer "+w.p.token)
	req.Header.Set("Accept", "application/json")
	res, err := w.http.Do(req)
	if err != nil {
		return "", false
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	if err != nil {
		return "", false
	}
	var record struct{ ID string }
	if err := json.Unmarshal(answer, &record); err != nil || res.StatusCode != want {
		w.t.Errorf("%s %s: %d %s", method, path, res.StatusCode, answer)
		return "", false
	}
	return record.ID, true
}

// stored is a page of contacts.
type stored struct {
	Items []struct {
		Email  string
		Custom struct{ N int64 }
	}
	Total int64
	Next  *string `json:"next_cursor"`
}

// verify compares the records of the restarted server with the journal.
func verify(t *testing.T, p *running, j *journal, when string) {
	t.Helper()
	have, total := contacts(t, p)
	lost, stale := 0, 0
	for email := range j.creates {
		n, found := have[email]
		if !found {
			lost++
		} else if n < j.answered[email] || n > j.sent[email] {
			stale++
			t.Logf("%s holds %d, %d was answered, %d sent", email, n, j.answered[email], j.sent[email])
		}
	}
	if lost > 0 || stale > 0 {
		t.Fatalf("%s: %d of %d contacts are lost, %d hold a wrong value", when, lost, len(j.creates), stale)
	}
	var who struct {
		Usage []struct {
			Resource string
			Used     int64
		}
	}
	decode(t, p, "/whoami?format=json", &who)
	if int64(len(have)) != total || len(who.Usage) == 0 || who.Usage[0].Resource != "contacts" || who.Usage[0].Used != total {
		t.Fatalf("%s: %d contacts listed, total %d, usage %+v", when, len(have), total, who.Usage)
	}
}

// contacts returns the number in each stored contact, and the total of the list.
func contacts(t *testing.T, p *running) (numbers map[string]int64, total int64) {
	t.Helper()
	numbers = map[string]int64{}
	const path = "/contacts?format=json&limit=200&total=exact&fields=email,custom"
	for next := path; next != ""; {
		var page stored
		decode(t, p, next, &page)
		for _, item := range page.Items {
			if _, twice := numbers[item.Email]; twice {
				t.Fatalf("%s is stored twice", item.Email)
			}
			numbers[item.Email] = item.Custom.N
		}
		total, next = page.Total, ""
		if page.Next != nil {
			next = path + "&cursor=" + *page.Next
		}
	}
	return numbers, total
}

func decode(t *testing.T, p *running, path string, into any) {
	t.Helper()
	status, text := p.do("GET", path, "")
	if err := json.Unmarshal([]byte(text), into); err != nil || status != http.StatusOK {
		t.Fatalf("GET %s: %d, %v\n%s", path, status, err, text)
	}
}

package e2e

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"crmkit/store/postgres/pgtest"
)

// movedContacts is how many contacts of a company follow each merge of TestKillUnderMerges.
const movedContacts = 2000

// TestKillUnderMerges kills the server with SIGKILL while the contacts of a company follow a merge into
// another one. After each restart the merge is there whole or not at all, the token that confirmed it
// does it once, and readers see all contacts at the other company. In the end each of them has moved
// once.
func TestKillUnderMerges(t *testing.T) {
	long(t, "left out: processes that are killed")
	for engine, serving := range map[string]func(t *testing.T) func(args ...string) *running{
		"sqlite": func(t *testing.T) func(args ...string) *running {
			db := filepath.Join(t.TempDir(), "crmkit.db")
			return func(args ...string) *running { return serve(t, append(args, "--db", db)...) }
		},
		"postgres": func(t *testing.T) func(args ...string) *running {
			address := pgtest.Database(t)
			return func(args ...string) *running { return start(t, onPostgres(served(t, args...), address)) }
		},
	} {
		t.Run(engine, func(t *testing.T) {
			seed := uint64(time.Now().UnixNano())
			if text := os.Getenv("KILL_SEED"); text != "" {
				seed, _ = strconv.ParseUint(text, 10, 64)
			}
			t.Logf("KILL_SEED=%d", seed)
			k := &killedMerges{t: t, random: rand.New(rand.NewPCG(seed, 0)), serve: serving(t)}
			k.run(4)
		})
	}
}

// killedMerges is a test of merges during which the server is killed.
type killedMerges struct {
	t       *testing.T
	random  *rand.Rand
	serve   func(args ...string) *running
	p       *running
	token   string
	company string // the id of the one that has the contacts
	done    int    // merges that had begun before the server was killed
}

func (k *killedMerges) run(rounds int) {
	k.p = k.serve("--token-for", "you@example.com")
	k.token = k.p.token
	k.company = k.newCompany("first")
	rows := "name,email,company_id\n"
	for i := range movedContacts {
		rows += fmt.Sprintf("Contact,c%d@example.com,%s\n", i, k.company)
	}
	if status, text := k.p.do("POST", "/import/contacts", rows); status != 200 || !strings.Contains(text, fmt.Sprint(movedContacts, " created")) {
		k.t.Fatalf("the import: %d %.500s", status, text)
	}
	for round := range rounds {
		if k.round(round); k.t.Failed() {
			return
		}
	}
	k.t.Logf("%d of %d merges had begun", k.done, rounds)
}

// newCompany creates a company and returns its id.
func (k *killedMerges) newCompany(name string) string {
	k.t.Helper()
	status, text := k.p.do("POST", "/companies", `{"name":"`+name+`"}`)
	if status != 201 {
		k.t.Fatalf("the company: %d %s", status, text)
	}
	return strings.TrimPrefix(strings.Fields(text)[0], "company/")
}

// round merges the company into a new one, and kills the server meanwhile, at times twice.
func (k *killedMerges) round(n int) {
	k.t.Helper()
	winner := k.newCompany(fmt.Sprint("company ", n))
	path, body := "/companies/"+winner+"/merge", `{"from":["`+k.company+`"]}`
	_, text := k.p.do("POST", path, body)
	found := regexp.MustCompile(`confirm=(\w+)`).FindStringSubmatch(text)
	if found == nil {
		k.t.Fatalf("no token: %s", text)
	}
	path += "?confirm=" + found[1]
	go k.p.try(k.token, "POST", path, body)
	for range 1 + k.random.IntN(2) {
		time.Sleep(time.Duration(k.random.IntN(300)) * time.Millisecond)
		k.p.signal(syscall.SIGKILL)
		k.p.wait()
		k.p = k.serve()
		k.p.token = k.token
	}
	status, text := k.p.do("POST", path, body)
	if status != 200 || !strings.Contains(text, "# merged company/"+k.company) {
		k.t.Fatalf("round %d: %d %s", n, status, text)
	}
	if strings.HasSuffix(text, "# already done\n") {
		k.done++
	}
	for _, id := range []string{winner, k.company} {
		if _, text := k.p.do("GET", "/contacts?limit=1&company_id="+id, ""); !strings.Contains(text, fmt.Sprintf("of %d contacts", movedContacts)) {
			k.t.Errorf("round %d: the contacts of %s: %s", n, id, text)
		}
	}
	k.company = winner
	k.awaitVersion(n + 2)
}

// awaitVersion waits until every contact has moved, which raises its version by one.
func (k *killedMerges) awaitVersion(want int) {
	k.t.Helper()
	for until := time.Now().Add(patience); ; time.Sleep(200 * time.Millisecond) {
		status, text := k.p.do("GET", "/export/contacts?format=ndjson", "")
		n := 0
		for line := range strings.Lines(text) {
			var contact struct {
				Version   int
				CompanyID string `json:"company_id"`
			}
			if err := json.Unmarshal([]byte(line), &contact); err != nil || status != 200 || contact.Version > want || contact.CompanyID != k.company {
				k.t.Fatalf("a contact at %s, version %d: %s", k.company, want, line)
			}
			if contact.Version == want {
				n++
			}
		}
		if n == movedContacts {
			return
		}
		if time.Now().After(until) {
			k.t.Fatalf("%d of %d contacts have moved", n, movedContacts)
		}
	}
}

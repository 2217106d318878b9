package e2e

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"crmkit/server/dumptest"
)

const (
	besideContacts = 1000             // in the workspace of the clients beside an import
	besideClients  = 2                // of each kind
	quietFor       = 3 * time.Second  // before an import, and again after it
	besideFor      = 30 * time.Second // of an import, from its first row on
)

// measureBeside measures two clients that create contacts, each after the answer to the one before,
// and two that fetch contacts, while another user imports the file into a workspace of its own.
// of-quiet is their rate during the import, with its upload, as a share of their rate before and
// after it. A large import, which takes much longer beside others, is broken off.
func (f *importFile) measureBeside(b *testing.B) {
	b.StopTimer()
	f.write(b)
	p, db := serveImports(b)
	others := newOthers(b, p)
	var runs importRuns
	var creates, fetches []float64
	for n := range b.N {
		token := newUser(b, db, fmt.Sprintf("joe%d@acme.com", n))
		before := others.rates(b, func() { time.Sleep(quietFor) })
		b.StartTimer()
		during := others.rates(b, func() { runs.add(f.begin(b, p, token)) })
		b.StopTimer()
		after := others.rates(b, func() { time.Sleep(quietFor) })
		creates = append(creates, 2*during.creates/(before.creates+after.creates))
		fetches = append(fetches, 2*during.fetches/(before.fetches+after.fetches))
	}
	ended(b, p)
	runs.report(b, f)
	b.ReportMetric(middle(creates), "create-of-quiet")
	b.ReportMetric(middle(fetches), "fetch-of-quiet")
}

// begin imports the file until its end, or until it was saved for a while.
func (f *importFile) begin(b *testing.B, p *running, token string) (run importRun) {
	b.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	answer := f.post(ctx, b, p, token)
	defer answer.Close()
	var began time.Time
	lines := bufio.NewScanner(answer)
	for lines.Scan() && (run.rows == 0 || time.Since(began) < besideFor) {
		text := lines.Text()
		if strings.Contains(text, " ERROR ") || strings.HasPrefix(text, "# stopped ") || strings.HasPrefix(text, "# error") {
			b.Fatal(text)
		}
		if !strings.HasPrefix(text, "row ") {
			continue
		}
		if run.rows++; run.rows == 1 {
			began = time.Now()
		}
	}
	run.took = time.Since(began)
	check(b, lines.Err())
	if run.rows == 0 {
		b.Fatal("the import saved no row")
	}
	return run
}

// newUser makes a user, who has a workspace, and returns a token.
func newUser(b *testing.B, db, email string) string {
	b.Helper()
	out, err := command(b, append([]string{"token", "--email", email, "--create", "--db", db}, anySize...)...).Output()
	check(b, err)
	return strings.TrimSpace(string(out))
}

// others are the clients beside an import, in the workspace of the server's first user.
type others struct {
	p       *running
	ids     []string // of contacts to fetch
	created atomic.Int64
}

func newOthers(b *testing.B, p *running) *others {
	b.Helper()
	var sample strings.Builder
	check(b, dumptest.Write(&sample, besideContacts))
	if status, text := p.do(http.MethodPost, "/import", sample.String()); status != http.StatusOK || !strings.Contains(text, " 0 failed") {
		b.Fatalf("POST /import: %d %s", status, text)
	}
	o := &others{p: p}
	_, text := p.do(http.MethodGet, "/export/contacts?format=ndjson&fields=id", "")
	for line := range strings.Lines(text) {
		var contact struct{ ID string }
		check(b, json.Unmarshal([]byte(line), &contact))
		o.ids = append(o.ids, contact.ID)
	}
	return o
}

// answerRates are answers a second.
type answerRates struct{ creates, fetches float64 }

// rates runs the clients as long as during takes.
func (o *others) rates(b *testing.B, during func()) (r answerRates) {
	b.Helper()
	var over atomic.Bool
	var creates, fetches atomic.Int64
	faults := make([]error, 2*besideClients)
	var working sync.WaitGroup
	via := &http.Transport{MaxIdleConnsPerHost: 2 * besideClients}
	began := time.Now()
	for i := range faults {
		call, count := o.create, &creates
		if i%2 == 1 {
			call, count = o.fetch, &fetches
		}
		working.Go(func() {
			for n := i; !over.Load() && faults[i] == nil; n++ {
				if faults[i] = call(via, n); faults[i] == nil {
					count.Add(1)
				}
			}
		})
	}
	during()
	over.Store(true)
	took := time.Since(began).Seconds()
	working.Wait()
	via.CloseIdleConnections()
	for _, err := range faults {
		check(b, err)
	}
	return answerRates{float64(creates.Load()) / took, float64(fetches.Load()) / took}
}

func (o *others) create(via http.RoundTripper, _ int) error {
	return createContact(via, o.p, int(besideContacts+o.created.Add(1)))
}

func (o *others) fetch(via http.RoundTripper, n int) error {
	request, err := http.NewRequest(http.MethodGet, o.p.url+"/contacts/"+o.ids[n%len(o.ids)], nil)
	if err != nil {
		return err
	}
	request.Header.Set("Authorization", "Bearer "+o.p.token)
	answer, err := via.RoundTrip(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if text, _ := io.ReadAll(answer.Body); answer.StatusCode != http.StatusOK {
		return fmt.Errorf("fetch: status %d %s", answer.StatusCode, text)
	}
	return nil
}

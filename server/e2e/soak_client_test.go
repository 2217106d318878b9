//go:build unix

package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"time"
)

// outcome is what a client knows about a request.
type outcome string

const (
	acknowledged outcome = "acknowledged" // 2xx: it is done
	rejected     outcome = "refused"      // 4xx: nothing was done
	unknown      outcome = "unknown"      // 5xx, or no answer
)

// entry is a write in the journal.
type entry struct {
	key    string // Idempotency-Key
	kind   string // of record
	method string
	path   string
	body   string
	mark   string // what shows its effect: an address, a title, a text, a number
	of     *entry // the create of the record that it changes
	id     string // of the record, once it is known

	outcome outcome
	status  int
	sent    bool     // at least once
	unsaved bool     // the outcome is unknown by its status, but the answer says that nothing was saved
	patches []*entry // those of a contact, in the order they were sent
	gone    *entry   // the delete of a deal
}

// journals has every write of the soak and its outcome.
type journals struct {
	mu       sync.Mutex
	entries  []*entry
	statuses map[int]int
	reads    reads
	audited  map[string]int // entries of the audit before the first write, by action
}

func newJournals() *journals { return &journals{statuses: map[int]int{}} }

// reads counts the reads that run beside the writes.
type reads struct {
	mu        sync.Mutex
	good, bad int
}

func (r *reads) note(ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if ok {
		r.good++
	} else {
		r.bad++
	}
}

func (r *reads) reset() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.good, r.bad = 0, 0
}

func (r *reads) seen() (good, bad int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.good, r.bad
}

// counts are the numbers of writes by outcome.
type counts struct{ acknowledged, refused, unknown int }

func (j *journals) counts() (c counts) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.counted()
}

func (j *journals) counted() (c counts) {
	for _, e := range j.entries {
		switch e.outcome {
		case acknowledged:
			c.acknowledged++
		case rejected:
			c.refused++
		case unknown:
			c.unknown++
		}
	}
	return c
}

func (c counts) since(before counts) string {
	return fmt.Sprintf("%d writes answered, %d refused", c.acknowledged-before.acknowledged, c.refused-before.refused)
}

func (j *journals) summary() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	c := j.counted()
	return fmt.Sprintf("%d writes: %d answered, %d refused; statuses %v (0: no answer)", len(j.entries), c.acknowledged, c.refused, j.statuses)
}

// add puts a write into the journal, before it is sent.
func (j *journals) add(e *entry) *entry {
	j.mu.Lock()
	defer j.mu.Unlock()
	e.outcome = unknown
	e.key = fmt.Sprintf("soak-%d-%d", *soakSeed, len(j.entries))
	if e.mark == "" {
		e.mark = fmt.Sprintf("%s-%d", e.kind, len(j.entries))
	}
	j.entries = append(j.entries, e)
	return e
}

// worker is one client. It changes only records that it made itself.
type worker struct {
	*soak
	at     *instance // that it uses
	random *rand.Rand
	http   *http.Client
	own    []*entry // contacts it made
	deals  []*entry
}

// worker returns client n. Clients are spread over the servers.
func (s *soak) worker(n int) *worker {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := s.instances()
	return &worker{soak: s, at: all[n%len(all)], random: rand.New(rand.NewPCG(s.random.Uint64(), uint64(n))), http: &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{}}}
}

func (w *worker) work(ctx context.Context) {
	defer w.http.CloseIdleConnections()
	for ctx.Err() == nil {
		e := w.next()
		outcome := w.write(e)
		switch {
		case outcome == acknowledged && e.kind == "contact" && e.method == "POST":
			w.own = append(w.own, e)
		case outcome == acknowledged && e.kind == "deal" && e.method == "POST":
			w.deals = append(w.deals, e)
		case outcome == unknown:
			w.forget(e)
			time.Sleep(10 * time.Millisecond) // a server that is down refuses at once, and each is sent again later
		}
		w.read()
	}
}

// forget stops changing a record whose state is unknown.
func (w *worker) forget(e *entry) {
	for i, own := range w.own {
		if own == e.of {
			w.own = append(w.own[:i:i], w.own[i+1:]...)
			return
		}
	}
}

// next draws the next write.
func (w *worker) next() *entry {
	switch draw := w.random.IntN(100); {
	case draw < 5:
		return w.add(&entry{kind: "bad", method: "POST", path: "/contacts", body: `{"name":"Bad","emial":"x@example.com"}`})
	case draw < 35 && len(w.own) > 0:
		return w.patch(w.own[w.random.IntN(len(w.own))])
	case draw < 50 && len(w.own) > 0:
		contact := w.own[w.random.IntN(len(w.own))]
		e := w.add(&entry{kind: "activity", method: "POST", path: "/contacts/" + contact.id + "/activities"})
		e.body = fmt.Sprintf(`{"kind":"call","body":%q}`, e.mark)
		return e
	case draw < 55 && len(w.deals) > 0:
		deal := w.deals[len(w.deals)-1]
		w.deals = w.deals[:len(w.deals)-1]
		return w.remove(deal)
	case draw < 70:
		return w.create("deal")
	}
	return w.create("contact")
}

func (w *worker) create(kind string) *entry {
	e := w.add(&entry{kind: kind, method: "POST", path: "/" + kind + "s"})
	e.body = fmt.Sprintf(`{"title":%q,"amount_cents":100}`, e.mark)
	if kind == "contact" {
		e.mark += "@example.com"
		e.body = fmt.Sprintf(`{"name":"Soak","email":%q,"tags":["soak"],"custom":{"n":1}}`, e.mark)
	}
	return e
}

func (w *worker) patch(of *entry) *entry {
	e := w.add(&entry{kind: "contact", method: "PATCH", path: "/contacts/" + of.id, of: of})
	e.body = fmt.Sprintf(`{"phone":%q,"tags":{"add":[%q]}}`, e.mark, "t"+e.mark[len(e.mark)-1:])
	w.mu.Lock()
	defer w.mu.Unlock()
	of.patches = append(of.patches, e)
	return e
}

// remove requests the confirmation of a delete; the write is the second call.
func (w *worker) remove(deal *entry) *entry {
	e := w.add(&entry{kind: "deal", method: "DELETE", path: "/deals/" + deal.id, of: deal})
	_, body, err := w.send(&entry{key: e.key, method: "DELETE", path: e.path})
	var answer struct{ Confirm string }
	if err == nil {
		_ = json.Unmarshal(body, &answer) // without one the delete is refused
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	e.path += "?confirm=" + answer.Confirm
	deal.gone = e
	return e
}

// write sends a write and stores its outcome.
func (w *worker) write(e *entry) outcome {
	status, body, err := w.send(e)
	var record struct{ ID string }
	if err == nil && status < 300 {
		err = json.Unmarshal(body, &record)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if err != nil {
		status = 0
	}
	w.statuses[status]++
	e.status = status
	// Only of a first try: a second one may say this of itself, after the first was saved.
	e.unsaved = !e.sent && status >= 500 && saysUnsaved(string(body))
	e.sent = true
	switch {
	case status >= 200 && status < 300:
		e.outcome, e.id = acknowledged, record.ID
	case status >= 400 && status < 500:
		e.outcome = rejected
	}
	return e.outcome
}

// open reports whether a write may have been saved or not.
func (e *entry) open() bool { return e.outcome == unknown && !e.unsaved }

// saysUnsaved reports whether an answer says that nothing was saved.
func saysUnsaved(body string) bool {
	return strings.Contains(body, "nothing was saved") || strings.Contains(body, "nothing of it was saved") || strings.Contains(body, "nothing was done")
}

func (w *worker) send(e *entry) (status int, body []byte, err error) {
	req, err := http.NewRequest(e.method, w.at.url.Load().(string)+e.path, strings.NewReader(e.body))
	if err != nil {
		return 0, nil, err
	}
	req.Header.Set("Authorization", "Bearer "+w.token)
	req.Header.Set("Accept", "application/json")
	req.Header.Set("Idempotency-Key", e.key)
	res, err := w.http.Do(req)
	if err != nil {
		return 0, nil, err
	}
	defer res.Body.Close()
	body, err = io.ReadAll(res.Body)
	return res.StatusCode, body, err
}

// read reads one of the worker's records.
func (w *worker) read() {
	if len(w.own) == 0 {
		return
	}
	status, _, err := w.send(&entry{method: "GET", path: "/contacts/" + w.own[w.random.IntN(len(w.own))].id})
	w.reads.note(err == nil && status == 200)
}

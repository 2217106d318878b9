package server_test

import (
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"

	"crmkit/crm"
	"crmkit/store"
	"crmkit/store/account"
	"crmkit/store/txn"
)

// hold keeps the writer busy until the returned function is called.
func (r *rig) hold() (release func()) {
	r.t.Helper()
	entered, leave := make(chan struct{}), make(chan struct{})
	enter := sync.OnceFunc(func() { close(entered) }) // a write may run again
	var ended sync.WaitGroup
	ended.Go(func() {
		err := r.store.Write(r.t.Context(), crm.Actor{Workspace: 1}, func(*store.Tx) error {
			enter()
			<-leave
			return nil
		})
		if err != nil {
			r.t.Errorf("the write that holds the writer: %v", err)
		}
	})
	<-entered
	return func() {
		close(leave)
		ended.Wait()
	}
}

// waiting returns when n writes wait for the writer.
func (r *rig) waiting(n int) {
	for r.store.Stats().Waiting < n {
		runtime.Gosched()
	}
}

// TestBulkLinksAreSavedInSteps links more records than one transaction does, and links them again.
func TestBulkLinksAreSavedInSteps(t *testing.T) {
	const rows = 1700
	c := crowded(t, func(r *rig) {
		r.want(201, "POST", "/contacts", `{"name":"Joe Miller","email":"joe@acme.com"}`)
		r.want(201, "POST", "/campaigns", `{"name":"All"}`)
	}, func(f *filler) { f.contacts(rows) })
	members := "/campaigns/" + c.id("campaign", 1) + "/members"
	batches := 0
	c.watch(func(store.Batch) { batches++ })
	first := c.want(200, "POST", members, `{"filter":"search=miller"}`, "Idempotency-Key", "k1")
	if !strings.Contains(first, fmt.Sprintf("# %d added, 0 were already members", rows+1)) || !strings.Contains(first, fmt.Sprint("contacts=", rows+1)) {
		t.Errorf("the first time:\n%s", first)
	}
	if batches < 4 {
		t.Errorf("%d records were tied in %d transactions", rows, batches)
	}
	if again := c.want(200, "POST", members, `{"filter":"search=miller"}`, "Idempotency-Key", "k1"); again != first+"# replayed\n" {
		t.Errorf("with the same key:\n%s", again)
	}
	if again := c.want(200, "POST", members, `{"filter":"search=miller"}`); !strings.Contains(again, fmt.Sprintf("# 0 added, %d were already members", rows+1)) {
		t.Errorf("without a key:\n%s", again)
	}
	var ids []string
	for i := range int64(600) {
		ids = append(ids, fmt.Sprintf("%q", c.id("contact", 1+i)))
	}
	c.want(200, "POST", members, `{"contacts":[`+strings.Join(ids, ",")+`]}`)
	wrong := c.call("POST", members, `{"reason":"x","contacts":[`+strings.Join(ids, ",")+`,"`+c.id("contact", 5000)+`"]}`)
	if wrong.status != 409 || strings.Contains(wrong.body, "are in") {
		t.Errorf("one of many is not there: %d\n%s", wrong.status, wrong.body)
	}
	if got := c.want(200, "GET", members+"?reason=x", ""); !strings.HasPrefix(got, "# 0 ") {
		t.Errorf("and yet some got the reason:\n%.300s", got)
	}
}

// TestChangedRecordsAreLeftOutOfBulkLinks changes a contact after a filter found it and before it
// is linked.
func TestChangedRecordsAreLeftOutOfBulkLinks(t *testing.T) {
	onlyOneServer(t, "the writer of the server is held")
	r := onFile(t).as("jane@acme.com")
	joe := r.json(201, "POST", "/contacts", `{"name":"Joe","stage":"lead"}`)["id"].(string)
	r.want(201, "POST", "/contacts", `{"name":"Ann","stage":"lead"}`)
	campaign := r.json(201, "POST", "/campaigns", `{"name":"Leads"}`)["id"].(string)
	release := r.hold()
	var done sync.WaitGroup
	var got string
	done.Go(func() { r.want(200, "PATCH", "/contacts/"+joe, `{"stage":"customer"}`) })
	r.waiting(1)
	done.Go(func() {
		got = r.want(200, "POST", "/campaigns/"+campaign+"/members", `{"filter":"stage=lead"}`)
	})
	r.waiting(2)
	release()
	done.Wait()
	if !strings.Contains(got, "# 1 added, 0 were already members\n# 1 changed in the meantime and were left out") {
		t.Errorf("%s", got)
	}
	if list := r.want(200, "GET", "/campaigns/"+campaign+"/members", ""); strings.Contains(list, "Joe") || !strings.Contains(list, "Ann") {
		t.Errorf("members are\n%s", list)
	}
}

// TestReadyDuringASlowWrite calls /readyz while a write reaches the limit of its time.
func TestReadyDuringASlowWrite(t *testing.T) {
	r := onFileWith(t, store.Options{MaxWrite: txn.DefaultMaxWrite})
	running := make(chan struct{})
	start := sync.OnceFunc(func() { close(running) })
	var slow error
	var done sync.WaitGroup
	done.Go(func() {
		slow = r.store.Write(t.Context(), crm.Actor{}, func(tx *store.Tx) error {
			start()
			for {
				if _, err := account.IsKnownOrInvited(tx, "nobody@acme.com"); err != nil {
					return err
				}
			}
		})
	})
	<-running
	r.want(200, "GET", "/readyz", "")
	done.Wait()
	var known *crm.Error
	if !errors.As(slow, &known) || known.Code != crm.NotReady || !strings.Contains(known.Hint, "Send fewer rows or ids") {
		t.Errorf("the slow write: %v", slow)
	}
}

// TestBulkLinksHaveDryRuns plans links that take several steps, confirms them at once by two requests,
// and again. Then it confirms a plan that another request has done a part of.
func TestBulkLinksHaveDryRuns(t *testing.T) {
	const rows = 1200
	c := crowded(t, func(r *rig) {
		r.want(201, "POST", "/contacts", `{"name":"Joe Miller"}`)
		r.want(201, "POST", "/campaigns", `{"name":"All"}`)
		r.want(201, "POST", "/campaigns", `{"name":"Others"}`)
	}, func(f *filler) { f.contacts(rows - 1) })
	const body = `{"filter":"search=miller","reason":"x"}`
	members, others := "/campaigns/"+c.id("campaign", 1)+"/members", "/campaigns/"+c.id("campaign", 2)+"/members"
	token := c.planned("POST", members+"?dry_run=1", body)
	if text := c.want(200, "GET", members, ""); !strings.Contains(text, "# 0 ") {
		t.Fatalf("a dry run saved %s", text)
	}
	bodies := make([]string, 2)
	together(2, func(i int) { bodies[i] = c.call("POST", members+"?confirm="+token, body).body })
	want := fmt.Sprintf("contacts=%d", rows)
	for _, text := range append(bodies, c.want(200, "POST", members+"?confirm="+token, body)) {
		if !strings.Contains(text, want) && !strings.Contains(text, "is running now") { // by the other one
			t.Errorf("confirmed: %s", text)
		}
	}
	if text := c.want(200, "POST", members+"?confirm="+token, body); !strings.Contains(text, want) || !strings.HasSuffix(text, "# already done\n") {
		t.Errorf("again: %s", text)
	}
	token = c.planned("POST", others+"?dry_run=1&format=text", body)
	c.want(201, "POST", others, `{"contact_id":"`+c.id("contact", 7)+`"}`)
	stale := c.want(409, "POST", others+"?confirm="+token, body)
	text := c.want(200, "POST", others+"?confirm="+tokenIs.FindStringSubmatch(stale)[1], body)
	if !strings.Contains(text, fmt.Sprintf("# %d added, 1 were already members, the reason of 1 of these was changed", rows-1)) {
		t.Errorf("%s\nthen %s", stale, text)
	}
}

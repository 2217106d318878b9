package server_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
)

// together runs n functions at once and waits for them.
func together(n int, run func(i int)) {
	var ready, done sync.WaitGroup
	ready.Add(1)
	for i := range n {
		done.Go(func() {
			ready.Wait()
			run(i)
		})
	}
	ready.Done()
	done.Wait()
}

func TestUpsertsOfOneEmailMakeOneContact(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	statuses := make([]int, 40)
	together(len(statuses), func(i int) {
		statuses[i] = r.call("POST", "/contacts", fmt.Sprintf(`{"name":"Joe","email":"JOE@acme.com","custom":{"k%d":%d}}`, i, i)).status
	})
	created := 0
	for _, status := range statuses {
		if status == 201 {
			created++
		} else if status != 200 {
			t.Errorf("status %d", status)
		}
	}
	list := r.json(200, "GET", "/contacts", "")
	custom := list["items"].([]any)[0].(map[string]any)["custom"].(map[string]any)
	if created != 1 || fmt.Sprint(list["total"]) != "1" || len(custom) != len(statuses) {
		t.Errorf("%d created, %v contacts, %d of %d keys kept", created, list["total"], len(custom), len(statuses))
	}
}

// TestParallelLinksCreateOneMember adds contacts to a campaign with every kind of request at once:
// each becomes a member once, and is counted once.
func TestParallelLinksCreateOneMember(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	campaign := r.json(201, "POST", "/campaigns", `{"name":"Autumn"}`)["id"].(string)
	var ids []string
	for i := range 5 {
		ids = append(ids, r.json(201, "POST", "/contacts", fmt.Sprintf(`{"name":"Joe","email":"j%d@acme.com"}`, i))["id"].(string))
	}
	statuses := make([]int, 60)
	together(len(statuses), func(i int) {
		members := "/campaigns/" + campaign + "/members"
		switch id := ids[i%len(ids)]; i % 4 {
		case 0:
			statuses[i] = r.call("POST", members, `{"contact_id":"`+id+`"}`).status
		case 1:
			statuses[i] = r.call("POST", members, `{"contacts":["`+strings.Join(ids, `","`)+`"],"reason":"list"}`).status
		case 2:
			statuses[i] = r.call("POST", members, `{"filter":"name=Joe"}`).status
		case 3:
			statuses[i] = r.call("POST", "/contacts?campaign="+campaign, fmt.Sprintf(`{"name":"Joe","email":"J%d@acme.com"}`, i%len(ids))).status
		}
	})
	for i, status := range statuses {
		if status != 200 && status != 201 {
			t.Errorf("request %d: status %d", i, status)
		}
	}
	total, counted := r.json(200, "GET", "/campaigns/"+campaign+"/members", "")["total"], r.json(200, "GET", "/campaigns/"+campaign, "")["contacts"]
	if want := fmt.Sprint(len(ids)); fmt.Sprint(total) != want || fmt.Sprint(counted) != want || fmt.Sprint(r.json(200, "GET", "/contacts", "")["total"]) != want {
		t.Errorf("%v members, %v counted, want %s", total, counted, want)
	}
}

func TestPatchesOfDifferentFieldsLoseNone(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	path := "/contacts/" + r.json(201, "POST", "/contacts", `{"name":"Joe"}`)["id"].(string)
	fields := []string{"phone", "stage", "owner", "notes", "follow_up_note"}
	together(40, func(i int) {
		body := fmt.Sprintf(`{"custom":{"k%d":%d},"tags":{"add":["t%d"]}}`, i, i, i)
		if i < len(fields) {
			body = fmt.Sprintf(`{%q:"v%d"}`, fields[i], i)
		}
		r.want(200, "PATCH", path, body)
	})
	record := r.json(200, "GET", path, "")
	for i, field := range fields {
		if record[field] != fmt.Sprintf("v%d", i) {
			t.Errorf("%s is %v", field, record[field])
		}
	}
	if custom, tags := record["custom"].(map[string]any), record["tags"].([]any); len(custom) != 35 || len(tags) != 35 || fmt.Sprint(record["version"]) != "41" {
		t.Errorf("%d keys, %d tags, version %v", len(custom), len(tags), record["version"])
	}
	if changes := r.json(200, "GET", "/audit?action=update", ""); fmt.Sprint(changes["total"]) != "40" {
		t.Errorf("%v changes in the log", changes["total"])
	}
}

func TestOneConditionalPatchSucceeds(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	path := "/contacts/" + r.json(201, "POST", "/contacts", `{"name":"Joe"}`)["id"].(string)
	statuses := make([]int, 20)
	together(len(statuses), func(i int) {
		statuses[i] = r.call("PATCH", path, fmt.Sprintf(`{"stage":"s%d","version":1}`, i)).status
	})
	if text := fmt.Sprint(statuses); strings.Count(text, "200") != 1 || strings.Count(text, "412") != 19 {
		t.Errorf("statuses %v", statuses)
	}
}

func TestParallelWrongCodesShareFiveTries(t *testing.T) {
	r := newRig(t)
	code := r.json(200, "POST", "/auth/request", `{"email":"jane@acme.com"}`)["local_code"].(string)
	statuses := make([]int, 50)
	together(len(statuses), func(i int) {
		guess := fmt.Sprintf("%06d", i)
		if guess == code {
			guess = "999999"
		}
		statuses[i] = r.call("POST", "/auth/verify", `{"email":"jane@acme.com","code":"`+guess+`"}`).status
	})
	if text := fmt.Sprint(statuses); strings.Count(text, "401") != 5 || strings.Count(text, "429") != 45 {
		t.Errorf("statuses %v", statuses)
	}
	if a := r.call("POST", "/auth/verify", `{"email":"jane@acme.com","code":"`+code+`"}`); a.status != 429 || a.header.Get("Retry-After") != "600" {
		t.Errorf("the right code after five wrong ones: status %d, Retry-After %q", a.status, a.header.Get("Retry-After"))
	}
}

func TestOneConfirmationDeletesOnce(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	path := "/contacts/" + r.json(201, "POST", "/contacts", `{"name":"Joe"}`)["id"].(string)
	confirm := r.json(409, "DELETE", path, "")["confirm"].(string)
	bodies := make([]string, 20)
	together(len(bodies), func(i int) {
		bodies[i] = r.call("DELETE", path+"?confirm="+confirm, "").body
	})
	text := strings.Join(bodies, "")
	if strings.Count(text, "deleted contact/") != 20 || strings.Count(text, "# already done") != 19 {
		t.Errorf("answers %s", text)
	}
}

// TestWalksSeeEveryRecordOnce pages through every sort order while other clients change and add
// records. Records whose sort value does not change are seen exactly once.
func TestWalksSeeEveryRecordOnce(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	const n = 60
	for i := range n {
		r.want(201, "POST", "/deals", fmt.Sprintf(`{"title":"t%02d","amount_cents":%d,"stage":"s%d"}`, i%7, i%5, i%3))
	}
	for i := range n / 4 {
		r.want(200, "PATCH", "/deals/"+r.id("deal", int64(i+1)), `{"amount_cents":null,"stage":null}`)
	}
	stop := make(chan struct{})
	var writers sync.WaitGroup
	for w := range 4 {
		writers.Go(func() {
			for i := w; ; i++ {
				select {
				case <-stop:
					return
				default:
				}
				r.call("PATCH", "/deals/"+r.id("deal", int64(i%n+1)), fmt.Sprintf(`{"notes":"n%d"}`, i))
				if i%5 == 0 {
					r.call("POST", "/deals", `{"title":"new"}`)
				}
			}
		})
	}
	for _, sort := range []string{"-created_at", "created_at", "id", "-id", "title", "-title", "amount_cents", "-amount_cents", "stage", "-stage", "status", "currency"} {
		walk(t, r, sort, n)
	}
	close(stop)
	writers.Wait()
}

func walk(t *testing.T, r *rig, sort string, n int) {
	t.Helper()
	seen := map[string]int{}
	path := "/deals?limit=7&total=none&fields=title&title=ne:new&sort=" + sort
	for next := ""; ; {
		page := r.json(200, "GET", path+next, "")
		for _, item := range page["items"].([]any) {
			seen[item.(map[string]any)["id"].(string)]++
		}
		cursor, more := page["next_cursor"].(string)
		if !more {
			break
		}
		next = "&cursor=" + cursor
	}
	if len(seen) != n {
		t.Errorf("sort=%s: saw %d of %d records", sort, len(seen), n)
	}
	for id, times := range seen {
		if times != 1 {
			t.Errorf("sort=%s: saw %s %d times", sort, id, times)
		}
	}
}

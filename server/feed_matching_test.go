package server_test

import (
	"fmt"
	"math/rand/v2"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"
)

// changesOf reads the whole feed with some parameters, in pages, and returns the ids of the changes and the records that they are of.
func (r *rig) changesOf(params string) (ids, targets []string) {
	r.t.Helper()
	cursor := "since=" + "2026-01-01"
	for {
		page := r.json(200, "GET", "/changes?"+cursor+"&"+params, "")
		for _, item := range page["items"].([]any) {
			ids = append(ids, item.(map[string]any)["id"].(string))
			targets = append(targets, item.(map[string]any)["target"].(string))
		}
		if page["more"] != true {
			return ids, targets
		}
		cursor = "since=" + page["cursor"].(string)
	}
}

// TestChangesOfMatchingRecords compares the feed with where= and view= with the changes of all records of the kind, of which
// only those stay whose record the list finds with the same filters.
func TestChangesOfMatchingRecords(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 1))
	r := newRig(t).as("jane@acme.com")
	r.writes(r.call, random, 60)
	for range 6 {
		r.json(201, "POST", "/deals", fmt.Sprintf(`{"title":"D","amount_cents":%d,"contact_id":%q}`, random.IntN(3), r.someContact(random)))
	}
	r.json(201, "PUT", "/views/small", `{"kind":"deals","query":"amount_cents=lt:2&where=contacts.stage=s0 or contacts.stage=s1"}`)
	for _, c := range [][2]string{
		{"contact", "where=stage=s1"}, {"contact", "where=" + url.QueryEscape("not stage=s1 or deals.amount_cents=gt:0")}, {"contact", "where=created_at=gt:-1h"},
		{"deal", "view=small"}, {"deal", "view=small&where=amount_cents=0"}, {"contact", "where=name=nobody"}, {"contact", "where=search%3Dx"},
	} {
		plural := c[0] + "s"
		if strings.Contains(c[1], "search") {
			r.want(400, "GET", "/changes?since=2026-01-01&kind=contact&"+c[1], "")
			continue
		}
		found := r.find("/" + plural + "?limit=200&" + c[1])
		ids, targets := r.changesOf("kind=" + c[0] + "&limit=500")
		var want []string
		for i, target := range targets {
			if slices.Contains(found, strings.TrimPrefix(target, c[0]+"/")) {
				want = append(want, ids[i])
			}
		}
		if got, _ := r.changesOf(fmt.Sprintf("kind=%s&limit=%d&%s", plural, 1+random.IntN(9), c[1])); !slices.Equal(got, want) {
			t.Errorf("kind=%s&%s: %v, want %v", c[0], c[1], got, want)
		}
		if summary := r.want(200, "GET", "/changes?since=2026-01-01&summary=1&kind="+c[0]+"&"+c[1], ""); len(want) == 0 != strings.Contains(summary, "all changes=0\n") {
			t.Errorf("the summary of %v: %s", c, summary)
		}
	}
}

// someContact returns the id of a random contact.
func (r *rig) someContact(random *rand.Rand) string {
	ids := r.find("/contacts?limit=200")
	return ids[random.IntN(len(ids))]
}

// TestWaitingForMatchingRecords waits for a change of a record that matches: others do not end it.
func TestWaitingForMatchingRecords(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	cursor := r.json(200, "GET", "/changes?since=now", "")["cursor"].(string)
	answered := make(chan answer, 1)
	go func() {
		answered <- r.call("GET", "/changes?wait=20&kind=deal&where=amount_cents=gt:100&since="+cursor, "")
	}()
	r.want(201, "POST", "/deals", `{"title":"Small","amount_cents":100}`)
	r.want(201, "POST", "/contacts", `{"name":"Ann"}`)
	select {
	case a := <-answered:
		t.Fatalf("%d %s", a.status, a.body)
	case <-time.After(300 * time.Millisecond):
	}
	r.want(201, "POST", "/deals", `{"title":"Large","amount_cents":101}`)
	if a := <-answered; a.status != 200 || !strings.Contains(a.body, "to.title=Large") || strings.Contains(a.body, "Small") {
		t.Errorf("%d %s", a.status, a.body)
	}
}

// TestMatchingIsOfOneKind checks what is refused.
func TestMatchingIsOfOneKind(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	r.want(201, "PUT", "/views/cold", `{"kind":"contacts","query":"stage=lead"}`)
	for params, hint := range map[string]string{
		"where=stage=lead":                         "kind=deal&where=status=open",
		"kind=deal,contact&where=stage=lead":       "kind=deal&where=status=open",
		"kind=token&where=name=x":                  "are about records",
		"kind=deal&view=cold":                      "is one of contacts, not of deals",
		"kind=contact&view=none":                   "there is no view none of contacts; there is cold",
		"kind=contact&where=stge=lead":             "Did you mean stage?",
		"kind=contact&where=stage=a+and+b=c+or+d=": "",
	} {
		if text := r.want(400, "GET", "/changes?"+params, ""); !strings.Contains(text, hint) {
			t.Errorf("%s: %s", params, text)
		}
	}
}

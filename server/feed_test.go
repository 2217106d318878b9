package server_test

import (
	"bufio"
	"fmt"
	"math/rand/v2"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"crmkit/store"
	"crmkit/store/changelog"
	"crmkit/store/storetest/kit"
)

// feedSetups are the databases of the tests of the feed: the flags, and several servers on PostgreSQL.
func feedSetups() []setup { return []setup{{*engineFlag, *serversFlag}, {"postgres", 3}} }

// follower reads the feed of a workspace from cursor to cursor.
type follower struct {
	r      *rig
	query  string
	cursor string
	seen   []string // ids of changes
	pages  int
}

// next reads a page and reports whether there may be more.
func (f *follower) next() bool {
	page := f.r.json(200, "GET", "/changes?since="+f.cursor+f.query, "")
	for _, item := range page["items"].([]any) {
		f.seen = append(f.seen, item.(map[string]any)["id"].(string))
	}
	f.cursor = page["cursor"].(string)
	f.pages++
	return page["more"] == true
}

// sender sends a request, such as rig.call.
type sender func(method, path, body string, header ...string) answer

// writes makes n random writes, of which some are deletes, batches, and refused.
func (r *rig) writes(send sender, rng *rand.Rand, n int) {
	for i := range n {
		switch rng.IntN(5) {
		case 0, 1:
			send("POST", "/contacts", fmt.Sprintf(`{"name":"N%d","stage":"s%d"}`, i, rng.IntN(3)))
		case 2:
			send("PATCH", "/contacts/"+r.id("contact", 1+rng.Int64N(20)), fmt.Sprintf(`{"stage":"s%d","notes":"%s"}`, rng.IntN(3), strings.Repeat("n", rng.IntN(600))))
		case 3:
			send("POST", "/batch", `[{"method":"POST","path":"/companies","body":{"name":"A"}},{"method":"POST","path":"/deals","body":{"title":"D"}}]`)
		case 4:
			path := "/contacts/" + r.id("contact", 1+rng.Int64N(20))
			if a := send("DELETE", path, ""); a.status == 409 {
				send("DELETE", path+"?confirm="+confirmOf(a.body), "")
			}
		}
	}
}

// TestFeedSkipsNothing has many writers, in one workspace and beside it, while readers with different
// filters and pages follow. Each reader gets exactly the entries of the log that its filters let
// through, in the order of the log.
func TestFeedSkipsNothing(t *testing.T) {
	for _, s := range feedSetups() {
		t.Run(s.String(), func(t *testing.T) {
			seed := kit.Seed(t)
			r := s.newRig(t, store.Options{}).as("jane@acme.com")
			other := *r
			other.header = http.Header{}
			other.as("bob@other.com")
			start := r.json(200, "GET", "/changes?since=now", "")["cursor"].(string)
			followers := []*follower{{query: ""}, {query: "&limit=1"}, {query: "&limit=7&kind=contact"}, {query: "&field=stage"}, {query: "&to.stage=s1"}, {query: "&by=not-me"}, {query: "&action=delete,create"}}
			var stop atomic.Bool
			var reading sync.WaitGroup
			for _, f := range followers {
				f.r, f.cursor = r, start
				reading.Go(func() {
					for !stop.Load() {
						f.next()
					}
					for f.next() {
					}
				})
			}
			together(16, func(i int) {
				who := r
				if i%4 == 3 {
					who = &other
				}
				who.writes(who.call, rand.New(rand.NewPCG(seed, uint64(i))), 12)
			})
			stop.Store(true)
			reading.Wait()
			for _, f := range followers {
				if want := logged(r, start, f.query); !slices.Equal(f.seen, want) {
					t.Errorf("%q: %d changes in %d pages, the log has %d; seed %d", f.query, len(f.seen), f.pages, len(want), seed)
				}
			}
		})
	}
}

// logged returns the ids of the entries after a cursor that the filters of a query let through, from the
// log as GET /audit has it.
func logged(r *rig, start, query string) (ids []string) {
	first := r.json(200, "GET", "/changes?limit=1&since="+start, "")["items"].([]any)[0].(map[string]any)["id"].(string)
	for next := ""; ; {
		page := r.json(200, "GET", "/audit?limit=500"+next, "")
		for _, item := range page["items"].([]any) {
			c := item.(map[string]any)
			if letsThrough(query, c) {
				ids = append(ids, c["id"].(string))
			}
			if c["id"] == first {
				slices.Reverse(ids)
				return ids
			}
		}
		next = "&cursor=" + page["next_cursor"].(string)
	}
}

// letsThrough is a second writing of the filters that the test uses.
func letsThrough(query string, c map[string]any) bool {
	from, _ := c["from"].(map[string]any)
	to, _ := c["to"].(map[string]any)
	switch {
	case strings.Contains(query, "kind=contact"):
		return strings.HasPrefix(c["target"].(string), "contact/")
	case strings.Contains(query, "field=stage"):
		return from["stage"] != nil || to["stage"] != nil
	case strings.Contains(query, "to.stage=s1"):
		return to["stage"] == "s1"
	case strings.Contains(query, "action=delete,create"):
		return c["action"] == "delete" || c["action"] == "create"
	case strings.Contains(query, "by=not-me"):
		return c["by"] != "jane@acme.com"
	}
	return true
}

// TestFeedEdges asks for what one may ask by mistake.
func TestFeedEdges(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	run := []string{"Crmkit-Run", "a&b=c+d"}
	lines := `[{"method":"POST","path":"/contacts","body":{"name":"A"}},{"method":"POST","path":"/companies","body":{"name":"B"}}]`
	group := regexp.MustCompile(`chg_\w+`).FindString(r.want(200, "POST", "/batch", lines, run...))
	contact := "create contact/" + r.id("contact", 1)
	for path, want := range map[string]string{
		"/changes/" + group: contact + " create company/" + r.id("company", 1),
		"/changes/" + group + "?record=" + r.id("contact", 1):             contact,
		"/changes/" + group + "?kind=contacts":                            contact,
		"/changes?run=a%26b%3Dc%2Bd&record=contact/" + r.id("contact", 1): contact,
		"/changes?run=a%26b%3Dc%2Bd&bookmark=default&kind=contact":        contact,
		"/changes?record=" + r.id("contact", 1) + "&field=name":           contact,
		"/changes?record=" + r.id("contact", 1) + "&field=stage":          "",
	} {
		if got := strings.Join(targets(r.want(200, "GET", path, "")), " "); got != want {
			t.Errorf("%s: %s, want %s", path, got, want)
		}
	}
	unknown := changelog.GroupID(1, 1000)
	for path, want := range map[string]string{
		"/changes/" + unknown:                 "there is no change group " + unknown,
		"/changes/" + unknown + "?summary=1":  "there is no change group " + unknown,
		"/changes?summary=1&limit=5":          "leave limit out",
		"/changes?summary=1&wait=5":           "leave wait out",
		"/changes/seen":                       "POST /changes/seen",
		"/changes?since=%2B1h":                "in the future",
		"/changes?since=yesterdayish":         "no cursor of GET /changes, and no time",
		"/changes?action=deleted":             "the actions on records are create,",
		"/changes?wait=-1":                    "seconds up to 50",
		"/changes?to.=x":                      `no kind of record has the field ""`,
		"/changes?to.stage=a&to.stage=b":      "send it once",
		"/changes?format=events&summary=1":    "summary=1",
		"/changes?bookmark=two%20words":       "the name of a bookmark",
		"/changes?run=a%26b%3Dc%2Bd&by=x@y.z": "GET /changes?by=jane@acme.com&run=a%26b%3Dc%2Bd",
	} {
		a := r.call("GET", path, "")
		if a.status < 400 || !strings.Contains(a.body, want) {
			t.Errorf("%s: %d %s, want %s", path, a.status, a.body, want)
		}
	}
}

// TestBookmarks moves bookmarks: each belongs to a token and a name, and a GET moves none.
func TestBookmarks(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	now := r.json(200, "GET", "/changes?since=now", "")["cursor"].(string)
	r.want(200, "POST", "/changes/seen", `{"cursor":"`+now+`","bookmark":"daily"}`)
	r.want(201, "POST", "/companies", `{"name":"Acme"}`)
	for range 2 {
		if got := changesOf(r.want(200, "GET", "/changes?bookmark=daily", "")); len(got) != 1 {
			t.Errorf("after the bookmark: %q", got)
		}
	}
	if got := r.want(200, "GET", "/changes", ""); len(changesOf(got)) != 3 || !strings.Contains(got, "has no bookmark yet") {
		t.Errorf("without a bookmark: %s", got)
	}
	later := r.json(200, "GET", "/changes?bookmark=daily", "")["cursor"].(string)
	r.want(200, "POST", "/changes/seen", `{"cursor":"`+later+`","bookmark":"daily"}`)
	if got := r.want(200, "GET", "/changes?bookmark=daily", ""); len(changesOf(got)) != 0 || !strings.HasSuffix(got, "# cursor: "+later+"\n") {
		t.Errorf("after it was moved: %s", got)
	}
	r.as("jane@acme.com") // another token
	if got := r.want(200, "GET", "/changes?bookmark=daily", ""); !strings.Contains(got, "there is no bookmark daily of this token yet") {
		t.Errorf("another token has the bookmark: %s", got)
	}
	for i := range 100 {
		r.want(200, "POST", "/changes/seen", fmt.Sprintf(`{"cursor":%q,"bookmark":"b%d"}`, later, i))
	}
	if got := r.want(400, "POST", "/changes/seen", `{"cursor":"`+later+`","bookmark":"more"}`); !strings.Contains(got, "has 100 bookmarks") {
		t.Error(got)
	}
}

// TestChangesSinceATime asks for the changes since a time, among those of the same millisecond, of one before
// all of them, of the last, and of a time after it; each answer goes on from its cursor.
func TestChangesSinceATime(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	var at []time.Time
	for i := range 6 {
		if i%2 == 0 {
			r.clock.Advance(time.Minute)
		}
		r.want(201, "POST", "/contacts", `{"name":"N"}`)
		at = append(at, r.clock.Now())
	}
	r.clock.Advance(time.Minute)
	r.want(201, "POST", "/companies", `{"name":"Acme"}`)
	for i, from := range append(at, at[0].Add(-time.Hour), r.clock.Now().Add(-time.Millisecond)) {
		want := 1 // the company
		for _, moment := range at {
			if !moment.Before(from) {
				want++
			}
		}
		page := r.json(200, "GET", "/changes?kind=contact,company&since="+from.UTC().Format("2006-01-02T15:04:05.000Z"), "")
		if got := len(page["items"].([]any)); got != want {
			t.Errorf("%d: %d changes, want %d", i, got, want)
		}
		rest := r.json(200, "GET", "/changes?since="+page["cursor"].(string), "")
		if len(rest["items"].([]any)) != 0 {
			t.Errorf("%d: after the cursor: %v", i, rest)
		}
	}
	stream := events(r.open(r.overHTTP(), "GET", "/changes?kind=company&since=-1h&action=create&format=events", nil))
	r.want(201, "POST", "/companies", `{"name":"Beta"}`)
	for _, want := range []string{`"cursor":`, `"name":"Acme"`, `"name":"Beta"`} {
		if e, _ := nextEvent(t, stream); !strings.Contains(e.data, want) {
			t.Errorf("%s, want %s", e.data, want)
		}
	}
}

// TestCursorsExpire deletes old entries of the log: a cursor before them is refused, with the way out.
func TestCursorsExpire(t *testing.T) {
	r := newRigWith(t, store.Options{LogDays: 30}).as("jane@acme.com")
	old := r.json(200, "GET", "/changes?since=now", "")["cursor"].(string)
	r.want(201, "POST", "/companies", `{"name":"Acme"}`)
	r.want(201, "POST", "/companies", `{"name":"Beta"}`)
	r.clock.Advance(40 * 24 * time.Hour)
	r.as("jane@acme.com").want(201, "POST", "/companies", `{"name":"Late"}`)
	r.store.Purge(t.Context())
	for _, path := range []string{"/changes?since=" + old, "/changes?summary=1&since=" + old, "/changes?since=-30d"} {
		if got := r.want(410, "GET", path, ""); !strings.Contains(got, "cursor_expired") || !strings.Contains(got, "GET /changes?since=now first") {
			t.Error(got)
		}
	}
	r.want(410, "POST", "/changes/seen", `{"cursor":"`+old+`"}`)
	if got := changesOf(r.want(200, "GET", "/changes?kind=company", "")); len(got) != 1 || !strings.Contains(got[0], "to.name=Late") {
		t.Errorf("what is kept: %q", got)
	}
}

// TestWaitForChanges waits for a change that the filters let through.
func TestWaitForChanges(t *testing.T) {
	for _, s := range feedSetups() {
		t.Run(s.String(), func(t *testing.T) {
			r := s.newRig(t, store.Options{}).as("jane@acme.com")
			now := r.json(200, "GET", "/changes?since=now", "")["cursor"].(string)
			began := time.Now()
			if got := r.want(200, "GET", "/changes?since=now&wait=1", ""); len(changesOf(got)) != 0 || time.Since(began) < time.Second {
				t.Errorf("after %v: %s", time.Since(began), got)
			}
			answers := make(chan string, 2)
			for _, query := range []string{"", "&kind=company"} {
				go func() { answers <- r.want(200, "GET", "/changes?wait=30&since="+now+query, "") }()
			}
			time.Sleep(50 * time.Millisecond)
			r.want(201, "POST", "/contacts", `{"name":"Jane Doe"}`)
			if got := changesOf(<-answers); len(got) != 1 || !strings.Contains(got[0], "action=create target=contact/") {
				t.Errorf("first %q", got)
			}
			r.want(201, "POST", "/companies", `{"name":"Acme"}`)
			if got := changesOf(<-answers); len(got) != 1 || !strings.Contains(got[0], "target=company/") {
				t.Errorf("then %q", got)
			}
			if took := time.Since(began); took > 20*time.Second {
				t.Errorf("it took %v", took)
			}
		})
	}
}

// TestWaitingEndsWithTheRight ends the right of a member who waits.
func TestWaitingEndsWithTheRight(t *testing.T) {
	for how := range taking {
		t.Run(how, func(t *testing.T) {
			r := newRig(t)
			admin, bob := r.teamOfTwo()
			ended := make(chan answer, 1)
			go func() {
				ended <- r.call("GET", "/changes?since=now&wait=30", "", "Authorization", "Bearer "+bob.token)
			}()
			time.Sleep(50 * time.Millisecond)
			r.take(how, admin, bob)
			select {
			case a := <-ended:
				if a.status != 401 && a.status != 403 {
					t.Errorf("%d %s", a.status, a.body)
				}
			case <-time.After(20 * time.Second):
				t.Error("the request waits on")
			}
		})
	}
}

// event is a server-sent event.
type event struct{ kind, id, data string }

// events reads a stream of events, until it ends.
func events(res *http.Response) <-chan event {
	c := make(chan event, 100)
	go func() {
		defer close(c)
		var e event
		for lines := bufio.NewScanner(res.Body); lines.Scan(); {
			name, value, _ := strings.Cut(lines.Text(), ": ")
			switch name {
			case "event":
				e.kind = value
			case "id":
				e.id = value
			case "data":
				e.data = value
			case "":
				if value == "" && e.data != "" {
					c <- e
				}
				e = event{}
			}
		}
	}()
	return c
}

// nextEvent returns the next event of a stream.
func nextEvent(t *testing.T, c <-chan event) (e event, open bool) {
	t.Helper()
	select {
	case e, open = <-c:
		return e, open
	case <-time.After(20 * time.Second):
		t.Fatal("no event comes")
	}
	return e, false
}

// TestEvents follows a stream of events over a connection, opens it again after a break, and revokes the
// token: the next event ends it.
func TestEvents(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	srv := r.overHTTP()
	stream := r.open(srv, "GET", "/changes?since=now&format=events", nil)
	if kind := stream.Header.Get("Content-Type"); stream.StatusCode != 200 || kind != "text/event-stream" {
		t.Fatal(stream.StatusCode, kind)
	}
	if gather := stream.Header.Get("X-Accel-Buffering"); gather != "no" {
		t.Errorf("proxies may gather events: %q", gather)
	}
	c := events(stream)
	begin, _ := nextEvent(t, c)
	if begin.kind != "cursor" || !regexp.MustCompile(`^seq_\w+$`).MatchString(begin.id) {
		t.Errorf("it begins with %+v", begin)
	}
	for i := range 3 {
		r.want(201, "POST", "/companies", fmt.Sprintf(`{"name":"C%d"}`, i))
	}
	var last event
	for i := range 3 {
		if last, _ = nextEvent(t, c); last.kind != "change" || !strings.Contains(last.data, fmt.Sprintf(`"name":"C%d"`, i)) {
			t.Errorf("event %d is %+v", i, last)
		}
	}
	stream.Body.Close()
	r.want(201, "POST", "/companies", `{"name":"meanwhile"}`)
	r.header.Set("Accept", "text/event-stream")
	r.header.Set("Last-Event-ID", last.id)
	c = events(r.open(srv, "GET", "/changes?since="+begin.id, nil))
	r.header.Del("Accept")
	if e, _ := nextEvent(t, c); e.kind != "cursor" || e.id != last.id {
		t.Errorf("it goes on at %+v", e)
	}
	if e, _ := nextEvent(t, c); !strings.Contains(e.data, `"name":"meanwhile"`) {
		t.Errorf("it goes on with %+v", e)
	}
	r.want(200, "DELETE", "/tokens/"+r.json(200, "GET", "/whoami", "")["token_id"].(string), "")
	if e, open := nextEvent(t, c); open && (e.kind != "error" || !strings.Contains(e.data, "invalid_token")) {
		t.Errorf("after the token was revoked comes %+v", e)
	}
	if e, open := nextEvent(t, c); open {
		t.Errorf("the stream goes on with %+v", e)
	}
}

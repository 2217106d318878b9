package server_test

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"crmkit/store"
	"crmkit/store/storetest/kit"
)

// fleet sends requests to several servers in turn, each of which may be restarted meanwhile.
type fleet struct {
	r    *rig
	next atomic.Int64

	mu      sync.RWMutex
	members []*rig
}

// newFleet puts the servers of a rig into a fleet, which gets the requests of the rig from then on.
func newFleet(r *rig) *fleet {
	one := *r
	f := &fleet{r: &one}
	for i := range r.stores {
		member := one
		member.stores, member.store = r.stores[i:i+1], r.stores[i]
		member.servers, member.handler = r.servers[i:i+1], r.servers[i]
		f.members = append(f.members, &member)
	}
	r.handler = f
	return f
}

func (f *fleet) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	f.mu.RLock()
	member := f.members[int(f.next.Add(1))%len(f.members)]
	f.mu.RUnlock()
	member.handler.ServeHTTP(w, req)
}

// restart stops a server, and has another one take its place.
func (f *fleet) restart(i int) {
	f.members[i].servers[0].EndWaiting()
	if err := f.members[i].store.Close(); err != nil {
		f.r.t.Error(err)
	}
	fresh := f.r.beside(nil)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.members[i] = fresh
}

// restartUntil restarts the servers in turn until done, and returns how often. Each one stays for a while in which some
// requests are served, as counted in served, so that a slow machine gets on.
func (f *fleet) restartUntil(done <-chan struct{}, served *atomic.Int64) (restarts int) {
	const some = 16
	for ended := false; !ended; restarts++ {
		began, before := time.Now(), served.Load()
		f.restart(restarts % len(f.members))
		for pause := 100*time.Millisecond + 2*time.Since(began); !ended && (pause > 0 || served.Load() < before+some); pause = 0 {
			select {
			case <-done:
				ended = true
			case <-time.After(max(pause, 5*time.Millisecond)):
			}
		}
	}
	return restarts
}

// patient sends a request again for as long as the server that gets it is stopping, and less often with each time, so
// that those who wait leave the processors to the server that starts.
func (r *rig) patient(method, path, body string, header ...string) (a answer) {
	pause := time.Millisecond
	for deadline := time.Now().Add(5 * time.Minute); time.Now().Before(deadline); pause = min(2*pause, 30*time.Millisecond) {
		if a = r.answer(method, path, body, header...); a.status != 503 {
			break
		}
		time.Sleep(pause)
	}
	if a.status >= 500 {
		r.t.Errorf("%s %.200s: status %d: %s\n%s", method, path, a.status, a.body, r.logs.tail())
	}
	return a
}

// reader follows the feed of a workspace, by pages that wait or by events, over restarts of the servers.
type reader struct {
	r      *rig
	srv    *httptest.Server
	query  string
	stream bool

	mu     sync.Mutex
	cursor string
	seen   []string // ids of changes
	breaks int      // of streams
}

func (f *reader) count() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.seen)
}

// follow reads until stop.
func (f *reader) follow(stop <-chan struct{}) {
	for {
		select {
		case <-stop:
			return
		default:
		}
		if f.stream {
			f.readStream(stop)
		} else {
			f.readPage()
		}
	}
}

// readPage reads a page, for which it waits.
func (f *reader) readPage() {
	a := f.r.patient("GET", "/changes?wait=1&format=json&since="+f.cursor+f.query, "")
	page := decoded(f.r.t, a.body)
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, item := range page["items"].([]any) {
		f.seen = append(f.seen, item.(map[string]any)["id"].(string))
	}
	f.cursor = page["cursor"].(string)
}

// readStream reads a stream until it breaks off, and notes the place from which to go on.
func (f *reader) readStream(stop <-chan struct{}) {
	req, err := http.NewRequest("GET", f.srv.URL+"/changes?format=events"+f.query, nil)
	if err != nil {
		f.r.t.Error(err)
		return
	}
	req.Header = f.r.header.Clone()
	req.Header.Set("Last-Event-ID", f.cursor)
	res, err := f.srv.Client().Do(req)
	if err != nil {
		f.r.t.Error(err)
		return
	}
	if res.StatusCode != 200 { // the server is stopping
		res.Body.Close()
		time.Sleep(time.Millisecond)
		return
	}
	c := events(res)
	defer func() { // what still comes is not for anybody
		res.Body.Close()
		for range c {
		}
	}()
	for {
		select {
		case <-stop:
			return
		case e, open := <-c:
			if !open || e.kind == "error" {
				f.mu.Lock()
				f.breaks++
				f.mu.Unlock()
				return
			}
			f.note(e)
		}
	}
}

// note takes an event.
func (f *reader) note(e event) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.cursor = e.id; e.kind == "change" {
		f.seen = append(f.seen, decoded(f.r.t, e.data)["id"].(string))
	}
}

// TestFeedOverRestarts has 64 writers while the servers are restarted one after the other, and readers
// follow by pages and by events. Each gets each change once, in the order of the log.
func TestFeedOverRestarts(t *testing.T) {
	for _, s := range feedSetups() {
		t.Run(s.String(), func(t *testing.T) {
			seed := kit.Seed(t)
			opts := store.Options{}
			if s.engine == "memory" {
				opts.Path = filepath.Join(t.TempDir(), "crmkit.db")
			}
			r := s.newRig(t, opts).as("jane@acme.com")
			start := r.json(200, "GET", "/changes?since=now", "")["cursor"].(string)
			servers := newFleet(r)
			other := *r
			other.header = http.Header{}
			other.as("bob@other.com")
			readers := followAll(r, start)
			writing, served := make(chan struct{}), atomic.Int64{}
			go func() {
				defer close(writing)
				together(64, func(i int) {
					who := r
					if i%4 == 3 {
						who = &other
					}
					who.writes(func(method, path, body string, header ...string) answer {
						defer served.Add(1)
						return who.patient(method, path, body, header...)
					}, rand.New(rand.NewPCG(seed, uint64(i))), 10)
				})
			}()
			restarts := servers.restartUntil(writing, &served)
			r.store = servers.members[0].store
			breaks := readers.compare(start)
			t.Logf("%d restarts, %d streams broke off", restarts, breaks)
		})
	}
}

// following are readers of one feed.
type following struct {
	r    *rig
	list []*reader
	stop chan struct{}
	all  sync.WaitGroup
}

// followAll begins to follow a feed by pages and by streams, with several filters.
func followAll(r *rig, start string) *following {
	f := &following{r: r, stop: make(chan struct{})}
	srv := r.overHTTP()
	for _, query := range []string{"", "&limit=7&kind=contact", "&to.stage=s1"} {
		for _, stream := range []bool{false, true} {
			one := &reader{r: r, srv: srv, query: query, stream: stream, cursor: start}
			f.list = append(f.list, one)
			f.all.Go(func() { one.follow(f.stop) })
		}
	}
	return f
}

// compare waits until all readers have as many changes as the log, ends them, and compares. It returns
// how many streams broke off.
func (f *following) compare(start string) (breaks int) {
	f.r.t.Helper()
	want := map[string][]string{}
	for _, one := range f.list {
		want[one.query] = logged(f.r, start, one.query)
	}
	for _, one := range f.list {
		for deadline := time.Now().Add(30 * time.Second); one.count() < len(want[one.query]) && time.Now().Before(deadline); {
			time.Sleep(10 * time.Millisecond)
		}
	}
	time.Sleep(100 * time.Millisecond) // what comes twice comes now
	close(f.stop)
	f.all.Wait()
	for _, one := range f.list {
		if !slices.Equal(one.seen, want[one.query]) {
			f.r.t.Errorf("%s: it has %d changes, the log %d: %s", one, len(one.seen), len(want[one.query]), firstDifference(one.seen, want[one.query]))
		}
		breaks += one.breaks
	}
	return breaks
}

func (f *reader) String() string {
	return fmt.Sprintf("%s%s", map[bool]string{true: "events", false: "pages"}[f.stream], strings.ReplaceAll(f.query, "&", " "))
}

// firstDifference says where two lists differ first.
func firstDifference(got, want []string) string {
	for i := range min(len(got), len(want)) {
		if got[i] != want[i] {
			return fmt.Sprintf("number %d is %s, not %s", i, got[i], want[i])
		}
	}
	return fmt.Sprintf("the first %d are the same", min(len(got), len(want)))
}

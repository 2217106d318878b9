package server_test

import (
	"cmp"
	"flag"
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"crmkit/store"
)

// memories are combinations of caches: all, each of them alone or missing, and so little of each
// that entries are dropped all the time.
var memories = map[string]*store.Caches{
	"all":     store.DefaultCaches(),
	"text":    {Search: 1 << 20},
	"records": {Records: 1 << 20},
	"counts":  {Counts: 100},
	"no text": {Records: 1 << 20, Counts: 100},
	"little":  {Search: 12_000, Records: 4_000, Counts: 3},
}

// servers get the same requests: one without caches, and one with each combination.
type servers struct {
	t      *testing.T
	bare   *rig
	others map[string]*rig
	random *rand.Rand
	ids    map[string][]string // by path
}

// memorySeed is the random seed of TestMemoryChangesNoAnswer; 0: another one each time.
var memorySeed = flag.Uint64("memory-seed", 0, "random seed of the comparison of caches")

// TestMemoryChangesNoAnswer sends random requests to all servers: their answers are the same, byte
// by byte, right after a write and when the request is repeated.
func TestMemoryChangesNoAnswer(t *testing.T) {
	onlyOnSQLite(t, "nothing of another database is kept in memory")
	seed := cmp.Or(*memorySeed, rand.Uint64())
	t.Logf("-memory-seed=%d", seed)
	p := &servers{t: t, bare: newRigWith(t, store.Options{Caches: &store.Caches{}}).as("jane@acme.com"), others: map[string]*rig{},
		random: rand.New(rand.NewPCG(seed, 0)), ids: map[string][]string{}}
	for name, caches := range memories {
		p.others[name] = newRigWith(t, store.Options{Caches: caches}).as("jane@acme.com")
	}
	steps := 400
	if testing.Short() {
		steps = 150
	}
	for step := 0; step < steps && !t.Failed(); step++ {
		if p.random.IntN(3) == 0 {
			p.write()
		} else {
			p.read()
		}
	}
}

// ask sends a request to all and returns the answer.
func (p *servers) ask(method, path, body string) answer {
	want := p.bare.call(method, path, body)
	for name, r := range p.others {
		got := r.call(method, path, body)
		if with, without := exceptSpelling(got.body), exceptSpelling(want.body); got.status != want.status || with != without {
			p.t.Errorf("%s %s %s: with %s in memory %d, with nothing %d\n%s", method, path, body, name, got.status, want.status, diff(without, with))
		}
	}
	return want
}

// pick returns one of the words at random.
func (p *servers) pick(words ...string) string { return words[p.random.IntN(len(words))] }

// id returns the id of a record created at a path, or "".
func (p *servers) id(path string) string { return p.pick(append(p.ids[path], "")...) }

func (p *servers) name() string {
	return p.pick("Jane", "Jörg", "jane doe", "Acme", "ACME Ltd", "100%", "a_b", "Müller", "x")
}

var handle = regexp.MustCompile(`^\w+/(\w+)`)

func (p *servers) write() {
	p.bare.clock.Advance(time.Second)
	for _, r := range p.others {
		r.clock.Advance(time.Second)
	}
	fields := map[string]string{
		"/companies":  fmt.Sprintf(`"name":%q,"tags":[%q]`, p.name(), p.pick("eu", "vip")),
		"/contacts":   fmt.Sprintf(`"name":%q,"stage":%q,"custom":{"seats":%d}`, p.name(), p.pick("lead", "won", "lost"), p.random.IntN(4)),
		"/deals":      fmt.Sprintf(`"title":%q,"amount_cents":%d,"owner":%q`, p.name(), 5_000_000+p.random.IntN(3), p.pick("ann@acme.com", "bob@acme.com")),
		"/activities": fmt.Sprintf(`"body":%q,"kind":%q`, p.name(), p.pick("call", "note")),
	}
	path := p.pick("/companies", "/contacts", "/contacts", "/deals", "/activities")
	if len(p.ids["/companies"]) < 3 { // few, so that several records refer to each
		path = "/companies"
	}
	body := fields[path]
	if company := p.id("/companies"); company != "" && path != "/companies" {
		body += fmt.Sprintf(`,"company_id":%q`, company)
	}
	if contact := p.id("/contacts"); contact != "" && (path == "/deals" || path == "/activities") {
		body += fmt.Sprintf(`,"contact_id":%q`, contact)
	}
	switch id := p.id(path); {
	case id != "" && p.random.IntN(12) == 0:
		if confirm := captures["$confirm"].FindStringSubmatch(p.ask("DELETE", path+"/"+id, "").body); confirm != nil {
			p.ask("DELETE", path+"/"+id+"?confirm="+confirm[1], "")
		}
		p.ids[path] = slices.DeleteFunc(p.ids[path], func(gone string) bool { return gone == id })
	case id != "" && (path == "/companies" || p.random.IntN(3) == 0):
		p.ask("PATCH", path+"/"+id, "{"+body+"}")
	default:
		if made := handle.FindStringSubmatch(p.ask("POST", path, "{"+body+"}").body); made != nil {
			p.ids[path] = append(p.ids[path], made[1])
		}
	}
}

func (p *servers) read() {
	path := p.pick("/companies", "/contacts", "/contacts", "/deals", "/activities", "/search")
	if id := p.id(path); id != "" && p.random.IntN(4) == 0 {
		p.ask("GET", path+"/"+id, "")
		return
	}
	word := strings.NewReplacer(" ", "+", "%", "%25").Replace(p.name())
	asked := path + "?q=" + word
	if path != "/search" {
		params := []string{p.filter(path, word), "limit=" + p.pick("1", "1", "2", "50"), "total=" + p.pick("", "", "exact", "none"), "sort=" + p.pick("", "id", "-updated_at")}
		if p.random.IntN(2) == 0 {
			params = append(params, "search="+word)
		}
		asked = path + "?" + strings.Join(params, "&")
	}
	for range 2 { // from the store, and from the caches
		p.pages(asked)
	}
	if field, value, found := strings.Cut(asked, "company_id=co_"); found && len(p.ids["/companies"]) > 0 { // the same query with another company
		_, rest, _ := strings.Cut(value, "&")
		p.pages(field + "company_id=" + p.pick(p.ids["/companies"]...) + "&" + rest)
	}
}

// pages reads a page and the next one.
func (p *servers) pages(asked string) {
	a := p.ask("GET", asked, "")
	if a.status != 200 {
		p.t.Errorf("GET %s: %d %s", asked, a.status, a.body)
	}
	if next := captures["$next"].FindStringSubmatch(a.body); next != nil {
		p.ask("GET", asked+"&cursor="+next[1], "")
	}
}

func (p *servers) filter(path, word string) string {
	company := "company_id=" + p.pick(append(p.ids["/companies"], "null")...)
	if strings.HasSuffix(company, "null") {
		company = "company_id=is:null"
	}
	return map[string]string{
		"/companies":  p.pick("", "tags=vip", "tags=none", "name=like:"+word),
		"/contacts":   p.pick("", company, company, company, "stage=won", "stage=none", "custom.seats=gte:2", "custom.seats=9", "company.name=like:"+word),
		"/deals":      p.pick("", company, company, company, "amount_cents=5000001", "amount_cents=gte:5000002", "owner=bob@acme.com", "owner=zoe@acme.com"),
		"/activities": p.pick("", "contact_company_id=is:null", "contact_"+company, "kind=call", "body=like:"+word),
	}[path]
}

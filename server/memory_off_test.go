package server_test

import (
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"crmkit/store"
)

// twins are two servers that are asked the same: one keeps in memory what it can, the
// other nothing.
type twins struct {
	with, without *rig
	random        *rand.Rand
	ids           map[string][]string // by path
}

// TestMemoryChangesNoAnswer asks both servers at random: each answer is the same, byte by
// byte, right behind a write and when it is asked again.
func TestMemoryChangesNoAnswer(t *testing.T) {
	seed := rand.Uint64()
	p := &twins{with: newRig(t).as("jane@acme.com"), without: newRigWith(t, store.Options{Caches: &store.Caches{}}).as("jane@acme.com"),
		random: rand.New(rand.NewPCG(seed, 0)), ids: map[string][]string{}}
	for step := 0; step < 400 && !t.Failed(); step++ {
		if p.random.IntN(3) == 0 {
			p.write()
		} else {
			p.read()
		}
	}
	if t.Failed() {
		t.Logf("seed %d", seed)
	}
}

// ask sends a request to both and returns the answer.
func (p *twins) ask(method, path, body string) answer {
	a, b := p.with.call(method, path, body), p.without.call(method, path, body)
	if with, without := exceptSpelling(a.body), exceptSpelling(b.body); a.status != b.status || with != without {
		p.with.t.Errorf("%s %s %s: with memory %d, without %d\n%s", method, path, body, a.status, b.status, diff(without, with))
	}
	return a
}

// pick returns one of some words.
func (p *twins) pick(words ...string) string { return words[p.random.IntN(len(words))] }

// id returns a record made before at a path, or none.
func (p *twins) id(path string) string { return p.pick(append(p.ids[path], "")...) }

func (p *twins) name() string {
	return p.pick("Jane", "Jörg", "jane doe", "Acme", "ACME Ltd", "100%", "a_b", "Müller", "x")
}

var handle = regexp.MustCompile(`^\w+/(\w+)`)

func (p *twins) write() {
	for _, r := range []*rig{p.with, p.without} {
		r.clock.Advance(time.Second)
	}
	fields := map[string]string{
		"/companies":  fmt.Sprintf(`"name":%q,"tags":[%q]`, p.name(), p.pick("eu", "vip")),
		"/contacts":   fmt.Sprintf(`"name":%q,"stage":%q,"custom":{"seats":%d}`, p.name(), p.pick("lead", "won", "lost"), p.random.IntN(4)),
		"/deals":      fmt.Sprintf(`"title":%q,"amount_cents":%d,"owner":%q`, p.name(), 5_000_000+p.random.IntN(3), p.pick("ann@acme.com", "bob@acme.com")),
		"/activities": fmt.Sprintf(`"body":%q,"kind":%q`, p.name(), p.pick("call", "note")),
	}
	path := p.pick("/companies", "/contacts", "/contacts", "/deals", "/activities")
	if len(p.ids["/companies"]) < 3 { // few, so that each is held by several
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

func (p *twins) read() {
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
	for range 2 { // as it was left, and as it is kept now
		p.pages(asked)
	}
	if field, value, found := strings.Cut(asked, "company_id=co_"); found && len(p.ids["/companies"]) > 0 { // the same question of another
		_, rest, _ := strings.Cut(value, "&")
		p.pages(field + "company_id=" + p.pick(p.ids["/companies"]...) + "&" + rest)
	}
}

// pages asks for a page and the one behind it.
func (p *twins) pages(asked string) {
	a := p.ask("GET", asked, "")
	if a.status != 200 {
		p.with.t.Errorf("GET %s: %d %s", asked, a.status, a.body)
	}
	if next := captures["$next"].FindStringSubmatch(a.body); next != nil {
		p.ask("GET", asked+"&cursor="+next[1], "")
	}
}

func (p *twins) filter(path, word string) string {
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

package server_test

import (
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"crmkit/crm"
	"crmkit/store"
	"crmkit/store/storetest/kit"
)

// planWorld is a workspace in which two people write at random.
type planWorld struct {
	*rig
	random *rand.Rand
	tokens []string // of the two people
	seen   map[string]int
}

func newPlanWorld(t *testing.T, s setup, seed uint64) *planWorld {
	w := &planWorld{rig: s.newRig(t, store.Options{}).as("jane@acme.com"), random: rand.New(rand.NewPCG(seed, 1)), seen: map[string]int{}}
	w.want(201, "POST", "/workspaces/"+w.workspace()+"/invites", `{"email":"bob@acme.com","role":"member"}`)
	bob := w.signIn("bob@acme.com")
	w.tokens = []string{w.header.Get("Authorization"), "Bearer " + w.elsewhere(bob)}
	for i := range 3 {
		w.want(201, "POST", "/companies", fmt.Sprintf(`{"name":"Company %d","domain":"c%d.test"}`, i, i))
		w.want(201, "POST", "/campaigns", fmt.Sprintf(`{"name":"Campaign %d"}`, i))
	}
	return w
}

func (w *planWorld) workspace() string {
	return regexp.MustCompile(`ws_\w+`).FindString(w.want(200, "GET", "/whoami", ""))
}

// elsewhere returns a token of a person for the workspace of the rig.
func (w *planWorld) elsewhere(token string) string {
	text := w.want(201, "POST", "/workspaces/"+w.workspace()+"/tokens", `{"token_name":"test"}`, "Authorization", "Bearer "+token)
	return regexp.MustCompile(`token=(\S+)`).FindStringSubmatch(text)[1]
}

// write is a write of a person.
type planWrite struct {
	who                int
	method, path, body string
}

// with returns the path with a parameter.
func (p planWrite) with(parameter string) string {
	sign := "?"
	if strings.Contains(p.path, "?") {
		sign = "&"
	}
	return p.path + sign + parameter
}

func (w *planWorld) send(p planWrite, path string) answer {
	return w.call(p.method, path, p.body, "Authorization", w.tokens[p.who])
}

// one returns one of some words.
func (w *planWorld) one(words ...string) string { return words[w.random.IntN(len(words))] }

// some returns the id of a record of a kind, at times one that was deleted or never made.
func (w *planWorld) some(kind string) string {
	ids := regexp.MustCompile(`(?m)^\w+/(\w+)`).FindAllStringSubmatch(w.want(200, "GET", "/"+w.store.Schema.ByName(kind).Plural+"?limit=8&total=none", ""), -1)
	if len(ids) == 0 || w.random.IntN(25) == 0 {
		return w.id(kind, 1+w.random.Int64N(30))
	}
	return ids[w.random.IntN(len(ids))][1]
}

// any returns a write at random.
func (w *planWorld) any() planWrite {
	p := planWrite{who: w.random.IntN(2), method: "POST"}
	contact, company, deal, campaign := w.some("contact"), w.some("company"), w.some("deal"), w.some("campaign")
	switch w.random.IntN(16) {
	case 14, 15:
		p.path, p.body = "/batch"+w.one("", "?atomic=0"), w.batch(contact, company, deal)
	case 10:
		p.path, p.body = "/companies", fmt.Sprintf(`{"name":"Company","domain":"c%d.test"}`, w.random.IntN(5))
	case 0, 1, 11:
		p.path, p.body = "/contacts", fmt.Sprintf(`{"name":"Jane","email":"p%d@acme.com","stage":%q,"company_id":%q}`, w.random.IntN(5), w.one("lead", "new"), company)
	case 2:
		p.path, p.body = "/contacts?campaign="+campaign, fmt.Sprintf(`{"name":"Ann","email":"p%d@acme.com"}`, w.random.IntN(5))
	case 3, 4, 12:
		p.method, p.path, p.body = "PATCH", "/contacts/"+contact, w.change(company)
	case 5:
		p.path, p.body = "/deals", fmt.Sprintf(`{"title":"Seats","amount_cents":%d,"contact_id":%q,"external_ids":["crm:%d"]}`, w.random.IntN(3), contact, w.random.IntN(3))
	case 6:
		p.method, p.path, p.body = "PATCH", "/deals/"+deal, w.one(`{"stage":"won"}`, `{"stage":"lead"}`, `{"status":"open"}`, `{"contact_id":null}`, `{"close_note":1}`, `{"contact_id":"`+contact+`"}`)
	case 7:
		p.path, p.body = "/contacts/"+contact+"/activities", w.one(`{"kind":"call","body":"x"}`, `{"kind":"call","body":"x","deal_id":"`+deal+`"}`)
	case 8:
		p.path, p.body = "/campaigns/"+campaign+"/members", w.one(`{"contact_id":"`+contact+`"}`, `{"contact_id":"`+contact+`","reason":"`+w.one("a", "b")+`"}`)
	case 9:
		p.method, p.path = "DELETE", "/campaigns/"+campaign+"/members/"+contact
	default:
		p.method, p.path = "DELETE", "/"+w.one("contacts/"+contact, "contacts/"+contact, "deals/"+deal, "companies/"+company)
	}
	return p
}

// near returns a write at random, often one of a record that another write is about.
func (w *planWorld) near(p planWrite) (other planWrite) {
	names := regexp.MustCompile(`\w+_\w+|p\d@`).FindAllString(p.path+p.body, -1)
	for range 1 + 12*w.random.IntN(2) {
		other = w.any()
		if slices.ContainsFunc(names, func(name string) bool { return strings.Contains(other.path+other.body, name) }) {
			break
		}
	}
	return other
}

// batch returns a body of several writes, of which some use the record that another one makes.
func (w *planWorld) batch(contact, company, deal string) string {
	lines := []string{
		fmt.Sprintf(`{"method":"POST","path":"/contacts","body":{"name":"Jane","email":"p%d@acme.com","stage":"lead"},"as":"it"}`, w.random.IntN(5)),
		`{"method":"POST","path":"/contacts/$it/activities","body":{"kind":"call","body":"x"}}`,
		fmt.Sprintf(`{"method":"PATCH","path":"/contacts/%s","body":%s}`, contact, w.change(company)),
		fmt.Sprintf(`{"method":"PATCH","path":"/deals/%s","body":{"contact_id":"$it"}}`, deal),
		fmt.Sprintf(`{"method":"DELETE","path":"/%s"}`, w.one("deals/"+deal, "contacts/"+contact)),
	}
	return "[" + strings.Join(lines[:2+w.random.IntN(4)], ",") + "]"
}

// change returns the body of a change of a contact.
func (w *planWorld) change(company string) string {
	return w.one(`{"stage":"`+w.one("lead", "new", "customer")+`"}`, `{"tags":{"add":["`+w.one("a", "b")+`"]},"phone":"+49 30 `+w.one("1234567", "7654321")+`"}`,
		`{"company_id":"`+company+`"}`, `{"custom":{"seats":`+w.one("1", "2")+`},"stage":"lead"}`, `{"follow_up_at":"`+w.one("+3d", "2026-12-01", "-1h")+`"}`, `{"email":"p`+w.one("0", "1", "2", "3")+`@acme.com"}`,
		`{"stage":"lead","version":`+w.one("1", "2", "3")+`}`, `{"notes":null,"title":"`+w.one("CTO", "CEO")+`"}`)
}

var (
	minutes     = regexp.MustCompile(`\d{4}-\d\d-\d\dT\d\d:\d\dZ`)
	newTimes    = regexp.MustCompile(`-> \d{4}-\d\d-\d\dT\d\d:\d\dZ`)
	tokenIs     = regexp.MustCompile(`confirm(?::|=) ?(\w+)`)
	effectLines = regexp.MustCompile(`(?m)(^(created|updated|deleted) .*\n)+# \d+ (created|updated|deleted).*\n(# more: .*\n)?`) // effects of a dry run, and their counts
	madeLines   = regexp.MustCompile(`(?m)^(\d+ created \w+(?: as=it)?)(?: [a-z_.]+=.*)?$`)                                      // of the dry run of a batch, with the values
	amounts     = regexp.MustCompile(`; amount (".*?"|\(unset\)) -> (".*?"|\(unset\))`)                                          // which a dry run shows beside amount_cents
	labels      = regexp.MustCompile(` [^ "=]+=("(\\.|[^"])*"|\S*)`)
)

// receipts is the naive comparison: what an answer says that the write did, with neither new times nor
// new ids, and without values that follow from other records. For a delete it asks the lists
// what the record has.
func (w *planWorld) receipts(p planWrite, a answer) string {
	if a.status >= 400 {
		return a.body
	}
	var said []string
	first, rest, _ := strings.Cut(a.body, "\n")
	for line := range strings.Lines(rest) {
		if regexp.MustCompile(`^# (created|updated|unchanged|added|is already)`).MatchString(line) && !effectLines.MatchString("deleted x\n"+line) {
			said = append(said, newTimes.ReplaceAllString(line, "-> T"))
		}
	}
	switch {
	case strings.HasPrefix(p.path, "/batch"):
		said = w.batchReceipts(a)
	case p.method == "DELETE" && !strings.Contains(p.path, "/members/"):
		said = append(said, first, w.whole(p.path, w.want(200, "GET", p.path, "")), w.relatives(p.path))
	case p.method == "DELETE":
		campaign, contact, _ := strings.Cut(p.path, "/members/")
		member := w.want(200, "GET", campaign+"/members?contact_id="+contact, "")
		said = append(said, first, regexp.MustCompile(`reason=\S*`).FindString(member))
	case slices.Contains(said, "# created\n"):
		said = append(said, minutes.ReplaceAllString(w.whole(p.path, first), "T"))
	default:
		said = append(said, regexp.MustCompile(`^(deleted )?\S+`).FindString(first))
	}
	return strings.Join(said, "\n")
}

// batchReceipts returns the lines of a batch, and what the records have that it deletes.
func (w *planWorld) batchReceipts(a answer) (said []string) {
	for line := range strings.Lines(a.body) {
		if found := regexp.MustCompile(`^\d+ deleted (\w+)/(\w+)`).FindStringSubmatch(line); found != nil {
			path := "/" + w.store.Schema.ByName(found[1]).Plural + "/" + found[2]
			line += w.whole(path, w.want(200, "GET", path, "")) + w.relatives(path)
		}
		if found := regexp.MustCompile(`^\d+ ERROR \w+`).FindString(line); found != "" {
			said = append(said, found)
		}
		if regexp.MustCompile(`^\d+ (created|updated|deleted|unchanged \S+ as=)`).MatchString(line) { // others have no receipt, and no other line refers to their record
			said = append(said, newTimes.ReplaceAllString(madeLines.ReplaceAllString(line, "$1"), "-> T"))
		}
	}
	return said
}

// whole returns the values of a line that clients can write.
func (w *planWorld) whole(path, line string) (values string) {
	parts := strings.Split(strings.TrimPrefix(strings.SplitN(path, "?", 2)[0], "/"), "/")
	plural := parts[0]
	if len(parts) == 3 {
		plural = map[string]string{"activities": "activities", "members": "campaign_members"}[parts[2]]
	}
	var e *crm.Entity
	for _, one := range w.store.Schema.Entities {
		if one.Plural == plural {
			e = one
		}
	}
	for _, label := range labels.FindAllString(line, -1) {
		name, _, _ := strings.Cut(label[1:], "=")
		if f := e.Field(strings.SplitN(name, ".", 2)[0]); f != nil && (!f.ReadOnly || f.Transition() != nil) && (!strings.Contains(name, ".") || strings.HasPrefix(name, "custom.")) {
			values += label
		}
	}
	return values
}

// relatives lists the records that refer to one, each with the kinds of its references.
func (w *planWorld) relatives(path string) (list string) {
	kind, id, _ := strings.Cut(path[1:], "/")
	field := map[string]string{"contacts": "contact_id", "companies": "company_id", "deals": "deal_id"}[kind]
	for _, e := range w.store.Schema.Entities {
		if e.IsView() || e.Field(field) == nil {
			continue
		}
		var names []string
		for i := range e.Fields {
			if e.Fields[i].IsReference() && !e.Fields[i].ReadOnly {
				names = append(names, e.Fields[i].Name)
			}
		}
		at := "/" + e.Plural
		if e.Name == "campaign_member" {
			continue // tested by the path below campaigns
		}
		text := w.want(200, "GET", at+"?limit=200&sort=created_at&total=none&"+field+"="+id+"&fields="+strings.Join(names, ","), "")
		for line := range strings.Lines(text) {
			list += regexp.MustCompile(`=\S+`).ReplaceAllString(line, "")
		}
	}
	for i := range 3 {
		if kind != "contacts" {
			break
		}
		text := w.want(200, "GET", "/campaigns/"+w.id("campaign", int64(i+1))+"/members?contact_id="+id, "")
		list += regexp.MustCompile(`^campaign_member/\S+`).FindString(text)
	}
	return list
}

// inEffect is an answer without its last lines and times, and of a new record without the id.
func inEffect(a answer) string {
	text := minutes.ReplaceAllString(a.body, "T")
	for _, end := range []string{"# nothing was saved\n", "# already done\n", "# change chg_", "# this deletes"} {
		text, _, _ = strings.Cut(text, end)
	}
	if first, rest, found := strings.Cut(text, "\n"); found {
		text = first + "\n" + effectLines.ReplaceAllString(rest, "")
	}
	text = amounts.ReplaceAllString(text, "")
	for _, made := range regexp.MustCompile(`(?m)^\d+ created \w+/(\w+)( as=it)?`).FindAllStringSubmatch(text, -1) { // by a batch
		text = strings.ReplaceAll(text, made[1], map[string]string{"": "new", " as=it": "$it"}[made[2]])
	}
	text = regexp.MustCompile(`created (\w+)/(\$it|new)`).ReplaceAllString(text, "created $1")
	text = madeLines.ReplaceAllString(text, "$1")
	if strings.Contains(text, "\n# created\n") {
		text = regexp.MustCompile(`^(\w+)/\w+`).ReplaceAllString(text, "$1")
	}
	return text
}

// round plans a write, lets others write, and confirms the plan.
func (w *planWorld) round() {
	p := w.any()
	planned := w.send(p, p.with("dry_run=1"))
	before := w.receipts(p, planned)
	for range w.random.IntN(5) {
		w.real(w.near(p))
	}
	w.clock.Advance(time.Duration(w.random.IntN(120)) * time.Second)
	again := w.send(p, p.with("dry_run=1"))
	if planned.status != 200 {
		w.seen["error"]++
		w.sameError(p, again)
		return
	}
	after := w.receipts(p, again)
	token := tokenIs.FindStringSubmatch(planned.body)[1]
	done := w.send(p, p.with("confirm="+token))
	switch {
	case again.status != 200:
		w.seen["fails now"]++
		w.failsNow(p, again, done)
		return
	case before != after:
		w.seen["stale"]++
		if done.status != 409 || !strings.HasPrefix(done.body, "ERROR plan_stale") {
			w.t.Errorf("%+v is not stale: %d %s\nfirst\n%s\nthen\n%s", p, done.status, done.body, before, after)
			return
		}
		if !strings.Contains(done.body, " a new ") && !regexp.MustCompile(`more: line \d+ (fails|does not fail)`).MatchString(done.body) && !regexp.MustCompile(`(jane|bob)@acme\.com (changed|created|deleted) it`).MatchString(done.body) {
			w.t.Errorf("%+v is stale, and nobody is named: %s", p, done.body)
		}
		token = tokenIs.FindStringSubmatch(done.body)[1]
		done = w.send(p, p.with("confirm="+token))
	default:
		w.seen["done"]++
	}
	if done.status >= 300 || inEffect(done) != inEffect(again) {
		w.t.Errorf("%+v shows\n%s\nand did\n%d %s\nfirst\n%s", p, again.body, done.status, done.body, before)
		return
	}
	w.repeat(p, p.with("confirm="+token), done)
}

// failsNow expects that the confirmation of a write that fails now is stale, with the error and without a token.
func (w *planWorld) failsNow(p planWrite, again, done answer) {
	code, hint, _ := strings.Cut(strings.TrimPrefix(again.body, "ERROR "), "\nHINT  ")
	hint, below, _ := strings.Cut(hint, "\n")
	stale := "ERROR plan_stale\nHINT  the plan does not hold any more, it fails now with " + code + ": " + hint
	if done.status != 409 || !strings.HasPrefix(done.body, stale) || !strings.HasSuffix(done.body, "\n"+below) || tokenIs.MatchString(done.body) {
		w.t.Errorf("%+v fails now:\n%s\nconfirmed:\n%d %s", p, again.body, done.status, done.body)
	}
	if code == "not_found" && !strings.HasPrefix(p.path, "/batch") && strings.Contains(p.path, hintID(hint)) && !regexp.MustCompile(`(jane|bob)@acme\.com (deleted|merged) \w+/`).MatchString(done.body) {
		w.t.Errorf("%+v is stale, and nobody is named: %s", p, done.body)
	}
}

// hintID returns the first id in a hint.
func hintID(hint string) string { return regexp.MustCompile(`\w+_\w+`).FindString(hint) }

// real does a write, a delete with its confirmation.
func (w *planWorld) real(p planWrite) {
	a := w.send(p, p.path)
	if found := tokenIs.FindStringSubmatch(a.body); a.status == 409 && found != nil {
		w.send(p, p.with("confirm="+found[1]))
	}
}

// sameError expects that a write fails as its dry run does.
func (w *planWorld) sameError(p planWrite, planned answer) {
	if planned.status == 200 { // it fails no more, after what others wrote
		return
	}
	if a := w.send(p, p.path); a.status != planned.status || a.body != planned.body {
		w.t.Errorf("%+v fails in the dry run with\n%s\nand then with\n%s", p, planned.body, a.body)
	}
}

// repeat sends a confirmed write again, which gets the same answer and changes nothing.
func (w *planWorld) repeat(p planWrite, path string, done answer) {
	count := func() string { return w.want(200, "GET", "/audit?limit=1", "") }
	before := count()
	if a := w.send(p, path); a.status != done.status || a.body != done.body+"# already done\n" {
		w.t.Errorf("%+v again: %d %s\nfirst it was %d %s", p, a.status, a.body, done.status, done.body)
	}
	if after := count(); after != before {
		w.t.Errorf("%+v was done twice: %s", p, after)
	}
}

// TestPlansHoldWhileReceiptsDo plans random writes, has two people write at random, and confirms the
// plans. A plan is stale exactly if a naive comparison of two dry runs says so; else the write does
// what the last dry run showed.
func TestPlansHoldWhileReceiptsDo(t *testing.T) {
	rounds := map[setup]int{{*engineFlag, *serversFlag}: 300}
	if !testing.Short() && *engineFlag == "memory" {
		rounds[setup{"postgres", 2}] = 150
	}
	for s, n := range rounds {
		t.Run(s.String(), func(t *testing.T) {
			seed := kit.Seed(t)
			w := newPlanWorld(t, s, seed)
			for i := 0; i < n && !t.Failed(); i++ {
				w.round()
			}
			t.Logf("seed %d: %v", seed, w.seen)
			for _, what := range []string{"done", "stale", "error", "fails now"} {
				if w.seen[what] < 3 {
					t.Errorf("%s: %d times", what, w.seen[what])
				}
			}
		})
	}
}

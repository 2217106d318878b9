package server_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// The model of the tests of conditions about records that refer to others: records with texts, ties between them, and
// what conditions mean, record by record.

// thing is a record of the model. Its references have the ids of others; empty texts are unset.
type thing struct {
	kind, id string
	values   map[string]string
}

// modelTie joins two records; text is its role or reason.
type modelTie struct{ kind, one, other, text string }

// modelWorld is all of the model.
type modelWorld struct {
	things []thing
	ties   []modelTie
}

// way is a step from a record to others; several says that its name is a plural.
type way struct {
	to      string
	several bool
	says    string // the field of the tie
	follow  func(w *modelWorld, from thing) []reached
}

// reached is a record at the end of a step, and the text of the tie that leads there.
type reached struct {
	thing
	tie string
}

// ref is the step through a reference.
func ref(field, to string) way {
	return way{to, false, "", func(w *modelWorld, from thing) (list []reached) {
		return w.where(to, func(t thing) bool { return t.id == from.values[field] })
	}}
}

// back is the step to the records that refer to one by one of some references.
func back(of string, fields ...string) way {
	return way{of, true, "", func(w *modelWorld, from thing) []reached {
		return w.where(of, func(t thing) bool {
			return slices.ContainsFunc(fields, func(field string) bool { return t.values[field] == from.id })
		})
	}}
}

// tied is the step through ties of a kind, whose first end is a record of the kind one.
func tied(kind, one, to string) way {
	return way{to, true, map[string]string{"on": "role", "in": "reason"}[kind], func(w *modelWorld, from thing) (list []reached) {
		for _, tie := range w.ties {
			near, far := tie.other, tie.one
			if from.kind == one {
				near, far = far, near
			}
			if tie.kind != kind || near != from.id {
				continue
			}
			for _, r := range w.where(to, func(t thing) bool { return t.id == far }) {
				list = append(list, reached{r.thing, tie.text})
			}
		}
		return list
	}}
}

// where returns the records of a kind that pass a test.
func (w *modelWorld) where(kind string, test func(thing) bool) (list []reached) {
	for _, t := range w.things {
		if t.kind == kind && test(t) {
			list = append(list, reached{thing: t})
		}
	}
	return list
}

// ways are the steps from each kind.
var ways = map[string]map[string]way{
	"contact": {"company": ref("company_id", "company"), "deals": tied("on", "deal", "deal"), "tasks": back("task", "contact_id"),
		"campaigns": tied("in", "campaign", "campaign"), "activities": back("activity", "contact_id"), "tickets": back("ticket", "requester_id")},
	"company": {"contacts": back("contact", "company_id"), "deals": back("deal", "company_id"), "tasks": back("task", "company_id"),
		"campaigns": tied("in", "campaign", "campaign"), "activities": back("activity", "company_id", "contact_company")},
	"deal":     {"company": ref("company_id", "company"), "contacts": tied("on", "deal", "contact"), "tasks": back("task", "deal_id")},
	"campaign": {"contacts": tied("in", "campaign", "contact"), "companies": tied("in", "campaign", "company")},
	"task":     {"deal": ref("deal_id", "deal"), "contact": ref("contact_id", "contact"), "company": ref("company_id", "company")},
}

// ask is a condition, or several that are joined.
type ask struct {
	op    string // "": a condition; and, or, not
	kids  []ask
	path  []string // steps
	field string   // empty: whether there is a record at the end of the path
	test  string   // operator and value
	holds func(value string) bool
}

// all reports whether a record passes conditions that are joined with and, in one scope: those with the same steps up to
// a plural are about one record.
func (w *modelWorld) all(r reached, list []ask) bool {
	groups := map[string][]ask{}
	for _, a := range list {
		n := w.plural(r.kind, a)
		switch {
		case a.op != "" && !w.holds(r, a), a.op == "" && n == 0 && !w.single(r, a):
			return false
		case a.op == "" && n > 0:
			name := strings.Join(a.path[:n], ".")
			a.path = a.path[n:]
			groups[name] = append(groups[name], a)
		}
	}
	for name, group := range groups {
		if !slices.ContainsFunc(w.reach(r, strings.Split(name, ".")), func(end reached) bool { return w.all(end, group) }) {
			return false
		}
	}
	return true
}

// plural returns the number of steps up to the first plural, 0 without one. Whether there is a record at all is asked
// about the record before.
func (w *modelWorld) plural(kind string, a ask) int {
	for i, name := range a.path {
		step := ways[kind][name]
		if step.several && (a.field != "" || i < len(a.path)-1) {
			return i + 1
		}
		kind = step.to
	}
	return 0
}

// reach returns the records at the end of some steps.
func (w *modelWorld) reach(r reached, path []string) []reached {
	ends := []reached{r}
	for _, name := range path {
		var next []reached
		for _, end := range ends {
			next = append(next, ways[end.kind][name].follow(w, end.thing)...)
		}
		ends = next
	}
	return ends
}

// single reports whether a record passes a condition without a plural. The opposite of a test and is:null also hold
// without a record at the end.
func (w *modelWorld) single(r reached, a ask) bool {
	ends := w.reach(r, a.path)
	if a.field == "" {
		return (len(ends) == 0) == (a.test == "is:null")
	}
	if len(ends) == 0 {
		return strings.HasPrefix(a.test, "ne:") || a.test == "is:null"
	}
	value := ends[0].values[a.field]
	if a.field == "role" || a.field == "reason" {
		value = ends[0].tie
	}
	return a.holds(value)
}

// holds reports whether a record passes a part.
func (w *modelWorld) holds(r reached, a ask) bool {
	each := func(kid ask) bool { return w.all(r, []ask{kid}) }
	switch a.op {
	case "and":
		return w.all(r, a.kids)
	case "or":
		return slices.ContainsFunc(a.kids, each)
	case "not":
		return !each(a.kids[0])
	}
	return each(a)
}

// text writes a part as where= has it.
func (a ask) text() string {
	var kids []string
	for _, kid := range a.kids {
		kids = append(kids, kid.text())
	}
	switch a.op {
	case "":
		name := strings.Join(a.path, ".")
		if a.field != "" {
			name = strings.TrimPrefix(name+"."+a.field, ".")
		}
		return name + "=" + a.test
	case "not":
		return "not " + kids[0]
	}
	return "(" + strings.Join(kids, " "+a.op+" ") + ")"
}

// Fields of each kind, with the values that they have.
var modelFields = map[string]map[string][]string{
	"contact":  {"stage": {"", "a", "b"}, "owner": {"", "ann", "bob"}},
	"company":  {"owner": {"", "ann", "bob"}},
	"deal":     {"stage": {"", "a", "b"}, "status": {"open", "won"}, "amount_cents": {"", "1", "2", "3"}, "owner": {"", "ann"}},
	"task":     {"assignee": {"", "ann", "bob"}, "priority": {"low", "high"}},
	"ticket":   {"status": {"open", "solved"}},
	"campaign": {"status": {"active", "paused"}},
	"activity": {"kind": {"call", "email"}},
}

// randomPath returns at most three steps from a kind.
func randomPath(random *rand.Rand, kind string) (path []string) {
	for len(path) < 3 && len(ways[kind]) > 0 && random.IntN(4) > 0 {
		name := slices.Sorted(maps.Keys(ways[kind]))[random.IntN(len(ways[kind]))]
		path, kind = append(path, name), ways[kind][name].to
	}
	return path
}

// randomCondition returns a random condition on a kind, with at most three steps: often those of another one, so that both
// may be about one record.
func randomCondition(random *rand.Rand, kind string, like ask) ask {
	path := like.path
	if len(path) == 0 || random.IntN(2) == 0 {
		path = randomPath(random, kind)
	}
	a, last := ask{path: path}, way{}
	for _, name := range path {
		last = ways[kind][name]
		kind = last.to
	}
	if random.IntN(6) == 0 && last.several {
		a.test = []string{"is:null", "not:null"}[random.IntN(2)]
		return a
	}
	fields := maps.Clone(modelFields[kind])
	if last.says != "" {
		fields[last.says] = []string{"", "x", "y"}
	}
	return randomTest(random, a, fields)
}

// randomTest adds a random test of one of some fields.
func randomTest(random *rand.Rand, a ask, fields map[string][]string) ask {
	a.field = slices.Sorted(maps.Keys(fields))[random.IntN(len(fields))]
	values := slices.DeleteFunc(slices.Clone(fields[a.field]), func(v string) bool { return v == "" })
	value := values[random.IntN(len(values))]
	number := func(text string) int { n, _ := strconv.Atoi(text); return n }
	tests := []string{value, "ne:" + value, "in:" + strings.Join(values[len(values)/2:], ","), "is:null", "not:null"}
	holds := []func(string) bool{
		func(v string) bool { return v == value },
		func(v string) bool { return v != value },
		func(v string) bool { return slices.Contains(values[len(values)/2:], v) },
		func(v string) bool { return v == "" },
		func(v string) bool { return v != "" },
	}
	if a.field == "amount_cents" {
		tests, holds = append(tests, "gt:1"), append(holds, func(v string) bool { return number(v) > 1 })
	}
	n := random.IntN(len(tests))
	a.test, a.holds = tests[n], holds[n]
	return a
}

// randomAsk returns a random part.
func randomAsk(random *rand.Rand, kind string, depth int) ask {
	n := random.IntN(7)
	if depth == 0 || n == 0 {
		return randomCondition(random, kind, ask{})
	}
	if n == 1 {
		return ask{op: "not", kids: []ask{randomAsk(random, kind, depth-1)}}
	}
	a := ask{op: []string{"and", "and", "or"}[random.IntN(3)]}
	var like ask
	for range 2 + random.IntN(2) {
		if random.IntN(3) > 0 {
			like = randomCondition(random, kind, like)
			a.kids = append(a.kids, like)
		} else {
			a.kids = append(a.kids, randomAsk(random, kind, depth-1))
		}
	}
	return a
}

// modelPlurals has the paths of the kinds that are asked.
var modelPlurals = map[string]string{"contact": "contacts", "company": "companies", "deal": "deals", "campaign": "campaigns", "task": "tasks"}

// post makes a record in the workspace and the model. refs are pairs of a field and the id of a record.
func (w *modelWorld) post(r *rig, random *rand.Rand, kind, plural, more string, refs ...string) thing {
	t := thing{kind, "", map[string]string{}}
	var members []string
	for field, values := range modelFields[kind] {
		if v := values[random.IntN(len(values))]; v != "" {
			t.values[field] = v
			if field != "amount_cents" {
				v = strconv.Quote(v)
			}
			members = append(members, strconv.Quote(field)+":"+v)
		}
	}
	for i := 0; i < len(refs); i += 2 {
		if refs[i+1] != "" {
			t.values[refs[i]] = refs[i+1]
			members = append(members, fmt.Sprintf("%q:%q", refs[i], refs[i+1]))
		}
	}
	if delete(t.values, "contact_company"); more != "" {
		members = append(members, more)
	}
	t.id = r.json(201, "POST", "/"+plural, "{"+strings.Join(members, ",")+"}")["id"].(string)
	w.things = append(w.things, t)
	return t
}

// pick returns the id of a random record of a kind, and sometimes none.
func (w *modelWorld) pick(random *rand.Rand, kind string) string {
	list := w.where(kind, func(thing) bool { return true })
	if len(list) == 0 || random.IntN(4) == 0 {
		return ""
	}
	return list[random.IntN(len(list))].id
}

// get returns the value of a field of a record.
func (w *modelWorld) get(id, field string) string {
	for _, t := range w.things {
		if t.id == id {
			return t.values[field]
		}
	}
	return ""
}

// fill makes a random world.
func (w *modelWorld) fill(r *rig, random *rand.Rand) {
	for range 4 {
		w.post(r, random, "company", "companies", `"name":"Co"`)
	}
	for range 9 {
		w.post(r, random, "contact", "contacts", `"name":"Joe"`, "company_id", w.pick(random, "company"))
	}
	for range 12 {
		w.post(r, random, "deal", "deals", `"title":"D"`, "company_id", w.pick(random, "company"))
	}
	for range 10 {
		w.post(r, random, "task", "tasks", `"title":"T"`, "company_id", w.pick(random, "company"), "contact_id", w.pick(random, "contact"), "deal_id", w.pick(random, "deal"))
	}
	for range 3 {
		w.post(r, random, "campaign", "campaigns", `"name":"C"`)
	}
	for range 5 {
		w.post(r, random, "ticket", "tickets", `"subject":"S"`, "requester_id", w.pick(random, "contact"))
	}
	for range 8 {
		contact, company := w.pick(random, "contact"), w.pick(random, "company")
		if contact+company == "" {
			continue
		}
		t := w.post(r, random, "activity", "activities", `"body":"B"`, "contact_id", contact, "company_id", company)
		t.values["contact_company"] = w.get(contact, "company_id")
	}
	for range 14 {
		w.tie(r, random, "on", "/deals/%s/contacts", "role", w.pick(random, "deal"), w.pick(random, "contact"))
		w.tie(r, random, "in", "/campaigns/%s/members", "reason", w.pick(random, "campaign"), w.pick(random, []string{"contact", "company"}[random.IntN(2)]))
	}
}

// tie joins two records that are not joined yet.
func (w *modelWorld) tie(r *rig, random *rand.Rand, kind, path, field, one, other string) {
	if one == "" || other == "" || slices.ContainsFunc(w.ties, func(t modelTie) bool { return t.one == one && t.other == other }) {
		return
	}
	end := "contact_id"
	if strings.HasPrefix(other, "co_") {
		end = "company_id"
	}
	text := []string{"", "x", "y"}[random.IntN(3)]
	body := fmt.Sprintf(`{%q:%q}`, end, other)
	if text != "" {
		body = fmt.Sprintf(`{%q:%q,%q:%q}`, end, other, field, text)
	}
	r.want(201, "POST", fmt.Sprintf(path, one), body)
	w.ties = append(w.ties, modelTie{kind, one, other, text})
}

// remove deletes a record, the ties to it, and the references; a task or an activity goes with the last record to which it belongs.
func (w *modelWorld) remove(r *rig, kind, plural, id string) {
	path := "/" + plural + "/" + id
	if a := r.call("DELETE", path, ""); a.status == 409 {
		_, token, _ := strings.Cut(a.body, "\nconfirm: ")
		token, _, _ = strings.Cut(token, "\n")
		r.want(200, "DELETE", path+"?confirm="+token, "")
	}
	var left []thing
	for _, t := range w.things {
		values := maps.Clone(t.values)
		had := len(t.values["contact_id"]+t.values["company_id"]+t.values["deal_id"]) > 0
		maps.DeleteFunc(values, func(_, value string) bool { return value == id })
		has := len(values["contact_id"]+values["company_id"]+values["deal_id"]) > 0
		if owned := t.kind == "task" || t.kind == "activity"; t.id == id || owned && had && !has {
			continue
		}
		if t.kind == "activity" && values["contact_id"] == "" {
			delete(values, "contact_company")
		}
		left = append(left, thing{t.kind, t.id, values})
	}
	w.things = left
	w.ties = slices.DeleteFunc(slices.Clone(w.ties), func(t modelTie) bool { return t.one == id || t.other == id })
}

// find returns the ids that a list finds.
func (r *rig) find(path string) (ids []string) {
	for _, item := range r.json(200, "GET", path, "")["items"].([]any) {
		ids = append(ids, item.(map[string]any)["id"].(string))
	}
	slices.Sort(ids)
	return ids
}

// TestPluralsFindWhatTheySay asks random questions about records that refer to others, in parameters of their own and in
// where=, with and, or, not and brackets, now and at an earlier time, and compares what lists, counts and exports find
// with a model.
func TestPluralsFindWhatTheySay(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 1))
	r := newRig(t).as("jane@acme.com")
	var now modelWorld
	now.fill(r, random)
	earlier := now
	r.clock.Advance(48 * time.Hour)
	for _, kind := range []string{"contact", "contact", "company", "deal", "campaign"} {
		if id := now.pick(random, kind); id != "" {
			now.remove(r, kind, modelPlurals[kind], id)
		}
	}
	r.clock.Advance(time.Hour)
	decides := 0
	for n := range 200 {
		kind := slices.Sorted(maps.Keys(modelPlurals))[random.IntN(len(modelPlurals))]
		q := randomAsk(random, kind, 3)
		list, text := []ask{q}, q.text()
		if q.op == "and" && n%2 == 0 { // without brackets it is in the scope of the parameters
			list, text = slices.Clone(q.kids), text[1:len(text)-1]
		}
		params := "where=" + url.QueryEscape(text)
		for range random.IntN(3) {
			a := randomCondition(random, kind, list[len(list)-1])
			name, value, _ := strings.Cut(a.text(), "=")
			params += "&" + name + "=" + url.QueryEscape(value)
			list = append(list, a)
		}
		w, at := &now, ""
		if n%3 == 0 {
			w, at = &earlier, "&at=-1d"
		}
		found := checkPlural(t, r, w, kind, modelPlurals[kind]+"?limit=200&"+params+at, list)
		if found > 0 && found < len(w.where(kind, func(thing) bool { return true })) {
			decides++
		}
	}
	if decides < 30 {
		t.Errorf("only %d questions tell records apart", decides)
	}
}

// checkPlural compares what one question finds with the model, and returns how many records these are.
func checkPlural(t *testing.T, r *rig, w *modelWorld, kind, path string, list []ask) int {
	t.Helper()
	var want []string
	for _, found := range w.where(kind, func(of thing) bool { return w.all(reached{thing: of}, list) }) {
		want = append(want, found.id)
	}
	slices.Sort(want)
	text, _ := url.QueryUnescape(path)
	if got := r.find("/" + path); !slices.Equal(got, want) {
		t.Fatalf("GET /%s\n(%s)\nfinds %v\nwant  %v", path, text, got, want)
	}
	count := strings.Replace(path, "limit=200&", "count=only&", 1)
	if answer := r.want(200, "GET", "/"+count, ""); !strings.Contains(answer, fmt.Sprintf(" total=%d\n", len(want))) {
		t.Fatalf("GET /%s (%s): %s, want %d", count, text, answer, len(want))
	}
	if !strings.Contains(path, "&at=") {
		export := strings.Replace(path, "limit=200&", "", 1)
		if answer := r.want(200, "GET", "/export/"+export, ""); !strings.Contains(answer, fmt.Sprintf("# exported: %d\n", len(want))) {
			t.Fatalf("the export of %s: %s, want %d", text, answer, len(want))
		}
	}
	return len(want)
}

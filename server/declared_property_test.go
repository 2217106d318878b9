package server_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"crmkit/store/storetest/kit"
)

// TestDeclaredFieldsAreThoseOfTheModel declares random fields, writes random values in every way, and compares what is
// stored, found and sorted with a naive model.
func TestDeclaredFieldsAreThoseOfTheModel(t *testing.T) {
	seed := kit.Seed(t)
	w := &declaredWorld{rig: newRig(t).as("jane@acme.com"), random: rand.New(rand.NewPCG(seed, 1))}
	rounds := 1500
	if testing.Short() {
		rounds = 400
	}
	for i := 0; i < rounds && !t.Failed(); i++ {
		w.round()
		w.compare()
		w.ask()
	}
	for what, n := range w.seen {
		t.Logf("%4d %s", n, what)
	}
}

// declaredWorld is a workspace with companies and a model of it.
type declaredWorld struct {
	*rig
	random *rand.Rand
	model  declaredModel
	last   string // the change group of the last write, "" if it changed nothing
	did    string // for messages
	seen   map[string]int
}

// keysOfWorld are the names of fields, each with types that it is declared with.
var keysOfWorld = []string{"alpha", "beta", "gamma", "delta", "epsilon"}

func (w *declaredWorld) one(words ...string) string { return words[w.random.IntN(len(words))] }

func (w *declaredWorld) round() {
	before, n := w.model.clone(), w.random.IntN(12)
	w.last = ""
	switch {
	case n == 0 && len(w.model.fields) > 0:
		w.withdraw()
	case n == 1 && len(w.model.fields) > 0:
		w.redeclare()
	case n == 2:
		w.declare()
	case n < 5:
		w.write(nil)
	case n < 8 && len(w.model.records) > 0:
		w.write(w.model.records[w.random.IntN(len(w.model.records))])
	case n == 8:
		w.batch()
	case n == 9:
		w.importRows()
	case n == 10 && len(w.model.records) > 0:
		w.edit()
	default:
		w.write(nil)
	}
	if w.last != "" && w.random.IntN(5) == 0 {
		now := w.model
		w.model = before
		if w.undo() {
			w.keepTaken(now)
		}
	}
}

// undo takes the last write back, and reports whether some of it stays.
func (w *declaredWorld) undo() (stays bool) {
	body := `{"change":"` + w.last + `"}`
	a := w.call("POST", "/undo", body)
	if a.status == 409 && tokenIs.MatchString(a.body) {
		a = w.call("POST", "/undo?confirm="+tokenIs.FindStringSubmatch(a.body)[1], body)
	}
	if w.saw("undo", a.status); a.status != 200 {
		w.t.Errorf("undo of %s: %d %s", w.did, a.status, a.body)
	}
	w.did = "undo of " + w.did + "\n" + a.body
	return strings.Contains(a.body, " belongs to ")
}

// keepTaken leaves the values of unique fields that would go back, but that another record has by now.
func (w *declaredWorld) keepTaken(now declaredModel) {
	w.saw("undo keeps a taken value", 200)
	for _, r := range w.model.records {
		for _, f := range w.model.fields {
			was := r.keys[f.name]
			if is := now.record(func(o *modelRecord) bool { return o.id == r.id }); f.unique && was != "" && is.keys[f.name] != was && w.model.holder(f, was, r) != nil {
				r.keys[f.name] = is.keys[f.name]
				if is.keys[f.name] == "" {
					delete(r.keys, f.name)
				}
			}
		}
	}
}

// saw counts an answer.
func (w *declaredWorld) saw(what string, status int) {
	if w.seen == nil {
		w.seen = map[string]int{}
	}
	w.seen[fmt.Sprint(what, " ", status)]++
}

// send sends a write. It notes the change group.
func (w *declaredWorld) send(what, method, path, body string) answer {
	a := w.call(method, path, body, "Accept", "application/json")
	w.did = fmt.Sprintf("%s %s %s: %d %s", method, path, body, a.status, a.body)
	var is struct{ Change string }
	if json.Unmarshal([]byte(a.body), &is) == nil {
		w.last = is.Change
	}
	w.saw(what, a.status)
	return a
}

// declare declares a field.
func (w *declaredWorld) declare() {
	f := &modelField{name: w.one(keysOfWorld...), kind: w.one("text", "number", "money", "date", "time", "choice", "tags", "flag", "email", "url")}
	f.required = w.random.IntN(6) == 0
	f.unique = w.random.IntN(3) == 0 && strings.Contains("text number email url", f.kind)
	body := map[string]any{"kind": "company", "name": f.name, "type": f.kind, "required": f.required, "unique": f.unique}
	if f.kind == "choice" {
		f.options = [][]string{{"emea", "amer", "apac"}, {"amer", "emea"}, {"amer"}}[w.random.IntN(3)]
		body["options"] = f.options
	}
	if w.model.field(f.name) != nil {
		return
	}
	text, _ := json.Marshal(body)
	a := w.send("declare", "POST", "/fields", string(text))
	var is struct{ ID string }
	if json.Unmarshal([]byte(a.body), &is); a.status != 201 {
		w.t.Errorf("%s", w.did)
	}
	f.id = is.ID
	w.model.fields = append(w.model.fields, f)
}

// redeclare changes a field.
func (w *declaredWorld) redeclare() {
	f := w.model.fields[w.random.IntN(len(w.model.fields))]
	f.required = w.random.IntN(4) == 0
	body := map[string]any{"required": f.required}
	if f.kind == "choice" {
		f.options = [][]string{{"emea", "amer"}, {"apac", "amer", "emea"}}[w.random.IntN(2)]
		body["options"] = f.options
	}
	text, _ := json.Marshal(body)
	if a := w.send("redeclare", "PATCH", "/fields/"+f.id, string(text)); a.status != 200 {
		w.t.Errorf("%s", w.did)
	}
}

// withdraw deletes a declaration.
func (w *declaredWorld) withdraw() {
	i := w.random.IntN(len(w.model.fields))
	w.confirmedDelete("/fields/" + w.model.fields[i].id)
	w.did = "withdrawn " + w.model.fields[i].name
	w.model.fields = slices.Delete(w.model.fields, i, i+1)
	w.saw("withdraw", 200)
}

// values returns some random keys with values, as a client sends them.
func (w *declaredWorld) values() map[string]string {
	sent, all := map[string]string{}, slices.Sorted(maps.Keys(typed))
	for _, key := range keysOfWorld {
		switch f := w.model.field(key); {
		case f != nil && w.random.IntN(2) == 0:
			for range 3 { // mostly one that fits
				if sent[key] = w.one(all...); f.read(sent[key]) != refused {
					break
				}
			}
		case w.random.IntN(8) == 0:
			sent[key] = w.one(all...)
		}
	}
	return sent
}

// body returns the values in a body, with custom. or without it. The model notes which.
func (w *declaredWorld) body(sent map[string]string, more ...string) string {
	top, custom := slices.Clone(more), []string{}
	for _, key := range slices.Sorted(maps.Keys(sent)) {
		member, f := fmt.Sprintf("%q:%s", key, sent[key]), w.model.field(key)
		if f != nil {
			f.column = false
		}
		if f != nil && w.random.IntN(2) == 0 {
			f.column = w.model.imports
			top = append(top, member)
			continue
		}
		custom = append(custom, member)
	}
	if len(custom) > 0 {
		top = append(top, `"custom":{`+strings.Join(custom, ",")+"}")
	}
	return "{" + strings.Join(top, ",") + "}"
}

func (w *declaredWorld) domain() string {
	return w.one("a", "b", "c", "d", "e", "f", "g") + ".example.com"
}

// domains returns up to three domains.
func (w *declaredWorld) domains() []string {
	return slices.Compact(slices.Sorted(slices.Values([]string{w.domain(), w.domain(), w.domain()})))
}

// statuses are those of the outcomes of a write.
var statuses = map[string][]int{done: {200, 201}, wrong: {400}, taken: {409}}

// write writes one company: that of its path, or the one of its keys.
func (w *declaredWorld) write(own *modelRecord) {
	sent := w.values()
	method, path, domain, body := "POST", "/companies", w.domain(), ""
	if own != nil {
		method, path, domain = "PATCH", "/companies/"+own.id, ""
		if body = w.body(sent); body == "{}" {
			return
		}
	} else {
		body = w.body(sent, `"name":"Co"`, `"domain":"`+domain+`"`)
	}
	a := w.send("write", method, path, body)
	outcome, is := w.model.write(own, domain, sent)
	if !slices.Contains(statuses[outcome], a.status) {
		w.t.Errorf("the model says %s: %s", outcome, w.did)
	}
	w.identify(is, a.body)
}

// identify notes the id of a company that was made.
func (w *declaredWorld) identify(is *modelRecord, body string) {
	var got struct{ ID string }
	if json.Unmarshal([]byte(body), &got); is != nil && is.id == "" {
		is.id = got.ID
	}
}

// batch writes some companies with one request, of which each that can be saved is.
func (w *declaredWorld) batch() {
	var lines, outcomes []string
	var made []*modelRecord
	for range 1 + w.random.IntN(4) {
		sent, domain := w.values(), w.domain()
		lines = append(lines, `{"method":"POST","path":"/companies","body":`+w.body(sent, `"name":"Co"`, `"domain":"`+domain+`"`)+"}")
		outcome, is := w.model.write(nil, domain, sent)
		outcomes, made = append(outcomes, outcome), append(made, is)
	}
	body := "[" + strings.Join(lines, ",") + "]"
	dry := w.call("POST", "/batch?atomic=0&dry_run=1", body, "Accept", "application/json")
	a := w.send("batch", "POST", "/batch?atomic=0", body)
	w.sameErrors(dry, a)
	var got struct{ Lines, Items []json.RawMessage }
	if err := json.Unmarshal([]byte(a.body), &got); err != nil {
		w.t.Fatal(w.did)
	}
	for i, line := range append(got.Lines, got.Items...) {
		if i < len(outcomes) && strings.Contains(string(line), `"error"`) == (outcomes[i] == done) {
			w.t.Errorf("line %d: the model says %s: %s", i+1, outcomes[i], w.did)
		}
		if i < len(made) {
			w.identify(made[i], string(line))
		}
	}
	w.noteIDs()
}

// sameErrors compares how many lines fail in a dry run and in earnest.
func (w *declaredWorld) sameErrors(dry, a answer) {
	w.t.Helper()
	if planned, failed := strings.Count(dry.body, `"error"`), strings.Count(a.body, `"error"`); planned != failed {
		w.t.Errorf("%d fail in a dry run: %s\nand %d in earnest: %s", planned, dry.body, failed, w.did)
	}
}

// noteIDs reads the ids of companies that were made.
func (w *declaredWorld) noteIDs() {
	for _, got := range w.read("/companies?limit=100&sort=created_at") {
		if is := w.model.record(func(r *modelRecord) bool { return r.domain == got.domain }); is != nil && is.id == "" {
			is.id = got.id
		}
	}
}

// importRows imports some companies, each row alone.
func (w *declaredWorld) importRows() {
	var rows, outcomes []string
	w.model.imports, w.model.saved = true, map[*modelRecord]bool{}
	for _, domain := range w.domains() {
		sent := w.values()
		for key := range sent {
			if sent[key] == "null" {
				delete(sent, key) // it needs a column that clears
			}
		}
		custom, _ := strings.CutPrefix(w.body(sent), "{")
		rows = append(rows, strings.TrimSuffix(`{"name":"Co","domain":"`+domain+`",`+custom, ",}")+strings.Repeat("}", strings.Count(",}", custom)))
		outcome, _ := w.model.write(nil, domain, sent)
		outcomes = append(outcomes, outcome)
	}
	w.model.imports, w.model.saved = false, nil
	body := strings.Join(rows, "\n")
	dry := w.call("POST", "/import/companies?format=ndjson&dry_run=1", body, "Accept", "application/json")
	a := w.send("import", "POST", "/import/companies?format=ndjson", body)
	w.sameErrors(dry, a)
	w.did += "\n" + fmt.Sprint(outcomes)
	if a.status != 200 {
		w.t.Errorf("%s", w.did)
	}
	w.last = "" // it may have several steps
	w.noteIDs()
}

// edit writes a value to all companies of some domains.
func (w *declaredWorld) edit() {
	sent := w.values()
	body := w.body(sent)
	if body == "{}" {
		return
	}
	domains := w.domains()
	path := "/companies?domain=in:" + strings.Join(domains, ",")
	a := w.call("PATCH", path, body)
	w.did = fmt.Sprintf("PATCH %s %s: %d %s", path, body, a.status, a.body)
	if slices.ContainsFunc(slices.Collect(maps.Keys(sent)), func(key string) bool {
		f := w.model.field(key)
		return f != nil && f.unique && sent[key] != "null"
	}) { // a unique field cannot be set in many records
		if w.saw("bulk edit", a.status); a.status != 400 {
			w.t.Errorf("%s", w.did)
		}
		return
	}
	if token := tokenIs.FindStringSubmatch(a.body); a.status == 409 && token == nil && !strings.Contains(a.body, "already_exists") {
		w.t.Errorf("%s", w.did)
	} else if token != nil {
		a = w.send("bulk edit", "PATCH", path+"&confirm="+token[1], body)
		w.last = ""
	}
	for _, r := range w.model.records {
		if slices.ContainsFunc(domains, r.hasDomain) {
			w.model.write(r, "", sent)
		}
	}
}

// read returns the companies of a list.
func (w *declaredWorld) read(path string) (list []modelRecord) {
	w.t.Helper()
	var got struct {
		Items []struct {
			ID, Domain string
			Custom     map[string]json.RawMessage
		}
	}
	text := w.want(200, "GET", path, "", "Accept", "application/json")
	if err := json.Unmarshal([]byte(text), &got); err != nil {
		w.t.Fatal(err)
	}
	for _, in := range got.Items {
		r := modelRecord{id: in.ID, domain: in.Domain, keys: map[string]string{}}
		for key, raw := range in.Custom {
			r.keys[key] = string(raw)
		}
		list = append(list, r)
	}
	return list
}

// compare compares what is stored with the model.
func (w *declaredWorld) compare() {
	got, want := map[string]string{}, map[string]string{}
	for _, r := range w.read("/companies?limit=100&fields=id,domain,custom") {
		got[r.domain] = fmt.Sprint(r.keys)
	}
	for _, r := range w.model.records {
		want[r.domain] = fmt.Sprint(r.keys)
	}
	if !maps.Equal(got, want) {
		w.t.Errorf("after %s\n%s", w.did, diff(strings.ReplaceAll(fmt.Sprint(want), "] ", "]\n"), strings.ReplaceAll(fmt.Sprint(got), "] ", "]\n")))
		for _, f := range w.model.fields {
			w.t.Logf("%+v", *f)
		}
	}
}

// ask compares a list that is filtered or sorted by a field with the model.
func (w *declaredWorld) ask() {
	if len(w.model.fields) == 0 {
		return
	}
	f := w.model.fields[w.random.IntN(len(w.model.fields))]
	name := w.one("", "custom.") + f.name
	if desc := w.random.IntN(2) == 0; w.random.IntN(3) == 0 && strings.Contains("text number date time choice", f.kind) {
		w.same("/companies?limit=100&sort="+map[bool]string{true: "-"}[desc]+name, w.sorted(f, desc))
		return
	}
	op, operand, passes := w.condition(f)
	if passes == nil {
		return
	}
	want := slices.DeleteFunc(w.sorted(nil, true), func(id string) bool {
		return !passes(w.model.record(func(r *modelRecord) bool { return r.id == id }).keys)
	})
	w.same("/companies?limit=100&sort=-id&"+name+"="+url.QueryEscape(op+operand), want)
}

// same compares the ids of a list.
func (w *declaredWorld) same(path string, want []string) {
	var got []string
	for _, r := range w.read(path) {
		got = append(got, r.id)
	}
	if !slices.Equal(got, want) {
		w.t.Errorf("GET %s\n got %v\nwant %v", path, got, want)
		for _, f := range w.model.fields {
			w.t.Logf("%+v", *f)
		}
		for _, r := range w.model.records {
			w.t.Logf("%+v", *r)
		}
	}
	w.saw("lists", 200)
}

// sorted returns the ids of all companies, sorted by a field and then by age.
func (w *declaredWorld) sorted(f *modelField, desc bool) (ids []string) {
	list := slices.Clone(w.model.records)
	if desc {
		slices.Reverse(list)
	}
	slices.SortStableFunc(list, func(a, b *modelRecord) int {
		if f == nil {
			return 0
		}
		x, y := f.order(a.keys), f.order(b.keys)
		switch {
		case x == nil && y == nil:
			return 0
		case x == nil:
			return 1
		case y == nil:
			return -1
		case desc:
			x, y = y, x
		}
		return compareValues(x, y)
	})
	for _, r := range list {
		ids = append(ids, r.id)
	}
	return ids
}

// condition returns a random condition on a field, and its meaning; nil for a type that has none here.
func (w *declaredWorld) condition(f *modelField) (op, operand string, passes func(map[string]string) bool) {
	if f.kind == "money" || w.random.IntN(5) == 0 {
		name := f.name
		if f.kind == "money" {
			return "", "", nil
		}
		if w.random.IntN(2) == 0 {
			return "is:", "null", func(keys map[string]string) bool { return keys[name] == "" }
		}
		return "not:", "null", func(keys map[string]string) bool { return keys[name] != "" }
	}
	var at any
	switch f.kind {
	case "number":
		operand = w.one("7", "12.5", "100", "-0.250")
		at = f.order(map[string]string{f.name: operand})
	case "time":
		operand = w.one("2026-06-10T00:00:00Z", "2026-06-11T09:30:00Z")
		at, _ = time.Parse(time.RFC3339, operand)
	case "choice":
		operand = w.one(f.options...)
		at = slices.Index(f.options, operand)
	default:
		return "", "", nil
	}
	holds := map[string]func(int) bool{"": func(c int) bool { return c == 0 }, "gt:": func(c int) bool { return c > 0 }, "gte:": func(c int) bool { return c >= 0 },
		"lt:": func(c int) bool { return c < 0 }, "lte:": func(c int) bool { return c <= 0 }}
	op = w.one(slices.Sorted(maps.Keys(holds))...)
	return op, operand, func(keys map[string]string) bool {
		is := f.order(keys)
		if f.kind == "choice" && is == len(f.options) {
			return false // it is not in the order
		}
		return is != nil && holds[op](compareValues(is, at))
	}
}

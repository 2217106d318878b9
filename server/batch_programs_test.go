package server_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"crmkit/store"
)

// batchLine is a line of a batch.
type batchLine struct {
	Method string `json:"method"`
	Path   string `json:"path"`
	Body   any    `json:"body,omitempty"`
	As     string `json:"as,omitempty"`
}

// programs writes random batches. Many of their lines fail.
type programs struct {
	*rand.Rand
	ids map[string][]string // of the records that there may be, by kind
}

var programKinds = []string{"company", "contact", "deal", "campaign"}

// next returns a batch of up to n lines.
func (p *programs) next(n int) []batchLine {
	made := map[string][]string{} // names, by kind
	lines := make([]batchLine, 1+p.IntN(1+p.IntN(n)))
	for i := range lines {
		kind := programKinds[p.IntN(len(programKinds))]
		lines[i] = p.line(kind, made)
		if lines[i].Method == "DELETE" || p.IntN(2) == 0 {
			continue
		}
		if kind = programKind(lines[i]); kind == "" {
			continue
		}
		lines[i].As = fmt.Sprintf("n%d", i+1)
		made[kind] = append(made[kind], "$"+lines[i].As)
	}
	return lines
}

// programKind returns the kind of the record that a line makes or changes.
func programKind(l batchLine) string {
	path, _, _ := strings.Cut(l.Path, "?")
	for kind, plural := range map[string]string{"company": "/companies", "contact": "/contacts", "deal": "/deals", "campaign": "/campaigns"} {
		if rest, found := strings.CutPrefix(path, plural); found && strings.Count(rest, "/") < 2 {
			return kind
		}
	}
	return ""
}

// ref returns a name or an id for a record of a kind, sometimes of another kind or of no record.
func (p *programs) ref(kind string, made map[string][]string) string {
	if p.IntN(30) == 0 {
		kind = programKinds[p.IntN(len(programKinds))]
	}
	if names := made[kind]; len(names) > 0 && p.IntN(3) > 0 {
		return names[p.IntN(len(names))]
	}
	if ids := p.ids[kind]; len(ids) > 0 && p.IntN(30) > 0 {
		return ids[p.IntN(len(ids))]
	}
	return "c_0000"
}

// line returns a line about a kind.
func (p *programs) line(kind string, made map[string][]string) batchLine {
	text := func(words ...string) string { return words[p.IntN(len(words))] }
	mostly := func(good, bad string) string { return []string{good, bad}[max(0, p.IntN(20)-18)] }
	email := fmt.Sprintf("p%d@acme.test", p.IntN(30))
	switch p.IntN(13) {
	case 0, 1:
		return batchLine{"POST", "/companies", map[string]any{"name": mostly(text("Acme", "$n1"), ""), "domain": fmt.Sprintf("d%d.test", p.IntN(9))}, ""}
	case 2, 3:
		return batchLine{"POST", "/contacts" + text("", "?campaign="+p.ref("campaign", made)), map[string]any{"name": "Ann", "email": mostly(email, "nobody"), "company_id": p.ref("company", made), "tags": text("vip", "eu")}, ""}
	case 4:
		return batchLine{"POST", "/deals", map[string]any{"title": "Seats", "contact_id": p.ref("contact", made), "amount_cents": p.IntN(99)}, ""}
	case 5:
		return batchLine{"POST", "/campaigns", map[string]any{"name": fmt.Sprint("Wave ", p.IntN(9))}, ""}
	case 6:
		return batchLine{"POST", text("/contacts/", "/contact/") + p.ref("contact", made) + "/activities", map[string]any{"kind": mostly(text("call", "email"), "shout"), "body": "$n1"}, ""}
	case 7:
		return batchLine{"POST", "/campaigns/" + p.ref("campaign", made) + "/members", map[string]any{"contact_id": p.ref("contact", made)}, ""}
	case 8:
		return batchLine{"DELETE", "/campaigns/" + p.ref("campaign", made) + "/members/" + p.ref("contact", made), nil, ""}
	case 9:
		return batchLine{"PATCH", "/contacts/" + p.ref("contact", made), map[string]any{"email": email, "stage": text("lead", "customer")}, ""}
	case 11:
		if made := p.ids[kind]; len(made) > 0 && p.IntN(2) == 0 {
			return batchLine{"DELETE", "/" + map[string]string{"company": "companies", "contact": "contacts", "deal": "deals", "campaign": "campaigns"}[kind] + "/" + made[p.IntN(len(made))], nil, ""}
		}
		fallthrough
	case 10:
		return batchLine{"PATCH", "/deals/" + p.ref("deal", made), map[string]any{"stage": text("won", "lost", "new"), mostly("notes", "version"): 1 + p.IntN(2)}, ""}
	}
	return batchLine{"POST", "/tasks", map[string]any{"title": "Call", "contact_id": p.ref("contact", made), mostly("due_at", "nope"): "+3d"}, ""}
}

// TestBatchesAreTheirCalls runs random batches, and the calls of their lines one after the other on
// another server: with atomic=0 lines and calls have the same results, errors and remarks, and both
// servers the same records. A batch that is all or none saves what its calls save, or nothing and says
// of each line what its call says. Batches with deletes, and some others, are confirmed after a dry run, which
// says the same and saves nothing.
func TestBatchesAreTheirCalls(t *testing.T) {
	testBatchPrograms(t, setup{*engineFlag, *serversFlag}, 150)
}

// TestBatchesAreTheirCallsOnPostgres is the same with two servers on one database.
func TestBatchesAreTheirCallsOnPostgres(t *testing.T) {
	onlyOnSQLite(t, "TestBatchesAreTheirCalls runs on the engine of -engine")
	testBatchPrograms(t, setup{"postgres", 2}, 25)
}

func testBatchPrograms(t *testing.T, s setup, rounds int) {
	seed := uint64(time.Now().UnixNano())
	if text := os.Getenv("BATCH_SEED"); text != "" {
		seed, _ = strconv.ParseUint(text, 10, 64)
	}
	t.Logf("BATCH_SEED=%d", seed)
	p := &programs{Rand: rand.New(rand.NewPCG(seed, 0)), ids: map[string][]string{}}
	batches, calls := s.newRig(t, store.Options{}).as("jane@acme.com"), s.newRig(t, store.Options{}).as("jane@acme.com")
	saved, refused := 0, 0
	for range rounds {
		lines := p.next(12)
		body := string(must(json.Marshal(lines)))
		before := exported(batches)
		a := p.send(batches, "/batch", body)
		if a.status == 200 {
			saved++
		} else {
			refused++
			if after := exported(batches); after != before {
				t.Fatalf("%s\n%s\nthe refused batch saved something:\n%s", body, a.body, diff(before, after))
			}
		}
		want := p.single(calls, lines)
		if a.status != 200 {
			checkRefused(t, body, decoded(t, a.body), want)
			a = p.send(batches, "/batch?atomic=0", body)
		}
		checkReceipts(t, body, decoded(t, a.body), want)
		if one, other := exported(batches), exported(calls); one != other {
			t.Fatalf("%s\n%s\nthe records differ:\n%s", body, a.body, diff(other, one))
		}
	}
	if saved < rounds/10 || refused < rounds/10 {
		t.Errorf("of %d batches %d were saved and %d refused; the test proves little", rounds, saved, refused)
	}
}

// send sends a batch: one with a delete twice, and some others too, since they are confirmed. The dry run
// must say what happens, without the ids of new records, and save nothing.
func (p *programs) send(r *rig, path, body string) answer {
	r.t.Helper()
	mark := "?"
	if strings.Contains(path, "?") {
		mark = "&"
	}
	first, before := path, exported(r)
	if p.IntN(3) == 0 {
		first += mark + "dry_run=1"
	}
	a := r.call("POST", first, body, "Accept", "application/json")
	report := decoded(r.t, a.body)
	token, _ := report["confirm"].(string)
	if token == "" {
		return a
	}
	if after := exported(r); after != before {
		r.t.Fatalf("%s %s\n%s\nsaved something:\n%s", first, body, a.body, diff(before, after))
	}
	done := r.call("POST", path+mark+"confirm="+token, body, "Accept", "application/json")
	var receipts []map[string]any
	for _, one := range decoded(r.t, done.body)["lines"].([]any) {
		receipts = append(receipts, one.(map[string]any))
	}
	receipts = unsaved(receipts)
	for i, one := range report["lines"].([]any) {
		said, is := one.(map[string]any), receipts[i]
		if made := said["kind"] != nil; said["result"] != is["result"] || said["error"] != is["error"] || fmt.Sprint(said["remarks"]) != fmt.Sprint(is["remarks"]) || !made && said["handle"] != is["handle"] {
			r.t.Fatalf("%s\n%s\nis\n%s", body, a.body, done.body)
		}
	}
	return done
}

// exported returns all records.
func exported(r *rig) string {
	var all strings.Builder
	for _, kind := range []string{"companies", "contacts", "deals", "campaigns", "campaign_members", "activities", "tasks"} {
		all.WriteString(r.want(200, "GET", "/export/"+kind+"?format=ndjson", ""))
	}
	return all.String()
}

// single makes the calls of the lines one after the other, and returns what the receipts of a
// batch must say. It remembers the records.
func (p *programs) single(r *rig, lines []batchLine) (want []map[string]any) {
	ids, failed := map[string]string{}, map[string]int{}
	for i, l := range lines {
		receipt := map[string]any{"line": float64(i + 1)}
		want = append(want, receipt)
		path, body, cause := l.Path, "", 0
		if l.Body != nil {
			body = string(must(json.Marshal(l.Body)))
		}
		for j := i - 1; j >= 0; j-- { // from the last, since $n1 is the beginning of $n11
			name := "$" + lines[j].As
			if lines[j].As == "" || !uses(path, body, name) {
				continue
			}
			if n := failed[name]; n > 0 {
				cause = n // of the first line that it needs
			}
			path, body = named(path, body, name, ids[name])
		}
		if cause > 0 {
			receipt["not_tried_because"] = float64(cause)
			failed["$"+l.As] = cause
			continue
		}
		a := r.call(l.Method, path, body, "Accept", "application/json")
		if token, _ := decoded(r.t, a.body)["confirm"].(string); token != "" {
			a = r.call(l.Method, path+"?confirm="+token, body, "Accept", "application/json")
		}
		answer := decoded(r.t, a.body)
		if a.status >= 400 {
			for name, value := range answer {
				receipt[name] = value
			}
			failed["$"+l.As] = i + 1
			continue
		}
		for _, name := range []string{"result", "id", "handle", "version", "remarks"} {
			if answer[name] != nil {
				receipt[name] = answer[name]
			}
		}
		if l.As != "" {
			receipt["as"] = l.As
		}
		p.note(answer, ids, "$"+l.As)
	}
	return want
}

// uses reports whether a call uses a name where an id is expected.
func uses(path, body, name string) bool {
	one, other := named(path, body, name, "")
	return one != path || other != body
}

// named replaces a name by an id in a call.
func named(path, body, name, id string) (string, string) {
	segments := strings.FieldsFunc(path, func(r rune) bool { return strings.ContainsRune("/?=", r) })
	for _, segment := range segments {
		if segment == name {
			path = strings.Replace(path, name, id, 1)
		}
	}
	for _, field := range []string{"company_id", "contact_id"} {
		body = strings.ReplaceAll(body, `"`+field+`":"`+name+`"`, `"`+field+`":"`+id+`"`)
	}
	return path, body
}

// note remembers the record of an answer.
func (p *programs) note(answer map[string]any, ids map[string]string, name string) {
	id := fmt.Sprint(answer["id"])
	ids[name] = id
	kind, _, _ := strings.Cut(fmt.Sprint(answer["handle"]), "/")
	if answer["result"] == "created" {
		p.ids[kind] = append(p.ids[kind], id)
	}
}

// checkReceipts compares the receipts of a batch with what its calls answered.
func checkReceipts(t *testing.T, body string, answer map[string]any, want []map[string]any) {
	t.Helper()
	lines, _ := answer["lines"].([]any)
	if answer["error"] != nil { // all lines failed
		if len(lines) != len(want) {
			t.Fatalf("%s\n%v\nwant %v", body, answer, want)
		}
	}
	for i := range want {
		got := lines[i].(map[string]any)
		delete(got, "changes")
		if got["result"] == "deleted" { // the call says before what goes with the record
			delete(got, "remarks")
		}
		if !reflect.DeepEqual(got, want[i]) {
			t.Fatalf("%s\nline %d:\n%v\nwant\n%v", body, i+1, got, want[i])
		}
	}
}

// unsaved returns the receipts of lines that were saved as those of a batch that saves nothing: their
// errors and remarks have names, or the numbers of lines, instead of the ids of records that lines
// before have made.
func unsaved(receipts []map[string]any) (list []map[string]any) {
	made := map[string]string{}
	without := func(text string) string {
		for id, name := range made {
			text = regexp.MustCompile(`\b`+id+`\b`).ReplaceAllLiteralString(text, name)
		}
		return text
	}
	for _, receipt := range receipts {
		r := maps.Clone(receipt)
		if hint, is := r["hint"].(string); is {
			r["hint"] = without(hint)
		}
		if remarks, is := r["remarks"].([]any); is {
			remarks = slices.Clone(remarks)
			for i := range remarks {
				remarks[i] = without(remarks[i].(string))
			}
			r["remarks"] = remarks
		}
		if record, is := r["record"].(map[string]any); is && made[fmt.Sprint(record["id"])] != "" {
			delete(r, "record")
		}
		id := fmt.Sprint(r["id"])
		if r["result"] == "created" {
			made[id] = fmt.Sprintf("(line %v)", r["line"])
		}
		if r["as"] != nil && made[id] != "" {
			made[id] = fmt.Sprint("$", r["as"])
		}
		list = append(list, r)
	}
	return list
}

// checkRefused compares the errors of a batch that was refused with those of its calls.
func checkRefused(t *testing.T, body string, answer map[string]any, want []map[string]any) {
	t.Helper()
	var failing []map[string]any
	for _, receipt := range unsaved(want) {
		if receipt["result"] == nil {
			failing = append(failing, receipt)
		}
	}
	lines, _ := answer["lines"].([]any)
	if len(lines) != len(failing) || answer["error"] != failing[0]["error"] {
		t.Fatalf("%s\n%v\nwant %v", body, answer, failing)
	}
	for i := range failing {
		if !reflect.DeepEqual(lines[i], any(failing[i])) {
			t.Fatalf("%s\n%v\nwant %v", body, lines[i], failing[i])
		}
	}
}

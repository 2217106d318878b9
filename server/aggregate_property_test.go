package server_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/big"
	"math/rand/v2"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"crmkit/store"
	"crmkit/store/storetest/kit"
)

// TestAggregatesAreThoseOfTheRecords asks random questions for numbers of random records, and compares each answer
// with what follows from the records of the same list: the lines, their counts and sums, and the lists to
// which the links lead. Later the same questions about that time have the same answers, and comparisons have the
// numbers of both times.
func TestAggregatesAreThoseOfTheRecords(t *testing.T) {
	seed := kit.Seed(t)
	w := newNumbersWorld(t, seed)
	for range 3 {
		w.change(40)
		w.r.clock.Advance(time.Duration(1+w.rng.IntN(100)) * time.Hour)
	}
	n := 150
	if testing.Short() {
		n = 60
	}
	var asked []string
	answers := map[string]string{}
	for range n {
		q := w.question()
		asked = append(asked, q.path())
		answers[q.path()] = w.check(q)
	}
	cursor := w.r.json(200, "GET", "/changes?since=now", "")["cursor"].(string)
	w.change(60)
	w.r.clock.Advance(26 * time.Hour)
	for _, path := range asked[:n/2] {
		if strings.Contains(path, "search=") {
			continue // which has no past
		}
		if got := w.lines(path + "&at=" + cursor); got != answers[path] {
			t.Errorf("%s at an earlier time\n%s\nthen\n%s", path, got, answers[path])
		}
		w.checkCompared(path, cursor)
	}
}

// numbersWorld is a workspace of random records.
type numbersWorld struct {
	t         *testing.T
	r         *rig
	rng       *rand.Rand
	zone      *time.Location
	companies []string
	campaigns []string
	deals     []string
	contacts  []string
}

func newNumbersWorld(t *testing.T, seed uint64) *numbersWorld {
	r := newRigWith(t, store.Options{}).as("jane@acme.com")
	w := &numbersWorld{t: t, r: r, rng: rand.New(rand.NewPCG(seed, 1))}
	name := []string{"Europe/Berlin", "America/St_Johns", "Asia/Kathmandu", "UTC", "America/Santiago"}[w.rng.IntN(5)]
	w.zone, _ = time.LoadLocation(name)
	workspace := r.json(200, "GET", "/workspaces", "")["items"].([]any)[0].(map[string]any)["id"].(string)
	r.want(200, "PATCH", "/workspaces/"+workspace, `{"time_zone":"`+name+`"}`)
	for i := range 4 {
		w.companies = append(w.companies, w.post("/companies", map[string]any{"name": fmt.Sprint("Co", i), "owner": w.one("ann", "bob", nil), "tags": w.some("x", "y", "z")}))
	}
	for i := range 3 {
		w.campaigns = append(w.campaigns, w.post("/campaigns", map[string]any{"name": fmt.Sprint("Camp", i), "status": w.one("active", "paused")}))
	}
	return w
}

func (w *numbersWorld) post(path string, body map[string]any) string {
	text, _ := json.Marshal(body)
	return w.r.json(201, "POST", path, string(text))["id"].(string)
}

// one returns one of some values.
func (w *numbersWorld) one(of ...any) any { return of[w.rng.IntN(len(of))] }

// some returns some of some texts.
func (w *numbersWorld) some(of ...string) []string {
	return slices.DeleteFunc(slices.Clone(of), func(string) bool { return w.rng.IntN(2) == 0 })
}

// at returns a time, often beside the beginning of a day or where clocks change, or nothing.
func (w *numbersWorld) at() any {
	day := time.Date(2026, time.Month(1+w.rng.IntN(12)), 28+w.rng.IntN(5), 0, 0, 0, 0, w.zone)
	return w.one(day.UTC().Format(time.RFC3339), day.Add(-time.Second).UTC().Format(time.RFC3339), "2026-03-29T01:30:00Z", day.Add(90*time.Minute).UTC().Format(time.RFC3339), nil)
}

// values returns random values of a deal.
func (w *numbersWorld) values() map[string]any {
	return map[string]any{"title": w.one("a", "b", "c"), "stage": w.one("lead", "won", "lost", "Proposal", "(unset)", nil), "amount_cents": w.one(nil, w.rng.IntN(100000)-20000, 9007199254740991, -1),
		"currency": w.one("USD", "EUR"), "owner": w.one("ann", "bob", "me", nil), "tags": w.some("p", "q", "r"), "close_at": w.at(),
		"company_id": w.one(w.companies[0], w.companies[1], w.companies[2], nil), "custom": map[string]any{"seats": w.one(1, 2.5, "3", "many", -0.125), "region": w.one("emea", "a:b", "x y")}}
}

// change makes and changes records.
func (w *numbersWorld) change(n int) {
	for range n {
		switch k := w.rng.IntN(12); {
		case k < 4 || len(w.deals) < 5:
			w.deals = append(w.deals, w.post("/deals", w.values()))
		case k < 6:
			text, _ := json.Marshal(w.values())
			w.r.want(200, "PATCH", "/deals/"+w.deals[w.rng.IntN(len(w.deals))], string(text))
		case k < 7 && len(w.deals) > 10:
			at := w.rng.IntN(len(w.deals))
			w.r.confirmedDelete("/deals/" + w.deals[at])
			w.deals = slices.Delete(w.deals, at, at+1)
		case k < 9 || len(w.contacts) == 0:
			id := w.post("/contacts", map[string]any{"name": w.one("Ann", "Bob"), "stage": w.one("lead", nil), "company_id": w.one(w.companies[0], w.companies[3], nil)})
			w.contacts = append(w.contacts, id)
			for _, campaign := range w.some(w.campaigns...) {
				w.r.want(201, "POST", "/campaigns/"+campaign+"/members", `{"contact_id":"`+id+`"}`)
			}
		case k < 11:
			w.post("/activities", map[string]any{"kind": w.one("call", "note"), "body": "x", "contact_id": w.contacts[w.rng.IntN(len(w.contacts))], "company_id": w.one(w.companies[0], w.companies[1], nil),
				"deal_id": w.one(w.deals[w.rng.IntN(len(w.deals))], nil)})
		default:
			text, _ := json.Marshal(map[string]any{"owner": w.one("ann", "bob", nil), "tags": w.some("x", "y", "z")})
			w.r.want(200, "PATCH", "/companies/"+w.companies[w.rng.IntN(4)], string(text))
		}
	}
}

// numbersQuestion is a question of a list for numbers.
type numbersQuestion struct {
	kind             string
	filters          url.Values
	groups, measures []string // a measure is function=field
}

// groupsOf are the groups that questions have, by kind.
var groupsOf = map[string][]string{
	"deals":      {"stage", "status", "owner", "currency", "title", "tags", "company", "company.owner", "company.tags", "custom.seats", "custom.region", "day(close_at)", "week(close_at)", "month(close_at)", "quarter(close_at)", "year(created_at)", "day(created_at)", "created_by", "version"},
	"contacts":   {"stage", "name", "company", "company.owner", "company.tags", "campaign", "campaign.name", "campaign.status", "activities", "month(last_activity)"},
	"activities": {"kind", "company", "company.owner", "company_id", "contact.stage", "contact.company.owner", "deal.stage", "deal.tags", "deal.currency", "month(deal.close_at)", "contact"},
}

var measuresOf = map[string][]string{
	"deals":      {"sum=amount_cents", "avg=amount_cents", "min=amount_cents", "max=close_at", "count_distinct=owner", "sum=version", "avg=custom.seats", "sum=custom.seats", "count_distinct=company", "count_distinct=custom.seats"},
	"contacts":   {"sum=activities", "avg=activities", "max=last_activity", "count_distinct=company.owner"},
	"activities": {"sum=deal.amount_cents", "count_distinct=contact", "max=occurred_at", "min=deal.close_at"},
}

var filtersOf = map[string][]string{
	"deals":      {"status=open", "stage=in:lead,won", "stage=is:null", "amount_cents=gt:100", "tags=p", "tags=ne:q", "company.owner=ann", "custom.seats=gte:2", "close_at=gte:2026-04-01", "owner=me", "currency=USD", "search=a"},
	"contacts":   {"stage=lead", "name=Ann", "activities=gt:0", "company=is:null"},
	"activities": {"kind=call", "deal=not:null", "contact.stage=lead"},
}

// question returns a random question.
func (w *numbersWorld) question() numbersQuestion {
	q := numbersQuestion{kind: []string{"deals", "deals", "contacts", "activities"}[w.rng.IntN(4)], filters: url.Values{}}
	for range w.rng.IntN(3) {
		name, value, _ := strings.Cut(filtersOf[q.kind][w.rng.IntN(len(filtersOf[q.kind]))], "=")
		q.filters[name] = []string{value}
	}
	pick := func(of []string, most int) (list []string) {
		for range w.rng.IntN(most + 1) {
			if one := of[w.rng.IntN(len(of))]; !slices.Contains(list, one) {
				list = append(list, one)
			}
		}
		return list
	}
	q.groups, q.measures = pick(groupsOf[q.kind], 2), pick(measuresOf[q.kind], 3)
	if len(q.groups)+len(q.measures) == 0 {
		q.groups = []string{groupsOf[q.kind][0]}
	}
	return q
}

// path returns the path of a question.
func (q numbersQuestion) path() string {
	params := maps.Clone(q.filters)
	params["format"] = []string{"json"}
	if len(q.groups) > 0 {
		params["group"] = []string{strings.Join(q.groups, ",")}
	}
	for _, m := range q.measures {
		f, field, _ := strings.Cut(m, "=")
		params[f] = append(params[f], field)
	}
	return "/" + q.kind + "?" + params.Encode()
}

// lines returns the lines of an answer, one a line.
func (w *numbersWorld) lines(path string) string {
	var b strings.Builder
	for _, item := range w.r.json(200, "GET", path, "")["items"].([]any) {
		text, _ := json.Marshal(item)
		b.WriteString(string(text) + "\n")
	}
	return b.String()
}

// records returns the records of a list.
func (w *numbersWorld) records(kind string, filters url.Values) (list []map[string]any, total int) {
	params := maps.Clone(filters)
	params["format"], params["limit"], params["total"] = []string{"json"}, []string{"200"}, []string{"exact"}
	doc := w.r.json(200, "GET", "/"+kind+"?"+params.Encode(), "")
	for _, item := range doc["items"].([]any) {
		list = append(list, item.(map[string]any))
	}
	if doc["next_cursor"] != nil {
		w.t.Fatalf("there are more than 200 %s", kind)
	}
	return list, wholeOf(doc["total"])
}

// check compares the answer of a question with the records, and returns its lines.
func (w *numbersWorld) check(q numbersQuestion) string {
	w.t.Helper()
	recs, total := w.records(q.kind, q.filters)
	want := w.naive(q, recs)
	doc := w.r.json(200, "GET", q.path()+"&links=1", "")
	got := map[string]map[string]any{}
	counted := 0
	for _, item := range doc["items"].([]any) {
		line := item.(map[string]any)
		count := wholeOf(line["count"])
		counted += count
		if count == 0 && len(q.groups) > 0 {
			continue // a time without records, see TestTimesAreFilled
		}
		if !want.unlinked {
			w.checkLink(line, count)
		}
		got[want.keyOf(line)] = line
	}
	if wholeOf(doc["total"]) != total || !want.many && counted != total {
		w.t.Errorf("%s counts %v, with a total of %v; the list has %d", q.path(), counted, doc["total"], total)
	}
	if only := w.r.json(200, "GET", "/"+q.kind+"?count=only&format=json&"+q.filters.Encode(), ""); wholeOf(only["total"]) != total {
		w.t.Errorf("count=only of %s is %v, the list has %d", q.path(), only["total"], total)
	}
	for key, line := range want.lines {
		if have := got[key]; have == nil || !line.equals(w.t, have) {
			w.t.Errorf("%s: the line %s is %v, the records have %v", q.path(), key, have, line)
		}
	}
	if len(got) != len(want.lines) {
		w.t.Errorf("%s has %d lines, the records %d", q.path(), len(got), len(want.lines))
	}
	return w.lines(q.path())
}

// checkLink follows the link of a line.
func (w *numbersWorld) checkLink(line map[string]any, count int) {
	w.t.Helper()
	link, is := line["rows"].(string)
	if !is {
		w.t.Errorf("the line %v has no link", line)
		return
	}
	if w.rng.IntN(3) > 0 {
		return
	}
	if total := wholeOf(w.r.json(200, "GET", link+"&total=exact&limit=1&format=json", "")["total"]); total != count {
		w.t.Errorf("%s lists %v records, the line counts %v", link, total, count)
	}
}

// isNumber matches the columns that are no groups.
var isNumber = regexp.MustCompile(`^(sum|avg|min|max|count)_|_(then|diff)$`)

// checkCompared compares the numbers of a comparison with those of both times.
func (w *numbersWorld) checkCompared(path, cursor string) {
	w.t.Helper()
	keyed := func(text string) map[string]map[string]any {
		all := map[string]map[string]any{}
		for _, line := range strings.Split(strings.TrimSpace(text), "\n") {
			var item map[string]any
			if line == "" {
				continue
			}
			d := json.NewDecoder(strings.NewReader(line))
			if d.UseNumber(); d.Decode(&item) != nil {
				w.t.Fatal(line)
			}
			key := ""
			for _, name := range slices.Sorted(maps.Keys(item)) {
				base, isName := strings.CutSuffix(name, ".name")
				if _, labels := item[base]; name != "count" && !(isName && labels) && !isNumber.MatchString(name) {
					key += fmt.Sprint(name, "=", item[name], " ")
				}
			}
			all[key] = item
		}
		return all
	}
	now, then, both := keyed(w.lines(path)), keyed(w.lines(path+"&at="+cursor)), keyed(w.lines(path+"&vs="+cursor))
	for key, line := range both {
		is, was := 0, 0
		if l := now[key]; l != nil {
			is = wholeOf(l["count"])
		}
		if l := then[key]; l != nil {
			was = wholeOf(l["count"])
		}
		if wholeOf(line["count"]) != is || wholeOf(line["count_then"]) != was || wholeOf(line["count_diff"]) != is-was {
			w.t.Errorf("%s vs: %v, but %v now and %v then", path, line, is, was)
		}
	}
	for _, one := range []map[string]map[string]any{now, then} {
		for key, line := range one {
			if both[key] == nil && wholeOf(line["count"]) > 0 {
				w.t.Errorf("%s vs lacks %s", path, key)
			}
		}
	}
}

// naive are the lines that follow from records.
type naive struct {
	columns  []string // of the groups
	lines    map[string]*naiveLine
	many     bool // a record may be in several lines
	unlinked bool // lines have no links
}

// naiveLine has the values of the measures in the records of a line.
type naiveLine struct {
	count  int
	values map[string][]any
}

// keyOf returns the text of the groups of a line.
func (n naive) keyOf(line map[string]any) string {
	var parts []string
	for _, column := range n.columns {
		parts = append(parts, shownValue(line[column]))
	}
	return strings.Join(parts, " | ")
}

// shownValue returns a value as text.
func shownValue(v any) string {
	if n, is := v.(json.Number); is {
		return rat(n, nil).(*big.Rat).FloatString(6)
	}
	return fmt.Sprint(v)
}

// wholeOf returns a whole number of an answer.
func wholeOf(v any) int { n, _ := v.(json.Number).Int64(); return int(n) }

// naive groups records.
func (w *numbersWorld) naive(q numbersQuestion, recs []map[string]any) naive {
	n := naive{lines: map[string]*naiveLine{}, columns: slices.Clone(q.groups)}
	paths := slices.Clone(q.groups)
	for _, m := range q.measures {
		_, field, _ := strings.Cut(m, "=")
		paths = append(paths, field)
	}
	for _, path := range paths {
		if before, is := strings.CutSuffix(path, "amount_cents"); is && !slices.Contains(n.columns, before+"currency") {
			n.columns = append(n.columns, before+"currency")
		}
	}
	shared := 0
	for _, path := range n.columns {
		if manyPath(q.kind, path) {
			shared++
		}
		n.many = n.many || strings.Contains(path, "tags") || shared > 0
	}
	n.unlinked = shared > 1
	for _, rec := range recs {
		for _, key := range w.keysOf(q.kind, rec, n.columns) {
			if n.lines[key] == nil {
				n.lines[key] = &naiveLine{values: map[string][]any{}}
			}
			line := n.lines[key]
			line.count++
			for _, m := range q.measures {
				_, field, _ := strings.Cut(m, "=")
				if v := w.rawAt(q.kind, rec, field); v != nil {
					line.values[m] = append(line.values[m], v)
				}
			}
		}
	}
	if len(recs) == 0 && len(q.groups) == 0 {
		n.lines[n.keyOf(map[string]any{})] = &naiveLine{values: map[string][]any{}}
	}
	return n
}

// manyPath reports whether a path leads through a step from which a record may reach several.
func manyPath(kind, path string) bool {
	head, _, _ := strings.Cut(path, ".")
	return head == "campaign" || kind == "activities" && head == "company"
}

// keysOf returns the keys of the lines in which a record is. Columns that lead through several records have the values of
// one of them at a time.
func (w *numbersWorld) keysOf(kind string, rec map[string]any, columns []string) []string {
	reached := 1
	for _, path := range columns {
		if manyPath(kind, path) {
			reached = max(reached, len(w.rawAt(kind, rec, path).([]any)))
		}
	}
	all, without := map[string]bool{}, map[string]bool{}
	for at := range reached {
		keys, some := []string{""}, reached == 1
		for _, path := range columns {
			values := []string{"<nil>"}
			if !manyPath(kind, path) {
				values = w.valuesAt(kind, rec, path)
			} else if v := w.rawAt(kind, rec, path).([]any); at < len(v) {
				values[0] = shownValue(v[at])
				some = some || v[at] != nil
			}
			var next []string
			for _, key := range keys {
				for _, v := range values {
					next = append(next, key+" | "+v)
				}
			}
			keys = next
		}
		for _, key := range keys {
			if without[key] = true; some {
				all[key] = true
			}
		}
	}
	if len(all) == 0 {
		all = without // none of them has a value
	}
	var list []string
	for key := range all {
		list = append(list, strings.TrimPrefix(key, " | "))
	}
	return list
}

// valuesAt returns the different values that a group has in a record, as text.
func (w *numbersWorld) valuesAt(kind string, rec map[string]any, path string) (list []string) {
	unit, rest, is := strings.Cut(path, "(")
	if is {
		path = strings.TrimSuffix(rest, ")")
	}
	v := w.rawAt(kind, rec, path)
	some, several := v.([]any)
	if !several {
		some = []any{v}
	}
	for _, v := range some {
		text := shownValue(v)
		if path == "custom.seats" && v != nil {
			text = customText(v)
		}
		if is && v != nil {
			at, err := time.Parse(time.RFC3339, v.(string))
			if err != nil {
				w.t.Fatal(err)
			}
			text = unitLabel(unit, at.In(w.zone))
		}
		if !slices.Contains(list, text) && (v != nil || len(some) == 1) {
			list = append(list, text)
		}
	}
	if len(list) == 0 {
		return []string{"<nil>"}
	}
	return list
}

// customText returns a value under an own key as groups show it.
func customText(v any) string {
	if n, is := v.(json.Number); is {
		return strings.TrimRight(strings.TrimRight(shownValue(n), "0"), ".")
	}
	return fmt.Sprint(v)
}

// unitLabel returns how answers show a unit.
func unitLabel(unit string, at time.Time) string {
	switch unit {
	case "day":
		return at.Format("2006-01-02")
	case "week":
		return at.AddDate(0, 0, -(int(at.Weekday())+6)%7).Format("2006-01-02")
	case "month":
		return at.Format("2006-01")
	case "quarter":
		return fmt.Sprintf("%d-Q%d", at.Year(), (int(at.Month())+2)/3)
	}
	return at.Format("2006")
}

// rawAt returns the value that a path has in a record; a list where there may be several.
func (w *numbersWorld) rawAt(kind string, rec map[string]any, path string) any {
	head, rest, dotted := strings.Cut(path, ".")
	switch {
	case head == "campaign":
		var all []any
		for _, m := range w.list("/campaign_members?limit=500&contact=" + rec["id"].(string)) {
			if campaign := m["campaign_id"].(string); rest == "" {
				all = append(all, campaign)
			} else {
				all = append(all, w.fetch("/campaigns/" + campaign)[rest])
			}
		}
		return all
	case head == "custom":
		custom, _ := rec["custom"].(map[string]any)
		return custom[rest]
	case kind == "activities" && head == "company":
		var all []any
		for _, name := range []string{"company_id", "contact_company_id"} {
			if id, is := rec[name].(string); is && !dotted {
				all = append(all, id)
			} else if is {
				all = append(all, w.fetch("/companies/" + id)[rest])
			}
		}
		return all
	case dotted:
		id, is := rec[head+"_id"].(string)
		if !is {
			return nil
		}
		plural := map[string]string{"company": "companies", "contact": "contacts", "deal": "deals"}[head]
		return w.rawAt(plural, w.fetch("/"+plural+"/"+id), rest)
	case rec[path] == nil && rec[path+"_id"] != nil:
		return rec[path+"_id"]
	}
	if object, is := rec[path].(map[string]any); is && rec[path+"_id"] != nil && object != nil {
		return rec[path+"_id"]
	}
	return rec[path]
}

func (w *numbersWorld) fetch(path string) map[string]any {
	return w.r.json(200, "GET", path+"?format=json", "")
}

func (w *numbersWorld) list(path string) (list []map[string]any) {
	for _, item := range w.r.json(200, "GET", path+"&format=json", "")["items"].([]any) {
		list = append(list, item.(map[string]any))
	}
	return list
}

// equals reports whether an answer has the numbers of a line.
func (l *naiveLine) equals(t *testing.T, line map[string]any) bool {
	t.Helper()
	if wholeOf(line["count"]) != l.count {
		return false
	}
	for name, got := range line {
		for _, f := range []string{"sum_", "avg_", "min_", "max_", "count_distinct_"} {
			if field, is := strings.CutPrefix(name, f); is {
				want := naiveNumber(strings.TrimSuffix(f, "_"), l.values[strings.TrimSuffix(f, "_")+"="+field])
				if shown := shownValue(got); want != shown {
					t.Errorf("%s is %s, of %v it is %s", name, shown, l.values[strings.TrimSuffix(f, "_")+"="+field], want)
				}
			}
		}
	}
	return true
}

// naiveNumber computes a measure of values.
func naiveNumber(f string, values []any) string {
	if f == "count_distinct" {
		seen := map[string]bool{}
		for _, v := range values {
			seen[shownExact(v)] = true
		}
		return shownValue(json.Number(fmt.Sprint(len(seen))))
	}
	var numbers []*big.Rat
	var times []string
	for _, v := range values {
		if n, is := rat(v, nil).(*big.Rat); is {
			numbers = append(numbers, n)
		} else if text, is := v.(string); is && len(text) > 10 && text[10] == 'T' {
			times = append(times, text)
		}
	}
	sum := new(big.Rat)
	for _, n := range numbers {
		sum.Add(sum, n)
	}
	slices.Sort(times)
	slices.SortFunc(numbers, (*big.Rat).Cmp)
	switch {
	case f == "sum":
		return sum.FloatString(6)
	case f == "avg" && len(numbers) > 0:
		return roundedToCents(sum.Quo(sum, big.NewRat(int64(len(numbers)), 1))).FloatString(6)
	case f == "min" && len(times) > 0:
		return times[0]
	case f == "max" && len(times) > 0:
		return times[len(times)-1]
	case f == "min" && len(numbers) > 0:
		return numbers[0].FloatString(6)
	case f == "max" && len(numbers) > 0:
		return numbers[len(numbers)-1].FloatString(6)
	}
	return "<nil>"
}

// shownExact returns the same text for equal values.
func shownExact(v any) string {
	if n, is := rat(v, nil).(*big.Rat); is {
		return n.String()
	}
	return fmt.Sprint(v)
}

// roundedToCents rounds to two decimals.
func roundedToCents(n *big.Rat) *big.Rat {
	scaled := new(big.Rat).Mul(n, big.NewRat(100, 1))
	floor := new(big.Int).Div(scaled.Num(), scaled.Denom())
	rest := new(big.Rat).Sub(scaled, new(big.Rat).SetInt(floor))
	if c := rest.Cmp(big.NewRat(1, 2)); c > 0 || c == 0 && floor.Bit(0) == 1 {
		floor.Add(floor, big.NewInt(1))
	}
	return new(big.Rat).SetFrac(floor, big.NewInt(100))
}

// rat returns a number, also one in a text; else another value.
func rat(v, other any) any {
	switch v := v.(type) {
	case json.Number:
		n, _ := new(big.Rat).SetString(v.String())
		return n
	case string:
		if n, ok := new(big.Rat).SetString(v); ok && !strings.Contains(v, "/") {
			return n
		}
	}
	return other
}

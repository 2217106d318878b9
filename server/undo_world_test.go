package server_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"time"

	"crmkit/store"
	"crmkit/store/storetest/kit"
)

// undoWorld is a workspace in which random writes are undone.
type undoWorld struct {
	*rig
	random *rand.Rand
	n      int // a number for each value, so that few are alike
	paths  map[string][]string
	last   string // the last write
	dump   string // an export
}

func newUndoWorld(r *rig, seed uint64) *undoWorld {
	return &undoWorld{rig: r, random: rand.New(rand.NewPCG(seed, 21)), paths: map[string][]string{}}
}

// undoKinds are the plurals of the kinds of records.
var undoKinds = []string{"companies", "contacts", "deals", "tickets", "tasks", "campaigns", "campaign_members", "activities", "deal_contacts"}

// volatile are columns that an undo does not set back.
var volatile = []string{"version", "updated_at", "updated_by", "updated_by_fold"}

// state returns all that a workspace has, in its tables and in the answers of the API, without what an undo does
// not set back.
func (w *undoWorld) state() string {
	w.t.Helper()
	if err := w.store.Settle(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
	var all strings.Builder
	for _, line := range w.tables() {
		all.WriteString(line + "\n")
	}
	for _, path := range undoKinds {
		all.WriteString(w.answers("/" + path + "?limit=200&sort=created_at"))
	}
	for _, path := range []string{"/search?q=ann&limit=50", "/search?q=acme&limit=50", "/contacts?search=n1", "/duplicates?kind=contacts", "/duplicates?kind=companies", "/reminders?days=3000", "/export", "/contacts?tags=vip", "/deals?custom.seats=3"} {
		all.WriteString(w.answers(path))
	}
	return all.String()
}

// stamps are what answers say of the last change.
var stamps = regexp.MustCompile(`"(version|updated_at|updated_by|exported_at)":("[^"]*"|\d+),?`)

// answers returns the answer of a list, without stamps.
func (w *undoWorld) answers(path string) string {
	w.t.Helper()
	body := w.want(200, "GET", path, "", "Accept", "application/json")
	body = strings.NewReplacer(`{"id"`, "\n"+`{"id"`, `},`+`{"id"`, "},\n"+`{"id"`, `],"total"`, ",\n"+`],"total"`).Replace(stamps.ReplaceAllString(body, ""))
	lines := strings.Split(body, "\n")
	if strings.HasPrefix(path, "/search") || strings.Contains(path, "search=") { // ties are in the order of changes
		slices.Sort(lines)
	}
	return "GET " + path + "\n" + strings.Join(lines, "\n") + "\n"
}

// tables returns the rows of all tables with records and what follows from them.
func (w *undoWorld) tables() (all []string) {
	w.t.Helper()
	err := w.store.Read(context.Background(), func(v *store.ReadTx) error {
		raw := func(columns int, text string, args ...any) []string {
			lines, err := kit.Query{Columns: columns, Text: text, Args: args}.Lines(context.Background(), v)
			if err != nil {
				w.t.Fatalf("%s: %v", text, err)
			}
			return lines
		}
		c := kit.Catalog{Shared: w.opts.Shared(), Raw: raw}
		add := func(columns int, text string) {
			lines := raw(columns, text)
			slices.Sort(lines)
			all = append(append(all, text), lines...)
		}
		for _, table := range append(slices.Clone(undoKinds), "list_values", "values_in_use", "duplicate_keys", "dismissed_pairs", "merged") {
			names := c.ColumnNames(table, volatile...)
			shown := make([]string, len(names))
			for i, name := range names {
				shown[i] = "COALESCE(CAST(" + name + " AS TEXT), '-') || '|'"
			}
			add(len(names), "SELECT "+strings.Join(shown, ", ")+" FROM "+table)
		}
		add(4, "SELECT n.kind || '|', n.name || '|', t.record, t.n FROM tags t JOIN names n ON n.key = t.name_id")
		add(6, "SELECT n.kind || '|', n.name || '|', t.record, t.text || '|', COALESCE(t.fold, '-') || '|', COALESCE(t.number, '-') FROM custom_values t JOIN names n ON n.key = t.name_id")
		add(2, "SELECT kind || '|', n FROM usage WHERE kind IN ('companies', 'contacts', 'deals', 'tickets', 'tasks', 'campaigns', 'campaign_members', 'activities', 'deal_contacts') AND n > 0")
		return nil
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return all
}

// wantState fails the test if the state is another one.
func (w *undoWorld) wantState(what, want string) {
	w.t.Helper()
	if is := w.state(); is != want {
		w.t.Fatalf("%s: after %s\n%s", what, w.last, diff(want, is))
	}
}

// changeIs finds the change group in an answer.
var changeIs = regexp.MustCompile(`"change":"chg_[0-9a-z]+"`)

// do sends a write, confirms it if that is needed, and returns its change group; empty if nothing was changed.
func (w *undoWorld) do(method, path, body string) string {
	w.t.Helper()
	w.clock.Advance(time.Second)
	w.last = method + " " + path + " " + body
	a := w.call(method, path, body, "Accept", "application/json")
	if found := tokenIs.FindStringSubmatch(a.body); a.status == 409 && found != nil {
		mark := "?"
		if strings.Contains(path, "?") {
			mark = "&"
		}
		a = w.call(method, path+mark+"confirm="+found[1], body, "Accept", "application/json")
	}
	if a.status >= 300 {
		w.last += fmt.Sprintf("\n%d %s", a.status, a.body)
		return ""
	}
	return strings.TrimSuffix(strings.TrimPrefix(changeIs.FindString(a.body), `"change":"`), `"`)
}

// undo undoes a change group, and returns the group of the undo.
func (w *undoWorld) undo(group string) string {
	w.t.Helper()
	was := w.last
	change := w.do("POST", "/undo", `{"change":"`+group+`"}`)
	if change == "" {
		w.t.Fatalf("after %s:\n%s", was, w.last)
	}
	w.last = was + "\n" + w.last
	return change
}

// path returns the path of a record of a kind, at times of one that was deleted or merged.
func (w *undoWorld) path(plural string) string {
	w.t.Helper()
	list := w.json(200, "GET", "/"+plural+"?limit=200", "")["items"].([]any)
	if len(list) == 0 {
		return "/" + plural + "/none"
	}
	return "/" + plural + "/" + list[w.random.IntN(len(list))].(map[string]any)["id"].(string)
}

// id returns the id of a record of a kind.
func (w *undoWorld) idOf(plural string) string {
	path := w.path(plural)
	return path[strings.LastIndex(path, "/")+1:]
}

// word returns one of some words.
func (w *undoWorld) word(words ...string) string { return words[w.random.IntN(len(words))] }

// some returns the members of a body: the first ones, and some of the others.
func (w *undoWorld) some(first string, others ...string) string {
	list := []string{first}
	if first == "" {
		list = nil
	}
	for _, one := range others {
		if w.random.IntN(3) == 0 {
			list = append(list, one)
		}
	}
	return "{" + strings.Join(list, ",") + "}"
}

// fields returns members of bodies for a kind.
func (w *undoWorld) fields(plural string) []string {
	w.n++
	text := func(name, form string) string {
		return fmt.Sprintf(`%q:"%s"`, name, fmt.Sprintf(form, w.random.IntN(40)))
	}
	long := `"notes":"` + strings.Repeat(w.word("long ", "short "), w.random.IntN(90)) + `."`
	custom := []string{fmt.Sprintf(`"custom":{"seats":%d}`, w.random.IntN(5)), fmt.Sprintf(`"custom":{%q:%q,"z":%s}`, w.word("a", "b"), w.word("x", "y"), w.word("null", "1", `{"k":[1]}`))}[w.random.IntN(2)]
	tags := w.word(`"tags":["vip","eu"]`, `"tags":["eu"]`, `"tags":{"add":["new"],"remove":["eu"]}`, `"tags":null`)
	ids := fmt.Sprintf(`"external_ids":["crm:%d"]`, w.random.IntN(60))
	due := w.word(`"follow_up_at":"+3d"`, `"follow_up_at":null`, `"follow_up_note":"call"`)
	ref := func(name, plural string) string {
		return w.word(fmt.Sprintf(`%q:%q`, name, w.idOf(plural)), `"`+name+`":null`)
	}
	switch plural {
	case "companies":
		return []string{text("name", "Acme %d"), text("domain", "d%d.test"), long, custom, tags, ids, fmt.Sprintf(`"other_domains":["o%d.test"]`, w.random.IntN(40)), `"address":{"city":"Ulm"}`, text("owner", "o%d")}
	case "contacts":
		return []string{text("name", "Ann N%d"), text("email", "p%d@acme.test"), text("phone", "+49 30 12345%d"), long, custom, tags, ids, due, text("stage", "s%d"), ref("company_id", "companies"), fmt.Sprintf(`"other_emails":["q%d@acme.test"]`, w.random.IntN(40)), text("title", "T%d")}
	case "deals":
		return []string{text("title", "Seats %d"), long, custom, tags, ids, due, w.word(`"stage":"won"`, `"stage":"lost"`, `"stage":"new"`, `"status":"open"`), fmt.Sprintf(`"amount_cents":%d`, w.random.IntN(99)), `"currency":"EUR"`, ref("contact_id", "contacts"), ref("company_id", "companies")}
	case "tickets":
		return []string{text("subject", "Help %d"), custom, tags, ids, w.word(`"status":"solved"`, `"status":"open"`), `"priority":"high"`, ref("requester_id", "contacts"), ref("company_id", "companies")}
	case "tasks":
		return []string{text("title", "Do %d"), long, custom, ids, w.word(`"done":true`, `"done":false`), `"due_at":"+1d"`, ref("contact_id", "contacts"), ref("deal_id", "deals"), ref("company_id", "companies"), ref("ticket_id", "tickets")}
	case "campaigns":
		return []string{text("name", "Wave %d"), custom, ids, w.word(`"status":"paused"`, `"status":"active"`), text("description", "D %d")}
	}
	return []string{text("body", "Said %d"), w.word(`"kind":"call"`, `"kind":"email"`, `"kind":"note"`), ids, ref("contact_id", "contacts"), ref("deal_id", "deals"), ref("company_id", "companies"), `"on_behalf_of":"bob@acme.com"`, `"occurred_at":"-2d"`}
}

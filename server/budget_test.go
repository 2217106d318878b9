package server_test

import (
	"encoding/json"
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/tiktoken-go/tokenizer/codec"

	"crmkit/crm/norm"
)

var vocabulary = sync.OnceValue(codec.NewO200kBase)

// tokensOf counts an answer in one part, as the model that reads it does.
func tokensOf(t testing.TB, text string) int {
	t.Helper()
	n, err := vocabulary().Count(text)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// hostileTexts have many tokens for their length, or look like lines of an answer.
var hostileTexts = []string{strings.Repeat("\U000e0041\u202e\u0301", 60), strings.Repeat("\n# next: x", 20), strings.Repeat("🏴󠁧󠁢󠁥󠁮󠁧󠁿", 8), strings.Repeat("<|endoftext|>", 12), strings.Repeat("ﷺ\\\"", 40), strings.Repeat("x ", 90)}

// fillForBudgets makes contacts with hostile names and long notes, deals and reminders.
func fillForBudgets(r *rig, n int) {
	r.t.Helper()
	for i := range n {
		name := fmt.Sprintf("Person %d %s", i, hostileTexts[i%len(hostileTexts)])
		r.want(201, "POST", "/contacts", fmt.Sprintf(`{"name":%s,"title":"Head of Purchasing","stage":"lead","owner":"jane@acme.com","tags":["vip","eu"],"notes":%s,"follow_up_at":"2026-06-%02d","follow_up_note":"Call back about the offer","custom":{"seats":%d}}`,
			norm.QuoteJSON(name[:min(len(name), 190)]), norm.QuoteJSON(strings.Repeat("They asked for a quote. ", 1+40*(i%7))), 1+i%28, i))
	}
}

var (
	nextOf   = regexp.MustCompile(`(?m)^# (?:cut: .*; next=|next: )(\S+)$`)
	cursorOf = regexp.MustCompile(`(?m)^# cursor: (\S+)$`)
)

// TestBudgets reads each list with several budgets: no answer is over its budget, and the pages have each line
// of the list once, in its order.
func TestBudgets(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	fillForBudgets(r, 60)
	for _, path := range []string{"/contacts?limit=200", "/contacts?sort=name&limit=7", "/contacts?stage=lead&sort=-follow_up_at", "/contacts?fields=name,notes", "/reminders?days=3650&limit=40", "/contacts?at=now&limit=50", "/audit?limit=100"} {
		whole := readBudgeted(r, path)
		for _, budget := range []int{450, 900, 4000, 100000} {
			if got := readBudgeted(r, fmt.Sprintf("%s&budget=%d", path, budget)); strings.Join(got, " ") != strings.Join(whole, " ") {
				t.Errorf("%s with budget=%d has other lines:\n%s\nwant\n%s", path, budget, got, whole)
			}
		}
	}
}

// readBudgeted reads a list to its end, and returns the handle of each line.
func readBudgeted(r *rig, path string) (handles []string) {
	r.t.Helper()
	budget := budgetOf(path)
	for cursor := ""; ; {
		text := r.want(200, "GET", path+cursor, "")
		if n := tokensOf(r.t, text); n > budget {
			r.t.Fatalf("GET %s has %d tokens:\n%s", path+cursor, n, text)
		}
		for line := range strings.Lines(text) {
			if !strings.HasPrefix(line, "#") {
				handle, _, _ := strings.Cut(strings.TrimSpace(line), " ")
				handles = append(handles, handle)
			}
		}
		next := nextOf.FindStringSubmatch(text)
		if next == nil {
			return handles
		}
		cursor = "&cursor=" + url.QueryEscape(next[1])
	}
}

// budgetOf returns the budget in a path.
func budgetOf(path string) (n int) {
	_, query, _ := strings.Cut(path, "?")
	params, _ := url.ParseQuery(query)
	if _, err := fmt.Sscan(params.Get("budget"), &n); err != nil {
		return 1 << 30
	}
	return n
}

// TestBudgetOfTheFeed reads the log with a small budget, each answer from the cursor of the one before.
func TestBudgetOfTheFeed(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	fillForBudgets(r, 25)
	read := func(params string) (targets []string) {
		for since := "0"; ; {
			text := r.want(200, "GET", "/changes?since=2020-01-01"+params, "")
			if since != "0" {
				text = r.want(200, "GET", "/changes?since="+since+params, "")
			}
			if n := tokensOf(t, text); n > budgetOf("?"+params) {
				t.Fatalf("%d tokens:\n%s", n, text)
			}
			found := 0
			for line := range strings.Lines(text) {
				if _, target, ok := strings.Cut(line, " target="); ok && !strings.HasPrefix(line, "#") {
					target, _, _ = strings.Cut(target, " ")
					targets, found = append(targets, target), found+1
				}
			}
			if found == 0 {
				return targets
			}
			since = cursorOf.FindStringSubmatch(text)[1]
		}
	}
	whole := read("")
	if got := read("&budget=700"); len(whole) < 25 || strings.Join(got, " ") != strings.Join(whole, " ") {
		t.Errorf("with a budget the log has other entries:\n%s\nwant\n%s", got, whole)
	}
}

// TestBudgetOfOneRecord checks what is left out of a record, in both formats.
func TestBudgetOfOneRecord(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	fillForBudgets(r, 7)
	handle := strings.Fields(r.want(200, "GET", "/contacts?limit=1", ""))[0]
	whole := r.want(200, "GET", "/"+handle, "")
	if text := r.want(200, "GET", "/"+handle+"?budget=100000", ""); text != whole {
		t.Errorf("a large budget changes the answer:\n%s", diff(whole, text))
	}
	for _, budget := range []int{400, 700, 1000} {
		text := r.want(200, "GET", fmt.Sprintf("/%s?budget=%d", handle, budget), "")
		if n := tokensOf(t, text); n > budget || !strings.Contains(text, "# cut: ") || !strings.Contains(text, " name=") {
			t.Errorf("budget=%d: %d tokens in\n%s", budget, n, text)
		}
		if n := tokensOf(t, text); budget == 1000 && n < 900 {
			t.Errorf("only %d of %d tokens are used:\n%s", n, budget, text)
		}
		r.header.Set("Accept", "application/json")
		body := r.want(200, "GET", fmt.Sprintf("/%s?budget=%d", handle, budget), "")
		r.header.Del("Accept")
		var object struct {
			Name    string
			Remarks []string
		}
		if err := json.Unmarshal([]byte(body), &object); err != nil || object.Name == "" || !strings.Contains(strings.Join(object.Remarks, " "), "cut: ") || tokensOf(t, body) > budget {
			t.Errorf("budget=%d: %v in %s", budget, err, body)
		}
	}
}

// TestBudgetsOfOtherAnswers checks pages of the manual, searches, and what has no budget.
func TestBudgetsOfOtherAnswers(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	fillForBudgets(r, 30)
	for _, path := range []string{"/help?budget=500", "/help/query?budget=900", "/search?q=person&budget=600", "/tokens?budget=300", "/whoami?budget=300", "/contacts?budget=600&sort=name"} {
		if text := r.want(200, "GET", path, ""); tokensOf(t, text) > budgetOf(path) {
			t.Errorf("GET %s has %d tokens:\n%s", path, tokensOf(t, text), text)
		}
	}
	if text := r.want(200, "GET", "/search?q=person&budget=600", ""); !strings.Contains(text, "all: GET /contacts?search=person") || !strings.Contains(text, " of 30;") {
		t.Errorf("a search that is cut does not say how many there are:\n%s", text)
	}
	for _, request := range []string{"GET /contacts?budget=20", "GET /contacts?budget=many", "GET /contacts?budget=300&budget=400", "GET /openapi.json?budget=500&format=json", "POST /contacts?budget=500", "GET /export/contacts?budget=500", "GET /export?budget=500"} {
		method, path, _ := strings.Cut(request, " ")
		if text := r.want(400, method, path, ""); !strings.Contains(text, "budget") {
			t.Errorf("%s: %s", request, text)
		}
	}
}

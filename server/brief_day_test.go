package server_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"crmkit/crm/norm"
	"crmkit/store/storetest/kit"
)

// TestBriefOfADayAddsUp makes random deals and tasks, and compares the brief of the day with what a reader counts who
// pages through all of them.
func TestBriefOfADayAddsUp(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	seed := kit.Seed(t)
	random := rand.New(rand.NewPCG(seed, 0))
	for i := range 60 {
		body := fmt.Sprintf(`{"title":"Deal %d"`, i)
		if n := random.IntN(4); n > 0 {
			body += fmt.Sprintf(`,"stage":"stage %d"`, n)
		}
		if random.IntN(4) > 0 {
			body += fmt.Sprintf(`,"amount_cents":%d,"currency":%q`, random.IntN(100000), [...]string{"EUR", "JPY"}[random.IntN(2)])
		}
		if random.IntN(3) == 0 {
			body += fmt.Sprintf(`,"close_at":"%+dd"`, random.IntN(9)-4)
		}
		r.want(201, "POST", "/deals", body+fmt.Sprintf(`,"status":%q}`, [...]string{"open", "open", "won"}[random.IntN(3)]))
	}
	for i := range 5 {
		r.want(201, "POST", "/tasks", fmt.Sprintf(`{"title":"Task %d","due_at":"%+dh"}`, i, random.IntN(60)-30))
	}
	r.clock.Advance(time.Second)
	got := strings.Split(r.want(200, "GET", "/brief?budget=100000", ""), "\n")
	want := append(pipelinesOf(r), dueOf(r)...)
	for i, line := range want {
		if !strings.HasPrefix(got[i], line) {
			t.Errorf("line %d is\n%s, want\n%s", i+1, got[i], line)
		}
	}
	late := 0
	for _, d := range r.json(200, "GET", "/deals?status=open&limit=200", "")["items"].([]any) {
		if at, is := d.(map[string]any)["close_at"].(string); is && at < r.clock.Now().Format(time.DateOnly) { // one that closes today is not late
			late++
		}
	}
	rows, left := 0, 0
	for _, line := range got[len(want):] {
		if strings.HasPrefix(line, "deal/") {
			rows++
		}
		if _, after, is := strings.Cut(line, "left out: "); is {
			fmt.Sscan(after, &left)
		}
	}
	if rows+left != late || rows > 5 {
		t.Errorf("%d deals are shown as late and %d left out, want %d together:\n%s", rows, left, late, strings.Join(got, "\n"))
	}
}

// pipelinesOf returns the lines of the pipeline, counted from all deals.
func pipelinesOf(r *rig) (lines []string) {
	type line struct{ count, cents int64 }
	by, totals := map[string]map[string]line{}, map[string]int64{}
	for _, item := range r.json(200, "GET", "/deals?limit=200", "")["items"].([]any) {
		d := item.(map[string]any)
		if d["status"] != "open" {
			continue
		}
		currency, stage := d["currency"].(string), "(unset)"
		if s, is := d["stage"].(string); is {
			stage = s
		}
		if by[currency] == nil {
			by[currency] = map[string]line{}
		}
		l := by[currency][stage]
		cents, _ := strconv.ParseInt(fmt.Sprint(d["amount_cents"]), 10, 64) // null is 0
		by[currency][stage] = line{l.count + 1, l.cents + cents}
		totals[currency]++
	}
	for _, currency := range slices.Sorted(maps.Keys(by)) {
		var stages []string
		for _, name := range slices.SortedFunc(maps.Keys(by[currency]), func(a, b string) int {
			return strings.Compare(strings.Replace(a, "(", "~", 1), strings.Replace(b, "(", "~", 1))
		}) {
			stages = append(stages, fmt.Sprintf("%s %d (%s)", name, by[currency][name].count, norm.FormatAmount(by[currency][name].cents, currency)))
		}
		lines = append(lines, fmt.Sprintf("pipeline open=%d currency=%s stages=%q", totals[currency], currency, strings.Join(stages, ", ")))
	}
	return lines
}

// dueOf returns the beginnings of the lines of tasks that are due within a day, soonest first.
func dueOf(r *rig) (lines []string) {
	until := r.clock.Now().AddDate(0, 0, 1).Format(time.RFC3339)
	for _, item := range r.json(200, "GET", "/tasks?sort=due_at&limit=200", "")["items"].([]any) {
		if task := item.(map[string]any); task["due_at"].(string) <= until {
			lines = append(lines, task["handle"].(string)+" title=")
		}
	}
	return lines
}

// TestBriefOfADayNamesWhatOthersChanged has a member change records of another.
func TestBriefOfADayNamesWhatOthersChanged(t *testing.T) {
	r, bob := undoTeamWith(t, smallSteps)
	c := r.json(201, "POST", "/contacts", `{"name":"Ana"}`)["id"].(string)
	if text := r.want(200, "GET", "/brief", ""); strings.Contains(text, "changed target=") {
		t.Errorf("my own change is shown as one of others:\n%s", text)
	}
	for i := range 7 {
		bob.want(200, "PATCH", "/contacts/"+c, fmt.Sprintf(`{"stage":"s%d"}`, i))
	}
	bob.want(201, "POST", "/companies", `{"name":"Acme"}`)
	text := r.want(200, "GET", "/brief", "")
	if strings.Count(text, "changed target=") != 5 || !strings.Contains(text, "to.stage=s6") || strings.Contains(text, "to.stage=s2") ||
		!strings.Contains(text, "# 8 changes by others (7 contact update, 1 company create) in the last 24 hours\n") {
		t.Error(text)
	}
	r.clock.Advance(25 * time.Hour)
	if text = r.want(200, "GET", "/brief", ""); strings.Contains(text, "changed target=") {
		t.Errorf("changes of the day before are shown:\n%s", text)
	}
}

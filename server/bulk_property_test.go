package server_test

import (
	"context"
	"fmt"
	"maps"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"crmkit/server"
	"crmkit/store"
)

// bulkWorld is a workspace with deals that are changed one by one and by bulk edits.
type bulkWorld struct {
	*planWorld
	seen map[string]int
}

func (w *bulkWorld) newDeal() {
	amount := w.one("", "", `,"amount_cents":`+fmt.Sprint(w.random.IntN(2000)), `,"amount_cents":9007199254740990`)
	w.want(201, "POST", "/deals", fmt.Sprintf(`{"title":"Seats","stage":%q,"contact_id":%q,"tags":[%q]%s%s%s}`, w.one("lead", "new", "open"), w.id("contact", 1+w.random.Int64N(6)),
		w.one("lead", "new", "open"), amount, w.one("", `,"owner":"ann@acme.com"`), w.one("", `,"close_at":"2026-07-01"`)))
}

// others does what others may do meanwhile: they make, change or delete a deal, or change a contact.
func (w *bulkWorld) others(s bulkState) {
	ids := slices.Sorted(maps.Keys(s.deals))
	if len(ids) < 15 {
		for range 15 {
			w.newDeal()
		}
	}
	for range 1 + w.random.IntN(4) {
		one := "/deals/" + w.id("deal", 1)
		if len(ids) > 0 {
			one = "/deals/" + ids[w.random.IntN(len(ids))]
		}
		switch w.random.IntN(8) {
		case 0:
			w.newDeal()
		case 1:
			w.real(planWrite{method: "DELETE", path: one})
		case 2:
			w.want(200, "PATCH", "/contacts/"+w.id("contact", 1+w.random.Int64N(6)), fmt.Sprintf(`{"stage":%q}`, w.one("lead", "new", "open")))
		case 3:
			w.call("PATCH", one, `{"custom":{"seen":`+fmt.Sprint(w.random.IntN(9))+`}}`) // no receipt has it
		default:
			if c := w.change(); c.body != "" {
				w.call("PATCH", one, c.body)
			}
		}
	}
}

// stale reports whether a plan does not hold: of a planned deal another effect is to be expected now.
func stale(planned, now map[string]string) bool {
	for id, effect := range planned {
		if effect != now[id] { // noEffect where the deal is not found any more
			return true
		}
	}
	return false
}

// isLeft finds the number of records that a write left as they are.
var isLeft = regexp.MustCompile(`, \d+ left\n`)

// count returns how many effects are of a sort.
func count(effects map[string]string, of func(string) bool) (n int) {
	for _, effect := range effects {
		if of(effect) {
			n++
		}
	}
	return n
}

func isDone(effect string) bool   { return effect != noEffect && effect != fails }
func isFailed(effect string) bool { return effect == fails }

// ofPlan returns those of some effects that are of planned deals.
func ofPlan(planned, now map[string]string) map[string]string {
	both := map[string]string{}
	for id := range planned {
		if effect, found := now[id]; found {
			both[id] = effect
		}
	}
	return both
}

// round plans a bulk edit, lets others write, and confirms the plan.
func (w *bulkWorld) round() {
	e := w.edit()
	before := w.read()
	planned := e.effects(before)
	a := w.call(e.method(), e.path(), e.change.body)
	if !w.same("a dry run", before) || !w.plannedAs(e, a, planned) {
		return
	}
	token := tokenIs.FindStringSubmatch(a.body)[1]
	for range w.random.IntN(3) {
		w.others(before)
	}
	w.confirm(e, token, planned)
}

// plannedAs compares the report of a dry run with the model. It returns false if there is nothing to
// confirm.
func (w *bulkWorld) plannedAs(e bulkEdit, a answer, planned map[string]string) bool {
	n, bad := count(planned, isDone), count(planned, isFailed)
	want, says := 409, fmt.Sprintf("\n# %d %s", n, map[string]string{"PATCH": "updated", "DELETE": "deleted"}[e.method()])
	switch {
	case bad > 0 && (n == 0 || e.atomic):
		want, says = 400, "beyond the most that is kept"
	case n == 0:
		want, says = 200, "nothing was done"
	case bad > 0:
		says = fmt.Sprintf(", %d failed", bad)
	}
	if a.status != want || !strings.Contains(a.body, says) {
		w.t.Errorf("%s %s %s: %d %s\nwant %d %q: %v", e.method(), e.path(), e.change.body, a.status, a.body, want, says, planned)
	}
	return want == 409 && !w.t.Failed()
}

// confirm confirms a plan, and compares what it does with the model.
func (w *bulkWorld) confirm(e bulkEdit, token string, planned map[string]string) {
	before := w.read()
	now := e.effects(before)
	mine := ofPlan(planned, now)
	a := w.send(planWrite{method: e.method(), body: e.change.body}, e.path()+"&confirm="+token)
	switch {
	case e.atomic && count(mine, isFailed) > 0:
		w.seen["fails"]++
		if a.status != 400 || !w.same("a failed write", before) {
			w.t.Errorf("%s: %d %s", e.path(), a.status, a.body)
		}
		return
	case stale(planned, now):
		w.seen["stale"]++
		if a.status != 409 || !strings.HasPrefix(a.body, "ERROR plan_stale\n") || !w.same("a stale plan", before) {
			w.t.Errorf("%s %s %s is not stale: %d %s\n%v\n%v", e.method(), e.path(), e.change.body, a.status, a.body, planned, now)
			return
		}
		token = tokenIs.FindStringSubmatch(a.body)[1]
		if planned = mine; w.random.IntN(2) == 0 {
			w.others(before)
		}
		w.confirm(e, token, planned)
		return
	}
	w.doneAs(e, a, doneEffects{before, now, mine})
	again := w.send(planWrite{method: e.method(), body: e.change.body}, e.path()+"&confirm="+token)
	e.done(before, mine)
	if again.body != a.body+"# already done\n" || !w.same("the same again", before) {
		w.t.Errorf("%s again: %s", e.path(), again.body)
	}
}

// doneEffects is what a confirmed write must have done.
type doneEffects struct {
	before    bulkState
	now, mine map[string]string // the effects on all deals, and on the planned ones
}

// doneAs compares a confirmed write with the model.
func (w *bulkWorld) doneAs(e bulkEdit, a answer, want doneEffects) {
	w.seen["done "+e.method()]++
	says := fmt.Sprintf("# %d %s", count(want.mine, isDone), map[string]string{"PATCH": "updated", "DELETE": "deleted"}[e.method()])
	more := len(want.now) - len(want.mine)
	if a.status != 200 || !strings.Contains(a.body, says) || isLeft.MatchString(a.body) || more > 0 != strings.Contains(a.body, fmt.Sprintf("the filters match %d deal", more)) ||
		strings.Count(a.body, "ERROR invalid_value deal/") != count(want.mine, isFailed) {
		w.t.Errorf("%s %s %s: %d %s\nwant %q of %v", e.method(), e.path(), e.change.body, a.status, a.body, says, want.mine)
	}
	after := bulkState{maps.Clone(want.before.deals), want.before.contacts}
	for id, d := range after.deals {
		after.deals[id] = maps.Clone(d)
	}
	e.done(after, want.mine)
	w.same("the write "+e.method()+" "+e.path()+" "+e.change.body, after)
}

// same compares the deals with those of a state.
func (w *bulkWorld) same(after string, want bulkState) bool {
	is := w.read()
	for id := range is.deals {
		if want.deals[id] == nil {
			w.t.Errorf("after %s there is %s", after, id)
		}
	}
	for id, d := range want.deals {
		if !maps.Equal(d, is.deals[id]) {
			w.t.Errorf("after %s, %s is %v, want %v", after, id, is.deals[id], d)
		}
	}
	return !w.t.Failed()
}

// TestBulkEditsAreTheirModel plans and confirms random bulk edits and deletes, with other writes between,
// and compares them with a naive model: what they say, when they are stale, and what the deals
// are after.
func TestBulkEditsAreTheirModel(t *testing.T) {
	rounds := map[setup]int{{*engineFlag, *serversFlag}: 150}
	if !testing.Short() && *engineFlag == "memory" {
		rounds[setup{"postgres", 2}] = 100
	}
	for s, n := range rounds {
		t.Run(s.String(), func(t *testing.T) {
			seed := bulkSeed(t)
			w := newBulkWorld(t, s, seed)
			for i := 0; i < n && !t.Failed(); i++ {
				w.tune(func(s *server.Server) { s.SetBulkSteps(w.random.IntN(2)*200, 1+w.random.IntN(5)) })
				w.round()
				w.others(w.read())
			}
			t.Logf("%v", w.seen)
			for _, what := range []string{"done PATCH", "done DELETE", "stale"} {
				if w.seen[what] == 0 {
					t.Errorf("%s: %d times", what, w.seen[what])
				}
			}
		})
	}
}

func bulkSeed(t *testing.T) uint64 {
	seed := uint64(time.Now().UnixNano())
	if text := os.Getenv("BULK_SEED"); text != "" {
		seed, _ = strconv.ParseUint(text, 10, 64)
	}
	t.Logf("BULK_SEED=%d", seed)
	return seed
}

// breakOff confirms a plan, and ends the request after some transactions of the server.
func (w *bulkWorld) breakOff(e bulkEdit, token string, after int64) answer {
	ctx, cancel := context.WithCancel(w.t.Context())
	defer cancel()
	var transactions atomic.Int64
	w.watch(func(store.Batch) {
		if transactions.Add(1) == after {
			cancel()
		}
	})
	defer w.watch(func(store.Batch) {})
	req := httptest.NewRequestWithContext(ctx, e.method(), "http://127.0.0.1:8080"+e.path()+"&confirm="+token, strings.NewReader(e.change.body))
	req.RemoteAddr, req.Header = "127.0.0.1:40000", w.header.Clone()
	res := httptest.NewRecorder()
	w.handler.ServeHTTP(res, req)
	return answer{res.Code, res.Body.String(), res.Header()}
}

// broken plans a bulk edit, breaks it off in a step, lets others write, and confirms it again. What is not
// done yet is done if it is as planned, and left if not.
func (w *bulkWorld) broken() {
	e := w.edit()
	e.atomic = false
	before := w.read()
	planned := e.effects(before)
	a := w.call(e.method(), e.path(), e.change.body)
	if !w.plannedAs(e, a, planned) {
		return
	}
	token := tokenIs.FindStringSubmatch(a.body)[1]
	if first := w.breakOff(e, token, int64(1+w.random.IntN(3+2*len(planned)))); first.status == 200 {
		w.doneAs(e, first, doneEffects{before, planned, planned})
		return
	}
	halfway := w.read()
	rest := w.undone(e, planned, before, halfway)
	if w.t.Failed() || count(rest, isDone) == count(planned, isDone) {
		return // nothing was done, which the other test is about
	}
	w.seen["broken off"]++
	w.others(halfway)
	halfway = w.read()
	now := ofPlan(rest, e.effects(halfway))
	left := 0
	for id, effect := range rest {
		is, found := now[id]
		if found && is == effect {
			continue
		}
		if delete(now, id); isDone(effect) && (!found || is != noEffect) { // else somebody else did the same
			left++
		}
	}
	w.seen["left"] += left
	got := w.want(200, e.method(), e.path()+"&confirm="+token, e.change.body)
	e.done(halfway, now)
	w.same("the rest of "+e.method()+" "+e.path()+" "+e.change.body, halfway)
	if left > 0 && !isLeft.MatchString(got) {
		w.t.Errorf("%d are left: %s", left, got)
	}
}

// undone returns the planned effects that were not done yet. Those that were are the first, in the order of ids.
func (w *bulkWorld) undone(e bulkEdit, planned map[string]string, before, halfway bulkState) map[string]string {
	rest := map[string]string{}
	for _, id := range slices.SortedFunc(maps.Keys(planned), byNumber) {
		if maps.Equal(before.deals[id], halfway.deals[id]) {
			if isDone(planned[id]) || len(rest) > 0 {
				rest[id] = planned[id]
			}
			continue
		}
		if len(rest) > 0 {
			w.t.Errorf("%s was written before %v", id, rest)
		}
		done := bulkState{map[string]bulkDeal{id: maps.Clone(before.deals[id])}, before.contacts}
		e.done(done, map[string]string{id: planned[id]})
		if !maps.Equal(done.deals[id], halfway.deals[id]) {
			w.t.Errorf("%s is %v, planned was %s", id, halfway.deals[id], planned[id])
		}
	}
	return rest
}

// byNumber compares ids by the order in which they were given.
func byNumber(a, b string) int {
	return strings.Compare(fmt.Sprintf("%20s", a), fmt.Sprintf("%20s", b))
}

// TestBrokenBulkEditsGoOn breaks random bulk edits off between their steps, lets others write, and
// confirms the same token again.
func TestBrokenBulkEditsGoOn(t *testing.T) {
	rounds := map[setup]int{{*engineFlag, *serversFlag}: 120}
	if !testing.Short() && *engineFlag == "memory" {
		rounds[setup{"postgres", 2}] = 100
	}
	for s, n := range rounds {
		t.Run(s.String(), func(t *testing.T) {
			w := newBulkWorld(t, s, bulkSeed(t))
			for i := 0; i < n && !t.Failed(); i++ {
				w.tune(func(s *server.Server) { s.SetBulkSteps(0, 1+w.random.IntN(5)) })
				w.broken()
				w.others(w.read())
			}
			t.Logf("%v", w.seen)
			if w.seen["broken off"] == 0 {
				t.Error("the test proves little")
			}
		})
	}
}

package server_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"crmkit/store"
)

// TestPipelinesFollowTheLog runs random programs about deals in two pipelines: writes of stages, now and with times
// in the past, imports, stages that are renamed and merged, deletes and restores, and undos of all of these. After
// each step every deal is what a model of the writes says; the histories and the measures are those of a replay of
// the log.
func TestPipelinesFollowTheLog(t *testing.T) {
	for seed := range uint64(6) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			w := newStagedWorld(t, seed)
			for step := range 50 {
				w.r.clock.Advance(time.Duration(1+w.random.IntN(60)) * time.Hour)
				what := w.step()
				w.checkDeals(fmt.Sprintf("step %d, %s", step, what))
			}
			w.checkReplay()
		})
	}
}

// stagedWorld is a workspace with two pipelines of deals, and what its records must be.
type stagedWorld struct {
	t      *testing.T
	r      *rig
	random *rand.Rand
	start  string // the cursor before the first write
	now    stagedState
	last   string      // the change group of the last write; empty: it is undone, or changed nothing
	before stagedState // as it was before that
}

// stagedState is what a program has made.
type stagedState struct {
	deals map[string]stagedDeal
	sales []string // the names of the open stages of the default pipeline
	was   map[string]string
}

// stagedDeal is what a deal must be.
type stagedDeal struct {
	pipeline, stage, status string
	since, closed           int64 // seconds; 0: none
	deleted                 bool
}

// clone returns a copy.
func (s stagedState) clone() stagedState {
	return stagedState{maps.Clone(s.deals), slices.Clone(s.sales), maps.Clone(s.was)}
}

// newStagedWorld makes deals from before there was a pipeline, and the pipelines.
func newStagedWorld(t *testing.T, seed uint64) *stagedWorld {
	w := &stagedWorld{t: t, r: newRig(t).as("jane@acme.com"), random: rand.New(rand.NewPCG(seed, 21))}
	w.start = w.r.json(200, "GET", "/changes?since=now", "")["cursor"].(string)
	w.now = stagedState{map[string]stagedDeal{}, []string{"lead", "demo", "proposal"}, map[string]string{}}
	for range 4 {
		w.write("POST", "/deals", "lead", "")
	}
	w.putSales("")
	w.r.want(201, "PUT", "/pipelines/renewals", `{"kind":"deal","stages":[{"name":"due"},{"name":"demo"},{"name":"kept","is":"won"},{"name":"left","is":"lost"}]}`)
	for range 24 {
		w.write("POST", "/deals", w.pick("lead", "demo"), "")
	}
	return w
}

// pick returns one of some words.
func (w *stagedWorld) pick(words ...string) string { return words[w.random.IntN(len(words))] }

// putSales writes the default pipeline. was is a member of the stage with which a rename ends; empty: there is none.
func (w *stagedWorld) putSales(was string) answer {
	var stages []string
	for i, name := range w.now.sales {
		member := ""
		if i == len(w.now.sales)-1 {
			member = was
		}
		stages = append(stages, fmt.Sprintf(`{"name":"%s","stale_after":"7d"%s}`, name, member))
	}
	return w.r.call("PUT", "/pipelines/sales", `{"kind":"deal","default":"yes","stages":[`+strings.Join(stages, ",")+`,{"name":"signed","is":"won"},{"name":"lost","is":"lost"}]}`, "Accept", "application/json")
}

// seconds returns the time of the server.
func (w *stagedWorld) seconds() int64 { return w.r.clock.Now().Unix() }

// stamp writes a time as requests do.
func stamp(seconds int64) string { return time.Unix(seconds, 0).UTC().Format(time.RFC3339) }

// step does one thing and returns what.
func (w *stagedWorld) step() string {
	w.t.Helper()
	past := w.seconds() - w.random.Int64N(200)*1800
	switch w.random.IntN(12) {
	case 0:
		return w.rename()
	case 1:
		return w.deleteAndRestore()
	case 2:
		return w.importRows()
	case 3, 4:
		return w.undo()
	case 5:
		return w.write("POST", "/deals", w.pick(w.now.sales...), fmt.Sprintf(`,"stage_since":"%s"`, stamp(past)))
	case 6:
		id := w.deal()
		return w.write("PATCH", "/deals/"+id, w.now.deals[id].stage, fmt.Sprintf(`,"stage_since":"%s"`, stamp(past)))
	case 7:
		return w.write("PATCH", "/deals/"+w.deal(), w.pick("due", "left", "kept"), `,"pipeline":"renewals"`)
	case 8:
		return w.write("PATCH", "/deals/"+w.deal(), "", "")
	case 9:
		return w.write("PATCH", "/deals/"+w.deal(), w.pick("won", "Closed Won", "lost"), fmt.Sprintf(`,"stage_since":"%s"`, stamp(past)))
	}
	return w.write("PATCH", "/deals/"+w.deal(), w.pick(append(w.now.sales, "won", "lost", "due")...), "")
}

// deal returns the id of one deal.
func (w *stagedWorld) deal() string { return w.pick(slices.Sorted(maps.Keys(w.now.deals))...) }

// meant returns the stage that a word means in a pipeline, "" if none, and its outcome.
func (s stagedState) meant(pipeline, word string) (stage, is string) {
	word = strings.TrimPrefix(strings.ToLower(word), "closed ")
	outcomes := map[string]string{"signed": "won", "lost": "lost"}
	open := s.sales
	if pipeline == "renewals" {
		open, outcomes = []string{"due", "demo"}, map[string]string{"kept": "won", "left": "lost"}
	}
	for name, is := range outcomes {
		if word == name || word == is {
			return name, is
		}
	}
	if now := s.was[word]; now != "" && pipeline != "renewals" && !slices.Contains(open, word) {
		word = now
	}
	if slices.Contains(open, word) {
		return word, ""
	}
	return "", ""
}

// write sends a write of one deal: the stage that a word means, and further members, of which the model knows
// pipeline and stage_since. Words that mean no stage are refused.
func (w *stagedWorld) write(method, path, word, more string) string {
	w.t.Helper()
	id := strings.TrimPrefix(path, "/deals/")
	d := w.now.deals[id]
	if method == "POST" {
		d = stagedDeal{status: "open"}
	}
	body := map[string]any{"title": "Seats", "stage": word}
	if word == "" {
		body["stage"] = nil
	}
	_ = json.Unmarshal([]byte("{"+strings.TrimPrefix(more, ",")+"}"), &body) // it is written above
	what := fmt.Sprint(method, " ", path, " ", body)
	is, ok := w.moved(d, word, body)
	text := string(must(json.Marshal(body)))
	if !ok {
		w.r.want(400, method, path, text)
		return what
	}
	was := w.now.clone()
	a := w.r.call(method, path, text, "Accept", "application/json")
	var answered struct{ ID, Change string }
	if err := json.Unmarshal([]byte(a.body), &answered); err != nil || a.status > 201 {
		w.t.Fatalf("%s: %d %s", what, a.status, a.body)
	}
	w.now.deals[answered.ID] = is
	w.last, w.before = answered.Change, was
	return what
}

// moved returns a deal after a write of its stage; ok is false if its pipeline has none that the word means.
func (w *stagedWorld) moved(d stagedDeal, word string, body map[string]any) (is stagedDeal, ok bool) {
	is = d
	if name, _ := body["pipeline"].(string); name != "" {
		is.pipeline = name
	}
	given, _ := body["stage_since"].(string)
	if word == "" {
		is.stage, is.since = "", 0
		return is, given == ""
	}
	stage, outcome, free := word, "", len(w.now.deals) < 4
	if !free {
		stage, outcome = w.now.meant(is.pipeline, word)
	}
	if stage == "" && word != d.stage {
		return d, false
	}
	same := d.stage == word && is.pipeline == d.pipeline || stage == d.stage && is.pipeline == cmpOr(d.pipeline, "sales")
	if !same {
		is.since = w.seconds()
	}
	if at := secondsOf(given); at != 0 && at != d.since {
		is.since = at
	}
	if same && d.stage == word {
		return is, true
	}
	is.stage = stage
	if is.pipeline == "" && !free {
		is.pipeline = "sales"
	}
	if !same && outcome != "" {
		if is.status = outcome; d.status == "open" {
			is.closed = w.seconds()
		}
	}
	return is, true
}

// cmpOr returns a word, or another one if it is empty.
func cmpOr(word, other string) string {
	if word == "" {
		return other
	}
	return word
}

// rename gives the last open stage another name, or makes it one with the stage before it. The deals in it go along.
func (w *stagedWorld) rename() string {
	was := w.now.clone()
	n := len(w.now.sales)
	gone := []string{w.now.sales[n-1]}
	if n > 2 && w.random.IntN(3) == 0 {
		gone = append(gone, w.now.sales[n-2])
	}
	name := fmt.Sprint("s", w.random.IntN(1000), "-", w.seconds())
	w.now.sales = append(w.now.sales[:n-len(gone)], name)
	if len(w.now.sales) < 3 {
		w.now.sales = append([]string{"new" + name}, w.now.sales...)
	}
	for old, now := range w.now.was {
		if slices.Contains(gone, now) {
			w.now.was[old] = name
		}
	}
	for _, old := range gone {
		w.now.was[old] = name
	}
	for id, d := range w.now.deals {
		if slices.Contains(gone, d.stage) && d.pipeline != "renewals" {
			d.stage, d.pipeline = name, cmpOr(d.pipeline, "sales")
			w.now.deals[id] = d
		}
	}
	var answered struct{ Change string }
	a := w.putSales(`,"was":` + string(must(json.Marshal(gone))))
	if err := json.Unmarshal([]byte(a.body), &answered); err != nil || a.status != 200 || answered.Change == "" {
		w.t.Fatalf("rename: %d %s", a.status, a.body)
	}
	w.last, w.before = answered.Change, was
	return fmt.Sprint("rename ", gone, " to ", name)
}

// deleteAndRestore deletes a deal, and brings it back later.
func (w *stagedWorld) deleteAndRestore() string {
	path := "/deals/" + w.deal()
	token, _ := w.r.asked("DELETE", path, "")
	w.r.want(200, "DELETE", path+"?confirm="+token, "")
	w.r.clock.Advance(30 * time.Hour)
	w.r.want(200, "POST", path+"/restore", "")
	w.last = ""
	return "delete and restore " + path
}

// importRows imports deals with times in the past, and without any; one row again, in another stage.
func (w *stagedWorld) importRows() string {
	w.t.Helper()
	was, at := w.now.clone(), w.seconds()-w.random.Int64N(900)*3600
	won, _ := w.now.meant("", "won")
	open, name := w.pick(w.now.sales...), fmt.Sprint("file:", w.seconds())
	file := fmt.Sprintf("title,stage,stage_since,closed_at,external_ids\nA,%s,%s,,%s-a\nB,won,%[2]s,%[2]s,%[3]s-b\nC,%[1]s,,,%[3]s-c\n", open, stamp(at), name)
	found := regexp.MustCompile(`chg_[0-9a-z]+`).FindString(w.r.want(200, "POST", "/import/deals", file, "Content-Type", "text/csv"))
	for row, is := range map[string]stagedDeal{"a": {"sales", open, "open", at, 0, false}, "b": {"sales", won, "won", at, at, false}, "c": {"sales", open, "open", 0, 0, false}} {
		found := w.r.json(200, "GET", "/deals?external_ids="+name+"-"+row, "")["items"].([]any)
		if len(found) != 1 {
			w.t.Fatalf("row %s: %v", row, found)
		}
		w.now.deals[found[0].(map[string]any)["id"].(string)] = is
	}
	w.last, w.before = found, was
	return "import " + file
}

// undo takes the last write back.
func (w *stagedWorld) undo() string {
	if w.last == "" {
		return "nothing"
	}
	what := "undo " + w.last
	w.r.undoneGroup(w.last)
	w.now, w.last = w.before, ""
	return what
}

// checkDeals compares each deal with the model.
func (w *stagedWorld) checkDeals(after string) {
	w.t.Helper()
	items := w.r.json(200, "GET", "/deals?limit=200&total=exact", "")["items"].([]any)
	if len(items) != len(w.now.deals) {
		w.t.Fatalf("%s: %d deals, want %d", after, len(items), len(w.now.deals))
	}
	for _, item := range items {
		row := item.(map[string]any)
		text := func(name string) string { s, _ := row[name].(string); return s }
		got := stagedDeal{text("pipeline"), text("stage"), text("status"), secondsOf(row["stage_since"]), secondsOf(row["closed_at"]), false}
		want := w.now.deals[row["id"].(string)]
		days, stale := "<nil>", "<nil>"
		if want.since != 0 {
			days = fmt.Sprint((w.seconds() - want.since) / 86400)
			if want.pipeline != "renewals" && slices.Contains(w.now.sales, want.stage) {
				stale = fmt.Sprint(w.seconds()-want.since > 7*86400)
			}
		}
		if got != want || fmt.Sprint(row["days_in_stage"]) != days || fmt.Sprint(row["stale"]) != stale {
			w.t.Fatalf("%s: %v is %+v days %v stale %v, want %+v days %s stale %s", after, row["id"], got, row["days_in_stage"], row["stale"], want, days, stale)
		}
	}
}

// replayed is what a replay of the log says of a deal.
type replayed struct {
	visits []replayedVisit
	now    map[string]any
}

// replayedVisit is a visit of a stage, in a pipeline.
type replayedVisit struct {
	pipeline, stage, by string
	since, till         int64
}

// change applies an entry of the log.
func (d *replayed) change(entry map[string]any) {
	text := func(name string) string { s, _ := d.now[name].(string); return s }
	was := [3]any{text("pipeline"), text("stage"), secondsOf(d.now["stage_since"])}
	to, _ := entry["to"].(map[string]any)
	from, _ := entry["from"].(map[string]any)
	switch entry["action"] {
	case "delete":
		return // its visits go on, for as long as it may come back
	case "create", "restore":
		d.now = map[string]any{}
	}
	for name := range from {
		delete(d.now, name)
	}
	maps.Copy(d.now, to)
	is := [3]any{text("pipeline"), text("stage"), secondsOf(d.now["stage_since"])}
	if is[1] == "" {
		is[0], is[2] = "", int64(0)
	}
	at := secondsOf(entry["at"])
	v := replayedVisit{text("pipeline"), text("stage"), entry["by"].(string), secondsOf(d.now["stage_since"]), 0}
	switch n := len(d.visits); {
	case n > 0 && d.visits[n-1].till == 0 && is[1] != "" && (is[2] == was[2] && was[1] != "" || is[0] == was[0] && is[1] == was[1]):
		old := d.visits[n-1] // has another name or time
		v.by, d.visits = old.by, d.visits[:n-1]
		d.enter(v)
		if at := len(d.visits) - 2; at == n-2 && at >= 0 && d.visits[at].till == old.since {
			d.visits[at].till = v.since
		}
	case is[1] != "":
		d.enter(v)
	case n > 0 && d.visits[n-1].till == 0:
		d.visits[n-1].till = at
	}
}

// enter begins a visit. What began later is not known any more.
func (d *replayed) enter(v replayedVisit) {
	for n := len(d.visits); n > 0 && v.since != 0 && d.visits[n-1].since > v.since; n-- {
		d.visits = d.visits[:n-1]
	}
	for i, old := range slices.Backward(d.visits) { // it goes on with one of before
		if old.pipeline == v.pipeline && old.stage == v.stage && old.since == v.since {
			v.by, d.visits = old.by, d.visits[:i]
			break
		}
	}
	if n := len(d.visits); n > 0 && (d.visits[n-1].till == 0 || d.visits[n-1].till > v.since) {
		d.visits[n-1].till = v.since
	}
	d.visits = append(d.visits, v)
}

// replay reads the log from the first write on, and returns the deals that are there now.
func (w *stagedWorld) replay() map[string]*replayed {
	all := map[string]*replayed{}
	for cursor := w.start; ; {
		page := w.r.json(200, "GET", "/changes?limit=100&kind=deal&since="+cursor, "")
		for _, item := range page["items"].([]any) {
			entry := item.(map[string]any)
			id := strings.TrimPrefix(entry["target"].(string), "deal/")
			if all[id] == nil {
				all[id] = &replayed{}
			}
			all[id].change(entry)
		}
		if cursor = page["cursor"].(string); page["more"] != true {
			break
		}
	}
	maps.DeleteFunc(all, func(id string, _ *replayed) bool { _, is := w.now.deals[id]; return !is })
	return all
}

// checkReplay compares histories and measures with a replay of the log.
func (w *stagedWorld) checkReplay() {
	w.t.Helper()
	all := w.replay()
	if len(all) != len(w.now.deals) {
		w.t.Fatalf("the log has %d deals, want %d", len(all), len(w.now.deals))
	}
	for id, d := range all {
		var got []replayedVisit
		for _, item := range w.r.json(200, "GET", "/deals/"+id+"/stages", "")["items"].([]any) {
			row := item.(map[string]any)
			pipeline, _ := row["pipeline"].(string)
			got = append(got, replayedVisit{pipeline, row["stage"].(string), row["by"].(string), secondsOf(row["since"]), secondsOf(row["until"])})
		}
		if !slices.Equal(got, d.visits) {
			w.t.Errorf("the history of %s is\n%+v, want\n%+v\n%s", id, got, d.visits, w.r.want(200, "GET", "/audit?limit=200&target="+id, ""))
		}
	}
	w.checkStats("sales", all)
	w.checkStats("renewals", all)
}

// checkStats compares the measures of a pipeline with those of visits.
func (w *stagedWorld) checkStats(pipeline string, all map[string]*replayed) {
	w.t.Helper()
	for _, item := range w.r.json(200, "GET", "/pipelines/"+pipeline+"/stats", "")["items"].([]any) {
		row := item.(map[string]any)
		in := func(v replayedVisit) bool {
			return cmpOr(v.pipeline, "sales") == pipeline && v.since != 0 && (v.stage == row["name"] || pipeline == "sales" && w.now.was[v.stage] == row["name"])
		}
		want := w.measured(pipeline, all, in)
		got := fmt.Sprintf("entered=%v moved_on=%v median_days=%v won_percent=%v decided=%v", row["entered"], row["moved_on"], row["median_days"], row["won_percent"], row["decided"])
		if got != want {
			w.t.Errorf("stage %v of %s: %s, want %s", row["name"], pipeline, got, want)
		}
	}
}

// measured returns what the visits for which in is true say of their stage.
func (w *stagedWorld) measured(pipeline string, all map[string]*replayed, in func(replayedVisit) bool) string {
	entered, won, decided := 0, 0, 0
	var days []int64
	for id, d := range all {
		seen := false
		for _, v := range d.visits {
			if !in(v) {
				continue
			}
			seen = true
			entered++
			if v.till != 0 {
				days = append(days, max(0, v.till-v.since)/86400)
			}
		}
		switch _, is := w.now.meant(pipeline, w.now.deals[id].stage); {
		case !seen || is == "":
		case is == "won":
			won++
			decided++
		default:
			decided++
		}
	}
	median, share := "too few", "too few"
	if slices.Sort(days); len(days) >= 20 {
		median = fmt.Sprint(days[(len(days)-1)/2])
	}
	if decided >= 20 {
		share = fmt.Sprint((200*won + decided) / (2 * decided))
	}
	return fmt.Sprintf("entered=%d moved_on=%d median_days=%s won_percent=%s decided=%d", entered, len(days), median, share, decided)
}

// TestPipelinesBesideWriters has clients move deals while others rename a stage, add one and take a pipeline as the
// default. Whatever the order: a deal that was answered has a stage of the pipeline, in the words that it has at the
// end, its last visit is the stage that it is in, and one pipeline is the default.
func TestPipelinesBesideWriters(t *testing.T) {
	for _, s := range feedSetups() {
		t.Run(s.String(), func(t *testing.T) {
			r := s.newRig(t, store.Options{}).as("jane@acme.com")
			put := func(name, stage, isDefault string) answer {
				return r.call("PUT", "/pipelines/"+name, fmt.Sprintf(`{"kind":"deal",%s"stages":[{"name":"lead"},%s,{"name":"won","is":"won"}]}`, isDefault, stage))
			}
			put("sales", `{"name":"s0"}`, `"default":"yes",`)
			put("other", `{"name":"x"}`, "")
			var ids []string
			for range 8 {
				ids = append(ids, r.json(201, "POST", "/deals", `{"title":"Seats","stage":"lead","pipeline":"sales"}`)["id"].(string))
			}
			together(10, func(i int) {
				for n := range 8 {
					switch {
					case i == 0: // the stage has another name each time; the old one still means it
						if a := put("sales", fmt.Sprintf(`{"name":"s%d","was":"s%d"}`, n+1, n), []string{`"default":"yes",`, ""}[n%2]); a.status != 200 {
							t.Errorf("rename %d: %s", n, a.body)
						}
					case i == 1:
						put("other", `{"name":"x"}`, `"default":"yes",`)
					default:
						a := r.call("PATCH", "/deals/"+ids[(i+n)%len(ids)], fmt.Sprintf(`{"stage":"%s"}`, []string{"lead", "s0", "won", "x"}[(i*n)%4]))
						if a.status != 200 && a.status != 400 && a.status != 409 {
							t.Errorf("PATCH: %d %s", a.status, a.body)
						}
					}
				}
			})
			r.checkBeside(ids)
		})
	}
}

// checkBeside checks what holds after writers that were beside each other.
func (r *rig) checkBeside(ids []string) {
	r.t.Helper()
	defaults := 0
	for _, item := range r.json(200, "GET", "/pipelines", "")["items"].([]any) {
		if item.(map[string]any)["default"] == true {
			defaults++
		}
	}
	if defaults != 1 {
		r.t.Errorf("%d pipelines are the default", defaults)
	}
	for _, id := range ids {
		deal := r.json(200, "GET", "/deals/"+id, "")
		if stage := deal["stage"].(string); deal["pipeline"] != "sales" || stage != "lead" && stage != "s8" && stage != "won" {
			r.t.Errorf("deal %s is in %v of %v", id, stage, deal["pipeline"])
		}
		visits := r.json(200, "GET", "/deals/"+id+"/stages", "")["items"].([]any)
		if last := visits[len(visits)-1].(map[string]any); last["stage"] != deal["stage"] || last["until"] != nil || last["since"] != deal["stage_since"] {
			r.t.Errorf("deal %s in %v since %v has the last visit %v", id, deal["stage"], deal["stage_since"], last)
		}
	}
}

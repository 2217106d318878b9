package server_test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"math/big"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// salesPipeline is a pipeline of deals.
const salesPipeline = `{"kind":"deal","stages":[{"name":"lead","probability":10,"stale_after":"14d"},{"name":"proposal","probability":50},{"name":"won","is":"won"},{"name":"lost","is":"lost"}]}`

// TestPipelinesCheckStages checks that a stage is one of the pipeline, on every way in.
func TestPipelinesCheckStages(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	before := "/deals/" + r.json(201, "POST", "/deals", `{"title":"Old","stage":"prospect"}`)["id"].(string)
	contains(t, r.want(201, "PUT", "/pipelines/sales", salesPipeline), "name=sales kind=deal", "stage name=lead place=1 probability=10 stale_after=14d", "1 deal has a stage that is in no pipeline: prospect (1)")
	r.want(200, "PATCH", before, `{"title":"Older"}`) // its stage stays
	contains(t, r.want(400, "PATCH", before, `{"stage":"propsal"}`), "Did you mean proposal?", "new_stage=1")
	contains(t, r.want(200, "PATCH", before, `{"stage":"Proposal"}`), "stage=proposal", "pipeline=sales")
	contains(t, r.want(200, "PATCH", before, `{"stage":"Closed Won"}`), "stage=won", "status=won", "closed_at=")
	contains(t, r.want(400, "POST", "/deals", `{"title":"New","stage":"demo"}`), "its stages are: lead, proposal, won, lost")
	contains(t, r.want(201, "POST", "/deals?new_stage=1", `{"title":"New","stage":"demo"}`), "stage=demo")
	contains(t, r.want(200, "GET", "/pipelines/sales", ""), "stage name=demo place=3")
	contains(t, r.want(200, "POST", "/import/deals", "title,stage\nRow,demos\nOther,lead\n", "Content-Type", "text/csv"), "1 created", "1 failed", "has no stage demos")
	r.want(400, "POST", "/batch", `[{"method":"POST","path":"/deals","body":{"title":"B","stage":"nope"}}]`)
	contains(t, r.want(400, "PATCH", before, `{"pipeline":"renewals"}`), "there is no pipeline renewals of deals; write one of: sales")
	r.want(201, "POST", "/contacts", `{"name":"Ann","stage":"any word"}`) // contacts have none
	token, _ := r.asked("DELETE", "/pipelines/sales", "")
	r.want(200, "DELETE", "/pipelines/sales?confirm="+token, "")
	contains(t, r.want(200, "GET", before, ""), "stage=won", "pipeline=sales")
	r.want(201, "POST", "/deals", `{"title":"Free","stage":"whatever"}`)
}

// TestStageErrorsName checks what the error of an unknown stage names: the nearest one, and the first of many.
func TestStageErrorsName(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	var stages []string
	for i := range 30 {
		stages = append(stages, fmt.Sprintf(`{"name":"step %d"}`, i))
	}
	r.want(201, "PUT", "/pipelines/long", `{"kind":"deal","stages":[{"name":"proposal"},`+strings.Join(stages, ",")+`]}`)
	contains(t, r.want(400, "POST", "/deals", `{"title":"x","stage":"propsal"}`), "its stages are: proposal, ", `"step 18" and 11 more (GET /pipelines)`, "?new_stage=1 (admin)", "Did you mean proposal?")
	if got := r.want(400, "POST", "/deals", `{"title":"x","stage":"quite another"}`); strings.Contains(got, "Did you mean") {
		t.Errorf("no stage is near: %s", got)
	}
}

// TestOneDefault makes another pipeline the default, which takes it from the first in the same change.
func TestOneDefault(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	put := func(name, stage string) string {
		return r.json(201, "PUT", "/pipelines/"+name, `{"kind":"deal","default":"yes","stages":[{"name":"`+stage+`"}]}`)["change"].(string)
	}
	put("first", "a")
	r.want(201, "PUT", "/pipelines/people", `{"kind":"contact","default":true,"stages":[{"name":"new"}]}`)
	group := put("second", "b")
	contains(t, r.want(200, "GET", "/pipelines", ""), "name=first kind=deal\n", "name=second kind=deal default=yes", "name=people kind=contact default=yes")
	contains(t, r.want(200, "GET", "/changes/"+group, ""), "# 2 changes", "to.default=no")
	contains(t, r.want(201, "POST", "/deals", `{"title":"x","stage":"b"}`), "pipeline=second")
	r.undoneGroup(group)
	contains(t, r.want(200, "GET", "/pipelines", ""), "name=first kind=deal default=yes")
	contains(t, r.want(201, "POST", "/deals", `{"title":"x","stage":"a"}`), "pipeline=first")
}

// TestStagesAreRenamed renames a stage with its records, and takes it back.
func TestStagesAreRenamed(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	r.want(201, "PUT", "/pipelines/sales", salesPipeline)
	path := "/deals/" + r.json(201, "POST", "/deals", `{"title":"Seats","stage":"lead"}`)["id"].(string)
	since := r.json(200, "GET", path, "")["stage_since"]
	r.clock.Advance(48 * 3600 * 1e9)
	renamed := strings.Replace(salesPipeline, `{"name":"lead",`, `{"name":"enquiry","was":"lead",`, 1)
	contains(t, r.want(200, "PUT", "/pipelines/sales?dry_run=1", renamed), "moved 1 deal into renamed stages", "nothing was saved")
	change := r.json(200, "PUT", "/pipelines/sales", renamed)["change"].(string)
	if deal := r.json(200, "GET", path, ""); deal["stage"] != "enquiry" || deal["stage_since"] != since {
		t.Errorf("after a rename the deal is in %v since %v, want %v", deal["stage"], deal["stage_since"], since)
	}
	contains(t, r.want(200, "PUT", "/pipelines/sales", renamed), "# updated: nothing changed")
	contains(t, r.want(201, "POST", "/deals", `{"title":"Other","stage":"lead"}`), "stage=enquiry")
	contains(t, r.want(200, "GET", path+"/stages", ""), "visit stage=enquiry", "days=2")
	r.want(200, "POST", "/undo", `{"change":"`+change+`"}`)
	contains(t, r.want(200, "GET", path, ""), "stage=lead")
	contains(t, r.want(200, "GET", "/pipelines/sales", ""), "stage name=lead")
}

// TestStagesAreRenamedInAnySpelling renames a stage that deals have in other spellings, in the pipeline that they name in
// another one too, and a word that they have from before the pipeline. All move, and are measured.
func TestStagesAreRenamedInAnySpelling(t *testing.T) {
	onEngines(t, func(t *testing.T, r *rig) {
		r.as("jane@acme.com")
		var paths []string
		for _, body := range []string{`"stage":"Lead"`, `"stage":"LEAD","pipeline":"SALES"`, `"stage":"prospect"`, `"stage":"Prospéct"`} {
			paths = append(paths, "/deals/"+r.json(201, "POST", "/deals", `{"title":"Seats",`+body+`}`)["id"].(string))
		}
		other := "/deals/" + r.json(201, "POST", "/deals", `{"title":"Seats","stage":"lead","pipeline":"none"}`)["id"].(string)
		first := strings.Replace(salesPipeline, `{"name":"won",`, `{"name":"Demo","was":"PROSPECT"},{"name":"won",`, 1)
		made := r.want(201, "PUT", "/pipelines/sales", first)
		contains(t, made, "moved 2 deals into renamed stages")
		if strings.Contains(made, "in no pipeline") {
			t.Errorf("stages that become another one are in no pipeline: %s", made)
		}
		contains(t, r.want(200, "GET", "/deals?stage=Demo", ""), "# 2 of 2 deals")
		contains(t, r.want(200, "PUT", "/pipelines/sales", strings.Replace(first, `{"name":"lead",`, `{"name":"enquiry","was":"lead",`, 1)), "moved 2 deals")
		for i, path := range paths {
			contains(t, r.want(200, "GET", path, ""), "stage="+[]string{"enquiry", "enquiry", "Demo", "Demo"}[i])
			r.want(200, "PATCH", path, `{"stage":"proposal"}`)
		}
		contains(t, r.want(200, "GET", other, ""), "stage=lead")
		contains(t, r.want(200, "GET", "/pipelines/sales/stats", ""), "stage name=enquiry entered=2 moved_on=2", "stage name=Demo entered=2 moved_on=2", "stage name=proposal entered=4 moved_on=0")
	})
}

// TestStagesOutsideAreNamed makes a pipeline beside deals with words that only mean one of its stages: they are not in it.
func TestStagesOutsideAreNamed(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	r.want(201, "POST", "/deals", `{"title":"Seats","stage":"Closed Won"}`)
	contains(t, r.want(201, "PUT", "/pipelines/sales", salesPipeline), `1 deal has a stage that is in no pipeline: "Closed Won" (1)`)
	got := r.want(200, "PUT", "/pipelines/sales", strings.Replace(salesPipeline, `{"name":"won",`, `{"name":"won","was":"closed won",`, 1))
	contains(t, got, "moved 1 deal into renamed stages")
	if strings.Contains(got, "in no pipeline") {
		t.Errorf("a stage that becomes another one is in no pipeline: %s", got)
	}
}

// TestMergesKeepThePipeline merges deals of two pipelines: the winner stays in its one, and a stage comes with its
// pipeline. What it does not get is in the note.
func TestMergesKeepThePipeline(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	deal := func(body string) string {
		return r.json(201, "POST", "/deals", `{"title":"Seats",`+body+`}`)["id"].(string)
	}
	merged := func(winner, other, more string) string {
		body := `{"from":["` + other + `"]` + more + `}`
		a := r.confirmed("/deals/"+winner+"/merge", body)
		if a.status != 200 {
			t.Fatalf("merge: %d %s", a.status, a.body)
		}
		return r.want(200, "GET", "/deals/"+winner, "")
	}
	before, bare, odd := deal(`"stage":"lead"`), deal(`"notes":"bare"`), deal(`"stage":"prospect"`)
	r.want(201, "PUT", "/pipelines/sales", salesPipeline)
	r.want(201, "PUT", "/pipelines/renewals", `{"kind":"deal","stages":[{"name":"due"},{"name":"lead","probability":90},{"name":"kept","is":"won"}]}`)
	due := func() string { return deal(`"pipeline":"renewals","stage":"due"`) }
	if got := merged(before, deal(`"pipeline":"renewals","stage":"lead"`), ""); strings.Contains(got, "pipeline=") || !strings.Contains(got, "stage=lead") {
		t.Errorf("a deal of the default pipeline became %s", got)
	}
	contains(t, merged(bare, odd, ""), "notes=bare")
	contains(t, r.want(200, "GET", "/deals/"+bare+"/activities", ""), "prospect")
	if got := merged(bare, deal(`"pipeline":"renewals","stage":"kept"`), ""); !strings.Contains(got, "status=open") || strings.Contains(got, "stage=kept") {
		t.Errorf("an open deal became %s", got)
	}
	contains(t, merged(bare, due(), ""), "stage=due", "pipeline=renewals")
	contains(t, merged(before, due(), ""), "stage=lead")
	from := due()
	contains(t, merged(before, from, `,"take":{"stage":"`+from+`"}`), "stage=due", "pipeline=renewals")
}

// preset is a file of presets.
type preset struct {
	Pipelines map[string]json.RawMessage
	Fields    []json.RawMessage
}

// titles are the members without which a record cannot be made.
var titles = map[string]string{"deal": `"title":"Ann"`, "contact": `"name":"Ann"`, "company": `"name":"Ann"`, "ticket": `"subject":"Ann"`}

// TestPresetsLoad sends what each preset has to an empty workspace, as docs/presets.md says: first with dry_run=1, then
// in earnest. Then a stage of each pipeline is a stage of records, and each rule is broken once.
func TestPresetsLoad(t *testing.T) {
	files, err := filepath.Glob("../presets/*.json")
	if err != nil || len(files) != 3 {
		t.Fatalf("%v, %v", files, err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			var p preset
			if err := json.Unmarshal(must(os.ReadFile(file)), &p); err != nil || len(p.Pipelines) == 0 || len(p.Fields) == 0 {
				t.Fatalf("%+v, %v", p, err)
			}
			r := newRig(t).as("jane@acme.com")
			for name, body := range p.Pipelines {
				contains(t, r.want(200, "PUT", "/pipelines/"+name+"?dry_run=1", string(body)), "nothing was saved")
				r.want(201, "PUT", "/pipelines/"+name, string(body))
			}
			for _, body := range p.Fields {
				r.want(201, "POST", "/fields", string(body))
			}
			for name, body := range p.Pipelines {
				r.presetStages(name, body)
			}
			for _, body := range p.Fields {
				r.presetField(body)
			}
		})
	}
}

// presetStages makes a record in each stage of a pipeline, and fails to make one in another.
func (r *rig) presetStages(name string, body json.RawMessage) {
	r.t.Helper()
	var p struct {
		Kind   string
		Stages []struct{ Name string }
	}
	if err := json.Unmarshal(body, &p); err != nil {
		r.t.Fatal(err)
	}
	send := func(status int, stage string) string {
		return r.want(status, "POST", "/"+p.Kind+"s", fmt.Sprintf(`{%s,"stage":"%s"}`, titles[p.Kind], stage))
	}
	for _, stage := range p.Stages {
		contains(r.t, send(201, stage.Name), "pipeline="+name)
	}
	contains(r.t, send(400, p.Stages[0].Name+"x"), "has no stage", "Did you mean")
}

// presetField gives records a value that a declared field takes, and one that it refuses.
func (r *rig) presetField(body json.RawMessage) {
	r.t.Helper()
	var f struct {
		Kind, Name, Type string
		Options          []string
	}
	if err := json.Unmarshal(body, &f); err != nil {
		r.t.Fatal(err)
	}
	value := map[string][2]string{"choice": {strconv.Quote(strings.Join(f.Options[:min(1, len(f.Options))], "")), `"none of them"`}, "number": {`12`, `"many"`}, "date": {`"2026-07-01"`, `"someday"`},
		"url": {`"https://acme.com/cv"`, `"no address"`}, "text": {`"words"`, `["a","b"]`}}[f.Type]
	path := "/" + r.store.Schema.ByName(f.Kind).Route()
	member := func(value string) string {
		return fmt.Sprintf(`{%s,"custom":{"%s":%s}}`, titles[f.Kind], f.Name, value)
	}
	r.want(201, "POST", path, member(value[0]))
	contains(r.t, r.want(400, "POST", path, member(value[1])), "custom."+f.Name)
}

// TestImportsAddStages imports deals with stages that the pipeline does not have: rows fail and say how, then the same
// file adds them, each once, in a dry run of several steps too. A row that fails adds none.
func TestImportsAddStages(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	r.want(201, "PUT", "/pipelines/sales", salesPipeline)
	r.want(201, "PUT", "/pipelines/renewals", `{"kind":"deal","stages":[{"name":"due"}]}`)
	file := "title,stage,pipeline,status,closed_at\n"
	for i := range 1500 {
		file += fmt.Sprintf("Row %d,%s,,,\n", i, []string{"lead", "demo", "Demo", "trial"}[i%4])
	}
	file += "Other,called,renewals,,\nFails,broken,,open,2026-01-05\nNo,x,none,,\n"
	send := func(status int, params string) string {
		return r.want(status, "POST", "/import/deals?"+params, file, "Content-Type", "text/csv")
	}
	contains(t, send(200, "dry_run=1"), "has no stage demo; write one of: lead, proposal, won, lost; or send the file again with new_stage=1")
	contains(t, send(400, "new_stage=yes"), "write new_stage=1")
	contains(t, send(200, "dry_run=1&new_stage=1"), "1501 created", "2 failed", "the stage is new in the pipeline sales")
	contains(t, r.want(200, "GET", "/pipelines/sales", ""), "stage name=lead place=1", "stage name=proposal place=2", "stage name=won place=3")
	contains(t, send(200, "new_stage=1"), "1501 created", "2 failed", "the stage is new in the pipeline renewals")
	contains(t, r.want(200, "GET", "/pipelines/sales", ""), "stage name=proposal place=2", "stage name=demo place=3", "stage name=trial place=4", "stage name=won place=5", "stage name=lost place=6")
	contains(t, r.want(200, "GET", "/pipelines/renewals", ""), "stage name=called place=2")
	r.stagesAreInOrder("/deals?group=stage", "lead", "demo", "trial", "called")
	contains(t, r.want(200, "GET", "/deals?group=stage", ""), "stage=demo count=750", "stage=trial count=375")
	r.want(400, "POST", "/import/companies?new_stage=1", "name\nA\n", "Content-Type", "text/csv")
}

// modelDeal is a deal as the model of computed fields has it.
type modelDeal struct {
	id            string
	amount, since int64 // 0: none
	stage         string
}

// TestComputedFields compares filters and orders of what follows from stages with a computation on each deal.
func TestComputedFields(t *testing.T) {
	for seed := range uint64(4) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			random := rand.New(rand.NewPCG(seed, 3))
			r := newRig(t).as("jane@acme.com")
			deals := r.dealsInStages(random)
			probability := map[string]int64{"lead": 10, "proposal": 50, "demo": 33}
			stale := map[string]int64{"lead": 14, "demo": 2}
			place := map[string]int64{"lead": 1, "demo": 2, "proposal": 3, "won": 4, "lost": 5}
			now := r.clock.Now().Unix()
			days := func(d modelDeal) (int64, bool) { return max(0, now-d.since) / 86400, d.since != 0 }
			weight := func(d modelDeal) (int64, bool) {
				p, known := probability[d.stage]
				exact := new(big.Rat).SetFrac64(d.amount*p, 100)
				n, _ := strconv.ParseInt(exact.FloatString(0), 10, 64) // rounds half away from zero
				if d.amount*p%100 == 50 && n%2 != 0 {
					n--
				}
				return n, known && d.amount != 0
			}
			isStale := func(want bool) func(modelDeal) bool {
				return func(d modelDeal) bool {
					after, known := stale[d.stage]
					return known && d.since != 0 && (now-d.since > after*86400) == want
				}
			}
			bound := random.Int64N(30)
			r.finds(deals, fmt.Sprintf("days_in_stage=gte:%d", bound), func(d modelDeal) bool { n, ok := days(d); return ok && n >= bound })
			r.finds(deals, fmt.Sprintf("days_in_stage=%d", bound), func(d modelDeal) bool { n, ok := days(d); return ok && n == bound })
			r.finds(deals, "days_in_stage=is:null", func(d modelDeal) bool { return d.since == 0 })
			r.finds(deals, "stale=yes", isStale(true))
			r.finds(deals, "stale=no", isStale(false))
			r.finds(deals, fmt.Sprintf("weighted_cents=lt:%d", 100*bound), func(d modelDeal) bool { n, ok := weight(d); return ok && n < 100*bound })
			r.finds(deals, "weighted_cents=not:null", func(d modelDeal) bool { _, ok := weight(d); return ok })
			r.sorts(deals, "weighted_cents", weight)
			r.sorts(deals, "stage", func(d modelDeal) (int64, bool) { n, ok := place[d.stage]; return n, ok })
			r.sorts(deals, "-days_in_stage", func(d modelDeal) (int64, bool) { return d.since, d.since != 0 })
		})
	}
}

// dealsInStages makes a pipeline, and deals in its stages, in none, and in stages from before.
func (r *rig) dealsInStages(random *rand.Rand) (deals []modelDeal) {
	r.t.Helper()
	add := func(stages ...string) {
		d := modelDeal{amount: random.Int64N(9000), stage: stages[random.IntN(len(stages))]}
		body := fmt.Sprintf(`{"title":"x","amount_cents":%d`, d.amount)
		if d.amount == 0 {
			body = `{"title":"x"`
		}
		if d.stage != "" {
			d.since = r.clock.Now().Unix()
			body += `,"stage":"` + d.stage + `"`
		}
		if d.stage != "" && random.IntN(2) == 0 {
			d.since -= random.Int64N(40 * 86400)
			body += `,"stage_since":"` + time.Unix(d.since, 0).UTC().Format(time.RFC3339) + `"`
		}
		d.id = r.json(201, "POST", "/deals", body+"}")["id"].(string)
		deals = append(deals, d)
		r.clock.Advance(7 * time.Hour)
	}
	for range 6 {
		add("prospect", "Lead", "")
	}
	r.want(201, "PUT", "/pipelines/sales", `{"kind":"deal","stages":[{"name":"lead","probability":10,"stale_after":"14d"},{"name":"demo","probability":33,"stale_after":"48h"},{"name":"proposal","probability":50},{"name":"won","is":"won"},{"name":"lost","is":"lost"}]}`)
	for range 30 {
		add("lead", "proposal", "demo", "won", "lost", "")
	}
	for i := range deals {
		deals[i].stage = strings.ToLower(deals[i].stage) // as the pipeline compares it
	}
	return deals
}

// finds checks which deals a filter finds.
func (r *rig) finds(deals []modelDeal, filter string, want func(modelDeal) bool) {
	r.t.Helper()
	got, wanted := map[string]bool{}, map[string]bool{}
	for _, item := range r.json(200, "GET", "/deals?limit=200&"+filter, "")["items"].([]any) {
		got[item.(map[string]any)["id"].(string)] = true
	}
	for _, d := range deals {
		if want(d) {
			wanted[d.id] = true
		}
	}
	if !maps.Equal(got, wanted) {
		r.t.Errorf("%s finds %v, want %v", filter, slices.Sorted(maps.Keys(got)), slices.Sorted(maps.Keys(wanted)))
	}
}

// sorts checks an order, read in pages: by a value, then by id, what has none last.
func (r *rig) sorts(deals []modelDeal, sort string, value func(modelDeal) (int64, bool)) {
	r.t.Helper()
	deals = slices.Clone(deals)
	slices.SortStableFunc(deals, func(a, b modelDeal) int {
		x, has := value(a)
		y, other := value(b)
		if has != other {
			return map[bool]int{true: -1, false: 1}[has]
		}
		if !has {
			return 0
		}
		return cmp.Compare(x, y)
	})
	var want, got []string
	for _, d := range deals {
		want = append(want, d.id)
	}
	for path := "/deals?limit=7&sort=" + sort; ; {
		page := r.json(200, "GET", path, "")
		for _, item := range page["items"].([]any) {
			got = append(got, item.(map[string]any)["id"].(string))
		}
		next, more := page["next_cursor"].(string)
		if !more {
			break
		}
		path = "/deals?limit=7&sort=" + sort + "&cursor=" + next
	}
	if !slices.Equal(got, want) {
		r.t.Errorf("sorted by %s: %v, want %v", sort, got, want)
	}
}

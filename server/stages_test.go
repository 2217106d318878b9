package server_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"
)

// stagesModel replays the writes of a record, to compare its history with: the visits follow from the
// stages and times that it was given, in their order.
type stagesModel struct {
	visits []modelVisit
	stage  string
	since  int64 // seconds; 0: not known
}

// modelVisit is a stage and the seconds of its begin and end.
type modelVisit struct {
	stage       string
	since, till int64
}

// move notes that the record is in a stage since a time.
func (m *stagesModel) move(stage string, since, now int64) {
	if stage == m.stage && since == m.since {
		return
	}
	joined := 0                            // how many visits end where the one began whose time is another one
	if stage == m.stage && m.stage != "" { // the time of the same visit is another one
		n := len(m.visits) - 1
		if n > 0 && m.visits[n-1].till == m.visits[n].since {
			joined = n
		}
		m.visits = m.visits[:n]
	}
	end := now
	if stage != "" {
		end = since
		for len(m.visits) > 0 && m.visits[len(m.visits)-1].since > since {
			m.visits = m.visits[:len(m.visits)-1]
		}
		if at := slices.IndexFunc(m.visits, func(v modelVisit) bool { return v.stage == stage && v.since == since }); at >= 0 {
			m.visits = m.visits[:at]
		}
	}
	if n := len(m.visits); n > 0 && (m.visits[n-1].till == 0 || m.visits[n-1].till > end || joined == n) {
		m.visits[n-1].till = end
	}
	if stage != "" {
		m.visits = append(m.visits, modelVisit{stage: stage, since: since})
	}
	if m.stage, m.since = stage, since; stage == "" {
		m.since = 0
	}
}

// history returns what a record answers below /stages, in the form of the model.
func (r *rig) history(path string) (list []modelVisit) {
	r.t.Helper()
	for _, item := range r.json(200, "GET", path+"/stages", "")["items"].([]any) {
		row := item.(map[string]any)
		list = append(list, modelVisit{row["stage"].(string), secondsOf(row["since"]), secondsOf(row["until"])})
	}
	return list
}

// secondsOf returns a time of JSON, 0 if there is none.
func secondsOf(v any) int64 {
	text, _ := v.(string)
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return 0
	}
	return at.Unix()
}

// TestStagesFollowTheLog gives deals stages, with times in the past among them, takes changes back, deletes
// deals and brings them back, and compares each history with a model.
func TestStagesFollowTheLog(t *testing.T) {
	for seed := range uint64(6) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			r := newRig(t).as("jane@acme.com")
			random := rand.New(rand.NewPCG(seed, 7))
			path := "/deals/" + r.json(201, "POST", "/deals", `{"title":"Seats"}`)["id"].(string)
			m := &stagesModel{}
			for range 25 {
				r.clock.Advance(time.Duration(1+random.IntN(5)) * time.Hour)
				r.stagesStep(path, m, random)
				if got := r.history(path); !slices.Equal(got, m.visits) {
					t.Fatalf("seed %d: the history is\n%+v, want\n%+v\n%s", seed, got, m.visits, r.want(200, "GET", "/audit?target="+strings.TrimPrefix(path, "/deals/"), ""))
				}
			}
		})
	}
}

// stagesStep does one thing to the deal and to its model.
func (r *rig) stagesStep(path string, m *stagesModel, random *rand.Rand) {
	r.t.Helper()
	now := r.clock.Now().Unix()
	stage := []string{"lead", "proposal", "demo", ""}[random.IntN(4)]
	switch random.IntN(5) {
	case 0: // a time in the past
		if stage == "" {
			stage = "lead"
		}
		since := now - random.Int64N(40)*3600
		r.want(200, "PATCH", path, fmt.Sprintf(`{"stage":"%s","stage_since":"%s"}`, stage, time.Unix(since, 0).UTC().Format(time.RFC3339)))
		if since == m.since { // it was sent as it was
			if stage != m.stage {
				since = now
			}
		}
		m.move(stage, since, now)
	case 1: // undone
		was := *m
		m.visits, was.visits = slices.Clone(m.visits), slices.Clone(m.visits)
		if stage == m.stage || stage == "" {
			return
		}
		group := r.json(200, "PATCH", path, `{"stage":"`+stage+`"}`)["change"].(string)
		m.move(stage, now, now)
		r.clock.Advance(time.Hour)
		r.want(200, "POST", "/undo", `{"change":"`+group+`"}`)
		m.move(was.stage, was.since, r.clock.Now().Unix())
	case 2: // deleted and brought back
		confirmed, _ := r.asked("DELETE", path, "")
		r.want(200, "DELETE", path+"?confirm="+confirmed, "")
		r.clock.Advance(time.Hour)
		r.want(200, "POST", path+"/restore", "")
	default:
		if stage == "" {
			r.want(200, "PATCH", path, `{"stage":null}`)
		} else {
			r.want(200, "PATCH", path, `{"stage":"`+stage+`"}`)
		}
		if stage != m.stage {
			m.move(stage, now, now)
		}
	}
}

// TestDaysInStageOfThePastAreThoseOfThen asks for deals of five days ago, as a list, as a filter and as a record.
func TestDaysInStageOfThePastAreThoseOfThen(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	r.want(201, "PUT", "/pipelines/sales", `{"kind":"deal","stages":[{"name":"lead","stale_after":"7d"},{"name":"won","is":"won"}]}`)
	d := r.json(201, "POST", "/deals", `{"title":"Roof","stage":"lead"}`)["id"].(string)
	r.clock.Advance(10 * 24 * time.Hour)
	for path, want := range map[string]string{
		"/deals?fields=days_in_stage,stale":                           " days_in_stage=10 stale=yes",
		"/deals?fields=days_in_stage,stale&at=-5d":                    " days_in_stage=5\n",
		"/deals?fields=days_in_stage,stale&at=-5d&days_in_stage=lt:6": " days_in_stage=5\n",
		"/deals?at=-5d&stale=yes":                                     "# 0 deals",
		"/deals/" + d + "?at=-5d&fields=days_in_stage,stale":          " days_in_stage=5\n",
		"/deals?days_in_stage=gte:10":                                 "# 1 of 1 deal",
	} {
		if got := r.want(200, "GET", path, ""); !strings.Contains(got, want) {
			t.Errorf("%s lacks %q:\n%s", path, want, got)
		}
	}
}

// TestUndoneStagesLeaveNoVisits undoes moves within one second, and one from a stage of which it is not known since when
// the record is in it: the history is as before. A time that is taken away changes no other visit.
func TestUndoneStagesLeaveNoVisits(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	path := "/deals/" + r.json(201, "POST", "/deals", `{"title":"Seats","stage":"lead"}`)["id"].(string)
	move := func(stage string) (group string) {
		return r.json(200, "PATCH", path, `{"stage":"`+stage+`"}`)["change"].(string)
	}
	move("proposal")
	before := r.history(path)
	r.undoneGroup(move("lost"))
	if got := r.history(path); len(before) != 2 || !slices.Equal(got, before) {
		t.Errorf("after an undo within the second the history is %+v, want %+v", got, before)
	}
	r.clock.Advance(48 * time.Hour)
	r.want(200, "PATCH", path, `{"stage_since":null}`)
	if got := r.history(path); len(got) != 2 || got[0] != before[0] || got[1] != (modelVisit{stage: "proposal"}) {
		t.Errorf("without the time the history is %+v, it was %+v", got, before)
	}
	before = r.history(path)
	r.undoneGroup(move("won"))
	if got := r.history(path); !slices.Equal(got, before) {
		t.Errorf("after an undo to a stage without a time the history is %+v, want %+v", got, before)
	}
}

// TestOutcomesFollowStages renames, merges and changes stages that are won or lost: the deals in them have that status.
func TestOutcomesFollowStages(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	put := func(stages string) string {
		return r.call("PUT", "/pipelines/sales", `{"kind":"deal","stages":[`+stages+`]}`, "Accept", "application/json").body
	}
	put(`{"name":"inquiry"},{"name":"offer"},{"name":"signed","is":"won"}`)
	deals := map[string]string{}
	for _, stage := range []string{"inquiry", "offer", "signed"} {
		deals[stage] = r.json(201, "POST", "/deals", `{"title":"`+stage+`","stage":"`+stage+`"}`)["id"].(string)
	}
	is := func(deal, stage, status string) {
		t.Helper()
		if d := r.json(200, "GET", "/deals/"+deals[deal]+"?format=json", ""); d["stage"] != stage || d["status"] != status || (d["closed_at"] != nil) != (status != "open") {
			t.Errorf("the deal %s is in %v, %v, closed at %v; want %s, %s", deal, d["stage"], d["status"], d["closed_at"], stage, status)
		}
	}
	put(`{"name":"offer"},{"name":"signed","is":"won"},{"name":"dropped","was":"inquiry","is":"lost"}`)
	is("inquiry", "dropped", "lost")
	put(`{"name":"offer"},{"name":"checked","was":"signed"},{"name":"dropped","is":"lost"},{"name":"done","is":"won"}`)
	is("signed", "checked", "open")
	put(`{"name":"offer","is":"won"},{"name":"checked"},{"name":"dropped"}`)
	is("offer", "offer", "won")
	is("inquiry", "dropped", "open")
	// The last change of a pipeline that moved deals is undone with these, or not at all.
	put(`{"name":"won deal","was":"offer","is":"won"},{"name":"checked"},{"name":"dropped"}`)
	p := r.json(200, "GET", "/pipelines/sales?format=json", "")["handle"].(string)
	if a := r.call("POST", "/undo", `{"record":"`+p+`"}`); a.status != 409 || !strings.Contains(a.body, "part_of_change") {
		t.Errorf("%d %s", a.status, a.body)
	}
	is("offer", "won deal", "won")
}

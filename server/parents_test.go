package server_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"crmkit/store"
	"crmkit/store/circle"
	"crmkit/store/storetest/kit"
)

// under makes a company under another one, and returns its id.
func (r *rig) under(name, parent string) string {
	r.t.Helper()
	body := `{"name":"` + name + `"}`
	if parent != "" {
		body = `{"name":"` + name + `","parent_id":"` + parent + `"}`
	}
	return r.json(201, "POST", "/companies", body)["id"].(string)
}

// TestParentsOfCompanies makes a group of companies, finds them by it, and fails to close a circle.
func TestParentsOfCompanies(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	top := r.under("Holding", "")
	middle := r.under("Europe", top)
	low := r.under("Berlin", middle)
	contains(t, r.want(200, "GET", "/companies/"+low, ""), "parent_id="+middle, "parent.name=Europe")
	contains(t, r.want(200, "GET", "/companies?parent="+top, ""), "name=Europe", "# 1 of 1 company")
	contains(t, r.want(200, "GET", "/companies?parent_id="+top, ""), "name=Europe", "# 1 of 1 company")
	contains(t, r.want(200, "GET", "/companies?parent.name=Europe", ""), "name=Berlin", "# 1 of 1 company")
	contains(t, r.want(200, "GET", "/companies?parent.parent.name=Holding", ""), "name=Berlin", "# 1 of 1 company")
	contains(t, r.want(200, "GET", "/companies?companies.name=Berlin", ""), "name=Europe", "# 1 of 1 company")
	contains(t, r.want(200, "GET", "/companies?group=parent&sort=-count", ""), "count=1")
	contains(t, r.want(400, "PATCH", "/companies/"+top, `{"parent_id":"`+low+`"}`),
		fmt.Sprintf("parent_id closes a circle: company/%s -> company/%s -> company/%s -> company/%[1]s", top, low, middle), `first PATCH /companies/`+middle+` {"parent_id":null}`)
	contains(t, r.want(400, "PATCH", "/companies/"+top, `{"parent_id":"`+top+`"}`), "cannot be its own")
	contains(t, r.want(200, "GET", "/companies/"+low+"/brief", ""), "parent.name=Europe")
	contains(t, r.want(200, "GET", "/companies/"+middle+"/brief", ""), "parent.name=Holding", "company/"+low+" name=Berlin")
	change := r.json(200, "PATCH", "/companies/"+low, `{"parent_id":null}`)["change"].(string)
	r.want(200, "PATCH", "/companies/"+middle, `{"parent_id":"`+low+`"}`) // above it now
	contains(t, r.undone(`{"change":"`+change+`"}`), "parent_id", "belongs to it by now")
	r.noCircles()
	token, _ := r.asked("DELETE", "/companies/"+low, "")
	r.want(200, "DELETE", "/companies/"+low+"?confirm="+token, "")
	contains(t, r.want(200, "GET", "/companies?parent_id=is:null", ""), "name=Europe", "name=Holding")
	r.want(200, "PATCH", "/companies/"+top, `{"parent_id":"`+middle+`"}`)
	r.want(200, "POST", "/companies/"+low+"/restore", "")
	contains(t, r.want(200, "GET", "/companies/"+middle, ""), "parent_id="+low)
	r.noCircles()
}

// parents returns the parents of the companies.
func (r *rig) parents() map[string]string {
	r.t.Helper()
	all := map[string]string{}
	for _, item := range r.json(200, "GET", "/companies?limit=200", "")["items"].([]any) {
		row := item.(map[string]any)
		all[row["id"].(string)], _ = row["parent_id"].(string)
	}
	return all
}

// noCircles checks that no company belongs to itself.
func (r *rig) noCircles() {
	r.t.Helper()
	all := r.parents()
	for id := range all {
		n := 0
		for at := all[id]; at != ""; at = all[at] {
			if n++; n > len(all) {
				r.t.Fatalf("company %s is in a circle: %v", id, all)
			}
		}
	}
}

// TestParentsKeepNoCircle moves, merges, deletes, restores and undoes companies at random. No company belongs to itself, and
// moves are refused only if they would make it so.
func TestParentsKeepNoCircle(t *testing.T) {
	seed := kit.Seed(t)
	for run := range uint64(4) {
		t.Run(fmt.Sprint("run ", run), func(t *testing.T) {
			r := newRig(t).as("jane@acme.com")
			random := rand.New(rand.NewPCG(seed, run))
			var ids, groups []string
			for i := range 7 {
				ids = append(ids, r.under(fmt.Sprint("Company ", i), ""))
			}
			for range 60 {
				a, b := ids[random.IntN(len(ids))], ids[random.IntN(len(ids))]
				switch random.IntN(8) {
				case 0:
					if made := r.call("POST", "/companies/"+a+"/merge", `{"from":["`+b+`"]}`); made.status == 409 && tokenIs.MatchString(made.body) {
						made = r.call("POST", "/companies/"+a+"/merge?confirm="+confirmOf(made.body), `{"from":["`+b+`"]}`)
						groups = append(groups, regexpChange.FindString(made.body))
					}
				case 1:
					if gone := r.call("DELETE", "/companies/"+a, ""); gone.status == 409 {
						r.call("DELETE", "/companies/"+a+"?confirm="+confirmOf(gone.body), "")
					}
				case 2:
					r.call("POST", "/companies/"+a+"/restore", "")
				case 3:
					if len(groups) > 0 {
						group := groups[random.IntN(len(groups))]
						if a := r.call("POST", "/undo", `{"change":"`+group+`"}`); a.status == 409 && tokenIs.MatchString(a.body) {
							r.call("POST", "/undo?confirm="+confirmOf(a.body), `{"change":"`+group+`"}`)
						}
					}
				default:
					groups = append(groups, r.moved(a, b))
				}
				r.noCircles()
			}
		})
	}
}

// moved moves a company under another one, if both are there and that closes no circle, and returns the change.
func (r *rig) moved(id, to string) string {
	r.t.Helper()
	all := r.parents()
	_, is := all[id]
	_, there := all[to]
	closes := false
	for at := to; at != ""; at = all[at] {
		closes = closes || at == id
	}
	a := r.call("PATCH", "/companies/"+id, `{"parent_id":"`+to+`"}`, "Accept", "application/json")
	if is && there && (a.status == 200) == closes {
		r.t.Fatalf("%s under %s in %v: %d %s", id, to, all, a.status, a.body)
	}
	return regexpChange.FindString(a.body)
}

// TestParentsAtOnce has clients put companies under each other at once, each of which alone closes no circle.
func TestParentsAtOnce(t *testing.T) {
	for _, s := range feedSetups() {
		t.Run(s.String(), func(t *testing.T) {
			r := s.newRig(t, store.Options{}).as("jane@acme.com")
			for round := range 4 {
				ids := []string{r.under("A", ""), r.under("B", ""), r.under("C", "")}
				done := make([]answer, len(ids))
				together(len(ids), func(i int) {
					done[i] = r.call("PATCH", "/companies/"+ids[i], `{"parent_id":"`+ids[(i+1)%len(ids)]+`"}`)
				})
				refused := 0
				for _, a := range done {
					if a.status == 400 && strings.Contains(a.body, "closes a circle") {
						refused++
					} else if a.status != 200 {
						t.Errorf("%d %s", a.status, a.body)
					}
				}
				if refused != 1 {
					t.Errorf("round %d: %d of %d were refused", round, refused, len(ids))
				}
			}
			r.noCircles()
		})
	}
}

// TestParentsAreMerged merges companies into those below and above them.
func TestParentsAreMerged(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	root := r.under("Root", "")
	a := r.under("A", root)
	b := r.under("B", a)
	c := r.under("C", b)
	r.merged("/companies/"+c, a) // C takes the place of A
	contains(t, r.want(200, "GET", "/companies/"+c, ""), "parent_id="+root)
	contains(t, r.want(200, "GET", "/companies/"+b, ""), "parent_id="+c)
	r.merged("/companies/"+root, b)
	contains(t, r.want(200, "GET", "/companies/"+c, ""), "parent_id="+root)
	if got := r.want(200, "GET", "/companies/"+root, ""); strings.Contains(got, "parent_id") {
		t.Errorf("the root is %s", got)
	}
	r.noCircles()
}

// TestParentsMove exports companies of which some belong to later ones, and imports them elsewhere, and rows of a file.
func TestParentsMove(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	var ids []string
	for i := range 260 {
		ids = append(ids, r.under(fmt.Sprintf("Company %03d", i), ""))
	}
	for i := range 40 { // each belongs to the next one, in chains of ten
		if i%10 != 9 {
			r.want(200, "PATCH", "/companies/"+ids[i], `{"parent_id":"`+ids[i+1]+`"}`)
		}
	}
	r.want(200, "PATCH", "/companies/"+ids[100], `{"parent_id":"`+ids[259]+`"}`)
	file := r.want(200, "GET", "/export", "")
	other := *r
	other.header = r.header.Clone()
	other.as("bob@other.com")
	contains(t, other.want(200, "POST", "/import?dry_run=1", file), "260 created")
	contains(t, other.want(200, "POST", "/import", file), "260 created")
	contains(t, other.want(200, "POST", "/import", file), "260 unchanged")
	contains(t, other.want(200, "GET", "/companies?parent_id=not:null&total=exact&limit=1", ""), "of 37 companies")
	contains(t, other.want(200, "GET", "/companies?parent.name=Company%20259", ""), `name="Company 100"`)
	contains(t, other.want(200, "POST", "/import/companies", "name,parent\nSouth,North\nNorth,\nEast,South\n", "Content-Type", "text/csv"), "created")
	contains(t, other.want(200, "GET", "/companies?parent.parent.name=North", ""), "name=East")
}

// TestParentsAreFew puts companies under each other, one by one and with one below, until too many are above one.
func TestParentsAreFew(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	ids := []string{r.under("Level 0", "")}
	for i := range circle.MaxAbove {
		ids = append(ids, r.under(fmt.Sprint("Level ", i+1), ids[i]))
	}
	lowest := ids[circle.MaxAbove]
	contains(t, r.want(400, "POST", "/companies", `{"name":"Below","parent_id":"`+lowest+`"}`), "parent_id: more than 50 companies would be above", "GET /companies/"+lowest)
	upper := r.under("Upper", "")
	lower := r.under("Lower", upper)
	contains(t, r.want(400, "PATCH", "/companies/"+upper, `{"parent_id":"`+ids[circle.MaxAbove-1]+`"}`), "parent_id: more than 50 companies would be above")
	r.want(200, "PATCH", "/companies/"+upper, `{"parent_id":"`+ids[circle.MaxAbove-2]+`"}`)
	contains(t, r.want(400, "POST", "/companies", `{"name":"Below","parent_id":"`+lower+`"}`), "more than 50 companies")
	other := *r
	other.header = r.header.Clone()
	other.as("bob@other.com")
	contains(t, other.want(200, "POST", "/import", r.want(200, "GET", "/export", "")), "53 created")
	r.noCircles()
}

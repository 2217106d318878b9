package store

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"crmkit/crm"
	"crmkit/store/table"
)

// answers returns what a store says to questions whose answers it may keep in memory.
func (f *fixture) answers(actor crm.Actor, records []crm.Record, asked map[string][]string) (said []string) {
	f.t.Helper()
	for _, rec := range records {
		got, err := f.Record(f.t.Context(), actor, rec.Entity, rec.Key)
		said = append(said, fmt.Sprintf("%s %s %s", rec.Handle(), codeOf(err), shown(got)))
	}
	for _, e := range f.Schema.Records() {
		for _, params := range asked[e.Name] {
			for _, limit := range []string{"", "&limit=1"} {
				page := f.list(actor, e.Name, params+limit)
				line := fmt.Sprint(e.Plural, "?", params, limit, ": ", page.Total)
				for _, rec := range page.Records {
					line += " " + shown(rec)
				}
				said = append(said, line)
			}
		}
	}
	return said
}

// shown returns all of a record in one line.
func shown(rec crm.Record) string {
	if rec.Entity == nil {
		return ""
	}
	line := rec.ID
	for i, v := range rec.Values {
		if v.Set() {
			line += fmt.Sprintf(" %s=%v%s", rec.Entity.Fields[i].Name, table.Arg(v), rec.Labels[i])
		}
	}
	return line
}

// TestStepsOfOthersAreSeen has one process do what remains of a change in steps. After
// every commit another process, whose memory holds answers of before, says the same as one
// that has no memory.
func TestStepsOfOthersAreSeen(t *testing.T) {
	changes := map[string]func(f *fixture, ann crm.Actor, company crm.Record, contacts []crm.Record){
		"move": func(f *fixture, ann crm.Actor, _ crm.Record, contacts []crm.Record) {
			f.update(ann, contacts[0], "company_id", f.save(ann, "company", "name", "Other"))
		},
		"delete of a company": func(f *fixture, ann crm.Actor, company crm.Record, _ []crm.Record) { f.remove(ann, company) },
		"delete of a contact": func(f *fixture, ann crm.Actor, _ crm.Record, contacts []crm.Record) { f.remove(ann, contacts[0]) },
	}
	for name, change := range changes {
		t.Run(name, func(t *testing.T) {
			f := onFile(t)
			ann := f.member("ann@example.com")
			company, contacts := f.group(ann, 6)
			for range 10 {
				f.save(ann, "activity", "body", "lunch", "kind", "call", "contact_id", contacts[0])
			}
			f.cascades.atOnce, f.cascades.step = 2, 2
			bare, opts := f.opts, f.opts
			bare.retry, opts.retry = time.Hour, time.Hour // the steps are the first process's
			bare.Caches = &Caches{}
			beside, truth := openWith(t, f.clock, opts), openWith(t, f.clock, bare)
			asked := map[string][]string{
				"contact":  {"", "company_id=" + company.ID, "company.name=Acme", "search=acme", "activities=gt:2", "company.activities=gt:4"},
				"company":  {"", "activities=gt:0", "activities=gt:14", "search=acme", "last_activity=not:null", "on_behalf_of=boss@acme.com"},
				"activity": {"", "contact_company_id=" + company.ID, "contact_company_id=not:null", "company=" + company.ID, "contact_id=" + contacts[0].ID, "search=lunch", "search=acme"},
			}
			records := append(slices.Clone(contacts), company)
			beside.answers(ann, records, asked)
			commits := 0
			f.Watch(func(Batch) { // it is on disk, and nothing else is written until this returns
				commits++
				want := truth.answers(ann, records, asked)
				got := beside.answers(ann, records, asked)
				if now := truth.answers(ann, records, asked); !slices.Equal(want, now) {
					return // another process went on meanwhile
				}
				for i := range want {
					if got[i] != want[i] {
						t.Errorf("after %d commits the process beside says\n%s\nand the tables\n%s", commits, got[i], want[i])
					}
				}
			})
			change(f, ann, company, contacts)
			f.settled()
			if err := f.Close(); err != nil { // before the others, which every commit asks
				t.Fatal(err)
			}
			if commits < 5 {
				t.Errorf("%d commits, too few to be steps", commits)
			}
		})
	}
}

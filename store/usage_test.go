package store

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"crmkit/crm"
	"crmkit/crm/catalog"
	"crmkit/store/storetest/kit"
)

// checkCounters compares the stored counters of a workspace with a recount.
func (f *fixture) checkCounters(actor crm.Actor) {
	f.t.Helper()
	used, err := f.Usage(f.t.Context(), actor)
	if err != nil {
		f.t.Fatal(err)
	}
	for _, u := range used {
		text, of := "SELECT COUNT(*) FROM "+u.Resource+" WHERE workspace_id = $1", actor.Workspace
		if u.Resource == "workspaces" {
			text, of = "SELECT COUNT(*) FROM workspaces WHERE made_by = $1", actor.User
		}
		if u.Resource == catalog.Storage {
			text = storedBytes
		}
		counted := f.raw(1, text, of)
		if fmt.Sprint(u.Used) != counted[0] {
			f.t.Errorf("%s: usage says %d, there are %s", u.Resource, u.Used, counted[0])
		}
	}
}

func TestUsageEqualsARecount(t *testing.T) {
	engines(t, func(t *testing.T, f *fixture) {
		actors := []crm.Actor{f.member("ann@example.com"), f.member("bob@example.com")}
		kit.Together(8, func(worker int) {
			actor := actors[worker%2]
			random := rand.New(rand.NewPCG(7, uint64(worker)))
			var mine []crm.Record
			for range 60 {
				mine = f.churn(actor, random, mine)
			}
		})
		for _, actor := range actors {
			f.checkCounters(actor)
		}
	})
}

// churn creates or deletes a record, sometimes in a write that then fails.
func (f *fixture) churn(actor crm.Actor, random *rand.Rand, mine []crm.Record) []crm.Record {
	oops := fmt.Errorf("oops")
	fail := random.IntN(5) == 0
	at := 0
	deleting := len(mine) > 0 && random.IntN(3) == 0
	if deleting {
		at = random.IntN(len(mine))
	}
	drafts := []Draft{f.draft("contact", "name", "n"), f.draft("company", "name", "n"), f.draft("deal", "title", "n")}
	if len(mine) > 0 && mine[0].Entity.Name == "contact" {
		drafts = append(drafts, f.draft("activity", "body", "b", "contact_id", mine[0]))
	}
	var out Outcome
	err := f.Write(f.t.Context(), actor, func(tx *Tx) (err error) {
		if deleting {
			if out.After, err = tx.Fetch(mine[at].Entity, mine[at].Key); err == nil {
				_, err = tx.Delete(out.After)
			}
		} else {
			out, err = tx.Save(drafts[random.IntN(len(drafts))])
		}
		if err == nil && fail {
			err = oops
		}
		return err
	})
	switch {
	case fail || deleting && kit.CodeOf(err) == crm.NotFound:
	case err != nil:
		f.t.Errorf("churn: %v", err)
	case deleting:
		return slices.Delete(mine, at, at+1)
	default:
		return append(mine, out.After)
	}
	return mine
}

func TestPlanLimitOfConcurrentCreates(t *testing.T) {
	engines(t, func(t *testing.T, f *fixture) {
		ann := f.member("ann@example.com")
		ann.Plan = "free"
		limit := catalog.BuiltinPlans().Cap("free", "contacts")
		f.write(ann, func(tx *Tx) error {
			return tx.Exec("INSERT INTO usage (workspace_id, kind, last, n) VALUES ($1, 'contacts', $2, $2)", ann.Workspace, limit-1)
		})
		var made, refused atomic.Int64
		kit.Together(50, func(i int) {
			_, err := f.trySave(ann, f.draft("contact", "name", "n", "email", fmt.Sprintf("n%d@example.com", i)))
			switch kit.CodeOf(err) {
			case "":
				made.Add(1)
			case crm.PlanLimitReached:
				refused.Add(1)
			default:
				t.Errorf("create: %v", err)
			}
		})
		if made.Load() != 1 || refused.Load() != 49 {
			t.Errorf("%d created and %d refused at the limit", made.Load(), refused.Load())
		}
		if got := f.raw(2, "SELECT n || ' ', last FROM usage WHERE workspace_id = $1 AND kind = 'contacts'", ann.Workspace); got[0] != fmt.Sprint(limit, " ", limit) {
			t.Errorf("usage is %q, want n and last %d", got, limit)
		}
	})
}

func TestFullPlanAllowsUpdatesAndDeletes(t *testing.T) {
	engines(t, func(t *testing.T, f *fixture) {
		ann := f.member("ann@example.com")
		ann.Plan = "free"
		jane := f.save(ann, "contact", "name", "Jane", "email", "jane@acme.com")
		f.write(ann, func(tx *Tx) error {
			return tx.Exec("UPDATE usage SET n = $2 WHERE workspace_id = $1 AND kind = 'contacts'", ann.Workspace, catalog.BuiltinPlans().Cap("free", "contacts"))
		})
		out, err := f.trySave(ann, f.draft("contact", "email", "jane@acme.com", "stage", "lead"))
		if err != nil || out.Result != Updated {
			t.Errorf("upsert on a full plan: %v %v", out.Result, err)
		}
		_, err = f.trySave(ann, f.draft("contact", "name", "Next"))
		kit.WantCode(t, "create on a full plan", err, crm.PlanLimitReached)
		if !strings.Contains(err.Error(), "free allows 1000 contacts") {
			t.Errorf("the hint is %q", err)
		}
		f.save(ann, "company", "name", "another kind")
		f.remove(ann, jane)
		f.save(ann, "contact", "name", "Next")
	})
}

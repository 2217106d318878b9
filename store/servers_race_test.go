package store

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"crmkit/crm"
	"crmkit/crm/catalog"
	"crmkit/store/maintenance"
	"crmkit/store/postgres/pgtest"
	"crmkit/store/storetest/kit"
)

// TestServersOpenAtOnce has many servers open a database at the same time that has no schema yet. One
// makes it, and all have the same secret.
func TestServersOpenAtOnce(t *testing.T) {
	for range 4 {
		address, schema, mu := pgtest.Database(t), builtin(t), sync.Mutex{}
		secrets := map[string]bool{}
		kit.Together(8, func(int) {
			s, err := Open(t.Context(), Options{Path: address, Schema: schema})
			if err != nil {
				t.Errorf("Open: %v", err)
				return
			}
			mu.Lock()
			secrets[string(s.Secret())] = true
			mu.Unlock()
			if err := errors.Join(s.Probe(t.Context()), s.Close()); err != nil {
				t.Error(err)
			}
		})
		if len(secrets) != 1 {
			t.Errorf("the servers have %d secrets", len(secrets))
		}
	}
}

// TestServersUpsertOneRecord saves contacts with a few addresses by two servers at the same time, while
// others delete them. No address has two records, and no save fails.
func TestServersUpsertOneRecord(t *testing.T) {
	onServers(t, func(t *testing.T, s servers) {
		ann := s[0].member("ann@example.com")
		for round := range 10 {
			email := fmt.Sprintf("jane%d@acme.com", round)
			var created sync.Map
			counts := s.outcomes(10, func(f *fixture, worker int) error {
				out, err := f.trySave(ann, f.draft("contact", "name", fmt.Sprint("Jane ", worker), "email", email))
				if out.Result == Created {
					created.Store(out.After.Key, true)
				}
				if worker == 9 && err == nil {
					err = f.tryRemove(ann, out.After)
				}
				return err
			})
			if counts[""] != 10 {
				t.Errorf("saves of one address: %v", counts)
			}
			made := 0
			created.Range(func(any, any) bool { made++; return true })
			if left := s[0].raw(1, "SELECT COUNT(*) FROM contacts WHERE email = $1", email); left[0] > "1" || made < 1 || made > 2 {
				t.Errorf("%s: %d records were made, %s are left", email, made, left[0])
			}
		}
		s[1].checkCounters(ann)
	})
}

// TestServersKeepThePlan makes contacts by two servers up to the cap of the plan, and up to the cap on
// storage. Neither is exceeded at any time, and all room is used.
func TestServersKeepThePlan(t *testing.T) {
	plans := append(catalog.BuiltinPlans(), catalog.Plan{Name: "small", Caps: []catalog.Cap{{Resource: "contacts", Max: 25}}}, catalog.Plan{Name: "tiny", Caps: []catalog.Cap{{Resource: catalog.Storage, Max: 10_000}}})
	onServersWith(t, Options{Plans: plans}, func(t *testing.T, s servers) {
		ann, bob := s[0].member("ann@example.com"), s[1].member("bob@example.com")
		ann.Plan, bob.Plan = "small", "tiny"
		counts := s.outcomes(60, func(f *fixture, worker int) error {
			out, err := f.trySave(ann, f.draft("contact", "name", "n"))
			if used := f.used(ann, "contacts"); used > 25 {
				t.Errorf("%d contacts of 25", used)
			}
			if err == nil && worker%3 == 0 {
				err = f.tryRemove(ann, out.After)
			}
			return err
		})
		if left := s[1].used(ann, "contacts"); left > 25 || counts[""]+counts[crm.PlanLimitReached] != 60 || counts[crm.PlanLimitReached] == 0 {
			t.Errorf("%d contacts of 25 after %v", left, counts)
		}
		counts = s.outcomes(40, func(f *fixture, worker int) error {
			_, err := f.trySave(bob, f.draft("contact", "name", "n", "notes", strings.Repeat("n", 50*worker)))
			return err
		})
		if used := s[0].used(bob, catalog.Storage); used > 10_000 || counts[""]+counts[crm.PlanLimitReached] != 40 || counts[crm.PlanLimitReached] == 0 {
			t.Errorf("%d bytes of 10000 after %v", used, counts)
		}
		s[0].checkCounters(ann)
		s[1].checkCounters(bob)
	})
}

// TestServersAnswerOnce sends a request with an Idempotency-Key to two servers at the same time, many
// times. It is done once, and each gets the answer of that one.
func TestServersAnswerOnce(t *testing.T) {
	onServers(t, func(t *testing.T, s servers) {
		ann := s[0].member("ann@example.com")
		for round := range 10 {
			hash := fmt.Sprint("key", round)
			answers := make([]string, 8)
			counts := s.outcomes(len(answers), func(f *fixture, worker int) error {
				return f.Write(t.Context(), ann, func(tx *Tx) error {
					kept, found, err := tx.IdempotentResponse(hash)
					if found || err != nil {
						answers[worker] = kept.Text
						return err
					}
					out, err := tx.Save(f.draft("contact", "name", "Jane"))
					answers[worker] = out.After.ID
					return errors.Join(err, tx.SaveIdempotentResponse(IdempotentResponse{Hash: hash, Request: "r", Text: out.After.ID}), tx.SaveImportMapping("file", out.After.Entity, hash, out.After.Key))
				})
			})
			if slices.Sort(answers); counts[""] != len(answers) || answers[0] != answers[len(answers)-1] {
				t.Errorf("the answers are %q, with %v", answers, counts)
			}
		}
		if total := s[1].list(ann, "contact", "").Total; total != 10 {
			t.Errorf("10 requests made %d contacts", total)
		}
		s[1].checkCounters(ann)
	})
}

// TestServersDeleteInSteps deletes records with many dependents by two servers at the same time. All
// servers run the steps, and readers of each see the end of a delete from its commit on.
func TestServersDeleteInSteps(t *testing.T) {
	onServers(t, func(t *testing.T, s servers) {
		s.each(func(f *fixture) { f.cascades.atOnce, f.cascades.step = 2, 3 })
		ann, bob := s[0].member("ann@example.com"), s[1].member("bob@example.com")
		actors := []crm.Actor{ann, bob, ann, bob}
		var companies []crm.Record
		for _, actor := range actors {
			company, _ := s[0].group(actor, 12)
			s[0].update(actor, company, "domain", nil)
			companies = append(companies, company)
		}
		kit.Together(len(actors), func(i int) {
			f, g := s.of(i), s.of(i+1)
			if err := f.tryRemove(actors[i], companies[i]); err != nil {
				t.Errorf("delete: %v", err)
			}
			for range 10 {
				if _, err := g.Record(t.Context(), actors[i], companies[i].Entity, companies[i].Key); kit.CodeOf(err) != crm.NotFound {
					t.Errorf("a deleted company: %v", err)
				}
				if n := g.list(actors[i], "contact", "company_id="+companies[i].ID).Total; n != 0 {
					t.Errorf("%d contacts of a deleted company", n)
				}
			}
			f.settled()
		})
		s[1].settled()
		s[0].checkSignals()
		for _, actor := range actors[:2] {
			s[0].checkCounters(actor)
			if got := s[1].list(actor, "activity", "contact_company_id=is:null").Total; got != 48 {
				t.Errorf("%d of 48 activities have no company", got)
			}
		}
		changes := s[0].raw(1, "SELECT COUNT(*) FROM changes WHERE action = 'update' AND target LIKE 'contact/%'")
		if changes[0] != "48" {
			t.Errorf("48 contacts lost their company, in %s entries of the log", changes[0])
		}
	})
}

// TestAnotherServerContinues deletes records in steps by a server that closes before the last. Another
// one completes them, also the delete of a workspace.
func TestAnotherServerContinues(t *testing.T) {
	onServers(t, func(t *testing.T, s servers) {
		s.each(func(f *fixture) { f.cascades.atOnce, f.cascades.step = 4, 1 })
		ann, bob := s[0].member("ann@example.com"), s[0].member("bob@example.com")
		company, contacts := s[0].group(ann, 60)
		s[0].group(bob, 10)
		s[0].remove(ann, s[0].fetch(ann, company))
		s[0].write(bob, (*Tx).deleteWorkspace)
		must(t, s[0].Close())
		if left := s[1].raw(1, "SELECT COUNT(*) FROM cascades"); left[0] == "0" {
			t.Error("the first server has done all before it closed, so this test shows nothing")
		}
		s[1].settled()
		for _, c := range contacts {
			if s[1].fetch(ann, c).Value("company_id").Set() {
				t.Errorf("%s still refers to the company", c.Handle())
			}
		}
		s[1].checkSignals()
		s[1].checkCounters(ann)
		for table, rows := range s[1].rowsOf(bob.Workspace) {
			if len(rows) > 0 {
				t.Errorf("%s still has %d rows of a deleted workspace", table, len(rows))
			}
		}
	})
}

// TestServersLeaveReservationsOfOthers opens a second server while the first has reserved storage.
func TestServersLeaveReservationsOfOthers(t *testing.T) {
	onPostgres(t, func(t *testing.T, f *fixture) {
		ann := f.member("ann@example.com")
		before := f.used(ann, catalog.Storage)
		must(t, f.Reserve(t.Context(), ann, "upload", 5000))
		g := f.other()
		if got := g.used(ann, catalog.Storage); got != before+5000 {
			t.Errorf("%d bytes are reserved after a second server was opened, want 5000", got-before)
		}
		must(t, g.Release(t.Context(), ann, "upload"))
		g.checkCounters(ann)
		if got := f.used(ann, catalog.Storage); got != before {
			t.Errorf("%d bytes stay reserved", got-before)
		}
	})
}

var errDeleted = errors.New("the workspace is deleted")

// TestServersDeleteAWorkspace deletes a workspace by one server while the other one writes to it. After
// the answer nothing of it can be written, and nothing is left.
func TestServersDeleteAWorkspace(t *testing.T) {
	onServers(t, func(t *testing.T, s servers) {
		for round := range 5 {
			ann := s[0].member(fmt.Sprintf("ann%d@example.com", round))
			insert := func(tx *Tx) error {
				var number int64 // the check is that of account.Reauthorize
				found, err := tx.Row("SELECT number FROM workspaces WHERE number = $1", []any{ann.Workspace}, &number)
				if err == nil && !found {
					return errDeleted
				}
				return errors.Join(err, s[0].insert("n")(tx))
			}
			var writing sync.WaitGroup
			for worker := range 4 {
				writing.Go(func() {
					for err := error(nil); err == nil; {
						f := s.of(worker)
						if err = f.Write(t.Context(), ann, insert); err != nil && !errors.Is(err, errDeleted) {
							t.Errorf("a write beside the delete: %v", err)
						}
					}
				})
			}
			time.Sleep(20 * time.Millisecond)
			s[1].write(ann, (*Tx).deleteWorkspace)
			writing.Wait()
			kit.Together(2, func(i int) { s.of(i).settled() })
			for table, rows := range s[0].rowsOf(ann.Workspace) {
				if len(rows) > 0 {
					t.Errorf("%s has %d rows of a deleted workspace", table, len(rows))
				}
			}
		}
	})
}

// TestServersPurgeTogether has two servers delete at the same time what has expired, while clients write.
// Counts and storage equal a recount, and the newest entry of each log stays.
func TestServersPurgeTogether(t *testing.T) {
	onServersWith(t, Options{LogDays: maintenance.MinLogDays}, func(t *testing.T, s servers) {
		ann, bob := s[0].member("ann@example.com"), s[1].member("bob@example.com")
		actors := []crm.Actor{ann, bob}
		for i := range 300 {
			s.of(i).write(actors[i%2], func(tx *Tx) error {
				return errors.Join(tx.SaveIdempotentResponse(IdempotentResponse{Hash: fmt.Sprint(i), Request: "r", Text: "text"}), tx.Log("test", "thing/1", "n", fmt.Sprint(i)))
			})
		}
		s.each(func(f *fixture) { f.clock.Advance(40 * 24 * time.Hour) })
		rec := s[0].save(ann, "contact", "name", "Jane")
		kit.Together(6, func(worker int) {
			if worker < 4 {
				s.of(worker).Purge(t.Context())
				return
			}
			for i := range 20 {
				s.of(worker).update(ann, rec, "notes", fmt.Sprint("n", worker, ".", i))
			}
		})
		for i, actor := range actors {
			s.of(i).checkCounters(actor)
		}
		left := s[0].raw(1, "SELECT workspace_id || ' ' || COUNT(*) FROM log WHERE workspace_id IN ($1, $2) GROUP BY workspace_id ORDER BY workspace_id", ann.Workspace, bob.Workspace)
		if want := []string{fmt.Sprint(ann.Workspace, " 41"), fmt.Sprint(bob.Workspace, " 1")}; !slices.Equal(left, want) {
			t.Errorf("the logs have %q, want %q", left, want)
		}
		if kept := s[1].raw(1, "SELECT COUNT(*) FROM kept_answers"); kept[0] != "0" {
			t.Errorf("%s answers are kept for too long", kept[0])
		}
	})
}

// TestServersKeepTheLatestUse has two servers note uses of a token, and write them in another order.
func TestServersKeepTheLatestUse(t *testing.T) {
	onServers(t, func(t *testing.T, s servers) {
		ann := s[0].member("ann@example.com")
		ann.TokenID = s[0].token(ann, "hash")
		s[1].clock.Advance(time.Hour)
		s[1].MarkUsed(ann)
		s[0].clock.Advance(2 * time.Hour)
		s[0].MarkUsed(ann)
		latest := fmt.Sprint(s[0].Now().UnixMilli())
		s[0].FlushLastUsed(t.Context())
		s[1].FlushLastUsed(t.Context())
		if saved := s[1].raw(1, "SELECT last_used_at FROM tokens WHERE id = $1", ann.TokenID); saved[0] != latest {
			t.Errorf("the token was used at %s, and %s is saved", latest, saved[0])
		}
	})
}

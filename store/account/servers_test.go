package account

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"crmkit/crm"
	"crmkit/crm/catalog"
	"crmkit/store"
	"crmkit/store/refusal"
	"crmkit/store/storetest/kit"
)

// servers are stores on one database of PostgreSQL, as several processes have it.
type servers []*fixture

// onServers runs a test with two servers of one database. Their clocks differ.
func onServers(t *testing.T, test func(t *testing.T, s servers)) {
	t.Helper()
	f := openAt(t, newPostgres(t))
	test(t, servers{f, f.other()})
}

// other opens a further server on the database of a fixture. Its clock is late, and its random values
// are others.
func (f *fixture) other() *fixture {
	f.t.Helper()
	opts := f.opts
	opts.Rand = rand.NewChaCha8([32]byte{2})
	return openWith(f.t, kit.ClockAt(f.clock.Now().Add(-3*time.Second)), opts)
}

// outcomes is kit.Outcomes with writes by all servers.
func (s servers) outcomes(n int, write func(f *fixture, worker int) error) map[crm.Code]int {
	return kit.Outcomes(n, func(worker int) error { return write(s.of(worker), worker) })
}

// of returns the server of a worker.
func (s servers) of(worker int) *fixture { return s[worker%len(s)] }

// TestServersSignUpOneUser has two servers sign in a new address at the same time, and again. There is one
// user with one workspace, and the invites of the address are accepted once.
func TestServersSignUpOneUser(t *testing.T) {
	onServers(t, func(t *testing.T, s servers) {
		ann := s[0].member("ann@example.com")
		for round := range 10 {
			email := fmt.Sprintf("new%d@example.com", round)
			if round%2 == 0 {
				if _, err := s.of(round).tryInvite(ann, email, crm.RoleMember); err != nil {
					t.Fatal(err)
				}
			}
			kit.Together(6, func(worker int) {
				var list []Workspace
				err := s.of(worker).Write(t.Context(), crm.Actor{}, func(tx *store.Tx) (err error) {
					list, err = SignIn(tx, email)
					return err
				})
				if want := 2 - round%2; err != nil || len(list) != want {
					t.Errorf("%s has %d workspaces, want %d: %v", email, len(list), want, err)
				}
			})
			if users := s[0].raw(1, "SELECT workspaces FROM users WHERE email = $1", email); !slices.Equal(users, []string{"1"}) {
				t.Errorf("the users with the address have made %v workspaces", users)
			}
		}
		if joined := s[1].raw(1, "SELECT COUNT(*) FROM changes WHERE action = 'member.join'"); joined[0] != "5" {
			t.Errorf("%s joined of 5", joined[0])
		}
		s[1].checkCounters(ann)
	})
}

// TestServersKeepCaps makes members, workspaces and events of a quota up to their caps, by two servers.
func TestServersKeepCaps(t *testing.T) {
	onServers(t, func(t *testing.T, s servers) {
		ann := s[0].member("ann@example.com")
		ann.Plan = "free"
		if _, err := s[1].trySetPlan(ann.Email, "free"); err != nil {
			t.Fatal(err)
		}
		plans := catalog.BuiltinPlans()
		for what, c := range map[string]struct {
			room  int64
			write func(f *fixture, worker int) error
		}{
			"members": {plans.Cap("free", "members") - 1, func(f *fixture, worker int) error {
				_, err := f.tryInvite(ann, fmt.Sprintf("m%d@example.com", worker), crm.RoleMember)
				return err
			}},
			"workspaces": {plans.Cap("free", "workspaces") - 1, func(f *fixture, _ int) error {
				_, err := f.tryMake(ann, "name", "w")
				return err
			}},
			"a quota": {7, func(f *fixture, _ int) error {
				return f.Write(t.Context(), crm.Actor{}, func(tx *store.Tx) error {
					if wait, err := TakeQuota(tx, "q", 7, time.Hour); wait == 0 || err != nil {
						return err
					}
					return refusal.LimitReached("free", 7, "events")
				})
			}},
		} {
			counts := s.outcomes(20, c.write)
			if int64(counts[""]) != c.room || counts[crm.PlanLimitReached] != 20-counts[""] {
				t.Errorf("of 20 %s with room for %d the answers are %v", what, c.room, counts)
			}
		}
		s[0].checkCounters(ann)
	})
}

// TestServersCountTries tries codes by two servers at the same time: at most MaxTries of the wrong ones
// are compared, and a right one works once.
func TestServersCountTries(t *testing.T) {
	onServers(t, func(t *testing.T, s servers) {
		for round := range 6 {
			code := Code{Purpose: "sign-in", Email: fmt.Sprintf("u%d@example.com", round), Hash: "right"}
			s.of(round).write(crm.Actor{}, func(tx *store.Tx) error {
				_, err := IssueCode(tx, code)
				return err
			})
			var results [CodeExhausted + 1]atomic.Int64
			kit.Together(14, func(worker int) {
				tried := code
				if round%2 == 0 || worker%4 > 0 {
					tried.Hash = "wrong"
				}
				err := s.of(worker).Write(t.Context(), crm.Actor{}, func(tx *store.Tx) error {
					result, _, err := TryCode(tx, tried)
					tx.After(func() { results[result].Add(1) })
					return err
				})
				if err != nil {
					t.Errorf("a try: %v", err)
				}
			})
			wrong, right := results[CodeWrong].Load(), results[CodeOK].Load()
			if round%2 == 0 && (wrong != MaxTries || right != 0) || wrong > MaxTries || right > 1 || wrong < MaxTries && right == 0 {
				t.Errorf("round %d: %d wrong codes and %d right ones were compared", round, wrong, right)
			}
			if round%2 == 0 {
				s.checkExhausted(code)
			}
		}
	})
}

// checkExhausted checks that no try is left for a code on any server, also after a new code.
func (s servers) checkExhausted(code Code) {
	for _, f := range s {
		f.write(crm.Actor{}, func(tx *store.Tx) error {
			if wait, err := IssueCode(tx, code); wait == 0 || err != nil {
				f.t.Errorf("a new code is made: %v", err)
			}
			if result, _, err := TryCode(tx, code); result != CodeExhausted || err != nil {
				f.t.Errorf("a further try: %d, %v", result, err)
			}
			return nil
		})
	}
}

// TestServersUseOnce uses each grant, confirmation, refresh token and invite at the same time by two
// servers. One of them succeeds.
func TestServersUseOnce(t *testing.T) {
	onServers(t, func(t *testing.T, s servers) {
		ann := s[0].member("ann@example.com")
		errUsed := crm.Errorf(crm.NotFound, "it was used")
		for round := range 8 {
			name := fmt.Sprint("h", round)
			c := Confirmation{Hash: name, Request: "contact/c_1", Decided: "3"}
			s.of(round).write(ann, func(tx *store.Tx) error {
				_, err := CreateToken(tx, Workspace{Number: ann.Workspace, ID: ann.WorkspaceID}, Token{Hash: name, Refresh: "r" + name, Name: "n", Scope: crm.ScopeFull, Origin: crm.OriginCode})
				return errors.Join(err, CreateGrant(tx, Grant{Hash: name}, Workspace{Number: ann.Workspace}), SaveConfirmation(tx, c))
			})
			for what, use := range map[string]func(tx *store.Tx, worker int) (bool, error){
				"grant": func(tx *store.Tx, worker int) (bool, error) {
					g, found, err := FindGrant(tx, name)
					if err != nil || !found || g.Token != "" {
						return false, err
					}
					return true, UseGrant(tx, g, fmt.Sprint("tok_", worker))
				},
				"confirmation": func(tx *store.Tx, _ int) (bool, error) {
					c, found, err := ConfirmationOf(tx, name)
					if err != nil || !found || c.Answer != "" {
						return false, err
					}
					return true, FinishConfirmation(tx, name, "done")
				},
				"refresh token": func(tx *store.Tx, worker int) (bool, error) {
					r, found, err := FindRefreshToken(tx, "r"+name)
					if err != nil || !found || !r.Used.IsZero() {
						return false, err
					}
					return true, RotateRefreshToken(tx, r, Secrets{fmt.Sprint("a", name, worker), fmt.Sprint("b", name, worker)}, time.Minute)
				},
			} {
				counts := s.outcomes(6, func(f *fixture, worker int) error {
					return f.Write(t.Context(), ann, func(tx *store.Tx) error {
						if first, err := use(tx, worker); first || err != nil {
							return err
						}
						return errUsed
					})
				})
				if counts[""] != 1 || counts[crm.NotFound] != 5 {
					t.Errorf("a %s that is used six times: %v", what, counts)
				}
			}
		}
		s[1].checkCounters(ann)
	})
}

// TestServersKeepAnAdmin has two admins demote or remove each other by two servers at the same time. One
// stays.
func TestServersKeepAnAdmin(t *testing.T) {
	onServers(t, func(t *testing.T, s servers) {
		for round := range 12 {
			ann := s[0].member(fmt.Sprintf("ann%d@example.com", round))
			bob := s[1].join(ann, fmt.Sprintf("bob%d@example.com", round), crm.RoleAdmin)
			counts := s.outcomes(2, func(f *fixture, worker int) error {
				actor, other := ann, bob.Email
				if worker == 1 {
					actor, other = bob, ann.Email
				}
				if round%2 == 0 {
					return f.withSeat(actor, other, toRole(crm.RoleMember))
				}
				return f.withSeat(actor, other, func(tx *store.Tx, seat crm.Record) error { return RemoveMember(tx, seat) })
			})
			if counts[""] != 1 || counts[crm.LastAdmin] != 1 {
				t.Errorf("two admins end each other's role: %v", counts)
			}
			if admins := s[0].raw(1, "SELECT COUNT(*) FROM members WHERE workspace_id = $1 AND role = 'admin'", ann.Workspace); admins[0] != "1" {
				t.Errorf("%s admins are left", admins[0])
			}
			s[1].checkCounters(ann)
		}
	})
}

// TestRevokedTokensWriteNothing ends a token by one server while another server takes writes of it. No
// write that begins after the answer succeeds, and none is dated after the end of the token.
func TestRevokedTokensWriteNothing(t *testing.T) {
	onServers(t, func(t *testing.T, s servers) {
		for round := range 8 {
			ann := s[0].member("ann@example.com")
			ann.TokenID = s[0].newToken(ann, fmt.Sprint("token", round))
			var ended atomic.Bool
			var writing sync.WaitGroup
			for worker := range 3 {
				writing.Go(func() {
					for stop := false; !stop; {
						stop = ended.Load()
						err := s.of(1+worker).Write(t.Context(), ann, func(tx *store.Tx) error {
							if err := Reauthorize(tx); err != nil {
								return err
							}
							return tx.LogEntry("test", ann.TokenID, nil, nil)
						})
						if want := (map[bool]crm.Code{true: crm.InvalidToken})[stop]; kit.CodeOf(err) != want && (stop || kit.CodeOf(err) != crm.InvalidToken) {
							t.Errorf("a write, after the end %v: %v", stop, err)
						}
					}
				})
			}
			s.of(round).write(ann, func(tx *store.Tx) error { return RevokeToken(tx, ann.TokenID) })
			ended.Store(true)
			writing.Wait()
			late := s[1].raw(1, `SELECT COUNT(*) FROM log l WHERE l.target = $1 AND l.key > (SELECT key FROM log WHERE workspace_id = l.workspace_id AND action = 'token.revoke' AND target = 'token/' || $1)`, ann.TokenID)
			if late[0] != "0" {
				t.Errorf("%s entries of a token come after its end", late[0])
			}
		}
	})
}

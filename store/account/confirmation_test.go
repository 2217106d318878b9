package account

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"crmkit/crm"
	"crmkit/store"
)

// begin begins a run of the confirmation "h".
func (f *fixture) begin(actor crm.Actor) (r Run, ok bool) {
	f.t.Helper()
	f.write(actor, func(tx *store.Tx) (err error) {
		r, ok, err = BeginConfirmation(tx, "h")
		return err
	})
	return r, ok
}

// isLast reports whether no other run has begun since.
func (f *fixture) isLast(actor crm.Actor, r Run) (is bool) {
	f.t.Helper()
	f.write(actor, func(tx *store.Tx) (err error) {
		is, err = r.IsLast(tx)
		return err
	})
	return is
}

// wantRunning checks whether a confirmation is there, and a run of it is under way.
func (f *fixture) wantRunning(what string, actor crm.Actor, found, running bool) {
	f.t.Helper()
	c, is, err := FindConfirmation(f.t.Context(), f.Store, actor, "h")
	if err != nil || is != found || c.Running != running {
		f.t.Errorf("%s: found %v, running %v, %v", what, is, c.Running, err)
	}
}

// TestLargePlansAreLimited stores as many large plans as a user may have, and one more.
func TestLargePlansAreLimited(t *testing.T) {
	engines(t, func(t *testing.T, f *fixture) {
		ann, bob := f.member("ann@example.com"), f.member("bob@example.com")
		save := func(actor crm.Actor, hash string, size int) error {
			return f.Write(t.Context(), actor, func(tx *store.Tx) error {
				return SaveConfirmation(tx, Confirmation{Hash: hash, Decided: strings.Repeat("x", size)})
			})
		}
		for i := range maxLargePlans {
			if err := save(ann, fmt.Sprint("h", i), largePlan+1); err != nil {
				t.Fatal(err)
			}
			f.clock.Advance(time.Second)
		}
		var fault *crm.Error
		if err := save(ann, "more", largePlan+1); !errors.As(err, &fault) || fault.Code != crm.RateLimited || fault.RetryAfter != ConfirmFor-maxLargePlans*time.Second {
			t.Errorf("one more: %v", err)
		}
		if err := errors.Join(save(ann, "small", largePlan), save(bob, "bob", largePlan+1)); err != nil {
			t.Errorf("a small one, and one of another user: %v", err)
		}
		f.write(ann, func(tx *store.Tx) error { return FinishConfirmation(tx, "h7", "done") })
		if c, found, err := FindConfirmation(t.Context(), f.Store, ann, "h7"); !found || c.Answer != "done" || c.Decided != "" || err != nil {
			t.Errorf("one that is done takes %d bytes, answer %q, found %v, %v", len(c.Decided), c.Answer, found, err)
		}
		if err := save(ann, "after", largePlan+1); err != nil {
			t.Errorf("after one was done: %v", err)
		}
		f.clock.Advance(ConfirmFor - maxLargePlans*time.Second)
		if err := save(ann, "later", largePlan+1); err != nil {
			t.Errorf("after the first has expired: %v", err)
		}
	})
}

// TestConfirmationsAreLimited stores a plan of a user who has as many as a user may have, waiting or done.
func TestConfirmationsAreLimited(t *testing.T) {
	engines(t, func(t *testing.T, f *fixture) {
		ann, bob := f.member("ann@example.com"), f.member("bob@example.com")
		f.write(ann, func(tx *store.Tx) error {
			return tx.Exec("INSERT INTO confirmations (hash, workspace_id, user_id, request, body, decided, answer, expires_at) SELECT 'h' || p.value, $1, $2, '', '', '', 'stored', $3 FROM keys_of($4) p",
				ann.Workspace, ann.User, tx.Now()+time.Hour.Milliseconds(), numbers(maxConfirmations-1))
		})
		save := func(actor crm.Actor, hash string) error {
			return f.Write(t.Context(), actor, func(tx *store.Tx) error { return SaveConfirmation(tx, Confirmation{Hash: hash}) })
		}
		if err := save(ann, "last"); err != nil {
			t.Fatal(err)
		}
		var fault *crm.Error
		if err := save(ann, "more"); !errors.As(err, &fault) || fault.Code != crm.RateLimited || fault.RetryAfter != ConfirmFor {
			t.Errorf("one more: %v", err)
		}
		if err := save(bob, "bob"); err != nil {
			t.Errorf("one of another user: %v", err)
		}
		f.clock.Advance(ConfirmFor + time.Millisecond)
		f.Purge(t.Context())
		if err := save(ann, "later"); err != nil {
			t.Errorf("after one has expired: %v", err)
		}
	})
}

// numbers returns a JSON list of the numbers from 1 on.
func numbers(n int) string {
	list := make([]string, n)
	for i := range list {
		list[i] = fmt.Sprint(i + 1)
	}
	return "[" + strings.Join(list, ",") + "]"
}

// TestRunsOfConfirmations takes a confirmation through its runs. One is under way at a time. One that is
// not renewed ends, and then changes nothing any more; one that is renewed goes on, also over the
// time of the confirmation. Once it is done, there is no further run.
func TestRunsOfConfirmations(t *testing.T) {
	engines(t, func(t *testing.T, f *fixture) {
		ann, bob := f.member("ann@example.com"), f.member("bob@example.com")
		f.write(ann, func(tx *store.Tx) error { return SaveConfirmation(tx, Confirmation{Hash: "h"}) })
		if _, ok := f.begin(bob); ok {
			t.Error("a run for another user")
		}
		silent, ok := f.begin(ann)
		f.wantRunning("begun", ann, true, true)
		if _, twice := f.begin(ann); !ok || twice {
			t.Errorf("it begins: %v, and again: %v", ok, twice)
		}
		f.clock.Advance(RunFor - time.Millisecond)
		f.wantRunning("just before its end", ann, true, true)
		f.clock.Advance(time.Millisecond)
		f.wantRunning("silent", ann, true, false)
		if !f.isLast(ann, silent) {
			t.Error("a run ends although no other one has begun")
		}
		run, ok := f.begin(ann)
		f.write(ann, silent.End)
		f.wantRunning("while a former one ends", ann, true, true)
		if !ok || f.isLast(ann, silent) || !f.isLast(ann, run) {
			t.Errorf("a second run begins: %v", ok)
		}
		f.clock.Advance(ConfirmFor - RunFor - RunFor/2)
		f.write(ann, run.Renew)
		f.clock.Advance(RunFor - time.Millisecond)
		f.Purge(t.Context())
		f.wantRunning("beyond the time of the confirmation", ann, true, true)
		f.write(ann, func(tx *store.Tx) error { return FinishConfirmation(tx, "h", "[1]") })
		f.write(ann, run.End)
		f.wantRunning("done", ann, true, false)
		if _, ok := f.begin(ann); ok {
			t.Error("a run of what is done")
		}
	})
}

// TestRunsEndWithTheirConfirmation ends a run after the time of its confirmation: there is no further one,
// and the confirmation is purged.
func TestRunsEndWithTheirConfirmation(t *testing.T) {
	engines(t, func(t *testing.T, f *fixture) {
		ann := f.member("ann@example.com")
		f.write(ann, func(tx *store.Tx) error { return SaveConfirmation(tx, Confirmation{Hash: "h"}) })
		f.clock.Advance(ConfirmFor - time.Second)
		run, _ := f.begin(ann)
		f.clock.Advance(2 * time.Second)
		f.write(ann, run.End)
		f.wantRunning("over", ann, false, false)
		if _, ok := f.begin(ann); ok {
			t.Error("a run after the time of its confirmation")
		}
		f.Purge(t.Context())
		if f.isLast(ann, run) {
			t.Error("the confirmation is left")
		}
	})
}

// TestServersRunAConfirmationOnce begins a run by two servers at the same time, whose clocks differ.
func TestServersRunAConfirmationOnce(t *testing.T) {
	onServers(t, func(t *testing.T, s servers) {
		ann := s[0].member("ann@example.com")
		errRuns := crm.Errorf(crm.RateLimited, "it runs")
		s[0].write(ann, func(tx *store.Tx) error { return SaveConfirmation(tx, Confirmation{Hash: "h"}) })
		for round := range 10 {
			counts := s.outcomes(8, func(f *fixture, _ int) error {
				return f.Write(t.Context(), ann, func(tx *store.Tx) error {
					if _, ok, err := BeginConfirmation(tx, "h"); ok || err != nil {
						return err
					}
					return errRuns
				})
			})
			if counts[""] != 1 || counts[crm.RateLimited] != 7 {
				t.Errorf("round %d: of 8 runs at the same time the answers are %v", round, counts)
			}
			for _, f := range s {
				f.clock.Advance(RunFor + 3*time.Second)
			}
			if round == 9 {
				return
			}
			s[0].write(ann, func(tx *store.Tx) error {
				return tx.Exec("UPDATE confirmations SET expires_at = $1 WHERE workspace_id = $2", tx.Now()+ConfirmFor.Milliseconds(), ann.Workspace)
			})
		}
	})
}

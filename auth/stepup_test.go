package auth_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"crmkit/auth"
	"crmkit/crm"
	"crmkit/crm/catalog"
	"crmkit/query"
	"crmkit/store"
	"crmkit/store/account"
)

// promote is a sensitive action for which tests try codes.
var promote = auth.SensitiveAction{Action: "member.promote", Target: "member/u_0000000000", Does: "make bob@example.com an admin of"}

// stepUp runs StepUp in a separate write.
func (f *fixture) stepUp(actor crm.Actor, what auth.SensitiveAction, code string) error {
	return f.store.Write(f.t.Context(), actor, func(tx *store.Tx) error { return f.StepUp(tx, what, code) })
}

// waiting returns the code of an escalation_required error in local mode.
func (f *fixture) waiting(err error) string {
	f.t.Helper()
	var coded *crm.Error
	if !errors.As(err, &coded) || coded.Code != crm.EscalationRequired || coded.LocalCode == "" {
		f.t.Fatalf("got %v, want escalation_required and a code", err)
	}
	return coded.LocalCode
}

func (f *fixture) stepUpCode(actor crm.Actor, what auth.SensitiveAction) string {
	f.t.Helper()
	return f.waiting(f.stepUp(actor, what, ""))
}

// colleague makes the address a member of the actor's workspace.
func (f *fixture) colleague(actor crm.Actor, email, role string) crm.Actor {
	f.t.Helper()
	err := f.store.Write(f.t.Context(), actor, func(tx *store.Tx) error {
		_, err := account.Invite(tx, email, role)
		return err
	})
	if err != nil {
		f.t.Fatalf("invite %s: %v", email, err)
	}
	_, joined := f.mint(email)
	return f.enter(joined, actor.WorkspaceID)
}

// enter returns the actor in another workspace of the same user.
func (f *fixture) enter(actor crm.Actor, id string) crm.Actor {
	f.t.Helper()
	w, err := account.FindWorkspace(f.t.Context(), f.store, actor.User, id)
	if err != nil {
		f.t.Fatal(err)
	}
	return w.In(actor)
}

// onSeat runs do with the seat of an address in the actor's workspace.
func (f *fixture) onSeat(actor crm.Actor, email string, do func(tx *store.Tx, seat crm.Record) error) error {
	return f.store.Write(f.t.Context(), actor, func(tx *store.Tx) error {
		seat, found, err := account.FindMembership(tx, email)
		if err == nil && !found {
			err = errors.New("no seat of " + email)
		}
		if err != nil {
			return err
		}
		return do(tx, seat)
	})
}

func (f *fixture) setRole(actor crm.Actor, email, role, code string) error {
	return f.onSeat(actor, email, func(tx *store.Tx, seat crm.Record) error {
		_, err := f.SetRole(tx, seat, role, code)
		return err
	})
}

func wantHint(t *testing.T, err error, part string) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), part) {
		t.Errorf("the error is %v, it must say %q", err, part)
	}
}

// changes returns the entries of the change log of the actor's workspace, as a list shows them.
func (f *fixture) changes(actor crm.Actor, params map[string][]string) []string {
	f.t.Helper()
	params["limit"] = []string{"500"}
	q, fault := query.Parse(f.store.Schema.ByName("change"), params, query.For(f.store.Schema, actor, f.store.Now(), f.store.Secret()))
	if fault != nil {
		f.t.Fatal(fault)
	}
	page, err := f.store.List(f.t.Context(), actor, q)
	if err != nil {
		f.t.Fatal(err)
	}
	var lines []string
	for _, rec := range page.Records {
		lines = append(lines, fmt.Sprint(rec.Value("action").Text, " ", rec.Value("target").Text, " ", rec.Value("addr").Text, " ", rec.Value("to").Members()))
	}
	slices.Reverse(lines)
	return lines
}

func TestStepUpCodesServeOnePurpose(t *testing.T) {
	engines(t, func(t *testing.T, f *fixture) {
		_, ann := f.mint("ann@example.com")
		bob := f.colleague(ann, "bob@example.com", crm.RoleAdmin)
		demote, other, elsewhere := promote, promote, ann
		demote.Action = "member.demote"
		other.Target = "member/u_1111111111"
		elsewhere.WorkspaceID = "ws_0000000000"
		for _, live := range []auth.SensitiveAction{demote, other} { // further valid codes that must not be accepted
			f.stepUpCode(ann, live)
		}
		f.stepUpCode(elsewhere, promote)
		f.stepUpCode(bob, promote)
		code, signIn := f.stepUpCode(ann, promote), f.ask("ann@example.com")
		if !short(code) || code == signIn {
			t.Fatalf("the codes are %q and %q", code, signIn)
		}
		for what, err := range map[string]error{
			"another action": f.stepUp(ann, demote, code), "another target": f.stepUp(ann, other, code),
			"another workspace": f.stepUp(elsewhere, promote, code), "another user": f.stepUp(bob, promote, code), "signing in": f.try("ann@example.com", code),
		} {
			wantCode(t, "for "+what, err, crm.InvalidCode)
		}
		wantCode(t, "a sign-in code", f.stepUp(ann, promote, signIn), crm.InvalidCode)
		wantCode(t, "the code", f.stepUp(ann, promote, code), "")
		wantCode(t, "the code once more", f.stepUp(ann, promote, code), crm.InvalidCode)
		wantCode(t, "the sign-in code", f.try("ann@example.com", signIn), "")
	})
}

func TestStepUpCodesEnd(t *testing.T) {
	engines(t, func(t *testing.T, f *fixture) {
		_, ann := f.mint("ann@example.com")
		old := f.stepUpCode(ann, promote)
		f.clock.Advance(10*time.Minute - time.Millisecond)
		wantCode(t, "just before its end", f.stepUp(ann, promote, " "+old[:3]+"-"+old[3:]), "")
		old = f.stepUpCode(ann, promote)
		f.clock.Advance(10 * time.Minute)
		wantCode(t, "at its end", f.stepUp(ann, promote, old), crm.InvalidCode)
		old = f.stepUpCode(ann, promote)
		fresh := f.stepUpCode(ann, promote)
		if old != fresh {
			wantCode(t, "one that was replaced", f.stepUp(ann, promote, old), crm.InvalidCode)
		}
		for range 4 {
			wantCode(t, "wrong", f.stepUp(ann, promote, wrong(fresh)), crm.InvalidCode)
		}
		wantWait(t, "after five wrong ones", f.stepUp(ann, promote, fresh), 10*time.Minute)
		wantWait(t, "asking then", f.stepUp(ann, promote, ""), 10*time.Minute)
	})
}

// TestFailedActionDoesNotUseUpTheCode checks that a right code stays valid if the action fails
// after it.
func TestFailedActionDoesNotUseUpTheCode(t *testing.T) {
	engines(t, func(t *testing.T, f *fixture) {
		_, ann := f.mint("ann@example.com")
		f.colleague(ann, "bob@example.com", crm.RoleAdmin)
		invite := func(code string) error {
			return f.store.Write(t.Context(), ann, func(tx *store.Tx) error {
				_, err := f.Invite(tx, "eve@example.com", crm.RoleAdmin, code)
				return err
			})
		}
		code, seat := f.waiting(invite("")), f.waiting(f.setRole(ann, "bob@example.com", crm.RoleMember, ""))
		ann.Plan = "free"
		for i := range 3 {
			f.colleague(ann, fmt.Sprintf("m%d@example.com", i), crm.RoleMember)
		}
		wantCode(t, "inviting on a full plan", invite(code), crm.PlanLimitReached)
		ann.Plan = catalog.DefaultPlan
		wantCode(t, "on a larger plan", invite(code), "")
		oops := errors.New("oops")
		err := f.onSeat(ann, "bob@example.com", func(tx *store.Tx, bob crm.Record) error {
			_, err := f.SetRole(tx, bob, crm.RoleMember, seat)
			return errors.Join(err, oops)
		})
		if !errors.Is(err, oops) {
			t.Error(err)
		}
		wantCode(t, "demoting after it failed", f.setRole(ann, "bob@example.com", crm.RoleMember, seat), "")
		code = f.stepUpCode(ann, promote)
		err = f.store.Write(t.Context(), ann, func(tx *store.Tx) error { return errors.Join(f.StepUp(tx, promote, code), oops) })
		if !errors.Is(err, oops) {
			t.Error(err)
		}
		wantCode(t, "after any failure", f.stepUp(ann, promote, code), "")
	})
}

// TestRefusedActionMailsNoCode checks that an action that cannot be done is refused before a code
// is mailed for it.
func TestRefusedActionMailsNoCode(t *testing.T) {
	engines(t, func(t *testing.T, f *fixture) {
		_, ann := f.mint("ann@example.com")
		f.colleague(ann, "bob@example.com", crm.RoleAdmin)
		invite := func(email string) error {
			return f.store.Write(t.Context(), ann, func(tx *store.Tx) error {
				_, err := f.Invite(tx, email, crm.RoleAdmin, "")
				return err
			})
		}
		ann.Plan = "free"
		for range 5 {
			wantCode(t, "inviting as a member", f.invite(ann, "eve@example.com"), "")
		}
		wantWait(t, "inviting as an admin then", invite("eve@example.com"), 24*time.Hour)
		wantCode(t, "inviting a member", invite("bob@example.com"), crm.AlreadyExists)
		for i := range 2 {
			f.colleague(ann, fmt.Sprintf("m%d@example.com", i), crm.RoleMember)
		}
		wantCode(t, "inviting on a full plan", invite("late@example.com"), crm.PlanLimitReached)
		wantCode(t, "the role they have", f.setRole(ann, "bob@example.com", crm.RoleAdmin, ""), "")
		for range 5 { // the limit of requests
			f.stepUpCode(ann, promote)
		}
	})
}

// TestGuessesOfSignInAndStepUpAreCountedTogether checks that after ten wrong guesses at codes of
// both kinds six digits are refused, and new codes are long.
func TestGuessesOfSignInAndStepUpAreCountedTogether(t *testing.T) {
	engines(t, func(t *testing.T, f *fixture) {
		_, ann := f.mint("ann@example.com")
		code, waiting := f.ask("ann@example.com"), f.stepUpCode(ann, promote)
		counts := together(80, func(i int) error {
			if i%2 == 0 {
				return f.stepUp(ann, promote, fmt.Sprintf("%06d", wrongNumber(waiting, i)))
			}
			return f.try("ann@example.com", fmt.Sprintf("%06d", wrongNumber(code, i)))
		})
		if counts[crm.InvalidCode] != 10 || counts[crm.RateLimited] != 70 {
			t.Errorf("80 parallel guesses: %v", counts)
		}
		f.clock.Advance(10 * time.Minute)
		code, waiting = f.ask("ann@example.com"), f.stepUpCode(ann, promote)
		if len(code) != 12 || len(waiting) != 12 {
			t.Fatalf("the codes are %q and %q", code, waiting)
		}
		for i := range 20 {
			here, stepUp := f.try("ann@example.com", fmt.Sprintf("%06d", i)), f.stepUp(ann, promote, fmt.Sprintf("%06d", i))
			wantWait(t, "six digits for a step-up", stepUp, 24*time.Hour-10*time.Minute)
			if i < 5 { // each network has its own code with its own tries
				wantCode(t, "six digits", here, crm.InvalidCode)
			} else {
				wantWait(t, "six digits", here, 24*time.Hour-10*time.Minute)
			}
			wantWait(t, "six digits from elsewhere", f.from(i, "ann@example.com", "123456"), 24*time.Hour-10*time.Minute)
			for _, err := range []error{here, stepUp} {
				if text := fmt.Sprintf("%+v", *err.(*crm.Error)); strings.Contains(text, code) || strings.Contains(text, waiting) {
					t.Errorf("the answer to a guess tells the code: %s", text)
				}
			}
		}
		wantCode(t, "a long step-up code", f.stepUp(ann, promote, strings.ToUpper(waiting[:6])+" - "+waiting[6:]), "")
		wantCode(t, "a long sign-in code", f.try("ann@example.com", code), "")
	})
}

// TestCodeRequestsAreCountedByKind checks that step-up codes of an agent do not use up the
// requests for sign-in codes, and that a right code resets only the limit of its own kind.
func TestCodeRequestsAreCountedByKind(t *testing.T) {
	engines(t, func(t *testing.T, f *fixture) {
		_, ann := f.mint("ann@example.com")
		code, last := "", ""
		for range 5 {
			last = f.stepUpCode(ann, promote)
		}
		wantWait(t, "a sixth step-up", f.stepUp(ann, promote, ""), 10*time.Minute)
		for range 5 {
			code = f.ask("ann@example.com")
		}
		wantCode(t, "signing in", f.try("ann@example.com", code), "")
		wantWait(t, "a step-up after a sign-in", f.stepUp(ann, promote, ""), 10*time.Minute)
		for range 5 {
			f.ask("ann@example.com")
		}
		wantCode(t, "the last step-up code", f.stepUp(ann, promote, last), "")
		f.stepUpCode(ann, promote)
		_, _, err := f.Request(t.Context(), "192.0.2.1", "ann@example.com")
		wantWait(t, "a sixth sign-in code", err, 10*time.Minute)
	})
}

func TestFailedStepUpsAreLogged(t *testing.T) {
	engines(t, func(t *testing.T, f *fixture) {
		_, ann := f.mint("ann@example.com")
		ann.Addr = "192.0.2.7"
		wantCode(t, "without a code", f.stepUp(ann, promote, "long-and-wrong"), crm.InvalidCode)
		code := f.stepUpCode(ann, promote)
		wantCode(t, "wrong", f.stepUp(ann, promote, wrong(code)), crm.InvalidCode)
		line := `step_up.fail member/u_0000000000 192.0.2.7 [{action "member.promote"}]`
		if got := f.changes(ann, map[string][]string{"action": {"step_up.fail"}}); !slices.Equal(got, []string{line, line}) {
			t.Errorf("the log holds %q", got)
		}
	})
}

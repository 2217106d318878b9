package auth_test

import (
	"database/sql"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"crmkit/auth"
	"crmkit/crm"
	"crmkit/store"
)

// signIn requests a code and signs in with it.
func (f *fixture) signIn(c auth.Credentials) (auth.SignedIn, error) {
	f.t.Helper()
	c.Code = f.ask(c.Email)
	return f.Verify(f.t.Context(), "192.0.2.1", c)
}

func (f *fixture) invite(actor crm.Actor, email string) error {
	return f.store.Write(f.t.Context(), actor, func(tx *store.Tx) error {
		_, err := f.Invite(tx, email, crm.RoleMember, "")
		return err
	})
}

func TestCredentialsPickScopeAndWorkspace(t *testing.T) {
	engines(t, func(t *testing.T, f *fixture) {
		_, bob := f.mint("bob@example.com")
		_, ann := f.mint("ann@example.com")
		f.colleague(bob, "ann@example.com", crm.RoleMember)
		for _, c := range []struct {
			scope, workspace string
			want             string // scope and workspace of the token, or the error
		}{
			{"", "", "full " + ann.WorkspaceID},
			{"read", ann.WorkspaceID, "read " + ann.WorkspaceID},
			{"write", bob.WorkspaceID, "write " + bob.WorkspaceID},
			{"full", "workspace/" + bob.WorkspaceID, "full " + bob.WorkspaceID},
			{"", "ws_0000000000", "not_a_member"}, {"", "%s", "not_a_member"},
			{"admin", "", "invalid_value"}, {"Full", "", "invalid_value"}, {"read write", "", "invalid_value"},
		} {
			in, err := f.signIn(auth.Credentials{Email: "ann@example.com", Scope: c.scope, WorkspaceID: c.workspace})
			got := string(codeOf(err))
			if err == nil {
				actor := f.actor(in.Token)
				got = actor.Scope + " " + actor.WorkspaceID
				if in.Scope != actor.Scope || in.Workspace.ID != actor.WorkspaceID || actor.Origin != crm.OriginCode || !actor.CrossWorkspace() || len(in.Workspaces) != 2 {
					t.Errorf("the token stands for %+v, the answer is %+v", actor, in)
				}
			}
			if got != c.want {
				t.Errorf("scope %q in %q gives %s, want %s", c.scope, c.workspace, got, c.want)
			}
			f.clock.Advance(10 * time.Minute)
		}
	})
}

// TestRefusedCredentialsDoNotUseUpTheCode checks that a right code stays valid if the rest of
// the credentials is refused.
func TestRefusedCredentialsDoNotUseUpTheCode(t *testing.T) {
	engines(t, func(t *testing.T, f *fixture) {
		_, bob := f.mint("bob@example.com")
		c := auth.Credentials{Email: "ann@example.com", Code: f.ask("ann@example.com")}
		for range 20 { // more than there are tries
			refused := c
			refused.WorkspaceID = bob.WorkspaceID
			_, err := f.Verify(t.Context(), "192.0.2.1", refused)
			wantCode(t, "another's workspace", err, crm.NotAMember)
			refused.WorkspaceID, refused.Scope = "", "all"
			_, err = f.Verify(t.Context(), "192.0.2.1", refused)
			wantCode(t, "no scope", err, crm.InvalidValue)
		}
		_, err := f.Verify(t.Context(), "192.0.2.1", c)
		wantCode(t, "the same code", err, "")
	})
}

func TestWorkspacesAreSortedByMembership(t *testing.T) {
	engines(t, func(t *testing.T, f *fixture) {
		_, bob := f.mint("bob@example.com")
		_, carl := f.mint("carl@example.com")
		f.clock.Advance(time.Minute)
		_, ann := f.mint("ann@example.com")
		for _, admin := range []crm.Actor{carl, bob} {
			f.clock.Advance(time.Minute)
			f.colleague(admin, "ann@example.com", crm.RoleMember)
		}
		wantIn := func(want ...string) {
			t.Helper()
			in, err := f.signIn(auth.Credentials{Email: "ann@example.com"})
			var got []string
			for _, w := range in.Workspaces {
				got = append(got, w.ID)
			}
			if err != nil || !slices.Equal(got, want) || in.Workspace.ID != want[0] || f.actor(in.Token).WorkspaceID != want[0] {
				t.Errorf("the workspaces are %q, the token acts in %s, want %q, %v", got, in.Workspace.ID, want, err)
			}
		}
		wantIn(ann.WorkspaceID, carl.WorkspaceID, bob.WorkspaceID)
		leave := func(tx *store.Tx, seat crm.Record) error { return f.Remove(tx, seat, "") }
		wantCode(t, "leaving", f.onSeat(f.enter(ann, carl.WorkspaceID), "ann@example.com", leave), "")
		wantIn(ann.WorkspaceID, bob.WorkspaceID)
		drop := func(code string) error {
			return f.store.Write(t.Context(), ann, func(tx *store.Tx) error { return f.DeleteWorkspace(tx, code) })
		}
		wantCode(t, "deleting", drop(f.waiting(drop(""))), "")
		wantIn(bob.WorkspaceID)
		wantCode(t, "leaving", f.onSeat(f.enter(ann, bob.WorkspaceID), "ann@example.com", leave), "")
		in, err := f.signIn(auth.Credentials{Email: "ann@example.com"})
		if err != nil || len(in.Workspaces) != 1 || in.Workspace.Role != crm.RoleAdmin || in.Workspace.ID == ann.WorkspaceID {
			t.Errorf("who has no workspace left gets %+v, %v", in.Workspaces, err)
		}
	})
}

// TestInviteOnly checks that on a server by invite only a stranger can request a code like
// anybody else, and is refused only after sending the right code.
func TestInviteOnly(t *testing.T) {
	engines(t, func(t *testing.T, f *fixture) {
		_, bob := f.mint("bob@example.com")
		f.Auth = auth.New(f.store, auth.Options{InviteOnly: true})
		c := auth.Credentials{Email: "ann%s@example.com"}
		for range 2 { // the code is used up, so the second round needs a new one
			_, err := f.signIn(c)
			wantCode(t, "a stranger", err, crm.SignupClosed)
			wantHint(t, err, c.Email)
		}
		code := f.ask(c.Email)
		wantCode(t, "a stranger with a wrong code", f.try(c.Email, wrong(code)), crm.InvalidCode)
		wantCode(t, "a stranger with the right one", f.try(c.Email, code), crm.SignupClosed)
		wantCode(t, "who used it up", f.try(c.Email, code), crm.InvalidCode)
		_, err := f.signIn(auth.Credentials{Email: "bob@example.com"})
		wantCode(t, "a user", err, "")
		wantCode(t, "inviting", f.invite(bob, c.Email), "")
		in, err := f.signIn(c)
		if err != nil || len(in.Workspaces) != 2 || in.Workspace.ID != bob.WorkspaceID || in.Workspace.Role != crm.RoleMember || in.Workspaces[1].Role != crm.RoleAdmin {
			t.Errorf("the invited one is in %+v, %v", in.Workspaces, err)
		}
		if _, err := f.MintToken(t.Context(), "owner@example.com", ""); err != nil {
			t.Errorf("the owner of the file lets in whom they like, but %v", err)
		}
	})
}

func TestMintedTokensReachOneWorkspace(t *testing.T) {
	engines(t, func(t *testing.T, f *fixture) {
		_, ann := f.mint("ann@example.com")
		if ann.Origin != crm.OriginOwner || !ann.CrossWorkspace() {
			t.Errorf("the owner's token is %+v", ann)
		}
		_, bob := f.mint("bob@example.com")
		team := f.colleague(bob, "ann@example.com", crm.RoleMember)
		last := ""
		for _, c := range []struct{ name, scope, want string }{
			{"", "", "default full"}, {" Cursor ", "read", "Cursor read"}, {"x", "write", "x write"},
			{"x", "all", "invalid_value"}, {strings.Repeat("x", 101), "", "invalid_value"},
		} {
			var in auth.SignedIn
			err := f.store.Write(t.Context(), team, func(tx *store.Tx) (err error) {
				in, err = f.CreateTokenFor(tx, c.name, c.scope)
				return err
			})
			got := string(codeOf(err))
			if err == nil {
				actor := f.actor(in.Token)
				got, last = actor.TokenName+" "+actor.Scope, in.Token
				if actor.Origin != crm.OriginMinted || actor.CrossWorkspace() || actor.WorkspaceID != bob.WorkspaceID || actor.Role != crm.RoleMember || actor.User != ann.User || in.TokenID != actor.TokenID {
					t.Errorf("the token stands for %+v", actor)
				}
			}
			if got != c.want {
				t.Errorf("name %q, scope %q: %s, want %s", c.name, c.scope, got, c.want)
			}
		}
		wantCode(t, "leaving", f.onSeat(team, "ann@example.com", func(tx *store.Tx, seat crm.Record) error { return f.Remove(tx, seat, "") }), "")
		f.wantActor("of a membership that ended", last, crm.InvalidToken)
		f.colleague(bob, "ann@example.com", crm.RoleMember)
		f.wantActor("of one before the present", last, crm.InvalidToken)
	})
}

func TestInvitesAreLimited(t *testing.T) {
	engines(t, func(t *testing.T, f *fixture) {
		_, ann := f.mint("ann@example.com")
		ann.Plan = "unlimited"
		_, bob := f.mint("bob@example.com")
		for i := range 5 {
			wantCode(t, "inviting again", f.invite([]crm.Actor{ann, bob}[i%2], "eve%s@example.com"), "")
		}
		f.clock.Advance(time.Hour)
		wantWait(t, "a sixth time, from any workspace", f.invite(bob, "eve%s@example.com"), 23*time.Hour)
		wantHint(t, f.invite(bob, "eve%s@example.com"), "eve%s@example.com has received")
		for i := range 97 { // with the three to eve, a hundred
			wantCode(t, "inviting others", f.invite(ann, fmt.Sprintf("m%d@example.com", i)), "")
		}
		wantWait(t, "one more of a user", f.invite(ann, "late@example.com"), 23*time.Hour)
		for range 5 { // refused invites are not counted for the address
			wantCode(t, "another user", f.invite(bob, "late@example.com"), "")
		}
		f.clock.Advance(23 * time.Hour)
		wantCode(t, "a day later", f.invite(ann, "eve%s@example.com"), "")
	})
}

// guessed returns the rows that each failed try adds, by table, and the entries of the log, for
// an address on a server where ann has an account and eve an invite.
func guessed(t *testing.T, email string) (steps []map[string]int, logged string) {
	f := onFile(t)
	_, ann := f.mint("ann@example.com")
	wantCode(t, "inviting", f.invite(ann, "eve@example.com"), "")
	step := func(do func()) {
		before := f.rows()
		do()
		after := f.rows()
		for table := range after {
			after[table] -= before[table]
		}
		steps = append(steps, after)
	}
	_ = f.try("stranger@example.com", "123456") // the first entry of a log makes its counters
	step(func() { _ = f.try(email, "123456") })
	for window := range 3 {
		step(func() { f.ask(email) })
		for i := range 7 {
			step(func() { _ = f.try(email, fmt.Sprintf("%06d", window*10+i)) })
		}
		step(func() { _ = f.try(email, "long-and-wrong") })
		f.clock.Advance(10 * time.Minute)
	}
	failed := map[string][]string{"action": {"sign_in.fail"}}
	in := append(f.changes(ann, failed), f.changes(crm.Actor{}, failed)...) // one of the two logs is empty
	in = slices.DeleteFunc(in, func(line string) bool { return strings.Contains(line, "stranger@") })
	line := strings.NewReplacer(email, "EMAIL", ann.UserID, "USER").Replace(in[0])
	return steps, fmt.Sprint(len(in), " times ", line)
}

// TestUnknownAddressesCauseTheSameWrites checks that known and unknown addresses cause the same
// number of writes at each step. Failures are logged in the user's workspace, and those of
// unknown addresses in the log without a workspace.
func TestUnknownAddressesCauseTheSameWrites(t *testing.T) {
	known, logged := guessed(t, "ann@example.com")
	if want := `19 times sign_in.fail member/USER 192.0.2.1 [{email "EMAIL"}]`; logged != want {
		t.Errorf("logged is %s, want %s", logged, want)
	}
	for _, email := range []string{"new@example.com", "eve@example.com"} {
		unknown, logged := guessed(t, email)
		if !slices.EqualFunc(known, unknown, maps.Equal[map[string]int, map[string]int]) {
			t.Errorf("%s adds\n%v\na known address\n%v", email, unknown, known)
		}
		if want := `19 times sign_in.fail user 192.0.2.1 [{email "EMAIL"}]`; logged != want {
			t.Errorf("%s is logged %s, want %s", email, logged, want)
		}
	}
}

// rows counts the rows of every table through a connection of its own.
func (f *fixture) rows() map[string]int {
	f.t.Helper()
	db, err := sql.Open("sqlite", "file:"+f.opts.Path+"?_pragma=busy_timeout(10000)&_pragma=query_only(1)")
	if err != nil {
		f.t.Fatal(err)
	}
	defer db.Close()
	counts := map[string]int{}
	for _, table := range []string{"changes", "codes", "confirmations", "limits", "members", "tokens", "usage", "users", "workspaces"} {
		n := 0
		if err := db.QueryRowContext(f.t.Context(), "SELECT COUNT(*) FROM "+table).Scan(&n); err != nil {
			f.t.Fatal(err)
		}
		counts[table] = n
	}
	return counts
}

// TestLoggedFailuresPerDayAreLimited checks that endless wrong codes do not fill the disk.
func TestLoggedFailuresPerDayAreLimited(t *testing.T) {
	engines(t, func(t *testing.T, f *fixture) {
		for i := range 250 {
			if i%100 == 0 {
				f.clock.Advance(10 * time.Minute)
			}
			wantCode(t, "no code", f.try("new@example.com", fmt.Sprintf("%06d", i)), crm.InvalidCode)
		}
		if n := len(f.changes(crm.Actor{}, map[string][]string{"action": {"sign_in.fail"}})); n != 100 {
			t.Errorf("%d of 250 failures are logged, want 100", n)
		}
		_ = f.try("other@example.com", "1")
		f.clock.Advance(24 * time.Hour)
		_ = f.try("new@example.com", "1")
		if n := len(f.changes(crm.Actor{}, map[string][]string{"action": {"sign_in.fail"}})); n != 102 {
			t.Errorf("with one of another address, and one a day later, %d are logged, want 102", n)
		}
	})
}

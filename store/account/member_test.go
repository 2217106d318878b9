package account

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"crmkit/crm"
	"crmkit/crm/catalog"
	"crmkit/store"
	"crmkit/store/storetest/kit"
)

func (f *fixture) tryInvite(actor crm.Actor, email, role string) (out store.Outcome, err error) {
	err = f.Write(f.t.Context(), actor, func(tx *store.Tx) (err error) {
		out, err = Invite(tx, email, role)
		return err
	})
	return out, err
}

// join makes the address a member of the actor's workspace. It has a workspace of its own too.
func (f *fixture) join(actor crm.Actor, email, role string) crm.Actor {
	f.t.Helper()
	f.member(email) // before the invite: the first workspace of an invited user is that of the team
	if _, err := f.tryInvite(actor, email, role); err != nil {
		f.t.Fatalf("invite %s: %v", email, err)
	}
	return f.enter(f.member(email), actor.WorkspaceID)
}

// withSeat runs a write with the seat of an address in the actor's workspace.
func (f *fixture) withSeat(actor crm.Actor, email string, do func(tx *store.Tx, seat crm.Record) error) error {
	return f.Write(f.t.Context(), actor, func(tx *store.Tx) error {
		seat, found, err := FindMembership(tx, email)
		if err == nil && !found {
			err = errors.New("no seat of " + email)
		}
		if err != nil {
			return err
		}
		return do(tx, seat)
	})
}

func toRole(role string) func(*store.Tx, crm.Record) error {
	return func(tx *store.Tx, seat crm.Record) error {
		_, err := SetRole(tx, seat, role)
		return err
	}
}

// wantSeats checks the members and invites of the actor's workspace, in their order.
func (f *fixture) wantSeats(actor crm.Actor, want ...string) {
	f.t.Helper()
	got := f.raw(1, "SELECT email || ' ' || role || ' ' || status FROM members WHERE workspace_id = $1 ORDER BY key", actor.Workspace)
	if !slices.Equal(got, want) {
		f.t.Errorf("the seats are %q, want %q", got, want)
	}
	f.checkCounters(actor)
}

func TestInviteReservesSeat(t *testing.T) {
	engines(t, func(t *testing.T, f *fixture) {
		ann := f.member("ann@example.com")
		first, err := f.tryInvite(ann, "bob@example.com", crm.RoleMember)
		if err != nil || first.Result != store.Created || first.After.Value("invited_by").Text != ann.Email {
			t.Fatalf("%+v, %v", first, err)
		}
		handle := first.After.Handle()
		f.wantLogged(ann.Workspace, "invite.create "+handle+` - {"email":"bob@example.com","role":"member","status":"invited","invited_by":"ann@example.com"}`)
		again, err := f.tryInvite(ann, "bob@example.com", crm.RoleMember)
		if err != nil || again.Result != store.Unchanged || again.After.ID != first.After.ID {
			t.Errorf("inviting again: %+v, %v", again, err)
		}
		raised, err := f.tryInvite(ann, "bob@example.com", crm.RoleAdmin)
		if err != nil || raised.Result != store.Updated || raised.After.ID != first.After.ID {
			t.Errorf("inviting as admin: %+v, %v", raised, err)
		}
		f.wantLogged(ann.Workspace, "invite.update "+handle+` {"role":"member"} {"role":"admin"}`)
		f.wantSeats(ann, "ann@example.com admin active", "bob@example.com admin invited")
		bob := f.enter(f.member("bob@example.com"), ann.WorkspaceID)
		f.wantLogged(ann.Workspace, "member.join member/"+bob.UserID+` - {"invite":"`+first.After.ID+`"}`)
		_, err = f.tryInvite(ann, "bob@example.com", crm.RoleMember)
		kit.WantCode(t, "inviting a member", err, crm.AlreadyExists)
		f.wantSeats(ann, "ann@example.com admin active", "bob@example.com admin active")
	})
}

func TestCancelInvite(t *testing.T) {
	engines(t, func(t *testing.T, f *fixture) {
		ann := f.member("ann@example.com")
		out, err := f.tryInvite(ann, "bob@example.com", crm.RoleMember)
		if err != nil {
			t.Fatal(err)
		}
		cancel := func(tx *store.Tx, seat crm.Record) error { return CancelInvite(tx, seat) }
		if err := f.withSeat(ann, "bob@example.com", cancel); err != nil {
			t.Fatal(err)
		}
		f.wantLogged(ann.Workspace, "invite.cancel "+out.After.Handle()+` {"email":"bob@example.com","role":"member","status":"invited","invited_by":"ann@example.com"} -`)
		err = f.Write(t.Context(), ann, func(tx *store.Tx) error { return CancelInvite(tx, out.After) })
		kit.WantCode(t, "cancelling twice", err, crm.NotFound)
		kit.WantCode(t, "cancelling a member", f.withSeat(ann, "ann@example.com", cancel), crm.NotFound)
		if bob := f.member("bob@example.com"); bob.Workspace == ann.Workspace {
			t.Error("a cancelled invite let its owner in")
		}
		f.wantSeats(ann, "ann@example.com admin active")
	})
}

func TestMembersAreCappedWithInvites(t *testing.T) {
	engines(t, func(t *testing.T, f *fixture) {
		ann := f.member("ann@example.com")
		ann.Plan = "free"
		for i := range 4 {
			if _, err := f.tryInvite(ann, fmt.Sprintf("m%d@example.com", i), crm.RoleMember); err != nil {
				t.Fatal(err)
			}
		}
		f.member("m0@example.com") // a member that signs in takes no second seat
		_, err := f.tryInvite(ann, "late@example.com", crm.RoleMember)
		kit.WantCode(t, "a sixth seat on a plan of five", err, crm.PlanLimitReached)
		kit.WantCode(t, "asking before", f.Write(t.Context(), ann, CheckSeat), crm.PlanLimitReached)
		if _, err := f.tryInvite(ann, "m1@example.com", crm.RoleAdmin); err != nil {
			t.Errorf("changing an invite on a full plan: %v", err)
		}
		if err := f.withSeat(ann, "m2@example.com", func(tx *store.Tx, seat crm.Record) error { return CancelInvite(tx, seat) }); err != nil {
			t.Fatal(err)
		}
		kit.WantCode(t, "asking then", f.Write(t.Context(), ann, CheckSeat), "")
		if _, err := f.tryInvite(ann, "late@example.com", crm.RoleMember); err != nil {
			t.Errorf("after one was cancelled: %v", err)
		}
		f.checkCounters(ann)
	})
}

func TestLastAdminStays(t *testing.T) {
	engines(t, func(t *testing.T, f *fixture) {
		ann := f.member("ann@example.com")
		bob := f.join(ann, "bob@example.com", crm.RoleMember)
		if _, err := f.tryInvite(ann, "eve@example.com", crm.RoleAdmin); err != nil { // an invited admin is not an admin yet
			t.Fatal(err)
		}
		remove := func(tx *store.Tx, seat crm.Record) error { return RemoveMember(tx, seat) }
		kit.WantCode(t, "demoting the last admin", f.withSeat(ann, ann.Email, toRole(crm.RoleMember)), crm.LastAdmin)
		kit.WantCode(t, "removing the last admin", f.withSeat(bob, ann.Email, remove), crm.LastAdmin)
		if err := f.withSeat(ann, bob.Email, toRole(crm.RoleAdmin)); err != nil {
			t.Fatal(err)
		}
		f.wantLogged(ann.Workspace, "member.role member/"+bob.UserID+` {"role":"member"} {"role":"admin"}`)
		if err := f.withSeat(ann, ann.Email, toRole(crm.RoleMember)); err != nil {
			t.Errorf("demoting one of two: %v", err)
		}
		kit.WantCode(t, "demoting the other", f.withSeat(bob, bob.Email, toRole(crm.RoleMember)), crm.LastAdmin)
		kit.WantCode(t, "leaving", f.withSeat(bob, bob.Email, remove), crm.LastAdmin)
		kit.WantCode(t, "the role one has", f.withSeat(bob, bob.Email, toRole(crm.RoleAdmin)), "")
		f.wantLogged(ann.Workspace, "member.role member/"+ann.UserID+` {"role":"admin"} {"role":"member"}`)
		f.wantSeats(ann, "ann@example.com member active", "bob@example.com admin active", "eve@example.com admin invited")
	})
}

func TestRemoveMember(t *testing.T) {
	engines(t, func(t *testing.T, f *fixture) {
		ann := f.member("ann@example.com")
		bob := f.join(ann, "bob@example.com", crm.RoleAdmin)
		own := f.enter(bob, f.member("bob@example.com").WorkspaceID)
		for hash, w := range map[string]crm.Actor{"team": bob, "own": own} {
			f.newToken(w, hash)
			f.write(w, func(tx *store.Tx) error { return SaveConfirmation(tx, Confirmation{Hash: hash}) })
		}
		remove := func(tx *store.Tx, seat crm.Record) error { return RemoveMember(tx, seat) }
		if err := f.withSeat(bob, ann.Email, remove); err != nil { // ann made the workspace
			t.Fatal(err)
		}
		f.wantLogged(ann.Workspace, "member.remove member/"+ann.UserID+` {"email":"ann@example.com","role":"admin","status":"active"} -`)
		f.wantSeats(bob, "bob@example.com admin active")
		if made := f.raw(1, "SELECT workspaces || ' ' || COALESCE(CAST(made_by AS TEXT), '-') FROM users, workspaces WHERE users.number = $1 AND workspaces.number = $2", ann.User, ann.Workspace); made[0] != "0 -" {
			t.Errorf("the maker who left has made, and the workspace was made by: %v", made)
		}
		f.join(bob, ann.Email, crm.RoleAdmin)
		if err := f.withSeat(bob, bob.Email, remove); err != nil {
			t.Fatal(err)
		}
		f.wantLogged(ann.Workspace, "member.leave member/"+bob.UserID+` {"email":"bob@example.com","role":"admin","status":"active","invited_by":"ann@example.com"} -`)
		f.join(ann, bob.Email, crm.RoleMember)
		for hash, lives := range map[string]bool{"team": false, "own": true} {
			if _, found, err := FindSession(t.Context(), f.Store, hash); found != lives || err != nil {
				t.Errorf("the token for %s lives: %v, %v", hash, found, err)
			}
		}
		if left := f.raw(1, "SELECT hash FROM confirmations"); !slices.Equal(left, []string{"own"}) {
			t.Errorf("the confirmations left are %q", left)
		}
	})
}

// TestTeamsStayConsistent runs random writes of several goroutines, some of which fail. After that
// counters equal a recount, and every workspace has an admin.
func TestTeamsStayConsistent(t *testing.T) {
	plans, err := catalog.ParsePlans("standard: members=4 workspaces=3")
	if err != nil {
		t.Fatal(err)
	}
	for name, path := range places {
		t.Run(name, func(t *testing.T) {
			opts := optionsFor(path(t))
			opts.Plans = plans
			f := openWith(t, kit.NewClock(), opts)
			servers{f}.teamsStayConsistent(7)
			if f.opts.Shared() {
				t.Run("two servers", func(t *testing.T) { servers{f, f.other()}.teamsStayConsistent(kit.Seed(t)) })
			}
		})
	}
}

// teamsStayConsistent has several goroutines change teams at random, by all servers.
func (s servers) teamsStayConsistent(seed uint64) {
	kit.Together(8, func(worker int) {
		random := rand.New(rand.NewPCG(seed, uint64(worker)))
		for range 120 {
			s.of(worker).act(random)
		}
	})
	s[0].settled()
	s[0].checkTeams()
}

// act does one random change to a random workspace.
func (f *fixture) act(random *rand.Rand) {
	oops := errors.New("oops")
	email := fmt.Sprintf("u%d@example.com", random.IntN(6))
	rename := f.draft("workspace", "name", "w")
	err := f.Write(f.t.Context(), crm.Actor{}, func(tx *store.Tx) error {
		list, err := SignIn(tx, email)
		if err != nil {
			return err
		}
		tx.Actor = list[random.IntN(len(list))].In(tx.Actor)
		if err = act(tx, random, rename); err == nil && random.IntN(5) == 0 {
			err = oops
		}
		return err
	})
	switch kit.CodeOf(err) {
	case "", crm.LastAdmin, crm.PlanLimitReached, crm.AlreadyExists, crm.NotFound:
	default:
		if !errors.Is(err, oops) {
			f.t.Errorf("%s: %v", email, err)
		}
	}
}

func act(tx *store.Tx, random *rand.Rand, d store.Draft) error {
	email := fmt.Sprintf("u%d@example.com", random.IntN(9)) // three users never sign in, so that their invites remain
	what := random.IntN(60)
	if what < 12 {
		email = tx.Actor.Email
	}
	seat, found, err := FindMembership(tx, email)
	if err != nil {
		return err
	}
	role := crm.Roles()[random.IntN(2)]
	switch invited := found && seat.Value("status").Text == Invited; {
	case what == 59:
		return DeleteWorkspace(tx)
	case what > 52:
		_, err = CreateWorkspace(tx, d)
	case !found || invited && what > 30:
		_, err = Invite(tx, email, role)
	case invited:
		return CancelInvite(tx, seat)
	case what < 24:
		return RemoveMember(tx, seat)
	default:
		_, err = SetRole(tx, seat, role)
	}
	return err
}

func (f *fixture) checkTeams() {
	f.t.Helper()
	for what, text := range map[string]string{
		"seats that are miscounted": `SELECT w.id FROM workspaces w LEFT JOIN usage u ON u.workspace_id = w.number AND u.kind = 'members'
			WHERE u.n IS DISTINCT FROM (SELECT COUNT(*) FROM members m WHERE m.workspace_id = w.number)`,
		"workspaces over their plan":   "SELECT workspace_id FROM members GROUP BY workspace_id HAVING COUNT(*) > 4",
		"workspaces without an admin":  "SELECT id FROM workspaces w WHERE NOT EXISTS (SELECT 1 FROM members m WHERE m.workspace_id = w.number AND m.role = 'admin' AND m.user_id IS NOT NULL)",
		"users with a wrong count":     "SELECT email FROM users u WHERE workspaces <> (SELECT COUNT(*) FROM workspaces w WHERE w.made_by = u.number)",
		"makers who are no members":    "SELECT id FROM workspaces w WHERE made_by IS NOT NULL AND NOT EXISTS (SELECT 1 FROM members m WHERE m.workspace_id = w.number AND m.user_id = w.made_by)",
		"seats of the wrong user":      "SELECT m.id FROM members m LEFT JOIN users u ON u.number = m.user_id WHERE (m.status = 'active') <> (m.user_id IS NOT NULL) OR u.id <> m.id OR u.email <> m.email",
		"rows of workspaces long gone": "SELECT workspace_id FROM (SELECT workspace_id FROM usage UNION ALL SELECT workspace_id FROM changes) x WHERE workspace_id NOT IN (SELECT number FROM workspaces) AND workspace_id <> 0",
	} {
		if found := f.raw(1, text); len(found) > 0 {
			f.t.Errorf("%s: %q", what, found)
		}
	}
	f.checkReferences()
	acts := f.raw(1, "SELECT action FROM changes GROUP BY action ORDER BY action")
	if want := []string{"invite.cancel", "invite.create", "invite.update", "member.join", "member.leave", "member.remove", "member.role", "workspace.create", "workspace.delete"}; !slices.Equal(acts, want) {
		f.t.Errorf("not everything happened, only %q", acts)
	}
}

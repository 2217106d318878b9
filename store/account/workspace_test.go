package account

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"crmkit/crm"
	"crmkit/crm/catalog"
	"crmkit/store"
	"crmkit/store/duplicates"
	"crmkit/store/storetest/kit"
)

// made creates a workspace and returns the actor in it.
func (f *fixture) made(actor crm.Actor, name string) crm.Actor {
	f.t.Helper()
	out, err := f.tryMake(actor, "name", name)
	if err != nil {
		f.t.Fatalf("make workspace %s: %v", name, err)
	}
	return f.enter(actor, out.After.ID)
}

func (f *fixture) tryMake(actor crm.Actor, pairs ...any) (out store.Outcome, err error) {
	d := f.draft("workspace", pairs...)
	err = f.Write(f.t.Context(), actor, func(tx *store.Tx) (err error) {
		out, err = CreateWorkspace(tx, d)
		return err
	})
	return out, err
}

func (f *fixture) tryRename(actor crm.Actor, d store.Draft) (out store.Outcome, err error) {
	err = f.Write(f.t.Context(), actor, func(tx *store.Tx) (err error) {
		out, err = UpdateWorkspace(tx, d)
		return err
	})
	return out, err
}

func (f *fixture) trySetPlan(of, plan string) (list []Workspace, err error) {
	err = f.Write(f.t.Context(), crm.Actor{}, func(tx *store.Tx) (err error) {
		list, err = SetPlan(tx, of, plan)
		return err
	})
	return list, err
}

// enter returns the actor as it is in a workspace of its user.
func (f *fixture) enter(actor crm.Actor, id string) crm.Actor {
	f.t.Helper()
	w, err := FindWorkspace(f.t.Context(), f.Store, actor.User, id)
	if err != nil {
		f.t.Fatalf("enter %s: %v", id, err)
	}
	return w.In(actor)
}

// wantLogged checks the newest entries of the log of a workspace, the oldest of
// them first.
func (f *fixture) wantLogged(workspace int64, want ...string) {
	f.t.Helper()
	got := f.raw(1, `SELECT action || ' ' || target || ' ' || COALESCE(before, '-') || ' ' || COALESCE(after, '-')
		FROM changes WHERE workspace_id = $1 ORDER BY key DESC LIMIT $2`, workspace, len(want))
	if slices.Reverse(got); !slices.Equal(got, want) {
		f.t.Errorf("the log of workspace %d ends in\n%s\nwant\n%s", workspace, strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestCreateWorkspace(t *testing.T) {
	engines(t, func(t *testing.T, f *fixture) {
		ann := f.member("ann@example.com")
		out, err := f.tryMake(ann, "name", "Sales Ärger", "time_zone", "Europe/Berlin")
		if err != nil || out.Result != store.Created || out.After.Version() != 1 || out.After.Value("role").Text != crm.RoleAdmin {
			t.Fatalf("made %+v, %v", out, err)
		}
		in := f.enter(ann, out.After.ID)
		if in.WorkspaceName != "Sales Ärger" || in.Zone.String() != "Europe/Berlin" || in.Plan != catalog.DefaultPlan || in.Role != crm.RoleAdmin {
			t.Errorf("its maker is %+v", in)
		}
		f.wantLogged(in.Workspace, "workspace.create workspace/"+in.WorkspaceID+` - {"name":"Sales Ärger","time_zone":"Europe/Berlin"}`)
		if got := f.list(ann, "workspace", "name=like:arger").Records; len(got) != 1 || got[0].ID != in.WorkspaceID {
			t.Errorf("found by its folded name: %v", got)
		}
		for zone, want := range map[string]crm.Code{"": "", "Mars/Olympus": crm.InvalidValue, "Local": crm.InvalidValue} {
			_, err := f.tryMake(ann, "name", "x", "time_zone", zone)
			kit.WantCode(t, "in the time zone "+zone, err, want)
		}
		_, err = f.tryMake(ann, "time_zone", "UTC")
		kit.WantCode(t, "without a name", err, crm.MissingField)
		f.checkCounters(ann)
		f.checkCounters(in)
	})
}

func TestWorkspacesAreCapped(t *testing.T) {
	engines(t, func(t *testing.T, f *fixture) {
		ann := f.member("ann@example.com")
		if _, err := f.trySetPlan("ann@example.com", "free"); err != nil {
			t.Fatal(err)
		}
		second, third := f.made(ann, "two"), f.made(ann, "three")
		if second.Plan != "free" || third.Plan != "free" || f.enter(ann, ann.WorkspaceID).Plan != catalog.DefaultPlan {
			t.Errorf("a new workspace has the plan of who makes it, an old one keeps its own")
		}
		_, err := f.tryMake(ann, "name", "four")
		kit.WantCode(t, "a fourth workspace on a plan of three", err, crm.PlanLimitReached)
		f.write(third, DeleteWorkspace)
		f.made(ann, "another third")
		f.checkCounters(ann)
	})
}

func TestUpdateWorkspace(t *testing.T) {
	engines(t, func(t *testing.T, f *fixture) {
		ann := f.member("ann@example.com")
		handle := "workspace/" + ann.WorkspaceID
		out, err := f.tryRename(ann, f.draft("workspace", "name", "Partners", "time_zone", "Asia/Tokyo"))
		if err != nil || out.Result != store.Updated || out.After.Version() != 2 || out.Before.Value("time_zone").Text != "UTC" {
			t.Fatalf("%+v, %v", out, err)
		}
		renamed := "workspace.update " + handle + ` {"name":"Workspace of ann@example.com","time_zone":"UTC"} {"name":"Partners","time_zone":"Asia/Tokyo"}`
		f.wantLogged(ann.Workspace, renamed)
		if out, err = f.tryRename(ann, f.draft("workspace", "name", "Partners")); err != nil || out.Result != store.Unchanged || out.After.Version() != 2 {
			t.Errorf("the same name again: %+v, %v", out, err)
		}
		stale := f.draft("workspace", "name", "Late")
		stale.Version = 1
		_, err = f.tryRename(ann, stale)
		kit.WantCode(t, "at an old version", err, crm.VersionConflict)
		_, err = f.tryRename(ann, f.draft("workspace", "time_zone", "Mars/Olympus"))
		kit.WantCode(t, "to no time zone", err, crm.InvalidValue)
		_, err = f.tryRename(ann, f.draft("workspace", "name", nil))
		kit.WantCode(t, "to no name", err, crm.MissingField)
		f.wantLogged(ann.Workspace, renamed)
		stored, err := f.RecordByID(t.Context(), ann, f.Schema.ByName("workspace"), ann.WorkspaceID)
		if err != nil || stored.Version() != 2 || stored.Value("name").Text != "Partners" || stored.Value("time_zone").Text != "Asia/Tokyo" {
			t.Errorf("stored is %v, %v", stored.Values, err)
		}
		stranger := f.member("bob@example.com")
		stranger.Workspace, stranger.WorkspaceID = ann.Workspace, ann.WorkspaceID
		_, err = f.tryRename(stranger, f.draft("workspace", "name", "Mine"))
		kit.WantCode(t, "by who is no member", err, crm.NotFound)
	})
}

func TestSetPlan(t *testing.T) {
	engines(t, func(t *testing.T, f *fixture) {
		ann := f.member("ann@example.com")
		second := f.made(ann, "two")
		for range 2 { // the second time nothing changes, and nothing is logged
			if list, err := f.trySetPlan(ann.WorkspaceID, "free"); err != nil || len(list) > 0 {
				t.Errorf("a workspace: %v, %v", list, err)
			}
			f.wantLogged(ann.Workspace, "workspace.create workspace/"+ann.WorkspaceID+` - {"name":"Workspace of ann@example.com","time_zone":"UTC"}`,
				"plan.set workspace/"+ann.WorkspaceID+` {"plan":"standard"} {"plan":"free"}`)
		}
		list, err := f.trySetPlan("ann@example.com", "unlimited")
		if err != nil || len(list) != 2 || list[0].ID != ann.WorkspaceID || list[0].Plan != "free" || list[1].Plan != catalog.DefaultPlan {
			t.Errorf("a user: %+v, %v", list, err)
		}
		f.wantLogged(ann.Workspace, "plan.set member/"+ann.UserID+` {"plan":"standard"} {"plan":"unlimited"}`)
		if f.enter(ann, ann.WorkspaceID).Plan != "free" || f.enter(ann, second.WorkspaceID).Plan != catalog.DefaultPlan || f.made(ann, "three").Plan != "unlimited" {
			t.Error("the plan of a user is that of the workspaces to be made, not of those there are")
		}
		for _, of := range []string{"", "ws_none", "nobody@example.com", ann.UserID} {
			_, err := f.trySetPlan(of, "free")
			kit.WantCode(t, "of "+of, err, crm.NotFound)
		}
	})
}

// rowsIn returns the rows of a workspace by table, each in one line: rows with the number of the
// workspace, and rows with the key of one of its records. The upper bits of a key are the number.
func (f *fixture) rowsIn(workspace int64) map[string][]string {
	f.t.Helper()
	found := map[string][]string{}
	for _, table := range f.catalog().Tables() {
		columns := f.catalog().Columns(table)
		var where []string
		for _, column := range columns {
			column, isNumber := strings.CutSuffix(column, " BIGINT")
			if !isNumber {
				continue
			}
			if column == "workspace_id" || table == "workspaces" && column == "number" {
				where = append(where, column+" = $1")
			} else if column == "key" || column == "record" || strings.HasSuffix(column, "_id") {
				where = append(where, fmt.Sprintf("%s / %d = $1", column, crm.RecordKey(1, 0)))
			}
		}
		if len(where) > 0 {
			found[table] = f.raw(len(columns), "SELECT * FROM "+table+" WHERE "+strings.Join(where, " OR ")+" ORDER BY 1, 2, 3", workspace)
		}
	}
	return found
}

// newToken creates a token of the actor, stored under the hash.
func (f *fixture) newToken(actor crm.Actor, hash string) (id string) {
	f.t.Helper()
	f.write(actor, func(tx *store.Tx) (err error) {
		id, err = CreateToken(tx, Workspace{Number: actor.Workspace, ID: actor.WorkspaceID}, Token{Hash: hash, Name: "n", Scope: "full", Origin: "code"})
		return err
	})
	return id
}

// filled creates a workspace with a row in every table that has rows of workspaces, and returns its
// admin.
func (f *fixture) filled(email, colleague string) crm.Actor {
	f.t.Helper()
	admin := f.member(email)
	admin = f.enter(admin, admin.WorkspaceID)
	f.join(admin, colleague, crm.RoleMember)
	f.everyKind(admin)
	f.save(admin, "contact", "name", "Tagged", "stage", "lead", "tags", []string{"vip"}, "other_emails", []string{"t@example.com"}, "custom", []crm.Member{{Name: "seats", JSON: "12"}})
	winner, other := f.save(admin, "company", "name", "Initech"), f.save(admin, "company", "name", "Initech again")
	f.write(admin, func(tx *store.Tx) error {
		_, err := tx.Merge(store.Merge{Entity: winner.Entity, Winner: winner.Key, Others: []int64{other.Key}})
		return err
	})
	inRun := admin
	inRun.TokenID, inRun.Run = f.newToken(admin, email), "enrich-1128"
	f.save(inRun, "company", "name", "Hooli")
	f.write(inRun, func(tx *store.Tx) error { return MoveBookmark(tx, "daily", 1) })
	f.write(admin, func(tx *store.Tx) error { return SaveConfirmation(tx, Confirmation{Hash: email}) })
	f.keep(admin, email, "content")
	f.write(admin, func(tx *store.Tx) error {
		_, err := IssueCode(tx, Code{Purpose: "step-up", Email: email, Workspace: admin.Workspace})
		return err
	})
	f.write(admin, func(tx *store.Tx) error {
		return CreateGrant(tx, Grant{Hash: email}, Workspace{Number: admin.Workspace})
	})
	f.write(admin, func(tx *store.Tx) error { return tx.SaveIdempotentResponse(store.IdempotentResponse{Hash: email}) })
	f.write(admin, func(tx *store.Tx) error { return tx.Reserve(email, 1) })
	f.write(admin, func(tx *store.Tx) error {
		_, err := duplicates.Dismiss(tx, duplicates.Dismissal{Entity: f.Schema.ByName("contact"), Pair: [2]int64{crm.RecordKey(admin.Workspace, 1), crm.RecordKey(admin.Workspace, 2)}})
		return err
	})
	f.write(admin, func(tx *store.Tx) error { return tx.SaveImportMapping("file", f.Schema.ByName("contact"), email, 1) })
	if _, err := f.tryInvite(admin, "pending-"+email, crm.RoleMember); err != nil {
		f.t.Fatal(err)
	}
	return admin
}

func TestDeleteWorkspaceLeavesNothing(t *testing.T) {
	engines(t, func(t *testing.T, f *fixture) {
		ann := f.filled("ann@example.com", "bob@example.com")
		carl := f.filled("carl@example.com", "ann@example.com")
		others := f.rowsIn(carl.Workspace)
		for table, rows := range f.rowsIn(ann.Workspace) {
			if table != "cascades" && (len(rows) == 0 || len(others[table]) == 0) {
				t.Errorf("%s has no row to lose, so this test shows nothing of it", table)
			}
		}
		f.write(ann, DeleteWorkspace)
		f.settled()
		for table, rows := range f.rowsIn(ann.Workspace) {
			if len(rows) > 0 {
				t.Errorf("%s keeps %q", table, rows)
			}
		}
		for table, rows := range f.rowsIn(carl.Workspace) {
			if !slices.Equal(rows, others[table]) {
				t.Errorf("%s of another workspace was\n%s\nand is\n%s", table, strings.Join(others[table], "\n"), strings.Join(rows, "\n"))
			}
		}
		f.checkReferences()
		if made := f.raw(1, "SELECT workspaces FROM users WHERE email = 'ann@example.com'"); made[0] != "0" {
			t.Errorf("its maker is counted with %s workspaces", made[0])
		}
		if _, found, err := FindSession(t.Context(), f.Store, "ann@example.com"); found || err != nil {
			t.Errorf("its token is alive: %v, %v", found, err)
		}
		f.wantLogged(0, "workspace.delete workspace/"+ann.WorkspaceID+` {"name":"Workspace of ann@example.com"} -`)
		if again := f.member("ann@example.com"); again.Workspace != carl.Workspace {
			t.Errorf("who still is in another workspace came to %d", again.Workspace)
		}
	})
}

// TestReauthorize checks that a write sees that its token, member or workspace was deleted after the
// request was accepted, and that its role or plan changed.
func TestReauthorize(t *testing.T) {
	engines(t, func(t *testing.T, f *fixture) {
		ann := f.filled("ann@example.com", "bob@example.com")
		here, team := f.member("bob@example.com"), f.enter(f.member("bob@example.com"), ann.WorkspaceID)
		here.TokenID, team.TokenID = f.newToken(here, "here"), f.newToken(team, "team")
		visiting := team // a token of one workspace acts in another of its user
		visiting.TokenID = here.TokenID
		enter := func(what string, actor crm.Actor, want crm.Code) {
			t.Helper()
			err := f.Write(t.Context(), actor, func(tx *store.Tx) error {
				err := Reauthorize(tx)
				actor = tx.Actor
				return err
			})
			kit.WantCode(t, what, err, want)
			if want == "" && (actor.Role != crm.RoleAdmin || actor.Plan != "free") {
				t.Errorf("%s: the actor is %s on the plan %s", what, actor.Role, actor.Plan)
			}
		}
		if _, err := f.trySetPlan(ann.WorkspaceID, "free"); err != nil {
			t.Fatal(err)
		}
		if err := f.withSeat(ann, "bob@example.com", toRole(crm.RoleAdmin)); err != nil {
			t.Fatal(err)
		}
		enter("a member who was promoted, on a plan that was changed", team, "")
		enter("a visitor", visiting, "")
		eve := f.member("eve@example.com")
		eve.TokenID, eve.Workspace = f.newToken(eve, "eve"), ann.Workspace
		enter("a stranger", eve, crm.NotAMember)
		f.write(ann, DeleteWorkspace)
		enter("a token of a workspace that is gone", team, crm.InvalidToken)
		enter("a visitor of a workspace that is gone", visiting, crm.NotAMember)
		f.write(here, func(tx *store.Tx) error { return RevokeToken(tx, here.TokenID) })
		enter("a revoked token", here, crm.InvalidToken)
		if back := f.member("ann@example.com"); back.Workspace == ann.Workspace || back.Workspace == 0 {
			t.Errorf("who has no workspace left gets a new one, not %d", back.Workspace)
		}
	})
}

package account

import (
	"crmkit/crm"
	"crmkit/crm/norm"
	"crmkit/store"
)

// CreateWorkspace makes a workspace of which the actor is admin, within the cap
// of the user's plan.
func CreateWorkspace(tx *store.Tx, d store.Draft) (store.Outcome, error) {
	before := crm.NewRecord(d.Entity)
	after, err := tx.ApplyDraft(before, d)
	if err != nil {
		return store.Outcome{}, err
	}
	if _, err := LoadTimeZone(after.Value("time_zone").Text); err != nil {
		return store.Outcome{}, err
	}
	if err := countWorkspace(tx); err != nil {
		return store.Outcome{}, err
	}
	id, err := makeWorkspace(tx, after.Value("name").Text, after.Value("time_zone").Text)
	if err != nil {
		return store.Outcome{}, err
	}
	after, err = tx.RecordByID(d.Entity, id)
	return store.Outcome{Before: before, After: after, Result: store.Created}, err
}

// countWorkspace counts one more workspace of the actor, up to the cap of the
// user's plan.
func countWorkspace(tx *store.Tx) error {
	var plan string
	if _, err := tx.Row("SELECT plan FROM users WHERE number = $1", []any{tx.Actor.User}, &plan); err != nil {
		return err
	}
	limit := tx.Plans().Cap(plan, "workspaces")
	n, err := tx.Affect("UPDATE users SET workspaces = workspaces + 1 WHERE number = $1 AND workspaces < $2", tx.Actor.User, limit)
	if err == nil && n == 0 {
		err = store.LimitReached(plan, limit, "workspaces")
	}
	return err
}

// makeWorkspace makes a workspace of the actor, who is its admin, and goes into
// it. It is on the plan of the user.
func makeWorkspace(tx *store.Tx, name, zone string) (id string, err error) {
	if id, err = tx.RandomID("ws"); err != nil {
		return "", err
	}
	number, err := tx.Sequence("workspaces")
	if err != nil {
		return "", err
	}
	_, err = tx.Row(`INSERT INTO workspaces (number, id, name, name_fold, time_zone, plan, version, made_by, created_at)
		SELECT $1, $2, $3, $4, $5, u.plan, 1, u.number, $7 FROM users u WHERE u.number = $6 RETURNING plan`,
		[]any{number, id, name, norm.Fold(name), zone, tx.Actor.User, tx.Now()}, &tx.Actor.Plan)
	if err != nil {
		return "", err
	}
	tx.Actor.Workspace, tx.Actor.WorkspaceID = number, id
	if err := tx.Exec("INSERT INTO usage (workspace_id, kind, last, n) VALUES ($1, 'members', 1, 1)", number); err != nil {
		return "", err
	}
	if err := insertMembership(tx, membership{id: tx.Actor.UserID, user: tx.Actor.User, email: tx.Actor.Email, role: crm.RoleAdmin, status: Active}); err != nil {
		return "", err
	}
	return id, tx.LogEntry("workspace.create", "workspace/"+id, nil, store.LogFields("name", name, "time_zone", zone))
}

// UpdateWorkspace changes name and time zone of the actor's workspace.
func UpdateWorkspace(tx *store.Tx, d store.Draft) (store.Outcome, error) {
	before, err := tx.RecordByID(d.Entity, tx.Actor.WorkspaceID)
	if err != nil {
		return store.Outcome{}, err
	}
	after, err := tx.ApplyDraft(before, d)
	if err != nil {
		return store.Outcome{}, err
	}
	if len(crm.Changed(before.Values, after.Values)) == 0 {
		return store.Outcome{Before: before, After: before, Result: store.Unchanged}, nil
	}
	zone := after.Value("time_zone").Text
	if _, err := LoadTimeZone(zone); err != nil {
		return store.Outcome{}, err
	}
	after.Set(crm.FieldVersion, crm.Number(before.Version()+1))
	name := after.Value("name").Text
	err = tx.Exec("UPDATE workspaces SET name = $2, name_fold = $3, time_zone = $4, version = version + 1 WHERE number = $1",
		tx.Actor.Workspace, name, norm.Fold(name), zone)
	if err != nil {
		return store.Outcome{}, err
	}
	return store.Outcome{Before: before, After: after, Result: store.Updated}, tx.LogRecord("workspace.update", before, after)
}

// DeleteWorkspace deletes the actor's workspace. With it go its members, tokens and codes,
// so that nobody reads it any more; its records and its log follow in steps. That it was
// there stays in the log of no workspace.
func DeleteWorkspace(tx *store.Tx) error {
	number, id := tx.Actor.Workspace, tx.Actor.WorkspaceID
	if err := endTokens(tx, number, "SELECT key FROM tokens WHERE workspace_id = $1", number); err != nil {
		return err
	}
	if err := tx.DeleteRecords(); err != nil {
		return err
	}
	texts := []string{"UPDATE users SET workspaces = workspaces - 1 WHERE number = (SELECT made_by FROM workspaces WHERE number = $1)"}
	for _, table := range []string{"codes", "oauth_grants", "members"} {
		texts = append(texts, "DELETE FROM "+table+" WHERE workspace_id = $1")
	}
	for _, text := range append(texts, "DELETE FROM workspaces WHERE number = $1") {
		if err := tx.Exec(text, number); err != nil {
			return err
		}
	}
	tx.Actor.Workspace = 0
	return tx.LogEntry("workspace.delete", "workspace/"+id, store.LogFields("name", tx.Actor.WorkspaceName), nil)
}

// SetPlan puts a workspace, by its id, or a user, by the address, on a plan. Of a
// user it returns the workspaces, which keep their own. Errors are not_found when
// there is neither, and invalid_value for a plan that the server of the file lacks.
func SetPlan(tx *store.Tx, of, plan string) (list []Workspace, err error) {
	if err := checkPlanKnown(tx, plan); err != nil {
		return nil, err
	}
	var number, home int64
	var before, target string
	text := "UPDATE workspaces SET plan = $2 WHERE number = $1"
	found, err := tx.Row("SELECT number, number, plan, 'workspace/' || id FROM workspaces WHERE id = $1", []any{of}, &number, &home, &before, &target)
	if err == nil && !found {
		text = "UPDATE users SET plan = $2 WHERE number = $1"
		found, err = tx.Row("SELECT number, 0, plan, 'member/' || id FROM users WHERE email = $1", []any{of}, &number, &home, &before, &target)
		tx.Actor.User = number
	}
	if err != nil {
		return nil, err
	}
	if !found {
		return nil, crm.Errorf(crm.NotFound, "there is no workspace and no user %s; name a workspace by its id (ws_…) or a user by the e-mail address.", norm.Quote(of))
	}
	if home == 0 {
		if list, err = workspacesOf(tx); err != nil {
			return nil, err
		}
		if len(list) > 0 {
			home = list[0].Number // where the user's tokens act by default
		}
	}
	if before == plan {
		return list, nil
	}
	tx.Actor.Workspace = home
	if err := tx.Exec(text, number, plan); err != nil {
		return nil, err
	}
	return list, tx.LogEntry("plan.set", target, store.LogFields("plan", before), store.LogFields("plan", plan))
}

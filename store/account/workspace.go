package account

import (
	"context"
	"errors"

	"crmkit/crm"
	"crmkit/crm/norm"
	"crmkit/store"
	"crmkit/store/changelog"
	"crmkit/store/engine"
	"crmkit/store/refusal"
	"crmkit/store/table"
)

// Workspace is the data of one team, separate from that of all others.
type Workspace struct {
	Number   int64
	ID       string
	Name     string
	TimeZone string
	Country  string
	Plan     string
	Role     string // of the user it was listed for
	Shape    int64  // version of what it has declared
}

// In returns the actor as it is in the workspace, without what the workspace has declared (see store.Declared).
func (w Workspace) In(a crm.Actor) crm.Actor {
	a.Workspace, a.WorkspaceID, a.WorkspaceName = w.Number, w.ID, w.Name
	a.Plan, a.Role, a.TimeZone, a.Country = w.Plan, w.Role, w.TimeZone, w.Country
	a.Zone, _ = LoadTimeZone(w.TimeZone)
	a.Schema = nil
	return a
}

// workspaceColumns are the columns of a Workspace, from workspaces w and members m.
const workspaceColumns = "w.number, w.id, w.name, w.time_zone, COALESCE(w.country, ''), w.plan, m.role, w.shape"

// scanDest returns the scan destinations of workspaceColumns.
func (w *Workspace) scanDest() []any {
	return []any{&w.Number, &w.ID, &w.Name, &w.TimeZone, &w.Country, &w.Plan, &w.Role, &w.Shape}
}

// appendWorkspaces returns a function that scans a row of workspaceColumns and adds it to the
// list.
func appendWorkspaces(list *[]Workspace) func(scan func(...any) error) error {
	return func(scan func(...any) error) error {
		*list = append(*list, Workspace{})
		return scan((*list)[len(*list)-1].scanDest()...)
	}
}

// workspacesOf returns the workspaces of the actor's user, oldest membership first.
func workspacesOf(tx *store.Tx) (list []Workspace, err error) {
	err = tx.Rows("SELECT "+workspaceColumns+` FROM members m JOIN workspaces w ON w.number = m.workspace_id
		WHERE m.user_id = $1 ORDER BY m.created_at, m.key`, []any{tx.Actor.User}, appendWorkspaces(&list))
	return list, err
}

// FindWorkspace returns the workspace with the id as the user sees it, or a not_a_member
// error.
func FindWorkspace(ctx context.Context, s *store.Store, user int64, id string) (w Workspace, err error) {
	err = s.Read(ctx, func(v *store.ReadTx) error {
		return v.Row(ctx, "SELECT "+workspaceColumns+` FROM workspaces w
			JOIN members m ON m.workspace_id = w.number AND m.user_id = $1 WHERE w.id = $2`, []any{user, id}, w.scanDest()...)
	})
	if errors.Is(err, engine.ErrNoRows) {
		return w, NotAMember(id)
	}
	return w, err
}

// NotAMember is the error for a workspace of which the user is not a member. It is the same if the
// workspace does not exist.
func NotAMember(id string) error {
	return crm.Errorf(crm.NotAMember, "you do not belong to a workspace %s. GET /workspaces lists yours.", norm.Quote(id))
}

// CreateWorkspace makes a workspace whose admin is the actor, within the cap of the user's
// plan.
func CreateWorkspace(tx *store.Tx, d store.Draft) (store.Outcome, error) {
	before := crm.NewRecord(d.Entity)
	after, err := tx.ApplyDraft(before, d)
	if err != nil {
		return store.Outcome{}, err
	}
	if err := checkPlace(after); err != nil {
		return store.Outcome{}, err
	}
	if err := countWorkspace(tx); err != nil {
		return store.Outcome{}, err
	}
	id, err := makeWorkspace(tx, Workspace{Name: after.Value("name").Text, TimeZone: after.Value("time_zone").Text, Country: after.Value("country").Text})
	if err != nil {
		return store.Outcome{}, err
	}
	after, err = tx.RecordByID(d.Entity, id)
	return store.Outcome{Before: before, After: after, Result: store.Created}, err
}

// countWorkspace counts one more workspace of the actor, or fails at the cap of the user's
// plan.
func countWorkspace(tx *store.Tx) error {
	var plan string
	if _, err := tx.Row("SELECT plan FROM users WHERE number = $1", []any{tx.Actor.User}, &plan); err != nil {
		return err
	}
	limit := tx.Plans().Cap(plan, "workspaces")
	n, err := tx.Affect("UPDATE users SET workspaces = workspaces + 1 WHERE number = $1 AND workspaces < $2", tx.Actor.User, limit)
	if err == nil && n == 0 {
		err = refusal.LimitReached(plan, limit, "workspaces")
	}
	return err
}

// makeWorkspace makes a workspace with a name, time zone and country on the plan of the user, with
// the actor as its admin, and makes it the workspace of the transaction.
func makeWorkspace(tx *store.Tx, w Workspace) (id string, err error) {
	if id, err = tx.RandomID("ws"); err != nil {
		return "", err
	}
	number, err := tx.Sequence("workspaces")
	if err != nil {
		return "", err
	}
	tx.AddHead(number)
	_, err = tx.Row(`INSERT INTO workspaces (number, id, name, name_fold, time_zone, plan, version, made_by, created_at, country, time_zone_fold, country_fold, name_plain)
		SELECT $1, $2, $3, $4, $5, u.plan, 1, u.number, $7, $8, $9, $10, $11 FROM users u WHERE u.number = $6 RETURNING plan`,
		[]any{number, id, w.Name, norm.Fold(w.Name), w.TimeZone, tx.Actor.User, tx.Now(), table.NullText(w.Country), table.FoldUnlessSame(w.TimeZone), table.FoldUnlessSame(w.Country), table.PlainUnlessSame(w.Name)}, &tx.Actor.Plan)
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
	fields := changelog.Texts("name", w.Name, "time_zone", w.TimeZone)
	if w.Country != "" {
		fields = append(fields, changelog.Texts("country", w.Country)...)
	}
	return id, tx.LogEntry("workspace.create", "workspace/"+id, nil, fields)
}

// UpdateWorkspace changes name, time zone and country of the actor's workspace.
func UpdateWorkspace(tx *store.Tx, d store.Draft) (store.Outcome, error) {
	before, err := tx.RecordByID(d.Entity, tx.Actor.WorkspaceID)
	if err != nil {
		return store.Outcome{}, err
	}
	after, err := tx.ApplyDraft(before, d)
	if err != nil {
		return store.Outcome{}, err
	}
	if err := checkPlace(after); err != nil {
		return store.Outcome{}, err
	}
	if len(crm.Changed(before.Values, after.Values)) == 0 {
		return store.Outcome{Before: before, After: before, Result: store.Unchanged}, nil
	}
	after.Set(crm.FieldVersion, crm.Number(before.Version()+1))
	name, zone, country, keys := after.Value("name").Text, after.Value("time_zone").Text, after.Value("country"), after.Value("custom_keys")
	err = tx.Exec("UPDATE workspaces SET name = $2, name_fold = $3, time_zone = $4, country = $5, time_zone_fold = $6, country_fold = $7, name_plain = $8, custom_keys = $9, version = version + 1 WHERE number = $1",
		tx.Actor.Workspace, name, norm.Fold(name), zone, table.Arg(country), table.FoldUnlessSame(zone), table.FoldUnlessSame(country.Text), table.PlainUnlessSame(name), table.Arg(keys))
	if err == nil && !keys.Equal(before.Value("custom_keys")) {
		err = tx.Redeclare()
	}
	if err != nil {
		return store.Outcome{}, err
	}
	return store.Outcome{Before: before, After: after, Result: store.Updated}, tx.LogRecord("workspace.update", before, after)
}

// DeleteWorkspace deletes the actor's workspace. Members, tokens and codes are deleted at
// once, so that nobody can read it; its records and its log are deleted in later steps. The
// log of no workspace records the deletion.
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
	return tx.LogEntry("workspace.delete", "workspace/"+id, changelog.Texts("name", tx.Actor.WorkspaceName), nil)
}

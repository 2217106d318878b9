package store

import (
	"fmt"
	"strings"

	"crmkit/crm"
	"crmkit/crm/norm"
	"crmkit/store/changelog"
	"crmkit/store/table"
)

// This package cannot import package account. These helpers write the rows of accounts as
// package account does, as far as tests of records need them.

// member returns an actor in the oldest workspace of the user with the address. It creates the
// user and the workspace if there is no user with the address.
func (f *fixture) member(email string) crm.Actor {
	f.t.Helper()
	a := crm.Actor{Email: email, Role: "", TokenID: "tok_test"}
	f.write(a, func(tx *Tx) error {
		found, err := tx.Row(`SELECT u.number, u.id, w.number, w.id, w.plan FROM users u JOIN members m ON m.user_id = u.number JOIN workspaces w ON w.number = m.workspace_id
			WHERE u.email = $1 ORDER BY m.created_at, m.key LIMIT 1`, []any{email}, &a.User, &a.UserID, &a.Workspace, &a.WorkspaceID, &a.Plan)
		if found || err != nil {
			return err
		}
		if a.User, err = tx.Sequence("users"); err != nil {
			return err
		}
		if a.UserID, err = tx.RandomID("u"); err != nil {
			return err
		}
		err = tx.Exec("INSERT INTO users (number, id, email, plan, workspaces, created_at) VALUES ($1, $2, $3, $4, 0, $5)",
			a.User, a.UserID, email, tx.DefaultPlan(), tx.Now())
		if err != nil {
			return err
		}
		a.Plan = tx.DefaultPlan()
		a.Workspace, a.WorkspaceID, err = tx.addWorkspace(a, "Workspace of "+email)
		return err
	})
	return a
}

// addWorkspace creates a workspace whose admin and only member is the actor.
func (tx *Tx) addWorkspace(a crm.Actor, name string) (number int64, id string, err error) {
	if number, err = tx.Sequence("workspaces"); err != nil {
		return 0, "", err
	}
	if id, err = tx.RandomID("ws"); err != nil {
		return 0, "", err
	}
	err = tx.Exec("INSERT INTO workspaces (number, id, name, name_fold, time_zone, time_zone_fold, plan, version, made_by, created_at) VALUES ($1, $2, $3, $4, 'UTC', 'utc', $5, 1, $6, $7)",
		number, id, name, norm.Fold(name), tx.DefaultPlan(), a.User, tx.Now())
	if err != nil {
		return 0, "", err
	}
	if err := tx.Exec("UPDATE users SET workspaces = workspaces + 1 WHERE number = $1", a.User); err != nil {
		return 0, "", err
	}
	actor := tx.Actor
	defer func() { tx.Actor = actor }()
	tx.Actor = crm.Actor{User: a.User, UserID: a.UserID, Email: a.Email, Workspace: number}
	if err := tx.addMember(a.UserID, a.Email, crm.RoleAdmin); err != nil {
		return 0, "", err
	}
	return number, id, tx.LogEntry("workspace.create", "workspace/"+id, nil, changelog.Texts("name", name, "time_zone", "UTC"))
}

// addMember makes the user with the id a member of the workspace of the transaction. An id that
// is not of a user makes an invite.
func (tx *Tx) addMember(id, email, role string) error {
	key, err := tx.Sequence("members")
	if err != nil {
		return err
	}
	err = tx.Exec(`INSERT INTO members (key, id, workspace_id, user_id, email, role, status, created_at, email_fold)
		SELECT $1, $2, $3, (SELECT number FROM users WHERE id = $2), $4, $5, CASE WHEN EXISTS (SELECT 1 FROM users WHERE id = $2) THEN 'active' ELSE 'invited' END, $6, $7`,
		key, id, tx.Actor.Workspace, email, role, tx.Now(), table.FoldHostsUnlessSame(email))
	if err != nil {
		return err
	}
	return tx.Exec("INSERT INTO usage (workspace_id, kind, last, n) VALUES ($1, 'members', 1, 1) ON CONFLICT (workspace_id, kind) DO UPDATE SET last = usage.last + 1, n = usage.n + 1", tx.Actor.Workspace)
}

// invite invites an address to the actor's workspace.
func (f *fixture) invite(actor crm.Actor, email, role string) {
	f.t.Helper()
	f.write(actor, func(tx *Tx) error {
		id, err := tx.RandomID("inv")
		if err != nil {
			return err
		}
		return tx.addMember(id, email, role)
	})
}

// token creates a token of the actor, stored under the hash.
func (f *fixture) token(actor crm.Actor, hash string) (id string) {
	f.t.Helper()
	return f.namedToken(actor, hash, "n")
}

func (f *fixture) namedToken(actor crm.Actor, hash, name string) (id string) {
	f.t.Helper()
	f.write(actor, func(tx *Tx) error {
		key, err := tx.Sequence("tokens")
		if err != nil {
			return err
		}
		if id, err = tx.RandomID("tok"); err != nil {
			return err
		}
		err = tx.Exec(`INSERT INTO tokens (key, id, user_id, workspace_id, workspace, name, name_fold, scope, origin, created_at, last_used_at, reach)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'code', $9, $9, $10)`,
			key, id, actor.User, actor.Workspace, actor.WorkspaceID, name, norm.Fold(name), crm.ScopeFull, tx.Now(), crm.ReachOne)
		if err == nil {
			err = tx.Exec("INSERT INTO secrets (hash, token_key, kind, pair) VALUES ($1, $2, 'access', 0)", hash, key)
		}
		if err == nil {
			err = tx.LogEntry("token.create", "token/"+id, nil, changelog.Texts("name", name))
		}
		return err
	})
	return id
}

// holder returns the actor of an access token, by the hash of the token.
func (f *fixture) holder(hash string) (a crm.Actor) {
	f.t.Helper()
	err := f.Read(f.t.Context(), func(v *ReadTx) error {
		return v.Row(f.t.Context(), `SELECT t.id, t.scope, u.number, u.id, u.email, w.number, w.id, w.name, w.plan, m.role
			FROM secrets s JOIN tokens t ON t.key = s.token_key JOIN users u ON u.number = t.user_id JOIN workspaces w ON w.number = t.workspace_id
			JOIN members m ON m.workspace_id = t.workspace_id AND m.user_id = t.user_id WHERE s.hash = $1 AND s.kind = 'access'`, []any{hash},
			&a.TokenID, &a.Scope, &a.User, &a.UserID, &a.Email, &a.Workspace, &a.WorkspaceID, &a.WorkspaceName, &a.Plan, &a.Role)
	})
	if err != nil {
		f.t.Fatalf("the token %s: %v", hash, err)
	}
	return a
}

// deleteWorkspace deletes the workspace of the actor with its members, tokens and invites.
func (tx *Tx) deleteWorkspace() error {
	for _, table := range []string{"tokens", "codes", "oauth_grants", "members"} {
		if err := tx.Exec("DELETE FROM "+table+" WHERE workspace_id = $1", tx.Actor.Workspace); err != nil {
			return err
		}
	}
	if err := tx.DeleteRecords(); err != nil {
		return err
	}
	if err := tx.Exec("DELETE FROM workspaces WHERE number = $1", tx.Actor.Workspace); err != nil {
		return err
	}
	tx.Actor.Workspace = 0 // the entry is in the log of no workspace, because that of this one is deleted
	return tx.LogEntry("workspace.delete", "workspace/"+tx.Actor.WorkspaceID, nil, nil)
}

// populate fills a workspace with records of every kind and its user with tokens and
// workspaces.
func (f *fixture) populate(actor crm.Actor, n int) {
	f.t.Helper()
	f.records(actor, n)
	for i := range n {
		f.namedToken(actor, fmt.Sprint(actor.Email, i), []string{"Cursor", "cursor", "Zed"}[i%3])
		f.invite(actor, fmt.Sprintf("%d-%s", i, actor.Email), crm.Roles()[i%2])
		f.write(actor, func(tx *Tx) error {
			_, _, err := tx.addWorkspace(actor, []string{"Sales", "sales", "Ops"}[i%3])
			return err
		})
	}
}

// rowsOf returns the rows of a workspace by table, each in one line: rows with the number of the
// workspace, and rows with the key of one of its records. The upper bits of a key are the number.
func (f *fixture) rowsOf(workspace int64) map[string][]string {
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

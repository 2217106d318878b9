package account

import (
	"context"

	"crmkit/crm"
	"crmkit/crm/norm"
	"crmkit/store"
)

// WorkspaceInfo is a workspace, as the owner of the file sees it.
type WorkspaceInfo struct {
	Number            int64
	ID, Name, Plan    string
	CreatedAt         int64 // unix milliseconds
	Members, Contacts int64
}

// ListWorkspaces returns at most limit workspaces in the order of their numbers, beginning
// after the given number.
func ListWorkspaces(ctx context.Context, s *store.Store, after int64, limit int) (list []WorkspaceInfo, err error) {
	err = s.Read(ctx, func(v *store.ReadTx) error {
		return v.Rows(ctx, `SELECT w.number, w.id, w.name, w.plan, w.created_at,
				COALESCE((SELECT u.n FROM usage u WHERE u.workspace_id = w.number AND u.kind = 'members'), 0),
				COALESCE((SELECT u.n FROM usage u WHERE u.workspace_id = w.number AND u.kind = 'contacts'), 0)
			FROM workspaces w WHERE w.number > $1 ORDER BY w.number LIMIT $2`, []any{after, limit}, func(scan func(...any) error) error {
			var w WorkspaceInfo
			err := scan(&w.Number, &w.ID, &w.Name, &w.Plan, &w.CreatedAt, &w.Members, &w.Contacts)
			list = append(list, w)
			return err
		})
	})
	return list, err
}

// EnterWorkspace lets the actor act in the workspace with the id without being a member: the
// owner of the file may.
func EnterWorkspace(tx *store.Tx, id string) error {
	a := &tx.Actor
	found, err := tx.Row("SELECT number, id, name, plan FROM workspaces WHERE id = $1", []any{id}, &a.Workspace, &a.WorkspaceID, &a.WorkspaceName, &a.Plan)
	if err == nil && !found {
		err = crm.Errorf(crm.NotFound, "there is no workspace %s; crmkit workspace list shows all workspaces.", norm.Quote(id))
	}
	return err
}

// ClientUse is a registered OAuth client and how it is used.
type ClientUse struct {
	ID, Name, Redirects string
	CreatedAt, UsedAt   int64 // unix milliseconds; UsedAt is 0 before the first use
	Tokens              int64
}

// ListClients returns at most limit registered OAuth clients in the order of their ids,
// beginning after the given id, each with the number of its tokens.
func ListClients(ctx context.Context, s *store.Store, after string, limit int) (list []ClientUse, err error) {
	err = s.Read(ctx, func(v *store.ReadTx) error {
		return v.Rows(ctx, `SELECT c.id, c.name, c.redirects, c.created_at, COALESCE(c.used_at, 0), (SELECT COUNT(*) FROM tokens t WHERE t.client = c.id)
			FROM oauth_clients c WHERE c.id > $1 ORDER BY c.id LIMIT $2`, []any{after, limit}, func(scan func(...any) error) error {
			var c ClientUse
			err := scan(&c.ID, &c.Name, &c.Redirects, &c.CreatedAt, &c.UsedAt, &c.Tokens)
			list = append(list, c)
			return err
		})
	})
	return list, err
}

package view

import (
	"context"

	"crmkit/crm"
	"crmkit/crm/catalog"
	"crmkit/store/txn"
)

// Used is how much of what plans cap is in use.
type Used struct {
	Kinds      map[string]int64 // in the actor's workspace, by plural
	Workspaces int64            // that the user made
	UserPlan   string
}

// Used returns what the actor's workspace holds, and what its user made, all from one snapshot.
func (s *Reads) Used(ctx context.Context, actor crm.Actor) (u Used, err error) {
	u.Kinds = map[string]int64{}
	err = s.VisibleSnapshot(ctx, actor, s.schema.Entities[0], func(ctx context.Context, v *txn.ReadTx) error {
		err := v.Rows(ctx, "SELECT kind, n FROM usage WHERE workspace_id = $1", []any{actor.Workspace}, func(scan func(...any) error) error {
			var kind string
			var n int64
			if err := scan(&kind, &n); err != nil {
				return err
			}
			u.Kinds[kind] = n
			return nil
		})
		if err != nil {
			return err
		}
		return v.Row(ctx, "SELECT plan, workspaces FROM users WHERE number = $1", []any{actor.User}, &u.UserPlan, &u.Workspaces)
	})
	return u, err
}

// Usage is how much of a resource is used, and how much the plan allows.
type Usage struct {
	Resource string
	Used     int64
	Limit    int64 // crm.Unlimited for no bound
}

// Usage returns the use of what plans cap: what the actor's workspace holds against its plan,
// and the workspaces that the user made against the user's plan.
func (s *Reads) Usage(ctx context.Context, actor crm.Actor, plans catalog.Plans) ([]Usage, error) {
	used, err := s.Used(ctx, actor)
	var list []Usage
	for _, e := range s.schema.Entities {
		if !e.IsView() && !e.IsDefinition() || e.Name == "member" {
			list = append(list, Usage{e.Plural, used.Kinds[e.Plural], plans.Cap(actor.Plan, e.Plural)})
		}
	}
	list = append(list, Usage{catalog.Storage, used.Kinds[catalog.Storage], plans.Cap(actor.Plan, catalog.Storage)})
	return append(list, Usage{"workspaces", used.Workspaces, plans.Cap(used.UserPlan, "workspaces")}), err
}

// LastKey returns the highest number given to each kind of record in the actor's workspace, by
// plural, all from one snapshot.
func (s *Reads) LastKey(ctx context.Context, actor crm.Actor) (map[string]int64, error) {
	ctx, end, err := s.db.Turn(ctx, actor)
	if err != nil {
		return nil, err
	}
	defer end()
	last := map[string]int64{}
	err = s.db.Read(ctx, func(v *txn.ReadTx) error {
		return v.Rows(ctx, "SELECT kind, last FROM usage WHERE workspace_id = $1", []any{actor.Workspace}, func(scan func(...any) error) error {
			var kind string
			var n int64
			if err := scan(&kind, &n); err != nil {
				return err
			}
			last[kind] = n
			return nil
		})
	})
	return last, err
}

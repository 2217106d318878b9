package store

import (
	"context"

	"crmkit/crm"
	"crmkit/crm/catalog"
)

// Usage is how much of a resource is used, and how much the plan allows.
type Usage struct {
	Resource string
	Used     int64
	Limit    int64 // crm.Unlimited for no bound
}

// Usage returns the use of what plans cap: what the actor's workspace holds against its plan,
// and the workspaces that the user made against the user's plan.
func (s *Store) Usage(ctx context.Context, actor crm.Actor) ([]Usage, error) {
	ctx, end, err := s.turn(ctx, actor)
	if err != nil {
		return nil, err
	}
	defer end()
	used := map[string]int64{}
	var plan string
	var workspaces int64
	err = s.visibleSnapshot(ctx, actor, s.Schema.Entities[0], func(v *ReadTx) error {
		err := v.Rows(ctx, "SELECT kind, n FROM usage WHERE workspace_id = $1", []any{actor.Workspace}, func(scan func(...any) error) error {
			var kind string
			var n int64
			if err := scan(&kind, &n); err != nil {
				return err
			}
			used[kind] = n
			return nil
		})
		if err != nil {
			return err
		}
		return v.Row(ctx, "SELECT plan, workspaces FROM users WHERE number = $1", []any{actor.User}, &plan, &workspaces)
	})
	var list []Usage
	for _, e := range s.Schema.Entities {
		if !e.IsView() || e.Name == "member" {
			list = append(list, Usage{e.Plural, used[e.Plural], s.opts.Plans.Cap(actor.Plan, e.Plural)})
		}
	}
	list = append(list, Usage{catalog.Storage, used[catalog.Storage], s.opts.Plans.Cap(actor.Plan, catalog.Storage)})
	return append(list, Usage{"workspaces", workspaces, s.opts.Plans.Cap(plan, "workspaces")}), err
}

// LastKey returns the highest number given to each kind of record in the actor's workspace, by
// plural, all from one snapshot.
func (s *Store) LastKey(ctx context.Context, actor crm.Actor) (map[string]int64, error) {
	ctx, end, err := s.turn(ctx, actor)
	if err != nil {
		return nil, err
	}
	defer end()
	last := map[string]int64{}
	err = s.Read(ctx, func(v *ReadTx) error {
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

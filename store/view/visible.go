package view

import (
	"context"

	"crmkit/crm"
	"crmkit/store/txn"
)

// VisibleSnapshot runs fn in a turn, on a snapshot as readers of the actor's workspace see it,
// for at most maxRead. Entities that are not records have no pending deletes.
func (s *Reads) VisibleSnapshot(ctx context.Context, actor crm.Actor, e *crm.Entity, fn func(context.Context, *txn.ReadTx) error) error {
	ctx, cancel := limited(ctx)
	defer cancel()
	ctx, end, err := s.db.Turn(ctx, actor)
	if err != nil {
		return err
	}
	defer end()
	err = s.db.Snapshot(ctx, func(v *txn.ReadTx) error {
		if !e.IsView() {
			if v, err = s.visible(v, actor.Workspace); err != nil {
				return err
			}
		}
		return fn(ctx, v)
	})
	return explained(ctx, err)
}

// visible returns a read in which the rows of unfinished deletes in a workspace are left out.
func (s *Reads) visible(v *txn.ReadTx, workspace int64) (*txn.ReadTx, error) {
	pending, err := v.HasPendingDeletes(workspace)
	if err != nil || !pending {
		return v, err
	}
	return s.through(v, workspace)
}

// through returns a read that leaves out the rows of unfinished deletes, and in which references have
// followed unfinished merges.
func (s *Reads) through(v *txn.ReadTx, workspace int64) (*txn.ReadTx, error) {
	view := s.pending.ForWorkspace(workspace)
	merging, err := v.HasPendingMerges(workspace)
	if merging {
		view = view.Merging()
	}
	return v.Through(view), err
}

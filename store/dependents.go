package store

import (
	"context"

	"crmkit/crm"
)

// Dependents counts, per kind, how many records would be deleted with a record and how many
// would lose their reference to it.
func (s *Store) Dependents(ctx context.Context, actor crm.Actor, rec crm.Record) (counts []crm.Count, err error) {
	ctx, cancel := context.WithTimeout(ctx, maxRead)
	defer cancel()
	ctx, end, err := s.turn(ctx, actor)
	if err != nil {
		return nil, err
	}
	defer end()
	err = s.visibleSnapshot(ctx, actor, rec.Entity, func(v *ReadTx) error {
		counts, err = v.dependents(ctx, actor, s.Schema.ReferencesTo(rec.Entity), rec.Key)
		return err
	})
	return counts, err
}

func (v *ReadTx) dependents(ctx context.Context, actor crm.Actor, refs []crm.Reference, key int64) (counts []crm.Count, err error) {
	for _, ref := range refs {
		where := " FROM " + ref.From.Plural + " WHERE +workspace_id = $1 AND " + ref.Field.Col() + " = $2"
		c := crm.Count{Of: ref.From}
		if err := v.count(ctx, where, []any{actor.Workspace, key}, &c.Unlinked); err != nil {
			return nil, err
		}
		if sets := ownershipRefs(ref); len(sets) > 0 {
			if err := v.count(ctx, where+onlyOwner(ref, sets[0]), []any{actor.Workspace, key}, &c.Deleted); err != nil {
				return nil, err
			}
			c.Unlinked -= c.Deleted
		}
		counts = append(counts, c)
	}
	return counts, nil
}

// onlyOwner is the condition that no other reference of the set is set.
func onlyOwner(ref crm.Reference, set []string) (condition string) {
	for _, other := range set {
		if other != ref.Field.Name {
			condition += " AND " + other + " IS NULL"
		}
	}
	return condition
}

// count counts rows. Unlike Row it stops when its context ends.
func (v *ReadTx) count(ctx context.Context, where string, args []any, n *int64) error {
	return v.Rows(ctx, "SELECT COUNT(*)"+where, args, func(scan func(...any) error) error { return scan(n) })
}

package view

import (
	"context"

	"crmkit/crm"
	"crmkit/store/txn"
)

// Dependents counts, per kind, how many records would be deleted with a record and how many
// would lose their reference to it.
func (s *Reads) Dependents(ctx context.Context, actor crm.Actor, rec crm.Record) (counts []crm.Count, err error) {
	err = s.VisibleSnapshot(ctx, actor, rec.Entity, func(ctx context.Context, v *txn.ReadTx) error {
		counts, err = dependents(ctx, v, s.schema.ReferencesTo(rec.Entity), rec.Key)
		return err
	})
	return counts, err
}

// dependents counts the records that refer to the one with the key.
func dependents(ctx context.Context, v *txn.ReadTx, refs []crm.Reference, key int64) (counts []crm.Count, err error) {
	for _, ref := range refs {
		args := []any{crm.RecordWorkspace(key), key}
		text := "SELECT COUNT(*) FROM " + ref.From.Plural + " WHERE UNINDEXED workspace_id = $1 AND " + ref.Field.Col() + " = $2"
		c := crm.Count{Of: ref.From}
		if err := v.RowUntil(ctx, text, args, &c.Unlinked); err != nil {
			return nil, err
		}
		if sets := ref.Owning(); len(sets) > 0 {
			if err := v.RowUntil(ctx, text+onlyOwner(ref, sets[0]), args, &c.Deleted); err != nil {
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

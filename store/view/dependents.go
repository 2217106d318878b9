package view

import (
	"context"
	"fmt"
	"slices"

	"crmkit/crm"
	"crmkit/store/engine"
	"crmkit/store/list"
	"crmkit/store/txn"
)

// dependentsAtOnce is of how many records one statement counts the dependents.
const dependentsAtOnce = 500

// Dependents counts, for each of some records and per kind, how many records would be deleted with it and how
// many would lose their reference to it, all of the same moment.
func (s *Reads) Dependents(ctx context.Context, actor crm.Actor, e *crm.Entity, keys []int64) (counts map[int64][]crm.Count, err error) {
	refs := s.schema.ReferencesTo(e)
	counts = make(map[int64][]crm.Count, len(keys))
	for _, key := range keys {
		for _, ref := range refs {
			counts[key] = append(counts[key], crm.Count{Of: ref.From})
		}
	}
	err = s.VisibleSnapshot(ctx, actor, e, func(ctx context.Context, v *txn.ReadTx) error {
		for some := range slices.Chunk(keys, dependentsAtOnce) {
			for i, ref := range refs {
				text, arg := countReferring(ref, some)
				err := v.Rows(ctx, text, []any{actor.Workspace, arg}, func(scan func(...any) error) error {
					var key, all, deleted int64
					if err := scan(&key, &all, &deleted); err != nil {
						return err
					}
					counts[key][i].Deleted, counts[key][i].Unlinked = deleted, all-deleted
					return nil
				})
				if err != nil {
					return err
				}
			}
		}
		return nil
	})
	return counts, err
}

// countReferring is SQL that counts, for each of some records, those that hold a reference to it, and those of
// which it is the last owner. arg is its second argument. As in View.Versions, all rows are found before the
// first is returned.
func countReferring(ref crm.Reference, keys []int64) (text string, arg any) {
	deleted, column := "0", ref.Field.Col()
	is, arg := " IN ("+fmt.Sprintf(engine.KeysFromJSON, 2)+")", any(list.KeysJSON(keys))
	if len(keys) == 1 {
		is, arg = " = $2", any(keys[0]) // which a pending view (store/table) finds by index
	}
	if sets := ref.Owning(); len(sets) > 0 {
		deleted = "COUNT(CASE WHEN TRUE" + onlyOwner(ref, sets[0]) + " THEN 1 END)"
	}
	return fmt.Sprintf("WITH p(k, n, d) AS MATERIALIZED (SELECT %s, COUNT(*), %s FROM %s WHERE UNINDEXED workspace_id = $1 AND %s%s GROUP BY %s) SELECT k, n, d FROM p",
		column, deleted, ref.From.Plural, column, is, column), arg
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

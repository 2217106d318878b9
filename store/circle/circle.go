// Package circle keeps references of records to records of their own kind free of circles: no company
// belongs to itself, directly or through others. The transaction that sets such a reference has
// locked the workspace, so two writes cannot close a circle together.
//
// It reads up from a record, of which at most MaxAbove are above one, and down only where the record that moves may have
// others below it: at most maxBelow of them.
package circle

import (
	"fmt"
	"slices"
	"strings"

	"crmkit/crm"
	"crmkit/store/table"
	"crmkit/store/txn"
)

// MaxAbove is how many records may be above one.
const MaxAbove = 50

// Up is a way up: a reference to records of the entity that has it.
type Up struct {
	Tx     *txn.Tx
	Entity *crm.Entity
	Field  *crm.Field
}

// Of returns the ways up of an entity. There is one for each reference to its own kind.
func Of(tx *txn.Tx, e *crm.Entity) (list []Up) {
	for i := range e.Fields {
		if f := &e.Fields[i]; e.Target(f) == e && f.Inherited() == nil {
			list = append(list, Up{tx, e, f})
		}
	}
	return list
}

// Above returns the record with a key and those above it, the next one first. It ends after more than MaxAbove.
func (u Up) Above(key int64) (chain []int64, err error) {
	for key != 0 && len(chain) <= MaxAbove+1 && !slices.Contains(chain, key) {
		chain = append(chain, key)
		if key, err = u.next(key); err != nil {
			return nil, err
		}
	}
	return chain, nil
}

// next returns the key of the record above one, which may be a part of another one by now; 0: there is none.
func (u Up) next(key int64) (to int64, err error) {
	if err := u.Tx.DryRun().Restore(u.Entity, key); err != nil {
		return 0, err
	}
	workspace := u.Tx.Actor.Workspace
	found, err := u.Tx.Row(fmt.Sprintf("SELECT COALESCE(%s, 0) FROM %s WHERE UNINDEXED workspace_id = $1 AND key = $2", u.Field.Col(), u.Entity.Plural), []any{workspace, key}, &to)
	if err != nil || found {
		return to, err
	}
	var madeAt int64
	_, err = u.Tx.Row(table.Winner, []any{workspace, u.Entity.Name, key}, &to, &madeAt)
	return to, err
}

// Closes reports whether a reference of the record with a key, 0 for a new one, to another one closes a circle, or puts
// more than MaxAbove records above it or above one below it. The chain is the other one and those above it.
func (u Up) Closes(key, to int64) (closes bool, chain []int64, err error) {
	chain, err = u.Above(to)
	if err != nil || key == 0 || len(chain) > MaxAbove || slices.Contains(chain, key) {
		return len(chain) > MaxAbove || key != 0 && slices.Contains(chain, key), chain, err
	}
	tooMany, err := u.isAbove(key, MaxAbove+1-len(chain))
	return tooMany, chain, err
}

// maxBelow is how many records below one are read, those of each step before those of the next.
const maxBelow = 10_000

// isAbove reports whether a record is so many steps above another one, among the first maxBelow records below it. A dry
// run counts these as they are stored.
func (u Up) isAbove(key int64, steps int) (is bool, err error) {
	var lowest int64
	_, err = u.Tx.Row(fmt.Sprintf(`WITH RECURSIVE below (key, n) AS (
	SELECT CAST($2 AS BIGINT), 0
	UNION ALL SELECT r.key, b.n + 1 FROM below b CROSS JOIN %s r WHERE UNINDEXED r.workspace_id = $1 AND r.%s = b.key AND b.n < $3)
SELECT COALESCE(MAX(n), 0) FROM (SELECT n FROM below LIMIT $4) b`, u.Entity.Plural, u.Field.Col()), []any{u.Tx.Actor.Workspace, key, int64(steps), maxBelow}, &lowest)
	return lowest >= int64(steps), err
}

// Cut clears a reference of a record that closes a circle. References to records of other kinds close none.
func Cut(tx *txn.Tx, rec crm.Record, f *crm.Field) error {
	if rec.Entity.Target(f) != rec.Entity {
		return nil
	}
	closes, _, err := Up{tx, rec.Entity, f}.Closes(rec.Key, rec.Value(f.Name).Int)
	if closes {
		rec.Set(f.Name, crm.Value{})
	}
	return err
}

// Check returns the error for a reference of a record that closes a circle.
func Check(tx *txn.Tx, rec crm.Record, f *crm.Field) error {
	if rec.Entity.Target(f) != rec.Entity {
		return nil
	}
	return Up{tx, rec.Entity, f}.check(rec)
}

// check is Check for a reference to a record of the same kind.
func (u Up) check(rec crm.Record) error {
	closes, chain, err := u.Closes(rec.Key, rec.Value(u.Field.Name).Int)
	if err != nil || !closes {
		return err
	}
	at := slices.Index(chain, rec.Key)
	if at < 0 || rec.Key == 0 {
		return crm.Errorf(crm.InvalidValue, "%s: more than %d %s would be above this one, or above one below it. Choose one further up: GET /%s/%s shows the one to start from.", u.Field.Name, MaxAbove, u.Entity.Plural,
			u.Entity.Route(), crm.RecordID(u.Entity.Prefix, chain[0])).On(u.Field.Name)
	}
	way := []string{rec.Handle()}
	for _, key := range chain[:at+1] {
		way = append(way, u.Entity.HandleOf(key))
	}
	if at == 0 {
		return crm.Errorf(crm.InvalidValue, "%s: %s cannot be its own; send another one, or null.", u.Field.Name, rec.Handle()).On(u.Field.Name)
	}
	return crm.Errorf(crm.InvalidValue, `%s closes a circle: %s. Send another one, or first PATCH /%s/%s {"%s":null}.`, u.Field.Name, strings.Join(way, " -> "),
		u.Entity.Route(), crm.RecordID(u.Entity.Prefix, chain[at-1]), u.Field.Name).On(u.Field.Name)
}

// Merge gives a record, into which others are merged, the place of the one of them that is furthest up: what it
// refers to must not lead back to one of them.
func Merge(tx *txn.Tx, winner crm.Record, others []crm.Record) error {
	for _, u := range Of(tx, winner.Entity) {
		chain, err := u.Above(winner.Value(u.Field.Name).Int)
		if err != nil {
			return err
		}
		for i := len(chain) - 1; i >= 0; i-- {
			if chain[i] != winner.Key && !slices.ContainsFunc(others, func(r crm.Record) bool { return r.Key == chain[i] }) {
				continue
			}
			to := crm.Value{}
			if i+1 < len(chain) {
				to = crm.Key(chain[i+1])
			}
			winner.Set(u.Field.Name, to)
			break
		}
	}
	return nil
}

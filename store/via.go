package store

import (
	"fmt"
	"slices"
	"strings"

	"crmkit/crm"
)

// via is a reference that records hold because of what another of theirs points
// to: an activity of a contact is one of the contact's company too.
type via struct {
	of     *crm.Entity
	field  *crm.Field // the kept reference
	base   *crm.Field // the reference it goes through
	source *crm.Field // of what base points to
}

// vias returns the kept references of the schema.
func vias(schema *crm.Schema) (list []via) {
	for _, of := range schema.Entities {
		for i := range of.Fields {
			f := &of.Fields[i]
			if f.Via == "" {
				continue
			}
			v := via{of: of, field: f, base: of.Field(f.Via)}
			through := of.Target(v.base)
			for j := range through.Fields {
				if through.Target(&through.Fields[j]) == of.Target(f) {
					v.source = &through.Fields[j]
				}
			}
			list = append(list, v)
		}
	}
	return list
}

// name is that of the kept reference, as cascades have it.
func (v via) name() string { return v.of.Name + "." + v.field.Name }

// lead sets the kept references of a record, which lead to no record that is deleted.
func (tx *Tx) lead(rec crm.Record) error {
	for _, v := range tx.store.vias {
		if v.of != rec.Entity {
			continue
		}
		base, passed := rec.Value(v.base.Name), crm.Value{}
		if base.Set() {
			var key int64
			_, err := tx.row(fmt.Sprintf("SELECT r.key FROM %s t JOIN %s r ON r.key = t.%s AND r.workspace_id = t.workspace_id WHERE t.workspace_id = $1 AND t.key = $2",
				v.through().Plural, v.of.Target(v.field).Plural, v.source.Col()), []any{tx.Actor.Workspace, base.Int}, &key)
			if err != nil {
				return err
			}
			if key != 0 && !rec.Value(v.field.Beside).Equal(crm.Key(key)) {
				passed = crm.Key(key)
			}
		}
		rec.Set(v.field.Name, passed)
	}
	return nil
}

// through is the entity whose reference is kept.
func (v via) through() *crm.Entity { return v.of.Target(v.base) }

// follow brings the kept references that go through a record in step with its
// change, and what counts by them; where they are many, in steps that come later.
func (tx *Tx) follow(before, after crm.Record) error {
	if before.Key == 0 || tx.leaving.is(after.Entity, after.Key) { // what is deleted is unlinked
		return nil
	}
	for _, v := range tx.store.vias {
		if v.through() != after.Entity || before.Value(v.source.Name).Equal(after.Value(v.source.Name)) {
			continue
		}
		most := tx.store.cascades.most
		keys, err := tx.pointing(crm.Reference{From: v.of, Field: v.base}, after.Key, most+1)
		if err != nil {
			return err
		}
		n := 0
		if tx.passes += len(keys); tx.passes <= most { // of all records that one transaction moves
			n, err = tx.passAll(v.of, keys)
		}
		if err == nil && n < len(keys) {
			err = tx.leave(cascade{kind: v.name(), record: after.Key})
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// passAll passes records on until the step has taken its time, and returns how many.
func (tx *Tx) passAll(of *crm.Entity, keys []int64) (n int, err error) {
	for i, key := range keys {
		if i > 0 && tx.stepOver() {
			return i, nil
		}
		if err := tx.pass(of, key); err != nil {
			return i, err
		}
	}
	return len(keys), nil
}

// pass brings the kept references of one record up to date, and what counts by them. That
// is no change of the record itself.
func (tx *Tx) pass(of *crm.Entity, key int64) error {
	before, found, err := tx.record(of, key)
	if err != nil || !found {
		return err
	}
	after := before.Clone()
	if err := tx.lead(after); err != nil {
		return err
	}
	for _, i := range crm.Changed(before.Values, after.Values) {
		err := tx.exec(fmt.Sprintf("UPDATE %s SET %s = $3 WHERE workspace_id = $1 AND key = $2", of.Plural, of.Fields[i].Col()),
			tx.Actor.Workspace, key, stored(after.Values[i]))
		if err != nil {
			return err
		}
	}
	tx.touch(tx.Actor.Workspace)
	tx.spoil(of, key)
	tx.job.changed = append(tx.job.changed, after)
	if err := tx.quietly(); err != nil {
		return err
	}
	return tx.count(before, after)
}

// followSome brings some of the references that go through a record up to date, in the
// order of the index that leads to them.
func (tx *Tx) followSome(c cascade) error {
	at := slices.IndexFunc(tx.store.vias, func(v via) bool { return v.name() == c.kind })
	if at < 0 {
		return tx.done(c)
	}
	v, step := tx.store.vias[at], tx.store.cascades.step
	keys, moments, err := tx.behind(v, c, step)
	if err != nil {
		return err
	}
	n, err := tx.passAll(v.of, keys)
	if err != nil {
		return err
	}
	if n == len(keys) && n < step {
		return tx.done(c)
	}
	return tx.exec("UPDATE cascades SET at = $4, after = $5 WHERE workspace_id = $1 AND kind = $2 AND record = $3", c.workspace, c.kind, c.record, moments[n-1], keys[n-1])
}

// behind returns the keys of the next records that hold what a kept reference goes through,
// and their moments. Those of the moment that was reached last are asked for apart: of a
// pair in a comparison SQLite takes the first for the index, and many records may be of one
// moment.
func (tx *Tx) behind(v via, c cascade, most int) (keys, moments []int64, err error) {
	moment := v.of.Field(strings.TrimPrefix(v.of.Sort, "-")).Col()
	for _, next := range []string{moment + " = $3 AND key > $4 ORDER BY key", moment + " > $3 AND $4 = $4 ORDER BY " + moment + ", key"} {
		text := fmt.Sprintf("SELECT key, %s FROM %s WHERE +workspace_id = $1 AND %s = $2 AND %s LIMIT $5", moment, v.of.Plural, v.base.Col(), next)
		err := tx.rows(text, []any{c.workspace, c.record, c.at, c.after, most - len(keys)}, func(scan func(...any) error) error {
			keys, moments = append(keys, 0), append(moments, 0)
			return scan(&keys[len(keys)-1], &moments[len(keys)-1])
		})
		if err != nil || len(keys) == most {
			return keys, moments, err
		}
	}
	return keys, moments, nil
}

package store

import (
	"fmt"
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

// pass sets the kept references of a record.
func (tx *Tx) pass(rec crm.Record) error {
	for _, v := range tx.store.vias {
		if v.of != rec.Entity {
			continue
		}
		base, passed := rec.Value(v.base.Name), crm.Value{}
		if base.Set() {
			var key *int64
			_, err := tx.row(fmt.Sprintf("SELECT %s FROM %s WHERE workspace_id = $1 AND key = $2", v.source.Col(), rec.Entity.Target(v.base).Plural),
				[]any{tx.Actor.Workspace, base.Int}, &key)
			if err != nil {
				return err
			}
			if key != nil && !rec.Value(v.field.Beside).Equal(crm.Key(*key)) {
				passed = crm.Key(*key)
			}
		}
		rec.Set(v.field.Name, passed)
	}
	return nil
}

// follow brings the kept references that go through a record in step with its
// change, and what counts by them.
func (tx *Tx) follow(before, after crm.Record) error {
	for _, v := range tx.store.vias {
		if v.of.Target(v.base) != after.Entity || before.Key == 0 {
			continue
		}
		was, is := before.Value(v.source.Name), after.Value(v.source.Name)
		if was.Equal(is) {
			continue
		}
		if err := tx.moveVia(v, after.Key, was, is); err != nil {
			return err
		}
	}
	return nil
}

func (tx *Tx) moveVia(v via, through int64, was, is crm.Value) error {
	lost, err := tx.sums(v, through, was)
	if err != nil {
		return err
	}
	text := fmt.Sprintf("UPDATE %s SET %s = CASE WHEN %s = $3 THEN NULL ELSE $3 END WHERE workspace_id = $1 AND %s = $2 RETURNING key",
		v.of.Plural, v.field.Col(), v.of.Field(v.field.Beside).Col(), v.base.Col())
	var moved []int64
	err = tx.rows(text, []any{tx.Actor.Workspace, through, stored(is)}, func(scan func(...any) error) error {
		moved = append(moved, 0)
		return scan(&moved[len(moved)-1])
	})
	for i := 0; i < len(moved) && err == nil; i++ {
		var rec crm.Record
		tx.spoil(v.of, moved[i])
		rec, _, err = tx.record(v.of, moved[i])
		tx.job.changed = append(tx.job.changed, rec)
	}
	if err != nil {
		return err
	}
	if err := tx.keepSums(v, was, lost, less); err != nil {
		return err
	}
	won, err := tx.sums(v, through, is)
	if err != nil {
		return err
	}
	return tx.keepSums(v, is, won, more)
}

func (tx *Tx) keepSums(v via, ref crm.Value, portions []portion, sign int64) error {
	for _, t := range tx.store.tallies[v.of] {
		if t.ref == v.field && len(portions) > 0 {
			return tx.keep(t, ref.Int, portions, sign)
		}
	}
	return nil
}

// sums returns what the records that go through one and are kept for another add
// to the fields of the latter.
func (tx *Tx) sums(v via, through int64, ref crm.Value) (portions []portion, err error) {
	for _, t := range tx.store.tallies[v.of] {
		if t.ref != v.field || !ref.Set() || tx.leaving.is(t.to, ref.Int) {
			continue
		}
		where := fmt.Sprintf(" FROM %s a WHERE a.workspace_id = $1 AND a.%s = $2 AND a.%s = $3", v.of.Plural, v.base.Col(), v.field.Col())
		args := []any{tx.Actor.Workspace, through, ref.Int}
		for _, f := range t.fields {
			s, err := tx.sum(t, f, where, args)
			if err != nil {
				return nil, err
			}
			portions = append(portions, s)
		}
	}
	return portions, nil
}

// sum returns what the records that match add to one field.
func (tx *Tx) sum(t tally, f *crm.Field, where string, args []any) (s portion, err error) {
	where += " AND " + t.counts(f, "a")
	take := ""
	if f.Tally.Take != "" {
		take = "a." + t.of.Field(f.Tally.Take).Col()
	}
	switch f.Type {
	case crm.Tags:
		s.labels = map[string]int64{}
		err = tx.rows(strings.Join([]string{"SELECT ", take, ", COUNT(*)", where, " AND ", take, " IS NOT NULL GROUP BY ", take}, ""), args,
			func(scan func(...any) error) error {
				var label string
				var n int64
				err := scan(&label, &n)
				s.labels[label] = n
				return err
			})
		s.set = len(s.labels) > 0
	case crm.Time:
		var last *int64
		if _, err = tx.row("SELECT MAX("+take+")"+where, args, &last); last != nil {
			s.set, s.n = true, *last
		}
	default:
		_, err = tx.row("SELECT COUNT(*)"+where, args, &s.n)
		s.set = s.n > 0
	}
	return s, err
}

package secondary

import (
	"fmt"
	"maps"
	"slices"

	"crmkit/crm"
	"crmkit/store/duplicates"
	"crmkit/store/table"
	"crmkit/store/txn"
	"crmkit/store/visits"
)

// Update writes what a change of a record changes in the secondary tables. The record before a
// delete must have all its labels, see AllLabels.
func Update(tx *txn.Tx, before, after crm.Record) (err error) {
	for i := range after.Entity.Fields {
		f, was, is := &after.Entity.Fields[i], before.Values[i], after.Values[i]
		switch {
		case f.HasItems():
			err = updateItems(tx, after.Entity, f, [2]crm.Record{before, after})
		case f.Type.Kind() == crm.ListKind:
			err = rows{tx, after.Entity.TagKind(f), after.Key}.updateTags(was.List(), is.List())
		case f.Type.Kind() == crm.ObjectKind:
			err = rows{tx, after.Entity.TagKind(f), after.Key}.updateCustom(was.Members(), is.Members())
		}
		if err != nil {
			return err
		}
	}
	countUses(tx, before, after)
	if err := updateSums(tx, before, after); err != nil {
		return err
	}
	if err := visits.Update(tx, before, after); err != nil {
		return err
	}
	known, err := Known(tx, after.Entity)
	if err != nil {
		return err
	}
	return duplicates.Update(duplicates.Place{Writer: tx, Known: known, Country: tx.Actor.Country}, before, after)
}

// Known returns what the batch has read of the records that may be duplicates of others; nil: nothing.
func Known(tx *txn.Tx, e *crm.Entity) (*duplicates.Known, error) {
	known, _, err := txn.Answer[*duplicates.Known](tx, txn.Records, LikesOf+e.Name)
	return known, err
}

// KnownFor is Known for a write that is about to read some: what it reads is kept for the next.
func KnownFor(tx *txn.Tx, e *crm.Entity) (*duplicates.Known, error) {
	return txn.Once(tx, txn.Records, LikesOf+e.Name, func() (*duplicates.Known, error) { return duplicates.NewKnown(), nil })
}

// LikesOf and the name of a kind are the question that Known answers.
const LikesOf = "likes of "

// rows are the rows of one record in the tables tags or custom_values, under names of a kind.
type rows struct {
	*txn.Tx
	kind   string
	record int64
}

func (r rows) updateTags(was, is []string) error {
	if err := r.delete("tags", difference(was, is)); err != nil {
		return err
	}
	return r.addTags(difference(is, was))
}

func (r rows) updateCustom(was, is []crm.Member) error {
	if err := r.delete("custom_values", difference(memberNames(was), memberNames(is))); err != nil {
		return err
	}
	return r.putCustom(difference(is, was))
}

// labelsAtOnce is the most labels that one statement adds.
const labelsAtOnce = 16

// addTags adds labels that the record does not have.
func (r rows) addTags(labels []string) error {
	keys, err := nameKeys(r.Tx, r.kind, labels)
	if err != nil {
		return err
	}
	for part := range slices.Chunk(keys, labelsAtOnce) {
		text, args := "INSERT INTO tags (name_id, record, n) VALUES ", []any{r.record}
		for i, key := range part {
			if i > 0 {
				text += ", "
			}
			args = append(args, key)
			text += fmt.Sprintf("($%d, $1, 1)", len(args))
		}
		if err := r.Exec(text+" ON CONFLICT (name_id, record) DO NOTHING", args...); err != nil {
			return err
		}
	}
	return nil
}

// putCustom sets custom values of a record. One statement for several rows takes twice as long
// as one statement for each.
func (r rows) putCustom(members []crm.Member) error {
	keys, err := nameKeys(r.Tx, r.kind, memberNames(members))
	if err != nil {
		return err
	}
	for i, m := range members {
		if err := r.Exec(putCustomText, append([]any{keys[i], r.record}, table.MemberRow(m)...)...); err != nil {
			return err
		}
	}
	return nil
}

const putCustomText = `INSERT INTO custom_values (name_id, record, text, fold, number, time) VALUES ($1, $2, $3, $4, $5, $6)
	ON CONFLICT (name_id, record) DO UPDATE SET text = excluded.text, fold = excluded.fold, number = excluded.number, time = excluded.time`

func memberNames(members []crm.Member) []string {
	names := make([]string, len(members))
	for i, m := range members {
		names[i] = m.Name
	}
	return names
}

// difference returns the items of a that b lacks.
func difference[T comparable](a, b []T) []T {
	if slices.Equal(a, b) {
		return nil
	}
	there := make(map[T]bool, len(b))
	for _, item := range b {
		there[item] = true
	}
	var list []T
	for _, item := range a {
		if !there[item] {
			list = append(list, item)
		}
	}
	return list
}

// The table names holds each label and each key of custom once per workspace and kind; the
// tables tags and custom_values hold its number. A name that no record uses any more is
// deleted, so a client that sends a new key with every record leaves none behind.

// nameKey is SQL for the number of the name $3 of the kind $2 in the workspace $1.
const nameKey = "(SELECT n.key FROM names n WHERE n.workspace_id = $1 AND n.kind = $2 AND n.name = $3)"

// NameQuestion is the question for the key of a name. The answer is 0 if there is no such name.
func NameQuestion(kind, name string) string { return kind + " " + name }

// nameKeys returns the keys of names, and makes those that do not exist. It reads those that no
// write of the batch has asked for, all at once.
func nameKeys(tx *txn.Tx, kind string, names []string) ([]int64, error) {
	keys, unknown, missing := make([]int64, len(names)), map[string]int{}, map[string]int{}
	for i, name := range names {
		key, known, err := txn.Answer[int64](tx, txn.Names, NameQuestion(kind, name))
		if err != nil {
			return nil, err
		}
		switch keys[i] = key; {
		case !known:
			unknown[name] = i
		case key == 0:
			missing[name] = i
		}
	}
	for part := range slices.Chunk(slices.Sorted(maps.Keys(unknown)), labelsAtOnce) {
		args := []any{tx.Actor.Workspace, kind}
		for _, name := range part {
			args = append(args, name)
		}
		err := tx.Rows("SELECT n.name, n.key FROM names n WHERE n.workspace_id = $1 AND n.kind = $2 AND n.name IN ("+table.Placeholders(3, len(part))+")", args,
			func(scan func(...any) error) error {
				var name string
				var key int64
				err := scan(&name, &key)
				keys[unknown[name]] = key
				return err
			})
		if err != nil {
			return nil, err
		}
	}
	maps.Copy(missing, unknown)
	for i, name := range names {
		if at, was := missing[name]; was && keys[at] == 0 {
			if err := makeName(tx, kind, name, &keys[at]); err != nil {
				return nil, err
			}
		}
		if at, was := missing[name]; was {
			keys[i] = keys[at]
		}
		txn.Note(tx, txn.Names, NameQuestion(kind, name), keys[i])
	}
	return keys, nil
}

// makeName adds a name, and sets its key.
func makeName(tx *txn.Tx, kind, name string, key *int64) (err error) {
	if *key, err = tx.NextKey("names"); err != nil {
		return err
	}
	return tx.Exec("INSERT INTO names (key, workspace_id, kind, name, fold) VALUES ($1, $2, $3, $4, $5)", *key, tx.Actor.Workspace, kind, name, table.FoldUnlessSame(name))
}

// delete deletes the rows of some names from a table, and the names that no record uses any more.
func (r rows) delete(table string, names []string) error {
	for _, name := range names {
		if err := r.Exec("DELETE FROM "+table+" WHERE record = $4 AND name_id = "+nameKey, r.Actor.Workspace, r.kind, name, r.record); err != nil {
			return err
		}
		unused := fmt.Sprintf("DELETE FROM names WHERE workspace_id = $1 AND kind = $2 AND name = $3 AND NOT EXISTS (SELECT 1 FROM %s v WHERE v.name_id = names.key)", table)
		if err := r.Exec(unused, r.Actor.Workspace, r.kind, name); err != nil {
			return err
		}
	}
	return nil
}

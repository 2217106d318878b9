package shape

import (
	"fmt"
	"time"
	"unicode/utf8"

	"crmkit/crm"
	"crmkit/crm/declared"
	"crmkit/crm/norm"
	"crmkit/crm/shape"
	"crmkit/store/engine"
	"crmkit/store/refusal"
	"crmkit/store/table"
	"crmkit/store/txn"
)

// A unique declared key is checked in the transaction, which has locked the workspace: no other one
// makes a record there meanwhile. An index finds the holder of a value. Records that had the
// same value before the declaration stay as they are, and the first of them holds it.

// Found is called with the record that holds a value of a unique key; it may return an error.
type Found func(key int64, name, value string) error

// Holders finds the records that hold the values of unique declared keys that a draft sends.
func (s *Shapes) Holders(tx *txn.Tx, e *crm.Entity, inputs []crm.Input, found Found) error {
	if err := s.EnterFor(tx, e); err != nil {
		return err
	}
	k := shape.Of(tx.Actor.Schema).Kind(e)
	if k == nil {
		return nil
	}
	r := crm.Reader{Clock: norm.Clock{Now: time.UnixMilli(tx.Now()), Zone: tx.Actor.Zone}, Schema: s.base, Workspace: tx.Actor.Workspace, Entity: e}
	for _, in := range inputs {
		if in.Field.Type.Kind() != crm.ObjectKind {
			continue
		}
		for _, sent := range in.Value.Members() {
			m := k.Member(sent.Name)
			if m == nil || !m.Of.Unique {
				continue
			}
			json, fault := m.Read(r, sent.JSON)
			if fault != nil || json == "" {
				continue // Apply refuses the value
			}
			holder, err := holder(tx, e, crm.Member{Name: m.Key, JSON: json}, 0)
			if err == nil && holder != 0 {
				err = found(holder, m.Name, shown(json))
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// Taken is a value of a unique declared key that another record has.
type Taken struct {
	Name   string // custom.erp
	Value  string // as an error shows it
	Holder int64  // the key of the other record; 0: no value is taken
}

// Taken returns a value of a unique declared key that a change of a record sets and another record has; of a
// declaration the key that another one has, of a pipeline the name in any spelling, or that it is the default.
func (s *Shapes) Taken(tx *txn.Tx, before, after crm.Record) (Taken, error) {
	if err := s.EnterFor(tx, after.Entity); err != nil {
		return Taken{}, err
	}
	if after.Entity.Name == "field" {
		return s.takenKey(tx, before, after), nil
	}
	if after.Entity.Name == "pipeline" {
		if taken := byAnother(tx, before, after); taken.Name == "name" || before.Version() != 0 { // else it is settled
			return taken, nil
		}
	}
	k := shape.Of(tx.Actor.Schema).Kind(after.Entity)
	if k == nil {
		return Taken{}, nil
	}
	for _, is := range after.Value("custom").Members() {
		if m := k.Member(is.Name); m == nil || !m.Of.Unique || has(before, is) {
			continue
		}
		key, err := holder(tx, after.Entity, is, after.Key)
		if key != 0 || err != nil {
			return Taken{declared.Prefix + is.Name, shown(is.JSON), key}, err
		}
	}
	return Taken{}, nil
}

// takenKey returns the key of custom that a declaration would have together with another one. That comes of its name
// or, if it had it before, of its type.
func (s *Shapes) takenKey(tx *txn.Tx, before, after crm.Record) Taken {
	e := s.base.ByName(after.Value("kind").Text)
	if e == nil {
		return Taken{}
	}
	key, other := shape.Of(tx.Actor.Schema).Kind(e).Beside(shape.FieldOf(after))
	if other == nil {
		return Taken{}
	}
	holder, _ := crm.ParseID(after.Entity, tx.Actor.Workspace, other.ID)
	if before.Value("name").Set() {
		return Taken{"type", key, holder}
	}
	return Taken{"name", key, holder}
}

// CheckUnique refuses a record with a value of a unique declared key that another record has.
func (s *Shapes) CheckUnique(tx *txn.Tx, before, after crm.Record) error {
	taken, err := s.Taken(tx, before, after)
	if err == nil && taken.Holder != 0 {
		err = refusal.Taken(after.Entity, taken.Holder, taken.Name, taken.Value)
	}
	return err
}

// has reports whether a record has a member with the same value.
func has(rec crm.Record, m crm.Member) bool {
	for _, had := range rec.Value("custom").Members() {
		if had == m {
			return true
		}
	}
	return false
}

// shown returns JSON as an error shows it: a text without its quotes.
func shown(json string) string {
	if text, isText := norm.Unquote(json); isText {
		return text
	}
	return json
}

// holder returns the key of a record other than own that has a value of a key of custom; 0 if there is none. A record that is
// being deleted with others is in no workspace any more.
func holder(tx *txn.Tx, e *crm.Entity, m crm.Member, own int64) (key int64, err error) {
	text, args := HolderText(e, m)
	_, err = tx.Row(text, append([]any{tx.Actor.Workspace, e.TagKind(e.Field("custom")), m.Name, own}, args...), &key)
	return key, err
}

// HolderText returns the statement that finds the holder of a value of a key of custom, and its arguments after the
// workspace, the kind, the key and the record that is not meant. It reads an index of values.
func HolderText(e *crm.Entity, m crm.Member) (text string, args []any) {
	row := table.MemberRow(m)
	is, args := "v.number IS NULL AND "+engine.Rare("v.text = $5"), []any{row[0]}
	switch text := row[0].(string); {
	case row[2] != nil && text == m.JSON: // a number, however it is written
		is, args = engine.Rare("v.number = $5"), []any{row[2]}
	case row[2] != nil: // a text of digits
		is, args = "v.text = $5 AND "+engine.Rare("v.number = $6"), append(args, row[2])
	case utf8.RuneCountInString(text) <= maxIndexed:
		is += fmt.Sprintf(" AND LENGTH(v.text) <= %d", maxIndexed)
	}
	return "SELECT t.key FROM names n JOIN custom_values v ON v.name_id = n.key AND " + is + " JOIN " + e.TableName() +
		" t ON t.key = v.record AND t.workspace_id = $1 WHERE n.workspace_id = $1 AND n.kind = $2 AND n.name = $3 AND v.record <> $4 ORDER BY t.key LIMIT 1", args
}

// maxIndexed is the most characters of a text that the index custom_values_text has.
const maxIndexed = 200

// CheckReferences refuses a record with a reference of a declared key that leads to no record.
func (s *Shapes) CheckReferences(tx *txn.Tx, before, after crm.Record) error {
	k := shape.Of(tx.Actor.Schema).Kind(after.Entity)
	if k == nil {
		return nil
	}
	for _, is := range after.Value("custom").Members() {
		m := k.Member(is.Name)
		if m == nil || m.Of.Type != declared.Reference || has(before, is) {
			continue
		}
		to := s.base.ByName(m.Ref)
		key, fault := crm.ParseID(to, tx.Actor.Workspace, shown(is.JSON))
		if fault != crm.IDOK {
			continue // it was not changed by a client
		}
		if err := tx.DryRun().Restore(to, key); err != nil {
			return err
		}
		var one int64
		found, err := tx.Row("SELECT 1 FROM "+to.TableName()+" WHERE workspace_id = $1 AND key = $2 UNION ALL SELECT 1 FROM merged WHERE workspace_id = $1 AND kind = $3 AND record = $2 LIMIT 1",
			[]any{tx.Actor.Workspace, key, to.Name}, &one)
		if err != nil {
			return err
		}
		if !found {
			return refusal.NoReference(&m.Field, to, key)
		}
	}
	return nil
}

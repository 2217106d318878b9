package store

import (
	"strconv"
	"time"

	"crmkit/crm"
)

// logRecord writes the change of a record into the log: the changed fields as
// they were and as they became, in the words of the API.
func (tx *Tx) logRecord(action string, before, after crm.Record) error {
	var from, to []crm.Member
	for _, i := range crm.Changed(before.Values, after.Values) {
		f := &after.Entity.Fields[i]
		if f.Derived() {
			continue
		}
		switch f.Name {
		case crm.FieldVersion, crm.FieldCreatedAt, crm.FieldCreatedBy, crm.FieldUpdatedAt, crm.FieldUpdatedBy:
			continue
		}
		from = appendChange(from, after.Entity, f, before.Values[i], after.Values[i])
		to = appendChange(to, after.Entity, f, after.Values[i], before.Values[i])
	}
	return tx.log(action, after.Handle(), from, to)
}

// appendChange adds a field's value. Of an object only the members that the
// other side lacks or has differently are kept.
func appendChange(list []crm.Member, e *crm.Entity, f *crm.Field, v, other crm.Value) []crm.Member {
	if !v.Set() {
		return list
	}
	if v.Kind != crm.ObjectKind {
		return append(list, crm.Member{Name: f.Name, JSON: valueJSON(e, f, v)})
	}
	there := map[string]string{}
	for _, m := range other.Members() {
		there[m.Name] = m.JSON
	}
	for _, m := range v.Members() {
		if json, ok := there[m.Name]; !ok || json != m.JSON {
			list = append(list, crm.Member{Name: f.Name + "." + m.Name, JSON: m.JSON})
		}
	}
	return list
}

func valueJSON(e *crm.Entity, f *crm.Field, v crm.Value) string {
	switch v.Kind {
	case crm.IntKind:
		return strconv.FormatInt(v.Int, 10)
	case crm.TimeKind:
		return `"` + time.UnixMilli(v.Int).UTC().Format(time.RFC3339) + `"`
	case crm.RefKind:
		return `"` + crm.RecordID(e.Target(f).Prefix, v.Int) + `"`
	case crm.ListKind:
		return stored(v).(string)
	}
	return string(crm.AppendQuoted(nil, v.Text))
}

// log appends one entry. Its number comes from a counter that only rises, and that the
// writer keeps for the length of a batch.
func (tx *Tx) log(action, target string, from, to []crm.Member) error {
	id, err := crm.RandomID("aud", tx.store.random)
	if err != nil {
		return err
	}
	tx.store.writer.last++
	return tx.exec(`INSERT INTO changes (key, id, workspace_id, at, actor, token_id, addr, action, target, before, after)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
		tx.store.writer.last, id, tx.Actor.Workspace, tx.now, text(tx.Actor.Email), text(tx.Actor.TokenID), text(tx.Actor.Addr),
		action, target, stored(crm.Members(from)), stored(crm.Members(to)))
}

// text returns the SQL argument of a string, NULL when empty.
func text(s string) any { return stored(crm.Str(s)) }

// sequence returns the next number of a counter that belongs to no workspace.
func (tx *Tx) sequence(name string) (n int64, err error) {
	_, err = tx.row(`INSERT INTO sequences (name, last) VALUES ($1, 1)
		ON CONFLICT (name) DO UPDATE SET last = sequences.last + 1 RETURNING last`, []any{name}, &n)
	return n, err
}

package erase

import (
	"fmt"
	"slices"
	"strings"

	"crmkit/crm"
	"crmkit/crm/norm"
	"crmkit/store/changelog"
)

// A purge of a record with much about it takes many steps. From the first one on, all that it will erase must be as
// if it were erased: nobody reads its values, and nothing brings a part of it back, which later steps would not find.

// Doomed says what the purges of a workspace that go on will erase. It is of one moment.
type Doomed struct {
	rows    changelog.Rows
	purges  []doom
	answers map[string]*changelog.Erasure // by handle; nil: it stays
}

// doom is a purge.
type doom struct {
	finder
	erasure changelog.Erasure
}

// goingOn is SQL for the rows of the table cascades of purges that have not erased all entries yet.
var goingOn = fmt.Sprintf("workspace_id = $1 AND kind LIKE '%s%%' AND after < %d", kindMark, answering)

// DoomedIn returns what the purges of a workspace that go on will erase. Without any, the usual case, that is one look
// into a table that is nearly empty.
func DoomedIn(rows changelog.Rows, schema *crm.Schema, workspace int64) (*Doomed, error) {
	d := &Doomed{rows: rows, answers: map[string]*changelog.Erasure{}}
	var of []Target
	err := rows("SELECT kind, record, COALESCE(actor, '') FROM cascades WHERE "+goingOn+" ORDER BY kind, record", []any{workspace}, func(scan func(...any) error) error {
		var kind string
		var t Target
		var one doom
		err := scan(&kind, &t.Key, &one.erasure.By)
		if t.Entity = schema.ByName(strings.TrimPrefix(kind, kindMark)); t.Entity != nil {
			of, d.purges = append(of, t), append(d.purges, one)
		}
		return err
	})
	for i := 0; i < len(of) && err == nil; i++ {
		one := &d.purges[i]
		if one.finder, err = newFinder(rows, schema, of[i]); err != nil {
			break
		}
		err = rows("SELECT at FROM log WHERE workspace_id = $1 AND target = $2 AND action = '"+changelog.Purge+"' ORDER BY key DESC LIMIT 1", []any{workspace, of[i].Handle()},
			func(scan func(...any) error) error { return scan(&one.erasure.At) })
	}
	return d, err
}

// None reports whether no purge goes on.
func (d *Doomed) None() bool { return len(d.purges) == 0 }

// Deletion says when and by whom what a deletion tells of is being erased; nil: it stays. It reads nothing.
func (d *Doomed) Deletion(of changelog.Deletion) *changelog.Erasure {
	for i := range d.purges {
		p := &d.purges[i]
		t, is := p.target(of.Handle)
		if is && (slices.Contains(p.of, t) || p.tells(t, "delete", told{of.Cause, of.Values})) {
			return &p.erasure
		}
	}
	return nil
}

// Record says when and by whom the record with a handle is being erased; nil: it stays.
func (d *Doomed) Record(handle string) (*changelog.Erasure, error) {
	if d.None() {
		return nil, nil
	}
	if known, is := d.answers[handle]; is {
		return known, nil
	}
	t, is := d.purges[0].target(handle)
	if !is {
		return nil, nil
	}
	deletion, gone, err := changelog.DeletionOf(d.rows, d.purges[0].workspace, handle)
	if err != nil {
		return nil, err
	}
	var found *changelog.Erasure
	if gone {
		found = d.Deletion(deletion)
	} else {
		found, err = d.there(t)
	}
	d.answers[handle] = found
	return found, err
}

// there says it of a record that is not deleted yet: steps that delete what goes with the purged one reach it later.
func (d *Doomed) there(t Target) (*changelog.Erasure, error) {
	rec := crm.NewRecord(t.Entity)
	rec.Key = t.Key
	var columns []string
	var refs []*crm.Field
	for i := range t.Entity.Fields {
		if f := &t.Entity.Fields[i]; f.IsReference() && f.Stored() {
			columns, refs = append(columns, "COALESCE("+f.Col()+", 0)"), append(refs, f)
		}
	}
	if len(refs) == 0 {
		return nil, nil
	}
	keys := make([]int64, len(refs))
	dest := make([]any, len(refs))
	for i := range keys {
		dest[i] = &keys[i]
	}
	text := fmt.Sprintf("SELECT %s FROM %s WHERE workspace_id = $1 AND key = $2", strings.Join(columns, ", "), t.Entity.Plural)
	if err := d.rows(text, []any{d.purges[0].workspace, t.Key}, func(scan func(...any) error) error { return scan(dest...) }); err != nil {
		return nil, err
	}
	for i, f := range refs {
		if keys[i] != 0 {
			rec.Set(f.Name, crm.Key(keys[i]))
		}
	}
	for i := range d.purges {
		if p := &d.purges[i]; p.alone(rec) {
			return &p.erasure, nil
		}
	}
	return nil, nil
}

// Veil takes the values out of entries of the log whose records are being erased, as the purge will.
func (d *Doomed) Veil(entries []crm.Record) error {
	for _, e := range entries {
		erasure, err := d.Record(e.Value("target").Text)
		if err != nil {
			return err
		}
		if erasure != nil && e.Value("action").Text != changelog.Purge {
			e.Set("from", crm.Value{})
			e.Set("to", crm.Members(erasure.Members()))
		}
	}
	return nil
}

// Mark marks a deletion as erased if it is being erased.
func (d *Doomed) Mark(of *changelog.Deletion) {
	if d.Deletion(*of) != nil {
		of.Erased, of.Into, of.Values = true, "", nil
	}
}

// told is what an entry says of its record.
type told struct {
	cause  string       // the handle of the record with which it went; empty: there is none
	values []crm.Member // that it had
}

func toldBy(before, after string) told {
	return told{changelog.CauseOf(after), norm.ParseObject(before)}
}

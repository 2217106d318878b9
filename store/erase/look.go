package erase

import (
	"fmt"

	"crmkit/crm"
	"crmkit/crm/fieldtype"
	"crmkit/crm/norm"
	"crmkit/store/changelog"
)

// State is what a log says of a record that is not there.
type State struct {
	Record  crm.Record        // as it was when it was deleted, if it is in the trash; else without entity
	Erasure changelog.Erasure // if Erased
	Erased  bool
}

// StateOf returns what the log of a workspace says of a record that is not there.
func StateOf(rows changelog.Rows, t Target) (st State, err error) {
	w := crm.RecordWorkspace(t.Key)
	text := "SELECT action, COALESCE(version, 0), COALESCE(before, ''), COALESCE(after, '') FROM log WHERE workspace_id = $1 AND target = $2 AND action IN ('create', 'update', 'delete', 'merge', 'restore') ORDER BY key DESC LIMIT 1"
	err = rows(text, []any{w, t.Handle()}, func(scan func(...any) error) error {
		var action, before, after string
		var version int64
		if err := scan(&action, &version, &before, &after); err != nil {
			return err
		}
		if st.Erasure, st.Erased = changelog.ErasureOf(norm.ParseObject(after)); st.Erased || action != "delete" {
			return nil
		}
		rec := crm.NewRecord(t.Entity)
		rec.Key, rec.ID = t.Key, crm.RecordID(t.Entity.Prefix, t.Key)
		changelog.PutAll(rec, norm.ParseObject(before))
		rec.Set(crm.FieldVersion, crm.Number(version))
		st.Record = rec
		return nil
	})
	return st, err
}

// Purged is the error for a record that was erased.
func (st State) Purged(t Target) *crm.Error {
	return crm.Errorf(crm.Purged, "%s was %s. It cannot be read, restored or undone; GET /audit?target=%s shows what is left: who did what, and when.", t.Handle(), st.Erasure, crm.CutHandle(t.Handle()))
}

// Survey counts what a purge would erase.
type Survey struct {
	Entries  int64                 // of the log, with those of the records below
	Imported int64                 // ids of imports
	Parts    []Target              // records that were merged into it
	Trash    map[*crm.Entity]int64 // deleted records that were about it alone
	seen     map[Target]bool
}

// Page surveys the next part of a log, from an entry on. next is where it goes on, 0 if that was all.
func (sv *Survey) Page(rows changelog.Rows, schema *crm.Schema, t Target, first int64) (next int64, err error) {
	f, err := newFinder(rows, schema, t)
	if err != nil {
		return 0, err
	}
	if first == 0 {
		sv.Parts, sv.seen, sv.Trash = f.of[1:], map[Target]bool{}, map[*crm.Entity]int64{}
		for _, one := range f.of {
			if err := sv.count(rows, one); err != nil {
				return 0, err
			}
		}
	}
	var last int64
	if err := rows("SELECT last FROM usage WHERE workspace_id = $1 AND kind = 'storage'", []any{f.workspace}, func(scan func(...any) error) error { return scan(&last) }); err != nil {
		return 0, err
	}
	next = min(first+surveyStep, last+1)
	list, err := f.page(first, next)
	for _, one := range list {
		if err != nil || sv.seen[one.Target] {
			continue
		}
		sv.seen[one.Target] = true
		there := false
		if there, err = exists(rows, one.Target); err == nil && !there {
			sv.Trash[one.Entity]++
			err = sv.count(rows, one.Target)
		}
	}
	if next > last {
		next = 0
	}
	return next, err
}

// surveyStep is how many entries one page of a survey looks at.
const surveyStep = 20_000

// count counts what the log and the table of imported ids have of a record.
func (sv *Survey) count(rows changelog.Rows, t Target) error {
	text := "SELECT (SELECT COUNT(*) FROM log WHERE workspace_id = $1 AND target = $2 AND " + stillHas + "), (SELECT COUNT(*) FROM imported WHERE workspace_id = $1 AND kind = $3 AND record = $4)"
	return rows(text, []any{crm.RecordWorkspace(t.Key), t.Handle(), t.Entity.Name, t.Key}, func(scan func(...any) error) error {
		var entries, ids int64
		err := scan(&entries, &ids)
		sv.Entries, sv.Imported = sv.Entries+entries, sv.Imported+ids
		return err
	})
}

// Mention says in how many records of a kind a field has an address of a record.
type Mention struct {
	Entity  *crm.Entity
	Field   *crm.Field
	Address string
	N       int64
}

// maxAddresses is how many addresses of a record are looked for.
const maxAddresses = 20

// MentionsOf returns where fields that name users have an address of a record. The store counts the values of these
// fields, so each is one look.
func MentionsOf(rows changelog.Rows, schema *crm.Schema, rec crm.Record) (list []Mention, err error) {
	for _, m := range namingUsers(schema) {
		for _, m.Address = range addressesOf(rec) {
			args := []any{crm.RecordWorkspace(rec.Key), m.Entity.Name, m.Field.Name, m.Address}
			err := rows("SELECT n FROM values_in_use WHERE workspace_id = $1 AND kind = $2 AND field = $3 AND value = $4", args, func(scan func(...any) error) error {
				list = append(list, m)
				return scan(&list[len(list)-1].N)
			})
			if err != nil {
				return nil, err
			}
		}
	}
	return list, nil
}

// namingUsers returns the fields that name users, and whose values are counted.
func namingUsers(schema *crm.Schema) (list []Mention) {
	for _, e := range schema.Entities {
		for i := range e.Fields {
			if f := &e.Fields[i]; f.IsUser && !f.ReadOnly && f.Stored() && e.CountsValues(f) {
				list = append(list, Mention{Entity: e, Field: f})
			}
		}
	}
	return list
}

// addressesOf returns the first e-mail addresses of a record.
func addressesOf(rec crm.Record) (list []string) {
	for i := range rec.Entity.Fields {
		switch f := &rec.Entity.Fields[i]; {
		case f.IsUser || f.ReadOnly:
		case f.Type == fieldtype.Email && rec.Values[i].Set():
			list = append(list, rec.Values[i].Text)
		case f.Type == fieldtype.Emails:
			list = append(list, rec.Values[i].List()...)
		}
	}
	return list[:min(len(list), maxAddresses)]
}

// exists reports whether a record is there.
func exists(rows changelog.Rows, t Target) (there bool, err error) {
	err = rows(fmt.Sprintf("SELECT 1 FROM %s WHERE workspace_id = $1 AND key = $2", t.Entity.Plural), []any{crm.RecordWorkspace(t.Key), t.Key}, func(func(...any) error) error {
		there = true
		return nil
	})
	return there, err
}

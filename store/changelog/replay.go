package changelog

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"crmkit/crm"
	"crmkit/crm/norm"
	"crmkit/store/engine"
	"crmkit/store/snapshot"
	"crmkit/store/table"
)

// MaxReplayed is how many later entries are read for one page, about 0.1 s of work.
const MaxReplayed = 20_000

// Past reads the values that entries leave out. It may be copied, and used by several goroutines,
// each with its own Tx.
type Past struct {
	Schema   *crm.Schema
	Tables   map[*crm.Entity]*table.Table
	MaxBytes int // of text in the entries of one page

	// Veil takes the values out of entries that are being erased; nil: there are none.
	Veil func(ctx context.Context, v *snapshot.Tx, entries []crm.Record) error
}

// Complete fills in the values after the change in the entries of a page, and brings them into
// the form that clients see. It returns how many entries, from the first on, are complete: at
// least one, and fewer than all if they would exceed MaxBytes or need more than MaxReplayed
// later entries.
func (p Past) Complete(ctx context.Context, v *snapshot.Tx, entries []crm.Record) (n int, err error) {
	if p.Veil != nil {
		if err := p.Veil(ctx, v, entries); err != nil {
			return 0, err
		}
	}
	bytes, read := 0, 0
	for i := range entries {
		t := p.replay(entries[i])
		if t.missing > 0 {
			if err := p.readLater(ctx, v, &t); err != nil {
				return i, err
			}
		}
		t.entry()
		bytes += table.TextBytes(t.change)
		if read += t.read; i > 0 && (bytes > p.MaxBytes || read > MaxReplayed) {
			return i, nil
		}
	}
	return len(entries), nil
}

// replay is an entry whose values after the change are being found.
type replay struct {
	change  crm.Record
	entity  *crm.Entity // of the record that it changed; nil: the entry is not about a record
	key     int64       // of the record
	create  bool
	became  map[string]crm.Member // the values found so far, by name; a member without a name: it was unset
	read    int                   // later entries
	missing int                   // values of an update that are still to be found; 1 for a create, whose values cannot be counted
}

// replay returns the replay of an entry, before anything is read for it.
func (p Past) replay(change crm.Record) replay {
	t := replay{change: change, became: map[string]crm.Member{}}
	kind, id, _ := strings.Cut(change.Value("target").Text, "/")
	e := p.Schema.ByName(kind)
	if e == nil {
		return t
	}
	t.entity = e
	if e.IsView() {
		return t
	}
	key, fault := crm.ParseID(e, crm.RecordWorkspace(change.Key), id)
	if fault != crm.IDOK {
		t.entity = nil
		return t
	}
	t.key = key
	if _, erased := ErasureOf(change.Value("to").Members()); erased {
		return t
	}
	if action := change.Value("action").Text; action == "create" || action == "restore" {
		t.create, t.missing = true, 1
		return t
	}
	for _, m := range change.Value("to").Members() {
		if strings.HasPrefix(m.Name, DigestMark) && m.Name != CauseName {
			t.missing++
		}
	}
	return t
}

// wants reports whether the value of a name is still missing. The first later entry with the
// name has the value; entries after it have newer ones.
func (t *replay) wants(name string) bool {
	if _, known := t.became[name]; known {
		return false
	}
	return t.create || slices.ContainsFunc(t.change.Value("to").Members(), func(m crm.Member) bool { return m.Name == DigestMark+name })
}

// remember stores the value that a name had before a later entry.
func (t *replay) remember(name string, was crm.Member) {
	if !t.wants(name) {
		return
	}
	t.became[name] = was
	if !t.create {
		t.missing--
	}
}

// errReplayDone ends the reading of entries when no value is missing.
var errReplayDone = errors.New("all is found")

// readLater reads the later entries of the same record, and the record itself.
func (p Past) readLater(ctx context.Context, v *snapshot.Tx, t *replay) error {
	workspace := crm.RecordWorkspace(t.change.Key)
	args := []any{workspace, t.change.Value("target").Text, t.change.Key}
	err := v.Rows(ctx, "SELECT action, COALESCE(before, ''), COALESCE(after, '') FROM log WHERE workspace_id = $1 AND target = $2 AND key > $3 ORDER BY key", args,
		func(scan func(...any) error) error {
			t.read++
			var action, before, after string
			if err := scan(&action, &before, &after); err != nil {
				return err
			}
			for _, m := range norm.ParseObject(before) {
				t.remember(m.Name, m)
			}
			for _, m := range norm.ParseObject(after) { // a name that before lacks was unset until then
				t.remember(strings.TrimPrefix(m.Name, DigestMark), crm.Member{})
			}
			if action == "delete" || action == "merge" {
				t.missing = 0
			}
			if t.missing == 0 {
				return errReplayDone
			}
			return nil
		})
	if errors.Is(err, errReplayDone) {
		return nil
	}
	if err != nil {
		return err
	}
	row := p.Tables[t.entity].NewRow()
	found, err := engine.Found(v.Row(ctx, p.Tables[t.entity].Fetch, []any{workspace, t.key}, row.Dest...))
	if found && err == nil {
		rec, err := row.Record()
		if err != nil {
			return err
		}
		for _, m := range Values(rec) {
			t.remember(m.Name, m)
		}
	}
	return err
}

// entry sets the fields of the entry in the form that clients see.
func (t *replay) entry() {
	change := t.change
	if e, is := ErasureOf(change.Value("to").Members()); is {
		change.Set("from", crm.Value{})
		change.Set("to", crm.Members(e.shown()))
		return
	}
	from, to := change.Value("from").Members(), change.Value("to").Members()
	if t.create {
		to = t.createdState()
	}
	change.Set("from", crm.Members(t.shownState(from)))
	change.Set("to", crm.Members(t.shownState(to)))
}

// createdState returns the values that a record was created with, in the order of its fields.
func (t *replay) createdState() (list []crm.Member) {
	var own []crm.Member
	for _, m := range t.became {
		if m.Name != "" {
			own = append(own, m)
		}
	}
	slices.SortFunc(own, func(a, b crm.Member) int { return strings.Compare(a.Name, b.Name) })
	for i := range t.entity.Fields {
		for _, m := range own {
			if FieldOf(m.Name) == t.entity.Fields[i].Name {
				list = append(list, m)
			}
		}
	}
	return list
}

// shownState leaves out names that are not fields and fields that change with every change,
// and spells times.
func (t *replay) shownState(members []crm.Member) (list []crm.Member) {
	for _, m := range members {
		if name, long := strings.CutPrefix(m.Name, DigestMark); long {
			m = t.became[name]
		}
		if m.Name == "" || slices.Contains(StampFields, m.Name) {
			continue
		}
		if f := t.field(m.Name); f != nil && f.Type.Kind() == crm.TimeKind {
			if v := Value(t.entity, f, m.JSON, 0); v.Set() {
				m.JSON = `"` + time.UnixMilli(v.Int).UTC().Format(time.RFC3339) + `"`
			}
		}
		list = append(list, m)
	}
	return list
}

// field returns the field of the changed record with the name, or nil.
func (t *replay) field(name string) *crm.Field {
	if t.entity == nil {
		return nil
	}
	return t.entity.Field(name)
}

package store

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"crmkit/crm"
	"crmkit/crm/norm"
)

// Entries leave out what later ones have: a create holds no values, and an update no long
// values after the change. The next entry of the record that changed a field holds what it was
// before; if there is none, the record still has the value.

// maxReplayed is how many later entries are read for one page, about 0.1 s of work.
const maxReplayed = 20_000

// replayLog fills in the values after the change for the entries of a page. The page ends
// early if it would exceed maxPageBytes or need more than maxReplayed later entries, but has
// at least one entry.
func (v *ReadTx) replayLog(ctx context.Context, s *Store, page *Page) error {
	for i, bytes, read := 0, 0, 0; i < len(page.Records); i++ {
		t := newReplay(s, page.Records[i])
		if t.missing > 0 {
			if err := v.replayEntries(ctx, s, &t); err != nil {
				return err
			}
		}
		t.entry()
		bytes += textSize(t.change)
		if read += t.read; i > 0 && (bytes > maxPageBytes || read > maxReplayed) {
			page.Records, page.More, page.Truncated = page.Records[:i], true, true
		}
	}
	return nil
}

// replay is an entry whose values after the change are being found.
type replay struct {
	change  crm.Record
	entity  *crm.Entity // of the record that it changed; nil where that is none
	key     int64       // of the record
	create  bool
	became  map[string]crm.Member // by name, as far as it is known; a member without a name: it was unset
	read    int                   // later entries
	missing int                   // how many values of an update are to be found; of a create, one as long as any may be
}

func newReplay(s *Store, change crm.Record) replay {
	t := replay{change: change, became: map[string]crm.Member{}}
	kind, id, _ := strings.Cut(change.Value("target").Text, "/")
	e := s.Schema.ByName(kind)
	if e == nil {
		return t
	}
	t.entity = e
	if e.RandomID {
		return t
	}
	key, fault := crm.ParseID(e, crm.RecordWorkspace(change.Key), id)
	if fault != crm.IDOK {
		t.entity = nil
		return t
	}
	t.key = key
	if change.Value("action").Text == "create" {
		t.create, t.missing = true, 1
		return t
	}
	for _, m := range change.Value("to").Members() {
		if strings.HasPrefix(m.Name, digestMark) && m.Name != causeName {
			t.missing++
		}
	}
	return t
}

// wants reports whether the value of a name is still missing.
func (t *replay) wants(name string) bool {
	if _, known := t.became[name]; known {
		return false
	}
	return t.create || slices.ContainsFunc(t.change.Value("to").Members(), func(m crm.Member) bool { return m.Name == digestMark+name })
}

// remember takes in what a value was before a later entry.
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

// replayEntries reads the later entries of the same record, and the record itself.
func (v *ReadTx) replayEntries(ctx context.Context, s *Store, t *replay) error {
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
			for _, m := range norm.ParseObject(after) { // what the change set for the first time
				t.remember(strings.TrimPrefix(m.Name, digestMark), crm.Member{})
			}
			if action == "delete" {
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
	row := s.mappings[t.entity].NewRow()
	found, err := Found(v.Row(ctx, s.mappings[t.entity].Fetch, []any{workspace, t.key}, row.Dest...))
	if found && err == nil {
		rec, err := row.Record()
		if err != nil {
			return err
		}
		for _, m := range allValues(rec) {
			t.remember(m.Name, m)
		}
	}
	return err
}

// entry sets the fields of the entry in the form that clients see.
func (t *replay) entry() {
	change := t.change
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
			if fieldOf(m.Name) == t.entity.Fields[i].Name {
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
		if name, long := strings.CutPrefix(m.Name, digestMark); long {
			m = t.became[name]
		}
		if m.Name == "" || slices.Contains(stampFields, m.Name) {
			continue
		}
		if f := t.field(m.Name); f != nil && f.Type.Kind() == crm.TimeKind {
			if v := loggedValue(t.entity, f, m.JSON, 0); v.Set() {
				m.JSON = `"` + time.UnixMilli(v.Int).UTC().Format(time.RFC3339) + `"`
			}
		}
		list = append(list, m)
	}
	return list
}

func (t *replay) field(name string) *crm.Field {
	if t.entity == nil {
		return nil
	}
	return t.entity.Field(name)
}

package store

import (
	"path/filepath"
	"strings"
	"testing"

	"crmkit/crm"
	"crmkit/store/list"
	"crmkit/store/past"
)

// TestThePastOfOldFiles asks files of every released schema what they had after each entry of their logs. Each record has its
// stamps, and the number of records is that of creates less deletes.
func TestThePastOfOldFiles(t *testing.T) {
	files, err := filepath.Glob("testdata/schema-*.db.gz")
	if err != nil || len(files) < 11 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".gz")
		t.Run(name, func(t *testing.T) {
			path := fixtureFile(t, name)
			workspaces := oldLog(t, path)
			f := openAt(t, path)
			for workspace := range workspaces {
				f.checkOldPast(f.adminOf(workspace))
			}
		})
	}
}

// checkOldPast asks for contacts after each entry of a log.
func (f *fixture) checkOldPast(actor crm.Actor) {
	f.t.Helper()
	q := f.question(actor, "contact", "limit=200&total=exact&sort=created_at")
	err := f.Snapshot(f.t.Context(), func(v *ReadTx) error {
		there := map[string]bool{}
		log, err := oldEntries(f, v, actor)
		if err != nil {
			return err
		}
		for _, e := range log {
			e.note(there)
			at, last, err := past.Locate(f.t.Context(), v, actor.Workspace, past.Asked{Name: "at", IsNumber: true, Number: e.number})
			if err != nil {
				return err
			}
			reader := past.Reader{Schema: f.Schema, Tables: f.mappings}
			p, err := reader.Read(f.t.Context(), v, actor.Workspace, past.Question{Place: at, Last: last, Kinds: past.Kinds(f.Schema, q)})
			if err != nil {
				return err
			}
			page, err := p.List(&list.Reader{Tx: v, Cached: f.cache.Outdated()}, actor, q)
			if err != nil {
				return err
			}
			for _, rec := range page.Records {
				if !rec.Value("updated_at").Set() || !rec.Value("created_by").Set() || rec.Version() < 1 || !there[rec.Handle()] {
					f.t.Errorf("after entry %d: %s is %v", e.number, rec.Handle(), rec.Values)
				}
			}
			if len(page.Records) != len(there) || int(page.Total) != len(there) {
				f.t.Errorf("after entry %d: %d contacts, total %d, want %d", e.number, len(page.Records), page.Total, len(there))
			}
		}
		return nil
	})
	if err != nil {
		f.t.Fatal(err)
	}
}

// oldEntry is an entry of a log.
type oldEntry struct {
	number         int64
	action, target string
}

// oldEntries reads the log of a workspace.
func oldEntries(f *fixture, v *ReadTx, actor crm.Actor) (log []oldEntry, err error) {
	err = v.Rows(f.t.Context(), "SELECT key, action, target FROM log WHERE workspace_id = $1 ORDER BY key", []any{actor.Workspace}, func(scan func(...any) error) error {
		var e oldEntry
		err := scan(&e.number, &e.action, &e.target)
		e.number = crm.RecordNumber(e.number)
		log = append(log, e)
		return err
	})
	return log, err
}

// note notes which contacts are there after an entry.
func (e oldEntry) note(there map[string]bool) {
	switch {
	case !strings.HasPrefix(e.target, "contact/"):
	case e.action == "create":
		there[e.target] = true
	case e.action == "delete":
		delete(there, e.target)
	}
}

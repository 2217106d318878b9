package store

import (
	"database/sql"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"crmkit/crm"
	"crmkit/crm/norm"
)

// TestUpgradeKeepsTheLog checks that the log of a file of every released schema is the same after
// the upgrade: actors, times, actions, ids and fields.
func TestUpgradeKeepsTheLog(t *testing.T) {
	files, err := filepath.Glob("testdata/schema-*.db.gz")
	if err != nil || len(files) < 11 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".gz")
		t.Run(name, func(t *testing.T) {
			path := fixtureFile(t, name)
			want := oldLog(t, path)
			f := openAt(t, path)
			f.checkLog(want)
			f = f.reopen()
			f.checkLog(want)
			for workspace := range want {
				f.checkCounters(f.adminOf(workspace))
			}
		})
	}
}

// oldLog returns the lines of the log of each workspace in a file of an earlier schema.
func oldLog(t *testing.T, path string) map[int64][]string {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+path+"?mode=ro")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	rows, err := db.QueryContext(t.Context(), `SELECT workspace_id, id, at, COALESCE(actor, ''), COALESCE(token_id, ''), COALESCE(addr, ''), action, target,
		COALESCE(before, ''), COALESCE(after, '') FROM changes WHERE workspace_id <> 0 ORDER BY workspace_id, key`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	lines := map[int64][]string{}
	for rows.Next() {
		var workspace, at int64
		var id, actor, token, addr, action, target, before, after string
		if err := rows.Scan(&workspace, &id, &at, &actor, &token, &addr, &action, &target, &before, &after); err != nil {
			t.Fatal(err)
		}
		lines[workspace] = append(lines[workspace], fmt.Sprintln(id, at, actor, token, addr, action, target, membersText(norm.ParseObject(before)), membersText(norm.ParseObject(after))))
	}
	if err := rows.Err(); err != nil || len(lines) == 0 {
		t.Fatalf("the log of %d workspaces, %v", len(lines), err)
	}
	return lines
}

// membersText returns members in the order of their names.
func membersText(members []crm.Member) string {
	members = slices.Clone(members)
	slices.SortFunc(members, func(a, b crm.Member) int { return strings.Compare(a.Name, b.Name) })
	return string(norm.AppendObject(nil, members))
}

// checkLog compares the log of each workspace with the wanted lines, and each entry with the same
// entry by its id.
func (f *fixture) checkLog(want map[int64][]string) {
	f.t.Helper()
	line := func(rec crm.Record) string {
		v := func(name string) string { return rec.Value(name).Text }
		return fmt.Sprintln(rec.ID, rec.Value("at").Int, v("by"), v("token_id"), v("addr"), v("action"), v("target"),
			membersText(rec.Value("from").Members()), membersText(rec.Value("to").Members()))
	}
	for workspace, lines := range want {
		actor := f.adminOf(workspace)
		page := f.list(actor, "change", "limit=500&sort=at")
		var got []string
		for _, rec := range page.Records {
			if strings.HasPrefix(rec.Value("target").Text, "deal_contact/") { // the upgrade makes them
				continue
			}
			got = append(got, line(rec))
			one, err := f.RecordByID(f.t.Context(), actor, rec.Entity, rec.ID)
			if err != nil || line(one) != line(rec) {
				f.t.Errorf("%s alone is %s, %v", rec.ID, line(one), err)
			}
			if found := f.list(actor, "change", "id="+rec.ID).Records; len(found) != 1 || found[0].Key != rec.Key {
				f.t.Errorf("id=%s finds %d entries", rec.ID, len(found))
			}
		}
		if !slices.Equal(got, lines) {
			f.t.Errorf("workspace %d: the log says\n%s\nit said\n%s", workspace, strings.Join(got, ""), strings.Join(lines, ""))
		}
	}
}

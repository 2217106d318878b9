package store

import (
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"testing"

	"crmkit/crm"
	"crmkit/crm/norm"
)

// numbers are numbers of each size and sign that a key distinguishes, with their keys in schema 13.
var numbers = map[string]string{
	"0": "1", "1": "250000000011", "12": "2500000000212", "-12": "0499999999787~", "0.12": "2500000000012", "0.012": "2499999999912", "-0.12": "0499999999987~", "-0.012": "0500000000087~",
	"1e24": "250000000251", "1e25": "250000000261", "-1e24": "049999999748~", "-1e25": "049999999738~", "1e400": "250000004011", "-1e400": "049999995988~", "1e-400": "249999996011", "-1e-400": "050000003988~",
}

// TestUpgradeOfNames checks that lists find labels and custom values after the upgrade to numbered
// names, whatever number the value is.
func TestUpgradeOfNames(t *testing.T) {
	path := fixtureFile(t, "schema-0004.db")
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	exec := func(text string, args ...any) {
		if _, err := db.Exec(text, args...); err != nil {
			t.Fatal(err)
		}
	}
	var key, workspace int64
	if err := db.QueryRow("SELECT key, workspace_id FROM contacts ORDER BY key LIMIT 1").Scan(&key, &workspace); err != nil {
		t.Fatal(err)
	}
	for text, number := range numbers {
		exec("INSERT INTO custom_values (workspace_id, kind, name, record, text, fold, number) VALUES (?, 'contact', ?, ?, ?, ?, ?)", workspace, "n"+text, key, text, text, number)
	}
	exec("INSERT INTO tags (workspace_id, kind, tag, record, fold) VALUES (?, 'contact', 'Été', ?, 'ete')", workspace, key)
	exec("INSERT INTO tags (workspace_id, kind, tag, record, fold) VALUES (?, 'company', 'Été', ?, 'ete')", workspace, key)
	exec("UPDATE contacts SET tags = REPLACE(tags, ']', ',\"Été\"]') WHERE key = ?", key)
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	f := openAt(t, path)
	actor := crm.Actor{Workspace: workspace, Email: "jane@acme.com"}
	for text := range numbers {
		want, _ := norm.NumberKey(text)
		if got := f.raw(1, "SELECT v.number FROM custom_values v JOIN names n ON n.key = v.name_id WHERE n.name = $1", "n"+text); !slices.Equal(got, []string{want}) {
			t.Errorf("%s has the key %q, want %s", text, got, want)
		}
		if found := f.list(actor, "contact", "custom.n"+text+"="+text).Records; len(found) != 1 || found[0].Key != key {
			t.Errorf("%s finds %d contacts", text, len(found))
		}
	}
	for params, want := range map[string]int{"contact?tags=Été": 1, "contact?tags=like:ete": 1, "contact?tags=ete": 0, "company?tags=Été": 1} {
		kind, params, _ := strings.Cut(params, "?")
		if found := f.list(actor, kind, params).Records; len(found) != want {
			t.Errorf("%s?%s finds %d", kind, params, len(found))
		}
	}
	f.save(actor, "contact", "name", "Fresh", "tags", []string{"fresh"})
	if twice := f.raw(1, "SELECT key FROM names GROUP BY key HAVING COUNT(*) > 1"); len(twice) > 0 {
		t.Errorf("numbers of several names: %v", twice)
	}
}

// TestNamesEndWithTheirLastUse creates and deletes records with labels and custom keys of their own.
// A name without a use is deleted, and names of workspaces and kinds are separate.
func TestNamesEndWithTheirLastUse(t *testing.T) {
	engines(t, func(t *testing.T, f *fixture) {
		ann, bob := f.member("ann@example.com"), f.member("bob@example.com")
		own := f.save(ann, "contact", "name", "Jane", "tags", []string{"vip", "k1"})
		f.save(ann, "company", "name", "Acme", "tags", []string{"vip"})
		f.save(bob, "contact", "name", "Joe", "tags", []string{"vip"})
		for i := range 40 {
			var members []crm.Member
			var labels []string
			for j := range 40 { // more names than one statement adds
				members, labels = append(members, crm.Member{Name: fmt.Sprint("k", i, ".", j), JSON: fmt.Sprint(j)}), append(labels, fmt.Sprint("t", i, ".", j))
			}
			rec := f.save(ann, "contact", "name", "Jim", "custom", members, "tags", labels)
			for _, params := range []string{"custom.k%d.0=0", "custom.k%d.39=39", "tags=t%[1]d.0,t%[1]d.39"} {
				if found := f.list(ann, "contact", fmt.Sprintf(params, i)).Records; len(found) != 1 || found[0].Key != rec.Key {
					t.Fatalf("%s finds %d contacts", fmt.Sprintf(params, i), len(found))
				}
			}
			f.remove(ann, rec)
		}
		f.update(ann, own, "tags", []string{"k1"})
		if names := f.raw(1, "SELECT workspace_id || ' ' || kind || ' ' || name FROM names ORDER BY 1"); !slices.Equal(names, []string{
			fmt.Sprint(ann.Workspace, " company vip"), fmt.Sprint(ann.Workspace, " contact k1"), fmt.Sprint(bob.Workspace, " contact vip")}) {
			t.Errorf("names are %q", names)
		}
		if found := f.list(bob, "contact", "tags=vip").Total; found != 1 {
			t.Errorf("%d contacts have the label", found)
		}
	})
}

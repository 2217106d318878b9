package store

import (
	"strings"
	"testing"

	"crmkit/store/changelog"
)

// TestChangesAreReadInOrder checks that SQLite reads the entries for each question from an index in the order
// of the log: it neither sorts entries nor walks over those before the place.
func TestChangesAreReadInOrder(t *testing.T) {
	f := onFile(t)
	ann := f.member("ann@example.com")
	for name, ask := range map[string]changelog.Question{"all": {}, "group": {Group: 1}, "run": {Run: 1}, "record": {Target: "contact/c_011p"}} {
		text := ask.SQL(f.mappings[f.Schema.ByName("change")])
		plan := strings.Join(f.raw(4, "EXPLAIN QUERY PLAN "+text, ann.Workspace, 0, 1<<60, 1, 50), "\n")
		if strings.Contains(plan, "TEMP B-TREE") || !strings.Contains(plan, "key>?") && !strings.Contains(plan, "rowid>?") {
			t.Errorf("%s: %s\n%s", name, text, plan)
		}
	}
}

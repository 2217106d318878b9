package store

import (
	"strconv"
	"strings"
	"testing"

	"crmkit/crm"
	"crmkit/store/shape"
)

// TestHoldersAreFoundByAnIndex checks the plan by which a write finds the record that has a value of a unique declared
// key: by the value. The primary key would give all values of the key, in each write.
func TestHoldersAreFoundByAnIndex(t *testing.T) {
	onSQLite(t, func(t *testing.T, f *fixture) {
		ann := f.member("ann@example.com")
		rec := f.save(ann, "company", "name", "n", "custom", []crm.Member{{Name: "digits", JSON: `"10023"`}, {Name: "erp", JSON: `"X"`}, {Name: "number", JSON: "7"}})
		e := f.Schema.ByName("company")
		for _, c := range [][2]string{{`"X"`, "text=?"}, {`"10023"`, "number=?"}, {"7", "number=?"}} {
			m := crm.Member{Name: map[string]string{`"X"`: "erp", `"10023"`: "digits", "7": "number"}[c[0]], JSON: c[0]}
			text, args := shape.HolderText(e, m)
			args = append([]any{ann.Workspace, e.TagKind(e.Field("custom")), m.Name, int64(0)}, args...)
			plan := strings.Join(f.raw(4, "EXPLAIN QUERY PLAN "+text, args...), "\n")
			if !strings.Contains(plan, "SEARCH v USING") || !strings.Contains(plan, "(name_id=? AND "+c[1]) {
				t.Errorf("%s: %s\n%s", c[0], text, plan)
			}
			if found := f.raw(1, text, args...); len(found) != 1 || found[0] != strconv.FormatInt(rec.Key, 10) {
				t.Errorf("%s is of %q", c[0], found)
			}
		}
	})
}

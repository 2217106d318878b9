package fieldtype_test

import (
	"fmt"
	"strings"
	"testing"

	"crmkit/crm"
	"crmkit/crm/fieldtype"
)

// TestReadingTagsStopsAtTheLimit checks that a list far beyond the limit needs as many
// allocations as one that is too long by one.
func TestReadingTagsStopsAtTheLimit(t *testing.T) {
	tags := &crm.Field{Name: "tags", Type: fieldtype.Tags}
	for name, pattern := range map[string]string{"a list": `["%s"]`, "an edit": `{"add":["%s"]}`} {
		allocations := func(n int) float64 {
			list := fmt.Sprintf(pattern, strings.Join(numbered(n), `","`))
			return testing.AllocsPerRun(3, func() {
				if _, fault := tags.Type.Decode(crm.Reader{}, tags, list); fault == nil {
					t.Errorf("%s of %d tags is accepted", name, n)
				}
			})
		}
		if short, long := allocations(crm.MaxTags+1), allocations(170_000); long > short+10 {
			t.Errorf("%s: %.0f allocations for 170,000 tags, %.0f for %d", name, long, short, crm.MaxTags+1)
		}
	}
}

func numbered(n int) []string {
	items := make([]string, n)
	for i := range items {
		items[i] = fmt.Sprintf("t%d", i)
	}
	return items
}

package fieldtype_test

import (
	"fmt"
	"strings"
	"testing"

	"crmkit/crm"
	"crmkit/crm/fieldtype"
	"crmkit/crm/norm"
)

// TestReadingCellsStopsAtTheLimit checks that a cell with far too many labels needs as many
// allocations as one with one too many.
func TestReadingCellsStopsAtTheLimit(t *testing.T) {
	tags := &crm.Field{Name: "tags", Type: fieldtype.Tags}
	for separator, column := range map[string]crm.Cell{";": {}, ",": {Own: true}} {
		allocations := func(n int) float64 {
			labels := make([]string, n)
			for i := range labels {
				labels[i] = fmt.Sprintf("t%d", i)
			}
			column.JSON = norm.QuoteJSON(strings.Join(labels, separator))
			return testing.AllocsPerRun(3, func() {
				if _, fault := tags.Type.DecodeCell(tags, column); fault == nil {
					t.Errorf("a cell of %d labels is accepted", n)
				}
			})
		}
		if short, long := allocations(crm.MaxTags+1), allocations(170_000); long > short+10 {
			t.Errorf("with %q between: %.0f allocations for 170,000 labels, %.0f for %d", separator, long, short, crm.MaxTags+1)
		}
	}
}

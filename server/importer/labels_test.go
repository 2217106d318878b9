package importer

import (
	"fmt"
	"strings"
	"testing"

	"crmkit/crm"
)

// TestLongCellsAreNotRead holds that a cell with far too many labels costs as many
// allocations as one that has one too many: reading stops at the limit.
func TestLongCellsAreNotRead(t *testing.T) {
	schema, err := crm.NewSchema(crm.Entities...)
	if err != nil {
		t.Fatal(err)
	}
	tags := schema.ByName("contact").Field("tags")
	for separator, column := range map[string]mapping{";": {}, ",": {own: true}} {
		allocations := func(n int) float64 {
			labels := make([]string, n)
			for i := range labels {
				labels[i] = fmt.Sprintf("t%d", i)
			}
			cell := strings.Join(labels, separator)
			return testing.AllocsPerRun(3, func() {
				if _, fault := cellLabels(tags, column, cell); fault == nil {
					t.Errorf("a cell of %d labels is accepted", n)
				}
			})
		}
		if short, long := allocations(crm.MaxTags+1), allocations(170_000); long > short+10 {
			t.Errorf("with %q between: %.0f allocations for 170,000 labels, %.0f for %d", separator, long, short, crm.MaxTags+1)
		}
	}
}

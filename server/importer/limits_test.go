package importer

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"crmkit/crm"
)

// TestLimitsAreDocumented compares the limits with docs/import.md and with the help for agents.
func TestLimitsAreDocumented(t *testing.T) {
	limits := DefaultLimits
	if limits.DryRun.Bytes%(1<<20)+limits.Atomic.Bytes%(1<<20) != 0 {
		t.Fatal("a limit is no number of MiB")
	}
	of := func(s Size, format string) string { return fmt.Sprintf(format, s.Rows, s.Values, s.Bytes>>20) }
	for file, want := range map[string][]string{
		"../../docs/import.md": {
			fmt.Sprintf("any number; %d known only by their cells | %d in a row", maxWithoutID, crm.MaxColumns),
			fmt.Sprintf("a row %d MiB", crm.MaxRow>>20),
			of(limits.DryRun, "`?dry_run=1` | %d | %d | %d MiB;") + fmt.Sprintf(" the records that it changes %d MiB", limits.DryRunMemory>>20),
			of(limits.Atomic, "`?atomic=1` | %d | %d | %d MiB"),
		},
		"../manual/help/import.txt": {
			of(limits.DryRun, "A dry run takes at most %d rows, %d cells and %d MiB."),
			of(limits.Atomic, "It takes at most %d rows, %d cells and %d MiB,"),
			fmt.Sprintf("at most %d columns and %d rows known only by their cells;", crm.MaxColumns, maxWithoutID),
		},
	} {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		text := regexp.MustCompile(`(\d),(\d{3})`).ReplaceAllString(string(data), "$1$2")
		text = regexp.MustCompile(`(\d),(\d{3})`).ReplaceAllString(text, "$1$2")
		for _, line := range want {
			if !strings.Contains(text, line) {
				t.Errorf("%s does not say %q", file, line)
			}
		}
	}
}

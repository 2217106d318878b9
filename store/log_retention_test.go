package store

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"crmkit/store/maintenance"
)

// TestLogIsTrimmed keeps the log for 30 days. Older entries are deleted in steps, the newest entry
// always remains, the remaining entries show the same as before, and numbers are not given twice.
func TestLogIsTrimmed(t *testing.T) {
	enginesWith(t, Options{LogDays: maintenance.MinLogDays}, logIsTrimmed)
}

func logIsTrimmed(t *testing.T, f *fixture) {
	ann, bob := f.member("ann@example.com"), f.member("bob@example.com")
	old := f.save(ann, "contact", "name", "Old", "notes", "n0")
	for i := range maintenance.PurgeStep + 50 {
		f.update(ann, old, "notes", fmt.Sprint("n", i+1))
	}
	f.clock.Advance(20 * 24 * time.Hour)
	at := f.Now()
	f.update(ann, old, "notes", "of the past month")
	f.save(ann, "contact", "name", "Young")
	f.clock.Advance(29 * 24 * time.Hour)
	last := f.raw(1, "SELECT MAX(key) FROM log WHERE workspace_id = $1", ann.Workspace)
	f.Purge(t.Context())
	shown := f.list(ann, "change", "").Records
	if len(shown) != 2 || objectText(shown[1], "from") != fmt.Sprintf(`{"notes":"n%d"}`, maintenance.PurgeStep+50) || objectText(shown[0], "to") != `{"name":"Young"}` {
		t.Errorf("%d entries are left: %v", len(shown), shown)
	}
	if begins, err := f.LogTrimmed(t.Context(), ann); err != nil || begins.Unix() != at.Unix() {
		t.Errorf("the log begins at %v, want %v; %v", begins, at, err)
	}
	if left := f.raw(1, "SELECT COUNT(*) FROM log WHERE workspace_id = $1", bob.Workspace); left[0] != "1" {
		t.Errorf("%s entries of another workspace are left, want the last", left)
	}
	f.checkCounters(ann)
	f.checkCounters(bob)
	f.clock.Advance(100 * 24 * time.Hour)
	f.Purge(t.Context())
	f.save(ann, "contact", "name", "Next")
	if next := f.raw(1, "SELECT MAX(key) - CAST($2 AS BIGINT) FROM log WHERE workspace_id = $1", ann.Workspace, last[0]); next[0] != "1" {
		t.Errorf("the next entry has a number that is %s higher, want 1", next)
	}
	f.checkCounters(ann)
}

// TestRunsAreTrimmed checks that a run goes with its last entry, and that names of runs are counted as
// storage for as long.
func TestRunsAreTrimmed(t *testing.T) {
	enginesWith(t, Options{LogDays: maintenance.MinLogDays}, func(t *testing.T, f *fixture) {
		ann := f.member("ann@example.com")
		runs := func() string {
			f.Purge(t.Context())
			f.checkCounters(ann)
			return strings.Join(f.raw(1, "SELECT name FROM runs WHERE workspace_id = $1 ORDER BY first", ann.Workspace), " ")
		}
		inRun := ann
		for i := range maintenance.PurgeStep + 2 {
			inRun.Run = fmt.Sprintf("old-%d", i)
			f.save(inRun, "company", "name", "Acme")
		}
		inRun.Run = "long"
		f.save(inRun, "company", "name", "Beta")
		for range 40 { // it is used each day
			f.clock.Advance(23 * time.Hour)
			f.save(inRun, "company", "name", "Gamma")
		}
		if left := runs(); left != "long" {
			t.Errorf("after the run began, there are %.200s", left)
		}
		f.clock.Advance(40 * 24 * time.Hour)
		f.save(ann, "company", "name", "Delta")
		if left := runs(); left != "" {
			t.Errorf("at the end there are %s", left)
		}
	})
}

// TestRetentionIsChecked checks that a log is kept for a month at least, and for as long as the trash, which
// is made of it.
func TestRetentionIsChecked(t *testing.T) {
	for _, c := range []struct {
		log, trash int
		fine       bool
	}{
		{0, 30, true}, {30, 30, true}, {3650, 30, true}, {29, 1, false}, {1, 1, false}, {-1, 1, false},
		{0, 0, true}, {0, 1, true}, {0, 36_500, true}, {0, -1, false}, {0, 36_501, false},
		{90, 90, true}, {90, 91, false}, {90, 0, false},
	} {
		if err := maintenance.CheckRetention(c.log, c.trash); (err == nil) != c.fine {
			t.Errorf("%d days of log, %d of trash: %v", c.log, c.trash, err)
		}
	}
}

// TestUntrimmedLogHasNoStart checks that a log that was never trimmed has no time of a trim.
func TestUntrimmedLogHasNoStart(t *testing.T) {
	engines(t, func(t *testing.T, f *fixture) {
		ann := f.member("ann@example.com")
		f.save(ann, "contact", "name", "n")
		if begins, err := f.LogTrimmed(t.Context(), ann); err != nil || begins != (time.Time{}) {
			t.Errorf("the log begins at %v, %v", begins, err)
		}
	})
}

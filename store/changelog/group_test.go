package changelog

import (
	"testing"

	"crmkit/crm"
)

// FuzzPlaces reads any text as a cursor and as the id of a change group: what is read is written as the
// same text, in its workspace only, and a cursor is no group.
func FuzzPlaces(f *testing.F) {
	for _, number := range []int64{0, 1, 31, 32, 1 << 20, 1<<39 - 2} {
		f.Add(int64(1), Cursor(1, number))
		f.Add(int64(7), GroupID(7, number+1))
	}
	for _, text := range []string{"", "seq_", "chg_0", "seq_00000", "SEQ_03WY", "seq_03wy\n", "seq_zzzzzzzzzzzz", "seq_é"} {
		f.Add(int64(1), text)
	}
	f.Fuzz(func(t *testing.T, workspace int64, text string) {
		if workspace < 1 || workspace > 1<<20 {
			return
		}
		number, fault := ParseCursor(workspace, text)
		if fault == crm.IDOK && (number < 0 || Cursor(workspace, number) != text) {
			t.Errorf("the cursor %q is %d, which is written %q", text, number, Cursor(workspace, number))
		}
		first, wrong := ParseGroupID(workspace, text)
		if wrong == crm.IDOK && (first < 1 || GroupID(workspace, first) != text) {
			t.Errorf("the group %q is %d, which is written %q", text, first, GroupID(workspace, first))
		}
		if fault == crm.IDOK && wrong == crm.IDOK {
			t.Errorf("%q is a cursor and a group", text)
		}
	})
}

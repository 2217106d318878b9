package changelog

import "crmkit/crm"

// groupPrefix is the prefix of the ids of change groups.
const groupPrefix = "chg"

// CursorPrefix is the prefix of places in a log.
const CursorPrefix = "seq"

// Cursor returns the place in the log of a workspace that is after the entry with a number; 0 is before
// the first entry.
func Cursor(workspace, number int64) string {
	return crm.RecordID(CursorPrefix, crm.RecordKey(workspace, number+1))
}

// ParseCursor returns the number of the entry that a place is after, or the fault of the text.
func ParseCursor(workspace int64, text string) (number int64, fault crm.IDFault) {
	key, fault := crm.ParsePrefixedID(CursorPrefix, workspace, text)
	return crm.RecordNumber(key) - 1, fault
}

// GroupID returns the id of a change group in a workspace, which is the number of its first entry; empty
// for 0, which is no group.
func GroupID(workspace, first int64) string {
	if first == 0 {
		return ""
	}
	return crm.RecordID(groupPrefix, crm.RecordKey(workspace, first))
}

// ParseGroupID returns the change group of an id in a workspace, or the fault of the id. There may be
// no such group.
func ParseGroupID(workspace int64, id string) (first int64, fault crm.IDFault) {
	key, fault := crm.ParsePrefixedID(groupPrefix, workspace, id)
	return crm.RecordNumber(key), fault
}

package txn

import (
	"errors"
	"slices"
	"strings"

	"crmkit/crm"
	"crmkit/crm/catalog"
)

// Several servers may write to a shared database. So a transaction locks the head of each workspace
// that it writes to, in ascending order and before its first read, and other transactions wait for
// it. Then a function reads nothing of a workspace that another transaction is about to change:
// what is checked before a write still holds at the commit, and the numbers of the log rise in the
// order of the commits. What belongs to no workspace (users, codes, limits) has one head for all,
// which comes first.
//
// A function says with its actor which workspace it works in. If it turns out to write to another
// one, the whole transaction runs again with that one locked too.
//
// A head that another server holds for long, since it hangs in the middle of a transaction, holds up
// only the jobs that need it: they leave their batch, and wait in the queue for the next one.

// outside is the head of what belongs to no workspace.
const outside = 0

// errRunAgain ends a transaction that runs again: it needs a further head, or other transactions
// or the connection were in its way.
var errRunAgain = errors.New("the transaction must run again")

// heads are the workspaces that a transaction of a shared database has locked.
type heads struct {
	locked []int64 // in ascending order
}

// headsOf returns the heads that a batch needs, in ascending order.
func headsOf(batch []*job) (list []int64) {
	for _, j := range batch {
		list = append(append(list, j.actor.Workspace), j.wants...)
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// lockHead ends the transaction unless it has the head of a workspace.
func (tx *Tx) lockHead(workspace int64) error {
	h := &tx.writer.heads
	if !tx.db.traits.Shared || tx.job.internal {
		return nil
	}
	if _, locked := slices.BinarySearch(h.locked, workspace); locked {
		return nil
	}
	tx.job.wants = append(tx.job.wants, workspace)
	tx.ended = errRunAgain
	return tx.ended
}

// AddHead notes a workspace that the transaction itself makes: nobody else can write to it yet.
func (tx *Tx) AddHead(workspace int64) {
	h := &tx.writer.heads
	if at, locked := slices.BinarySearch(h.locked, workspace); !locked {
		h.locked = slices.Insert(h.locked, at, workspace)
	}
}

// inWorkspaces are the tables, beside those of records, whose rows belong to a workspace and are
// written only while its head is locked.
var inWorkspaces = []string{"bookmarks", "cascades", "confirmations", "custom_values", "deal_sums", "dismissed_pairs", "duplicate_keys", "imported", "kept_answers", "kept_files", "kept_parts", "list_values", "log", "merged", "names", "origins", "reservations", "runs", "stage_visits", "tags", "usage", "values_in_use", "words"}

// isInWorkspaces reports whether the rows of a table belong to a workspace.
func isInWorkspaces(table string) bool {
	return slices.Contains(inWorkspaces, table) || isRecords(table)
}

// isRecords reports whether the rows of a table are records.
func isRecords(table string) bool {
	return slices.ContainsFunc(catalog.Entities, func(e crm.Entity) bool { return e.Plural == table && !e.IsView() })
}

// writtenTable returns the table that a statement writes to; empty if it is not known.
func writtenTable(text string) string {
	words := strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(" (\n\t", r) })
	for i, word := range words {
		if i+1 < len(words) && (word == "INTO" || word == "UPDATE" && i == 0 || word == "FROM" && i > 0 && words[i-1] == "DELETE") {
			return words[i+1]
		}
	}
	return ""
}

// isRead reports whether a statement changes nothing.
func isRead(text string) bool {
	if !strings.HasPrefix(text, "WITH ") {
		return strings.HasPrefix(text, "SELECT ")
	}
	return !strings.Contains(text, "INSERT ") && !strings.Contains(text, "UPDATE ") && !strings.Contains(text, "DELETE ")
}

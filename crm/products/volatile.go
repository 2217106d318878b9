package products

import "strings"

// volatile are columns whose values change although nothing happened that matters: checksums,
// stamps of changes, counters, and the days since something. They say nothing about which record
// a row is. A name that ends with a star stands for all that begin so.
var volatile = []string{
	"Row Checksum", "Record Checksum", "Checksum", "(Do Not Modify) Row Checksum", "(Do Not Modify) Modified On", "ETag", "System Modstamp", "Change Log Time", "Row Version",
	"Modified", "Modified at", "Modified on", "Modified time", "Modified date", "Date modified", "Last modified*", "Updated", "Updated at", "Updated on", "Updated time", "Update time",
	"Date updated", "Last updated*", "Last update", "Last changed*", "LastModified*",
	"Last activity*", "Last contacted*", "Last contact*", "Last engagement*", "Last interaction*", "Last interacted*", "Last viewed*", "Last referenced*", "Last seen*", "Recent *",
	"Days since*", "Days to*", "Time since*", "Age in days", "Number of *", "Num calls", "Num emails", "Num contacts", "Total activities", "Done activities", "Activities to do",
}

// prefixes of column names, such as that of Pipedrive in "Person - Update time", which IsVolatile
// does not read.
var prefixes = []string{"person", "organization", "deal", "activity", "contact", "company", "account", "lead"}

// IsVolatile reports whether the values of a column say nothing about which record a row is.
func IsVolatile(column string) bool {
	folded := Fold(column)
	for _, prefix := range prefixes {
		if head, _, found := strings.Cut(column, " - "); found && Fold(head) == prefix {
			folded = strings.TrimPrefix(folded, prefix)
		}
	}
	for _, name := range volatile {
		begin, open := strings.CutSuffix(name, "*")
		if folded == Fold(name) || open && strings.HasPrefix(folded, Fold(begin)) {
			return true
		}
	}
	return false
}

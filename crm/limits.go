package crm

import "crmkit/crm/norm"

// The limits of one request. Readers check them while they read, so that a list that is too
// long costs no more than the longest allowed one.
const (
	MaxTags       = 100      // labels of a record, and of each list that edits them
	MaxMemberName = 200      // bytes of a key of custom
	MaxObjectSize = 64 << 10 // bytes of all keys and values of custom

	MaxQueryBytes = 16 << 10 // of a query string, a stored filter, or a form
	MaxParams     = 200      // parameters in one of them, repeats included
	MaxItems      = 200      // items of a list with commas: in:, ids, fields=, types=
	MaxColumns    = 500      // columns of an imported file, or different keys of its rows
	MaxRow        = 1 << 20  // bytes of a row, and so of a cell

	MinBudget = 200       // tokens of an answer: one row of hostile text, with the lines about it
	MaxBudget = 1_000_000 // tokens of an answer
)

// TooMany returns the error for a list that is longer than its limit. next is a sentence with
// the action to take instead; only that of a write says that nothing was saved.
func TooMany(field string, most int, things, next string) *Error {
	return Errorf(InvalidValue, "%s has more than the maximum of %d %s. %s", norm.Quote(field), most, things, next).On(field)
}

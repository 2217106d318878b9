// Package fieldtype has the types of fields, each in a file of its own: how the values
// of a text, a time or a reference are read, stored, compared, shown and described. The
// other packages use a field through the interface crm.Type and know few types by name, so
// that a new type is a new file here and the fields that have it.
//
// The comment of each type says which values it accepts, in which form they are stored, how
// filters compare them, and which standard the rule is from. Where the obvious rule was not
// taken, it says why.
//
// The package does no I/O, and the types have no state. Reading is idempotent: a value that
// was read, shown and read again is the same value. Records are sent back by clients, and
// must not change by that.
package fieldtype

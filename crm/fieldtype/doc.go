// Package fieldtype has the types of fields, each in a file of its own: how the values
// of a text, a time or a reference are read, stored, compared, shown and described. The
// other packages ask a field's type for what they need and know few types by name, so
// that a new one is a file here and the fields that have it.
//
// It does no I/O, and the types carry no state. A value that a type has read is in its
// stored form: to read what is shown for it gives the same value again.
package fieldtype

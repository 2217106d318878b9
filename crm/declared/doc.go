// Package declared has the fields that a workspace declares for its own keys of custom: their
// types, and the checks of their values.
//
// A declaration gives keys of custom a type of package fieldtype, or one of the few that are in
// this package. So a declared value is read, compared and described as the values of built-in
// fields are. It stays a member of the object custom, as JSON in the one form of its type; reading
// that form again gives the same form.
//
// The package does no I/O, and knows no other records: that a value is unique, or that a reference
// leads to a record, is checked in the store. A Kind does not change after it was made.
package declared

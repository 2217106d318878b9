// Package crm has the types of the domain: entities and their fields, records, values, ids,
// actors and errors. Every other package uses them. It imports only package norm and the
// standard library, and does no I/O.
//
// A schema is data: a contact is a row of fields and not a Go struct. So routes, SQL, answers
// and the manual are loops over the schema, and cannot disagree. A schema does not change
// after NewSchema has checked it.
package crm

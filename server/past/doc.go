// Package past has the endpoints that answer what records and lists were at a place in the log: the routes of
// records and lists with the parameter at=.
//
// at= is a time as filters take it, or a cursor of GET /changes. The place is found once, by the first page; the
// cursors of pages have it, so that all pages are of the same state. Relative times of filters count from
// the time of the place, and the rights of the actor are those of now.
//
// What cannot be answered about the past is refused: a search, which has no index of what was.
package past

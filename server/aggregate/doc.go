// Package aggregate answers lists that are asked for numbers: the routes of lists with group=, sum=, avg=, min=,
// max=, count_distinct= or count=only.
//
// Package query/aggregate says what may be asked, store/aggregate reads the numbers; here both meet the request, the
// parent of the list, and with at= and vs= the past (server/past). What a line shows is written once, as fields, from
// which package render makes text and JSON.
package aggregate

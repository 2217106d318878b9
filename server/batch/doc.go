// Package batch answers POST /batch: many writes in one request, in one transaction.
//
// A line of a batch is a request by its parts: method, path, body, and a name for its record.
// Later lines use the name instead of an id. The obvious design is an interpreter of its own for
// these lines, but it would have to repeat what the routes do. Instead each line runs the
// handler of its own route (web.Line), which decodes it and gives its write to the batch. So the
// receipts, errors and rights of a line are those of the call itself, and any write of one
// record may be a line (web.Route.AsLine).
//
// Lines without names are decoded before the transaction, those with names in it, since the
// ids are known only there. Each line has a savepoint. Whether a name is known, and made before it is
// used, is checked before anything is done.
package batch

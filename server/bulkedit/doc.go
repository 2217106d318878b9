// Package bulkedit answers PATCH and DELETE on a collection: it changes or deletes all records that
// the filters of a list find.
//
// Such a write always needs a confirmation (package plan). The first call is a dry run. Its plan has
// the keys of the records, and a receipt for each. The confirmed run touches these records and no
// others. If one would change otherwise now, or is not found by the filters any more, it is plan_stale.
//
// The obvious design is one transaction, and few records are written like that. Many would keep the
// writer from other users for seconds. So they are written in steps of at most stepTime, each a
// transaction of its own, all in one change group. Before the first step, another dry run is compared
// with the plan. Before each step its records are matched again: one that somebody changed meanwhile, so
// that it would change otherwise or matches no more, is left as it is and named. The place that the
// steps came to is stored with the token, in the transaction of each step (web.Request.TransactStep).
// So a run that was killed goes on with the same token, and nothing is done twice.
//
// Within a step each record has a savepoint, and one that fails is named and does not stop the others.
// With atomic=1 there is one transaction, and the first record that fails ends it.
package bulkedit

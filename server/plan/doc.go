// Package plan has what dry runs and confirmations of writes share: what a plan is, how it is compared
// with what is done later, and how its token is stored.
//
// A request with dry_run=1, or one that needs a confirmation and has none, runs in a transaction that
// is rolled back. Its plan is a list of receipts: what it would do to each record, without ids that it
// makes and without times that it sets, which differ each time. A token stands for the plan. It is bound to the
// user, the workspace, the request (RequestOf) and its body (BodyDigest), is valid for 15 minutes, and
// is used once.
//
// The request with confirm=<token> runs in earnest. In the same transaction its receipts are compared
// with those of the plan (Compare). If one differs, the transaction saves nothing but a new token for
// what would be done now, and the answer is 409 plan_stale: it names the record, the field, and who
// changed it. If the write fails now, it is plan_stale too, with the error in the hint (FailsNow) and no
// new token: there is no plan of a write that fails. Else the token is spent: for 24 hours it only gets
// the stored answer, marked as done already.
//
// The answer of a dry run lists what it would do to each record, a Page of it. A further page runs dry again,
// and says so if the plan does not hold any more. Records that follow a delete or merge in steps have no
// receipts. They are counted, before the transaction, and their number is in the plan.
//
// Handlers use it by package web:
//
//   - A write of one transaction runs in web.Request.Transact, and needs nothing else.
//   - If it needs a confirmation it runs in web.Request.TransactConfirmed. Without a valid token this
//     returns a *web.Offer, of which the handler makes the error confirmation_required with the report.
//   - A write in steps asks web.Request.Planning what is wanted. For a plan it runs its steps with
//     web.Request.DryRunStep on one dryrun.Run, notes their changes (store.Tx.RecordChanges) in a Collector,
//     and answers with web.Request.Reported, or with an error that has the token of web.Request.Offer.
//     In earnest it finds the plan with web.Request.Planned, and what differs is answered with
//     web.Request.Stale, an error with web.Request.FailsNow. Its last step is web.Request.TransactLast, which spends the token. Plan.State is
//     for what such a write decided besides receipts. package server links many records like that.
//
// Imports compare how a file is read instead of receipts (package transfer), and share the rest.
package plan

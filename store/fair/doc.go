// Package fair shares time among tenants. Batches are a queue from which one worker takes work in
// batches; Turns let a few jobs run at once.
//
// # Purpose
//
// A tenant with a thousand requests must not make another with one request wait for all of them.
// A single queue in the order of arrival does exactly that. The same number of requests for each
// tenant does not help, because one request may take a thousand times as long as another. So this
// package shares time.
//
// # How it works
//
// This is start-time fair queuing (Goyal, Vin, Cheng, SIGCOMM 1996). Each tenant has a
// queue of its own, and an account of the time that its work has used. The tenant with the
// least used time is served next. A tenant that comes back after a pause starts with the used
// time of the others, so it gains nothing from the pause. Work is charged when it begins with the
// time that the last work of its tenant took, and the charge is corrected when it ends.
//
// A tenant that sends one request after the other has none waiting between two of them. If it comes back within
// 100 ms it keeps its account, as if it always had work. And before a worker begins work that is a batch of its
// own, which takes long, it waits for a moment for those that have used less time (as the anticipatory
// scheduling of disks does: Iyer, Druschel, SOSP 2001).
//
// # Guarantees
//
//   - Tenants that always have work get the same time, up to a few of their longest jobs.
//   - The work of one tenant is done in the order in which it came.
//   - The amount of waiting work is bounded, in total and for each tenant. Further work is
//     refused at once, with ErrFull or ErrShareFull.
//   - The package knows nothing about the work, and never runs it.
package fair

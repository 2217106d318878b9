// Package fair shares time among tenants: a queue from which one worker takes batches of
// work, and turns of which a few run at once.
//
// # Purpose
//
// One tenant with a thousand requests must not make another with one request wait for all
// of them. A single queue in the order of arrival does exactly that. Equal numbers of
// requests for each tenant do not help either, since one request may take a thousand times
// as long as another. So it is time that is shared.
//
// # How it works
//
// This is start-time fair queuing (Goyal, Vin, Cheng, SIGCOMM 1996). Each tenant has a
// queue of its own, and an account of the time that its work has used. The tenant with the
// least used time is served next. A tenant that comes back after a pause starts level with
// the others, so a pause earns nothing. Work is charged when it begins with what the last
// work of its tenant took, and the charge is corrected when it ends.
//
// # Guarantees
//
//   - Tenants that always have work get the same time, up to a few of their longest jobs.
//   - The work of one tenant is done in the order in which it came.
//   - What waits is bounded, in all and for each tenant. What is beyond that is refused at
//     once, with ErrFull or ErrShareFull.
//   - The package does not know what the work is, and never runs any.
package fair

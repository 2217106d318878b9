// Package edge holds what stands between the network and the API: listening and draining,
// TLS, the address of a client, limits on rate and memory, the rules about web pages of
// other origins, readiness and metrics.
//
// It knows connections, headers and counters, and neither routes nor records. Whatever a
// client may fill up here has a bound: the table of limiters, the bytes of bodies, the
// hops of a header, the series of a metric.
package edge

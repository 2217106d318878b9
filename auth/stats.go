package auth

import (
	"maps"
	"sync"

	"crmkit/crm"
)

// Stats are counts since the start and the present size of the session cache.
type Stats struct {
	Sessions     int   // in the cache now
	Hits, Misses int64 // of the session cache
	Failures     map[Failure]int64
}

// Failure is a kind of refused code.
type Failure struct {
	Kind   string   // what the code was for: sign-in or step-up
	Reason crm.Code // invalid_code or rate_limited
}

// Stats returns the present numbers. Every kind of failure is in the map, also with 0.
func (a *Auth) Stats() Stats {
	a.mu.RLock()
	defer a.mu.RUnlock()
	return Stats{Sessions: len(a.sessions), Hits: a.hits.Load(), Misses: a.misses.Load(), Failures: a.failures.all()}
}

// failures counts codes that were refused. The zero value is ready for use.
type failures struct {
	mu sync.Mutex
	n  map[Failure]int64
}

func (f *failures) count(what Failure) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.n == nil {
		f.n = map[Failure]int64{}
	}
	f.n[what]++
}

// all returns the counts of every kind and reason, also those at 0, so that a metric
// exists before its first event.
func (f *failures) all() map[Failure]int64 {
	all := map[Failure]int64{}
	for _, kind := range []string{purposeSignIn, stepUpKind} {
		for _, reason := range []crm.Code{crm.InvalidCode, crm.RateLimited} {
			all[Failure{kind, reason}] = 0
		}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	maps.Copy(all, f.n)
	return all
}

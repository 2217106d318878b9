package auth

import (
	"maps"
	"sync"

	"crmkit/crm"
)

// Stats are counts since the start, and what is remembered now.
type Stats struct {
	Sessions     int   // tokens remembered now
	Hits, Misses int64 // tokens that were remembered, and that the store was asked for
	Failures     map[Failure]int64
}

// Failure is a kind of refused code.
type Failure struct {
	Kind   string   // what the code was for: sign-in or step-up
	Reason crm.Code // invalid_code or rate_limited
}

// Stats returns the numbers of now. Every kind of failure is there, also at 0.
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

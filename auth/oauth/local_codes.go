package oauth

import "sync"

// localCodes keeps the codes of sign-ins on the page, where no mail is sent and the
// page shows them. A code that is lost is asked for again.
type localCodes struct {
	mu      sync.Mutex
	byEmail map[string]string
}

const maxLocalCodes = 1000

func (e *localCodes) put(key, code string) {
	if code == "" {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.byEmail == nil || len(e.byEmail) >= maxLocalCodes {
		e.byEmail = map[string]string{}
	}
	e.byEmail[key] = code
}

func (e *localCodes) get(key string) string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.byEmail[key]
}

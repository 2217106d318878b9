package auth

import "sync"

// echo keeps the codes of sign-ins on the page, where no mail is sent and the
// page shows them. A code that is lost is asked for again.
type echo struct {
	mu    sync.Mutex
	codes map[string]string
}

const maxEcho = 1000

func (e *echo) put(key, code string) {
	if code == "" {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.codes == nil || len(e.codes) >= maxEcho {
		e.codes = map[string]string{}
	}
	e.codes[key] = code
}

func (e *echo) get(key string) string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.codes[key]
}

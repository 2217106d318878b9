package oauth

import "sync"

// localCodes holds the codes of sign-ins on the page of a server that sends no mail: its
// page shows them. They are in memory alone; who loses one asks for another.
type localCodes struct {
	mu       sync.Mutex
	bySignIn map[string]string
}

// maxLocalCodes bounds the memory for sign-ins that nobody finishes. Beyond it all are
// dropped.
const maxLocalCodes = 1000

func (l *localCodes) put(key, code string) {
	if code == "" {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.bySignIn == nil || len(l.bySignIn) >= maxLocalCodes {
		l.bySignIn = map[string]string{}
	}
	l.bySignIn[key] = code
}

func (l *localCodes) get(key string) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.bySignIn[key]
}

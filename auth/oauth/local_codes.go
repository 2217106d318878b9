package oauth

import "sync"

// localCodes holds the codes of sign-ins on the page of a server that sends no mail, which
// shows them on the page. They are only in memory, since stored codes are hashes; after a
// restart a person asks for another one.
type localCodes struct {
	mu       sync.Mutex
	bySignIn map[string]string
}

// maxLocalCodes limits the memory for sign-ins that nobody finishes. When it is reached, all
// codes are dropped.
const maxLocalCodes = 1000

// put stores the code of a sign-in. An empty code, of a server that sends mail, does nothing.
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

// get returns the code of a sign-in, or "".
func (l *localCodes) get(key string) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.bySignIn[key]
}

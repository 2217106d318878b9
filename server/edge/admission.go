package edge

import (
	"sync"
	"time"

	"crmkit/crm"
)

// Admission bounds what is taken in at once: the bytes of bodies, or the number of imports.
// Each client has a share, so that none fills it alone. It is safe for concurrent use.
type Admission struct {
	limit, share        int64
	shareHint, fullHint string

	mu    sync.Mutex
	total int64
	held  map[string]int64 // by client
}

// AdmissionOptions are the bounds of an Admission and the hints of its errors.
type AdmissionOptions struct {
	Limit     int64  // of all clients together
	Share     int64  // of one client
	ShareHint string // where the client holds its share
	FullHint  string // where all clients together hold the limit
}

// NewAdmission returns an Admission that holds nothing.
func NewAdmission(o AdmissionOptions) *Admission {
	return &Admission{limit: o.Limit, share: o.Share, shareHint: o.ShareHint, fullHint: o.FullHint, held: map[string]int64{}}
}

// Enter reserves room for a client, which Leave gives back. The error says how long to wait.
func (a *Admission) Enter(client string, size int64) *crm.Error {
	a.mu.Lock()
	defer a.mu.Unlock()
	var err *crm.Error
	switch {
	case a.held[client]+size > a.share:
		err = crm.Errorf(crm.RateLimited, "%s", a.shareHint)
	case a.total+size > a.limit:
		err = crm.Errorf(crm.NotReady, "%s", a.fullHint)
	default:
		a.total += size
		a.held[client] += size
		return nil
	}
	err.RetryAfter = time.Second
	return err
}

// Leave gives back what Enter reserved.
func (a *Admission) Leave(client string, size int64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.total -= size
	if a.held[client] -= size; a.held[client] == 0 {
		delete(a.held, client)
	}
}

// Held returns how much all clients hold together.
func (a *Admission) Held() int64 {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.total
}

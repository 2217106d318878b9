package transfer

import (
	"io"
	"net/url"
	"slices"
	"sync"
	"time"

	"crmkit/crm"
	"crmkit/crm/norm"
	"crmkit/server/web"
)

// The limits of what waits for its confirmation.
const (
	confirmationTTL      = 15 * time.Minute
	maxConfirmations     = 16
	confirmationShare    = 2 // workspace, or user; a third takes the place of the oldest
	maxConfirmationBytes = 4 << 30
	confirmUnknown       = "confirm=%s is not known here: it was used, was given more than 15 minutes ago, to another user or for another workspace, or the server was started again since. Nothing was saved. Send the file again, with dry_run=1 for a new token, or without for saving it; rows that are saved already change nothing."
	confirmOther         = "confirm=%s is for %s, and this is %s. Nothing was saved, and the token is still good: repeat the request of the dry run with dry_run=1 replaced by it."
	confirmBody          = "confirm=%s is for the body of its dry run, and this one is another. Nothing was saved, and the token is still good: send no body, or the same."
)

// action is what a token confirms, and for whom. Two are the same when they are equal.
type action struct {
	user, workspace int64
	request         string   // method, path and the parameters that count
	body            [32]byte // digest
}

// actionOf returns what the request would do with a body.
func actionOf(rq *web.Request, body [32]byte) action {
	params := url.Values{}
	for name, values := range rq.Params {
		if !slices.Contains([]string{"dry_run", "confirm", "format"}, name) {
			params[name] = values
		}
	}
	d := action{user: rq.Actor.User, workspace: rq.Actor.Workspace, request: rq.Method + " " + rq.Path, body: body}
	if len(params) > 0 {
		d.request += "?" + params.Encode() // sorted by name
	}
	return d
}

// pendingFile is what a dry run leaves to be done, until its token comes.
type pendingFile[T io.Closer] struct {
	token  string
	action action
	until  time.Time
	size   int64 // bytes it keeps
	what   T
	end    *time.Timer
}

// confirmations are those of the last minutes, each with a token that does it once. One
// that is dropped is closed. It is safe for concurrent use.
type pending[T io.Closer] struct {
	clock func() time.Time
	token func() (string, error)

	mu   sync.Mutex
	list []*pendingFile[T] // oldest first
}

func newPending[T io.Closer](clock func() time.Time, token func() (string, error)) *pending[T] {
	return &pending[T]{clock: clock, token: token}
}

// keep takes what over, which has so many bytes, and returns the token that does it.
// Where there is no room it takes nothing, and the token is empty.
func (p *pending[T]) keep(d action, size int64, what T) (token string, err error) {
	if token, err = p.token(); err != nil {
		return "", err
	}
	one := &pendingFile[T]{token: token, action: d, until: p.clock().Add(confirmationTTL), size: size, what: what}
	if !p.add(one) {
		return "", nil
	}
	return token, nil
}

// add puts one into the list, in the place of those that make more than their user, or
// their workspace, may have; false: there is no room.
func (p *pending[T]) add(one *pendingFile[T]) bool {
	p.mu.Lock()
	gone := p.expire()
	user := func(old *pendingFile[T]) bool { return old.action.user == one.action.user }
	workspace := func(old *pendingFile[T]) bool { return old.action.workspace == one.action.workspace }
	for _, same := range []func(*pendingFile[T]) bool{user, workspace} {
		gone = append(gone, p.cut(same, confirmationShare-1)...)
	}
	held := one.size
	for _, old := range p.list {
		held += old.size
	}
	room := len(p.list) < maxConfirmations && held <= maxConfirmationBytes
	if room {
		one.end = time.AfterFunc(confirmationTTL, func() { p.drop(one) })
		p.list = append(p.list, one)
	}
	p.mu.Unlock()
	closeAll(gone)
	return room
}

// cut takes the oldest of some out, until so many of them are left.
func (p *pending[T]) cut(some func(*pendingFile[T]) bool, left int) (gone []*pendingFile[T]) {
	n := 0
	for _, one := range p.list {
		if some(one) {
			n++
		}
	}
	p.list = slices.DeleteFunc(p.list, func(one *pendingFile[T]) bool {
		if n <= left || !some(one) {
			return false
		}
		n--
		gone = append(gone, one)
		return true
	})
	return gone
}

// closeAll closes those that are no longer wanted. It may write to the store, so nobody is
// kept waiting for it.
func closeAll[T io.Closer](gone []*pendingFile[T]) {
	for _, one := range gone {
		one.end.Stop()
		_ = one.what.Close()
	}
}

// take ends the confirmation of the token and returns what it kept, which the caller closes.
// The deed is the one of the request; where that has no body, its digest is zero.
func (p *pending[T]) take(token string, d action) (what T, fault *crm.Error) {
	p.mu.Lock()
	gone := p.expire()
	defer func() {
		p.mu.Unlock()
		closeAll(gone)
	}()
	at := slices.IndexFunc(p.list, func(one *pendingFile[T]) bool {
		return one.token == token && one.action.user == d.user && one.action.workspace == d.workspace
	})
	if at < 0 {
		return what, crm.Errorf(crm.InvalidValue, confirmUnknown, norm.Quote(token)).On("confirm")
	}
	one := p.list[at]
	if one.action.request != d.request {
		return what, crm.Errorf(crm.InvalidValue, confirmOther, norm.Quote(token), norm.Quote(one.action.request), norm.Quote(d.request)).On("confirm")
	}
	if d.body != [32]byte{} && one.action.body != d.body {
		return what, crm.Errorf(crm.InvalidValue, confirmBody, norm.Quote(token)).On("confirm")
	}
	one.end.Stop()
	p.list = slices.Delete(p.list, at, at+1)
	return one.what, nil
}

// expire takes out what waits too long. The clock may be ahead of the timers.
func (p *pending[T]) expire() []*pendingFile[T] {
	now := p.clock()
	return p.cut(func(one *pendingFile[T]) bool { return !now.Before(one.until) }, 0)
}

// drop takes one out and closes it, where it still waits.
func (p *pending[T]) drop(one *pendingFile[T]) {
	p.mu.Lock()
	gone := p.cut(func(other *pendingFile[T]) bool { return other == one }, 0)
	p.mu.Unlock()
	closeAll(gone)
}

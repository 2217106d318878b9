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

// The limits on dry runs that wait for their confirmation.
const (
	confirmationTTL      = 15 * time.Minute
	maxConfirmations     = 16
	confirmationShare    = 2       // of a workspace, or a user; a third one replaces the oldest
	maxConfirmationBytes = 4 << 30 // of all together: they are on the disk of the server
	confirmUnknown       = "confirm=%s is not valid: it was used, is over 15 minutes old, belongs to another user or workspace, or the server was restarted. Nothing was saved. Send the file again, with dry_run=1 for a new token, or without it to save; rows that were saved before do not change."
	confirmOther         = "confirm=%s is for %s, and this is %s. Nothing was saved, and the token is still valid: repeat the request of the dry run with confirm=<token> instead of dry_run=1."
	confirmBody          = "confirm=%s belongs to another body than this one. Nothing was saved, and the token is still valid: send no body, or the body of the dry run."
)

// action is the import that a token confirms, with its user and workspace. Equal values are
// the same action.
type action struct {
	user, workspace int64
	request         string   // method, path, and the parameters other than those of dry runs and formats
	body            [32]byte // digest
}

// actionOf returns the import that a request is, with a body of that digest.
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

// pendingFile is the file of a dry run that waits for its token.
type pendingFile[T io.Closer] struct {
	token  string
	action action
	until  time.Time
	size   int64 // bytes
	file   T
	end    *time.Timer // drops the file, so that its room is free without a further request
}

// pending holds the files of dry runs for some minutes, each under a token that works
// once. A file that is dropped is closed. It is safe for concurrent use.
type pending[T io.Closer] struct {
	clock func() time.Time
	token func() (string, error)

	mu   sync.Mutex
	list []*pendingFile[T] // oldest first
}

func newPending[T io.Closer](clock func() time.Time, token func() (string, error)) *pending[T] {
	return &pending[T]{clock: clock, token: token}
}

// keep takes a file of size bytes and returns the token that confirms the action. If there is
// no room the token is empty, and the caller still owns the file.
func (p *pending[T]) keep(d action, size int64, file T) (token string, err error) {
	if token, err = p.token(); err != nil {
		return "", err
	}
	one := &pendingFile[T]{token: token, action: d, until: p.clock().Add(confirmationTTL), size: size, file: file}
	if !p.add(one) {
		return "", nil
	}
	return token, nil
}

// add adds a file to the list. It replaces the oldest files of a user or a workspace that
// would have more than its share. It reports whether there was room.
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

// cut removes the oldest of the selected files, until so many of them are left, and returns
// them. The caller holds the lock, and closes them without it.
func (p *pending[T]) cut(selected func(*pendingFile[T]) bool, left int) (gone []*pendingFile[T]) {
	n := 0
	for _, one := range p.list {
		if selected(one) {
			n++
		}
	}
	p.list = slices.DeleteFunc(p.list, func(one *pendingFile[T]) bool {
		if n <= left || !selected(one) {
			return false
		}
		n--
		gone = append(gone, one)
		return true
	})
	return gone
}

// closeAll closes files that were removed. Closing may write to the store, so callers do not
// hold the lock.
func closeAll[T io.Closer](gone []*pendingFile[T]) {
	for _, one := range gone {
		one.end.Stop()
		_ = one.file.Close()
	}
}

// take removes the file of a token and returns it; the caller closes it. The action is the
// one of the confirming request, with a digest of zero if that has no body. A token that is
// sent with another action stays valid. Tokens of other users are unknown ones.
func (p *pending[T]) take(token string, d action) (file T, fault *crm.Error) {
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
		return file, crm.Errorf(crm.InvalidValue, confirmUnknown, norm.Quote(token)).On("confirm")
	}
	one := p.list[at]
	if one.action.request != d.request {
		return file, crm.Errorf(crm.InvalidValue, confirmOther, norm.Quote(token), norm.Quote(one.action.request), norm.Quote(d.request)).On("confirm")
	}
	if d.body != [32]byte{} && one.action.body != d.body {
		return file, crm.Errorf(crm.InvalidValue, confirmBody, norm.Quote(token)).On("confirm")
	}
	one.end.Stop()
	p.list = slices.Delete(p.list, at, at+1)
	return one.file, nil
}

// expire removes the files that waited too long, and returns them. Timers may stop while a machine
// sleeps, so the clock may be ahead of them.
func (p *pending[T]) expire() []*pendingFile[T] {
	now := p.clock()
	return p.cut(func(one *pendingFile[T]) bool { return !now.Before(one.until) }, 0)
}

// drop removes a file and closes it, unless its token was used before.
func (p *pending[T]) drop(one *pendingFile[T]) {
	p.mu.Lock()
	gone := p.cut(func(other *pendingFile[T]) bool { return other == one }, 0)
	p.mu.Unlock()
	closeAll(gone)
}

package server

import (
	"io"
	"net/url"
	"slices"
	"sync"
	"time"

	"crmkit/crm"
)

// The limits of what waits for its confirmation.
const (
	planLife       = 15 * time.Minute
	plansAtOnce    = 16
	plansOfOne     = 2 // workspace, or user; a third takes the place of the oldest
	plansBytes     = 4 << 30
	confirmUnknown = "confirm=%s is not known here: it was used, was given more than 15 minutes ago, to another user or for another workspace, or the server was started again since. Nothing was saved. Send the file again, with dry_run=1 for a new token, or without for saving it; rows that are saved already change nothing."
	confirmOther   = "confirm=%s is for %s, and this is %s. Nothing was saved, and the token is still good: repeat the request of the dry run with dry_run=1 replaced by it."
	confirmBody    = "confirm=%s is for the body of its dry run, and this one is another. Nothing was saved, and the token is still good: send no body, or the same."
)

// deed is what a token confirms, and for whom. Two are the same when they are equal.
type deed struct {
	user, workspace int64
	request         string   // method, path and the parameters that count
	body            [32]byte // digest
}

// deedOf returns what the request would do with a body.
func deedOf(rq *request, body [32]byte) deed {
	params := url.Values{}
	for name, values := range rq.params {
		if !slices.Contains([]string{"dry_run", "confirm", "format"}, name) {
			params[name] = values
		}
	}
	d := deed{user: rq.actor.User, workspace: rq.actor.Workspace, request: rq.Method + " " + rq.path, body: body}
	if len(params) > 0 {
		d.request += "?" + params.Encode() // sorted by name
	}
	return d
}

// plan is what a dry run leaves to be done.
type plan[T io.Closer] struct {
	token string
	deed  deed
	until time.Time
	size  int64 // bytes it keeps
	what  T
	end   *time.Timer
}

// plans are those of the last minutes, each with a token that does it once. A plan
// that is dropped is closed. It is safe for concurrent use.
type plans[T io.Closer] struct {
	clock func() time.Time
	token func() (string, error)

	mu   sync.Mutex
	list []*plan[T] // oldest first
}

func newPlans[T io.Closer](clock func() time.Time, token func() (string, error)) *plans[T] {
	return &plans[T]{clock: clock, token: token}
}

// keep takes what over, which has so many bytes, and returns the token that does it.
// Where there is no room it takes nothing, and the token is empty.
func (p *plans[T]) keep(d deed, size int64, what T) (token string, err error) {
	if token, err = p.token(); err != nil {
		return "", err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.expire()
	if of := p.of(d); len(of) >= plansOfOne {
		p.drop(of[0])
	}
	held := size
	for _, old := range p.list {
		held += old.size
	}
	if len(p.list) >= plansAtOnce || held > plansBytes {
		return "", nil
	}
	one := &plan[T]{token: token, deed: d, until: p.clock().Add(planLife), size: size, what: what}
	one.end = time.AfterFunc(planLife, func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.drop(one)
	})
	p.list = append(p.list, one)
	return token, nil
}

// take ends the plan of the token and returns what it kept, which the caller closes.
// The deed is the one of the request; where that has no body, its digest is zero.
func (p *plans[T]) take(token string, d deed) (what T, fault *crm.Error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.expire()
	at := slices.IndexFunc(p.list, func(one *plan[T]) bool {
		return one.token == token && one.deed.user == d.user && one.deed.workspace == d.workspace
	})
	if at < 0 {
		return what, crm.Errorf(crm.InvalidValue, confirmUnknown, crm.Show(token)).On("confirm")
	}
	one := p.list[at]
	if one.deed.request != d.request {
		return what, crm.Errorf(crm.InvalidValue, confirmOther, crm.Show(token), crm.Show(one.deed.request), crm.Show(d.request)).On("confirm")
	}
	if d.body != [32]byte{} && one.deed.body != d.body {
		return what, crm.Errorf(crm.InvalidValue, confirmBody, crm.Show(token)).On("confirm")
	}
	one.end.Stop()
	p.list = slices.Delete(p.list, at, at+1)
	return one.what, nil
}

// of returns the plans of the deed's workspace or user, oldest first.
func (p *plans[T]) of(d deed) (list []*plan[T]) {
	for _, one := range p.list {
		if one.deed.workspace == d.workspace || one.deed.user == d.user {
			list = append(list, one)
		}
	}
	return list
}

// expire drops what waits too long. The clock may be ahead of the timers.
func (p *plans[T]) expire() {
	now := p.clock()
	for len(p.list) > 0 && !now.Before(p.list[0].until) {
		p.drop(p.list[0])
	}
}

// drop closes a plan, where it still waits.
func (p *plans[T]) drop(one *plan[T]) {
	if at := slices.Index(p.list, one); at >= 0 {
		one.end.Stop()
		p.list = slices.Delete(p.list, at, at+1)
		_ = one.what.Close() // what it kept is no longer wanted
	}
}

package transfer

import (
	"io"
	"slices"
	"sync"
	"time"

	"crmkit/store/account"
)

// The limits on files of dry runs that wait for their confirmation. A dry run whose file is not
// kept is confirmed with the file.
const (
	maxPending      = 16
	pendingShare    = 2       // of a workspace, or a user; a third one replaces the oldest
	maxPendingBytes = 4 << 30 // of all together: they are on the disk of the server
)

// owner is the user and the workspace of a file.
type owner struct{ user, workspace int64 }

// pendingFile is the file of a dry run that waits for its token.
type pendingFile[T io.Closer] struct {
	hash  string // of the token
	owner owner
	until time.Time
	size  int64 // bytes
	file  T
	end   *time.Timer // drops the file, so that its room is free without a further request
}

// pending holds the files of dry runs for some minutes, each under the hash of its token, and
// the tokens whose import is running. A file that is dropped is closed. It is safe for
// concurrent use.
type pending[T io.Closer] struct {
	clock func() time.Time

	mu      sync.Mutex
	list    []*pendingFile[T] // oldest first
	running map[string]bool
}

func newPending[T io.Closer](clock func() time.Time) *pending[T] {
	return &pending[T]{clock: clock, running: map[string]bool{}}
}

// keep takes a file. It reports whether there was room; otherwise the caller still owns the file.
// It replaces the oldest files of a user or a workspace that would have more than its share, but
// none if there is no room even then.
func (p *pending[T]) keep(one *pendingFile[T]) bool {
	one.until = p.clock().Add(account.ConfirmFor)
	p.mu.Lock()
	gone, before := p.expire(), slices.Clone(p.list)
	var replaced []*pendingFile[T]
	for _, same := range one.shares() {
		replaced = append(replaced, p.cut(same, pendingShare-1)...)
	}
	room := p.hasRoom(one.size)
	if room {
		one.end = time.AfterFunc(account.ConfirmFor, func() { p.drop(one) })
		p.list, gone = append(p.list, one), append(gone, replaced...)
	} else {
		p.list = before
	}
	p.mu.Unlock()
	closeAll(gone)
	return room
}

// putBack keeps a file that was taken for an import which did not come to its end, for the rest
// of its time. It replaces no other file: those are newer. It reports whether there was room;
// otherwise the caller still owns the file.
func (p *pending[T]) putBack(one *pendingFile[T]) bool {
	p.mu.Lock()
	gone := p.expire()
	left := one.until.Sub(p.clock())
	room := left > 0 && p.hasRoom(one.size)
	for _, same := range one.shares() {
		room = room && p.count(same) < pendingShare
	}
	if room {
		one.end = time.AfterFunc(left, func() { p.drop(one) })
		p.list = slices.Insert(p.list, 0, one)
	}
	p.mu.Unlock()
	closeAll(gone)
	return room
}

// shares select the files of the same user, and of the same workspace.
func (one *pendingFile[T]) shares() []func(*pendingFile[T]) bool {
	return []func(*pendingFile[T]) bool{
		func(old *pendingFile[T]) bool { return old.owner.user == one.owner.user },
		func(old *pendingFile[T]) bool { return old.owner.workspace == one.owner.workspace },
	}
}

// hasRoom reports whether there is room for a further file of so many bytes. The caller holds the
// lock.
func (p *pending[T]) hasRoom(size int64) bool {
	for _, old := range p.list {
		size += old.size
	}
	return len(p.list) < maxPending && size <= maxPendingBytes
}

// count returns how many files are selected. The caller holds the lock.
func (p *pending[T]) count(selected func(*pendingFile[T]) bool) (n int) {
	for _, one := range p.list {
		if selected(one) {
			n++
		}
	}
	return n
}

// cut removes the oldest of the selected files, until so many of them are left, and returns
// them. The caller holds the lock, and closes them without it.
func (p *pending[T]) cut(selected func(*pendingFile[T]) bool, left int) (gone []*pendingFile[T]) {
	n := p.count(selected)
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

// take removes the file of a token and returns it, nil if there is none; the caller closes it, or
// puts it back.
func (p *pending[T]) take(hash string) (one *pendingFile[T]) {
	p.mu.Lock()
	gone := p.expire()
	at := slices.IndexFunc(p.list, func(one *pendingFile[T]) bool { return one.hash == hash })
	if at >= 0 {
		one = p.list[at]
		one.end.Stop()
		p.list = slices.Delete(p.list, at, at+1)
	}
	p.mu.Unlock()
	closeAll(gone)
	return one
}

// remove drops the file of a token, if there is one.
func (p *pending[T]) remove(hash string) {
	if one := p.take(hash); one != nil {
		_ = one.file.Close()
	}
}

// removeOf drops the files of a workspace.
func (p *pending[T]) removeOf(workspace int64) {
	p.mu.Lock()
	gone := p.cut(func(one *pendingFile[T]) bool { return one.owner.workspace == workspace }, 0)
	p.mu.Unlock()
	closeAll(gone)
}

// sweep drops the files that waited too long.
func (p *pending[T]) sweep() {
	p.mu.Lock()
	gone := p.expire()
	p.mu.Unlock()
	closeAll(gone)
}

// begin notes that the import of a token runs. It reports false if it runs already.
func (p *pending[T]) begin(hash string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.running[hash] {
		return false
	}
	p.running[hash] = true
	return true
}

// runs reports whether the import of a token runs.
func (p *pending[T]) runs(hash string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.running[hash]
}

// end notes that the import of a token runs no more.
func (p *pending[T]) end(hash string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.running, hash)
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

package store

import (
	"container/list"
	"context"
	"database/sql"
	"sync"
)

// The bounds of what is kept per connection: the number of prepared statements,
// and the length of one. An ordinary statement takes some 10 kB, one of hundreds
// of conditions more than a megabyte.
const (
	maxStatements = 256
	maxKept       = 8 << 10
)

type preparer interface {
	PrepareContext(ctx context.Context, text string) (*sql.Stmt, error)
}

// statements keeps the most recently used prepared statements. A statement
// that is pushed out while in use is closed by its last user.
type statements struct {
	db     preparer
	mu     sync.Mutex
	byText map[string]*list.Element
	recent *list.List // of *statement, newest first
}

type statement struct {
	*sql.Stmt
	text    string
	users   int
	evicted bool
}

func newStatements(db preparer) *statements {
	return &statements{db: db, byText: map[string]*list.Element{}, recent: list.New()}
}

// take returns the prepared statement; give it back with release.
func (c *statements) take(ctx context.Context, text string) (*statement, error) {
	if st := c.cached(text); st != nil {
		return st, nil
	}
	prepared, err := c.db.PrepareContext(ctx, text)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	st := &statement{Stmt: prepared, text: text, users: 1}
	if c.byText[text] != nil || len(text) > maxKept { // another was quicker, or it is too large to keep
		st.evicted = true
		return st, nil
	}
	c.byText[text] = c.recent.PushFront(st)
	if c.recent.Len() > maxStatements {
		c.evict(c.recent.Back())
	}
	return st, nil
}

func (c *statements) cached(text string) *statement {
	c.mu.Lock()
	defer c.mu.Unlock()
	element := c.byText[text]
	if element == nil {
		return nil
	}
	c.recent.MoveToFront(element)
	st := element.Value.(*statement)
	st.users++
	return st
}

func (c *statements) evict(element *list.Element) {
	st := c.recent.Remove(element).(*statement)
	delete(c.byText, st.text)
	if st.evicted = true; st.users == 0 {
		_ = st.Close()
	}
}

func (c *statements) release(st *statement) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if st.users--; st.users == 0 && st.evicted {
		_ = st.Close()
	}
}

func (c *statements) close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for c.recent.Len() > 0 {
		c.evict(c.recent.Back())
	}
}

package sqlite

import (
	"context"
	"database/sql"

	"github.com/hashicorp/golang-lru/v2/simplelru"
)

// The limits on the prepared statements that a connection keeps: their number, and the length of
// each. An ordinary statement takes some 10 kB, one of hundreds of conditions more than a
// megabyte.
const (
	maxStatements      = 256
	maxStatementLength = 8 << 10
)

// statements are the prepared statements of a connection that were used last. Like the connection
// they serve one goroutine at a time.
type statements struct {
	conn   *sql.Conn
	recent *simplelru.LRU[string, *statement]
}

// statement is a prepared statement. It may have several users at once: the rows of a query, and
// the function that is called for each row.
type statement struct {
	*sql.Stmt
	users   int
	evicted bool // its last user closes it
}

func newStatements(conn *sql.Conn) *statements {
	recent, err := simplelru.NewLRU(maxStatements, func(_ string, st *statement) {
		st.evicted = true
		st.closeUnused()
	})
	if err != nil {
		panic(err) // the size is not positive
	}
	return &statements{conn, recent}
}

// take returns the prepared statement of a text. The caller calls release when it is done.
func (c *statements) take(text string) (*statement, error) {
	if st, found := c.recent.Get(text); found {
		st.users++
		return st, nil
	}
	prepared, err := c.conn.PrepareContext(context.Background(), words.Replace(text))
	if err != nil {
		return nil, err
	}
	st := &statement{Stmt: prepared, users: 1}
	if len(text) > maxStatementLength {
		st.evicted = true
	} else {
		c.recent.Add(text, st)
	}
	return st, nil
}

func (st *statement) release() {
	st.users--
	st.closeUnused()
}

func (st *statement) closeUnused() {
	if st.evicted && st.users == 0 {
		_ = st.Close()
	}
}

func (c *statements) close() { c.recent.Purge() }

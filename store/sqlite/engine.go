package sqlite

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"strings"

	modernc "modernc.org/sqlite"
)

// Engine is SQLite with functions of the program that statements may call. SQLite keeps a
// function as long as the process runs, so a program makes one engine for all its databases.
type Engine struct{ driver *modernc.Driver }

// NewEngine returns an engine with functions of a text and a part of it, by their names in SQL. A
// function must not keep its arguments: their memory is used again after the call.
func NewEngine(tests map[string]func(text, part string) bool) *Engine {
	e := &Engine{&modernc.Driver{}}
	for name, test := range tests {
		e.driver.MustRegisterFunction(name, &modernc.FunctionImpl{NArgs: 2, Deterministic: true, VolatileArgs: true, Scalar: textTest(test)})
	}
	return e
}

// textTest makes a SQL function from a test. It returns NULL if one of the arguments is NULL.
func textTest(test func(text, part string) bool) func(*modernc.FunctionContext, []driver.Value) (driver.Value, error) {
	return func(_ *modernc.FunctionContext, args []driver.Value) (driver.Value, error) {
		text, hasText := args[0].(string)
		part, hasPart := args[1].(string)
		if !hasText || !hasPart {
			return nil, nil
		}
		return test(text, part), nil
	}
}

// open returns a pool of connections to a data source.
func (e *Engine) open(dsn string) *sql.DB { return sql.OpenDB(connector{e.driver, dsn}) }

// connector opens connections of an engine to one data source.
type connector struct {
	driver *modernc.Driver
	dsn    string
}

// Connect implements driver.Connector.
func (c connector) Connect(ctx context.Context) (driver.Conn, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return c.driver.Open(c.dsn)
}

// Driver implements driver.Connector.
func (c connector) Driver() driver.Driver { return c.driver }

// withConn calls fn with a connection of an engine without functions, and closes it after that.
// An error of opening it has the name.
func withConn(name, dsn string, fn func(*Conn) error) error {
	db := NewEngine(nil).open(dsn)
	conn, err := db.Conn(context.Background())
	if err != nil {
		return closeAfter(describeOpenError(name, err), db)
	}
	c := newConn(conn)
	return closeAfter(fn(c), c, db)
}

// shortPart is the length in bytes up to which strings.Contains is used, whose time is the
// product of both lengths in the worst case.
const shortPart = 32

// Contains reports whether a text contains a part. Unlike strings.Contains its time is bounded
// by the sum of both lengths, whatever they contain: filters run it on every row.
func Contains(text, part string) bool {
	if len(part) <= shortPart {
		return strings.Contains(text, part)
	}
	at := strings.Index(text, part[:shortPart])
	if at < 0 {
		return false
	}
	found, _ := search(text[at:], part)
	return found
}

// search finds a part by the algorithm of Knuth, Morris and Pratt ("Fast pattern matching in
// strings", 1977). It returns the number of comparisons, which is less than twice the length
// of text and part together.
func search(text, part string) (found bool, compared int) {
	back, compared := borders(part)
	n := 0 // bytes of the part that end here
	for i := 0; i < len(text); i++ {
		for compared++; n > 0 && part[n] != text[i]; compared++ {
			n = back[n-1]
		}
		if part[n] == text[i] {
			n++
		}
		if n == len(part) {
			return true, compared
		}
	}
	return false, compared
}

// borders returns for each beginning of a text the length of the longest shorter
// beginning that it ends with.
func borders(text string) (back []int, compared int) {
	back = make([]int, len(text))
	n := 0
	for i := 1; i < len(text); i++ {
		for compared++; n > 0 && text[n] != text[i]; compared++ {
			n = back[n-1]
		}
		if text[n] == text[i] {
			n++
		}
		back[i] = n
	}
	return back, compared
}

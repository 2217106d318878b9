package sqlite

import (
	"context"
	"database/sql"
	"database/sql/driver"

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

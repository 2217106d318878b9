package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"sync"

	"modernc.org/sqlite"

	"crmkit/crm/norm"
	"crmkit/query"
)

// engine is SQLite with the functions that questions call. SQLite keeps functions as long
// as the process lives, so there is one for all stores.
var engine = sync.OnceValue(func() *sqlite.Driver {
	d := &sqlite.Driver{}
	for name, test := range map[string]func(text, part string) bool{
		query.TextContains: norm.Contains,
		query.FoldContains: func(text, part string) bool { return norm.Contains(norm.Fold(text), part) },
	} {
		d.MustRegisterFunction(name, &sqlite.FunctionImpl{NArgs: 2, Deterministic: true, VolatileArgs: true, Scalar: textTest(test)})
	}
	return d
})

// textTest makes a function of SQL of a test. Its arguments end with the call, so a test
// keeps nothing of them.
func textTest(test func(text, part string) bool) func(*sqlite.FunctionContext, []driver.Value) (driver.Value, error) {
	return func(_ *sqlite.FunctionContext, args []driver.Value) (driver.Value, error) {
		text, set := args[0].(string)
		part, sought := args[1].(string)
		if !set || !sought {
			return nil, nil
		}
		return test(text, part), nil
	}
}

// connector opens connections of the engine to one data source.
type connector struct{ name string }

func (c connector) Connect(ctx context.Context) (driver.Conn, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return engine().Open(c.name)
}

func (c connector) Driver() driver.Driver { return engine() }

func openEngine(name string) *sql.DB { return sql.OpenDB(connector{name}) }

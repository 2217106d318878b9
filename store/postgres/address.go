package postgres

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"regexp"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// keyword matches the beginning of a keyword string, such as "host=db.example.com dbname=crm".
var keyword = regexp.MustCompile(`^\s*[a-z_]+\s*=`)

// IsAddress reports whether the name of a database is the address of one of PostgreSQL: a URL, or a
// keyword string (postgresql.org/docs/current/libpq-connect.html, Connection Strings). Anything
// else is the path of a file.
func IsAddress(name string) bool {
	return strings.HasPrefix(name, "postgres://") || strings.HasPrefix(name, "postgresql://") || keyword.MatchString(name)
}

// connectTimeout is how long one host may take to answer, unless the address says otherwise.
const connectTimeout = 5 * time.Second

// parse returns the settings of an address. Errors do not have the password.
func parse(address string) (*pgx.ConnConfig, error) {
	config, err := pgx.ParseConfig(address)
	if err != nil {
		var known *pgconn.ParseConfigError
		if errors.As(err, &known) {
			err = errors.New(strings.TrimPrefix(known.Error(), "cannot parse `"+known.ConnString+"`: "))
		}
		return nil, fmt.Errorf("the address of the database is wrong: %w; write it like postgres://user@host/crm, with the password in PGPASSWORD or ~/.pgpass", err)
	}
	config.ConnectTimeout = cmp.Or(config.ConnectTimeout, connectTimeout)
	config.StatementCacheCapacity = maxPrepared
	if config.RuntimeParams["application_name"] == "" {
		config.RuntimeParams["application_name"] = "crmkit"
	}
	config.DialFunc = (&net.Dialer{KeepAlive: 15 * time.Second, Timeout: config.ConnectTimeout}).DialContext
	return config, nil
}

// Name returns the words for an address in logs and errors: user, hosts and database, without the
// password and other parameters.
func Name(address string) string {
	config, err := parse(address)
	if err != nil {
		return "a PostgreSQL database"
	}
	hosts := []string{hostName(config.Host, config.Port)}
	for _, other := range config.Fallbacks {
		if name := hostName(other.Host, other.Port); hosts[len(hosts)-1] != name {
			hosts = append(hosts, name)
		}
	}
	return "postgres://" + config.User + "@" + strings.Join(hosts, ",") + "/" + config.Database
}

// hostName returns a host with its port.
func hostName(host string, port uint16) string { return fmt.Sprintf("%s:%d", host, port) }

// maxPrepared is how many prepared statements a connection keeps. Each takes some 50 kB of the server.
const maxPrepared = 128

// dial opens a connection. Statements are prepared with names if the connection leads to the server
// itself, which saves half of the server's time; behind a pooler they are not, because the next
// transaction may have another server connection. A pooler gives the client a process number of
// its own.
func (db *DB) dial(ctx context.Context, config *pgx.ConnConfig) (*pgx.Conn, error) {
	if db.explicit {
		return dial(ctx, config)
	}
	if !db.pooled.Load() {
		conn, err := dial(ctx, config)
		if err != nil {
			return nil, err
		}
		var process uint32
		err = conn.QueryRow(ctx, "SELECT pg_backend_pid() FROM ("+sessionSettings+") s", pgx.QueryExecModeSimpleProtocol).Scan(&process)
		if err == nil && process == conn.PgConn().PID() {
			return conn, nil
		}
		if err := errors.Join(err, conn.Close(ctx)); err != nil {
			return nil, &lostError{err}
		}
		db.pooled.Store(true)
	}
	config.DefaultQueryExecMode = pgx.QueryExecModeExec
	return dial(ctx, config)
}

func dial(ctx context.Context, config *pgx.ConnConfig) (*pgx.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, config.ConnectTimeout*time.Duration(1+len(config.Fallbacks)))
	defer cancel()
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return nil, &lostError{describeDial(err)}
	}
	return conn, nil
}

// describeDial returns the error of a connection that could not be opened, without the
// settings that pgx adds.
func describeDial(err error) error {
	var refused *pgconn.ConnectError
	if !errors.As(err, &refused) {
		return err
	}
	return errors.New("no connection: " + strings.Join(strings.Fields(errors.Unwrap(refused).Error()), " "))
}

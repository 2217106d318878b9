package postgres

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"strings"
	"syscall"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// maxPrepared is how many prepared statements a connection keeps. Each takes some 50 kB of the server.
const maxPrepared = 128

// dial opens a connection. Statements are prepared with names if the connection leads to the server
// itself, which saves half of the server's time; behind a pooler they are not, because the next
// transaction may have another server connection. A pooler gives the client a process number of
// its own.
func (db *DB) dial(ctx context.Context, config *pgx.ConnConfig) (*pgx.Conn, error) {
	if db.explicit {
		return db.hosts.dial(ctx, config, db.distrust)
	}
	if !db.pooled.Load() {
		conn, err := db.hosts.dial(ctx, config, db.distrust)
		if err != nil {
			return nil, err
		}
		var process uint32
		err = conn.QueryRow(ctx, "SELECT pg_backend_pid()", pgx.QueryExecModeSimpleProtocol).Scan(&process)
		direct := err == nil && process == conn.PgConn().PID()
		if direct {
			_, err = conn.Exec(ctx, sessionSettings)
		}
		if direct && err == nil {
			return conn, nil
		}
		if err := errors.Join(err, conn.Close(ctx)); err != nil {
			return nil, &lostError{err}
		}
		db.pooled.Store(true)
	}
	config.DefaultQueryExecMode = pgx.QueryExecModeExec
	return db.hosts.dial(ctx, config, db.distrust)
}

// distrust has every open connection opened again before its next use.
func (db *DB) distrust() { db.distrusts.Add(1) }

// dialError is the error of a connection that could not be opened.
type dialError struct {
	cause error
	text  string
}

func (e *dialError) Error() string { return "no connection: " + e.text }

func (e *dialError) Unwrap() error { return e.cause }

// advised returns an error of the server or of the connection to it with the name of the database, and
// with what to do about it as far as that is known. Other errors have both.
func advised(config *pgx.ConnConfig, err error) error {
	var known *pgconn.PgError
	var lost *lostError
	if !errors.As(err, &known) && !errors.As(err, &lost) {
		return err
	}
	if what := advice(config, err); what != "" {
		return fmt.Errorf("%s: %w; %s", name(config), err, what)
	}
	return fmt.Errorf("%s: %w", name(config), err)
}

// advice says what to do about the error of a first connection; empty: nothing is known.
func advice(config *pgx.ConnConfig, err error) string {
	var known *pgconn.PgError
	var lookup *net.DNSError
	var network net.Error
	var authority x509.UnknownAuthorityError
	var wrongName x509.HostnameError
	switch {
	case errors.As(err, &known):
		return adviceOn(config, known)
	case errors.As(err, &lookup):
		return "no machine has this name here: look at the host in --db, and at the DNS"
	case errors.Is(err, syscall.ECONNREFUSED) || errors.Is(err, fs.ErrNotExist):
		return "no PostgreSQL listens there: start it, and look at its port and listen_addresses"
	case errors.As(err, &authority), errors.As(err, &wrongName):
		return "its certificate is not trusted: name the one of its authority with sslrootcert=FILE in the address"
	case strings.Contains(err.Error(), refusedTLS):
		return "the server has no TLS: switch it on there (ssl = on), or on a network that you trust set sslmode=disable in the address"
	case strings.Contains(err.Error(), "ValidateConnect failed"):
		return "no host of the address takes writes: name that of the primary too, and target_session_attrs=read-write"
	case errors.As(err, &network) && network.Timeout(), errors.Is(err, context.DeadlineExceeded):
		return "nothing answers there: look at the host, at the firewall, and whether the server is up"
	}
	return ""
}

// adviceOn says what to do about an error of the server, by its code
// (postgresql.org/docs/current/errcodes-appendix.html).
func adviceOn(config *pgx.ConnConfig, err *pgconn.PgError) string {
	switch err.Code {
	case "28P01":
		if config.Password == "" {
			return `no password is set: put it into PGPASSWORD, or into ~/.pgpass, where : of a password is written \: and \ is written \\`
		}
		return "the password is wrong: look at PGPASSWORD, ~/.pgpass and the address"
	case "28000":
		return "the server does not let this role in from here: add to its pg_hba.conf, before other lines that match, " + admission(config) +
			", with the address of this machine, and reload it (SELECT pg_reload_conf()). If there is no such role: " + administer(config, "createuser --pwprompt") + " " + shellQuote(config.User)
	case "3D000":
		return "make the database, on the machine of PostgreSQL: " + creation(config)
	case "42501":
		return "the role may not do this: make it the owner of the database (ALTER DATABASE " + sqlName(config.Database) + " OWNER TO " + sqlName(config.User) + ")"
	case "53300":
		return fmt.Sprintf("it has no connection left: raise max_connections, of which a server of crmkit uses up to %d, or put PgBouncer in front", Connections)
	case "57P03":
		return "it starts or stops: try again in a moment"
	case "25006":
		return "it takes no writes: connect to the primary with a role that may write (default_transaction_read_only must be off)"
	case "26000", "42P05":
		return "a pooler in between gives each transaction another connection, without the statements that were prepared: leave default_query_exec_mode out of the address"
	case "42704":
		return "the address has a parameter that the server does not know"
	}
	return ""
}

// admission returns the line of pg_hba.conf that lets a role into its database.
func admission(config *pgx.ConnConfig) string {
	kind, place := "host", " ADDRESS/32"
	switch network, _ := pgconn.NetworkAddress(config.Host, config.Port); {
	case network == "unix":
		kind, place = "local", ""
	case config.TLSConfig != nil:
		kind = "hostssl"
	}
	return fmt.Sprintf("the line %q", kind+" "+config.Database+" "+config.User+place+" scram-sha-256")
}

// ForAdministrator returns the command that runs a program of PostgreSQL on the database of an address as
// its administrator.
func ForAdministrator(address, program string) string {
	config := known(address)
	return administer(config, program) + " " + shellQuote(config.Database)
}

// Another returns the command with which an administrator makes a further database of the same owner, whose
// name ends with a suffix, and its address for PostgreSQL's own programs.
func Another(address, suffix string) (command, programs string) {
	config := known(address)
	config.Database += suffix
	return creation(config), forPrograms(config, address)
}

// creation returns the command that makes a database.
func creation(config *pgx.ConnConfig) string {
	return administer(config, "createdb --owner="+shellQuote(config.User)+" --encoding=UTF8 --template=template0") + " " + shellQuote(config.Database)
}

// administer returns a command of the administrator, for the machine of PostgreSQL: from others its
// pg_hba.conf lets only the role of crmkit in (docs/operations.md).
func administer(config *pgx.ConnConfig, program string) string {
	command := "runuser -u postgres -- " + program
	if network, _ := pgconn.NetworkAddress(config.Host, config.Port); network == "unix" && !strings.HasSuffix(config.Host, "/run/postgresql") { // of Debian and others
		command += " --host=" + shellQuote(config.Host)
	}
	if config.Port != 5432 {
		command += fmt.Sprintf(" --port=%d", config.Port)
	}
	return command
}

// shellQuote returns a word for a shell.
func shellQuote(word string) string {
	if word != "" && strings.Trim(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./:") == "" {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}

// sqlName returns a name for SQL.
func sqlName(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

package pgtest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// Roles of every cluster. Tests act as User, an ordinary role that owns its databases, as on most
// managed servers.
const (
	User     = "crm"
	Admin    = "postgres" // may do everything
	Password = "never-show-5f0c7e91"
)

// patience is how long the kit waits for a server to start or to stop.
const patience = time.Minute

// Options say how a cluster differs from the shared one.
type Options struct {
	// Durable keeps the data on a disk and PostgreSQL's defaults, so that a commit waits for the disk.
	// Without it a commit survives the end of every process, but not of the machine.
	Durable bool
	// Place is the folder for the data, such as a small disk that gets full. It will belong to the user
	// of the servers, who must be able to reach it: t.TempDir of root is closed to others. Default: in
	// memory if there is room, or a temporary folder.
	Place string
	// Settings are lines of postgresql.conf.
	Settings []string
	// Locale is the locale of the C library. It decides what a letter is for pg_trgm: with C only
	// those of ASCII. Default: C.UTF-8.
	Locale string
}

// Cluster is a PostgreSQL server and its files.
type Cluster struct {
	folder *folder
	bin    string // of the programs
	name   string // of its files in the folder
	data   string // the folder of its data
	port   int
	shared bool

	standbys []string // their names

	mutex  sync.Mutex
	server *process // nil while it is stopped

	databases atomic.Int64
	templates sync.Map // names to functions that make the template once
}

// clusters counts the clusters of this process; the number is part of their names.
var clusters atomic.Int64

// shared starts the cluster that the tests of this process share.
var shared = sync.OnceValues(func() (*Cluster, error) {
	c, err := create(Options{})
	if err != nil {
		return nil, err
	}
	c.shared = true
	return c, c.begin()
})

// Shared returns the cluster that the tests of this process share. It runs until the process ends.
func Shared(t testing.TB) *Cluster {
	t.Helper()
	Need(t, "postgres")
	c, err := shared()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// New starts a cluster for one test, which ends it.
func New(t testing.TB, options Options) *Cluster {
	t.Helper()
	Need(t, "postgres")
	c, err := create(options)
	if err == nil {
		err = c.begin()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.destroy(t) })
	return c
}

// create makes the files of a cluster. Nothing is synced: only a crash of the machine would show.
func create(options Options) (*Cluster, error) {
	found, err := installed()
	if err != nil {
		return nil, err
	}
	home, err := processFolder()
	if err != nil {
		return nil, err
	}
	c := &Cluster{folder: home, bin: found.dir, name: fmt.Sprintf("cluster%d", clusters.Add(1))}
	switch {
	case options.Place != "":
		c.data = filepath.Join(options.Place, c.name)
		if err := giveAway(options.Place); err != nil {
			return nil, err
		}
	case options.Durable:
		c.data = home.file(c.name)
	default:
		c.data = filepath.Join(home.quick, c.name)
	}
	secret := home.file("password")
	if err := writeFor(secret, Password+"\n"); err != nil {
		return nil, err
	}
	locale := options.Locale
	if locale == "" {
		locale = "C.UTF-8"
	}
	err = home.run(c.name, c.program("initdb"), "-D", c.data, "--no-sync", "--no-instructions", "--encoding=UTF8", "--locale="+locale,
		"--locale-provider=icu", "--icu-locale=en-US", "--username="+Admin, "--auth=scram-sha-256", "--pwfile="+secret)
	if err != nil {
		return nil, err
	}
	return c, c.configure(options)
}

// configure appends to the settings that initdb wrote.
func (c *Cluster) configure(options Options) error {
	lines := []string{"max_connections = 300", "timezone = 'Asia/Kathmandu'", "log_timezone = 'UTC'"}
	if !options.Durable {
		lines = append(lines, "fsync = off", "full_page_writes = off", "max_wal_size = 256MB")
	}
	file, err := os.OpenFile(filepath.Join(c.data, "postgresql.conf"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = file.WriteString(strings.Join(append(lines, options.Settings...), "\n") + "\n")
	return errors.Join(err, file.Close())
}

// begin starts a new cluster and makes its ordinary role.
func (c *Cluster) begin() error {
	if err := c.launchAnywhere(); err != nil {
		return err
	}
	return c.exec("CREATE ROLE " + User + " LOGIN PASSWORD '" + Password + "'")
}

// launchAnywhere starts the server on a free port, which it keeps.
func (c *Cluster) launchAnywhere() error {
	var err error
	for range 5 { // another process may take the port first
		if c.port, err = freePort(); err != nil {
			return err
		}
		if err = c.launch(); err == nil {
			return nil
		}
	}
	return err
}

// freePort returns a port of loopback that nothing listens on. It is below those that systems give
// to outgoing connections, so that none of them takes it while the server is stopped.
func freePort() (int, error) {
	var err error
	for range 100 {
		port := 10000 + rand.IntN(20000)
		var l net.Listener
		if l, err = net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port))); err == nil {
			return port, l.Close()
		}
	}
	return 0, fmt.Errorf("no free port on loopback: %w", err)
}

// launch starts the server and waits until it accepts connections.
func (c *Cluster) launch() error {
	server, err := c.folder.start(c.name, c.program("postgres"), "-D", c.data, "-p", strconv.Itoa(c.port),
		"-h", "127.0.0.1", "-k", c.folder.path)
	if err != nil {
		return err
	}
	deadline := time.After(patience)
	for !c.ready(server) {
		select {
		case <-server.done:
			return fmt.Errorf("PostgreSQL ended at its start:\n%s", server.output())
		case <-deadline:
			_ = server.cmd.Process.Kill()
			return fmt.Errorf("PostgreSQL does not start within %v:\n%s", patience, server.output())
		case <-time.After(5 * time.Millisecond):
		}
	}
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.server = server
	return nil
}

// ready reports whether the server accepts connections. It says so in line 8 of a file, of which line 1
// is its process: the file may be of a server that was killed.
func (c *Cluster) ready(server *process) bool {
	text, err := os.ReadFile(filepath.Join(c.data, "postmaster.pid"))
	if err != nil {
		return false
	}
	lines := strings.Split(string(text), "\n")
	return len(lines) > 7 && lines[0] == strconv.Itoa(server.cmd.Process.Pid) && strings.TrimSpace(lines[7]) == "ready"
}

// destroy ends a cluster of one test and deletes its files.
func (c *Cluster) destroy(t testing.TB) {
	if err := c.end(stopImmediate); err != nil {
		t.Error(err)
	}
	if err := os.RemoveAll(c.data); err != nil {
		t.Error(err)
	}
}

// end stops the server if it runs, by a signal, and waits for its end.
func (c *Cluster) end(signal os.Signal) error {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if c.server == nil {
		return nil
	}
	if err := c.server.end(signal); err != nil {
		return err
	}
	c.server = nil
	return nil
}

// program returns the path of a program of this version.
func (c *Cluster) program(name string) string { return filepath.Join(c.bin, name) }

// Address returns host and port.
func (c *Cluster) Address() string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(c.port)) }

// Socket returns the path of the Unix socket.
func (c *Cluster) Socket() string { return c.folder.file(fmt.Sprintf(".s.PGSQL.%d", c.port)) }

// AdminURL returns the URL of a database of the cluster for the role that may do everything.
// The database postgres always exists.
func (c *Cluster) AdminURL(database string) string { return c.url(Admin, database) }

func (c *Cluster) url(role, database string) string {
	u := url.URL{Scheme: "postgres", User: url.UserPassword(role, Password), Host: c.Address(), Path: "/" + database, RawQuery: "sslmode=disable"}
	return u.String()
}

// Exec runs statements as Admin, in the database postgres, each in its own transaction.
func (c *Cluster) Exec(t testing.TB, statements ...string) {
	t.Helper()
	if err := c.exec(statements...); err != nil {
		t.Fatal(err)
	}
}

// exec runs statements. It does not wait for a standby, which may be down.
func (c *Cluster) exec(statements ...string) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	conn, err := pgx.Connect(ctx, c.AdminURL("postgres"))
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	for _, statement := range append([]string{"SET synchronous_commit = local"}, statements...) {
		if _, err := conn.Exec(ctx, statement); err != nil {
			return fmt.Errorf("%s: %w", statement, err)
		}
	}
	return nil
}

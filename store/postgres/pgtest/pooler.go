package pgtest

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// poolers counts the poolers of this process; the number is part of the names of their files.
var poolers atomic.Int64

// Pooler starts PgBouncer in front of the cluster until the end of the test, and returns its address;
// Through makes the URL of a database there. A server connection belongs to a client for one
// transaction only, and there are at most size of them for each database. So nothing of a session
// lasts: no statement that is prepared by name, no setting, no LISTEN, no lock.
//
// Admin may connect to the database pgbouncer and run its commands, such as PAUSE.
func (c *Cluster) Pooler(t testing.TB, size int) (address string) {
	t.Helper()
	Need(t, "pgbouncer")
	name := fmt.Sprintf("pooler%d", poolers.Add(1))
	var p *process
	var err error
	for range 5 { // another process may take the port first
		if address, p, err = c.startPooler(name, size); err == nil {
			break
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.end(os.Kill); err != nil {
			t.Error(err)
		}
	})
	return address
}

// startPooler starts PgBouncer on a free port and waits until it accepts connections.
func (c *Cluster) startPooler(name string, size int) (address string, p *process, err error) {
	program, err := findPooler()
	if err != nil {
		return "", nil, err
	}
	port, err := freePort()
	if err != nil {
		return "", nil, err
	}
	users, settings := c.folder.file(name+".users"), c.folder.file(name+".ini")
	if err := writeFor(users, fmt.Sprintf("%q %q\n%q %q\n", User, Password, Admin, Password)); err != nil {
		return "", nil, err
	}
	lines := []string{"[databases]", fmt.Sprintf("* = host=%s port=%d", c.folder.path, c.port),
		"[pgbouncer]", "listen_addr = 127.0.0.1", fmt.Sprint("listen_port = ", port), "unix_socket_dir =",
		"auth_type = scram-sha-256", "auth_file = " + users, "admin_users = " + Admin,
		"pool_mode = transaction", fmt.Sprint("default_pool_size = ", size), "max_client_conn = 1000"}
	if knowsPrepared(program) {
		lines = append(lines, "max_prepared_statements = 0")
	}
	if err := writeFor(settings, strings.Join(lines, "\n")+"\n"); err != nil {
		return "", nil, err
	}
	if p, err = c.folder.start(name, program, settings); err != nil {
		return "", nil, err
	}
	address = net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
	return address, p, waitPooler(p, Through(c.AdminURL("pgbouncer"), address))
}

// poolerVersion matches the answer of pgbouncer --version.
var poolerVersion = regexp.MustCompile(`PgBouncer 1\.(\d+)`)

// knowsPrepared reports whether PgBouncer can keep prepared statements, as from version 1.21 on: then
// a setting switches this off.
func knowsPrepared(program string) bool {
	out, err := exec.Command(program, "--version").Output()
	m := poolerVersion.FindSubmatch(out)
	if err != nil || m == nil {
		return false
	}
	minor, err := strconv.Atoi(string(m[1]))
	return err == nil && minor >= 21
}

// waitPooler waits until PgBouncer answers at the URL of its own database.
func waitPooler(p *process, adminURL string) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	for {
		conn, err := pgx.Connect(ctx, adminURL)
		if err == nil {
			return conn.Close(ctx)
		}
		select {
		case <-p.done:
			return fmt.Errorf("PgBouncer ended at its start:\n%s", p.output())
		case <-ctx.Done():
			_ = p.end(os.Kill)
			return fmt.Errorf("PgBouncer does not start within %v: %w\n%s", patience, err, p.output())
		case <-time.After(5 * time.Millisecond):
		}
	}
}

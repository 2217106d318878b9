package e2e

import (
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"crmkit/store/postgres"
	"crmkit/store/postgres/pgtest"
)

// withoutPassword returns an address without its password.
func withoutPassword(t *testing.T, address string) string {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	u.User = url.User(u.User.Username())
	return u.String()
}

// TestAddresses starts a server by each form of an address, and with the password in each place. The
// log warns only of a password on the command line; it and the metrics never have it.
func TestAddresses(t *testing.T) {
	t.Parallel()
	address := pgtest.Database(t)
	u, _ := url.Parse(address)
	passfile := filepath.Join(t.TempDir(), "pgpass")
	if err := os.WriteFile(passfile, []byte("*:*:*:"+pgtest.User+":"+pgtest.Password+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	keywords := "host=" + u.Hostname() + " port=" + u.Port() + " user=crm dbname=" + u.Path[1:] + " sslmode=disable"
	dead := strings.Replace(withoutPassword(t, address), u.Host, "127.0.0.1:1,"+u.Host, 1)
	for _, c := range []struct {
		flag, env, password string
		warned              bool
	}{
		{address, "", "", true},
		{"", address, "", false},
		{withoutPassword(t, address), "", pgtest.Password, false},
		{withoutPassword(t, address) + "&passfile=" + passfile, "", "", false},
		{keywords, "", pgtest.Password, false},
		{keywords + " password='" + pgtest.Password + "'", "", "", true},
		{dead + "&target_session_attrs=read-write", "", pgtest.Password, false},
	} {
		cmd := onPostgres(served(t, "--metrics-token=x"), c.env)
		if c.flag != "" {
			cmd.Args = append(cmd.Args, "--db="+c.flag)
		}
		if c.password != "" {
			cmd.Env = append(cmd.Env, "PGPASSWORD="+c.password)
		}
		p := start(t, cmd)
		p.becomes(t, 200)
		_, metrics := p.as("x", "GET", "/metrics", "")
		holds(t, metrics, "crmkit_database_round_trips_total ", "crmkit_database_connections_total ")
		p.stop()
		log := p.stderr.text()
		if strings.Contains(log, "is on the command line") != c.warned {
			t.Errorf("--db=%s: the log is\n%s", c.flag, log)
		}
		if shown := log + p.stdout.text() + metrics; strings.Contains(shown, pgtest.Password) || strings.Contains(metrics, "crmkit_file_bytes") || strings.Contains(metrics, "crmkit_record_bytes") {
			t.Errorf("--db=%s: the password is shown, or a file\n%s", c.flag, shown)
		}
	}
}

// TestCommandsForFiles runs what needs a database file, and addresses that lead nowhere. Each error
// says what to run or to write, and none has the password.
func TestCommandsForFiles(t *testing.T) {
	t.Parallel()
	address := pgtest.Database(t)
	plain := strings.TrimSuffix(withoutPassword(t, address), "?sslmode=disable")
	u, _ := url.Parse(address)
	wrong := strings.Replace(address, pgtest.Password, "not-this-one", 1)
	for _, c := range []struct{ args, address, want string }{
		{"backup copy.db", address, "pg_dump --format=custom --file=crm.dump '" + plain + "?sslmode=disable'"},
		{"restore copy.db", address, "make another database, on the machine of PostgreSQL: runuser -u postgres -- createdb --owner=crm --encoding=UTF8 --template=template0 --port=" + u.Port() + " " + u.Path[1:] + "_restored; restore a backup of pg_dump into that, look at it, then name it as --db: pg_restore --no-owner --exit-on-error --dbname='" + plain + "_restored?sslmode=disable' crm.dump"},
		{"backup copy.db", address, "is on PostgreSQL, and this command copies only files; PostgreSQL's own program makes one: pg_dump "},
		{"verify " + address, "", "on the machine of PostgreSQL: runuser -u postgres -- pg_amcheck --install-missing --heapallindexed --port=" + u.Port() + " " + u.Path[1:]},
		{"serve --local --backup-dir=.", address, "leave them out, and run from a timer: pg_dump "},
		{"serve --local --backup-every=6h", address, "leave them out, and run from a timer: pg_dump "},
		{"user list", address, plain + " has no tables of crmkit; name the database of a server that has run"},
		{"export", address, "has no tables of crmkit"},
		{"upgrade", address, "has no tables of crmkit"},
		{"serve --local", wrong, "the password is wrong: look at PGPASSWORD"},
		{"serve --local", withoutPassword(t, address), "no password is set: put it into PGPASSWORD, or into ~/.pgpass, where : of a password is written \\: and"},
		{"serve --local", strings.Replace(address, u.Path, "/none", 1), "make the database, on the machine of PostgreSQL: runuser -u postgres -- createdb --owner=crm --encoding=UTF8 --template=template0 --port=" + u.Port() + " none"},
		{"serve --local", strings.Replace(address, u.Host, "127.0.0.1:1", 1), "no PostgreSQL listens there"},
		{"serve --local", "postgres://crm:" + pgtest.Password + "@127.0.0.1:x/crm", "the URL cannot be read"},
		{"serve --local", "mysql://crm:" + pgtest.Password + "@db/crm", "--db is a URL, but not one of PostgreSQL"},
		{"token --email a@b.co", "host=db password=" + pgtest.Password + " x", "the keyword string cannot be read"},
	} {
		cmd := onPostgres(command(t, strings.Fields(c.args)...), c.address)
		out, err := cmd.CombinedOutput()
		if err == nil || cmd.ProcessState.ExitCode() != 1 || !strings.Contains(string(out), c.want) {
			t.Errorf("crmkit %s on %s: exit status %d\n%s\nwant %q", c.args, c.address, cmd.ProcessState.ExitCode(), out, c.want)
		}
		if strings.Contains(string(out), pgtest.Password) || strings.Contains(string(out), "not-this-one") {
			t.Errorf("crmkit %s shows the password:\n%s", c.args, out)
		}
		if left := names(t, cmd.Dir); len(left) > 0 {
			t.Errorf("crmkit %s leaves %v", c.args, left)
		}
	}
}

// TestUpgradeOnPostgres brings a database of the schema before to that of the binary: a dry run says
// what would be done and does nothing, the command does it.
func TestUpgradeOnPostgres(t *testing.T) {
	t.Parallel()
	address := pgtest.Database(t)
	folder := os.DirFS(source("store"))
	paths, err := fs.Glob(folder, "migrations/*.sql")
	if err != nil || len(paths) < 2 {
		t.Fatalf("%d migrations: %v", len(paths), err)
	}
	older := fstest.MapFS{}
	for _, path := range paths[:len(paths)-1] {
		older[path] = &fstest.MapFile{Data: []byte(read(t, source("store/"+path)))}
	}
	db, err := postgres.Open(t.Context(), postgres.Options{Address: address, Migrations: []fs.FS{older}, Heads: "SELECT 1", LockAll: "SELECT 1"})
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	last, before, after := filepath.Base(paths[len(paths)-1]), len(paths)-1, len(paths)
	for _, c := range []struct {
		args  []string
		wants []string
	}{
		{[]string{"upgrade", "--dry-run"}, []string{"# would be upgraded: migration " + last + "\n", fmt.Sprintf("# servers of schema %d ", before), fmt.Sprintf(" schema=%d users=0\n# nothing was tried; to try it, copy the database (pg_dump ", before)}},
		{[]string{"upgrade"}, []string{"# upgraded: migration " + last + "\n", fmt.Sprintf("upgraded: database=%s schema=%d users=0\n", postgres.Name(address), after)}},
		{[]string{"upgrade"}, []string{"up to date: database=", fmt.Sprintf(" schema=%d users=0\n", after)}},
	} {
		out, _ := onPostgres(command(t, c.args...), address).Output()
		holds(t, string(out), c.wants...)
	}
}

package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"crmkit/store/postgres/pgtest"
)

// examine runs crmkit doctor on a database of PostgreSQL, in local mode.
func examine(t *testing.T, address string, args ...string) (findings map[string]string, code int) {
	t.Helper()
	cmd := onPostgres(command(t, append([]string{"doctor", "--local"}, args...)...), address)
	findings, code = diagnose(t, cmd)
	for what, text := range findings {
		if strings.Contains(text, pgtest.Password) {
			t.Errorf("%s shows the password: %s", what, text)
		}
	}
	if left := names(t, cmd.Dir); len(left) > 0 {
		t.Errorf("crmkit doctor leaves %v", left)
	}
	return findings, code
}

// TestDoctorOnPostgres finds nothing to fail in a server as it is installed, with two servers of crmkit
// on it.
func TestDoctorOnPostgres(t *testing.T) {
	t.Parallel()
	cluster := pgtest.New(t, pgtest.Options{Durable: true})
	address := cluster.Database(t)
	findings, code := examine(t, address)
	found(t, findings, map[string]string{"database": "warn postgres://crm@127.0.0.1:", "role": "ok crm may read, write and upgrade"})
	if code != 0 || !strings.HasSuffix(findings["database"], "; crmkit serve makes the tables; if there was a database, name it with --db") {
		t.Errorf("an empty database: exit status %d, %v", code, findings)
	}
	for range 2 {
		start(t, onPostgres(served(t, "--token-for=you@example.com"), address))
	}
	findings, code = examine(t, address)
	found(t, findings, map[string]string{"settings": "ok ", "database": "ok postgres://crm@127.0.0.1:", "role": "ok ", "connections": "ok 297 for this role; a server uses up to 22; crmkit has ",
		"durability": "ok synchronous_commit is on: an answered write is on the disk of this server, perhaps not on a standby", "timeouts": "ok ", "search": "ok it has its indexes",
		"server clock": "ok ", "disk": "ok ", "backup": "ok not seen from here; if nothing else makes one: pg_dump --format=custom --file=crm.dump '"})
	if code != 0 || findings["pooler"]+findings["standbys"]+findings["permissions"] != "" {
		t.Errorf("exit status %d, %v", code, findings)
	}
	if !strings.HasSuffix(findings["connections"], " in this database now, from 127.0.0.1, other programs have 0") {
		t.Errorf("connections: %s", findings["connections"])
	}
}

// TestDoctorSeesPasswords checks that a password which others can read is said beside other faults, and that
// of a file which PostgreSQL's programs do not read.
func TestDoctorSeesPasswords(t *testing.T) {
	t.Parallel()
	address := pgtest.Database(t)
	findings, _ := diagnose(t, command(t, "doctor", "--db="+address))
	found(t, findings, map[string]string{"settings": "fail people sign in by mail", "mail": "fail --smtp-url is not set; ",
		"password": "warn that of the database is on the command line", "connections": "ok 297 for this role; a server uses up to 22; crmkit has none in this database now, other programs have "})
	file := filepath.Join(t.TempDir(), "pass")
	if err := os.WriteFile(file, []byte("*:*:*:crm:"+pgtest.Password+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	named := withoutPassword(t, address) + "&passfile=" + file
	for mode, want := range map[os.FileMode]string{0o600: "", 0o640: "warn " + file + ", with the mode 0640, is for others too, so PostgreSQL's own programs (pg_dump) do not read it; chmod 600 " + file} {
		if err := os.Chmod(file, mode); err != nil {
			t.Fatal(err)
		}
		if findings, _ = examine(t, named); strings.TrimSpace(findings["password"]) != want {
			t.Errorf("a file of mode %o: %q, want %q", mode, findings["password"], want)
		}
		found(t, findings, map[string]string{"role": "ok "})
	}
}

// TestDoctorFindsFaultsOfPostgres breaks one thing after the other.
func TestDoctorFindsFaultsOfPostgres(t *testing.T) {
	t.Parallel()
	cluster := pgtest.New(t, pgtest.Options{Settings: []string{"max_connections = 24", "archive_mode = on", "archive_command = 'false'"}})
	cluster.Exec(t, "CREATE ROLE reader LOGIN PASSWORD '"+pgtest.Password+"'")
	address := cluster.Database(t)
	start(t, onPostgres(served(t), address)).stop()
	reader := strings.Replace(address, "crm:", "reader:", 1)
	for _, c := range []struct{ change, undo, address, check, want string }{
		{"SELECT 1", "SELECT 1", address, "database", "fail postgres://crm@127.0.0.1:"}, // fsync is off in tests
		{"SELECT 1", "SELECT 1", address, "connections", "warn 21 for this role; a server uses up to "},
		{"SELECT pg_switch_wal()", "SELECT 1", address, "database", "fail "},
		{"ALTER ROLE crm SET synchronous_commit = off", "ALTER ROLE crm RESET synchronous_commit", address, "durability", "warn synchronous_commit is off: a write is answered before it is on the disk, and lost in a crash; ALTER ROLE crm SET"},
		{"ALTER ROLE crm SET default_transaction_read_only = on", "ALTER ROLE crm RESET default_transaction_read_only", address, "role", "fail crm only reads, by default_transaction_read_only; ALTER ROLE crm RESET"},
		{"ALTER ROLE crm SET statement_timeout = 500", "ALTER ROLE crm RESET statement_timeout", address, "timeouts", "warn statement_timeout is 500 ms"},
		{"ALTER ROLE crm SET idle_session_timeout = 9000", "ALTER ROLE crm RESET idle_session_timeout", address, "timeouts", "warn idle_session_timeout is 9000 ms"},
		{"SELECT 1", "SELECT 1", address, "search", "ok it has its indexes"},
		{"ALTER ROLE crm SET search_path = none", "ALTER ROLE crm RESET search_path", address, "database", "fail postgres://crm@127.0.0.1:"},
		{"ALTER SYSTEM SET autovacuum = off", "ALTER SYSTEM RESET autovacuum", address, "database", "fail "},
		{"ALTER ROLE crm SUPERUSER", "ALTER ROLE crm NOSUPERUSER", address, "role", "warn crm is a superuser; crmkit needs a role that owns its database"},
		{"SELECT 1", "SELECT 1", reader, "database", "fail postgres://reader@127.0.0.1:"},
		{"SELECT 1", "SELECT 1", strings.Replace(address, pgtest.Password, "wrong", 1), "database", "fail postgres://crm@127.0.0.1:"},
	} {
		cluster.Exec(t, c.change)
		findings, _ := examine(t, c.address)
		cluster.Exec(t, c.undo)
		found(t, findings, map[string]string{c.check: c.want})
	}
	eventually(t, patience, func() bool {
		findings, code := examine(t, address)
		return code == 1 && strings.HasPrefix(findings["backup"], "fail the server cannot archive its log, since ")
	})
}

// TestDoctorFindsNoIndexes takes the extension away with which searches find, and its indexes with it.
func TestDoctorFindsNoIndexes(t *testing.T) {
	t.Parallel()
	address := pgtest.Database(t)
	start(t, onPostgres(served(t), address)).stop()
	conn, err := pgx.Connect(t.Context(), address)
	if err == nil {
		_, err = conn.Exec(t.Context(), "DROP EXTENSION pg_trgm CASCADE")
	}
	if err != nil {
		t.Fatal(err)
	}
	conn.Close(t.Context())
	findings, _ := examine(t, address)
	found(t, findings, map[string]string{"search": "warn searches read all records of a workspace, since there is no index for them; start the server again, which makes it, and see its log"})
	start(t, onPostgres(served(t), address)).stop()
	findings, _ = examine(t, address)
	found(t, findings, map[string]string{"search": "ok it has its indexes"})
}

// TestDoctorFindsPoolersAndStandbys looks through PgBouncer, and at a primary with a standby.
func TestDoctorFindsPoolersAndStandbys(t *testing.T) {
	t.Parallel()
	pgtest.Need(t, "pgbouncer")
	cluster := pgtest.New(t, pgtest.Options{})
	address := cluster.Database(t)
	start(t, onPostgres(served(t), address)).stop()
	through := pgtest.Through(address, cluster.Pooler(t, 5))
	findings, _ := examine(t, through)
	found(t, findings, map[string]string{"pooler": "ok there is one, in transaction mode", "role": "ok "})
	findings, _ = examine(t, through+"&default_query_exec_mode=cache_statement")
	if text := findings["database"]; !strings.HasPrefix(text, "fail ") || !strings.HasSuffix(text, "leave default_query_exec_mode out of the address") {
		t.Errorf("statements with names behind a pooler: %s", text)
	}

	standby := cluster.Standby(t)
	findings, _ = examine(t, address)
	found(t, findings, map[string]string{"standbys": "warn 1 that crm may not see; to see how far they are: GRANT pg_monitor TO crm",
		"durability": "ok synchronous_commit is on: an answered write is on the disks of this server and of the standbys FIRST 1 ("})
	cluster.Exec(t, "GRANT pg_monitor TO crm")
	findings, _ = examine(t, address)
	found(t, findings, map[string]string{"standbys": "ok cluster"})
	findings, code := examine(t, pgtest.Through(address, standby.Address()))
	if code != 1 || !strings.Contains(findings["database"], " is a standby, which takes no writes; name all hosts, and add target_session_attrs=read-write") {
		t.Errorf("at the standby: exit status %d, %v", code, findings)
	}
	standby.StopHard(t)
	findings, code = examine(t, address)
	found(t, findings, map[string]string{"standbys": "fail commits wait for FIRST 1 ("})
	if code != 1 {
		t.Errorf("without the standby: exit status %d", code)
	}
}

// TestDoctorLooksAtTheTemporaryFolder checks that a folder for imports that is not there is a fault.
func TestDoctorLooksAtTheTemporaryFolder(t *testing.T) {
	t.Parallel()
	cmd := onPostgres(command(t, "doctor", "--local"), pgtest.Database(t))
	cmd.Env = append(cmd.Env, "TMPDIR=/none/of/these")
	if findings, code := diagnose(t, cmd); code != 1 || !strings.HasPrefix(findings["disk"], "fail open /none/of/these/") {
		t.Errorf("exit status %d, %v", code, findings)
	}
	if _, err := os.Stat("/none/of/these"); err == nil {
		t.Error("the folder was made")
	}
}

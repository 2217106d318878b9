package postgres

import (
	"errors"
	"io/fs"
	"os"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"crmkit/store/engine"
	"crmkit/store/postgres/pgtest"
)

// probeMigrations are two migrations of a small schema.
func probeMigrations() []fs.FS {
	return []fs.FS{fstest.MapFS{
		"migrations/0001_start.sql": {Data: []byte("CREATE TABLE users (key BIGINT PRIMARY KEY, name TEXT NOT NULL) STRICT;\n")},
		"migrations/0002_more.sql":  {Data: []byte("-- Servers of schema 1 can go on.\nALTER TABLE users ADD COLUMN more TEXT;\n")},
	}}
}

// probe makes the tables of the first migrations, and checks the database with all of them.
func probe(t *testing.T, made, checked string) (Health, error) {
	t.Helper()
	first := probeMigrations()[0].(fstest.MapFS)
	delete(first, "migrations/0002_more.sql")
	db, err := Open(t.Context(), Options{Address: made, Migrations: []fs.FS{first}, Heads: "SELECT 1", LockAll: "SELECT 1"})
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	return Check(t.Context(), Options{Address: checked, Migrations: probeMigrations()}, nil)
}

// TestCheck looks at a database of an older schema on a server with usual settings.
func TestCheck(t *testing.T) {
	t.Parallel()
	address := pgtest.Database(t)
	h, err := probe(t, address, address)
	if err != nil {
		t.Fatal(err)
	}
	if h.Schema != 1 || h.Known != 2 || h.Needs != 1 || h.NeedsThen != 1 || len(h.Missing) != 1 || h.Missing[0] != "0002_more.sql" {
		t.Errorf("schema %d of %d, needs %d, missing %v", h.Schema, h.Known, h.Needs, h.Missing)
	}
	if h.Writes != nil || h.Rights != (Rights{Create: true, Most: -1}) || h.Trigrams.Installed || !h.Trigrams.Available {
		t.Errorf("writes %v, rights %+v, extension %+v", h.Writes, h.Rights, h.Trigrams)
	}
	if h.Pooler != (Pooler{}) || len(h.Standbys) > 0 || h.Archive != (Archive{}) {
		t.Errorf("pooler %+v, standbys %v, archive %+v", h.Pooler, h.Standbys, h.Archive)
	}
	if h.Free() != 297 || h.Settings["synchronous_commit"] != "on" || h.Settings["fsync"] != "off" || h.Settings["TimeZone"] != "Asia/Kathmandu" || h.Version < "15" {
		t.Errorf("%d connections, version %s, settings %v", h.Free(), h.Version, h.Settings)
	}
	if h.ClockLead.Abs() > time.Second || h.RoundTrip <= 0 || h.Size == 0 {
		t.Errorf("the clock is %s ahead after %s; size %d", h.ClockLead, h.RoundTrip, h.Size)
	}
}

// TestCheckAnEmptyDatabase checks that nothing is made by a look.
func TestCheckAnEmptyDatabase(t *testing.T) {
	t.Parallel()
	address := pgtest.Database(t)
	h, err := Check(t.Context(), Options{Address: address, Migrations: probeMigrations()}, func(engine.Conn) error { return errors.New("there is nothing to read") })
	if err != nil || h.Schema != 0 || len(h.Missing) != 2 {
		t.Errorf("%v, schema %d, missing %v", err, h.Schema, h.Missing)
	}
	if found, err := HasSchema(t.Context(), address); err != nil || found {
		t.Errorf("HasSchema is %t, %v", found, err)
	}
}

// TestCheckRoles looks with roles that lack rights.
func TestCheckRoles(t *testing.T) {
	t.Parallel()
	cluster := pgtest.New(t, pgtest.Options{})
	cluster.Exec(t, "CREATE ROLE reader LOGIN PASSWORD '"+pgtest.Password+"' CONNECTION LIMIT 7", "CREATE ROLE frozen LOGIN PASSWORD '"+pgtest.Password+"' IN ROLE crm",
		"ALTER ROLE frozen SET default_transaction_read_only = on", "ALTER ROLE frozen SET synchronous_commit = off")
	address := cluster.Database(t)
	as := func(role string) Health {
		h, err := probe(t, address, strings.Replace(address, pgtest.User+":", role+":", 1))
		if err != nil {
			t.Fatalf("%s: %v", role, err)
		}
		return h
	}
	h := as(pgtest.Admin)
	if !h.Rights.Superuser || h.Rights.Foreign > 0 || h.Rights.Denied > 0 || h.Free() != 300 {
		t.Errorf("an administrator has %+v, %d connections", h.Rights, h.Free())
	}
	if h = as("frozen"); h.Settings["default_transaction_read_only"] != "on" || h.Settings["synchronous_commit"] != "off" || h.Rights.Denied+h.Rights.Foreign > 0 {
		t.Errorf("the rights are %+v, the settings %v", h.Rights, h.Settings)
	}
	// Of the tables of another role it can tell that they are there, and nothing more.
	_, err := probe(t, address, strings.Replace(address, pgtest.User+":", "reader:", 1))
	if err == nil || !strings.Contains(err.Error(), "permission denied") || !strings.Contains(err.Error(), "make it the owner of the database") {
		t.Errorf("a role without rights: %v", err)
	}
}

// TestCheckPoolers looks through PgBouncer, which shares connections.
func TestCheckPoolers(t *testing.T) {
	t.Parallel()
	pgtest.Need(t, "pgbouncer")
	cluster := pgtest.Shared(t)
	address := cluster.Database(t)
	through := pgtest.Through(address, cluster.Pooler(t, 3))
	h, err := probe(t, address, through)
	if err != nil || h.Pooler != (Pooler{Found: true, Shares: true}) || h.Schema != 1 || h.Writes != nil {
		t.Errorf("%v, pooler %+v, schema %d, writes %v", err, h.Pooler, h.Schema, h.Writes)
	}
}

// TestCheckStandbys looks at a primary whose commits wait for a standby, while that runs and after
// it has stopped. The look must not wait for it.
func TestCheckStandbys(t *testing.T) {
	t.Parallel()
	primary := pgtest.New(t, pgtest.Options{})
	address := primary.Database(t)
	standby := primary.Standby(t)
	h, err := probe(t, address, primary.AdminURL("postgres"))
	if err != nil || len(h.Standbys) != 1 || h.Standbys[0].State != "streaming" || h.Standbys[0].Sync != "sync" || h.Settings["synchronous_standby_names"] == "" {
		t.Errorf("%v, standbys %+v", err, h.Standbys)
	}
	if h, err = probe(t, address, address); err != nil || len(h.Standbys) != 1 || h.Standbys[0].State != "" {
		t.Errorf("an ordinary role: %v, standbys %+v", err, h.Standbys)
	}
	if _, err := Check(t.Context(), Options{Address: pgtest.Through(address, standby.Address())}, nil); err == nil || !strings.Contains(err.Error(), "is a standby") {
		t.Errorf("the standby: %v", err)
	}
	standby.StopHard(t)
	if h, err = Check(t.Context(), Options{Address: address, Migrations: probeMigrations()}, nil); err != nil || len(h.Standbys) != 0 || h.Writes != nil {
		t.Errorf("without its standby: %v, standbys %+v, writes %v", err, h.Standbys, h.Writes)
	}
}

// TestAdviceOfRefusedRoles checks that the line of pg_hba.conf is named which lets the role in.
func TestAdviceOfRefusedRoles(t *testing.T) {
	for address, want := range map[string]string{
		"postgres://crm@db.example.com/crm?sslmode=verify-full": `add to its pg_hba.conf, before other lines that match, the line "hostssl crm crm ADDRESS/32 scram-sha-256", with the address`,
		"postgres://ann@10.0.0.9/sales?sslmode=disable":         `the line "host sales ann ADDRESS/32 scram-sha-256"`,
		"host=/run/postgresql user=crm dbname=crm":              `the line "local crm crm scram-sha-256"`,
	} {
		config, err := parse(address)
		if err != nil {
			t.Fatal(err)
		}
		got := adviceOn(config, &pgconn.PgError{Code: "28000"})
		if !strings.Contains(got, want) || !strings.HasSuffix(got, ". If there is no such role: runuser -u postgres -- createuser --pwprompt "+config.User) {
			t.Errorf("%s: %s", address, got)
		}
	}
}

// TestCommandsOfTheAdministrator checks the commands that errors name: they are those of docs/operations.md,
// which run on the machine of PostgreSQL, since the line of pg_hba.conf there lets no administrator in from
// other machines.
func TestCommandsOfTheAdministrator(t *testing.T) {
	page, err := os.ReadFile("../../docs/operations.md")
	must(t, err)
	const ours = "postgres://crm@db.example.com/crm?sslmode=verify-full"
	config, err := parse(ours)
	must(t, err)
	restored, _ := Another(ours, "_restored")
	for _, command := range []string{creation(config), administer(config, "createuser --pwprompt crm"), restored, ForAdministrator(ours, "pg_amcheck --install-missing --heapallindexed")} {
		if !strings.Contains(string(page), "\n"+command+"\n") {
			t.Errorf("docs/operations.md does not have: %s", command)
		}
	}
	if admitted := strings.Contains(string(page), "hostssl crm,crm_restored crm 10.0.0.0/24 scram-sha-256"); !admitted || !strings.Contains(restored, " crm_restored") {
		t.Error("pg_hba.conf of docs/operations.md does not let crmkit into the database of restored backups")
	}
	for address, want := range map[string]string{
		"postgres://crm@db.example.com:5433/crm":           "runuser -u postgres -- pg_amcheck --port=5433 crm",
		"host=/run/postgresql user=crm dbname=crm":         "runuser -u postgres -- pg_amcheck crm",
		"host=/srv/pg user=crm dbname='a b'":               "runuser -u postgres -- pg_amcheck --host=/srv/pg 'a b'",
		"postgres://crm@a.example.com,b.example.com/sales": "runuser -u postgres -- pg_amcheck sales",
		"postgres://crm@db:x/crm":                          "runuser -u postgres -- pg_amcheck crm",
	} {
		if got := ForAdministrator(address, "pg_amcheck"); got != want {
			t.Errorf("%s: %s\nwant %s", address, got, want)
		}
	}
}

// TestAdvice checks what the first error says: the password is not in it, the next step is.
func TestAdvice(t *testing.T) {
	t.Parallel()
	address := pgtest.Database(t)
	host := pgtest.Shared(t).Address()
	for wrong, want := range map[string]string{
		strings.Replace(address, pgtest.Password, "other-secret", 1):      "the password is wrong: look at PGPASSWORD",
		strings.Replace(address, ":"+pgtest.Password, "", 1):              "no password is set: put it into PGPASSWORD",
		"postgres://crm:" + pgtest.Password + "@" + host + "/none":        "make the database, on the machine of PostgreSQL: runuser -u postgres -- createdb --owner=crm --encoding=UTF8 --template=template0 --port=",
		"postgres://crm:" + pgtest.Password + "@127.0.0.1:1/crm":          "no PostgreSQL listens there",
		"postgres://crm:" + pgtest.Password + "@nowhere.invalid/crm":      "no machine has this name",
		strings.Replace(address, "sslmode=disable", "sslmode=require", 1): "the server has no TLS",
		address + "&target_session_attrs=standby":                         "no host of the address takes writes",
		address + "&nonsense=1":                                           "the address has a parameter that the server does not know",
	} {
		_, err := Check(t.Context(), Options{Address: wrong}, nil)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v; want %q", err, want)
		} else if strings.Contains(err.Error(), pgtest.Password) || strings.Contains(err.Error(), "secret") || !strings.HasPrefix(err.Error(), "postgres://crm@") {
			t.Errorf("the error shows the password, or not the database: %v", err)
		}
	}
}

package e2e

import (
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
)

// done runs the binary and returns its output, which must contain says. If says begins
// with "refused: " the command must fail, and its error contain the rest.
func done(t *testing.T, says string, args ...string) string {
	t.Helper()
	out, err := command(t, args...).CombinedOutput()
	want, refused := strings.CutPrefix(says, "refused: ")
	if refused != (err != nil) || !strings.Contains(string(out), want) {
		t.Fatalf("crmkit %v: %v, want %q\n%s", args, err, says, out)
	}
	return string(out)
}

// filled returns a server with one contact, and its file.
func filled(t *testing.T) (db string, p *running) {
	t.Helper()
	db = filepath.Join(t.TempDir(), "crmkit.db")
	p = serve(t, "--db", db, "--token-for", "you@example.com")
	addContact(t, p, "jane")
	return db, p
}

func addContact(t *testing.T, p *running, name string) {
	t.Helper()
	if status, text := p.do("POST", "/contacts", fmt.Sprintf(`{"name":%q,"email":"%s@acme.com"}`, name, name)); status != 201 {
		t.Fatalf("create: %d %s", status, text)
	}
}

// keeps checks the number of contacts in the file, with a server on it.
func keeps(t *testing.T, db, token string, total int) {
	t.Helper()
	p := serve(t, "--db", db)
	defer p.stop()
	if status, text := p.as(token, "GET", "/contacts", ""); status != 200 || !strings.Contains(text, fmt.Sprintf(" of %d contact", total)) {
		t.Errorf("%s: %d, want %d contacts\n%s", db, status, total, text)
	}
}

// TestDumpIsNamed verifies and restores a dump of pg_dump, which is no database file.
func TestDumpIsNamed(t *testing.T) {
	dump, db := filepath.Join(t.TempDir(), "crm.dump"), filepath.Join(t.TempDir(), "crm.db")
	if err := os.WriteFile(dump, []byte("PGDMP\x01\x0e\x00 and so on"), 0o600); err != nil {
		t.Fatal(err)
	}
	want := dump + " is a dump of pg_dump, not a database file; to check it, restore it into another database of PostgreSQL, and look at that: pg_restore "
	done(t, "refused: "+want, "verify", dump)
	done(t, "refused: "+want, "serve", "--local", "--listen=127.0.0.1:0", "--db", dump)
	done(t, "refused: not restored: the backup is not used: "+want, "restore", dump, "--db", db)
	if _, err := os.Stat(db); err == nil {
		t.Error("a file was made")
	}
}

// TestBackupStory makes a backup of a running server, restores it and starts the server
// again.
func TestBackupStory(t *testing.T) {
	long(t, "left out: tests that take minutes")
	db, p := filled(t)
	dir := t.TempDir()
	file := filepath.Join(dir, "copy.db")
	done(t, "backup: file="+file+" bytes=", "backup", file, "--db", db)
	done(t, " users=1 workspaces=1 members=1 contacts=1 companies=0", "verify", file)
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the backup: %v, %v", info, err)
	}
	done(t, "refused: is there already", "backup", file, "--db", db)
	done(t, "refused: is the database itself", "backup", db, "--db", db, "--keep=2")
	addContact(t, p, "joe")
	done(t, "refused: in use by crmkit serve", "restore", file, "--db", db, "--force")
	p.stop()
	done(t, "refused: --force", "restore", file, "--db", db)
	keeps(t, db, p.token, 2)
	out := done(t, "restored: file="+db+" bytes=", "restore", file, "--db", db, "--force")
	keeps(t, db, p.token, 1)
	kept := regexp.MustCompile(`# the old database is kept as (\S+)`).FindStringSubmatch(out)
	if kept == nil {
		t.Fatalf("no word of the old file:\n%s", out)
	}
	keeps(t, kept[1], p.token, 2)
	if left := names(t, dir); len(left) != 1 {
		t.Errorf("beside the backup: %v", left)
	}
}

// TestRestoreAfterAKill restores over the file of a killed server, whose log has writes that
// the file does not have yet, and over a damaged file.
func TestRestoreAfterAKill(t *testing.T) {
	long(t, "left out: processes and disks that fail")
	db, p := filled(t)
	file := filepath.Join(t.TempDir(), "copy.db")
	done(t, "contacts=1", "backup", file, "--db", db)
	addContact(t, p, "joe")
	p.signal(os.Kill)
	p.wait()
	out := done(t, "restored", "restore", file, "--db", db, "--force")
	kept := regexp.MustCompile(`kept as (\S+)`).FindStringSubmatch(out)[1]
	keeps(t, db, p.token, 1)
	keeps(t, kept, p.token, 2)
	if err := os.WriteFile(db, []byte("no database any more"), 0o600); err != nil {
		t.Fatal(err)
	}
	done(t, "restored", "restore", file, "--db", db, "--force")
	keeps(t, db, p.token, 1)
}

// TestRestoreIsRefusedDuringACommand checks that restore does not replace a file while a long command
// uses it.
func TestRestoreIsRefusedDuringACommand(t *testing.T) {
	db, p := filled(t)
	file := filepath.Join(t.TempDir(), "copy.db")
	done(t, "contacts=1", "backup", file, "--db", db)
	p.stop()
	mcp := command(t, "mcp", "--db", db)
	in, err := mcp.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	answers := newLines()
	mcp.Stdout = answers
	if err := mcp.Start(); err != nil {
		t.Fatal(err)
	}
	fmt.Fprint(in, listTools)
	answers.wait(1)
	done(t, fmt.Sprintf("refused: in use by crmkit mcp, process %d", mcp.Process.Pid), "restore", file, "--db", db, "--force")
	in.Close()
	if err := mcp.Wait(); err != nil {
		t.Error(err)
	}
	done(t, "restored", "restore", file, "--db", db, "--force")
}

// TestRotation checks that --keep keeps the newest backups, and replaces only backups.
func TestRotation(t *testing.T) {
	db, _ := filled(t)
	dir := t.TempDir()
	other := filepath.Join(dir, "notes.txt")
	if err := os.WriteFile(other, []byte("not a database"), 0o600); err != nil {
		t.Fatal(err)
	}
	for range 5 {
		done(t, "contacts=1", "backup", dir, "--db", db, "--keep", "3")
	}
	list := names(t, dir)
	if len(list) != 4 || list[0] != "crmkit.db" || list[3] != "notes.txt" {
		t.Fatalf("kept: %v", list)
	}
	done(t, "contacts=1", "verify", filepath.Join(dir, list[1]))
	done(t, "refused: a file that is no backup", "backup", other, "--db", db, "--keep", "3")
	if text, err := os.ReadFile(other); err != nil || string(text) != "not a database" {
		t.Errorf("the other file: %q, %v", text, err)
	}
}

// TestDamagedBackup checks that a damaged file is neither verified nor restored.
func TestDamagedBackup(t *testing.T) {
	db, p := filled(t)
	file := filepath.Join(t.TempDir(), "copy.db")
	done(t, "contacts=1", "backup", file, "--db", db)
	p.stop()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	clear(data[len(data)/2 : len(data)/2+20*4096])
	if err := os.WriteFile(file, data, 0o600); err != nil {
		t.Fatal(err)
	}
	done(t, "refused: damaged", "verify", file)
	done(t, "refused: the backup is not used", "restore", file, "--db", db, "--force")
	done(t, "refused: no such file", "verify", filepath.Join(t.TempDir(), "none"))
	keeps(t, db, p.token, 1)
}

// TestScheduledBackups checks that a server makes backups while clients write to it, that
// each has all writes until then, and that it continues after one that failed.
func TestScheduledBackups(t *testing.T) {
	long(t, "left out: tests that take minutes")
	dir := t.TempDir()
	db := filepath.Join(t.TempDir(), "crmkit.db")
	p := serve(t, "--db", db, "--token-for", "you@example.com", "--backup-dir", dir, "--backup-every", "1s", "--backup-keep", "2")
	var writes sync.WaitGroup
	for i := range 4 {
		writes.Go(func() {
			for n := range 50 {
				addContact(t, p, fmt.Sprintf("c%d-%d", i, n))
			}
		})
	}
	writes.Wait()
	logged := func(what string, n int) {
		t.Helper()
		for lines := 1; strings.Count(p.stderr.text(), what) < n; lines++ {
			if p.do("GET", "/healthz", ""); lines > 100_000 {
				t.Fatalf("no %d of %q:\n%.2000s", n, what, p.stderr.text())
			}
		}
	}
	logged("msg=backup file=", 3)
	if list := names(t, dir); len(list) < 2 || list[0] != "crmkit.db" {
		t.Errorf("backups: %v", list)
	}
	done(t, "contacts=200", "verify", filepath.Join(dir, "crmkit.db"))
	if code := p.stop(); code != 0 {
		t.Errorf("exit code %d\n%s", code, p.stderr.text())
	}
}

func TestBackupSettings(t *testing.T) {
	db, p := filled(t)
	p.stop()
	for says, args := range map[string][]string{
		"name it with --backup-dir": {"--db", db, "--backup-every", "1h"},
		"leaves nothing behind":     {"--db", ":memory:", "--backup-dir", t.TempDir()},
		"is no folder":              {"--db", db, "--backup-dir", filepath.Join(t.TempDir(), "none")},
		"best on another disk":      {"--db", db, "--backup-dir", filepath.Dir(db)},
	} {
		done(t, "refused: "+says, append([]string{"serve", "--local", "--listen", "127.0.0.1:0"}, args...)...)
	}
}

// TestUpgradeCommand tries an upgrade, which changes nothing, and then does it.
func TestUpgradeCommand(t *testing.T) {
	db := oldFile(t, "0001")
	before, err := os.ReadFile(db)
	if err != nil {
		t.Fatal(err)
	}
	done(t, "# tried on a copy: 0004_again.sql\n", "upgrade", "--db", db, "--dry-run")
	if after, err := os.ReadFile(db); err != nil || string(after) != string(before) || len(names(t, filepath.Dir(db))) != 1 {
		t.Errorf("a dry run changed the file, or left some: %v, %v", err, names(t, filepath.Dir(db)))
	}
	done(t, "# upgraded: 0002_teams.sql\n", "upgrade", "--db", db)
	done(t, "schema=1 ", "backup", filepath.Join(t.TempDir(), "old.db"), "--db", db+".before-0002")
	done(t, "up to date: file=", "upgrade", "--db", db)
}

// TestUpgradeIsRefusedDuringAnotherProgram uses a file in another program, which does not know the
// lock: the schema is not changed until that program ends.
func TestUpgradeIsRefusedDuringAnotherProgram(t *testing.T) {
	db := oldFile(t, "0001")
	other, err := sql.Open("sqlite", "file:"+db)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	var tables int
	if err := other.QueryRowContext(t.Context(), "SELECT COUNT(*) FROM sqlite_master").Scan(&tables); err != nil {
		t.Fatal(err)
	}
	done(t, fmt.Sprintf("refused: , but process %d has it open; stop that first", os.Getpid()), "upgrade", "--db", db)
	if _, err := os.Stat(db + ".before-0002"); err == nil {
		t.Error("a copy was made")
	}
	if err := other.Close(); err != nil {
		t.Fatal(err)
	}
	done(t, "# upgraded: 0002_teams.sql\n", "upgrade", "--db", db)
}

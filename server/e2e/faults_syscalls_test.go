package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// changing are the system calls by which a process changes files. The tests kill it at any
// of them.
var changing = []string{"pwrite64", "write", "fsync", "ftruncate", "linkat", "renameat", "unlinkat", "unlink"}

// everyDeath runs a command, killed at the first call of a kind, then at the second,
// and so on until the command succeeds, for each kind of call. Each time make returns new
// files, and check looks at what is left of them. There are many writes; only every fifth
// is tried, or all with KILL_EACH set.
func everyDeath(t *testing.T, make func() (dir string, args []string), check func(dir, when string)) {
	t.Helper()
	strace := needs(t, "strace")
	deaths := 0
	for _, call := range changing {
		stride := 1
		if strings.Contains(call, "write") && os.Getenv("KILL_EACH") == "" {
			stride = 5
		}
		for n := 1; ; n += stride {
			dir, args := make()
			when := fmt.Sprintf("killed at %s %d", call, n)
			cmd := command(t, args...)
			cmd.Args = append([]string{strace, "-f", "-qq", "-o", "/dev/null", "-e", "trace=" + call, "-e", fmt.Sprintf("inject=%s:signal=SIGKILL:when=%d", call, n), cmd.Path}, args...)
			cmd.Path = strace
			out, err := cmd.CombinedOutput()
			if strings.Contains(string(out), "strace:") {
				lacks(t, "strace cannot trace here: %s", out)
			}
			check(dir, when)
			if err == nil || t.Failed() {
				break
			}
			deaths++
		}
	}
	if deaths < 20 {
		t.Errorf("the command was killed %d times; the test proves little", deaths)
	}
	t.Logf("killed %d times", deaths)
}

// sqliteRows returns what crmkit says of the content of a file, which must be undamaged.
func sqliteRows(t *testing.T, file, when string) string {
	t.Helper()
	out, err := exec.Command(binary(t), "backup", filepath.Join(t.TempDir(), "look.db"), "--db", file).CombinedOutput()
	if err != nil {
		t.Errorf("%s: %v\n%s", when, err, out)
	}
	_, rows, _ := strings.Cut(string(out), " schema=")
	return "schema=" + rows
}

// TestUpgradeKilled kills an upgrade at each of its changes to the disk. The file is then
// complete, old or new, and the next upgrade succeeds.
func TestUpgradeKilled(t *testing.T) {
	long(t, "left out: processes and disks that fail")
	old, made := sqliteRows(t, oldFile(t, "0001"), "before"), oldFile(t, "0001")
	done(t, "", "upgrade", "--db", made)
	want := sqliteRows(t, made, "after")
	if !strings.Contains(old, "schema=1 ") || strings.Contains(want, "schema=1 ") {
		t.Fatalf("an upgrade makes %s of %s", want, old)
	}
	everyDeath(t, func() (string, []string) {
		db := oldFile(t, "0001")
		return db, []string{"upgrade", "--db", db}
	}, func(db, when string) {
		if rows := sqliteRows(t, db, when); rows != old && rows != want {
			t.Errorf("%s: %s is neither %s nor %s", when, rows, old, want)
		}
		if out, err := exec.Command(binary(t), "upgrade", "--db", db).CombinedOutput(); err != nil {
			t.Errorf("%s: the next start: %v\n%s", when, err, out)
		}
		if rows := sqliteRows(t, db, when); rows != want {
			t.Errorf("%s: after the next start %s", when, rows)
		}
	})
}

// TestRestoreKilled kills a restore over a database whose log has writes that the file does
// not have yet.
func TestRestoreKilled(t *testing.T) {
	long(t, "left out: processes and disks that fail")
	live, p := filled(t)
	backup := filepath.Join(t.TempDir(), "copy.db")
	done(t, "contacts=1", "backup", backup, "--db", live)
	addContact(t, p, "joe")
	p.signal(os.Kill)
	p.wait()
	everyDeath(t, func() (string, []string) {
		db := filepath.Join(t.TempDir(), "crmkit.db")
		for _, suffix := range []string{"", "-wal"} {
			copyTo(t, live+suffix, db+suffix)
		}
		return db, []string{"restore", backup, "--db", db, "--force"}
	}, func(db, when string) {
		rows := sqliteRows(t, db, when)
		if !strings.Contains(rows, " contacts=2 ") && !strings.Contains(rows, " contacts=1 ") {
			t.Errorf("%s: %s", when, rows)
		}
		if kept, _ := filepath.Glob(db + ".replaced-*Z"); strings.Contains(rows, " contacts=1 ") && (len(kept) != 1 || !strings.Contains(sqliteRows(t, kept[0], when), " contacts=2 ")) {
			t.Errorf("%s: the old database is kept as %v", when, kept)
		}
		if out, err := exec.Command(binary(t), "restore", backup, "--db", db, "--force").CombinedOutput(); err != nil {
			t.Errorf("%s: once more: %v\n%s", when, err, out)
		}
	})
}

func copyTo(t *testing.T, from, to string) {
	t.Helper()
	data, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(to, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

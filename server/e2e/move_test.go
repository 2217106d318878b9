package e2e

import (
	"bytes"
	"math/rand/v2"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"crmkit/server/dumptest"
	"crmkit/store/postgres/pgtest"
)

// sampleFile makes a database with records of all kinds, as a server and an import do.
func sampleFile(t *testing.T, contacts int64) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "crm.db")
	serve(t, "--db", path, "--token-for", "jane@acme.com").stop()
	sample := filepath.Join(t.TempDir(), "sample.jsonl")
	var text bytes.Buffer
	if err := dumptest.Write(&text, contacts); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(sample, text.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	success(t, command(t, "import", sample, "--db", path))
	return path
}

// success runs a command that must succeed, and returns all that it prints. It must not show the
// password of the database.
func success(t *testing.T, cmd *exec.Cmd) string {
	t.Helper()
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %v\n%s", cmd.Args[1:], err, out)
	}
	return noPassword(t, out)
}

// failure runs a command that must fail, and returns all that it prints.
func failure(t *testing.T, cmd *exec.Cmd) string {
	t.Helper()
	out, err := cmd.CombinedOutput()
	if err == nil {
		t.Fatalf("%v succeeds\n%s", cmd.Args[1:], out)
	}
	return noPassword(t, out)
}

func noPassword(t *testing.T, out []byte) string {
	t.Helper()
	if bytes.Contains(out, []byte(pgtest.Password)) {
		t.Errorf("the password is shown:\n%s", out)
	}
	return string(out)
}

// wantLines checks that an output has lines that match patterns, in this order.
func wantLines(t *testing.T, out string, patterns ...string) {
	t.Helper()
	if !regexp.MustCompile(`(?ms)^` + strings.Join(patterns, `$.*^`) + `$`).MatchString(out) {
		t.Errorf("the output is\n%s\nwant lines that match %q", out, patterns)
	}
}

// exportOf returns the digest of the export of a file.
func exportOf(t *testing.T, path string) map[string]dumptest.Digest {
	t.Helper()
	cmd := command(t, "export", "--db", path)
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	sum, err := dumptest.Sum(bytes.NewReader(out), func() (dumptest.Scratch, error) { return os.CreateTemp(t.TempDir(), "") })
	if err != nil {
		t.Fatal(err)
	}
	return sum
}

// TestMoveCommand moves a file to PostgreSQL and back as an operator does, with the password in the
// environment or in the address.
func TestMoveCommand(t *testing.T) {
	address := pgtest.Database(t)
	path, back := sampleFile(t, 200), filepath.Join(t.TempDir(), "back.db")
	want := exportOf(t, path)
	there := regexp.QuoteMeta("postgres://crm@" + hostOf(t, address))
	dry := command(t, "move", "--from", path, "--to", withoutPassword(t, address), "--dry-run")
	dry.Env = append(dry.Env, "PGPASSWORD="+pgtest.Password)
	wantLines(t, success(t, dry), `table contacts: rows=200`, `checked: from=\S+/crm\.db to=`+there+`/\w+ tables=\d+ rows=\d+ took=\S+`, `# nothing was changed; .*`)
	wantLines(t, success(t, command(t, "move", "--from", path, "--to", address)), `table contacts: rows=200`, `moved: from=\S+/crm\.db to=`+there+`/\w+ tables=\d+ rows=\d+ took=\S+`,
		`# both databases have the same rows in every table`, `# next: start crmkit with the address of --to \(`+there+`/\w+\) as --db, and without --backup-dir`, `# \S+/crm\.db is kept, and refused by servers; to go back to it: crmkit move --undo --from \S+/crm\.db`)
	for _, args := range [][]string{{"serve", "--local", "--listen", "127.0.0.1:0"}, {"user", "list"}, {"backup", t.TempDir()}, {"upgrade"}, {"doctor"}} {
		if out := failure(t, command(t, append(args, "--db", path)...)); !strings.Contains(out, path+" was moved to postgres://crm@") {
			t.Errorf("%v: %s", args, out)
		}
	}
	wantLines(t, success(t, command(t, "move", "--from", address, "--to", back)), `# next: start crmkit with \S+/back\.db as --db`, `# .* move --undo --from '`+there+`/\w+\?sslmode=disable'`)
	success(t, command(t, "verify", back))
	if differ := dumptest.Differences(want, exportOf(t, back)); differ != "" {
		t.Error(differ)
	}
	wantLines(t, success(t, command(t, "move", "--undo", "--from", path)), `undone: .*`, `# delete what the move has made, `+there+`/\w+: .*`)
	if differ := dumptest.Differences(want, exportOf(t, path)); differ != "" {
		t.Error(differ)
	}
}

// hostOf returns host and port of an address.
func hostOf(t *testing.T, address string) string {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	return u.Host
}

// TestMoveMistakes runs the command as it cannot be meant.
func TestMoveMistakes(t *testing.T) {
	path := sampleFile(t, 1)
	link := filepath.Join(t.TempDir(), "link.db")
	if err := os.Symlink(path, link); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"--from", path}, "--to is missing"},
		{[]string{"--to", path}, "missing flags: --from"},
		{[]string{"--from", path, "--to", link}, "are the same file"},
		{[]string{"--from", ":memory:", "--to", path}, ":memory: ends with this command"},
		{[]string{"--from", path + "x", "--to", link + "y"}, "no such file"},
		{[]string{"--from", path, "--to", filepath.Join(path, "none", "x.db")}, "the folder cannot be used"},
		{[]string{"--from", path, "--to", t.TempDir()}, "is a folder"},
		{[]string{"--from", path, "--to", link, "--undo"}, "--undo takes only --from"},
		{[]string{"--from", path, "--undo"}, "was not moved"},
		{[]string{"--from", path, "--to", "postgres://crm:" + pgtest.Password + "@127.0.0.1:1/crm"}, "postgres://crm@127.0.0.1:1/crm"},
		{[]string{"--from", path, "--to", "postgres://crm:" + pgtest.Password + "@127.0.0.1:port/crm"}, "the address of the database is wrong"},
	} {
		if out := failure(t, command(t, append([]string{"move"}, c.args...)...)); !strings.Contains(out, c.want) {
			t.Errorf("%q: %s", c.args, out)
		}
	}
	success(t, command(t, "verify", path)) // it has no mark
}

// TestMoveKilled kills a move with SIGKILL at random moments, and ends it with SIGTERM at others, until
// it is done, there and back.
func TestMoveKilled(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	contacts := int64(20_000)
	if testing.Short() {
		contacts = 2_000
	}
	path, back, address := sampleFile(t, contacts), filepath.Join(t.TempDir(), "back.db"), pgtest.Database(t)
	want := exportOf(t, path)
	for _, step := range [][2]string{{path, address}, {address, back}} {
		kills := 0
		for most := 60 * time.Millisecond; moveFor(t, step, time.Duration(random.Int64N(int64(most))), endings[random.IntN(2)]); most += most / 10 {
			kills++
		}
		t.Logf("it was ended %d times", kills)
	}
	success(t, command(t, "verify", back))
	if differ := dumptest.Differences(want, exportOf(t, back)); differ != "" {
		t.Error(differ)
	}
	if out := failure(t, command(t, "export", "--db", path)); !strings.Contains(out, "was moved to") {
		t.Error(out)
	}
}

// endings are the signals that end a move: one that it can handle, and one that it cannot.
var endings = []syscall.Signal{syscall.SIGTERM, syscall.SIGKILL}

// saidByEnded are what a move that is ended may have said: how it ended, that the password is in its
// arguments, or that the one before it was killed when the target was still empty.
var saidByEnded = []string{
	"context canceled", "terminated signal received",
	"another crmkit moves", // the lock of a process that was killed is free when the server notices its end
	"read a password on the command line",
	"the file is empty although it was in use",
}

// moveFor runs a move, ends it after some time, and reports whether it was not done before.
func moveFor(t *testing.T, step [2]string, most time.Duration, ending os.Signal) (ended bool) {
	t.Helper()
	cmd := command(t, "move", "--from", step[0], "--to", step[1])
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	timer := time.AfterFunc(most, func() { _ = cmd.Process.Signal(ending) }) // the process may have ended
	defer timer.Stop()
	err := cmd.Wait()
	text := noPassword(t, out.Bytes())
	if err == nil || strings.Contains(text, " was moved to ") { // the one before it was ended after its last step
		return false
	}
	for line := range strings.Lines(text) {
		if !slices.ContainsFunc(saidByEnded, func(known string) bool { return strings.Contains(line, known) }) {
			t.Fatalf("the move fails: %v\n%s", err, text)
		}
	}
	return true
}

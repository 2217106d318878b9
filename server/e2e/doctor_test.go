package e2e

import (
	"database/sql"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// diagnose runs crmkit doctor and returns its findings by the name of the check, and the
// exit status. It fails the test if a finding that is not ok does not say what to do.
func diagnose(t *testing.T, cmd *exec.Cmd) (findings map[string]string, code int) {
	t.Helper()
	out, err := cmd.Output()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	findings = map[string]string{}
	for line := range strings.Lines(string(out)) {
		grade, rest, _ := strings.Cut(line, " ")
		what, found, _ := strings.Cut(strings.TrimSpace(rest), ": ")
		if findings[what] = grade + " " + found; grade != "ok" && !strings.Contains(found, "; ") || !strings.Contains("ok warn fail", grade) {
			t.Errorf("the line says not what to do: %q", line)
		}
	}
	if strings.Contains(string(out)+stderrOf(exit), relayPassword) {
		t.Errorf("the password is shown:\n%s", out)
	}
	return findings, cmd.ProcessState.ExitCode()
}

func stderrOf(exit *exec.ExitError) string {
	if exit == nil {
		return ""
	}
	return string(exit.Stderr)
}

// found checks what the findings begin with.
func found(t *testing.T, findings map[string]string, want map[string]string) {
	t.Helper()
	for what, begin := range want {
		if !strings.HasPrefix(findings[what], begin) {
			t.Errorf("%s: %q, want %q", what, findings[what], begin)
		}
	}
}

// TestDoctorFindsNothing checks that doctor finds no fault in a server that runs well, and
// changes nothing.
func TestDoctorFindsNothing(t *testing.T) {
	t.Parallel()
	s := open(t, (&relay{}).start(t, "127.0.0.1:0"), "--signup=invite")
	s.mint(t, "you@example.com")
	dir, backups := s.cmd.Dir, filepath.Join(s.cmd.Dir, "backups")
	backUp(t, filepath.Join(dir, "crmkit.db"), backups, time.Hour)
	if err := os.Chmod(filepath.Join(dir, "crmkit.db"), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := command(t, "doctor", "--db=crmkit.db", "--signup=invite", "--base-url="+s.url, "--backup-dir=backups")
	cmd.Dir = dir
	s.relay.serve(t, cmd)
	findings, code := diagnose(t, cmd)
	found(t, findings, map[string]string{"settings": "ok ", "database": "ok crmkit.db, ", "permissions": "ok ", "mail": "ok ", "base URL": "ok " + s.url,
		"sign-up": "ok by invite", "backup": "ok the newest in backups is 1h0m0s old"})
	if code != 0 {
		t.Errorf("exit status %d: %v", code, findings)
	}
}

// backUp makes a backup and sets its age.
func backUp(t *testing.T, db, folder string, age time.Duration) {
	t.Helper()
	at := time.Now().Add(-age)
	if err := os.MkdirAll(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	if _, _, err := run(t, "backup", folder, "--db", db); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(filepath.Join(folder, filepath.Base(db)), at, at); err != nil {
		t.Fatal(err)
	}
}

// doctorTest is a server with one fault, and what doctor says of it.
type doctorTest struct {
	setup       func(t *testing.T, dir string) // changes the directory of the server; may be nil
	check, want string
	code        int // exit status
	args        []string
}

func (d doctorTest) run(t *testing.T) {
	t.Helper()
	cmd := command(t, append([]string{"doctor", "--smtp-url=smtp://crm:" + relayPassword[:1] + "@127.0.0.1:1", "--mail-from=crm@example.com"}, d.args...)...)
	serve(t, "--db", filepath.Join(cmd.Dir, "crmkit.db")).stop() // makes the file
	if d.setup != nil {
		d.setup(t, cmd.Dir)
	}
	findings, code := diagnose(t, cmd)
	found(t, findings, map[string]string{d.check: d.want})
	if code != d.code {
		t.Errorf("%v: exit status %d, want %d: %v", d.args, code, d.code, findings)
	}
}

// localArgs are arguments of a local server, which sends no mail.
func localArgs(args ...string) []string {
	return append([]string{"--local", "--smtp-url=", "--mail-from="}, args...)
}

// onDB returns a setup that changes the database file.
func onDB(change func(t *testing.T, path string)) func(*testing.T, string) {
	return func(t *testing.T, dir string) { change(t, filepath.Join(dir, "crmkit.db")) }
}

// withBackup returns a setup that makes the folder copies with a backup of that age; 0 is
// no backup.
func withBackup(age time.Duration) func(*testing.T, string) {
	return func(t *testing.T, dir string) {
		copies := filepath.Join(dir, "copies")
		if err := os.Mkdir(copies, 0o700); err != nil {
			t.Fatal(err)
		}
		if age > 0 {
			backUp(t, filepath.Join(dir, "crmkit.db"), copies, age)
		}
	}
}

// withDir returns a setup that makes the folder certs with that mode.
func withDir(mode os.FileMode) func(*testing.T, string) {
	return func(_ *testing.T, dir string) { _ = os.Mkdir(filepath.Join(dir, "certs"), mode) }
}

// withKey returns a setup that makes a certificate, and its key with that mode.
func withKey(mode os.FileMode) func(*testing.T, string) {
	return func(t *testing.T, dir string) {
		cert, key := selfSigned(t)
		if err := errors.Join(os.WriteFile(filepath.Join(dir, "c.pem"), cert, 0o644), os.WriteFile(filepath.Join(dir, "k.pem"), key, mode)); err != nil {
			t.Fatal(err)
		}
	}
}

var doctorTests = []doctorTest{
	{nil, "settings", "fail local mode sends no mail", 1, []string{"--local"}},
	{nil, "mail", "fail ", 1, nil},
	{onDB(overwrite), "database", "fail ", 1, localArgs()},
	{onDB(func(_ *testing.T, path string) { _ = os.Chmod(path, 0o644) }), "permissions", "warn crmkit.db has mode 0644", 0, localArgs()},
	{onDB(deleteFile), "database", "warn crmkit.db does not exist", 0, localArgs()},
	{onDB(tomorrow), "clock", "fail it says ", 1, localArgs()},
	{nil, "backup", "warn no directory", 0, localArgs()},
	{nil, "backup", "fail stat none", 1, localArgs("--backup-dir=none")},
	{withBackup(0), "backup", "fail no backup in copies", 1, localArgs("--backup-dir=copies")},
	{withBackup(time.Hour), "backup", "ok the newest in copies is 1h", 0, localArgs("--backup-dir=copies")},
	{withBackup(30 * time.Hour), "backup", "warn the newest in copies is 30h", 0, localArgs("--backup-dir=copies")},
	{withBackup(51 * time.Hour), "backup", "fail the newest in copies is 51h0m0s old; make one now: crmkit backup copies --db crmkit.db --keep ", 1, localArgs("--backup-dir=copies")},
	{func(t *testing.T, dir string) { onDB(deleteFile)(t, dir); withBackup(0)(t, dir) }, "backup", "warn no backup in copies; the server makes", 0, localArgs("--backup-dir=copies")},
	{withBackup(200 * time.Hour), "backup", "fail the newest in copies is 200h", 1, localArgs("--backup-dir=copies")},
	{withBadCopy, "backup", "fail the next one would fail: the backup would replace a file that is no backup", 1, localArgs("--backup-dir=copies")},
	{nil, "base URL", "fail http://crm.example.com is not https", 1, []string{"--base-url=http://crm.example.com"}},
	{nil, "base URL", "fail no server answers", 1, []string{"--base-url=http://127.0.0.1:1"}},
	{nil, "base URL", "fail no server answers", 1, []string{"--base-url=https://nowhere.invalid"}},
	{nil, "proxy", "warn all clients", 1, []string{"--base-url=https://127.0.0.1:1"}},
	{nil, "proxy", "ok X-Forwarded-For of 127.0.0.1", 1, []string{"--base-url=https://127.0.0.1:1", "--trust-proxy=127.0.0.1"}},
	{nil, "sign-up", "warn anybody", 1, nil},
	{nil, "sign-up", "warn by invite only, and there is nobody", 1, []string{"--signup=invite"}},
	{withDir(0o755), "certificates", "fail certs holds keys, and its mode 0755", 1, []string{"--tls-domain=crm.test", "--base-url=http://127.0.0.1:1"}},
	{withDir(0o700), "certificates", "warn certs is private, but holds no certificate for crm.test yet", 1, []string{"--tls-domain=crm.test", "--base-url=http://127.0.0.1:1"}},
	{nil, "certificates", "fail open nocert", 1, []string{"--tls-cert=nocert", "--tls-key=nokey"}},
	{withKey(0o600), "certificates", "warn 127.0.0.1: issued by ", 1, []string{"--tls-cert=c.pem", "--tls-key=k.pem", "--base-url=https://127.0.0.1:1"}},
	{withKey(0o600), "certificates", "fail crm.test: issued by ", 1, []string{"--tls-cert=c.pem", "--tls-key=k.pem", "--base-url=https://crm.test:1"}},
	{withKey(0o604), "certificates", "fail the key k.pem has mode 0604", 1, []string{"--tls-cert=c.pem", "--tls-key=k.pem"}},
	{func(_ *testing.T, dir string) {
		_ = os.WriteFile(filepath.Join(dir, "conf"), []byte("local = true\n"), 0o644)
	}, "config", "warn conf may hold a password", 0, localArgs("--config=conf")},
}

// deleteFile deletes the file.
func deleteFile(_ *testing.T, path string) { _ = os.Remove(path) }

// withBadCopy makes a good backup, and in its folder a file that blocks the next one.
func withBadCopy(t *testing.T, dir string) {
	withBackup(time.Hour)(t, dir)
	if err := os.WriteFile(filepath.Join(dir, "copies", "crmkit.db"), []byte("none"), 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestDoctorFindsFaults breaks one thing after the other.
func TestDoctorFindsFaults(t *testing.T) {
	t.Parallel()
	for _, d := range doctorTests {
		d.run(t)
	}
	if os.Geteuid() == 0 {
		doctorTest{func(_ *testing.T, dir string) { _ = os.Chown(filepath.Join(dir, "crmkit.db.lock"), 54321, 54321) },
			"permissions", "fail crmkit.db.lock belongs to user 54321", 1, localArgs()}.run(t)
	}
}

// overwrite damages the pages of a database, and leaves its header.
func overwrite(t *testing.T, path string) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for i := 8192; i < len(data); i++ {
		data[i] = 0xff
	}
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

// tomorrow adds a change of the future to the log.
func tomorrow(t *testing.T, path string) {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	_, err = db.ExecContext(t.Context(), "INSERT INTO log (key, workspace_id, at, origin, action, target) VALUES (1000, 0, $1, 1, 'x', 'x')", time.Now().Add(24*time.Hour).UnixMilli())
	if err != nil {
		t.Fatal(err)
	}
}

// TestDoctorAsksReadiness locks the database of a running server in another process: doctor
// reports both the file and the server.
func TestDoctorAsksReadiness(t *testing.T) {
	t.Parallel()
	s := open(t, (&relay{}).start(t, "127.0.0.1:0"))
	release := hold(t, filepath.Join(s.cmd.Dir, "crmkit.db"))
	s.becomes(t, 503)
	cmd := command(t, "doctor", "--db=crmkit.db", "--base-url="+s.url)
	cmd.Dir = s.cmd.Dir
	s.relay.serve(t, cmd)
	findings, code := diagnose(t, cmd)
	release()
	found(t, findings, map[string]string{"database": "fail it takes no writes", "base URL": "fail " + s.url + " answers ERROR not_ready"})
	if code != 1 {
		t.Errorf("exit status %d: %v", code, findings)
	}
}

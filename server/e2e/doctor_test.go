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

	"crmkit/store"
	"crmkit/store/sqlite"
)

// diagnose runs crmkit doctor and returns its findings by the name of the check,
// and the exit status. It fails the test where a finding that is not ok says not
// what to do.
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

// found holds what the findings begin with.
func found(t *testing.T, findings map[string]string, want map[string]string) {
	t.Helper()
	for what, begin := range want {
		if !strings.HasPrefix(findings[what], begin) {
			t.Errorf("%s: %q, want %q", what, findings[what], begin)
		}
	}
}

// TestDoctorFindsNothing examines a server that runs as it should, by its own
// settings, and changes nothing.
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

// backUp makes a backup of some age.
func backUp(t *testing.T, db, folder string, age time.Duration) {
	t.Helper()
	at := time.Now().Add(-age)
	if err := os.MkdirAll(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	sum, err := sqlite.Backup{Schema: store.FileSchema(), From: db, To: folder}.Write(t.Context())
	if err := errors.Join(err, os.Chtimes(sum.Path, at, at)); err != nil {
		t.Fatal(err)
	}
}

// TestDoctorFindsFaults breaks one thing after the other.
func TestDoctorFindsFaults(t *testing.T) {
	t.Parallel()
	with := func(setup func(dir string), check, want string, wantCode int, args ...string) {
		t.Helper()
		cmd := command(t, append([]string{"doctor", "--smtp-url=smtp://crm:" + relayPassword[:1] + "@127.0.0.1:1", "--mail-from=crm@example.com"}, args...)...)
		made := serve(t, "--db", filepath.Join(cmd.Dir, "crmkit.db"))
		made.stop()
		if setup != nil {
			setup(cmd.Dir)
		}
		findings, code := diagnose(t, cmd)
		found(t, findings, map[string]string{check: want})
		if code != wantCode {
			t.Errorf("%v: exit status %d, want %d: %v", args, code, wantCode, findings)
		}
	}
	local := "--local"
	clear := []string{"--local", "--smtp-url=", "--mail-from="}
	with(nil, "settings", "fail local mode sends no mail", 1, local)
	with(nil, "mail", "fail ", 1)
	with(func(dir string) { overwrite(t, filepath.Join(dir, "crmkit.db")) }, "database", "fail ", 1, clear...)
	with(func(dir string) { _ = os.Chmod(filepath.Join(dir, "crmkit.db"), 0o644) }, "permissions", "warn crmkit.db has mode 0644", 0, clear...)
	with(func(dir string) { _ = os.Remove(filepath.Join(dir, "crmkit.db")) }, "database", "warn crmkit.db does not exist", 0, clear...)
	with(func(dir string) { tomorrow(t, filepath.Join(dir, "crmkit.db")) }, "clock", "fail it says ", 1, clear...)
	with(nil, "backup", "warn no directory", 0, clear...)
	with(nil, "backup", "fail stat none", 1, append(clear, "--backup-dir=none")...)
	old := func(age time.Duration) func(string) {
		return func(dir string) {
			copies := filepath.Join(dir, "copies")
			if err := os.Mkdir(copies, 0o700); err != nil {
				t.Fatal(err)
			}
			if age > 0 {
				backUp(t, filepath.Join(dir, "crmkit.db"), copies, age)
			}
		}
	}
	with(old(0), "backup", "fail there is none in copies", 1, append(clear, "--backup-dir=copies")...)
	with(old(time.Hour), "backup", "ok the newest in copies is 1h", 0, append(clear, "--backup-dir=copies")...)
	with(old(30*time.Hour), "backup", "warn the newest in copies is 30h", 0, append(clear, "--backup-dir=copies")...)
	with(old(51*time.Hour), "backup", "fail the newest in copies is 51h0m0s old; make one now: crmkit backup copies --db crmkit.db --keep ", 1, append(clear, "--backup-dir=copies")...)
	with(func(dir string) { _ = os.Remove(filepath.Join(dir, "crmkit.db")); old(0)(dir) }, "backup", "warn there is none in copies; the server makes", 0, append(clear, "--backup-dir=copies")...)
	with(old(200*time.Hour), "backup", "fail the newest in copies is 200h", 1, append(clear, "--backup-dir=copies")...)
	with(func(dir string) {
		old(time.Hour)(dir)
		if err := os.WriteFile(filepath.Join(dir, "copies", "crmkit.db"), []byte("none"), 0o600); err != nil {
			t.Fatal(err)
		}
	}, "backup", "fail the next one would fail: the backup would take the place of a file that is none", 1, append(clear, "--backup-dir=copies")...)
	with(nil, "base URL", "fail http://crm.example.com is not https", 1, "--base-url=http://crm.example.com")
	with(nil, "base URL", "fail no server answers", 1, "--base-url=http://127.0.0.1:1")
	with(nil, "base URL", "fail no server answers", 1, "--base-url=https://nowhere.invalid")
	with(nil, "proxy", "warn all clients", 1, "--base-url=https://127.0.0.1:1")
	with(nil, "proxy", "ok X-Forwarded-For of 127.0.0.1", 1, "--base-url=https://127.0.0.1:1", "--trust-proxy=127.0.0.1")
	with(nil, "sign-up", "warn anybody", 1)
	with(nil, "sign-up", "warn by invite only, and there is nobody", 1, "--signup=invite")
	with(func(dir string) { _ = os.Mkdir(filepath.Join(dir, "certs"), 0o755) }, "certificates", "fail certs holds keys, and its mode 0755", 1, "--tls-domain=crm.test", "--base-url=http://127.0.0.1:1")
	with(func(dir string) { _ = os.Mkdir(filepath.Join(dir, "certs"), 0o700) }, "certificates", "warn certs is private, but holds no certificate for crm.test yet", 1, "--tls-domain=crm.test", "--base-url=http://127.0.0.1:1")
	with(nil, "certificates", "fail open nocert", 1, "--tls-cert=nocert", "--tls-key=nokey")
	pair := func(mode os.FileMode) func(dir string) {
		return func(dir string) {
			cert, key := selfSigned(t)
			if err := errors.Join(os.WriteFile(filepath.Join(dir, "c.pem"), cert, 0o644), os.WriteFile(filepath.Join(dir, "k.pem"), key, mode)); err != nil {
				t.Fatal(err)
			}
		}
	}
	with(pair(0o600), "certificates", "warn 127.0.0.1: issued by ", 1, "--tls-cert=c.pem", "--tls-key=k.pem", "--base-url=https://127.0.0.1:1")
	with(pair(0o600), "certificates", "fail crm.test: issued by ", 1, "--tls-cert=c.pem", "--tls-key=k.pem", "--base-url=https://crm.test:1")
	with(pair(0o604), "certificates", "fail the key k.pem has mode 0604", 1, "--tls-cert=c.pem", "--tls-key=k.pem")
	if os.Geteuid() == 0 {
		with(func(dir string) { _ = os.Chown(filepath.Join(dir, "crmkit.db.lock"), 54321, 54321) }, "permissions", "fail crmkit.db.lock belongs to user 54321", 1, clear...)
	}
	with(func(dir string) { _ = os.WriteFile(filepath.Join(dir, "conf"), []byte("local = true\n"), 0o644) }, "config", "warn conf may hold a password", 0, append(clear, "--config=conf")...)
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

// tomorrow has the log of changes hold one of the future.
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

// TestDoctorAsksReadiness has the database of a running server held by another
// process: both the file and the server are found to fail.
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

package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// operations returns docs/operations.md and the shell in it.
func operations(t *testing.T) (text, shell string) {
	t.Helper()
	for _, b := range blocks(t, "docs/operations.md") {
		if b.language == "sh" {
			shell += b.text
		}
	}
	return read(t, source("docs/operations.md")), shell
}

// TestOperationsShell checks that bash can read every block of docs/operations.md.
func TestOperationsShell(t *testing.T) {
	_, shell := operations(t)
	check := exec.Command(needs(t, "bash"), "-n")
	check.Stdin = strings.NewReader(shell)
	if out, err := check.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// envFile returns the file of settings that docs/operations.md writes.
func envFile(t *testing.T) string {
	t.Helper()
	_, shell := operations(t)
	m := regexp.MustCompile(`(?ms)^cat >/etc/crmkit/env <<'EOT'\n(.*?)^EOT$`).FindStringSubmatch(shell)
	if m == nil {
		t.Fatal("docs/operations.md writes no /etc/crmkit/env")
	}
	return m[1]
}

// TestOperationsMetrics checks that every metric docs/operations.md names is shown,
// and that it names all but those of the process. TestAddresses has those of PostgreSQL.
func TestOperationsMetrics(t *testing.T) {
	text, _ := operations(t)
	named := map[string]bool{}
	for _, name := range regexp.MustCompile(`crmkit_[a-z_]+`).FindAllString(text, -1) {
		named[name] = true
	}
	r := (&relay{}).start(t, "127.0.0.1:0")
	s := &site{running: start(t, command(t, onFile("--smtp-url="+r.plainURL(), "--mail-from=crm@example.com", "--metrics-token=x")...)), relay: r}
	jane := s.person(t, "jane@acme.com")
	jane.signIn()
	_, shown := s.as("x", "GET", "/metrics", "")
	for name := range named {
		if !strings.Contains(shown, "# TYPE "+name+" ") && name != "crmkit_last_backup_timestamp_seconds" && !strings.HasPrefix(name, "crmkit_database_") {
			t.Errorf("%s is not shown", name)
		}
	}
	for _, m := range regexp.MustCompile(`(?m)^# TYPE (crmkit_[a-z_]+) `).FindAllStringSubmatch(shown, -1) {
		if !named[m[1]] && m[1] != "crmkit_info" {
			t.Errorf("docs/operations.md does not name %s", m[1])
		}
	}
}

// TestOperationsSettings starts a server by the settings that docs/operations.md
// writes, except addresses and files, and continues as it says: doctor, and a token.
func TestOperationsSettings(t *testing.T) {
	t.Parallel()
	plain := freePort(t)
	ca := newAuthority(t, plain)
	mails := (&relay{}).start(t, "127.0.0.1:0")
	cmd := command(t, "serve")
	settings := strings.NewReplacer("/var/lib/crmkit", cmd.Dir, "127.0.0.1:9090", freePort(t),
		"smtp://crm%40example.com:password@mail.example.com:587", mails.plainURL(), "crm.example.com", "crm.test").Replace(envFile(t))
	settings += "CRMKIT_LISTEN=127.0.0.1:0\nCRMKIT_HTTP_LISTEN=" + plain + "\nCRMKIT_ACME_DIRECTORY=" + ca.url + "/directory\n"
	file := filepath.Join(cmd.Dir, "env")
	if err := os.WriteFile(file, []byte(settings), 0o640); err != nil {
		t.Fatal(err)
	}
	// systemd reads the file into the environment.
	for line := range strings.Lines(settings) {
		if name, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "="); name != "CRMKIT_BACKUP_DIR" {
			cmd.Env = append(cmd.Env, name+"="+value)
		}
	}
	p := start(t, cmd)
	eventually(t, patience, func() bool { return strings.Contains(p.stderr.text(), "certificate ready") })
	backUp(t, filepath.Join(cmd.Dir, "crmkit.db"), filepath.Join(cmd.Dir, "backups"), 0)
	owner := func(args ...string) *exec.Cmd {
		c := command(t, args...)
		c.Env = append(c.Env, "CRMKIT_CONFIG="+file)
		return c
	}
	token, err := owner("token", "--email", "you@example.com").Output()
	if err != nil || !strings.HasPrefix(string(token), "ck_") {
		t.Errorf("crmkit token: %v %s", err, token)
	}
	findings, _ := diagnose(t, owner("doctor"))
	found(t, findings, map[string]string{"settings": "ok ", "config": "ok ", "database": "ok ", "certificates": "ok ", "mail": "ok ", "sign-up": "ok ", "backup": "ok "})
}

func read(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

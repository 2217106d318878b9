package e2e

import (
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"crmkit/store/postgres/pgtest"
)

// onPostgres gives a command a database of PostgreSQL by its environment, and nothing else of the
// environment's settings for it.
func onPostgres(cmd *exec.Cmd, address string) *exec.Cmd {
	cmd.Env = slices.DeleteFunc(cmd.Env, func(entry string) bool { return strings.HasPrefix(entry, "PG") })
	cmd.Env = append(cmd.Env, "CRMKIT_DB="+address, "TMPDIR="+cmd.Dir)
	return cmd
}

// servedOn returns the command of a server that mails codes, on a database of PostgreSQL.
func servedOn(t *testing.T, r *relay, address string) *exec.Cmd {
	t.Helper()
	cmd := onPostgres(command(t, "serve", "--listen=127.0.0.1:0", "--base-url=https://crm.example.com"), address)
	r.serve(t, cmd)
	return cmd
}

// twoServers starts two servers at the same moment on an empty database, of which one makes the tables.
func twoServers(t *testing.T, r *relay, address string) (a, b *site) {
	t.Helper()
	list := [2]*site{}
	failed := make(chan error, len(list))
	for i := range list {
		cmd := servedOn(t, r, address)
		go func() {
			p, err := launch(t, cmd)
			list[i] = &site{running: p, relay: r}
			failed <- err
		}()
	}
	for range list {
		if err := <-failed; err != nil {
			t.Error(err)
		}
	}
	if t.Failed() {
		t.Fatalf("%s\n%s", list[0].stderr.text(), list[1].stderr.text())
	}
	return list[0], list[1]
}

// on returns the person at another server, with the same token.
func (p *person) on(s *site) *person {
	other := *p
	other.site = s
	return &other
}

// TestTwoServers signs in with the code that one server mailed on the other one. A token of one works
// on the other, and stops working there when it is revoked. A killed server takes nothing with it.
func TestTwoServers(t *testing.T) {
	t.Parallel()
	r, address := (&relay{}).start(t, "127.0.0.1:0"), pgtest.Database(t)
	a, b := twoServers(t, r, address)
	jane := a.person(t, "jane@acme.com")
	jane.ask()
	there := jane.on(b)
	there.verify(there.code(there.mailed()))
	jane.token = there.token
	holds(t, jane.want(201, "POST /contacts", object("name", "Ann", "email", "ann@acme.com")), "contact/")
	holds(t, there.want(200, "GET /contacts?email=ann@acme.com", ""), "# 1 of 1 contact")

	a.signal(syscall.SIGKILL)
	a.wait()
	holds(t, there.want(200, "GET /contacts", ""), "# 1 of 1 contact")
	holds(t, there.want(201, "POST /contacts", object("name", "Bob")), "contact/")
	again := &site{running: start(t, servedOn(t, r, address)), relay: r}
	jane = there.on(again)
	holds(t, jane.want(200, "GET /contacts", ""), "# 2 of 2 contacts")
	there.want(200, "DELETE /tokens/"+strings.TrimPrefix(field(t, jane.want(200, "GET /whoami", ""), "token_id"), "token/"), "")
	jane.want(401, "GET /contacts", "")

	for _, s := range []*site{again, b} {
		if code := s.stop(); code != 0 {
			t.Errorf("exit code %d\n%s", code, s.stderr.text())
		}
	}
	for _, s := range []*site{a, b, again} {
		if left := names(t, s.cmd.Dir); len(left) > 0 {
			t.Errorf("the server leaves %v", left)
		}
		if text := s.stderr.text(); !strings.Contains(text, "db=postgres://crm@127.0.0.1:") || strings.Contains(text, pgtest.Password) || strings.Contains(text, "WARN") {
			t.Errorf("the log is\n%s", text)
		}
	}
}

// TestCommandsBesideServers runs every command for a database beside a server on it.
func TestCommandsBesideServers(t *testing.T) {
	t.Parallel()
	address := pgtest.Database(t)
	p := start(t, onPostgres(served(t, "--token-for=you@example.com"), address))
	rows := filepath.Join(t.TempDir(), "contacts.csv")
	if err := os.WriteFile(rows, []byte("name,email\nJane,jane@acme.com\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ args, want string }{
		{"token --email you@example.com", "ck_"},
		{"token --email ann@example.com --create", "ck_"},
		{"user list", "email=you@example.com"},
		{"user show you@example.com", "role=admin"},
		{"workspace list", "members=1 contacts=0"},
		{"plan set you@example.com unlimited", "you@example.com plan=unlimited"},
		{"client list", ""},
		{"import " + rows + " --dry-run --email you@example.com", " --email you@example.com --confirm "},
		{"import " + rows + " --email you@example.com", "# imported: 1 created"},
		{"export contacts --email you@example.com", "email=jane@acme.com"},
		{"user remove ann@example.com --yes", "removed user/"},
		{"upgrade", "up to date: database=postgres://crm@127.0.0.1:"},
		{"upgrade --dry-run", "up to date: database=postgres://crm@127.0.0.1:"},
	} {
		cmd := onPostgres(command(t, strings.Fields(c.args)...), address)
		out, err := cmd.CombinedOutput()
		if err != nil || !strings.Contains(string(out), c.want) || strings.Contains(string(out), pgtest.Password) {
			t.Errorf("crmkit %s: %v\n%s", c.args, err, out)
		}
		if left := names(t, cmd.Dir); len(left) > 0 {
			t.Errorf("crmkit %s leaves %v", c.args, left)
		}
	}
	if text := piped(t, onPostgres(command(t, "mcp", "--email=you@example.com"), address)); !strings.Contains(text, `"name":"request"`) {
		t.Errorf("crmkit mcp answers %s", text)
	}
	if _, text := p.do("GET", "/contacts", ""); !strings.Contains(text, "# 1 of 1 contact\n") {
		t.Errorf("the server has:\n%s", text)
	}
}

// TestImportsAreConfirmedOnPostgres runs the last line of a dry run: the address of the database
// has a password, so it is not in it.
func TestImportsAreConfirmedOnPostgres(t *testing.T) {
	t.Parallel()
	address := pgtest.Database(t)
	rows := filepath.Join(t.TempDir(), "contacts.csv")
	if err := os.WriteFile(rows, []byte("name,email\nJane,jane@acme.com\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := onPostgres(command(t, "import", rows, "--dry-run"), address).Output()
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	last := lines[len(lines)-1]
	if err != nil || strings.Contains(string(out), pgtest.Password) || strings.Contains(last, "--db") || !strings.Contains(string(out), "CRMKIT_DB must be the address of --db") {
		t.Fatalf("%v\n%s", err, out)
	}
	cmd := onPostgres(command(t), address)
	cmd.Path, cmd.Args = needs(t, "sh"), []string{"sh", "-c", last}
	if out, err := cmd.CombinedOutput(); err != nil || !strings.Contains(string(out), "# imported: 1 created") {
		t.Errorf("%s: %v\n%s", last, err, out)
	}
}

// TestPostgresRestarts stops PostgreSQL under a server, starts it again, then breaks all connections.
// Meanwhile requests get an answer in words; afterwards the server goes on by itself.
func TestPostgresRestarts(t *testing.T) {
	t.Parallel()
	cluster := pgtest.New(t, pgtest.Options{})
	address := cluster.Database(t)
	p := start(t, onPostgres(served(t, "--token-for=you@example.com", "--metrics-token=x"), address))
	p.becomes(t, 200)
	want := func(status int, method, path, body, text string) {
		t.Helper()
		if got, answer := p.do(method, path, body); got != status || !strings.Contains(answer, text) {
			t.Errorf("%s %s: %d %s; want %d, %q", method, path, got, answer, status, text)
		}
	}
	want(201, "POST", "/contacts", object("name", "Ann"), "contact/")
	cluster.Stop(t)
	holds(t, p.becomes(t, 503), "ERROR not_ready", "the database cannot be read or written")
	want(503, "GET", "/contacts", "", "ERROR not_ready")
	want(503, "POST", "/contacts", object("name", "Bob"), "ERROR not_ready")
	want(200, "GET", "/healthz", "", "ok")
	cluster.Start(t)
	p.becomes(t, 200)
	want(200, "GET", "/contacts", "", "# 1 of 1 contact\n")
	if cluster.TerminateBackends(t, address) == 0 {
		t.Error("the server has no connections")
	}
	want(200, "GET", "/contacts", "", "# 1 of 1 contact\n")
	want(201, "POST", "/contacts", object("name", "Bob"), "contact/")
	if code := p.stop(); code != 0 || strings.Contains(p.stderr.text(), pgtest.Password) {
		t.Errorf("exit code %d, or the log has the password:\n%s", code, p.stderr.text())
	}
}

// TestStopWhilePostgresHangs stops a server whose network to PostgreSQL holds all traffic, while a write
// waits for it. It ends by itself, within the time that it promises.
func TestStopWhilePostgresHangs(t *testing.T) {
	long(t, "left out: processes and disks that fail")
	t.Parallel()
	address := pgtest.Database(t)
	proxy := pgtest.NewProxy(t, pgtest.Shared(t).Address())
	p := start(t, onPostgres(served(t, "--token-for=you@example.com"), pgtest.Through(address, proxy.Address())))
	if status, text := p.do("POST", "/contacts", object("name", "Ann")); status != 201 {
		t.Fatalf("%d %s", status, text)
	}
	release := proxy.Hold()
	done := make(chan struct{})
	go func() {
		defer close(done)
		req, _ := http.NewRequest("POST", p.url+"/contacts", strings.NewReader(object("name", "Bob")))
		req.Header.Set("Authorization", "Bearer "+p.token)
		if res, err := http.DefaultClient.Do(req); err == nil {
			res.Body.Close()
		}
	}()
	time.Sleep(100 * time.Millisecond) // so that the write waits for PostgreSQL
	began := time.Now()
	code := p.stop()
	if took := time.Since(began); code != 0 || took > 12*time.Second {
		t.Errorf("exit status %d after %s\n%s", code, took, p.stderr.text())
	}
	release()
	<-done
	again := start(t, onPostgres(served(t, "--token-for=you@example.com"), address))
	if _, text := again.do("GET", "/contacts?name=Ann", ""); !strings.Contains(text, "# 1 of 1 contact\n") {
		t.Errorf("after it: %s", text)
	}
}

package e2e

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
)

// refusals are settings of a server that must not start, and what its error says.
var refusals = []struct {
	args []string
	want []string
}{
	{[]string{}, []string{"start with --local"}},
	{[]string{"--listen", "127.0.0.1:0"}, []string{"start with --local"}},
	{[]string{"--local", "--listen", "0.0.0.0:0"}, []string{"--listen 0.0.0.0:0", "loopback only", "127.0.0.1:8080"}},
	{[]string{"--local", "--listen", "[::]:0"}, []string{"--listen [::]:0", "loopback only"}},
	{[]string{"--local", "--listen", ":8080"}, []string{"--listen :8080", "loopback only"}},
	{[]string{"--local", "--listen", "crm.example.com:80"}, []string{"--listen crm.example.com:80", "loopback only"}},
	{[]string{"--local", "--listen", "127.0.0.1"}, []string{"--listen 127.0.0.1:", "HOST:PORT"}},
	{[]string{"--local", "--base-url", "crm.example.com"}, []string{"--base-url crm.example.com", "https://crm.example.com"}},
	{[]string{"--local", "--base-url", "ftp://crm.example.com"}, []string{"an origin without path"}},
	{[]string{"--local", "--base-url", "https://crm.example.com/api"}, []string{"an origin without path"}},
	{[]string{"--local", "--base-url", "https://me:secret@crm.example.com"}, []string{"an origin without path"}},
	{[]string{"--local", "--base-url", "https://crm.example.com?a=b"}, []string{"an origin without path"}},
	{[]string{"--local", "--default-plan", "gold"}, []string{"--default-plan gold", "standard, free, unlimited"}},
	{[]string{"--local", "--default-plan", ""}, []string{"--default-plan", "standard, free, unlimited"}},
	{[]string{"--local", "--plans", "team: sheep=5"}, []string{"--plans", "plan team", "sheep cannot be capped"}},
	{[]string{"--local", "--plans", "team: contacts=5; team: deals=5"}, []string{"--plans", "plan team is defined twice"}},
	{[]string{"--local", "--trust-proxy", "0.0.0.0/0"}, []string{"--trust-proxy", `"0.0.0.0/0" is every address`, "10.0.0.0/8"}},
	{[]string{"--local", "--trust-proxy", "10.0.0.0/8, proxy.example.com"}, []string{"--trust-proxy", `"proxy.example.com" is no address or network`}},
	{[]string{"--local", "--token-for", "nobody"}, []string{"--token-for nobody", "one bare e-mail address"}},
	{[]string{"--local", "--rate=-1"}, []string{"--rate -1", "0 for no limit"}},
	{[]string{"--local", "--rate=many"}, []string{"--rate", "many"}},
	{[]string{"--local", "--signup=closed"}, []string{"--signup", "open", "invite"}},
	{[]string{"--local", "--smtp-url", "smtp://me:hidden@mail.example.com"}, []string{"local mode sends no mail", "--smtp-url"}},
	{[]string{"--local", "--mail-from", "crm@example.com"}, []string{"local mode sends no mail", "--mail-from"}},
	{[]string{"--smtp-url", "smtp://me:hidden@mail.example.com"}, []string{"--mail-from, like crm@example.com"}},
	{[]string{"--mail-from", "crm@example.com"}, []string{"set --smtp-url and --mail-from"}},
	{[]string{"--smtp-url", "smtp://me:hidden@mail.example.com:x", "--mail-from", "crm@example.com"}, []string{"the mail URL"}},
	{[]string{"--smtp-url", "smtp://mail.example.com?tls=off", "--mail-from", "crm@example.com"}, []string{"tls=off is for a mail server on this machine"}},
	{[]string{"--smtp-url", "smtp://me:hidden@mail.example.com", "--mail-from", "Acme"}, []string{`the sender "Acme"`}},
	{[]string{"--smtp-url", "smtp://me:hidden@mail.example.com", "--mail-from", "crm@example.com", "--token-for", "you@example.com"},
		[]string{"--token-for is for local mode", "crmkit token --email you@example.com"}},
	{[]string{"--local", "--tls-domain=crm.example.com"}, []string{"local mode", "speaks no TLS", "--tls-domain"}},
	{[]string{"--local", "--tls-dir=certs"}, []string{"--tls-dir", "for --tls-domain"}},
	{[]string{"--local", "--http-listen=127.0.0.1:0"}, []string{"--http-listen sends readers to https"}},
	{[]string{"--local", "--metrics-listen=9090"}, []string{"--metrics-listen 9090", "HOST:PORT"}},
	{withMail("--tls-domain=*.example.com"), []string{`--tls-domain: "*.example.com" is no host name`}},
	{withMail("--tls-domain=crm.example.com,"), []string{`--tls-domain: "" is no host name`}},
	{withMail("--tls-domain=192.0.2.1"), []string{`"192.0.2.1" is no host name`}},
	{withMail("--tls-domain=crm.example.com", "--tls-cert=c"), []string{"one or the other"}},
	{withMail("--tls-domain=crm.example.com", "--db=:memory:"), []string{"set --tls-dir"}},
	{withMail("--tls-cert=c"), []string{"set both"}},
	{withMail("--tls-cert=c", "--tls-key=k"), []string{"--tls-cert and --tls-key", "open c"}},
}

// TestRefusals checks that a server that must not start says what to set, and
// leaves no file behind.
func TestRefusals(t *testing.T) {
	for _, c := range refusals {
		db := filepath.Join(t.TempDir(), "crmkit.db")
		out, log, err := run(t, append([]string{"serve", "--db", db, "--listen=127.0.0.1:0"}, c.args...)...)
		if err == nil || out != "" {
			t.Errorf("serve %v: error %v, stdout %q", c.args, err, out)
			continue
		}
		for _, want := range c.want {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("serve %v: %v\nwant %q in it", c.args, err, want)
			}
		}
		if strings.Contains(err.Error()+log, "hidden") {
			t.Errorf("serve %v shows the password: %v\n%s", c.args, err, log)
		}
		if _, err := os.Stat(db); err == nil {
			t.Errorf("serve %v made the database before it refused", c.args)
		}
	}
}

func withMail(args ...string) []string {
	return append([]string{"--smtp-url=smtp://me:hidden@mail.example.com", "--mail-from=crm@example.com"}, args...)
}

func TestPortTaken(t *testing.T) {
	first := serve(t, "--db", ":memory:")
	out, _, err := run(t, "serve", "--local", "--db", ":memory:", "--listen", strings.TrimPrefix(first.url, "http://"))
	if err == nil || !strings.Contains(err.Error(), "--listen") || out != "" {
		t.Errorf("error %v, stdout %q", err, out)
	}
}

// TestStdout checks that standard output has the ready line, the token line and nothing
// else. Log lines go to standard error, and never contain the query of a request.
func TestStdout(t *testing.T) {
	p := serve(t, "--db", ":memory:", "--token-for", "You@Example.com")
	if status, text := p.do("GET", "/contacts?search=classified", ""); status != 200 {
		t.Errorf("the token of the second line: %d %s", status, text)
	}
	p.do("POST", "/nowhere", "{")
	if code := p.stop(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	want := regexp.MustCompile(`\Acrmkit listening on http://127\.0\.0\.1:[1-9][0-9]*\ncrmkit token ck_[0-9A-Za-z]{38}\n\z`)
	if !want.MatchString(p.stdout.text()) {
		t.Errorf("stdout:\n%s", p.stdout.text())
	}
	if log := p.stderr.text(); !strings.Contains(log, "route=/contacts") || strings.Contains(log, "classified") || strings.Contains(log, p.token) {
		t.Errorf("stderr:\n%s", log)
	}
}

func TestStdoutWithoutToken(t *testing.T) {
	p := serve(t, "--db", ":memory:")
	p.stop()
	if !regexp.MustCompile(`\Acrmkit listening on http://127\.0\.0\.1:[1-9][0-9]*\n\z`).MatchString(p.stdout.text()) {
		t.Errorf("stdout:\n%s", p.stdout.text())
	}
}

// TestMemory checks that a server on :memory: leaves no file in its directory or in that of
// temporary files.
func TestMemory(t *testing.T) {
	cmd := command(t, serving("--local", "--token-for=you@example.com")...)
	temp := t.TempDir()
	cmd.Env = append(cmd.Env, "TMPDIR="+temp, "SQLITE_TMPDIR="+temp)
	p := start(t, cmd)
	for i := range 20 {
		if status, text := p.do("POST", "/contacts", fmt.Sprintf(`{"name":"Contact %d"}`, i)); status != 201 {
			t.Fatalf("create: %d %s", status, text)
		}
	}
	if left := append(names(t, cmd.Dir), names(t, temp)...); len(left) > 0 {
		t.Errorf("the running server left %v", left)
	}
	if code := p.stop(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	if left := append(names(t, cmd.Dir), names(t, temp)...); len(left) > 0 {
		t.Errorf("the stopped server left %v", left)
	}
}

// TestFileStays checks that a stopped server leaves one complete file, and that the next
// server continues with it.
func TestFileStays(t *testing.T) {
	dir := t.TempDir()
	db := filepath.Join(dir, "crmkit.db")
	p := serve(t, "--db", db, "--token-for", "you@example.com")
	p.do("POST", "/contacts", `{"name":"Jane Doe"}`)
	p.stop()
	if left := names(t, dir); strings.Join(left, " ") != "crmkit.db crmkit.db.lock" {
		t.Errorf("after the stop there are %v, want the database and its lock alone", left)
	}
	next := serve(t, "--db", db)
	if status, text := next.as(p.token, "GET", "/contacts", ""); status != 200 || !strings.Contains(text, `name="Jane Doe"`) {
		t.Errorf("after the restart: %d\n%s", status, text)
	}
}

// TestTokenBesideServer checks that the owner of the file gets a token while the
// server runs on it.
func TestTokenBesideServer(t *testing.T) {
	db := filepath.Join(t.TempDir(), "crmkit.db")
	p := serve(t, "--db", db, "--token-for", "you@example.com")
	out, err := command(t, "token", "--email", "you@example.com", "--db", db, "--name", "second").Output()
	if err != nil || !regexp.MustCompile(`\Ack_[0-9A-Za-z]{38}\n\z`).Match(out) {
		t.Fatalf("crmkit token: %v\n%s", err, out)
	}
	if status, text := p.as(strings.TrimSpace(string(out)), "POST", "/contacts", `{"name":"Jane Doe"}`); status != 201 {
		t.Errorf("the token does not work: %d %s", status, text)
	}
	if _, text := p.do("GET", "/contacts", ""); !strings.Contains(text, "Jane Doe") {
		t.Errorf("the tokens act in different workspaces:\n%s", text)
	}
	if status, text := p.do("GET", "/tokens", ""); status != 200 || !strings.Contains(text, "name=second ") {
		t.Errorf("GET /tokens: %d\n%s", status, text)
	}
}

func TestTokenOfMemory(t *testing.T) {
	if _, _, err := run(t, "token", "--email", "you@example.com", "--db", ":memory:"); err == nil || !strings.Contains(err.Error(), "--token-for") {
		t.Errorf("error %v, want one that points to serve --token-for", err)
	}
}

// TestDrain ends a server in the middle of a request: the request is answered,
// what it wrote is kept, new connections are refused, and the exit code is 0.
func TestDrain(t *testing.T) {
	for _, sig := range []os.Signal{syscall.SIGTERM, os.Interrupt} {
		t.Run(sig.String(), func(t *testing.T) {
			db := filepath.Join(t.TempDir(), "crmkit.db")
			p := serve(t, "--db", db, "--token-for", "you@example.com")
			const body = `{"name":"Slow Jane"}`
			conn := halfway(t, p, "POST /contacts", len(body))
			p.signal(sig)
			refused(t, strings.TrimPrefix(p.url, "http://"))
			fmt.Fprint(conn, body)
			answer, err := io.ReadAll(conn)
			if err != nil || !strings.HasPrefix(string(answer), "HTTP/1.1 201 ") {
				t.Errorf("the request under way: %v\n%s", err, answer)
			}
			if code := p.wait(); code != 0 {
				t.Errorf("exit code %d\n%s", code, p.stderr.text())
			}
			next := serve(t, "--db", db)
			if _, text := next.as(p.token, "GET", "/contacts", ""); !strings.Contains(text, "Slow Jane") {
				t.Errorf("the answered write is gone:\n%s", text)
			}
		})
	}
}

// halfway sends a request without its body and returns when the server asks for the body,
// so that the request has begun (RFC 9110 section 10.1.1).
func halfway(t *testing.T, p *running, line string, length int) io.ReadWriter {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(p.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(conn, "%s HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer %s\r\nContent-Length: %d\r\nExpect: 100-continue\r\n\r\n", line, p.token, length)
	in := bufio.NewReader(conn)
	status, err := in.ReadString('\n')
	if err != nil || !strings.HasPrefix(status, "HTTP/1.1 100 ") {
		t.Fatalf("the server does not wait for the body: %v, %q", err, status)
	}
	if _, err := in.ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	return struct {
		io.Reader
		io.Writer
	}{in, conn}
}

// refused waits until connections to the address are refused.
func refused(t *testing.T, address string) {
	t.Helper()
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		conn, err := net.Dial("tcp", address)
		if err != nil {
			return
		}
		conn.Close()
	}
	t.Fatal("the server still takes connections after the signal")
}

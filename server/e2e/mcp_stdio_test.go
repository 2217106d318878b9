package e2e

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// pipe is a running crmkit mcp.
type pipe struct {
	t      *testing.T
	cmd    *exec.Cmd
	in     io.WriteCloser
	out    *bufio.Scanner
	stderr *lines
}

func mcp(t *testing.T, args ...string) *pipe {
	t.Helper()
	p := &pipe{t: t, cmd: command(t, append([]string{"mcp"}, args...)...), stderr: newLines()}
	p.cmd.Stderr = p.stderr
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	p.out = bufio.NewScanner(out)
	p.out.Buffer(nil, 4<<20)
	if p.in, err = p.cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.cmd.Process.Kill() })
	return p
}

func (p *pipe) send(line string) {
	p.t.Helper()
	if _, err := io.WriteString(p.in, line+"\n"); err != nil {
		p.t.Fatal(err)
	}
}

// next returns the next answer.
func (p *pipe) next() map[string]any {
	p.t.Helper()
	var answer map[string]any
	if !p.out.Scan() {
		p.t.Fatalf("no answer\n%s", p.stderr.text())
	}
	if err := json.Unmarshal(p.out.Bytes(), &answer); err != nil {
		p.t.Fatalf("%v in %s", err, p.out.Text())
	}
	return answer
}

// ends waits for the end of the command and returns the rest of its output.
func (p *pipe) ends(code int) (rest []string) {
	p.t.Helper()
	for p.out.Scan() {
		rest = append(rest, p.out.Text())
	}
	if err := p.cmd.Wait(); p.cmd.ProcessState.ExitCode() != code {
		p.t.Errorf("%v, want exit code %d\n%s", err, code, p.stderr.text())
	}
	return rest
}

func request(id int, method, path, body string) string {
	arguments := fmt.Sprintf(`{"method":%q,"path":%q`, method, path)
	if body != "" {
		arguments += `,"body":` + body
	}
	return fmt.Sprintf(`{"jsonrpc":"2.0","id":%d,"method":"tools/call","params":{"name":"request","arguments":%s}}}`, id, arguments)
}

const (
	hello       = `{"jsonrpc":"2.0","id":"hello","method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"t","version":"1"}}}`
	initialized = `{"jsonrpc":"2.0","method":"notifications/initialized"}`
)

// TestStdioSession checks that messages are served in their order, that only
// requests are answered, that only a message that is too long is refused, and that
// everything before the end of the input is done.
func TestStdioSession(t *testing.T) {
	file := filepath.Join(t.TempDir(), "crmkit.db")
	p := mcp(t, "--db", file)
	p.send(hello)
	p.send(initialized)
	p.send(`{"jsonrpc":"2.0","id":1,"result":{}}`)
	if answer := p.next(); answer["id"] != "hello" || !strings.Contains(fmt.Sprint(answer), "2025-11-25") {
		t.Errorf("initialize: %v", answer)
	}
	p.send(strings.Repeat("x", 3<<20))
	if answer := fmt.Sprint(p.next()); !strings.Contains(answer, "body_too_large") {
		t.Errorf("a long line: %s", answer)
	}
	const pairs = 100
	for n := range pairs {
		p.send(request(2*n, "POST", "/contacts", fmt.Sprintf(`{"name":"Jane","email":"jane%d@acme.com"}`, n)))
		p.send(request(2*n+1, "GET", "/contacts?total=exact", ""))
	}
	if err := p.in.Close(); err != nil {
		t.Fatal(err)
	}
	for n := range pairs {
		made, list := p.next(), p.next()
		if made["id"] != float64(2*n) || !strings.Contains(fmt.Sprint(made), "# created") || !strings.Contains(fmt.Sprint(list), fmt.Sprintf("of %d contact", n+1)) {
			t.Fatalf("pair %d: %v %v", n, made, list)
		}
	}
	if rest := p.ends(0); len(rest) > 0 {
		t.Errorf("answers to nothing: %q", rest)
	}
	srv := serve(t, "--db", file)
	token, err := command(t, "token", "--email", "me@crmkit.local", "--db", file).Output()
	if err != nil {
		t.Fatal(err)
	}
	if _, tokens := srv.as(strings.TrimSpace(string(token)), "GET", "/tokens", ""); strings.Contains(tokens, `name="crmkit mcp"`) {
		t.Errorf("the command left its token:\n%s", tokens)
	}
}

// TestStdioBesideOthers runs two commands and a server on one file.
func TestStdioBesideOthers(t *testing.T) {
	file := filepath.Join(t.TempDir(), "crmkit.db")
	srv := serve(t, "--db", file, "--token-for", "jane@acme.com")
	one, two := mcp(t, "--db", file), mcp(t, "--db", file, "--email", "jane@acme.com")
	one.send(request(1, "POST", "/deals", `{"title":"one"}`))
	one.next()
	two.send(request(1, "GET", "/deals", ""))
	if got := fmt.Sprint(two.next()); !strings.Contains(got, "title=one") {
		t.Errorf("the second command sees %s", got)
	}
	if _, list := srv.as(srv.token, "GET", "/deals", ""); !strings.Contains(list, "title=one") {
		t.Errorf("the server sees %s", list)
	}
	for _, p := range []*pipe{one, two} {
		p.in.Close()
		p.ends(0)
	}
}

// TestStdioStops checks that a command that is stopped answers the message it works on.
func TestStdioStops(t *testing.T) {
	p := mcp(t, "--db", filepath.Join(t.TempDir(), "crmkit.db"))
	p.send(hello)
	p.next()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if rest := p.ends(0); len(rest) > 0 {
		t.Errorf("answers to nothing: %q", rest)
	}
}

// TestStdioClientGone checks that no token remains when the client stops reading.
func TestStdioClientGone(t *testing.T) {
	file := filepath.Join(t.TempDir(), "crmkit.db")
	cmd := command(t, "mcp", "--db", file)
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	out.Close()
	for n := 0; n < 1000; n++ {
		if _, err := io.WriteString(in, request(n, "GET", "/whoami", "")+"\n"); err != nil {
			break
		}
	}
	in.Close()
	if err := cmd.Wait(); cmd.ProcessState.ExitCode() != 1 {
		t.Errorf("%v: a broken pipe is an error", err)
	}
	srv := serve(t, "--db", file, "--token-for", "me@crmkit.local")
	if _, tokens := srv.as(srv.token, "GET", "/tokens", ""); strings.Contains(tokens, `name="crmkit mcp"`) {
		t.Errorf("the command left its token:\n%s", tokens)
	}
}

func TestStdioToAServer(t *testing.T) {
	srv := serve(t, "--db", ":memory:", "--token-for", "jane@acme.com")
	p := mcp(t, "--url", srv.url, "--token", srv.token)
	p.send(hello)
	p.send(initialized)
	p.send(request(1, "GET", "/whoami", ""))
	p.next()
	who := fmt.Sprint(p.next())
	if !strings.Contains(who, "email=jane@acme.com") {
		t.Errorf("whoami: %s", who)
	}
	id := strings.Fields(strings.SplitAfter(who, "token_id=")[1])[0]
	if _, text := srv.as(srv.token, "DELETE", "/tokens/"+id, ""); !strings.Contains(text, "deleted") {
		t.Fatal(text)
	}
	p.send(initialized)
	p.send(request(2, "GET", "/whoami", ""))
	if answer := p.next(); answer["id"] != float64(2) || !strings.Contains(fmt.Sprint(answer), "invalid_token") {
		t.Errorf("after the token was revoked: %v", answer)
	}
	p.in.Close()
	if rest := p.ends(0); len(rest) > 0 {
		t.Errorf("answers to nothing: %q", rest)
	}
}

// TestStdioServerAway checks that the client gets an error for a server that is down, and
// for one that does not answer within the client's limit.
func TestStdioServerAway(t *testing.T) {
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed.Close()
	p := mcp(t, "--url", "http://"+closed.Addr().String(), "--token", "ck_x")
	p.send(initialized)
	p.send(hello)
	if answer := p.next(); answer["id"] != "hello" || answer["error"] == nil {
		t.Errorf("no server: %v", answer)
	}
	p.in.Close()
	p.ends(0)

	mute, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer mute.Close()
	p = mcp(t, "--url", "http://"+mute.Addr().String(), "--token", "ck_x")
	p.send(hello)
	began := time.Now()
	p.in.Close()
	if answer := p.next(); answer["id"] != "hello" || answer["error"] == nil {
		t.Errorf("a mute server: %v", answer)
	}
	p.ends(0)
	if waited := time.Since(began); waited > patience/2 {
		t.Errorf("waited %v for a server that never answers", waited)
	}
}

func TestStdioRefuses(t *testing.T) {
	for want, args := range map[string][]string{
		"write https":         {"--url", "http://crm.example.com", "--token", "ck_x"},
		"needs a token":       {"--url", "https://crm.example.com"},
		"--email chooses":     {"--url", "https://crm.example.com", "--token", "ck_x", "--email", "jane@acme.com"},
		"write the origin of": {"--url", "https://crm.example.com/mcp", "--token", "ck_x"},
	} {
		out, err := command(t, append([]string{"mcp"}, args...)...).CombinedOutput()
		if err == nil || !strings.Contains(string(out), want) {
			t.Errorf("%v: %v %s", args, err, out)
		}
	}
}

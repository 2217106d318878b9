package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// scratch is where the binary under test is built; TestMain removes it.
var scratch string

func TestMain(m *testing.M) { os.Exit(testMain(m)) }

func testMain(m *testing.M) int {
	dir, err := os.MkdirTemp("", "crmkit-test-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	scratch = dir
	return m.Run()
}

// built returns the path of the binary that SMOKE_BINARY names, or else of one
// built once per run, as it is released.
var built = sync.OnceValues(func() (string, error) {
	if path := os.Getenv("SMOKE_BINARY"); path != "" {
		return filepath.Abs(path)
	}
	path := filepath.Join(scratch, "crmkit")
	build := exec.Command("go", "build", "-trimpath", "-o", path, ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build: %w\n%s", err, out)
	}
	return path, nil
})

func binary(t testing.TB) string {
	t.Helper()
	path, err := built()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// patience bounds how long a test waits for a process before it gives up on it.
const patience = 5 * time.Minute

// command returns the binary with arguments, in a directory of its own unless
// the caller sets another, and with none of the settings around the test.
func command(t testing.TB, args ...string) *exec.Cmd {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	cmd := exec.CommandContext(ctx, binary(t), args...)
	cmd.Dir = t.TempDir()
	for _, entry := range os.Environ() {
		if !strings.HasPrefix(entry, "CRMKIT_") {
			cmd.Env = append(cmd.Env, entry)
		}
	}
	return cmd
}

// running is a server that runs.
type running struct {
	t      testing.TB
	cmd    *exec.Cmd
	stdout *lines
	stderr *lines
	url    string
	token  string // when the arguments hold --token-for
}

// serve starts a server on a free port and waits until it is ready.
func serve(t testing.TB, args ...string) *running {
	t.Helper()
	return start(t, served(t, args...))
}

// served is the command of a local server on a free port.
func served(t testing.TB, args ...string) *exec.Cmd {
	t.Helper()
	return command(t, append([]string{"serve", "--local", "--listen", "127.0.0.1:0"}, args...)...)
}

// start runs the command until it is ready.
func start(t testing.TB, cmd *exec.Cmd) *running {
	t.Helper()
	p, err := launch(t, cmd)
	if err != nil {
		t.Fatalf("%v: %v\n%s", cmd.Args[1:], err, p.stderr.text())
	}
	return p
}

// launch runs the command until it is ready or has ended, which is an error.
func launch(t testing.TB, cmd *exec.Cmd) (*running, error) {
	t.Helper()
	p := &running{t: t, cmd: cmd, stdout: newLines(), stderr: newLines()}
	cmd.Stdout, cmd.Stderr = p.stdout, p.stderr
	if err := cmd.Start(); err != nil {
		return p, err
	}
	ended := make(chan error, 1)
	go func() {
		ended <- cmd.Wait()
		p.stdout.end()
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Kill() // it has mostly ended by now
		p.stdout.wait(-1)
	})
	if !p.stdout.wait(1) {
		return p, <-ended
	}
	ready, rest, _ := strings.Cut(p.stdout.text(), "\n")
	p.url = strings.TrimPrefix(ready, "crmkit listening on ")
	p.token = strings.TrimPrefix(strings.TrimSuffix(rest, "\n"), "crmkit token ")
	return p, nil
}

// stop ends the server as an operator would and returns its exit code.
func (p *running) stop() int {
	p.t.Helper()
	p.signal(syscall.SIGTERM)
	return p.wait()
}

func (p *running) signal(sig os.Signal) {
	p.t.Helper()
	if err := p.cmd.Process.Signal(sig); err != nil {
		p.t.Fatalf("signal %v: %v", sig, err)
	}
}

// wait returns the exit code, -1 after a signal that killed the process.
func (p *running) wait() int {
	p.stdout.wait(-1)
	return p.cmd.ProcessState.ExitCode()
}

// do sends a request with the process's token and returns the answer.
func (p *running) do(method, path, body string) (status int, text string) {
	p.t.Helper()
	return p.as(p.token, method, path, body)
}

func (p *running) as(token, method, path, body string) (status int, text string) {
	p.t.Helper()
	req, err := http.NewRequest(method, p.url+path, strings.NewReader(body))
	if err != nil {
		p.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		p.t.Fatal(err)
	}
	defer res.Body.Close()
	data, err := io.ReadAll(res.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	return res.StatusCode, string(data)
}

// lines collects what a process writes and lets a test wait for it.
type lines struct {
	mu    sync.Mutex
	more  *sync.Cond
	data  bytes.Buffer
	ended bool
}

func newLines() *lines {
	l := &lines{}
	l.more = sync.NewCond(&l.mu)
	return l
}

func (l *lines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.more.Broadcast()
	return l.data.Write(b)
}

func (l *lines) end() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ended = true
	l.more.Broadcast()
}

func (l *lines) text() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.data.String()
}

// wait returns true when there are n lines, and false when the process ended
// before; with n below zero it waits for the end.
func (l *lines) wait(n int) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	for {
		if n >= 0 && bytes.Count(l.data.Bytes(), []byte("\n")) >= n {
			return true
		}
		if l.ended {
			return false
		}
		l.more.Wait()
	}
}

// needs returns the path of a program the test cannot do without. Where it is
// missing the test is skipped, but never in CI.
func needs(t *testing.T, program string) string {
	t.Helper()
	path, err := exec.LookPath(program)
	if err == nil {
		return path
	}
	lacks(t, "no %s here", program)
	return ""
}

// lacks skips a test that the machine cannot make and says why. CI must be able to
// make every one.
func lacks(t *testing.T, why string, args ...any) {
	t.Helper()
	if os.Getenv("CI") != "" {
		t.Fatalf("CI must not skip this: "+why, args...)
	}
	t.Skipf(why, args...)
}

// inside runs run in this process, as main does, and returns what it printed.
func inside(t *testing.T, args ...string) (stdout, stderr string, err error) {
	t.Helper()
	var out, log bytes.Buffer
	err = run(t.Context(), args, console{&out, &log})
	return out.String(), log.String(), err
}

func TestVersion(t *testing.T) {
	if out, _, err := inside(t, "version"); err != nil || out != "crmkit "+version+"\n" {
		t.Errorf("version: %q, %v", out, err)
	}
	if out, err := command(t, "version").Output(); err != nil || string(out) != "crmkit dev\n" {
		t.Errorf("version of the binary: %q, %v", out, err)
	}
}

// TestHelp holds that asking for help runs nothing, also with arguments that
// would serve.
func TestHelp(t *testing.T) {
	for _, args := range [][]string{{"--help"}, {"serve", "--help", "--local"}, {"token", "--help"}} {
		out, _, err := inside(t, args...)
		if err != nil || !strings.Contains(out, "Usage: crmkit") || strings.Contains(out, "listening") {
			t.Errorf("%v: %v\n%s", args, err, out)
		}
	}
}

func TestWrongArguments(t *testing.T) {
	for _, args := range [][]string{{"serv"}, {"serve", "--lokal"}, {"token"}, {"serve", "--log-format", "xml"}} {
		out, _, err := inside(t, args...)
		if err == nil || !strings.Contains(err.Error(), "see crmkit --help") || out != "" {
			t.Errorf("%v: error %v, stdout %q", args, err, out)
		}
	}
	cmd := command(t, "serv")
	out, err := cmd.CombinedOutput()
	if err == nil || cmd.ProcessState.ExitCode() != 1 || !strings.HasPrefix(string(out), "crmkit: ") {
		t.Errorf("exit code %d, want 1 and a line that starts with crmkit:\n%s", cmd.ProcessState.ExitCode(), out)
	}
}

// TestAskedForHelp holds that what people try first is answered.
func TestAskedForHelp(t *testing.T) {
	for _, args := range [][]string{nil, {"help"}, {"help", "serve"}, {"--help"}} {
		out, _, err := inside(t, args...)
		if want := "Usage: crmkit"; err != nil || !strings.HasPrefix(out, want) {
			t.Errorf("crmkit %v: %v, %q", args, err, out)
		}
	}
	for _, args := range [][]string{{"--version"}, {"-v"}} {
		if out, _, err := inside(t, args...); err != nil || out != "crmkit "+version+"\n" {
			t.Errorf("crmkit %v: %v, %q", args, err, out)
		}
	}
}

// TestJSONLogHoldsEverything starts a server that fails, and one that serves: each line
// on standard error is JSON, and the start names the version.
func TestJSONLogHoldsEverything(t *testing.T) {
	t.Parallel()
	out := &bytes.Buffer{}
	cmd := command(t, "serve", "--local", "--log-format=json", "--db=nowhere/crm.db")
	cmd.Stderr = out
	if err := cmd.Run(); err == nil {
		t.Error("it serves a file in a folder that is not there")
	}
	p := serve(t, "--log-format=json", "--db", ":memory:")
	p.do("GET", "/nowhere", "")
	p.stop()
	lines := out.String() + p.stderr.text()
	for line := range strings.Lines(lines) {
		if !json.Valid([]byte(line)) {
			t.Errorf("a plain line: %s", line)
		}
	}
	for _, want := range []string{`"msg":"crmkit serve failed"`, `the folder cannot be used`, `"msg":"started","version":"dev"`, `"took_ms":`} {
		if !strings.Contains(lines, want) {
			t.Errorf("no %s in\n%s", want, lines)
		}
	}
}

// TestUnixSocket serves on a socket, also where a server that was killed left its own.
func TestUnixSocket(t *testing.T) {
	t.Parallel()
	dir, err := os.MkdirTemp("", "crmkit-")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "crm.sock")
	listen := func() *running {
		return start(t, command(t, "serve", "--local", "--db=:memory:", "--listen=unix:"+path, "--token-for=you@example.com"))
	}
	p := listen()
	if p.url != "unix:"+path {
		t.Errorf("the ready line names %s", p.url)
	}
	ask := func(token string) (int, string) {
		client := http.Client{Transport: &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", path)
		}}}
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://localhost/whoami", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+token)
		res, err := client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		text, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		return res.StatusCode, string(text)
	}
	if status, text := ask(p.token); status != 200 || !strings.Contains(text, "you@example.com") {
		t.Errorf("whoami: %d %s", status, text)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o660 {
		t.Errorf("the socket: %v, %v", info, err)
	}
	out, err := command(t, "serve", "--local", "--db=:memory:", "--listen=unix:"+path).CombinedOutput()
	if err == nil || !strings.Contains(string(out), "another process listens on") {
		t.Errorf("a second server: %v %s", err, out)
	}
	if err := p.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	p.stdout.wait(-1)
	p = listen()
	if status, text := ask(p.token); status != 200 {
		t.Errorf("after a kill: %d %s", status, text)
	}
	p.stop()
}

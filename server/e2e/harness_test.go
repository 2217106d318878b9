// Package e2e tests the built binary over its ports, its standard streams and its files, as a user
// runs it. It never calls the code of the program, except to make and compare files of benchmarks.
//
// The binary is built once, as it is released. Tests that take minutes, or programs that
// a machine may lack, say what they need (needs_test.go).
package e2e

import (
	"bytes"
	"context"
	"fmt"
	"io"
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

// built returns the path of the binary that SMOKE_BINARY names, or of one that is built
// once per run, in the way it is released.
var built = sync.OnceValues(func() (string, error) {
	if path := os.Getenv("SMOKE_BINARY"); path != "" {
		return filepath.Abs(path)
	}
	path := filepath.Join(scratch, "crmkit")
	build := exec.Command("go", "build", "-trimpath", "-o", path, repository)
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

// patience is how long a test waits for a process before it fails.
const patience = 5 * time.Minute

// command returns the binary with arguments, in a directory of its own, and without the
// CRMKIT_ settings of the environment.
func command(t testing.TB, args ...string) *exec.Cmd {
	t.Helper()
	return commandWithin(t, patience, args...)
}

// commandWithin is command for a process that may take longer than others.
func commandWithin(t testing.TB, most time.Duration, args ...string) *exec.Cmd {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), most)
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

// running is a server process.
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

// served returns the command of a local server on a free port.
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

// launch runs the command until it is ready. It is an error if the process ends first.
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

// stop ends the server with SIGTERM, as an operator does, and returns its exit code.
func (p *running) stop() int {
	p.t.Helper()
	p.signal(syscall.SIGTERM)
	return p.wait()
}

func (p *running) signal(sig os.Signal) {
	p.t.Helper()
	if err := p.cmd.Process.Signal(sig); err != nil {
		p.t.Fatalf("signal %v: %v\n%s", sig, err, tail(p.stderr.text()))
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
	status, text, err := p.try(token, method, path, body)
	if err != nil {
		p.t.Fatal(err)
	}
	return status, text
}

// try is as for a process that may be gone.
func (p *running) try(token, method, path, body string) (status int, text string, err error) {
	req, err := http.NewRequest(method, p.url+path, strings.NewReader(body))
	if err != nil {
		return 0, "", err
	}
	req.Header.Set("Authorization", "Bearer "+token)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, "", err
	}
	defer res.Body.Close()
	data, err := io.ReadAll(res.Body)
	return res.StatusCode, string(data), err
}

// lines collects the output of a process and lets a test wait for it.
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

// wait returns true when there are n lines, and false if the process ended before that. If
// n is negative it waits for the end.
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

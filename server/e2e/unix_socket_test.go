package e2e

import (
	"context"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// whoami asks the server on a Unix socket who the token is.
func whoami(t *testing.T, path, token string) (status int, text string) {
	t.Helper()
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
	data, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(data)
}

// TestUnixSocket serves on a socket, also where a killed server left its socket behind.
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
	if status, text := whoami(t, path, p.token); status != 200 || !strings.Contains(text, "you@example.com") {
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
	if status, text := whoami(t, path, p.token); status != 200 {
		t.Errorf("after a kill: %d %s", status, text)
	}
	p.stop()
}

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

package e2e

import (
	"compress/gzip"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
)

// oldFile unpacks a database that an earlier schema made.
func oldFile(t *testing.T, schema string) string {
	t.Helper()
	packed, err := os.Open(source("store/testdata/schema-" + schema + ".db.gz"))
	if err != nil {
		t.Fatal(err)
	}
	defer packed.Close()
	reader, err := gzip.NewReader(packed)
	if err != nil {
		t.Fatal(err)
	}
	data, err := io.ReadAll(reader)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "crmkit.db")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestSecondServer checks that a file has one server, that other commands work while it
// runs, and that a killed server blocks nobody.
func TestSecondServer(t *testing.T) {
	db := filepath.Join(t.TempDir(), "crmkit.db")
	first := serve(t, "--db", db)
	second, err := launch(t, command(t, "serve", "--local", "--listen", "127.0.0.1:0", "--db", db))
	if err == nil || !strings.Contains(second.stderr.text(), "in use by crmkit serve, process ") || strings.Contains(second.stdout.text(), "listening") {
		t.Errorf("the second server: %v\n%s", err, second.stderr.text())
	}
	token, err := command(t, "token", "--email", "you@example.com", "--db", db).Output()
	if err != nil {
		t.Fatalf("crmkit token beside the server: %v", err)
	}
	if status, text := first.as(strings.TrimSpace(string(token)), "GET", "/whoami", ""); status != 200 {
		t.Errorf("with its token: %d %s", status, text)
	}
	first.signal(syscall.SIGKILL)
	first.wait()
	serve(t, "--db", db).stop()
}

// TestStartsAtOnce starts commands at the same time on a file that has to be created or upgraded.
// All must succeed.
func TestStartsAtOnce(t *testing.T) {
	long(t, "left out: tests that take minutes")
	fresh := filepath.Join(t.TempDir(), "crmkit.db")
	if err := os.WriteFile(fresh, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, db := range map[string]string{"new": fresh, "old": oldFile(t, "0001")} {
		t.Run(name, func(t *testing.T) {
			var done sync.WaitGroup
			for range 5 {
				cmd := command(t, "token", "--email", "you@example.com", "--create", "--db", db)
				done.Go(func() {
					var said strings.Builder
					cmd.Stderr = &said
					if out, err := cmd.Output(); err != nil || !strings.HasPrefix(string(out), "ck_") || strings.Contains(said.String(), "level=WARN") {
						t.Errorf("crmkit token: %v\n%s%s", err, out, said.String())
					}
				})
			}
			defer done.Wait() // also where the server does not start
			p := serve(t, "--db", db, "--token-for", "you@example.com")
			done.Wait()
			if status, text := p.do("GET", "/tokens", ""); status != 200 || !strings.Contains(text, "# 6 of 6 tokens") {
				t.Errorf("tokens: %d\n%s", status, text)
			}
		})
	}
}

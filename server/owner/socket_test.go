//go:build unix

package owner

import (
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestSocketsWithLongNames checks that a socket can be made, used and replaced whose path is
// longer than its address has room for.
func TestSocketsWithLongNames(t *testing.T) {
	folder := filepath.Join(t.TempDir(), strings.Repeat("x", 150))
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(folder, "crm.db")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second one replaces a socket that a killed process left
		l, err := listen(path)
		if err != nil {
			t.Fatal(err)
		}
		go func() {
			if conn, err := l.Accept(); err == nil {
				io.WriteString(conn, "hello")
				conn.Close()
			}
		}()
		conn, err := dial(t.Context(), path)
		if err != nil {
			t.Fatal(err)
		}
		if said, err := io.ReadAll(conn); string(said) != "hello" || err != nil {
			t.Errorf("the socket says %q %v", said, err)
		}
		conn.Close()
		l.Close()
	}
	info, err := os.Lstat(socketName(path))
	if err != nil || info.Mode() != fs.ModeSocket|0o600 {
		t.Errorf("the socket: %v %v", info.Mode(), err)
	}
	if left, _ := os.ReadDir(folder); len(left) != 2 {
		t.Errorf("%v are in the folder, want the file and the socket", left)
	}
}

package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestReadOnlyFolder checks that a server refuses a folder that cannot be written,
// also as root, whom permissions do not stop.
func TestReadOnlyFolder(t *testing.T) {
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o500); err != nil {
		t.Fatal(err)
	}
	if os.Geteuid() == 0 {
		if err := syscall.Mount("none", dir, "tmpfs", syscall.MS_RDONLY, ""); err != nil {
			lacks(t, "root writes where nobody may, and cannot mount here: %v", err)
		}
		t.Cleanup(func() { _ = syscall.Unmount(dir, 0) })
	}
	p, err := launch(t, command(t, "serve", "--local", "--listen", "127.0.0.1:0", "--db", filepath.Join(dir, "crmkit.db")))
	if err == nil || !strings.Contains(p.stderr.text(), dir+" cannot be written") {
		t.Errorf("a read-only folder: %v\n%s", err, p.stderr.text())
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) > 0 {
		t.Errorf("in it: %v, %v", entries, err)
	}
}

package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestNotReadyOnFullDisk fills the disk of a server. The server refuses writes, is not ready,
// still answers reads, and recovers by itself once there is space.
func TestNotReadyOnFullDisk(t *testing.T) {
	long(t, "left out: processes and disks that fail")
	t.Parallel()
	dir := t.TempDir()
	if err := syscall.Mount("crmkit-test", dir, "tmpfs", 0, "size=4m"); err != nil {
		lacks(t, "no small disk, which takes root: %v", err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(dir, syscall.MNT_DETACH) })
	p := serve(t, "--db", filepath.Join(dir, "crmkit.db"), "--token-for", "you@example.com")
	p.stdout.wait(2)
	p.becomes(t, 200)
	filler := filepath.Join(dir, "filler")
	data := make([]byte, 4<<20)
	if err := os.WriteFile(filler, data, 0o600); err == nil || !strings.Contains(err.Error(), "no space") {
		t.Fatalf("the disk is not full: %v", err)
	}
	body := fmt.Sprintf(`{"name":"Jane","notes":%q}`, strings.Repeat("long ", 10000))
	eventually(t, patience, func() bool { status, _ := p.do("POST", "/contacts", body); return status == 503 })
	holds(t, p.becomes(t, 503), "ERROR not_ready")
	if status, text := p.do("GET", "/contacts?limit=1", ""); status != 200 {
		t.Errorf("reads fail too: %d %s", status, text)
	}
	if err := os.Remove(filler); err != nil {
		t.Fatal(err)
	}
	p.becomes(t, 200)
	if status, text := p.do("POST", "/contacts", body); status != 201 {
		t.Errorf("after there is room: %d %s", status, text)
	}
}

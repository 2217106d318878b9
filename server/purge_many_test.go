package server_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"crmkit/store"
	"crmkit/store/sqlite"
)

// TestPurgeThenBackup purges a contact with thousands of activities, in a workspace whose log is before that of another
// one, so that its entries are inserted between others. SQLite leaves copies of what it moves between pages in their
// unused bytes. The file has no byte of the contact then, and a backup, which is checked, neither.
func TestPurgeThenBackup(t *testing.T) {
	onlyOnSQLite(t, "PostgreSQL has programs of its own for backups")
	r := onFile(t).as("jane@acme.com")
	jane := r.header
	r.as("eve@other.example")
	for i := range 30 {
		r.want(201, "POST", "/companies", fmt.Sprintf(`{"name":"Other %d","notes":"%s"}`, i, strings.Repeat("y", i*9)))
	}
	r.header = jane
	c := r.json(201, "POST", "/contacts", `{"name":"Zed","notes":"fatmarker"}`)["id"].(string)
	for from := 0; from < 3000; from += 500 {
		var lines []string
		for i := from; i < from+500; i++ {
			lines = append(lines, fmt.Sprintf(`{"method":"POST","path":"/contacts/%s/activities","body":{"kind":"note","body":"activity %d fatmarker%s"}}`, c, i, strings.Repeat("-fatbody", i*7%13)))
		}
		r.want(200, "POST", "/batch", "["+strings.Join(lines, ",")+"]")
	}
	r.purged("/contacts/" + c)
	if err := r.store.Settle(t.Context()); err != nil {
		t.Fatal(err)
	}
	m := &marked{rig: r}
	if n := bytes.Count(m.dumped(), []byte("fatmarker")); n > 0 {
		t.Errorf("the file has it %d times", n)
	}
	m.marks = []string{"fatmarker"}
	if rows := m.where(m.marks); rows != "" {
		t.Error(rows)
	}
	copied := filepath.Join(t.TempDir(), "copy.db")
	if _, err := (sqlite.Backup{Schema: store.FileSchema(), From: r.opts.Path, To: copied}).Write(t.Context()); err != nil {
		t.Fatal(err)
	}
	if content, err := os.ReadFile(copied); err != nil || bytes.Contains(content, []byte("fatmarker")) {
		t.Error("the backup still has it", err)
	}
}

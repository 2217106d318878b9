package server_test

import (
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"crmkit/store"
	"crmkit/store/account"
)

// Several servers on one database share the dry runs and the imports that confirm them.

// twoServers returns two servers on one database of PostgreSQL, each with a rig of its own.
func twoServers(t *testing.T) (one, two *rig) {
	t.Helper()
	one = newRigWith(t, store.Options{Path: setup{"postgres", 1}.address(t)}).as("jane@acme.com")
	return one, one.beside(nil)
}

// storageUsed returns how many bytes the workspace uses.
func (r *rig) storageUsed() int64 {
	r.t.Helper()
	n, err := strconv.ParseInt(regexp.MustCompile(`storage: (\d+)`).FindStringSubmatch(r.want(200, "GET", "/whoami", ""))[1], 10, 64)
	if err != nil {
		r.t.Fatal(err)
	}
	return n
}

// contacts returns how many contacts there are.
func (r *rig) contacts() string {
	r.t.Helper()
	return fmt.Sprint(r.json(200, "GET", "/contacts?total=exact", "")["total"])
}

// TestServersConfirmDryRunsOfOthers has one server make dry runs of a small and a large file, and another one
// confirm them without the file. Both give the result afterwards, and the storage of the files is free.
func TestServersConfirmDryRunsOfOthers(t *testing.T) {
	one, two := twoServers(t)
	large := "name,email,notes\n" + strings.Repeat("Ann,ann@acme.com,"+strings.Repeat("n", 1000)+"\n", 2000)
	for _, file := range []string{twoRows, large} {
		before := one.storageUsed()
		token := one.dryRun("/import/contacts?dry_run=1", file)
		if n := two.storageUsed() - before; n != int64(len(file)) {
			t.Errorf("a file of %d bytes takes %d", len(file), n)
		}
		if a := two.call("POST", "/import/contacts?confirm="+token, file+"\n"); a.status != 400 || !strings.Contains(a.body, "another body") {
			t.Errorf("%d %s", a.status, a.body)
		}
		text := two.want(200, "POST", "/import/contacts?confirm="+token, "")
		_, result, _ := strings.Cut(changeLine.ReplaceAllString(text, ""), "# imported: ")
		if result == "" {
			t.Error(text)
		}
		for _, r := range []*rig{one, two} {
			if text := r.want(200, "POST", "/import/contacts?confirm="+token, ""); !strings.HasPrefix(text, "# already done") || !endsWith(text, "# imported: "+result) {
				t.Errorf("a second time: %s", text)
			}
		}
		if left := one.column("SELECT COUNT(*) FROM kept_parts"); left[0] != "0" {
			t.Errorf("%s parts are left", left[0])
		}
	}
	before := one.storageUsed()
	two.want(200, "POST", "/import/contacts?confirm="+one.dryRun("/import/contacts?dry_run=1", large), "")
	if n := one.storageUsed(); n != before {
		t.Errorf("a file that changes nothing leaves %d bytes", n-before)
	}
}

// TestServersConfirmOnce confirms a dry run by two servers at the same time, without the file and with it. One
// saves, and all others get its result.
func TestServersConfirmOnce(t *testing.T) {
	one, two := twoServers(t)
	for round := range 10 {
		file := strings.ReplaceAll(rowsOf(50), "@acme", fmt.Sprintf("@r%d", round))
		token, body := one.dryRun("/import/contacts?dry_run=1&key=email", file), []string{"", file}[round%2]
		var saved, done atomic.Int64
		together(6, func(i int) {
			r := []*rig{one, two}[i%2]
			a := r.call("POST", "/import/contacts?key=email&confirm="+token, body)
			for a.status == 429 { // it runs, or two imports of this server do
				a = r.call("POST", "/import/contacts?key=email&confirm="+token, body)
			}
			switch {
			case strings.HasPrefix(a.body, "# already done"):
				done.Add(1)
			case endsWith(a.body, "# imported: 50 created, 0 updated, 0 unchanged, 0 failed\n"):
				saved.Add(1)
			default:
				t.Errorf("round %d: %d %.300s", round, a.status, a.body)
			}
		})
		if saved.Load() != 1 || done.Load() != 5 || one.contacts() != strconv.Itoa(50*(round+1)) {
			t.Fatalf("round %d: %d saved, %d were done already, %s contacts", round, saved.Load(), done.Load(), one.contacts())
		}
	}
}

// TestServersTakeOverImports has a server begin an import and fall silent in the middle. Another one says that
// it runs, and takes it over after a while, without the file. When the first server is back it saves
// nothing more.
func TestServersTakeOverImports(t *testing.T) {
	for name, back := range map[string]error{"the first goes on": nil, "its client is gone": io.ErrClosedPipe} {
		t.Run(name, func(t *testing.T) {
			one, two := twoServers(t)
			path := "/import/contacts?confirm=" + one.dryRun("/import/contacts?dry_run=1", rowsOf(1000))
			before := one.storageUsed()
			g, ended := one.behind(path, "")
			if a := two.call("POST", path, ""); a.status != 429 || !strings.Contains(a.body, "started by the same token") || a.header.Get("Retry-After") != "5" {
				t.Errorf("while it runs: %d %s", a.status, a.body)
			}
			if part := one.contacts(); part == "0" || part == "1000" {
				t.Errorf("the import is stopped at %s contacts, not in its middle", part)
			}
			one.clock.Advance(account.RunFor)
			if text := two.want(200, "POST", path, ""); !strings.Contains(text, "# imported: ") || !strings.Contains(text, " 0 failed\n") {
				t.Errorf("%.300s", text)
			}
			entries := one.column("SELECT COUNT(*) FROM log")
			g.on <- back
			<-ended
			if now := one.column("SELECT COUNT(*) FROM log"); now[0] != entries[0] || one.contacts() != "1000" {
				t.Errorf("the first server writes %s entries of the log, %s before it was back; %s contacts", now[0], entries[0], one.contacts())
			}
			if back == nil && strings.Contains(g.Body.String(), "# imported: 1000 created") {
				t.Errorf("the first server says that it is done: %.300s", g.Body.String()[max(0, g.Body.Len()-300):])
			}
			if text := one.want(200, "POST", path, ""); !strings.HasPrefix(text, "# already done") {
				t.Error(text)
			}
			if files := one.column("SELECT COUNT(*) FROM kept_files"); files[0] != "0" || one.storageUsed() <= before-int64(len(rowsOf(1000))) {
				t.Errorf("%s files are left", files[0])
			}
		})
	}
}

// TestServersGiveFilesBack breaks off the import of one server: another one confirms it without the file. Files
// that nobody confirms give their storage back, by any server.
func TestServersGiveFilesBack(t *testing.T) {
	one, two := twoServers(t)
	path := "/import/contacts?confirm=" + one.dryRun("/import/contacts?dry_run=1", rowsOf(1000))
	g, ended := one.behind(path, "")
	g.on <- io.ErrClosedPipe
	<-ended
	if text := two.want(200, "POST", path, ""); !endsWith(text, " 0 failed\n") || two.contacts() != "1000" {
		t.Errorf("%s contacts: %.300s", two.contacts(), text[max(0, len(text)-300):])
	}
	before := one.storageUsed()
	one.dryRun("/import/contacts?dry_run=1", twoRows)
	one.dryRun("/import/contacts?dry_run=1", rowsOf(1000))
	one.clock.Advance(account.ConfirmFor + time.Second)
	two.store.Purge(t.Context())
	if n := one.storageUsed(); n != before {
		t.Errorf("files that ended take %d bytes", n-before)
	}
}

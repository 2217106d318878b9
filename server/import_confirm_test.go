package server_test

import (
	"fmt"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"crmkit/crm"
	"crmkit/server"
	"crmkit/store"
)

var confirmToken = regexp.MustCompile(`confirm=(\w+)`)

// dryRun returns the token of a dry run.
func (r *rig) dryRun(path, file string) string {
	r.t.Helper()
	text := r.want(200, "POST", path, file)
	m := regexp.MustCompile(`\n# nothing was saved\n# to do exactly this: repeat with confirm=(\w+)\n$`).FindStringSubmatch(text)
	if m == nil {
		r.t.Fatalf("%s ends without a token: %s", path, text)
	}
	return m[1]
}

const twoRows = "Record ID,Name,E-mail,Seats\n7,Ann,ann@acme.com,3\n8,Bob,bob@acme.com,4\n"

// A confirmation saves the file of its dry run, without a body, once.
func TestDryRunsAreConfirmed(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	token := r.dryRun("/import/contacts?dry_run=1&source=old-crm", twoRows)
	for _, test := range []struct{ what, path, body, says string }{
		{"a dry run", "/import/contacts?dry_run=1&source=old-crm&confirm=" + token, "", "leave dry_run out"},
		{"another source", "/import/contacts?source=other&confirm=" + token, "", `source=old-crm", and this is "POST /import/contacts?source=other"`},
		{"no source", "/import/contacts?confirm=" + token, "", "the token stays as it was"},
		{"another kind", "/import/companies?source=old-crm&confirm=" + token, "", "is for "},
		{"more", "/import/contacts?source=old-crm&atomic=1&confirm=" + token, "", "is for "},
		{"another file", "/import/contacts?source=old-crm&confirm=" + token, twoRows + "\n", "belongs to another body"},
		{"no token", "/import/contacts?source=old-crm&confirm=", "", "confirm= is empty"},
		{"a wrong token", "/import/contacts?source=old-crm&confirm=x" + token, "", "Send the file again"},
	} {
		if a := r.call("POST", test.path, test.body); a.status != 400 || !strings.Contains(a.body, test.says) {
			t.Errorf("%s: %d %s", test.what, a.status, a.body)
		}
	}
	text := r.want(200, "POST", "/import/contacts?source=old-crm&confirm="+token, "")
	if !strings.HasPrefix(text, "row 1 created contact/") || !endsWith(text, "# imported: 2 created, 0 updated, 0 unchanged, 0 failed\n") {
		t.Error(text)
	}
	for _, body := range []string{"", twoRows} {
		again := r.want(200, "POST", "/import/contacts?source=old-crm&confirm="+token, body)
		if !strings.HasPrefix(again, "# already done") || !strings.HasSuffix(again, "# imported: 2 created, 0 updated, 0 unchanged, 0 failed\n"+changeLine.FindString(text)) {
			t.Errorf("a second time: %s", again)
		}
		object := r.json(200, "POST", "/import/contacts?source=old-crm&confirm="+token, body)
		if change := fmt.Sprint(object["change"]); object["already_done"] != true || !strings.HasPrefix(changeLine.FindString(text), "# change "+change+";") {
			t.Errorf("a second time: %v", object)
		}
	}
	if text := r.want(200, "POST", "/import/contacts?source=old-crm", twoRows); !strings.Contains(text, "2 unchanged") {
		t.Errorf("what was confirmed is not what the file says: %s", text)
	}
}

// A token that was used does not answer for another file.
func TestUsedConfirmationsAreOfTheirFile(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	token := r.dryRun("/import/contacts?dry_run=1", twoRows)
	r.want(200, "POST", "/import/contacts?confirm="+token, "")
	if a := r.call("POST", "/import/contacts?confirm="+token, twoRows+"9,Cid,cid@acme.com,5\n"); a.status != 400 || !strings.Contains(a.body, "another file") {
		t.Errorf("%d %s", a.status, a.body)
	}
}

// A file that a later version of the server reads otherwise than its dry run is refused before its
// first row. The file itself is gone with the restart.
func TestStalePlansAreRefused(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	token := r.dryRun("/import/contacts?dry_run=1", twoRows)
	r.serve(server.Options{})
	err := r.store.Write(t.Context(), crm.Actor{}, func(tx *store.Tx) error {
		return tx.Exec("UPDATE confirmations SET decided = REPLACE(decided, 'Seats', 'Chairs')")
	})
	if err != nil {
		t.Fatal(err)
	}
	if text := r.want(409, "POST", "/import/contacts?confirm="+token, twoRows); !strings.Contains(text, "plan_stale") || !strings.Contains(text, "Seats") {
		t.Error(text)
	}
	if n := fmt.Sprint(r.json(200, "GET", "/contacts", "")["total"]); n != "0" {
		t.Errorf("%s contacts were saved", n)
	}
}

// The body may be sent again, in any format; the answer reports what changed since the dry run.
func TestConfirmationsMayRepeatTheBody(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	text := r.want(200, "POST", "/import/contacts?dry_run=1&format=json", twoRows)
	m := regexp.MustCompile(`"dry_run":true,"complete":true,"confirm":"(\w+)"}\n$`).FindStringSubmatch(text)
	if m == nil {
		t.Fatal(text)
	}
	r.want(201, "POST", "/contacts", `{"name":"Bob","email":"bob@acme.com"}`)
	text = r.want(200, "POST", "/import/contacts?confirm="+m[1], twoRows)
	if !endsWith(text, "# the result differs from the dry run, because records changed since, or an earlier try saved a part of it; the dry run had: 2 created, 0 updated, 0 unchanged, 0 failed\n# imported: 1 created, 1 updated, 0 unchanged, 0 failed\n") {
		t.Error(text)
	}
}

// A token is valid for its user in its workspace only.
func TestConfirmationsBelongToTheirUser(t *testing.T) {
	r := newRig(t)
	jane := r.mint("jane@acme.com")
	max := r.join(jane, "max@acme.com", crm.RoleMember)
	other := r.send(jane.token, "POST", "/workspaces", `{"name":"Other"}`).text("id")
	there := r.send(jane.token, "POST", "/workspaces/"+other+"/tokens", "{}").text("token")
	r.header.Set("Authorization", "Bearer "+jane.token)
	token := r.dryRun("/import/contacts?dry_run=1", twoRows)
	for what, bearer := range map[string]string{"another workspace of the user": there, "another user of the workspace": r.send(max.token, "POST", "/workspaces/"+jane.WorkspaceID+"/tokens", "{}").text("token")} {
		if a := r.send(bearer, "POST", "/import/contacts?confirm="+token, ""); a.status != 400 || !strings.Contains(a.body, "Send the file again") {
			t.Errorf("%s: %d %s", what, a.status, a.body)
		}
		if n := fmt.Sprint(r.json(200, "GET", "/contacts", "")["total"]); n != "0" {
			t.Errorf("%s: %s contacts were saved", what, n)
		}
	}
	if text := r.want(200, "POST", "/import/contacts?confirm="+token, ""); !strings.Contains(text, "2 created") {
		t.Error(text)
	}
}

// A token ends after 15 minutes. The server keeps the files of two for a
// workspace, until it stops if they are on its disk; the token of another is valid with its file.
func TestConfirmationsExpire(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	old := r.dryRun("/import/contacts?dry_run=1", twoRows)
	r.clock.Advance(15*time.Minute - time.Second)
	two := r.dryRun("/import/contacts?dry_run=1", twoRows)
	r.clock.Advance(time.Second)
	refused := func(what, token, says string) {
		t.Helper()
		if a := r.call("POST", "/import/contacts?confirm="+token, ""); a.status != 400 || !strings.Contains(a.body, says) {
			t.Errorf("%s: %d %s", what, a.status, a.body)
		}
	}
	refused("after 15 minutes", old, "15 minutes")
	three := r.dryRun("/import/contacts?dry_run=1", twoRows)
	four := r.dryRun("/import/contacts?dry_run=1", twoRows)
	refused("the oldest of three", two, "send the same file again")
	r.want(200, "POST", "/import/contacts?confirm="+two, twoRows)
	r.want(200, "POST", "/import/contacts?confirm="+three, "")
	r.serve(server.Options{})
	if !r.store.Shared() {
		refused("after a start", four, "send the same file again")
	}
	if text := r.want(200, "POST", "/import/contacts?confirm="+four, twoRows); !strings.Contains(text, "2 unchanged") {
		t.Error(text)
	}
}

// Of several confirmations at once, one saves.
func TestDryRunsAreConfirmedOnce(t *testing.T) {
	r := onFile(t).as("jane@acme.com")
	token := r.dryRun("/import/contacts?dry_run=1", rowsOf(300))
	var saved, refused atomic.Int64
	together(8, func(int) {
		for {
			switch a := r.call("POST", "/import/contacts?confirm="+token, ""); {
			case a.status == 429: // two imports of a workspace at once, or this one runs
				continue
			case a.status == 200 && strings.HasPrefix(a.body, "# already done"):
				refused.Add(1)
			case a.status == 200 && strings.Contains(a.body, "# imported: 300 created"):
				saved.Add(1)
			default:
				t.Errorf("%d %.300s", a.status, a.body)
			}
			return
		}
	})
	if saved.Load() != 1 || refused.Load() != 7 {
		t.Errorf("%d saved, %d were refused", saved.Load(), refused.Load())
	}
}

// The server holds 16 files; further dry runs are confirmed with their file.
func TestPendingFilesAreBounded(t *testing.T) {
	onlyOnSQLite(t, "the files in a shared database are on no disk of a server")
	r := newRig(t)
	for i := range 8 {
		r.as(fmt.Sprintf("u%d@acme.com", i))
		r.dryRun("/import/contacts?dry_run=1", twoRows)
		r.dryRun("/import/contacts?dry_run=1", twoRows)
	}
	r.as("late@acme.com")
	if text := r.want(200, "POST", "/import/contacts?dry_run=1", twoRows); !strings.HasSuffix(text, " confirm="+confirmToken.FindStringSubmatch(text)[1]+"\n") || !strings.Contains(text, "# nothing was saved\n# to do exactly this: repeat with the file and confirm=") {
		t.Error(text)
	} else if text := r.want(400, "POST", "/import/contacts?confirm="+confirmToken.FindStringSubmatch(text)[1], ""); !strings.Contains(text, "did not keep the file of this dry run") || strings.Contains(text, "any more") {
		t.Error(text)
	}
	r.clock.Advance(15 * time.Minute)
	r.want(200, "POST", "/import/contacts?confirm="+r.dryRun("/import/contacts?dry_run=1", twoRows), "")
}

// A dry run that shows an error for the whole file has no token.
func TestDryRunsThatFailHaveNoToken(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	const file = "name,email\nAnn,ann@acme.com\nBob,no\n"
	if text := r.want(200, "POST", "/import/contacts?dry_run=1&atomic=1", file); strings.Contains(text, "confirm=") || !strings.Contains(text, "# nothing was saved\n# atomic=1 saves nothing if a row fails") {
		t.Error(text)
	}
	if text := r.want(200, "POST", "/import/contacts?dry_run=1", "name,email\nBob,no\n"); strings.Contains(text, "confirm=") || !strings.HasSuffix(text, "# nothing was saved\n# every row fails: correct the rows, then send the file again\n") {
		t.Error(text)
	}
	token := r.dryRun("/import/contacts?dry_run=1", file)
	if text := r.want(200, "POST", "/import/contacts?confirm="+token, ""); !strings.Contains(text, "1 created, 0 updated, 0 unchanged, 1 failed") {
		t.Error(text)
	}
}

// The export of a workspace is confirmed like rows, also by tools of MCP.
func TestDryRunsAreConfirmedByTools(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	r.want(200, "POST", "/import/contacts", twoRows)
	file := r.want(200, "GET", "/export", "")
	token := r.dryRun("/import?dry_run=1", file)
	if text := r.want(200, "POST", "/import?confirm="+token, ""); !strings.Contains(text, "2 unchanged, 0 failed") {
		t.Error(text)
	}
	text, failed := r.request("POST", "/import/contacts?dry_run=1", `{"name":"Cid","email":"cid@acme.com"}`)
	m := confirmToken.FindStringSubmatch(text)
	if failed || m == nil {
		t.Fatal(text)
	}
	if text, failed = r.request("POST", "/import/contacts?confirm="+m[1]); failed || !strings.Contains(text, "1 created, 0 updated, 0 unchanged") {
		t.Error(text)
	}
}

// An import by a tool goes on to its end, also if its answer is longer than the text of a tool:
// rows that fail are listed, and the last lines are there, with the counts and the token.
func TestToolsFinishLongImports(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	const rows = 8500
	var wrong strings.Builder
	for i := range 500 {
		fmt.Fprintf(&wrong, "Wrong %d,no address\n", i)
	}
	file := rowsOf(rows-500) + wrong.String()
	for _, format := range []string{"", "&format=json"} {
		dry, failed := r.request("POST", "/import/contacts?dry_run=1"+format, file)
		m := regexp.MustCompile(`confirm["=:]+(\w+)`).FindStringSubmatch(dry)
		if failed || m == nil || len(dry) > 200_000 {
			t.Fatalf("%v, %d bytes, ends %.500s", failed, len(dry), dry[max(0, len(dry)-500):])
		}
		text, failed := r.request("POST", "/import/contacts?confirm="+m[1]+format)
		want := map[string]string{"": "# imported: 8000 created, 0 updated, 0 unchanged, 500 failed\n", "&format=json": `{"created":0,"updated":0,"unchanged":8000,"failed":500,"dry_run":false,"complete":true}` + "\n"}[format]
		if failed || len(text) > 200_000 || !endsWith(text, want) || !strings.Contains(text, " further rows without an error are not listed") || strings.Count(text, "no address") < 500 {
			t.Errorf("%v, %d bytes, ends %.500s", failed, len(text), text[max(0, len(text)-500):])
		}
	}
	text, failed := r.request("POST", "/import/contacts", "name,email\n"+strings.Repeat(wrong.String(), 5))
	if failed || len(text) > 200_000 || !endsWith(text, "# imported: 0 created, 0 updated, 0 unchanged, 2500 failed\n") || !strings.Contains(text, " lines are left out here") {
		t.Errorf("%v, %d bytes, ends %.500s", failed, len(text), text[max(0, len(text)-500):])
	}
	if n := fmt.Sprint(r.json(200, "GET", "/contacts?total=exact", "")["total"]); n != "8000" {
		t.Errorf("%s contacts were saved", n)
	}
}

// A file that waits for its confirmation is part of the storage of its workspace, to the byte,
// until it is confirmed, replaced or expired.
func TestPendingFilesUseStorage(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	used := r.storageUsed
	r.want(201, "POST", "/contacts", `{"name":"Ann"}`)
	before := used()
	large := "name,notes\n" + strings.Repeat("Ann,"+strings.Repeat("n", 1000)+"\n", 2000)
	r.dryRun("/import/contacts?dry_run=1", twoRows)
	if n := used() - before; n != int64(len(twoRows)) {
		t.Errorf("a file of %d bytes takes %d", len(twoRows), n)
	}
	token := r.dryRun("/import/contacts?dry_run=1", large)
	if n := used() - before; n != int64(len(twoRows)+len(large)) {
		t.Errorf("files of %d bytes take %d", len(twoRows)+len(large), n)
	}
	r.dryRun("/import/contacts?dry_run=1", twoRows)
	if n := used() - before; n != int64(len(twoRows)+len(large)) {
		t.Errorf("when one gave way: files of %d bytes take %d", len(twoRows)+len(large), n)
	}
	r.clock.Advance(15*time.Minute + time.Second)
	if a := r.call("POST", "/import/contacts?confirm="+token, ""); a.status != 400 {
		t.Error(a.body)
	}
	r.store.Purge(t.Context()) // what is in the database
	if n := used() - before; n != 0 {
		t.Errorf("files that ended take %d bytes", n)
	}
	r.want(200, "POST", "/import/contacts", twoRows)
	before = used()
	token = r.dryRun("/import/contacts?dry_run=1", twoRows)
	if text := r.want(200, "POST", "/import/contacts?confirm="+token, ""); !strings.Contains(text, "2 unchanged") || used() != before {
		t.Errorf("%d bytes stay reserved: %s", used()-before, text)
	}
}

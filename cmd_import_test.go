package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// imported runs crmkit import on a file with these rows.
func imported(t *testing.T, rows string, args ...string) (out, log string, err error) {
	t.Helper()
	dir := t.TempDir()
	file := filepath.Join(dir, "contacts.csv")
	if err := os.WriteFile(file, []byte(rows), 0o600); err != nil {
		t.Fatal(err)
	}
	var stdout, stderr bytes.Buffer
	err = run(t.Context(), append([]string{"import", file, "--db", filepath.Join(dir, "crmkit.db")}, args...), console{&stdout, &stderr})
	return stdout.String(), stderr.String(), err
}

// TestImportFailures checks what ends with an error: rows that failed, in every format of the
// answer, and dry runs of which nothing can be saved.
func TestImportFailures(t *testing.T) {
	const good, mixed, bad = "name,email\nJane,jane@acme.com\n", "name,email\nJane,jane@acme.com\nJoe,nowhere\n", "name,email\nJoe,nowhere\n"
	for _, test := range []struct{ what, rows, args, fails string }{
		{"all is saved", good, "", ""},
		{"all is saved, JSON", good, "contacts?format=json", ""},
		{"a row fails", mixed, "", "1 rows failed"},
		{"a row fails, JSON", mixed, "contacts?format=json", "1 rows failed"},
		{"the request fails", good, "contacts?dates=x", "dates=x"},
		{"the request fails, JSON", good, "contacts?dates=x&format=json", "dates=x"},
		{"a dry run", good, "--dry-run", ""},
		{"a dry run with an error", mixed, "--dry-run", ""},
		{"a dry run with an error, JSON", mixed, "contacts?format=json --dry-run", ""},
		{"a dry run that saves after all", good, "contacts?dry_run=0 --dry-run", ""},
		{"nothing can be saved", bad, "--dry-run", "1 rows would be refused"},
		{"nothing can be saved, JSON", bad, "contacts?format=json --dry-run", "1 rows would be refused"},
		{"atomic", mixed, "contacts?atomic=1 --dry-run", "1 rows would be refused"},
		{"a token of nothing", good, "--confirm x", "confirm=x is not valid"},
		{"a dry run and a token", good, "--confirm x --dry-run", "leave dry_run out"},
	} {
		out, log, err := imported(t, test.rows, strings.Fields(test.args)...)
		if (err == nil) != (test.fails == "") || err != nil && !strings.Contains(err.Error(), test.fails) {
			t.Errorf("%s: %v, want %q\n%s", test.what, err, test.fails, out)
		}
		planned := strings.Contains(test.args, "dry-run") && err == nil
		if has := strings.Contains(out+log, " --confirm "); has != planned || strings.Contains(out, "imported: ") && planned {
			t.Errorf("%s: a command for the next step: %v\n%s%s", test.what, has, out, log)
		}
		if object := strings.HasPrefix(out, "{"); object && strings.Contains(out, "\n#") {
			t.Errorf("%s: the answer is not JSON alone:\n%s", test.what, out)
		}
	}
}

// TestNextCommand checks the command that confirms a dry run: words that a shell would read
// otherwise are quoted, and a token is not shown.
func TestNextCommand(t *testing.T) {
	for _, test := range []struct {
		c    importCommand
		want string
	}{
		{importCommand{File: "people.csv", connectionFlags: connectionFlags{DB: "crmkit.db"}}, "people.csv --db crmkit.db --confirm T"},
		{importCommand{File: "my people.csv", What: "contacts?dry_run=1", connectionFlags: connectionFlags{DB: "a'b.db", Email: "jane@acme.com"}}, `'my people.csv' contacts --db 'a'\''b.db' --email jane@acme.com --confirm T`},
		{importCommand{File: "-", What: "deals?confirm=x&source=old-crm&key=My Id", connectionFlags: connectionFlags{DB: "crmkit.db", URL: "https://crm.example.com", Token: "secret"}}, `- 'deals?source=old-crm&key=My Id' --url https://crm.example.com --confirm T`},
	} {
		_, got, _ := strings.Cut(test.c.next("T"), " import ")
		if got != test.want {
			t.Errorf("%s\nwant %s", got, test.want)
		}
	}
}

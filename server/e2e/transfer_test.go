package e2e

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestTransferCommands exports a workspace beside its running server, and imports it into another
// file and over the network.
func TestTransferCommands(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	db := filepath.Join(dir, "crmkit.db")
	p := serve(t, "--db", db, "--token-for", "you@example.com")
	rows := filepath.Join(dir, "my contacts.csv")
	if err := os.WriteFile(rows, []byte("First Name,E-mail,Company\nJane,jane@acme.com,Acme\nJoe,joe@acme.com,Acme\nBad,nowhere,\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	out, log, err := moved(t, nil, "import", rows, "--db", db)
	holds(t, out, `# columns: E-mail; "First Name" -> name; "Company" -> company.name`, "row 1 created contact/", "row 3 ERROR invalid_email", "# imported: 2 created, 0 updated, 0 unchanged, 1 failed")
	if err == nil || !strings.Contains(log, "crmkit: 1 rows failed") {
		t.Errorf("rows failed, and yet: %v, %q", err, log)
	}
	if _, text := p.do("GET", "/contacts", ""); !strings.Contains(text, "# 2 of 2 contacts") {
		t.Errorf("the server sees no import:\n%s", text)
	}

	dump, log, err := moved(t, nil, "export", "--db", db)
	if err != nil || !strings.Contains(dump, `"companies":1,"contacts":2,`) {
		t.Errorf("export: %v %s\n%s", err, log, dump)
	}
	other := serve(t, "--db", filepath.Join(dir, "other.db"), "--token-for", "me@example.com")
	for _, want := range []string{"3 created, 0 updated, 0 unchanged, 0 failed", "0 created, 0 updated, 3 unchanged, 0 failed"} {
		out, log, err := moved(t, []byte(dump), "import", "-", "--url", other.url, "--token", other.token)
		if err != nil || !strings.Contains(out, "# imported: "+want+"\n") || log != "" {
			t.Errorf("import over the network: %v %s\n%s", err, log, out)
		}
	}
	out, log, err = moved(t, nil, "export", "contacts?company.name=Acme&format=csv&fields=name&sort=name", "--url", other.url, "--token", other.token)
	if err != nil || strings.Count(out, "\n") != 3 || !strings.HasPrefix(out, "id,handle,name\r\n") {
		t.Errorf("export over the network: %v %s\n%s", err, log, out)
	}
	if out, _, err := moved(t, nil, "import", rows, "contacts?dry_run=1", "--db", filepath.Join(dir, "new.db")); err != nil || !strings.Contains(out, "# dry run: 2 created") {
		t.Errorf("dry run into a new file: %v\n%s", err, out)
	}
}

// TestDryRunsOfTheCommand plans an import, then runs the command in the last line of the plan: on a
// file, and on a server.
func TestDryRunsOfTheCommand(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	p := serve(t, "--db", filepath.Join(dir, "server.db"), "--token-for", "you@example.com")
	rows := filepath.Join(dir, "Jane's contacts.csv")
	if err := os.WriteFile(rows, []byte("name,email\nJane,jane@acme.com\nBad,nowhere\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, where := range [][]string{{"--db", filepath.Join(dir, "my crm.db")}, {"--url", p.url, "--token", p.token}} {
		for _, how := range []string{"contacts?source=old-crm&dry_run=1", "contacts?source=old-crm|--dry-run", "|--dry-run"} {
			args := slices.DeleteFunc(strings.Split(how, "|"), func(arg string) bool { return arg == "" })
			out, log, err := moved(t, nil, slices.Concat([]string{"import", rows}, args, where)...)
			if err != nil || !strings.Contains(out, "rows that would be refused: 1; correct them first, or save exactly the others:\n") || strings.Contains(out, p.token) {
				t.Fatalf("%s %s: %v %s\n%s", how, where, err, log, out)
			}
			lines := strings.Split(strings.TrimSuffix(out, "\n"), "\n")
			cmd := exec.Command("sh", "-c", lines[len(lines)-1])
			cmd.Env = append(os.Environ(), "CRMKIT_TOKEN="+p.token)
			saved, err := cmd.CombinedOutput()
			if err == nil || !strings.Contains(string(saved), "1 failed\n") || !strings.Contains(string(saved), "row 1 ") || !strings.Contains(string(saved), "crmkit: 1 rows failed") {
				t.Errorf("%s %s: %s: %v\n%s", how, where, lines[len(lines)-1], err, saved)
			}
		}
	}
	if _, text := p.do("GET", "/contacts", ""); !strings.Contains(text, "# 1 of 1 contact\n") {
		t.Errorf("the server has:\n%s", text)
	}
}

// TestSpreadsheetFiles writes CSV files for Excel, imports one, and imports vCards without naming
// their kind.
func TestSpreadsheetFiles(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	db := filepath.Join(dir, "crmkit.db")
	cards := "BEGIN:VCARD\nVERSION:3.0\nFN:Zoë Müller\nEMAIL:zoe@acme.com\nEND:VCARD\nBEGIN:VCARD\nVERSION:3.0\nFN:Ann\nEND:VCARD\n"
	if out, log, err := moved(t, []byte(cards), "import", "-", "--db", db); err != nil || !strings.Contains(out, "# imported: 2 created, 0 updated, 0 unchanged, 0 failed\n") {
		t.Fatalf("import of cards: %v %s\n%s", err, log, out)
	}
	all, some := filepath.Join(dir, "my contacts.csv"), filepath.Join(dir, "zoe.CSV")
	for _, args := range [][]string{{all}, {some, "contacts?name=Zoë Müller&fields=name"}} {
		if out, log, err := moved(t, nil, append([]string{"export", "--db", db}, args...)...); err != nil || out != "" || log != "" {
			t.Fatalf("export %v: %v %s\n%s", args, err, log, out)
		}
	}
	text, err := os.ReadFile(some)
	if err != nil || !strings.HasPrefix(string(text), "\ufeffid,handle,name\r\n") || strings.Count(string(text), "\n") != 2 || !strings.Contains(string(text), ",Zoë Müller\r\n") {
		t.Errorf("the file is %q, %v", text, err)
	}
	if out, log, err := moved(t, nil, "import", all, "--db", db); err != nil || !strings.HasSuffix(out, "0 created, 0 updated, 2 unchanged, 0 failed\n") {
		t.Errorf("import of the export: %v %s\n%s", err, log, out)
	}
	for _, c := range []struct{ args, want string }{
		{all, "exists already; remove it, or name another file"},
		{filepath.Join(dir, "new.csv"), "add the kind of the rows after the file: contacts, companies"},
		{filepath.Join(dir, "tasks.csv") + "|?nothing=1", "nothing"},
		{"contacts|deals", "only a file that ends with .csv has a kind after it"},
	} {
		if _, log, err := moved(t, nil, append([]string{"export", "--db", db}, strings.Split(c.args, "|")...)...); err == nil || !strings.Contains(log, c.want) {
			t.Errorf("export %s: %v %s", c.args, err, log)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "tasks.csv")); !os.IsNotExist(err) {
		t.Errorf("a refused export left a file: %v", err)
	}
}

// TestNamedFileWins checks that --db wins over a server that the environment names.
func TestNamedFileWins(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	p := serve(t, "--db", filepath.Join(dir, "server.db"), "--token-for", "you@example.com")
	file := filepath.Join(dir, "sandbox.db")
	run := func(args ...string) (string, string, error) {
		cmd := command(t, args...)
		cmd.Env = append(cmd.Environ(), "CRMKIT_URL="+p.url, "CRMKIT_TOKEN="+p.token)
		var stdout, stderr bytes.Buffer
		cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader("name,email\nJane,jane@acme.com\n"), &stdout, &stderr
		err := cmd.Run()
		return stdout.String(), stderr.String(), err
	}
	if out, log, err := run("import", "-", "contacts", "--db", file); err != nil {
		t.Fatalf("%v %s\n%s", err, log, out)
	}
	if _, text := p.do("GET", "/contacts", ""); !strings.Contains(text, "# 0 contacts") {
		t.Errorf("the server of the environment took the rows:\n%s", text)
	}
	if out, log, err := run("export", "contacts", "--db", file); err != nil || !strings.Contains(out, "jane@acme.com") {
		t.Errorf("the file lacks them: %v %s\n%s", err, log, out)
	}
	if out, log, err := run("export", "contacts"); err != nil || strings.Contains(out, "jane@acme.com") {
		t.Errorf("without --db the environment counts: %v %s\n%s", err, log, out)
	}
	if _, log, err := run("export", "contacts", "--db", file, "--url", p.url); err == nil || !strings.Contains(log, "give one of them") {
		t.Errorf("both: %v %s", err, log)
	}
}

// moved runs a command with an input and returns its output.
func moved(t *testing.T, in []byte, args ...string) (out, log string, err error) {
	t.Helper()
	cmd := command(t, args...)
	var stdout, stderr bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(in), &stdout, &stderr
	err = cmd.Run()
	return stdout.String(), stderr.String(), err
}

func TestTransferCommandErrors(t *testing.T) {
	dir := t.TempDir()
	db := filepath.Join(dir, "crmkit.db")
	serve(t, "--db", db, "--token-for", "you@example.com").stop()
	file := func(name, text string) string {
		name = filepath.Join(dir, name)
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return name
	}
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"import", file("rows.csv", "name\nx\n"), "--db", db}, "add the kind of the rows after the file: contacts, companies, deals, "},
		{[]string{"import", file("contacts.csv", "\xff\xfen"), "--db", db}, "the file is UTF-16"},
		{[]string{"import", file("contacts.json", `[{"name":"x"}`), "--db", db}, "the JSON array has no end"},
		{[]string{"import", file("x.csv", "name\nx\n"), "widgets", "--db", db}, "there is no path /import/widgets"},
		{[]string{"import", filepath.Join(dir, "none.csv"), "--db", db}, "no such file"},
		{[]string{"export", "--db", filepath.Join(dir, "none.db")}, "name the file of a server that has run"},
		{[]string{"export", "--db", ":memory:"}, "name a file, or a server with --url"},
		{[]string{"export", "contacts?stge=x", "--db", db}, "Did you mean stage?"},
		{[]string{"export", "--url", "nowhere"}, "write the origin of a server"},
		{[]string{"export", "--url", "http://127.0.0.1:1", "--token", "ck_x"}, "connection refused"},
	} {
		if out, _, err := run(t, c.args...); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: %v, want %q\n%s", c.args, err, c.want, out)
		}
	}
}

package server_test

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"crmkit/crm/catalog"
	"crmkit/store"
)

// importedCell is a file to import, and text that its record, or the answer if there is no
// record, must have.
type importedCell struct{ kind, file, want string }

// dealCells are amounts in the notations of several countries, and stages.
var dealCells = []importedCell{
	{"deals", "Deal Name,Amount\nx,1250", "amount_cents=125000"},
	{"deals", "Deal Name,Amount\nx,\"$1,250.5\"", "amount_cents=125050"},
	{"deals", "Deal Name,Amount\nx,\"1.250,50 €\"", "amount_cents=125050"},
	{"deals", "Deal Name,Amount\nx,\"12,34,567.10\"", "amount_cents=123456710"},
	{"deals", "Deal Name,Amount\nx,1.234.567", "amount_cents=123456700"},
	{"deals", "Deal Name,Amount\nx,-12.5", "amount_cents=-1250"},
	{"deals", "Deal Name,Amount\nx,0", "amount_cents=0"},
	{"deals", "Deal Name,Amount,Currency\nx,1250,JPY", `amount_cents=1250 amount="1250 JPY" currency=JPY`},
	{"deals", "Deal Name,Amount,Currency\nx,1250.125,KWD", `amount_cents=1250125 amount="1250.125 KWD" currency=KWD`},
	{"deals", "Deal Name,Amount,Currency\nx,1250.50,JPY", "ERROR invalid_value 1250.50 is not an amount in JPY"},
	{"deals", "Deal Name,Amount\nx,\"1,25,0\"", "ERROR invalid_value"},
	{"deals", "Deal Name,Amount\nx,1.234.56", "ERROR invalid_value"},
	{"deals", "Deal Name,Amount\nx,about 5", "ERROR invalid_value"},
	{"deals", "Deal Name,Amount\nx,1250.50 EUR", `amount_cents=125050 amount="1250.50 EUR" currency=EUR`},
	{"deals", "title,amount\nx,\"1,250.50\"\ny,5.00 EUR", `amount_cents=125050 amount="1250.50 USD"`},
	{"deals", "title,amount\nx,120000 JPY\ny,5", `amount_cents=120000 amount="120000 JPY"`},
	{"deals", "title,amount_cents,amount,currency\nx,500,5.00 EUR,EUR", `amount_cents=500 amount="5.00 EUR" currency=EUR`},
	{"deals", "title,amount_cents,amount\nx,500,5.01 EUR", "ERROR invalid_value amount and amount_cents contradict each other"},
	{"deals", "title,amount_cents,amount\nx,500,6", `amount_cents=500 amount="5.00 USD"`},
	{"deals", "title,amount_cents\nx,1250", "amount_cents=1250"},
	{"deals", "title,amount_cents\nx,12.50", "ERROR invalid_value amount_cents takes a whole JSON number"},
	{"deals", `[{"title":"x","amount":12.5}]`, "amount_cents=1250"},
	{"deals", `[{"title":"x","stage":"Closed won"}]`, "stage=\"Closed won\" status=won"},
	{"deals", `[{"title":"x","stage":"Won back"}]`, "stage=\"Won back\" status=open"},
}

// contactCells are separators, headings, and references by something else than an id.
var contactCells = []importedCell{
	{"contacts", "sep=;\nname;tags\nx;a,b", "tags=a,b"},
	{"contacts", "name\tTags\nx\ta; b,c", "tags=a,b,c"},
	{"contacts", "\ufeffname,E-Mail\nx,Jane@ACME.com", "email=jane@acme.com"},
	{"contacts", "name,email\nx,\"a@b.cc; c@d.ee\"", `email=a@b.cc`},
	{"contacts", "NAME,Follow-up at\nx,2026-07-01 10:30", "follow_up_at=2026-07-01T10:30Z"},
	{"contacts", "name,name,,name\nx,y,z,w", `custom."column 3"=z custom."name 2"=y custom."name 3"=w`},
	{"contacts", "name,custom.seats,custom\nx,5,\"{\"\"plan\"\":\"\"pro\"\"}\"", "custom.plan=pro custom.seats=5"},
	{"contacts", "name,custom\nx,no object", "ERROR invalid_value custom takes a JSON object"},
	{"contacts", `[{"name":"x","company":{"name":"Acme"}}]`, "company.name=Acme"},
	{"contacts", `[{"name":"x","company":"Acme","company_domain":"www.acme.com"}]`, "company.name=Acme"},
	{"contacts", `[{"name":"x","company_domain":"acme"}]`, "ERROR invalid_value acme is not a domain"},
	{"contacts", `[{"name":"x","company_id":"co_zzzz"}]`, "ERROR reference_not_found company_id: no company with the id co_zzzz"},
	{"contacts", `[{"name":"x","company_id":"co_zzzz","company":{"name":"Acme"}}]`, "company.name=Acme"},
	{"contacts", `[{"email":"jane@acme.com"}]`, "name=jane@acme.com email=jane@acme.com"},
	{"contacts", "Company,Phone,E-Mail\nAcme,+1 555 0100,\n", `name=Acme phone="+1 555 0100"`},
	{"contacts", "Company,Phone\n,+1 555 0100\n", `name="+1 555 0100" phone="+1 555 0100"`},
	{"contacts", "name,Company,Notes\n,,nobody\n", "ERROR missing_field name is required"},
	{"contacts", `[{"name":"x","email":null,"phone":""}]`, "name=x activities=0 outreach=0 version=1"},
	{"contacts", `[{"name":"x","score":{"a":[1.50]}}]`, `custom.score="{\"a\":[1.50]}"`},
	{"contacts", `[{"name":["x"]}]`, "ERROR invalid_value name takes a JSON string"},
	{"contacts", `["x"]`, "ERROR bad_json the row must be a JSON object"},
	{"contacts", "name\n'=x\n", "name==x"},
	{"contacts", "name\n'tis\n", "name='tis"},
}

// TestImportedCells imports each file into a new workspace, and reads its first record.
func TestImportedCells(t *testing.T) {
	for _, c := range slices.Concat(dealCells, contactCells) {
		r := newRig(t).as("jane@acme.com")
		text := r.want(200, "POST", "/import/"+c.kind, c.file)
		if handle := regexp.MustCompile(`created (\S+)`).FindStringSubmatch(text); handle != nil {
			text = r.want(200, "GET", "/"+handle[1], "")
		}
		if !strings.Contains(text, c.want) {
			t.Errorf("%s %q gives no %s:\n%s", c.kind, c.file, c.want, text)
		}
	}
}

// TestCompaniesAreFoundOrMade imports contacts that refer to companies by domain and by name.
func TestCompaniesAreFoundOrMade(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	r.want(201, "POST", "/companies", `{"name":"Acme","domain":"acme.com"}`)
	r.want(201, "POST", "/companies", `{"name":"Twin"}`)
	r.want(201, "POST", "/companies", `{"name":"Twin"}`)
	// The name of two companies makes no third one.
	const file = "name,company.name,company.domain\na,Other name,acme.com\nb,ACME,\nc,New,new.com\nd,,solo.com\ne,Twin,\nf,twin,\ng,Fresh,\nh,fresh,\n"
	for range 2 {
		r.want(200, "POST", "/import/contacts", file)
		text := r.want(200, "GET", "/companies?sort=id&fields=name,domain", "")
		want := "name=Acme domain=acme.com|name=Twin|name=Twin|name=New domain=new.com|name=solo.com domain=solo.com|name=Fresh|"
		if got := regexp.MustCompile(`company/\S+ (.*)\n`).ReplaceAllString(text, "$1|"); !strings.HasPrefix(got, want+"#") {
			t.Errorf("companies\n%s\nwant\n%s", got, want)
		}
	}
	// A company that an import created is still found by its name in the file after it was
	// renamed. The name of another company is free when that is renamed.
	for _, c := range []struct {
		name string
		made int
	}{{"Fresh", 0}, {"Acme", 1}} {
		list := r.json(200, "GET", "/companies?name="+c.name, "")["items"].([]any)
		r.want(200, "PATCH", "/"+list[0].(map[string]any)["handle"].(string), `{"name":"Stale"}`)
		r.want(200, "POST", "/import/contacts", "name,company\ni,"+c.name+"\n")
		if n := len(r.json(200, "GET", "/companies?name="+c.name, "")["items"].([]any)); n != c.made {
			t.Errorf("%d companies are called %s, want %d", n, c.name, c.made)
		}
	}
}

// TestDryRunsOfFilesMatchImports imports files after a dry run: the results are the same except
// for the ids of new records, and the dry run leaves nothing behind.
func TestDryRunsOfFilesMatchImports(t *testing.T) {
	files, err := filepath.Glob("../testdata/import/*-contacts.csv")
	if err != nil || len(files) == 0 {
		t.Fatal("no files", err)
	}
	for _, name := range append(files, "../testdata/import/tricky.csv", "../testdata/import/plain.csv") {
		r := newRig(t).as("jane@acme.com")
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		before := snapshot(r)
		dry := r.want(200, "POST", "/import/contacts?dry_run=1", string(data))
		if snapshot(r) != before {
			t.Errorf("%s: the dry run left something", name)
		}
		real := changeLine.ReplaceAllString(r.want(200, "POST", "/import/contacts", string(data)), "")
		want := strings.Replace(regexp.MustCompile(` created \S+`).ReplaceAllString(real, " created"), "# imported:", "# dry run:", 1) + "# nothing was saved\n# to do exactly this: repeat with confirm=T\n"
		dry = madeValues.ReplaceAllString(confirmToken.ReplaceAllString(dry, "confirm=T"), "$1")
		if dry != want || !strings.Contains(real, "created contact/") {
			t.Errorf("%s: dry\n%s\nreal\n%s", name, dry, real)
		}
	}
}

// TestFailedRowsLeaveNoTrace imports rows that create a company before they fail.
func TestFailedRowsLeaveNoTrace(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	r.want(201, "POST", "/contacts", `{"name":"Jane","email":"jane@acme.com"}`)
	before := snapshot(r)
	const rows = `[{"company_domain":"acme.org"},{"name":"x","company_domain":"acme.com","tags":"a","deal_id":"x","email":"jane@@acme.com"},{"company_domain":"acme.com"}]`
	if text := r.want(200, "POST", "/import/contacts", rows); !strings.Contains(text, "0 created, 0 updated, 0 unchanged, 3 failed") {
		t.Error(text)
	}
	if a := r.call("POST", "/import/contacts?atomic=1", `[{"name":"y","company":"Acme"},{"company_domain":"other.com"}]`); a.status != 400 {
		t.Errorf("status %d: %s", a.status, a.body)
	}
	if after := snapshot(r); after != before {
		t.Errorf("rows that failed left something: %s", diff(before, after))
	}
}

// TestUnknownFilesHaveSeparateIDs imports two files whose ids are both 1 and 2: files with
// different columns have different records, files with the same columns the same.
func TestUnknownFilesHaveSeparateIDs(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	for _, c := range []struct{ path, file, want string }{
		{"", "id,name\n1,Ann\n2,Bob\n", "2 created, 0 updated, 0 unchanged"},
		{"", "id,name,city\n1,Cid,Rome\n2,Dan,Oslo\n", "2 created, 0 updated, 0 unchanged"},
		{"", "id,name\n1,Ann\n2,Bob Stone\n", "0 created, 1 updated, 1 unchanged"},
		{"?source=other", "id,name\n1,Eve\n", "1 created, 0 updated, 0 unchanged"},
		{"?source=other", "id,name,created_at\n1,Eve,2020\n", "0 created, 1 updated, 0 unchanged"},
	} {
		if text := r.want(200, "POST", "/import/contacts"+c.path, c.file); !strings.Contains(text, c.want) {
			t.Errorf("%q: %s", c.file, text)
		}
	}
	if text := r.want(200, "GET", "/contacts?custom.created_at=2020", ""); !strings.Contains(text, "name=Eve") {
		t.Errorf("created_at of a file nobody knows is lost:\n%s", text)
	}
}

func TestImportsAreCapped(t *testing.T) {
	r := newRigWith(t, store.Options{Plans: catalog.Plans{{Name: "small", Caps: []catalog.Cap{{Resource: "contacts", Max: 3}}}}, Plan: "small"}).as("jane@acme.com")
	if text := r.want(200, "POST", "/import/contacts", "name\na\nb\nc\nd\n"); !strings.Contains(text, "row 4 ERROR plan_limit_reached") || !strings.Contains(text, "3 created, 0 updated, 0 unchanged, 1 failed") {
		t.Error(text)
	}
	r.want(403, "POST", "/import/contacts?atomic=1", "name\ne\n")
	var many strings.Builder
	many.WriteString("name\n")
	for i := range 10_001 {
		fmt.Fprintf(&many, "n%d\n", i)
	}
	for param, says := range map[string]string{
		"dry_run=1":          "at most 10000 rows, 16777216 bytes and 500000 values; this file has 10001 rows, 58897 bytes and 10001 values",
		"atomic=1":           "at most 1000 rows, 8388608 bytes and 50000 values, because all others wait until it is done; this file has 10001 rows",
		"atomic=1&dry_run=1": "Leave atomic out: rows with errors are listed",
	} {
		if text := r.want(400, "POST", "/import/contacts?"+param, many.String()); !strings.Contains(text, says) {
			t.Errorf("%s: %s", param, text)
		}
	}
}

// TestClientsThatSendBeforeTheyRead sends a file that is larger than the buffers of a connection
// and gets an answer that is, too, without reading before all is sent.
func TestClientsThatSendBeforeTheyRead(t *testing.T) {
	r := onFile(t).as("jane@acme.com")
	conn, err := net.Dial("tcp", strings.TrimPrefix(r.overHTTP().URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	var file bytes.Buffer
	file.WriteString("name,email\n")
	for i := range 30_000 {
		fmt.Fprintf(&file, "n%d,%s\n", i, strings.Repeat("no address ", 40))
	}
	req, err := http.NewRequest("POST", "http://127.0.0.1/import/contacts", &file)
	if err != nil {
		t.Fatal(err)
	}
	req.Header = r.header.Clone()
	if err := req.Write(conn); err != nil {
		t.Fatal(err)
	}
	res, err := http.ReadResponse(bufio.NewReader(conn), req)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := io.ReadAll(res.Body)
	if err != nil || len(answer) < 5<<20 || !strings.HasSuffix(string(answer), "# imported: 0 created, 0 updated, 0 unchanged, 30000 failed\n") {
		t.Errorf("%v, %d bytes, ends %.200q", err, len(answer), answer[max(0, len(answer)-200):])
	}
}

// TestImportAnswersCountEveryRow imports every file as rows of every kind and as a workspace, as
// a dry run and twice, and checks the form of every answer.
func TestImportAnswersCountEveryRow(t *testing.T) {
	files, err := filepath.Glob("../testdata/import/*")
	if err != nil || len(files) == 0 {
		t.Fatal("no files", err)
	}
	r := newRig(t).as("jane@acme.com")
	for _, name := range files {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range []string{"/import/contacts", "/import/companies", "/import/deals", "/import/activities", "/import"} {
			a, b := r.call("POST", path+"?dry_run=1", string(data)), r.call("POST", path+"?dry_run=1", string(data))
			for _, one := range []*answer{&a, &b} {
				one.body = confirmToken.ReplaceAllString(one.body, "confirm=T")
			}
			if a.status != b.status || a.body != b.body {
				t.Errorf("%s to %s: two runs differ:\n%s\n%s", name, path, a.body, b.body)
			}
			if a.status == 200 {
				r.addsUp(a.body)
			}
		}
	}
}

// addsUp checks that each line is of a known kind and that the counts of the last are right.
func (r *rig) addsUp(body string) {
	r.t.Helper()
	rows, counted := 0, 0
	for line := range strings.Lines(body) {
		if strings.HasPrefix(line, "row ") {
			rows++
		} else if !strings.HasPrefix(line, "# ") {
			r.t.Errorf("a line of no kind: %q", line)
		}
	}
	for _, n := range regexp.MustCompile(`(\d+) (?:created|updated|unchanged|failed)`).FindAllStringSubmatch(body[strings.LastIndex(body, "# dry run"):], -1) {
		var k int
		if _, err := fmt.Sscan(n[1], &k); err != nil {
			r.t.Error(err)
		}
		counted += k
	}
	if rows != counted {
		r.t.Errorf("%d rows, %d counted:\n%s", rows, counted, body)
	}
}

package server_test

import (
	"encoding/binary"
	"net/http"
	"strings"
	"testing"
	"unicode/utf16"
)

// inUTF16 returns text in UTF-16 with a byte order mark.
func inUTF16(text string, order binary.AppendByteOrder) string {
	var b []byte
	for _, unit := range utf16.Encode([]rune("\ufeff" + text)) {
		b = order.AppendUint16(b, unit)
	}
	return string(b)
}

// TestFilesOfOtherKinds sends what people send by mistake: the error names the kind of file and
// what to do.
func TestFilesOfOtherKinds(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	for _, c := range []struct {
		file   string
		status int
		want   string
	}{
		{"", 400, "the body is empty; send CSV with a line of column names, JSON lines, a JSON array, or vCards"},
		{"\ufeff", 400, "the body is empty"},
		{" \n\t\r\n ", 400, "the file begins with nothing but blanks"},
		{"PK\x03\x04" + strings.Repeat("\x00", 26) + "notes.csv", 415, "the file is a zip archive, which has no rows to read; unpack it"},
		{"PK\x03\x04" + strings.Repeat("\x00", 26) + "[Content_Types].xml", 415, "the file is an Excel workbook (.xlsx), which has no rows to read; open it and save the sheet as CSV (UTF-8)"},
		{"PK\x03\x04" + strings.Repeat("\x00", 26) + "mimetypeapplication/vnd.oasis", 415, "the file is a LibreOffice document (.ods)"},
		{"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\x00\x00", 415, "the file is an Excel workbook in the old format (.xls)"},
		{"%PDF-1.7\n", 415, "the file is a PDF"},
		{"\x1f\x8b\x08\x00", 415, "the file is compressed (gzip), which has no rows to read; unpack it (gunzip FILE)"},
		{"BZh91AY", 415, "compressed (bzip2)"},
		{"SQLite format 3\x00", 415, "an SQLite database"},
		{"{\\rtf1\\ansi x}", 415, "a text document (RTF)"},
		{"\ufeff\n<!DOCTYPE html><html><body>Sign in</body></html>", 415, "the file is a web page (HTML), which has no rows to read; it may be the sign-in page"},
		{"<table><tr><td>name</td></tr></table>", 415, "If it is a table with the ending .xls, open it and save it as CSV"},
		{"<?xml version=\"1.0\"?><contacts/>", 415, "the file is XML"},
		{"BEGIN:VCALENDAR\nEND:VCALENDAR\n", 415, "the file is a calendar (iCalendar)"},
		{"\xff\xfe\x00\x00n\x00\x00\x00", 415, "the file is UTF-32"},
		{"n\x00a\x00m\x00e\x00", 415, "line 1 has a NUL byte: the file is not text, or it is UTF-16 without a byte order mark"},
		{"name\nx\r\ny\x00\n", 415, "line 3 has a NUL byte"},
		{"{\"name\":\"x\"}\n\x00{\"name\":\"y\"}", 415, "line 2 has a NUL byte"},
		{inUTF16("name\nx", binary.LittleEndian) + "\x00", 415, "its character 8 is incomplete"},
		{"name\nM\xfcller\n", 415, "the file is not UTF-8 in line 2; it may be Latin-1 or Windows-1252: convert it with iconv"},
		{"name,email\nAnn,ann@nl.example\n\"Bob,bob@nl.example\n", 400, "the quote that opens in line 3 is never closed"},
		{strings.Repeat("x", 1<<20+1), 400, "the line of column names has more than the maximum of 1048576 bytes"},
		{strings.Repeat(",", 1_000_000), 400, "the file has 1000001 columns; the maximum is 500"},
		{"name,emailAnn,ann@nl.exampleBob,bob@nl.example", 400, "the file has only a line of column names, and no rows"},
		{"Jane,5\nJoe,6\n", 400, "the first line must name the columns"},
		{`[{"name":"x"}] [{"name":"y"}]`, 400, "there is more after the end of the JSON array, which has 1 rows"},
		{"{\n\"name\":\"x\"\n}\n{\n\"name\":", 400, "the JSON object of row 2 has no end"},
		{"{\n\"name\":\"x\"\n},\n{\n\"name\":\"y\"\n}", 400, "not valid JSON in row 2"},
		{`{"name":"x"}{"name":"y"}`, 400, "with curl use --data-binary @FILE"},
	} {
		text := r.want(c.status, "POST", "/import/contacts", c.file)
		if !strings.Contains(text, c.want) {
			t.Errorf("%.40q is refused with\n%swant %s", c.file, text, c.want)
		}
	}
	if list := r.want(200, "GET", "/contacts", ""); !strings.HasPrefix(list, "# 0 contacts") {
		t.Errorf("refused files left\n%s", list)
	}
}

// readableFiles are files in the forms that programs write, and what the contacts are then.
var readableFiles = []struct {
	name, file string
	want       []string // parts of the answer and of the list of contacts
}{
	{"UTF-16, little end first", inUTF16("name,email\r\nZoë 😀,zoe@u16.example\r\n", binary.LittleEndian), []string{`name="Zoë 😀" email=zoe@u16.example`}},
	{"UTF-16, big end first", inUTF16("name\temail\nZoë\tzoe@u16.example\n", binary.BigEndian), []string{"name=Zoë email=zoe@u16.example"}},
	{"UTF-16 JSON", inUTF16(`[{"name":"Zoë"}]`, binary.LittleEndian), []string{"name=Zoë"}},
	{"carriage returns only", "name,email\rAnn,ann@cr.example\rBob,bob@cr.example\r", []string{"email=ann@cr.example", "email=bob@cr.example"}},
	{"mixed line ends", "name,email\r\nAnn,ann@cr.example\nBob,bob@cr.example\rCy,cy@cr.example", []string{"email=ann@cr.example", "email=bob@cr.example", "email=cy@cr.example"}},
	{"notes above the header", "Notes:\n\"When exporting, some addresses may be missing.\"\n\nFirst Name,Last Name,URL,Email Address,Company,Position,Connected On\nMara,Lind,https://www.linkedin.com/in/mara-1,mara@li.example,Nord Oy,CEO,12 Mar 2025\n",
		[]string{"line 4 names the columns; the lines above it are left out: Notes:", `name="Mara Lind" email=mara@li.example`}},
	{"a title above the header, another separator", "Our customers, 2026\n\nsep\nName;E-Mail;City\nAnn;ann@t.example;Ulm\n", []string{"line 4 names the columns", "name=Ann email=ann@t.example"}},
	{"what spreadsheets need before numbers", "Customer ID,First Name,Last Name,Phone,Zip\n'7210448301124,Ap,One,'+18015550156,'00801\n2,Ap,Two,'0170555,\n3,Ap,Three,=\"0123456789\",=\"00801\"\n4,Ap,Four,\"=\"\"0123456780\"\"\",\n5,Jan,'t Hooft,,\n6,'round,Two,,'90s\n",
		[]string{`name="Ap One" phone=+18015550156`, "7210448301124", `name="Ap Two" phone=0170555`, `name="Ap Three" phone=0123456789`, `name="Ap Four" phone=0123456780`, `name="Jan 't Hooft"`, `name="'round Two"`, "'90s"}},
	{"an object over several lines", "{\n  \"name\": \"Pretty\",\n  \"email\": \"pretty@js.example\"\n}\n", []string{"name=Pretty email=pretty@js.example"}},
	{"several of them", "{\n  \"name\": \"Ann\"\n}\n{\n  \"name\": \"Bob\",\n  \"custom\": {\n    \"a\": 1\n  }\n}\n", []string{"2 created", "name=Ann", "name=Bob custom.a=1"}},
	{"an array over several lines", "[\n  {\n    \"name\": \"Ann\"\n  },\n  {\n    \"name\": \"Bob\"\n  }\n]\n", []string{"2 created"}},
	{"numbers and flags for texts", `[{"name":"Num","email":"num@js.example","phone":4155550100,"stage":5,"notes":true,"company":7,"Seats":12}]`, []string{"phone=4155550100", "stage=5", "notes=true", "company.name=7", "custom.Seats=12"}},
	{"broken lines of JSON", "{\"name\":\"Ann\"\n{\"name\":\"Bob\"}\n", []string{"row 1 ERROR bad_json", "row 2 created"}},
	{"blanks beside quotes", "name, email\n\"Doe, Jane\" , \"jane@q.example\"\n", []string{`name="Doe, Jane" email=jane@q.example`}},
}

// TestReadableFiles imports each of readableFiles into a new workspace, and then once more, which
// changes nothing.
func TestReadableFiles(t *testing.T) {
	for _, c := range readableFiles {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(t).as("jane@acme.com")
			text := r.want(200, "POST", "/import/contacts", c.file)
			text += r.want(200, "GET", "/export/contacts?fields=name,email,phone,stage,notes,company.name,address,custom", "")
			for _, part := range c.want {
				if !strings.Contains(text, part) {
					t.Errorf("nothing says %q:\n%s", part, text)
				}
			}
			if again := r.want(200, "POST", "/import/contacts", c.file); !strings.Contains(again, ": 0 created, 0 updated,") {
				t.Errorf("the second import did something:\n%s", again)
			}
		})
	}
}

// TestHeaderOfConfirmedFiles confirms the dry run of a file with lines above its header: it is read
// as the dry run read it.
func TestHeaderOfConfirmedFiles(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	token := r.dryRun("/import/contacts?dry_run=1", "Notes:\n\nRecord ID,Lifecycle Stage,First Name,Email\n1,lead,Ann,ann@h.example\n")
	text := r.want(http.StatusOK, "POST", "/import/contacts?confirm="+token, "")
	if !strings.HasPrefix(text, "row 1 ") || !strings.Contains(text, "1 created") {
		t.Errorf("the confirmed import says\n%s", text)
	}
	if text := r.want(http.StatusOK, "GET", "/contacts", ""); !strings.Contains(text, "name=Ann email=ann@h.example stage=lead") {
		t.Errorf("it made\n%s", text)
	}
}

// TestOwnCellsComeBack exports values that look like numbers for spreadsheets, and imports them.
func TestOwnCellsComeBack(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	r.want(201, "POST", "/contacts", `{"name":"'0123","phone":"''+1 (2)","notes":"=\"0123\"","custom":{"a":"'5"}}`)
	file := r.want(200, "GET", "/export/contacts?format=csv", "")
	if text := r.want(200, "POST", "/import/contacts", file); !strings.Contains(text, "0 created, 0 updated, 1 unchanged, 0 failed") {
		t.Errorf("%s goes in as %s", file, text)
	}
}

// TestRowsWithoutNames imports rows with nothing but an address, a company or a number: these name the
// contact, also when the file comes again, and in a dry run.
func TestRowsWithoutNames(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	const file = "First Name,Last Name,Organization Name,company.domain,E-mail 1 - Value,Phone 1 - Value\n,,Pizza Uno,,,555 0142\n,,,,,+44 7700 900555\n,,Nord Oy,,,\n,,Nord Oy,,sales@nord.example,\n,,,,,\n"
	dry := r.want(200, "POST", "/import/contacts?dry_run=1", file)
	for round, want := range []string{"4 created, 0 updated, 0 unchanged, 0 failed", "0 created, 0 updated, 4 unchanged, 0 failed"} {
		text := r.want(200, "POST", "/import/contacts", file)
		if !strings.Contains(text, want) || round == 0 && !strings.Contains(dry, want) {
			t.Errorf("run %d gives\n%s", round, text)
		}
	}
	text := r.want(200, "GET", "/export/contacts?fields=name,company.name", "")
	for _, part := range []string{`name="Pizza Uno" company.name="Pizza Uno"`, `name="+44 7700 900555"`, `name="Nord Oy" company.name="Nord Oy"`, `name=sales@nord.example company.name="Nord Oy"`} {
		if !strings.Contains(text, part) {
			t.Errorf("no %s in\n%s", part, text)
		}
	}
	if text := r.want(200, "POST", "/import/contacts", "name,stage\n,lead\n"); !strings.Contains(text, "row 1 ERROR missing_field name") {
		t.Errorf("a row with nothing gives %s", text)
	}
	if text := r.want(200, "POST", "/import/deals", "title,contact.email\n,sales@nord.example\n"); !strings.Contains(text, "row 1 ERROR missing_field title") {
		t.Errorf("a deal without title gives %s", text)
	}
}

// TestByteOrderMarkOfExports exports CSV for Excel, also of no records, and imports it.
func TestByteOrderMarkOfExports(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	if text := r.want(200, "GET", "/export/contacts?format=csv&bom=1&fields=name", ""); text != "\ufeffid,handle,name\r\n" {
		t.Errorf("no records are %q", text)
	}
	r.want(201, "POST", "/contacts", `{"name":"Zoë Müller"}`)
	file := r.want(200, "GET", "/export/contacts?format=csv&fields=name&bom=1", "")
	if !strings.HasPrefix(file, "\ufeffid,handle,name\r\nc_") || strings.Count(file, "\ufeff") != 1 {
		t.Errorf("the file is %q", file)
	}
	if text := r.want(200, "POST", "/import/contacts", file); !strings.Contains(text, "0 created, 0 updated, 1 unchanged, 0 failed") {
		t.Errorf("it goes in as %s", text)
	}
	if text := r.want(200, "GET", "/export/contacts?format=csv&bom=0", ""); !strings.HasPrefix(text, "id,") {
		t.Errorf("bom=0 gives %q", text)
	}
	for query, want := range map[string]string{"bom=1": "bom=1 puts a byte order mark before CSV, for Excel; add format=csv", "format=csv&bom=maybe": "bom=maybe: write bom=1"} {
		if text := r.want(400, "GET", "/export/contacts?"+query, ""); !strings.Contains(text, want) {
			t.Errorf("%s: %s", query, text)
		}
	}
	r.want(400, "GET", "/contacts?bom=1", "")
}

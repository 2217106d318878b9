package server_test

import (
	"regexp"
	"strings"
	"testing"
)

// fullContact has a value in every field that a client can set.
const fullContact = `{"name":"Ann Lee","email":"ann@acme.com","phone":"+1 555 0100","other_emails":["a@home.test"],"other_phones":["+1 555 0101"],"title":"CTO","stage":"lead",
	"address":{"street":"1 Main St","city":"Rome"},"company_id":"co_01xm","owner":"bob@acme.com","tags":["vip"],"notes":"Likes tea","follow_up_at":"2026-07-01","follow_up_note":"call",
	"external_ids":["erp:1"],"custom":{"seats":12,"plan":"pro"}}`

// withAnn makes the contact with all values, and its company.
func withAnn(t *testing.T) *rig {
	r := newRig(t).as("jane@acme.com")
	r.want(201, "POST", "/companies", `{"name":"Acme","domain":"acme.com"}`)
	r.want(201, "POST", "/contacts", fullContact)
	return r
}

// ann returns the line of the contact, without what the server keeps.
func (r *rig) ann() string {
	r.t.Helper()
	line, _, _ := strings.Cut(r.want(200, "GET", "/contacts/c_011p", ""), "\n")
	return regexp.MustCompile(` (stage_since|activities|outreach|version|created_at|created_by|updated_at|updated_by)=\S+`).ReplaceAllString(line, "")
}

const emptyAnn = `contact/c_011p name="Ann Lee" email=ann@acme.com`

// clearedWays are rows that clear fields of the contact, in every format, and what it has afterwards.
var clearedWays = []struct{ path, file, want string }{
	{"", `[{"email":"ann@acme.com","phone":null,"other_emails":null,"other_phones":null,"title":null,"stage":null,"address":null,"company_id":null,"owner":null,"tags":null,"notes":null,"follow_up_at":null,"follow_up_note":null,"external_ids":null,"custom":null}]`, emptyAnn},
	{"", `{"id":"c_011p","phone":null,"other_emails":null,"other_phones":null,"title":null,"stage":null,"address":null,"company":null,"owner":null,"tags":null,"notes":null,"follow_up_at":null,"follow_up_note":null,"external_ids":null,"custom.seats":null,"custom.plan":null}`, emptyAnn},
	{"?null=NULL", "email,phone,other_emails,other_phones,title,stage,address,company.name,owner,tags,notes,follow_up_at,follow_up_note,external_ids,seats,custom.plan\nann@acme.com" + strings.Repeat(",NULL", 15) + "\n", emptyAnn},
	{"?null=%5CN", "id;Mobile;Job Title;Zip;City;Street;Company;seats;plan;Labels;Comments;Stage;Owner;other_emails;other_phones;external_ids;Follow-up;follow_up_note\nc_011p" + strings.Repeat(`;\N`, 17) + "\n", emptyAnn},
	{"?null=-", "email,title,stage,seats\nann@acme.com,-,,-\n", `contact/c_011p name="Ann Lee" email=ann@acme.com phone="+1 555 0100" other_emails=a@home.test other_phones="+1 555 0101" address.city=Rome address.street="1 Main St" stage=lead company_id=co_01xm company.name=Acme owner=bob@acme.com tags=vip notes="Likes tea" follow_up_at=2026-07-01T00:00Z follow_up_note=call external_ids=erp:1 custom.plan=pro`},
	{"", `[{"id":"c_011p","email":null,"address":{"city":null},"custom":{"seats":null}}]`, `contact/c_011p name="Ann Lee" phone="+1 555 0100" other_emails=a@home.test other_phones="+1 555 0101" title=CTO address.street="1 Main St" stage=lead company_id=co_01xm company.name=Acme owner=bob@acme.com tags=vip notes="Likes tea" follow_up_at=2026-07-01T00:00Z follow_up_note=call external_ids=erp:1 custom.plan=pro`},
}

// TestRowsClearFields imports rows with nulls. A second import changes nothing.
func TestRowsClearFields(t *testing.T) {
	for _, c := range clearedWays {
		t.Run("", func(t *testing.T) { // whose database is closed at its end
			r := withAnn(t)
			first := r.want(200, "POST", "/import/contacts"+c.path, c.file)
			if !endsWith(first, "# imported: 0 created, 1 updated, 0 unchanged, 0 failed\n") || !strings.Contains(first, "title CTO -> (unset)") && strings.Contains(c.file, "itle") {
				t.Errorf("%s %s: %s", c.path, c.file, first)
			}
			for range 2 {
				if got := r.ann(); got != c.want {
					t.Errorf("%s %s:\n%s\nwant\n%s", c.path, c.file, got, c.want)
				}
				if text := r.want(200, "POST", "/import/contacts"+c.path, c.file); !endsWith(text, " 0 updated, 1 unchanged, 0 failed\n") {
					t.Errorf("%s %s again: %s", c.path, c.file, text)
				}
			}
		})
	}
}

// TestNothingClears imports what says nothing: empty cells, blanks, empty lists, and the word of another file.
func TestNothingClears(t *testing.T) {
	const word = "?null=NULL"
	for _, c := range []struct{ path, file string }{
		{"", "email,phone,title,stage,company,tags,custom.seats\nann@acme.com,,,,,,\n"},
		{word, "email,phone,title,stage,company,tags,custom.seats\nann@acme.com,,,,,,\n"},
		{"", `[{"email":"ann@acme.com","phone":"","title":"  ","stage":"\t","owner":"\u00a0","tags":[],"custom":{},"address":{}}]`},
		{word, "email,follow_up_at,phone\nann@acme.com,null,n/a\n"}, // nothing, as without the word
		{word, "email,First Name,Middle name\nann@acme.com,NULL,NULL\n"},
		{"", `[{"email":"ann@acme.com","First Name":null,"IsWon":null,"id":null,"version":null,"created_at":null}]`},
		{"", `[{"phone":null},{},{"email":"ann@acme.com"}]`},
		{"", `[{"email":"ann@acme.com","Mobile":null,"phone":"+1 555 0100"}]`},
		{"", `[{"email":"ann@acme.com","name":"Ann Lee","custom.nothing":null,"Other":null}]`},
	} {
		t.Run("", func(t *testing.T) { // whose database is closed at its end
			r := withAnn(t)
			before := r.ann()
			text := r.want(200, "POST", "/import/contacts"+c.path, c.file)
			if r.ann() != before || !strings.Contains(text, " 0 created, 0 updated, ") || !endsWith(text, " 0 failed\n") {
				t.Errorf("%s %s: %s%s", c.path, c.file, text, r.ann())
			}
		})
	}
}

// TestNullWordsAreExact imports cells that resemble the word, which are values.
func TestNullWordsAreExact(t *testing.T) {
	r := withAnn(t)
	r.want(200, "POST", "/import/contacts?null=NULL", "email,title,stage,notes,custom.plan\nann@acme.com,null,NULL.,\"NULL NULL\",\" NULL \"\n")
	if got := r.ann(); !strings.Contains(got, "title=null address.city=Rome address.street=\"1 Main St\" stage=NULL.") || !strings.Contains(got, "NULL NULL") || strings.Contains(got, "custom.plan") {
		t.Error(got)
	}
}

// TestClearingOnCreate imports rows of new records: their nulls mean nothing, also for what follows from other
// fields.
func TestClearingOnCreate(t *testing.T) {
	for _, c := range []struct{ kind, file, want string }{
		{"contacts", `[{"email":"new@acme.com","name":null,"phone":null,"tags":null,"custom":null,"company":null,"seats":null}]`, "name=new@acme.com email=new@acme.com"},
		{"contacts", `[{"name":"Cid","email":null,"custom":{"a":null,"b":1}}]`, "name=Cid activities=0 outreach=0 version=1 created_at=2026-06-10T09:00Z created_by=jane@acme.com updated_at=2026-06-10T09:00Z updated_by=jane@acme.com custom.b=1"},
		{"deals", `[{"title":"x","stage":"won","status":null,"closed_at":null,"currency":null,"amount":null}]`, "currency=USD stage=won status=won"},
		{"tasks", `[{"title":"x","done":true,"done_at":null,"priority":null}]`, "done=yes"},
		{"activities", `[{"contact":"Ann Lee","body":"x","kind":null,"occurred_at":null,"deal":null}]`, "kind=note"},
	} {
		t.Run("", func(t *testing.T) { // whose database is closed at its end
			r := withAnn(t)
			for i, want := range []string{"1 created, 0 updated, 0 unchanged, 0 failed", "0 created, 0 updated, 1 unchanged, 0 failed"} {
				text := r.want(200, "POST", "/import/"+c.kind, c.file)
				if !strings.Contains(text, want) {
					t.Errorf("%s, time %d: %s", c.file, i+1, text)
				}
				if handle := regexp.MustCompile(`created (\S+/\S+)`).FindStringSubmatch(text); handle != nil {
					if line := r.want(200, "GET", "/"+handle[1], ""); !strings.Contains(line, c.want) || strings.Contains(line, "closed_at") {
						t.Errorf("%s: %s", c.file, line)
					}
				}
			}
		})
	}
}

// TestClearedDefaults imports nulls for fields with a default, and of fields that follow from others.
func TestClearedDefaults(t *testing.T) {
	r := withAnn(t)
	r.want(201, "POST", "/deals", `{"title":"x","amount":"5.00 EUR","stage":"won"}`)
	r.want(201, "POST", "/tasks", `{"title":"x","done":true,"priority":"high"}`)
	r.want(201, "POST", "/activities", `{"contact_id":"c_011p","kind":"call","body":"x","occurred_at":"2026-06-01"}`)
	r.want(201, "POST", "/campaigns", `{"name":"x"}`)
	r.want(201, "POST", "/campaign_members", `{"campaign_id":"`+r.id("campaign", 1)+`","contact_id":"c_011p","reason":"r"}`)
	deal, task, activity, member := r.id("deal", 1), r.id("task", 1), r.id("activity", 1), r.id("campaign_member", 1)
	for _, c := range []struct{ kind, file, want string }{
		{"deals", `[{"id":"` + deal + `","amount":null}]`, "amount_cents 500 -> (unset)"},
		{"deals", `[{"id":"` + deal + `","amount":"7.00 EUR","amount_cents":null,"currency":null}]`, "amount_cents (unset) -> 700"},
		{"deals", `[{"id":"` + deal + `","amount":null,"currency":null}]`, "amount_cents 700 -> (unset); currency EUR -> USD"},
		{"deals", `[{"id":"` + deal + `","status":null,"stage":null,"closed_at":null}]`, "stage won -> (unset); status won -> open; closed_at 2026-06-10"},
		{"tasks", `[{"id":"` + task + `","done":true,"done_at":null}]`, "unchanged"},
		{"tasks", `[{"id":"` + task + `","done_at":null,"priority":null}]`, "-> (unset)"},
		{"activities", `[{"id":"` + activity + `","occurred_at":null}]`, "unchanged"},
		{"activities", `[{"id":"` + activity + `","kind":null,"body":null}]`, "ERROR missing_field body of an activity cannot be cleared; give the row a value, or leave it out or empty"},
		{"activities", `[{"id":"` + activity + `","contact_id":null}]`, "ERROR missing_field an activity must belong to"},
		{"campaign_members", `[{"id":"` + member + `","reason":null,"company":null}]`, "reason r -> (unset)"},
		{"campaign_members", `[{"id":"` + member + `","contact":null}]`, "ERROR missing_field a campaign_member must have either contact_id or company_id"},
		{"campaign_members", `[{"id":"` + member + `","campaign_id":null}]`, "ERROR missing_field campaign_id of a campaign_member cannot be cleared"},
		{"contacts", `[{"id":"c_011p","name":null}]`, "ERROR missing_field name of a contact cannot be cleared; give the row a value"},
		{"contacts", `[{"email":"ann@acme.com","name":null,"title":null}]`, "ERROR missing_field name of a contact cannot be cleared; give the row a value"},
		{"contacts", "id,name\nc_011p,NULL\n", "name \"Ann Lee\" -> NULL"},
	} {
		if text := r.want(200, "POST", "/import/"+c.kind, c.file); !strings.Contains(text, c.want) {
			t.Errorf("%s: no %q in %s", c.file, c.want, text)
		}
	}
	if text := r.want(400, "POST", "/import/contacts?null=NULL&atomic=1", "id,name\nc_011p,NULL\n"); !strings.Contains(text, "row 1: name of a contact cannot be cleared") {
		t.Error(text)
	}
}

// TestRowsOfOnePersonClear imports two rows about one contact: a value wins over none, in any order.
func TestRowsOfOnePersonClear(t *testing.T) {
	r := withAnn(t)
	for _, c := range []struct{ file, want string }{
		{`[{"email":"ann@acme.com","title":"CEO"},{"email":"ann@acme.com","title":null}]`, "row 2 unchanged contact/c_011p (an earlier row of the file has another title, which stays)"},
		{`[{"email":"ann@acme.com","stage":null},{"email":"ann@acme.com","stage":"new"}]`, "row 2 updated contact/c_011p stage (unset) -> new"},
		{`[{"email":"ann@acme.com","custom.seats":13},{"email":"ann@acme.com","custom.seats":null}]`, "(an earlier row of the file has another custom.seats, which stays)"},
	} {
		if text := r.want(200, "POST", "/import/contacts", c.file); !strings.Contains(text, c.want) {
			t.Errorf("%s: %s", c.file, text)
		}
	}
	// Rows with ids say each what the record has afterwards.
	r.want(200, "POST", "/import/contacts", `[{"id":"c_011p","title":"COO"},{"id":"c_011p","title":null}]`)
	if got := r.ann(); strings.Contains(got, "title=") || !strings.Contains(got, "stage=new") || !strings.Contains(got, "custom.seats=13") {
		t.Error(got)
	}
}

// TestNullWordsAreChecked sends null= with files in which it means nothing, and words that no cell can be.
func TestNullWordsAreChecked(t *testing.T) {
	r := withAnn(t)
	before := r.ann()
	const csv = "email,title\nann@acme.com,NULL\n"
	for _, c := range []struct{ path, file, want string }{
		{"/import/contacts?null=NULL", `[{"email":"ann@acme.com","title":null}]`, `null=NULL is for cells of CSV, and this file is JSON: write null itself, like {"phone":null}`},
		{"/import/contacts?null=NULL", `{"email":"ann@acme.com","title":null}` + "\n", `null=NULL is for cells of CSV, and this file is JSON`},
		{"/import/contacts?null=NULL&dry_run=1", `{"email":"ann@acme.com",` + "\n" + `"title":null}` + "\n", `null=NULL is for cells of CSV, and this file is JSON`},
		{"/import/contacts?null=a%20b", "BEGIN:VCARD\nVERSION:4.0\nFN:Ann\nEND:VCARD\n", `null="a b" is for cells of CSV, and this file has vCards`},
		{"/import?null=NULL", r.want(200, "GET", "/export", ""), "POST /import has no parameter null; it takes dry_run"},
		{"/import/contacts?null=", csv, "null= is empty"},
		{"/import/contacts?null=%20%20", csv, "null= is empty"},
		{"/import/contacts?null=%20NULL", csv, "1 to 40 bytes, with no blank at its beginning or end"},
		{"/import/contacts?null=a%0Ab", csv, "no invisible character"},
		{"/import/contacts?null=" + strings.Repeat("x", 41), csv, "1 to 40 bytes"},
		{"/import/contacts?null=NULL&null=x", csv, "null is given 2 times"},
		{"/contacts?null=NULL", `{"name":"x"}`, "no parameter null"},
	} {
		if a := r.call("POST", c.path, c.file); a.status != 400 || !strings.Contains(a.body, c.want) {
			t.Errorf("%s: no %q in %d %s", c.path, c.want, a.status, a.body)
		}
	}
	if r.ann() != before {
		t.Error(r.ann())
	}
	long := strings.Repeat("ü", 20)
	r.want(200, "POST", "/import/contacts?null="+strings.Repeat("%C3%BC", 20), "email,title\nann@acme.com,"+long+"\n")
	if got := r.ann(); strings.Contains(got, "title=") {
		t.Error(got)
	}
}

// TestPlansSayWhatNullsDo compares the lines about nulls and versions in the plan of a file.
func TestPlansSayWhatNullsDo(t *testing.T) {
	r := withAnn(t)
	for _, c := range []struct{ path, file, want string }{
		{"?null=NULL", "email,title\nann@acme.com,NULL\n", "# \"NULL\" clears the field of its column\n"},
		{"?null=NULL", "email,title\nann@acme.com,null\n", "# no cell is \"NULL\", so null= clears nothing\n"},
		{"?null=NULL", "email,First Name,title\nann@acme.com,NULL,NULL\n", "# \"NULL\" clears the field of its column, but changes nothing in \"First Name\"\n"},
		{"", `[{"email":"ann@acme.com","title":null}]`, "# null clears the field of its column\n"},
		{"", `[{"email":"ann@acme.com","phnoe":null}]`, "\"phnoe\" -> custom.phnoe\n# null clears"},
		{"", `[{"email":"ann@acme.com","title":"x","version":1}]`, "# version: a row that would change a record which is at another version is refused\n"},
		{"?source=hubspot", `[{"email":"ann@acme.com","title":null}]`, "# null changes nothing, because the rows are an export of HubSpot: it had no value there\n"},
	} {
		if text := r.want(200, "POST", "/import/contacts"+addDryRun(c.path), c.file); !strings.Contains(text, c.want) {
			t.Errorf("%s %s: no %q in %s", c.path, c.file, c.want, text)
		}
	}
	if text := r.want(200, "POST", "/import/contacts?dry_run=1", "email,title\nann@acme.com,x\n"); strings.Contains(text, "null") || strings.Contains(text, "version") {
		t.Error(text)
	}
}

func addDryRun(path string) string {
	if path == "" {
		return "?dry_run=1"
	}
	return path + "&dry_run=1"
}

// TestTokensPinNulls confirms dry runs with the word and with another one, and after the file is read
// otherwise.
func TestTokensPinNulls(t *testing.T) {
	r := withAnn(t)
	const csv = "email,title\nann@acme.com,NULL\n"
	token := r.dryRun("/import/contacts?dry_run=1&null=NULL", csv)
	for _, path := range []string{"?confirm=" + token, "?null=x&confirm=" + token} {
		if a := r.call("POST", "/import/contacts"+path, ""); a.status != 400 || !strings.Contains(a.body, "null=NULL") {
			t.Errorf("%s: %d %s", path, a.status, a.body)
		}
	}
	if text := r.want(200, "POST", "/import/contacts?null=NULL&confirm="+token, ""); !strings.Contains(text, "row 1 updated contact/c_011p title CTO -> (unset)\n# imported: 0 created, 1 updated") {
		t.Error(text)
	}
	if text := r.want(200, "POST", "/import/contacts?null=NULL&confirm="+token, csv); !strings.HasPrefix(text, "# already done") {
		t.Error(text)
	}
	// What another record has by the time of the confirmation is changed too, and counted.
	token = r.dryRun("/import/contacts?dry_run=1", `[{"email":"ann@acme.com","stage":null}]`)
	r.want(200, "PATCH", "/contacts/c_011p", `{"stage":"new"}`)
	if text := r.want(200, "POST", "/import/contacts?confirm="+token, ""); !strings.Contains(text, "stage new -> (unset)") || !strings.Contains(text, "# the result differs from the dry run") {
		t.Error(text)
	}
}

// TestForeignNullsKeep imports exports of other products and of another workspace: what they did not have
// stays here.
func TestForeignNullsKeep(t *testing.T) {
	there := newRig(t).as("joe@other.com")
	there.want(201, "POST", "/contacts", `{"name":"Ann Lee","email":"ann@acme.com"}`)
	whole := there.want(200, "GET", "/export/contacts?format=ndjson", "")
	part := there.want(200, "GET", "/export/contacts?format=ndjson&fields=email,phone,stage,tags,version", "")
	for _, c := range []struct{ path, file, of string }{
		{"", strings.Replace(whole, "c_011p", "c_011r", 2), "another workspace"},
		{"", strings.Replace(part, "c_011p", "c_011r", 2), "another workspace"},
		{"?source=old", whole, "another workspace"},
		{"", `[{"Record ID":"5","Lifecycle Stage":null,"Email":"ann@acme.com","Phone Number":null,"Lead Status":null,"address":{"city":null},"custom":{"seats":null}}]`, "HubSpot"},
		{"?source=hubspot", `[{"id":"5","email":"ann@acme.com","phone":null,"stage":null}]`, "HubSpot"},
	} {
		t.Run("", func(t *testing.T) { // whose database is closed at its end
			r := withAnn(t)
			text := r.want(200, "POST", "/import/contacts"+c.path, c.file)
			if got := r.ann(); !strings.Contains(got, `phone="+1 555 0100"`) || !strings.Contains(got, "address.city=Rome") ||
				!strings.Contains(got, "stage=lead") || !strings.Contains(got, "tags=vip") || !strings.Contains(got, "custom.seats=12") {
				t.Errorf("%s: %s%s", c.file, text, got)
			}
			if !endsWith(text, " 0 failed\n") || !strings.Contains(text, "null changes nothing, because the rows are an export of "+c.of+": it had") {
				t.Errorf("%s: %s", c.file, text)
			}
		})
	}
}

package server_test

import (
	"fmt"
	"strings"
	"testing"
)

// TestMeaningOfColumns imports a file each into a new workspace, and reads its first record. A want
// that begins with ! must not be there.
func TestMeaningOfColumns(t *testing.T) {
	checkMeanings(t, []meaning{
		{"second addresses go into the lists", "contacts", "Name,Home Email,Work Email,Mobile,Work Phone\nx,h@x.example,w@x.example,+44 7700 900001,+44 20 7946 0001\n",
			[]string{"email=w@x.example", "other_emails=h@x.example", `phone="+44 20 7946 0001"`, `other_phones="+44 7700 900001"`}},
		{"a wrong second address stays as it is", "contacts", "name,email,Email 2\nx,a@x.example,nobody\n", []string{"email=a@x.example", `custom."Email 2"=nobody`}},
		{"numbers with extensions are whole", "contacts", "name,phone\nx,\"+1 512 555 0100, ext. 5\"\n", []string{`phone="+1 512 555 0100, ext. 5"`, "!other_phones"}},
		{"a whole name keeps no parts of it", "contacts", "Full Name,First Name,Last Name,Salutation\nAnn Lee,Ann,Lee,Dr.\n", []string{`name="Ann Lee"`, "custom.Salutation=Dr.", "!First Name"}},
		{"a form of address names nobody", "contacts", "Salutation,Email\nMs.,a@x.example\n", []string{"name=a@x.example", "custom.Salutation=Ms."}},
		{"lines of a street are joined", "contacts", "name,Address Line 1,Address Line 2,City\nx,1 Main St,Floor 2,Bonn\n", []string{`address.street="1 Main St, Floor 2"`, "address.city=Bonn"}},
		{"one of two addresses", "contacts", "name,Home City,Work City,Home Street\nx,Rome,Bonn,Via 1\n", []string{"address.city=Bonn", `custom."Home City"=Rome`, `custom."Home Street"="Via 1"`}},
		{"the address at home, if there is no other", "contacts", "name,Home City,Work City\nx,Rome,\n", []string{"address.city=Rome"}},
		{"an address in one cell", "contacts", "name,Address\nx,\"1 Main St, Bonn\"\n", []string{`address.street="1 Main St, Bonn"`}},
		{"two columns for one key", "contacts", "name,LinkedIn,LinkedIn URL\nx,in/a,in/b\n", []string{"custom.linkedin=in/a", `custom."LinkedIn URL"=in/b`}},
		{"an id that no list shows", "contacts", "ID,name\n7,x\n", []string{"name=x", "custom.ID=7"}},
		{"two ids", "contacts?source=old", "ID,Contact ID,name\n7,8,x\n", []string{"external_ids=old:7", `custom."Contact ID"=8`}},
		{"yes and no", "deals", "title,Is Won,Close Date\nx,TRUE,2026-01-05\n", []string{"status=won", "close_at=2026-01-05", "!custom"}},
		{"two yes that contradict each other", "deals", "title,Is Won,Is Lost\nx,yes,yes\n", []string{"status=won", `custom."Is Lost"=yes`}},
		{"closed, and not won", "deals?source=salesforce", "Name,IsWon,IsClosed\nx,false,true\n", []string{"status=lost", "!custom"}},
		{"closed, and won", "deals?source=salesforce", "Name,IsClosed,IsWon\nx,1,1\n", []string{"status=won", "!custom"}},
		{"closed, and nothing else", "deals?source=salesforce", "Name,IsClosed\nx,true\n", []string{"status=open", "custom.IsClosed=true"}},
		{"a yes that is contradicted", "deals", "title,Status,Is Won\nx,lost,yes\n", []string{"status=lost", `custom."Is Won"=yes`}},
		{"words of a product", "tickets", "subject,status,priority\nx,On hold,Urgent\n", []string{"status=pending", "priority=high", `custom.status="On hold"`}},
		{"two columns of an amount", "deals", "title,Amount,Deal Amount\nx,99.90 EUR,12.50\n", []string{`amount="99.90 EUR"`, `custom."Deal Amount"=12.50`}},
		{"a site of many", "companies", "name,Website\nx,https://www.facebook.com/x\n", []string{"custom.website=https://www.facebook.com/x", "!domain="}},
		{"a page of a group", "companies", "name,Website\nx,https://group.example/x\n", []string{"custom.website=https://group.example/x", "!domain="}},
		{"a first page", "companies", "name,Website\nx,https://www.acme.example/en/home?a=1\n", []string{"domain=acme.example", "custom.website=https://www.acme.example/en/home?a=1"}},
		{"a customer's own site of a builder", "companies", "name,Website\nx,acme.myshopify.com\n", []string{"domain=acme.myshopify.com"}},
		{"a customer beside a person is the company", "contacts", "Ansprechpartner;Kunde;E-Mail\nA;X AG;a@x.example\n", []string{"name=A", `company.name="X AG"`, "!custom"}},
		{"what is no site", "companies", "name,Website\nx,soon\n", []string{"custom.Website=soon"}},
	})
}

// TestMeaningOfCells does the same for cells that have no value, or an unusual form.
func TestMeaningOfCells(t *testing.T) {
	checkMeanings(t, []meaning{
		{"what is written for no value", "contacts", "name,email,Mobile,City,notes,Company,follow_up_at\nNull,-,k. A.,N/A,keine,--,00.00.0000\n", []string{"name=Null", "notes=keine", "!custom", "!email", "!phone", "!address", "!company", "!follow_up"}},
		{"no amount and no date", "deals", "title,Amount,Close Date,Currency\nx,n/a,0.0.00,EUR\n", []string{"title=x", "!amount_cents", "!close_at", "!custom"}},
		{"no birthday", "contacts", "name,Geburtstag,Version\nx,0.0.00,0.0.0\n", []string{"!Geburtstag", "custom.Version=0.0.0"}},
		{"the link of a mail", "contacts", "name,email\nx,mailto:M@m.example?subject=a\n", []string{"email=m@m.example", "!custom"}},
		{"addresses with a slash between", "contacts", "name,email\nx,a@x.example / b@x.example\n", []string{"email=a@x.example", "other_emails=b@x.example", "!custom"}},
		{"months by name and short years", "deals", "title,Close Date,follow_up_at\nx,01.02.26,1. März 2026\n", []string{"close_at=2026-02-01", "follow_up_at=2026-03-01"}},
	})
}

// meaning is a file, and what its first record has.
type meaning struct {
	name, path, file string
	want             []string
}

func checkMeanings(t *testing.T, list []meaning) {
	t.Helper()
	for _, c := range list {
		r := newRig(t).as("jane@acme.com")
		kind, _, _ := strings.Cut(c.path, "?")
		answer := r.want(200, "POST", "/import/"+c.path, c.file)
		text := r.want(200, "GET", "/export/"+kind, "")
		if !strings.Contains(answer, "1 created") {
			text = answer
		}
		for _, want := range c.want {
			if absent, is := strings.CutPrefix(want, "!"); is == strings.Contains(text, absent) {
				t.Errorf("%s: want %s in\n%s", c.name, want, text)
			}
		}
	}
}

// TestKeyOfRows names the column that identifies the rows.
func TestKeyOfRows(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	file := func(cells string) string { return "Customer No,Name,Email,Last Modified\n" + cells }
	for _, c := range []struct{ cells, want string }{
		{"K-1,Ann Lee,ann@x.example,2026-01-01\nK-2,Bo Kim,,2026-01-01\n", "2 created"},
		{"K-1,Ann Lee,ann@new.example,2026-02-02\nK-2,Bo Kim,,2026-02-02\n", "0 created, 2 updated"},
		{"K-1,Ann Lee,ann@new.example,2026-02-02\nK-2,Bo Kim,,2026-02-02\n", "2 unchanged"},
		{"K-1,Zoë Ro,zoe@x.example,2026-02-02\n", "1 failed"},
	} {
		if text := r.want(200, "POST", "/import/contacts?source=shop&key=customer+no", file(c.cells)); !strings.Contains(text, c.want) || !strings.Contains(text, `key: "Customer No"`) {
			t.Errorf("%s is no %s:\n%s", c.cells, c.want, text)
		}
	}
	if text := r.want(200, "GET", "/contacts?external_ids=shop:K-1&fields=name,email,custom", ""); !strings.Contains(text, "email=ann@new.example") || !strings.Contains(text, `custom."Customer No"=K-1`) {
		t.Error(text)
	}
	if text := r.want(400, "POST", "/import/contacts?key=Customer", file("K-1,Ann,a@x.example,\n")); !strings.Contains(text, `"Customer No"`) || !strings.Contains(text, "Nothing was saved") {
		t.Error(text)
	}
}

// TestVolatileColumns imports rows that only their content identifies, with other checksums.
func TestVolatileColumns(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	const file = "First Name,Last Name,Record checksum,Days since last call,Last Modified\nAnn,Lee,%d,%d,2026-01-0%d\n"
	for i, want := range []string{"1 created, 0 updated", "0 created, 1 updated", "0 created, 1 updated"} {
		if text := r.want(200, "POST", "/import/contacts", fmt.Sprintf(file, i+10, i+3, i+1)); !strings.Contains(text, want) {
			t.Errorf("import %d: %s", i, text)
		}
	}
}

// TestCompaniesOfOneSite imports companies that have the domain of another: they are companies of
// their own, and stay so when the file comes again.
func TestCompaniesOfOneSite(t *testing.T) {
	for _, file := range []string{
		"Record ID,Company name,Company Domain Name,Lifecycle Stage\n1,Edge,edge.example,lead\n2,Edge UK,edge.example,lead\n3,Other,edge.example,lead\n",
		"name,domain\nEdge,edge.example\nQuite Other,edge.example\nThird,https://edge.example\n",
	} {
		r := newRig(t).as("jane@acme.com")
		for _, want := range []string{"3 created, 0 updated, 0 unchanged, 0 failed", "0 created, 0 updated, 3 unchanged, 0 failed"} {
			if text := r.want(200, "POST", "/import/companies", file); !strings.Contains(text, want) {
				t.Errorf("want %s:\n%s", want, text)
			}
		}
		if text := r.want(200, "GET", "/companies?fields=name,domain,custom", ""); strings.Count(text, " domain=edge.example") != 1 || strings.Count(text, "custom.website=edge.example") != 2 {
			t.Error(text)
		}
	}
}

// TestAddressesOfOthers imports contacts with a further address that belongs to somebody else.
func TestAddressesOfOthers(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	const file = "name,email,Email 2\nAnn Lee,ann@x.example,info@x.example\nBo Kim,bo@x.example,info@x.example\n"
	for _, want := range []string{"2 created", "2 unchanged, 0 failed"} {
		if text := r.want(200, "POST", "/import/contacts", file); !strings.Contains(text, want) {
			t.Errorf("want %s:\n%s", want, text)
		}
	}
	if text := r.want(200, "GET", "/contacts?email=bo@x.example&fields=name,other_emails,custom", ""); !strings.Contains(text, "custom.other_emails=info@x.example") {
		t.Error(text)
	}
}

// TestReferencesAcrossFiles imports records whose references are ids of other files: of the same
// product, of a file without marks, and of files with other columns.
func TestReferencesAcrossFiles(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	const account, contact, deal = "0015g00000J1k2LAAR", "0035g00000J1k2LAAR", "0065g00000J1k2LAAR"
	for _, c := range []struct{ kind, file, want string }{
		{"companies", "Id,Name,Website\n" + account + ",Edge,edge.example\n", "source: salesforce, known by its ids"},
		{"contacts", "Id,AccountId,LastName,Email\n" + contact + "," + account[:15] + ",Gon,gon@edge.example\n", "1 created"},
		{"deals", "Id,AccountId,Name,StageName,IsWon\n" + deal + "," + account + ",s1,Closed Won,1\n", "1 created"},
		{"tasks", "Id,WhoId,WhatId,Subject\n00T5g00000J1k2LEAQ," + contact + "," + deal + ",Call\n", "1 created"},
		{"tasks", "Id,WhoId,WhatId,Subject\n00T5g00000K1k2LEAQ,," + "0015g00000XXXXXAAR" + ",Call\n", "ERROR reference_not_found no record with the id"},
		{"companies", "ID,name\nX-100,Private\n7,Seven\n", "2 created"},
		{"contacts", "ID,name,company_id,Shoe size\nP-1,Ann,X-100,40\n", "1 created"},
		{"contacts", "ID,name,company_id,Hat size\nP-2,Bob,7,40\n", "ERROR reference_not_found company_id: no company with the id 7 was imported; import the companies first, both files with the same source=<name>"},
	} {
		if text := r.want(200, "POST", "/import/"+c.kind, c.file); !strings.Contains(text, c.want) {
			t.Errorf("%s of %q: no %q in\n%s", c.kind, c.file, c.want, text)
		}
	}
	for path, want := range map[string]string{
		"/contacts?name=Gon&fields=name,company.name":                   "company.name=Edge",
		"/deals?fields=title,status,company.name":                       "status=won company.name=Edge",
		"/tasks?fields=title,contact.name,deal.title":                   "contact.name=Gon deal.title=s1",
		"/contacts?name=Ann&fields=name,company.name":                   "company.name=Private",
		"/contacts?external_ids=salesforce:" + contact + "&fields=name": "name=Gon",
	} {
		if text := r.want(200, "GET", path, ""); !strings.Contains(text, want) {
			t.Errorf("%s: no %s in %s", path, want, text)
		}
	}
}

// TestCompaniesThatContactsName are made with the id of the reference, so that the file of the
// companies completes them; two ids of one name are two companies.
func TestCompaniesThatContactsName(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	contacts := "Record Id,Last Name,Account Name.id,Account Name\n1,Lee,zcrm_11,Acme\n2,Kim,zcrm_12,Acme\n3,Roe,11,Acme\n"
	companies := "Record Id,Account Name,Website,Account Owner.id,Modified By.id\nzcrm_11,Acme,acme.example,5,5\nzcrm_12,Acme,other.example,5,5\n"
	for _, c := range []struct{ kind, file, want string }{
		{"contacts?source=zoho", contacts, "3 created"}, {"companies", companies, "0 created, 2 updated"}, {"contacts?source=zoho", contacts, "3 unchanged"},
	} {
		if text := r.want(200, "POST", "/import/"+c.kind, c.file); !strings.Contains(text, c.want) {
			t.Errorf("%s: no %q in\n%s", c.kind, c.want, text)
		}
	}
	for domain, n := range map[string]int{"acme.example": 2, "other.example": 1} {
		if text := r.want(200, "GET", "/contacts?company.domain="+domain, ""); strings.Count(text, "contact/") != n {
			t.Errorf("%s: %s", domain, text)
		}
	}
}

// TestDoneWithoutATime imports tasks that are done. The flag is nothing but its time, so a task whose
// row has none gets that of the import, and the answer says so. A later file with the time corrects it.
func TestDoneWithoutATime(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	const hint = "# rows with done and no done_at: 1; their done_at is the time of this import, a column done_at states another\n"
	file := "ID,title,done,done_at\n1,a,yes,\n2,b,yes,2026-01-05T10:00:00Z\n3,c,no,\n4,d,,2026-01-06T10:00:00Z\n"
	for _, path := range []string{"/import/tasks?source=old&dry_run=1", "/import/tasks?source=old"} {
		if text := r.want(200, "POST", path, file); !strings.Contains(text, hint) {
			t.Errorf("%s does not say %s:\n%s", path, hint, text)
		}
	}
	if text := r.want(200, "POST", "/import/tasks?source=old", file); strings.Contains(text, "time of this import") || !strings.Contains(text, "4 unchanged") {
		t.Errorf("again it is\n%s", text)
	}
	for filter, want := range map[string]string{"done=yes": "3 of 3", "done=no": "1 of 1", "done_at=lt:2026-02-01": "2 of 2", "done_at=is:null": "1 of 1"} {
		if text := r.want(200, "GET", "/tasks?"+filter, ""); !strings.Contains(text, want) {
			t.Errorf("%s finds\n%s", filter, text)
		}
	}
	r.want(200, "POST", "/import/tasks?source=old", "ID,done,done_at\n1,yes,2026-01-04T10:00:00Z\n")
	if text := r.want(200, "GET", "/tasks?done_at=lt:2026-02-01", ""); !strings.Contains(text, "3 of 3") {
		t.Errorf("the time is not corrected:\n%s", text)
	}
}

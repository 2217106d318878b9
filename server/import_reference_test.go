package server_test

import (
	"regexp"
	"strings"
	"testing"

	"crmkit/server"
)

// countsOf finds the counts of an import.
var countsOf = regexp.MustCompile(`\d+ created, .*failed`)

// referenceCase imports files, one after another, and reads what they made. A want that begins with !
// must not be there; those of the answer are of the last file.
type referenceCase struct {
	name   string
	files  []string // "kind: content"
	answer []string
	export map[string][]string // by kind
}

// check imports the files, the last one after a dry run, in which each row is a step of its own and
// which must say the same. Then the last one comes again, and must change nothing.
func (c referenceCase) check(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	r.tune(func(s *server.Server) { s.SaveAtOnce(1) })
	send := func(file string) string {
		kind, content, _ := strings.Cut(file, ": ")
		return r.want(200, "POST", "/import/"+kind, content)
	}
	has := func(what, text string, wants []string) {
		for _, want := range wants {
			if absent, is := strings.CutPrefix(want, "!"); is == strings.Contains(text, absent) {
				t.Errorf("%s: want %s in %s\n%s", c.name, want, what, text)
			}
		}
	}
	var answer, dry string
	for _, file := range c.files {
		kind, content, _ := strings.Cut(file, ": ")
		dry = r.want(200, "POST", "/import/"+kind+strings.Repeat("?", 1-strings.Count(kind, "?"))+"&dry_run=1", content)
		answer = send(file)
		if of := func(text string) string { return countsOf.FindString(text) }; of(dry) != of(answer) {
			t.Errorf("%s: the dry run says\n%s\nand the import\n%s", c.name, dry, answer)
		}
	}
	has("the answer", answer, c.answer)
	exports := func() (all string) {
		for _, kind := range []string{"contacts", "companies", "deals", "tickets", "activities"} {
			all += r.want(200, "GET", "/export/"+kind, "")
		}
		return all
	}
	for kind, wants := range c.export {
		has(kind, r.want(200, "GET", "/export/"+kind, ""), wants)
	}
	before := exports()
	if again := send(c.files[len(c.files)-1]); !strings.Contains(again, "# imported: 0 created, 0 updated") || exports() != before {
		t.Errorf("%s: the last file changes something when it comes again:\n%s", c.name, again)
	}
}

const twoHans = "contacts: Name,Company,Phone\nHans Meier,Alpha AG,1\nHans Meier,Beta AG,2\n"

var namesakeCases = []referenceCase{
	{"the person of that name at the company of the row",
		[]string{twoHans, "activities: Date,Type,Contact,Company,Notes\n2026-02-01,Call,Hans Meier,Alpha AG,alpha call\n2026-02-02,Call,Hans Meier,Beta AG,beta call\n"},
		[]string{"2 created"},
		map[string][]string{"contacts": {"# exported: 2"}, "activities": {`body="alpha call" contact_id=c_011p contact.name="Hans Meier" company_id=co_01xm company.name="Alpha AG"`, `body="beta call" contact_id=c_02r2`}}},
	{"with the columns in another order, and a title",
		[]string{twoHans, "deals: Title,Contact,Company\nD,Dr. Hans Meier,BETA AG\n"}, []string{"1 created"}, map[string][]string{"contacts": {"# exported: 2"}}},
	{"nothing says which is meant",
		[]string{twoHans, "deals: Title,Contact\nD,Hans Meier\n"},
		[]string{"ERROR reference_not_found contact_id: there are 2 contacts named \"Hans Meier\": contact/c_", "add a column contact.email or contact_id, or one with the company of that contact", "1 failed"},
		map[string][]string{"contacts": {"# exported: 2"}, "deals": {"!title=D"}}},
	{"at a company where none of them is",
		[]string{twoHans, "deals: Title,Contact,Company\nD,Hans Meier,Gamma AG\n"}, []string{"there are 2 contacts named", "1 failed"},
		map[string][]string{"contacts": {"# exported: 2"}, "companies": {"!Gamma"}}},
	{"six of one name", []string{"contacts: Name,Phone\nA B,1\nA B,2\nA B,3\nA B,4\nA B,5\nA B,6\n", "deals: Title,Contact\nD,A B\n"}, []string{"there are more than 5 contacts named"}, nil},
	{"nobody has the name: the new person is at the company of the row",
		[]string{"deals: Title,Contact,Company\nD,Ann Lee,Acme\n"}, []string{"# also created, because rows refer to them: 1 company, 1 contact"},
		map[string][]string{"contacts": {`name="Ann Lee"`, "company.name=Acme"}}},
	{"companies of one name, by the domain of the address",
		[]string{"companies: Name,Domain,City\nTwin GmbH,twin-a.example,Berlin\nTwin GmbH,twin-b.example,Bonn\n", "contacts: Name,Email,Company\nT1,t1@twin-b.example,Twin GmbH\nT2,t2@mail.example,Twin GmbH\n"},
		[]string{"2 created", `row 2 created contact/`, `(saved without company, the name is in custom.Company. company_id: there are 2 companies named "Twin GmbH": company/co_`, "# rows with a note, in brackets behind their result: 1"},
		map[string][]string{"companies": {"# exported: 2"}, "contacts": {`custom.Company="Twin GmbH"`, `name=T1 email=t1@twin-b.example company_id=co_02r7`}}},
	{"companies of one name, by the person",
		[]string{"companies: Name,Domain\nTwin GmbH,twin-a.example\nTwin GmbH,twin-b.example\n", "contacts: Name,Email,Company\nT1,t1@twin-b.example,Twin GmbH\n", "deals: Title,Company,Contact\nD,Twin GmbH,T1\nE,Twin GmbH,\n"},
		[]string{"1 created", `row 2 ERROR reference_not_found company_id: there are 2 companies named "Twin GmbH"`, "add a column company.domain or company_id."},
		map[string][]string{"companies": {"# exported: 2"}}},
	{"deals of one title, by their company",
		[]string{"deals: Title,Company\nRenewal,A Co\nRenewal,B Co\n", "activities: Body,Deal,Company\nx,Renewal,B Co\ny,Renewal,\n"},
		[]string{"1 created", `row 2 ERROR reference_not_found deal_id: there are 2 deals named Renewal: deal/d_`, "add a column deal_id, or one with the contact or the company of that deal", "!import the deals first"},
		map[string][]string{"deals": {"# exported: 2"}}},
	{"a deal that nobody has", []string{"activities: Body,Deal\nx,Renewal\n"}, []string{"no deal has this name: Renewal. Import the deals first"}, nil},
}

// TestNamesakes imports rows that refer to records of one name.
func TestNamesakes(t *testing.T) {
	for _, c := range namesakeCases {
		c.check(t)
	}
}

var addressCases = []referenceCase{
	{"an address, alone and beside a name",
		[]string{"contacts: Name,Email\nKim Req,kim@req.example\n", "tickets: Subject,Requester\nT1,kim@req.example\nT2,Kim Req <kim@req.example>\nT3,Kim Req (kim@req.example)\nT4,KIM@req.example\nT5,kim@req.example (Kim)\n"},
		[]string{"5 created", "!also created"}, map[string][]string{"contacts": {"# exported: 1"}, "tickets": {"!custom"}}},
	{"of nobody", []string{"deals: Title,Contact\nD,jane@acme.example\nE,Jo Doe <jo@acme.example>\n"}, []string{"2 created"},
		map[string][]string{"contacts": {"name=jane@acme.example email=jane@acme.example", `name="Jo Doe" email=jo@acme.example`}}},
	{"in a column of ids", []string{"contacts: Name,Email\nKim Req,kim@req.example\n", "deals: Title,Contact ID\nD,kim@req.example\n"}, []string{"1 created", "!also created"}, nil},
	{"twice in a row", []string{"deals: Title,Contact,Contact Email\nD,Jane <jane@acme.example>,JANE@acme.example\n"}, []string{"1 created"},
		map[string][]string{"contacts": {"# exported: 1"}, "deals": {"!custom"}}},
	{"a site of a company", []string{"companies: Name,Domain\nAcme,acme.example\n", "deals: Title,Company\nA,acme.example\nB,https://www.acme.example/\nC,Acme.example\nD,new.example\nE,https://other.example\n"},
		[]string{"5 created"}, map[string][]string{"companies": {"# exported: 3", "name=new.example domain=new.example", "name=other.example domain=other.example"}}},
	{"a name that looks like a site", []string{"deals: Title,Company\nA,E.ON\nB,e.on\n"}, []string{"2 created"}, map[string][]string{"companies": {"# exported: 1", "name=E.ON", "!domain"}}},
	{"a site of many", []string{"deals: Title,Company\nA,https://www.linkedin.com/company/acme\n"}, []string{"1 created"},
		map[string][]string{"companies": {"# exported: 0"}, "deals": {"custom.Company=https://www.linkedin.com/company/acme"}}},
}

// TestAddressesAsReferences imports cells that have the address of a person or of a company.
func TestAddressesAsReferences(t *testing.T) {
	for _, c := range addressCases {
		c.check(t)
	}
}

var severalCases = []referenceCase{
	{"one is known", []string{"contacts: Name,Email,Company\nOne Person,one@p.example,P Co\n", "deals: Deal name,Contact,Company\nD1,One Person; Zed,P Co\n"},
		[]string{"1 created", `(contact is one of the contacts in the column Contact, the others are in custom.Contact)`, "# rows with a note"},
		map[string][]string{"contacts": {"# exported: 1"}, "deals": {`contact.name="One Person"`, "custom.Contact=Zed"}}},
	{"nobody is known", []string{"deals: Title,Contact\nD,Jane Doe; Pierre Lévêque; x@y.example\n"}, []string{"1 created"},
		map[string][]string{"contacts": {"# exported: 1", `name="Jane Doe"`}, "deals": {`custom.Contact="Pierre Lévêque; x@y.example"`}}},
	{"what may be one name", []string{"deals: Title,Contact\nD,Meier; Hans\n"}, []string{`ERROR reference_not_found contact_id: "Meier; Hans" has semicolons`, "1 failed"}, map[string][]string{"contacts": {"# exported: 0"}}},
	{"a company with a semicolon", []string{"companies: Name\nÅngström & Co; Uppsala\n", "deals: Title,Company\nD,Ångström & Co; Uppsala\n"}, []string{"1 created", "!also created"}, map[string][]string{"companies": {"# exported: 1"}, "deals": {"!custom"}}},
	{"companies", []string{"companies: Name\nO'Brien & Sons\n", "deals: Title,Company\nD,\"O'Brien & Sons; Foo, Inc.\"\n"}, []string{"1 created", "!also created"}, map[string][]string{"deals": {`custom.Company="Foo, Inc."`}}},
	{"a column that is a list", []string{"deals?source=hubspot: Deal Name,Associated Company,Associated Contact\nD,Brandt GmbH;O'Brien & Sons,Zoë Müller (zoe@b.example);Bo (bo@b.example)\n"}, []string{"1 created"},
		map[string][]string{"companies": {"# exported: 1", `name="Brandt GmbH"`}, "contacts": {"# exported: 1", "email=zoe@b.example"}, "deals": {`custom."Associated Company"="O'Brien & Sons"`, `custom."Associated Contact"="Bo (bo@b.example)"`}}},
	{"in an activity", []string{"contacts: Name,Phone\nAnn Lee,1\n", "activities: Body,Contact\nhello,Ann Lee; Bo Kim\n"}, []string{"1 created", "the others are in body"},
		map[string][]string{"activities": {`body="hello\n\nContact: Bo Kim"`}}},
}

// TestSeveralReferencesInACell imports cells that name several records.
func TestSeveralReferencesInACell(t *testing.T) {
	for _, c := range severalCases {
		c.check(t)
	}
}

var completedCases = []referenceCase{
	{"the person of a deal", []string{"deals: Title,Contact,Company\nD,Mara Lind,Acme\n", "contacts: Name,Email,Company,Phone\n\"Lind, Mara\",mara@acme.example,Acme,1\n"}, []string{"1 updated"},
		map[string][]string{"contacts": {"# exported: 1", "email=mara@acme.example", "phone=1"}}},
	{"with a title, an id and no address", []string{"deals: Title,Contact\nD,Dr. Mara Lind\n", "contacts?source=old: ID,Name,Company\n7,Mara Lind,Acme\n"}, []string{"1 updated"},
		map[string][]string{"contacts": {"# exported: 1", "external_ids=old:7", "company.name=Acme"}}},
	{"by the first row alone", []string{"deals: Title,Contact\nD,Hans Meier\n", "contacts: Name,Phone\nHans Meier,1\nHans Meier,2\nHans Meier,3\n"}, []string{"2 created, 1 updated"},
		map[string][]string{"contacts": {"# exported: 3", "phone=1", "phone=2", "phone=3"}}},
	{"at the same company", []string{"deals: Title,Contact,Company\nD,Hans Meier,Beta AG\n", twoHans}, []string{"1 created, 1 updated"},
		map[string][]string{"contacts": {"# exported: 2", `phone=2 company_id=co_01xm company.name="Beta AG"`}, "companies": {"# exported: 2"}}},
	{"not one with an address", []string{"deals: Title,Contact\nD,Ann Lee <ann@x.example>\n", "contacts: Name,Email\nAnn Lee,ann@y.example\n"}, []string{"1 created"}, map[string][]string{"contacts": {"# exported: 2"}}},
	{"not one that somebody made", []string{"contacts: Name,Phone\nAnn Lee,1\n", "contacts: Name,Email\nAnn Lee,ann@y.example\n"}, []string{"1 created"}, map[string][]string{"contacts": {"# exported: 2"}}},
	{"by a deal with the address", []string{"deals: Title,Contact\nD,Ann Lee\n", "deals: Title,Contact\nE,Ann Lee <ann@x.example>\n"}, []string{"1 created"}, map[string][]string{"contacts": {"# exported: 1", "email=ann@x.example"}}},
	{"the company of a contact", []string{"contacts: Name,Company\nAnn,Acme Inc.\n", "companies: Name,Domain\nACME Inc,acme.example\nAcme Inc.,acme.test\n"}, []string{"1 created, 1 updated"},
		map[string][]string{"companies": {"# exported: 2", `name="ACME Inc" domain=acme.example`}, "contacts": {`company.name="ACME Inc"`}}},
}

// TestNamedRecordsAreCompleted imports records after the rows that name them.
func TestNamedRecordsAreCompleted(t *testing.T) {
	for _, c := range completedCases {
		c.check(t)
	}
}

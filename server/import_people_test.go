package server_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"crmkit/store/storetest/kit"
)

// TestPeopleAreNotWrittenOver imports rows with the address, or the id, of somebody else. What names
// have in common must be more than a title, a particle, a family name or a legal form.
func TestPeopleAreNotWrittenOver(t *testing.T) {
	for _, c := range []struct{ kind, had, row string }{
		{"contacts", "Dr. Eve X", "Dr. Bob Y"},
		{"contacts", "Mr John Roe", "Mr Max Poe"},
		{"contacts", "Jose de Lima", "Maria de Souza"},
		{"contacts", "John Smith", "Mary Smith"},
		{"companies", "Acme Inc", "Beta Inc"},
		{"companies", "Müller GmbH", "Schmidt GmbH"},
		{"companies", "Bank of America", "Bank of China"},
	} {
		r := newRig(t).as("jane@acme.com")
		column, value := "email", "shared@one.example"
		if c.kind == "companies" {
			column, value = "domain", "one.example"
		}
		r.want(200, "POST", "/import/"+c.kind, "name,"+column+"\n"+c.had+","+value+"\n")
		answer := r.want(200, "POST", "/import/"+c.kind, "name,"+column+"\n"+c.row+","+value+"\n")
		text := r.want(200, "GET", "/export/"+c.kind, "")
		if !strings.Contains(text, `name="`+c.had+`" `+column+"="+value) {
			t.Errorf("%s was written over by %s:\n%s%s", c.had, c.row, answer, text)
		}
		if c.kind == "companies" != strings.Contains(text, c.row) {
			t.Errorf("%s: companies of one domain stay two, people of one address are refused:\n%s%s", c.row, answer, text)
		}
	}
}

// TestWeakIDsNameNobody imports two files of no known product, of which each has a person 1.
func TestWeakIDsNameNobody(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	r.want(200, "POST", "/import/contacts", "id,name\n1,John Smith\n")
	answer := r.want(200, "POST", "/import/contacts", "id,name,email\n1,John Doe,doe@b.example\n")
	if text := r.want(200, "GET", "/export/contacts", ""); !strings.Contains(text, `name="John Smith"`) {
		t.Errorf("the first John is gone:\n%s%s", answer, text)
	}
}

// TestRowsWithoutANameKeepIt imports rows without a name that find a person by a further address.
func TestRowsWithoutANameKeepIt(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	r.want(200, "POST", "/import/contacts", "name,email\nJane Doe,jane@acme.example\n")
	for _, address := range []string{"jane.d@new.example", "xq@new.example"} {
		r.want(200, "POST", "/import/contacts", "E-mail,E-mail 2\n"+address+",jane@acme.example\n")
	}
	text := r.want(200, "GET", "/export/contacts", "")
	if !strings.Contains(text, `name="Jane Doe" email=jane@acme.example`) || !strings.Contains(text, "xq@new.example") || strings.Count(text, "contact/") != 1 {
		t.Errorf("the contacts are\n%s", text)
	}
}

// TestRowsTakeNothingAway imports rows about people that are there: lists and notes grow, addresses
// are of one place, and what the record has is not cleared.
func TestRowsTakeNothingAway(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	r.want(201, "POST", "/contacts", `{"name":"Mara Lind","email":"m@a.example","phone":"030 1","tags":["vip"],"notes":"promised 20% discount","address":{"street":"Weg 1","city":"Berlin"}}`)
	file := "name,email,phone,tags,notes,city\nMara Lind,m@a.example,030 2,fair,likes tea,Hamburg\n"
	r.want(200, "POST", "/import/contacts", file)
	text := r.want(200, "GET", "/export/contacts", "")
	for _, want := range []string{"tags=vip,fair", `notes="promised 20% discount\n\nlikes tea"`, `phone="030 2"`, `other_phones="030 1"`, "address.city=Hamburg"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %s in\n%s", want, text)
		}
	}
	if strings.Contains(text, "Weg 1") {
		t.Errorf("a street of Berlin is in Hamburg:\n%s", text)
	}
	if again := r.want(200, "POST", "/import/contacts", file); !strings.Contains(again, "0 updated, 1 unchanged") {
		t.Errorf("again it is\n%s", again)
	}
}

// TestTwoRowsOfOnePerson imports a file that has people several times, with other values each: the
// first row of each is right, the answer says what is not taken, lists and notes take all, and
// the file changes nothing when it comes again.
func TestTwoRowsOfOnePerson(t *testing.T) {
	seed := kit.Seed(t)
	random := rand.New(rand.NewPCG(seed, 1))
	for range 10 {
		file, first := randomDoubles(random)
		r := newRig(t).as("jane@acme.com")
		plan := r.want(200, "POST", "/import/contacts?dry_run=1", file)
		answer := r.want(200, "POST", "/import/contacts", file)
		text := r.want(200, "GET", "/export/contacts", "")
		for email, title := range first {
			if !strings.Contains(text, "email="+email) || !strings.Contains(text, "title="+title) {
				t.Errorf("no %s with the title %s of its first row in\n%s%s%s", email, title, file, answer, text)
			}
		}
		for what, answer := range map[string]string{"dry run": plan, "import": answer} {
			if strings.Count(answer, "another title, which stays") != strings.Count(file, "later") {
				t.Errorf("the %s does not say what is not taken:\n%s%s", what, file, answer)
			}
		}
		again := r.want(200, "POST", "/import/contacts", file)
		if !strings.Contains(again, fmt.Sprintf("0 created, 0 updated, %d unchanged, 0 failed", strings.Count(file, "\n")-1)) {
			t.Errorf("again it is\n%s%s", file, again)
		}
	}
}

// randomDoubles returns a file of people of whom some have several rows, and the title in the first
// row of each.
func randomDoubles(random *rand.Rand) (file string, first map[string]string) {
	first = map[string]string{}
	var b strings.Builder
	b.WriteString("name,email,phone,title,tags,notes\n")
	for row := range 12 {
		email := fmt.Sprintf("p%d@a.example", random.IntN(5))
		title := fmt.Sprintf("first%d", row)
		if _, there := first[email]; there {
			title = fmt.Sprintf("later%d", row)
		} else {
			first[email] = title
		}
		fmt.Fprintf(&b, "Person %c,%s,030 %d,%s,t%d,note %d\n", email[1], email, 1000+random.IntN(3), title, random.IntN(4), random.IntN(4))
	}
	return b.String(), first
}

// TestSecondJobs imports a person with two jobs: the second one is in custom, and again there.
func TestSecondJobs(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	file := "name,email,company,title,street,city\nAda King,ada@two.example,Engine Ltd,Analyst,Weg 1,Bonn\nAda King,ada@two.example,Poetry House,Writer,Weg 2,Ulm\n"
	r.want(200, "POST", "/import/contacts", file)
	text := r.want(200, "GET", "/export/contacts", "")
	for _, want := range []string{"title=Analyst", "custom.title=Writer", `custom.company="Poetry House"`, `custom.address="Weg 2, Ulm"`} {
		if !strings.Contains(text, want) {
			t.Errorf("no %s in\n%s", want, text)
		}
	}
	if again := r.want(200, "POST", "/import/contacts", file); !strings.Contains(again, "0 created, 0 updated, 2 unchanged") {
		t.Errorf("again it is\n%s", again)
	}
}

// TestPoorerNamesDoNotReplace imports a name with less in it than the one of the record.
func TestPoorerNamesDoNotReplace(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	for _, row := range []struct{ name, want string }{
		{"Jorg Lind", "Jorg Lind"},
		{"Jörg Lind", "Jörg Lind"}, // a correction
		{"J. Lind", "Jörg Lind"},
		{"Lind", "Jörg Lind"},
		{"Jörg A. Lind", "Jörg A. Lind"},
	} {
		r.want(200, "POST", "/import/contacts", "name,email\n"+row.name+",j@a.example\n")
		if text := r.want(200, "GET", "/export/contacts", ""); !strings.Contains(text, `name="`+row.want+`" email`) {
			t.Errorf("after %s:\n%s", row.name, text)
		}
	}
}

// TestKeyFindsRowsThatCameWithoutIt names a column as key of a file that was imported without one.
func TestKeyFindsRowsThatCameWithoutIt(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	file := "Nr,title,amount\nA1,Roof,10\nA2,Fence,20\n"
	r.want(200, "POST", "/import/deals", file)
	for _, file := range []string{file, strings.Replace(file, "20", "25", 1)} {
		r.want(200, "POST", "/import/deals?key=Nr", file)
	}
	if text := r.want(200, "GET", "/export/deals", ""); strings.Count(text, "deal/") != 2 || !strings.Contains(text, `amount="25.00 USD"`) {
		t.Errorf("the deals are\n%s", text)
	}
}

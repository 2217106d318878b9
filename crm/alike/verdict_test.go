package alike

import (
	"strings"
	"testing"

	"crmkit/crm"
)

// record returns a record of a kind from words like "name=Jane Doe; email=jane@acme.com".
func record(t testing.TB, kind string, key int64, text string) crm.Record {
	t.Helper()
	rec := crm.NewRecord(entity(t, kind))
	rec.Key = key
	for part := range strings.SplitSeq(text, "; ") {
		name, value, _ := strings.Cut(part, "=")
		f := rec.Entity.Field(name)
		switch {
		case f == nil:
			t.Fatalf("there is no field %s", name)
		case f.IsReference():
			rec.Set(name, crm.Key(int64(len(value))))
		case f.HasItems():
			rec.Set(name, crm.Labels(strings.Split(value, ",")))
		default:
			rec.Set(name, crm.Str(value))
		}
	}
	return rec
}

// TestCompare has a line for each rule. company_id names a company by the number of its letters.
func TestCompare(t *testing.T) {
	tests := []struct {
		a, b    string
		verdict Verdict
		why     string
		against string
	}{
		{"name=Jane Doe; external_ids=hubspot:1", "name=Jane Miller; external_ids=hubspot:1", Same, "same external id, a word of the name", ""},
		{"name=Jane Doe; email=jane@acme.com", "name=Jane Doe; other_emails=jane@acme.com", Same, "same e-mail, same domain, same name", ""},
		{"name=Jane Doe; email=jane.doe@gmail.com", "name=Doe, Jane; email=janedoe+crm@googlemail.com", Same, "same e-mail, same name", ""},
		{"name=Jane Doe; email=info@acme.com", "name=Bob Smith; email=info@acme.com", Likely, "same e-mail, same domain", "different names"},
		{"name=Jane Doe; phone=0170 1234567", "name=Jane Doe; phone=+49 170 1234567", Same, "same phone, same name", ""},
		{"name=Jane Doe; phone=0170 1234567", "name=Jame Doe; other_phones=00491701234567", Same, "same phone, name one letter off", ""},
		{"name=Jane Doe; phone=0170 1234567", "name=Jane Doe; phone=+1 170 1234567", None, "", ""},
		{"name=Jane Doe; phone=0170 1234567; company_id=a", "name=Bob Smith; phone=0170 1234567; company_id=a", None, "", ""},
		{"name=Jane Doe; phone=0170 1234567", "name=Jane Miller; phone=0170 1234567", Likely, "same phone, a word of the name", ""},
		{"name=Jane Doe; phone=0170 1234567", "name=Unknown caller; phone=0170 1234567", Likely, "same phone, one has no name", ""},
		{"name=Jane Doe; phone=0170 1234567", "name=Frau Doe; phone=0170 1234567", Likely, "same phone, one name is a word of the other", ""},
		{"name=Jane Doe; phone=0170 1234567", "name=J. Doe; phone=0170 1234567", Likely, "same phone, one name is a part of the other", ""},
		{"name=Robert Doe; phone=0170 1234567", "name=Bob Doe; phone=0170 1234567", Likely, "same phone, nickname", ""},
		{"name=Jane Doe; company_id=a; email=jane@gmx.de", "name=JANE DOE; company_id=a; email=jd@web.de", Likely, "same company, same name", "different e-mails"},
		{"name=Jörg Müller; email=joerg@acme.com", "name=Jorg Muller; email=jm@acme.com", Likely, "same domain, same name", "different e-mails"},
		{"name=Jane Doe; email=jane.doe@acme.com", "name=Jane Doe; email=jane.doe2@acme.com", None, "", ""},
		{"name=Jane Doe; email=jane@gmail.com", "name=Jane Doe; email=doe@gmail.com", None, "", ""},
		{"name=Mara Lindqvist; company_id=a", "name=Mara Lindqwist; company_id=a", Likely, "same company, name one letter off", ""},
		{"name=Mara Lindqvist; company_id=a", "name=Mraa Lindqwist; company_id=a", Likely, "same company, name two letters off", ""},
		{"name=Mara Lind-Berg; company_id=a", "name=Mara Lindberg; company_id=a", Likely, "same company, name one letter off", ""},
		{"name=Person 12; company_id=a", "name=Person 13; company_id=a", None, "", ""},
		{"name=Ed Lee; company_id=a", "name=Al Lee; company_id=a", None, "", ""},
		{"name=Dr. Jane Doe; company_id=a", "name=Doe, Jane; company_id=a", Likely, "same company, same name", ""},
		{"name=Elizabeth Doe; company_id=a", "name=Liz Doe; company_id=a", Likely, "same company, nickname", ""},
		{"name=Александр Морозов; company_id=a", "name=Саша Морозов; company_id=a", Likely, "same company, nickname", ""},
		{"name=山田太郎; company_id=a", "name=太郎 山田; company_id=a", Likely, "same company, same name", ""},
		{"name=Jane Doe; company_id=a; title=CEO", "name=Jane Doe; company_id=bb; title=CEO", Likely, "same name, same title", "different companies"},
		{"name=Jane Doe; company_id=a", "name=Jane Doe; company_id=bb", None, "", ""},
		{"name=Jane Mary Doe; company_id=a", "name=Jane Doe; company_id=a", Likely, "same company, one name is a part of the other", ""},
		{"name=Jane Doe; company_id=a", "name=Jane Doe", Likely, "same name", ""},
		{"name=Jane Doe; company_id=a; title=CEO", "name=Jane Doe; title=Buyer", None, "", ""},
	}
	for _, test := range tests {
		a, b := Of(record(t, "contact", 1, test.a), "DE"), Of(record(t, "contact", 2, test.b), "DE")
		for _, f := range []Finding{Compare(a, b, 2), Compare(b, a, 2)} {
			if f.Verdict != test.verdict || strings.Join(f.Why, ", ") != test.why || strings.Join(f.Against, ", ") != test.against {
				t.Errorf("%s | %s:\n got %s why=%q against=%q\nwant %s why=%q against=%q", test.a, test.b, f.Verdict, f.Why, f.Against, test.verdict, test.why, test.against)
			}
		}
	}
}

// TestFrequentName checks that a record with nothing but a name is nobody's double if several have the
// name.
func TestFrequentName(t *testing.T) {
	a, b := Of(record(t, "contact", 1, "name=Jane Doe; company_id=a"), ""), Of(record(t, "contact", 2, "name=Jane Doe"), "")
	if f := Compare(a, b, 4); f.Verdict != None {
		t.Errorf("a name that four records have is %v", f)
	}
}

// TestCompareCompanies has a line for each rule about companies.
func TestCompareCompanies(t *testing.T) {
	tests := []struct {
		a, b    string
		verdict Verdict
		why     string
	}{
		{"name=Acme Inc.; external_ids=x:1", "name=Beta; external_ids=x:1", Same, "same external id"},
		{"name=Acme Inc.; domain=acme.com", "name=Acme; other_domains=acme.com", Same, "same domain, same name"},
		{"name=Acme Inc.; domain=acme.com", "name=ACME GmbH", Likely, "same name"},
		{"name=Acme Inc.; domain=acme.com", "name=ACME GmbH; domain=acme.de", Likely, "same name, domains alike"},
		{"name=Acme Inc.; domain=acme.com", "name=Acme; domain=acme-paint.com", None, ""},
		{"name=Acme; domain=acme.co.uk", "name=Acme Paint Works; domain=acme.com", Likely, "one name is a word of the other, domains alike"},
		{"name=Nordwind Logistik", "name=Nordwnd Logistik GmbH", Likely, "name one letter off"},
		{"name=Nordwind Logistik; domain=nordwind.test", "name=Nordwnd Logistik GmbH; domain=other.test", None, ""},
		{"name=Bank of China", "name=Bank of America", None, ""},
	}
	for _, test := range tests {
		a, b := Of(record(t, "company", 1, test.a), ""), Of(record(t, "company", 2, test.b), "")
		for _, f := range []Finding{Compare(a, b, 2), Compare(b, a, 2)} {
			if f.Verdict != test.verdict || strings.Join(f.Why, ", ") != test.why {
				t.Errorf("%s | %s:\n got %s why=%q\nwant %s why=%q", test.a, test.b, f.Verdict, f.Why, test.verdict, test.why)
			}
		}
	}
}

// FuzzCompare checks that Compare takes every text, says the same in both directions, and that
// sketches leave out no pair whose names agree.
func FuzzCompare(f *testing.F) {
	f.Add("Jane Doe", "Jnae Doe", "jane@acme.com", "0170 1234567")
	f.Add("山田太郎", "太郎", "a@gmail.com", "")
	f.Add("'' - .", "Dr.", "", "+")
	kind := entity(f, "contact")
	f.Fuzz(func(t *testing.T, one, other, email, phone string) {
		var cards [2]*Card
		for i, name := range []string{one, other} {
			rec := crm.NewRecord(kind)
			rec.Set("name", crm.Str(name))
			rec.Set("email", crm.Str(email))
			rec.Set("phone", crm.Str(phone))
			cards[i] = Of(rec, "DE")
		}
		a, b := cards[0], cards[1]
		if x, y := Compare(a, b, 2), Compare(b, a, 2); x.Verdict != y.Verdict {
			t.Errorf("%q and %q: %v, in the other direction %v", one, other, x, y)
		}
		if r := relate(a.name, b.name); r <= twoEdits && !namesMayAgree(a.name.sketch(), b.name.sketch()) {
			t.Errorf("%q and %q agree (%d), their sketches do not", one, other, r)
		}
	})
}

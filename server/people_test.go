package server_test

import (
	"strings"
	"testing"
	"time"

	"crmkit/crm"
	"crmkit/store"
)

// TestFurtherValuesAreFound saves people and companies with several addresses, and finds them by
// each: in filters, searches, and by POST.
func TestFurtherValuesAreFound(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	grace := r.want(201, "POST", "/contacts", `{"name":"Grace","email":"grace@navy.example","phone":"+1 555 0199","other_emails":["Grace@Home.example","grace@navy.example"],"other_phones":["+1 (555) 0198"],"title":"Rear admiral","address":{"city":"Arlington","postal_code":22201}}`)
	r.want(201, "POST", "/contacts", `{"name":"Ann","email":"ann@navy.example"}`)
	r.want(201, "POST", "/companies", `{"name":"Navy","domain":"navy.example","other_domains":["https://www.Ships.example/about"]}`)
	if !strings.Contains(grace, `other_emails=grace@home.example other_phones="+1 (555) 0198" title="Rear admiral" address.city=Arlington address.postal_code=22201`) {
		t.Errorf("the contact is %s", grace)
	}
	for path, want := range map[string]string{
		"/contacts?email=grace@home.example":                       "Grace",
		"/contacts?email=GRACE@navy.example":                       "Grace",
		"/contacts?email=in:x@y.example,grace@home.example":        "Grace",
		"/contacts?email=like:home":                                "Grace",
		"/contacts?email=ne:grace@home.example":                    "Ann",
		"/contacts?other_emails=grace@home.example":                "Grace",
		"/contacts?other_emails=is:null":                           "Ann",
		"/contacts?phone=15550198":                                 "Grace",
		"/contacts?phone=like:0198":                                "Grace",
		"/contacts?other_phones=like:550198":                       "Grace",
		"/contacts?phone=ne:15550198":                              "Ann",
		"/contacts?address.city=Arlington":                         "Grace",
		"/contacts?address.postal_code=22201":                      "Grace",
		"/contacts?title=like:admiral":                             "Grace",
		"/contacts?search=home.example":                            "Grace",
		"/contacts?search=5550198":                                 "Grace",
		"/contacts?search=admiral":                                 "Grace",
		"/search?q=grace@home.example":                             "Grace",
		"/search?q=%2B1+555+0198":                                  "Grace",
		"/companies?domain=ships.example":                          "Navy",
		"/companies?domain=like:ships":                             "Navy",
		"/companies?search=ships":                                  "Navy",
		"/contacts?email=grace@home.example&sort=name&total=exact": "Grace",
	} {
		body := r.want(200, "GET", path, "")
		for _, name := range []string{"Grace", "Ann", "Navy"} {
			if found := strings.Contains(body, "name="+name+" "); found != (name == want) {
				t.Errorf("GET %s:\n%s", path, body)
			}
		}
	}
}

// TestKeysOfSeveralValues checks which record a POST updates, and what it changes in it.
func TestKeysOfSeveralValues(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	r.want(201, "POST", "/contacts", `{"name":"Grace","email":"grace@navy.example","other_emails":["grace@home.example"],"external_ids":["hubspot:151"]}`)
	r.want(201, "POST", "/contacts", `{"name":"Ann","email":"ann@navy.example"}`)
	id := r.id("contact", 1)
	for _, c := range []struct {
		status       int
		method, body string
		want         string
	}{
		{200, "POST", `{"email":"grace@home.example","title":"Admiral"}`, "email=grace@navy.example other_emails=grace@home.example title=Admiral"},
		{200, "POST", `{"email":"grace@new.example","other_emails":{"add":["grace@navy.example"]}}`, "email=grace@navy.example other_emails=grace@home.example,grace@new.example"},
		{200, "POST", `{"external_ids":["HubSpot:151"],"email":"hopper@navy.example"}`, "email=hopper@navy.example"},
		{409, "POST", `{"external_ids":["hubspot:151"],"email":"ann@navy.example"}`, "two records"},
		{409, "POST", `{"email":"grace@home.example","other_emails":["ann@navy.example"]}`, "two records"},
		{409, "PATCH", `{"other_emails":["ann@navy.example"]}`, "belongs to contact/" + r.id("contact", 2)},
		{200, "PATCH", `{"email":"grace@home.example"}`, "email=grace@home.example other_emails=grace@new.example"},
		{400, "PATCH", `{"other_emails":["home"]}`, "invalid_email"},
		{400, "PATCH", `{"external_ids":["151"]}`, "source:id"},
		{400, "PATCH", `{"address":{"zip":"1"}}`, "postal_code"},
		{200, "POST", `{"external_ids":["sf:1","hubspot:151"],"other_emails":["c@x.example"]}`, "other_emails=grace@new.example,c@x.example title=Admiral external_ids=hubspot:151,sf:1"},
		{200, "PATCH", `{"other_emails":"a@x.example, b@x.example"}`, "other_emails=a@x.example,b@x.example"},
	} {
		path := "/contacts"
		if c.method == "PATCH" {
			path += "/" + id
		}
		if got := r.want(c.status, c.method, path, c.body); !strings.Contains(got, c.want) {
			t.Errorf("%s %s gives no %q:\n%s", c.method, c.body, c.want, got)
		}
	}
	r.want(409, "PATCH", "/contacts/"+r.id("contact", 2), `{"email":"a@x.example"}`)
	r.want(201, "POST", "/contacts", `{"name":"New","email":"grace@navy.example"}`) // nobody has it any more
}

// TestDealsClose checks the outcome and the time of it for the words that people write.
func TestDealsClose(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	for stage, status := range map[string]string{"Closed Won": "won", "closedwon": "won", "WON": "won", "closed-lost": "lost", "Closed (Lost)": "lost", "Not lost": "open", "Won back": "open", "proposal": "open"} {
		got := r.want(201, "POST", "/deals", `{"title":"x","stage":"`+stage+`","close_at":"2026-07-01"}`)
		if !strings.Contains(got, " status="+status+" close_at=2026-07-01T00:00Z") || strings.Contains(got, "closed_at=2026-06-10T09:00Z") != (status != "open") {
			t.Errorf("stage %s gives %s", stage, got)
		}
	}
	r.want(400, "POST", "/deals", `{"title":"x","closed_at":"2026-01-05"}`)
	r.want(201, "POST", "/deals", `{"title":"y","stage":"won","closed_at":"2026-01-05"}`)
	id := r.id("deal", 9)
	for _, c := range []struct{ body, want string }{
		{`{"lost_reason":"price","status":"lost"}`, "status=lost closed_at=2026-01-05T00:00Z lost_reason=price"},
		{`{"status":"open"}`, "status=open lost_reason"},
		{`{"status":"won","stage":"won"}`, "closed_at=2026-06-10T09:00Z"},
	} {
		if got := r.want(200, "PATCH", "/deals/"+id, c.body); !strings.Contains(got, c.want) {
			t.Errorf("%s gives %s", c.body, got)
		}
	}
	if got := r.want(200, "GET", "/deals?closed_at=gte:2026-06-10&status=won", ""); !strings.Contains(got, id) {
		t.Errorf("the list has no %s: %s", id, got)
	}
}

// TestWrittenValuesAreRead sends amounts and dates as people write them. What can be read in one
// way is taken, with a remark; the rest is refused.
func TestWrittenValuesAreRead(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	for body, want := range map[string]string{
		`{"title":"x","amount":"EUR 75,000.00"}`: `amount="75000.00 EUR"`,
		`{"title":"x","amount":"€1.200,50"}`:     "# amount was read as",
		`{"title":"x","amount":"£99.90"}`:        "amount_cents=9990",
		`{"title":"x","close_at":"30.07.2026"}`:  "close_at=2026-07-30T00:00Z",
		`{"title":"x","close_at":"12 Mar 2025"}`: `# close_at was read as "2025-03-12"`,
	} {
		if got := r.want(201, "POST", "/deals", body); !strings.Contains(got, want) {
			t.Errorf("%s gives no %s:\n%s", body, want, got)
		}
	}
	for body, want := range map[string]string{
		`{"title":"x","amount":"1,200 EUR"}`:    "in two ways",
		`{"title":"x","amount":"75,000.00"}`:    "Send text with the currency",
		`{"title":"x","close_at":"03/04/2026"}`: "day or the month first",
	} {
		if got := r.want(400, "POST", "/deals", body); !strings.Contains(got, want) {
			t.Errorf("%s gives no %s:\n%s", body, want, got)
		}
	}
}

// TestTimesWithMilliseconds changes two records in one second. A client that goes on behind the
// first by its milliseconds sees the second.
func TestTimesWithMilliseconds(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	r.clock.Advance(100 * time.Millisecond)
	r.want(201, "POST", "/contacts", `{"name":"Ann"}`)
	r.clock.Advance(23 * time.Millisecond)
	r.want(201, "POST", "/contacts", `{"name":"Bob"}`)
	for path, want := range map[string]string{
		"/contacts?times=ms&sort=updated_at":                                    "name=Ann activities=0 outreach=0 updated_at=2026-06-10T09:00:00.100Z",
		"/contacts?times=ms&format=json":                                        `"updated_at":"2026-06-10T09:00:00.123Z"`,
		"/contacts/" + r.id("contact", 2) + "?times=ms&format=json":             `"created_at":"2026-06-10T09:00:00.123Z"`,
		"/export/contacts?format=csv&fields=name,updated_at&times=ms":           "Bob,2026-06-10T09:00:00.123Z",
		"/contacts?updated_at=gt:2026-06-10T09:00:00.100Z&fields=name":          "name=Bob\n# 1 of 1 contact",
		"/contacts?updated_at=gte:2026-06-10T09:00:00.100Z&limit=1&times=ms":    "# 1 of 2 contacts",
		"/contacts?updated_at=2026-06-10T09:00:00.100Z&fields=name&format=json": `"name":"Ann"`,
	} {
		if got := r.want(200, "GET", path, ""); !strings.Contains(got, want) {
			t.Errorf("GET %s gives no %s:\n%s", path, want, got)
		}
	}
	r.want(400, "GET", "/contacts?times=s", "")
}

// TestImportedIDsBecomeExternal imports a person again whom an earlier version imported: it kept
// the id of the product apart. Then the person is found by it.
func TestImportedIDsBecomeExternal(t *testing.T) {
	r := newRig(t)
	jane := r.mint("jane@acme.com")
	r.as("jane@acme.com")
	r.want(201, "POST", "/contacts", `{"name":"Ann","email":"ann@acme.com"}`)
	e := r.store.Schema.ByName("contact")
	err := r.store.Write(t.Context(), jane.Actor, func(tx *store.Tx) error {
		key, err := tx.KeyOf(e, crm.Str("ann@acme.com"))
		if err != nil {
			return err
		}
		return tx.SaveImportMapping("hubspot", e, "151", key)
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"1 updated", "1 unchanged"} {
		if got := r.want(200, "POST", "/import/contacts?source=hubspot", "Record ID,First Name,Email\n151,Ann,ann@acme.com\n"); !strings.Contains(got, want) {
			t.Errorf("no %s: %s", want, got)
		}
	}
	if got := r.want(200, "GET", "/contacts?external_ids=hubspot:151", ""); !strings.Contains(got, "name=Ann") {
		t.Error(got)
	}
}

// TestImportsKeepPeopleApart imports rows that lead to a person of another name by an id, and rows
// that give a person another address. Nobody is renamed, and no address is lost.
func TestImportsKeepPeopleApart(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	r.want(201, "POST", "/contacts", `{"name":"Cid One","email":"c1@id.com","phone":"+1 555 0100","external_ids":["x:9"]}`)
	if got := r.want(200, "POST", "/import/contacts", `[{"name":"Zed Other","email":"z@id.com","external_ids":["x:9"]}]`); !strings.Contains(got, "row 1 ERROR already_exists") {
		t.Error(got)
	}
	if got := r.want(200, "POST", "/import/contacts", `[{"name":"Cid One","email":"c2@id.com","phone":"+1 555 0101","external_ids":["x:9"]}]`); !strings.Contains(got, "1 updated") {
		t.Error(got)
	}
	if got := r.want(200, "GET", "/contacts/"+r.id("contact", 1), ""); !strings.Contains(got, `email=c1@id.com phone="+1 555 0101" other_emails=c2@id.com other_phones="+1 555 0100"`) {
		t.Error(got)
	}
	const file = `[{"name":"Ann","email":"a3@f.com"},{"name":"Ann","other_emails":["a3@f.com"],"Record ID":"0"},{"name":"Ann","email":"a1@f.com","Record ID":"0"}]`
	for range 2 {
		r.want(200, "POST", "/import/contacts", file)
		if got := r.want(200, "GET", "/contacts?name=Ann", ""); !strings.HasSuffix(got, "# 1 of 1 contact\n") {
			t.Error(got)
		}
	}
}

// TestTitlesAreNoOtherPerson imports deals of people whom other files name with a title.
func TestTitlesAreNoOtherPerson(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	r.want(200, "POST", "/import/contacts", "Salutation,First Name,Last Name,Email\nDr.,Maeve,O'Trell,maeve@x.example\n,Greta,Vollmar,greta@x.example\n")
	got := r.want(200, "POST", "/import/deals", "Title,Contact,Amount,Currency\na,Maeve O’Trell,5,EUR\nb,Frau Greta Vollmar,5,EUR\nc,Nobody Known,5,EUR\n")
	if !strings.Contains(got, "# also created, because rows refer to them: 1 contact\n") {
		t.Error(got)
	}
	if got := r.want(200, "GET", "/deals?fields=title,contact.name&sort=title", ""); !strings.Contains(got, `title=a contact.name="Dr. Maeve O'Trell"`) || !strings.Contains(got, `title=b contact.name="Greta Vollmar"`) {
		t.Error(got)
	}
}

// TestListsHaveNoPunctuation looks for the marks with which lists are stored, with and without the
// text index.
func TestListsHaveNoPunctuation(t *testing.T) {
	for name, caches := range map[string]*store.Caches{"with the index": nil, "without": {}} {
		r := newRigWith(t, store.Options{Caches: caches})
		r.as("jane@acme.com")
		r.want(201, "POST", "/companies", `{"name":"B","domain":"ex2.com","other_domains":["mueller.de","ex3.com"]}`)
		for _, text := range []string{"%22", "%5B", ",", "%22,%22", "de%22,%22ex3"} {
			for _, path := range []string{"/companies?domain=like:", "/companies?other_domains=like:", "/companies?search="} {
				if got := r.want(200, "GET", path+text, ""); !strings.Contains(got, "# 0 companies") {
					t.Errorf("%s: %s%s finds %s", name, path, text, got)
				}
			}
		}
		r.want(201, "POST", "/contacts", `{"name":"Ann","phone":"+49 30 1"}`)
		if got := r.want(200, "GET", "/contacts?search=%2B", ""); !strings.Contains(got, "# 0 contacts") {
			t.Errorf("%s: %s", name, got)
		}
		if got := r.want(200, "GET", "/companies?domain=like:MUELLER", ""); !strings.Contains(got, "name=B") {
			t.Errorf("%s: %s", name, got)
		}
	}
}

// TestCloseDatesAreOfTheOutcome imports deals whose product has one column for the expected day and
// the day of the outcome.
func TestCloseDatesAreOfTheOutcome(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	const file = "Record ID,Deal Name,Deal Stage,Close Date,Associated Company,Amount,Currency\n1,a,Closed Won,2025-11-30,X,5,EUR\n2,b,Proposal,2027-01-31,X,5,EUR\n"
	for range 2 {
		r.want(200, "POST", "/import/deals", file)
		got := r.want(200, "GET", "/deals?fields=title,status,close_at,closed_at&sort=title", "")
		if !strings.Contains(got, "title=a status=won close_at=2025-11-30 closed_at=2025-11-30\n") || !strings.Contains(got, "title=b status=open close_at=2027-01-31\n") {
			t.Error(got)
		}
	}
	if got := r.want(200, "POST", "/import/deals", "Deal - ID,Deal - Title,Deal - Status,Deal - Expected close date\n7,p,Won,2025-12-01\n"); !strings.Contains(got, "1 created") {
		t.Error(got)
	}
	if got := r.want(200, "GET", "/deals?title=p&closed_at=is:null", ""); !strings.Contains(got, "title=p") {
		t.Errorf("an expected date is no date of the outcome: %s", got)
	}
}

// TestPartsOfAddressesAreColumns imports the part of an address under the name that filters have.
func TestPartsOfAddressesAreColumns(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	r.want(200, "POST", "/import/contacts", "name,email,address.city\nAnn,ann@acme.com,York\n")
	if got := r.want(200, "GET", "/contacts?address.city=York&fields=name,address.city", ""); !strings.Contains(got, "name=Ann address.city=York") {
		t.Error(got)
	}
}

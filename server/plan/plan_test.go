package plan_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"crmkit/crm"
	"crmkit/crm/catalog"
	"crmkit/server/plan"
	"crmkit/store"
)

// maker makes changes of contacts.
type maker struct{ contact *crm.Entity }

func newMaker(t testing.TB) maker {
	t.Helper()
	schema, err := catalog.Schema()
	if err != nil {
		t.Fatal(err)
	}
	return maker{schema.ByName("contact")}
}

// record returns the nth contact at a version, with names and texts of fields in turn.
func (m maker) record(n, version int64, pairs ...string) crm.Record {
	rec := crm.NewRecord(m.contact)
	if n > 0 {
		rec.Key = crm.RecordKey(1, n)
		rec.ID = crm.RecordID(m.contact.Prefix, rec.Key)
	}
	if version > 0 {
		rec.Set(crm.FieldVersion, crm.Number(version))
		rec.Set(crm.FieldUpdatedAt, crm.Millis(version))
	}
	for i := 0; i < len(pairs); i += 2 {
		rec.Set(pairs[i], crm.Str(pairs[i+1]))
	}
	return rec
}

func texts(list []plan.Difference) string {
	var all []string
	for _, d := range list {
		all = append(all, d.Record+" "+d.Field+": "+d.Text(time.UTC))
	}
	return strings.Join(all, "\n")
}

func TestCompare(t *testing.T) {
	m := newMaker(t)
	update := store.Change{Before: m.record(1, 3, "stage", "lead", "title", "CTO"), After: m.record(1, 4, "stage", "customer", "title", "CEO")}
	made := store.Change{Before: m.record(0, 0), After: m.record(9, 1, "name", "Joe")}
	gone := store.Change{Before: m.record(2, 5, "name", "Ann"), After: m.record(2, 0)}
	follows := gone
	follows.Follows = true
	late := func(c store.Change) store.Change { // the same, of a record that was changed elsewhere since
		c.Before, c.After = c.Before.Clone(), c.After.Clone()
		c.Before.Set("notes", crm.Str("x"))
		c.After.Set("notes", crm.Str("x"))
		c.After.Set(crm.FieldVersion, crm.Number(c.After.Version()+7))
		return c
	}
	at := func(minute int64) store.Change {
		after := m.record(1, 4, "stage", "lead")
		after.Set("follow_up_at", crm.Millis(minute*60_000))
		return store.Change{Before: m.record(1, 3, "stage", "lead"), After: after}
	}
	for _, test := range []struct {
		what         string
		planned, now []store.Change
		want         string
	}{
		{"nothing", nil, nil, ""},
		{"the same later, with other ids", []store.Change{update, made}, []store.Change{late(update), {Before: made.Before, After: m.record(10, 1, "name", "Joe")}}, ""},
		{"another value before", []store.Change{update}, []store.Change{{Before: m.record(1, 4, "stage", "new", "title", "CTO"), After: update.After}}, "contact/c_011p stage: contact/c_011p would now change stage new -> customer"},
		{"a field less", []store.Change{update}, []store.Change{{Before: m.record(1, 4, "stage", "lead", "title", "CEO"), After: update.After}}, "contact/c_011p title: contact/c_011p: title would not change any more"},
		{"no change", []store.Change{update}, nil, "contact/c_011p stage: contact/c_011p: stage would not change any more"},
		{"an update instead", []store.Change{made}, []store.Change{update}, "contact/c_011p : contact/c_011p would be updated too: title CTO -> CEO; stage lead -> customer\ncontact#1 : a new contact would not be created any more"},
		{"one more", []store.Change{made}, []store.Change{made, {Before: made.Before, After: m.record(10, 1, "name", "Joe")}}, "contact#2 : a new contact would be created too"},
		{"a deleted record that changed", []store.Change{gone}, []store.Change{{Before: m.record(2, 6, "name", "Eve"), After: gone.After}}, "contact/c_02r2 name: contact/c_02r2: name is now Eve"},
		{"one that is deleted with another", []store.Change{follows}, []store.Change{{Before: m.record(2, 6, "name", "Eve"), After: gone.After, Follows: true}}, ""},
		{"a time that it sets itself", []store.Change{at(5), {Before: at(5).After, After: m.record(1, 0)}}, []store.Change{at(9), {Before: at(9).After, After: m.record(1, 0)}}, ""},
		{"a time of before", []store.Change{{Before: at(5).After, After: m.record(1, 0)}}, []store.Change{{Before: at(9).After, After: m.record(1, 0)}}, "contact/c_011p follow_up_at: contact/c_011p: follow_up_at is now 1970-01-01T00:09Z"},
		{"a delete instead", []store.Change{update}, []store.Change{{Before: update.Before, After: m.record(1, 0)}}, "contact/c_011p : contact/c_011p would be deleted now, not updated"},
	} {
		stored, err := plan.Plan{Receipts: plan.Of(test.planned)}.Encode()
		if err != nil {
			t.Fatal(err)
		}
		p, err := plan.Decode(stored)
		if got := texts(plan.Compare(p.Receipts, plan.Of(test.now))); got != test.want || err != nil {
			t.Errorf("%s: %s, want %s; %v", test.what, got, test.want, err)
		}
	}
}

// TestLargePlansAreShort checks that a plan of many records is stored without single fields, and then
// still knows which record differs.
func TestLargePlansAreShort(t *testing.T) {
	m := newMaker(t)
	var changes []store.Change
	for n := range int64(10_000) {
		changes = append(changes, store.Change{Before: m.record(n+1, 1, "stage", "lead"), After: m.record(n+1, 2, "stage", fmt.Sprint("s", n))})
	}
	stored, err := plan.Plan{Receipts: plan.Of(changes)}.Encode()
	if err != nil || len(stored) > 1<<20 {
		t.Fatalf("%d bytes, %v", len(stored), err)
	}
	p, err := plan.Decode(stored)
	changes[17].Before = m.record(18, 2, "stage", "new")
	if got := texts(plan.Compare(p.Receipts, plan.Of(changes))); !strings.Contains(got, " would now change stage new -> s17") || strings.Contains(got, "\n") || err != nil {
		t.Errorf("%s, %v", got, err)
	}
}

func TestBodyDigest(t *testing.T) {
	same := []string{`{"a":1,"b":["x",2.50]}`, "{ \"b\": [\"\\u0078\", 2.50],\n\"a\": 1 }\n"}
	if plan.BodyDigest([]byte(same[0])) != plan.BodyDigest([]byte(same[1])) {
		t.Error("the same members have two digests")
	}
	seen := map[string]string{}
	for _, body := range []string{"", same[0], `{"a":1,"b":["x",2.5]}`, `{"a":1}`, `{"a":1}{"a":1}`, `{"a":2}`, `[{"a":1}]`, "a", `"a"`, `{"a":12345678901234567890}`, `{"a":12345678901234567891}`} {
		d := plan.BodyDigest([]byte(body))
		if other, twice := seen[d]; twice || (d == "") != (body == "") {
			t.Errorf("%q and %q have the digest %q", body, other, d)
		}
		seen[d] = body
	}
}

func TestRequestOf(t *testing.T) {
	params := url.Values{"dry_run": {"1"}, "confirm": {"x"}, "format": {"json"}, "limit": {"1"}, "cursor": {"c"}}
	if got := plan.RequestOf("POST", "/contacts", params); got != "POST /contacts" {
		t.Error(got)
	}
	params["stage"], params["campaign"] = []string{"lead", "a&b"}, []string{"cmp_1"}
	if got := plan.RequestOf("PATCH", "/contacts", params); got != "PATCH /contacts?campaign=cmp_1&stage=lead&stage=a%26b" {
		t.Error(got)
	}
}

// FuzzBodyDigest checks that every body has a digest, and the same each time.
func FuzzBodyDigest(f *testing.F) {
	f.Add([]byte(`{"a":1}`))
	f.Add([]byte("[1,\n"))
	f.Fuzz(func(t *testing.T, body []byte) {
		if d := plan.BodyDigest(body); len(d) != 64 && len(body) > 0 || d != plan.BodyDigest(body) {
			t.Errorf("%q", d)
		}
	})
}

// FuzzDecode checks that damaged plans are errors, and no panics.
func FuzzDecode(f *testing.F) {
	f.Add(`{"receipts":[{"r":"contact/c_1","d":"updated","h":"x","f":{"stage":"y"}}]}`)
	f.Add(`{"receipts":[{}]}`)
	f.Fuzz(func(t *testing.T, text string) {
		p, err := plan.Decode(text)
		if err != nil {
			return
		}
		for _, d := range plan.Compare(p.Receipts, nil) {
			_ = d.Text(time.UTC)
		}
	})
}

// FuzzParsePage checks that a page is within any list, and that its cursor leads to the page behind it.
func FuzzParsePage(f *testing.F) {
	for _, seed := range [][2]string{{"20", "tok.20"}, {"", ""}, {"0", "."}, {"200", "tok.9223372036854775807"}, {"-1", "a.b.3"}, {"x", "tok.-1"}} {
		f.Add(seed[0], seed[1], 57)
	}
	f.Fuzz(func(t *testing.T, limit, cursor string, total int) {
		if total < 0 {
			return
		}
		p, fault := plan.ParsePage(url.Values{"limit": {limit}, "cursor": {cursor}})
		if fault != nil {
			return
		}
		from, to := p.Of(total)
		if from < 0 || from > to || to > total || to-from > plan.MaxShown || p.Limit < 1 {
			t.Fatalf("%+v of %d is %d to %d", p, total, from, to)
		}
		next := p.Next(p.Token, total)
		if (next == "") != (to == total) {
			t.Fatalf("%+v of %d ends at %d, next %q", p, total, to, next)
		}
		if next == "" || strings.Contains(p.Token, ".") {
			return
		}
		after, fault := plan.ParsePage(url.Values{"cursor": {next}})
		if fault != nil || after.From != to || after.Token != p.Token {
			t.Fatalf("%q leads to %+v, want %d: %v", next, after, to, fault)
		}
	})
}

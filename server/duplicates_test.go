package server_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"crmkit/crm/alike/aliketest"
)

// duplicates returns all lines of GET /duplicates, in pages of a size.
func (r *rig) duplicates(limit int) string {
	r.t.Helper()
	var lines strings.Builder
	for cursor, more := "", true; more; {
		body := r.want(200, "GET", fmt.Sprintf("/duplicates?kind=contacts&limit=%d%s", limit, cursor), "")
		more = false
		for line := range strings.Lines(body) {
			if next, is := strings.CutPrefix(line, "# next: "); is {
				cursor, more = "&cursor="+strings.TrimSpace(next), true
			}
			if strings.HasPrefix(line, "pair ") {
				lines.WriteString(line)
			}
		}
	}
	return lines.String()
}

// TestDuplicatesOfASet makes people who are recorded twice through the API, and finds them in pages of
// any size. A pair ends with one of its records, and is found again by nobody.
func TestDuplicatesOfASet(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	r.setPlan("jane@acme.com", "unlimited")
	set := aliketest.Generate(5, 300)
	for _, c := range set.Companies {
		r.want(201, "POST", "/companies", fmt.Sprintf(`{"name":%q,"domain":%q}`, c.Name, c.Domain))
	}
	said := 0
	for _, p := range set.People {
		company := "null"
		if p.Company > 0 {
			company = fmt.Sprintf("%q", r.id("company", int64(p.Company)))
		}
		body := r.want(201, "POST", "/contacts", fmt.Sprintf(`{"name":%q,"email":%q,"phone":%q,"title":%q,"company_id":%s}`, p.Name, p.Email, p.Phone, p.Title, company))
		said += strings.Count(body, "# looks like contact/")
	}
	all := r.duplicates(200)
	if n := strings.Count(all, "\n"); n < 20 || said < 20 {
		t.Fatalf("of %d doubles %d pairs were found, and %d were said when they were made:\n%s", len(set.Doubles), n, said, all)
	}
	for _, limit := range []int{1, 7} {
		if pages := r.duplicates(limit); pages != all {
			t.Errorf("pages of %d have\n%s\none page has\n%s", limit, pages, all)
		}
	}
	for i := range set.People {
		if i%2 == 0 {
			path := "/contacts/" + r.id("contact", int64(i+1))
			refused := r.json(409, "DELETE", path, "")
			r.want(200, "DELETE", fmt.Sprint(path, "?confirm=", refused["confirm"]), "")
		}
	}
	for line := range strings.Lines(r.duplicates(50)) {
		if !strings.Contains(all, line) {
			t.Errorf("this pair is new: %s", line)
		}
		for i := 0; i < len(set.People); i += 2 {
			if strings.Contains(line, r.id("contact", int64(i+1))+" ") {
				t.Errorf("a record of this pair was deleted: %s", line)
			}
		}
	}
}

// TestOneOfManyIsMade has agents make the same person at the same time, each only if nobody looks like
// it. One of them does.
func TestOneOfManyIsMade(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	var agents sync.WaitGroup
	made := make(chan int, 16)
	for i := range 16 {
		agents.Go(func() {
			a := r.call("POST", "/contacts?on_duplicate=fail", fmt.Sprintf(`{"name":"Mara Lindqvist","phone":"+49 170 123%04d","email":"mara@agent%d.example","other_phones":["+49 30 5551234"]}`, i, i))
			if a.status != 201 && (a.status != 409 || !strings.Contains(a.body, "possible_duplicate")) {
				t.Errorf("%d %s", a.status, a.body)
			}
			made <- a.status
		})
	}
	agents.Wait()
	close(made)
	n := 0
	for status := range made {
		if status == 201 {
			n++
		}
	}
	if n != 1 {
		t.Errorf("%d were made:\n%s", n, r.want(200, "GET", "/contacts", ""))
	}
}

// TestDuplicatesAreOfOneWorkspace checks that neither pairs nor remarks show records of others.
func TestDuplicatesAreOfOneWorkspace(t *testing.T) {
	r := newRig(t)
	bob := r.as("bob@other.example")
	bob.want(201, "POST", "/contacts", `{"name":"Mara Lindqvist","phone":"+49 170 1234567"}`)
	jane := r.as("jane@acme.com")
	if body := jane.want(201, "POST", "/contacts?on_duplicate=fail", `{"name":"Mara Lindqvist","phone":"+49 170 1234567"}`); strings.Contains(body, "looks like") {
		t.Errorf("a record of another workspace is shown: %s", body)
	}
	if pairs := jane.duplicates(50); pairs != "" {
		t.Errorf("pairs of two workspaces:\n%s", pairs)
	}
	first, second := r.id("contact", 1), r.id("contact", 2)
	jane.want(404, "POST", "/duplicates/dismiss", fmt.Sprintf(`{"pair":[%q,%q]}`, first, second))
}

// TestSharedNumber has a number that more people have than are compared by it: the answer says so, and
// they are found by what else they share.
func TestSharedNumber(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	r.setPlan("jane@acme.com", "unlimited")
	r.want(201, "POST", "/companies", `{"name":"Acme"}`)
	for i := range 210 {
		r.want(201, "POST", "/contacts", fmt.Sprintf(`{"name":"Person Number%d","phone":"+49 30 1234567"}`, i))
	}
	for _, name := range []string{"Mara Lindqvist", "Mara Lindqwist"} {
		r.want(201, "POST", "/contacts", fmt.Sprintf(`{"name":%q,"phone":"+49 30 1234567","company_id":%q}`, name, r.id("company", 1)))
	}
	body := r.want(200, "GET", "/duplicates", "")
	if !strings.Contains(body, "# more than 200 contacts have the phone number of contact/") || strings.Count(body, "pair ") != 1 || !strings.Contains(body, "verdict=same") {
		t.Errorf("GET /duplicates:\n%s", body)
	}
}

// TestDismissedPairsFollowMerges dismisses a pair, and makes one of the two a part of a third record, which is not
// the other one either. Handles of merged records are understood.
func TestDismissedPairsFollowMerges(t *testing.T) {
	onEngines(t, func(t *testing.T, r *rig) {
		r = r.as("jane@acme.com")
		r.want(201, "POST", "/companies", `{"name":"Acme"}`)
		ids := make([]any, 4)
		for i, name := range []string{"Mara Lindqvist", "Mara Lindqwist", "Mara Lindqvyst", "Mara Lindquist"} {
			ids[i] = r.json(201, "POST", "/contacts", fmt.Sprintf(`{"name":%q,"company_id":%q}`, name, r.id("company", 1)))["id"]
		}
		pair := func(a, b any) string { return fmt.Sprintf(`{"pair":[%q,%q]}`, a, b) }
		r.want(200, "POST", "/duplicates/dismiss", pair(ids[0], ids[1]))
		if a := r.confirmed(fmt.Sprintf("/contacts/%s/merge", ids[2]), fmt.Sprintf(`{"from":[%q]}`, ids[0])); a.status != 200 {
			t.Fatal(a.body)
		}
		if pairs := r.duplicates(50); strings.Count(pairs, "pair ") != 2 || strings.Contains(pairs, fmt.Sprintf("a=contact/%s a.name=%q b=contact/%s", ids[1], "Mara Lindqwist", ids[2])) {
			t.Errorf("after the merge:\n%s", pairs)
		}
		r.want(200, "POST", "/duplicates/dismiss", pair(ids[3], ids[0])) // by the handle of the one that was merged
		if pairs := r.duplicates(50); strings.Count(pairs, "pair ") != 1 || strings.Contains(pairs, fmt.Sprint("contact/", ids[2])) {
			t.Errorf("after the second:\n%s", pairs)
		}
		if text := r.want(400, "POST", "/duplicates/dismiss", pair(ids[0], ids[2])); !strings.Contains(text, "one was merged into the other") {
			t.Error(text)
		}
	})
}

// TestPostOfOneNameAgain has an agent that repeats a POST with nothing but a name: each answer says that
// the record looks like others, however many there are, and the list has a pair for each but the first.
func TestPostOfOneNameAgain(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	r.setPlan("jane@acme.com", "unlimited")
	for _, kind := range []string{"contact", "company"} {
		plural := map[string]string{"contact": "contacts", "company": "companies"}[kind]
		for i := range 8 {
			body := r.want(201, "POST", "/"+plural, `{"name":"Nina Obst"}`)
			if said := strings.Count(body, "# looks like "+kind+"/"); said != min(i, 3) {
				t.Errorf("the answer %d names %d records:\n%s", i, said, body)
			}
			list := r.want(200, "GET", "/duplicates?kind="+plural, "")
			if n := strings.Count(list, "pair verdict=likely"); n != i {
				t.Errorf("of %d %s %d pairs are listed:\n%s", i+1, plural, n, list)
			}
		}
		r.want(409, "POST", "/"+plural+"?on_duplicate=fail", `{"name":"Nina Obst"}`)
	}
}

// TestPostOfOneNameBeyondTheBound makes more records with one name than are compared: the list and the
// answer to a POST say so, and on_duplicate=fail makes none.
func TestPostOfOneNameBeyondTheBound(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	r.setPlan("jane@acme.com", "unlimited")
	for i := range 201 {
		r.want(201, "POST", "/contacts", fmt.Sprintf(`{"name":"Nina Obst","email":"nina@obst%d.test"}`, i))
	}
	const said = "has a name that more than 200 contacts have, such as contact/"
	for _, part := range []string{said, "possible_duplicate"} {
		if body := r.want(409, "POST", "/contacts?on_duplicate=fail", `{"name":"Nina Obst"}`); !strings.Contains(body, part) {
			t.Errorf("%q is not in\n%s", part, body)
		}
	}
	if body := r.want(201, "POST", "/contacts", `{"name":"Nina Obst"}`); !strings.Contains(body, "# "+said) || strings.Contains(body, "merge or dismiss") {
		t.Errorf("POST:\n%s", body)
	}
	r.want(201, "POST", "/contacts?on_duplicate=fail", `{"name":"Nina Obst","email":"nina@other.test"}`)
	if body := r.want(200, "GET", "/duplicates", ""); !strings.Contains(body, "# more than 200 contacts have the name of contact/") {
		t.Errorf("GET /duplicates:\n%s", body)
	}
}

// TestCursorOfAnother checks that a cursor of the list belongs to its workspace and kind.
func TestCursorOfAnother(t *testing.T) {
	r := newRig(t)
	cursor := ""
	for _, email := range []string{"jane@acme.com", "bob@other.example"} {
		r.as(email)
		for range 3 {
			r.want(201, "POST", "/contacts", `{"name":"Nina Obst"}`)
		}
		if cursor != "" {
			if body := r.want(400, "GET", "/duplicates?cursor="+cursor, ""); !strings.Contains(body, "invalid_cursor") {
				t.Errorf("a cursor of another workspace: %s", body)
			}
		}
		_, cursor, _ = strings.Cut(r.want(200, "GET", "/duplicates?limit=1", ""), "# next: ")
		cursor = strings.TrimSpace(cursor)
		r.want(200, "GET", "/duplicates?cursor="+cursor, "")
		r.want(400, "GET", "/duplicates?kind=companies&cursor="+cursor, "")
		r.want(400, "GET", "/duplicates?cursor="+cursor[:len(cursor)-2], "")
	}
}

// TestDismissOfOneRecord checks that the ids of what is one record are no pair, whichever of them is
// named first, in a batch too.
func TestDismissOfOneRecord(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	for range 3 {
		r.want(201, "POST", "/contacts", `{"name":"Nina Obst"}`)
	}
	first, second, third := r.id("contact", 1), r.id("contact", 2), r.id("contact", 3)
	from := fmt.Sprintf(`{"from":[%q,%q]}`, second, third)
	path := "/contacts/" + first + "/merge"
	r.want(200, "POST", fmt.Sprint(path, "?confirm=", r.json(409, "POST", path, from)["confirm"]), from)
	for _, pair := range [][2]string{{first, second}, {second, first}, {second, third}} {
		body := fmt.Sprintf(`{"pair":[%q,%q]}`, pair[0], pair[1])
		for _, answer := range []string{r.want(400, "POST", "/duplicates/dismiss", body), r.want(400, "POST", "/batch", `[{"method":"POST","path":"/duplicates/dismiss","body":`+body+`}]`)} {
			if !strings.Contains(answer, "pair names one record twice") {
				t.Errorf("%v: %s", pair, answer)
			}
		}
	}
}

package server_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// effectLine is a line of text about what a dry run does to one record, or of a batch.
var effectLine = regexp.MustCompile(`(?m)^(\d+ )?(created|updated|deleted|merged|ERROR \w+) .*$`)

// pages reads all pages of a dry run, with so many effects each, and returns the effects of all. Every page has the
// token of the first.
func (r *rig) pages(limit int, method, path, body string) (effects []string) {
	r.t.Helper()
	path += map[bool]string{true: "&", false: "?"}[strings.Contains(path, "?")] + "dry_run=1"
	text := r.want(200, method, fmt.Sprint(path, "&limit=", limit), body)
	token := tokenIs.FindStringSubmatch(text)[1]
	for n := 0; ; n++ {
		lines := effectLine.FindAllString(text, -1)
		if method == "DELETE" && strings.Count(path, "/") == 2 {
			lines = lines[1:] // the answer of the delete itself
		}
		if len(lines) > limit || n > 100 {
			r.t.Fatalf("page %d has %d effects: %s", n, len(lines), text)
		}
		effects = append(effects, lines...)
		next := regexp.MustCompile(`# more: dry_run=1&limit=200&cursor=(\S+)`).FindStringSubmatch(text)
		if next == nil {
			return effects
		}
		text = r.want(200, method, fmt.Sprint(path, "&limit=", limit, "&cursor=", next[1]), body)
		if got := tokenIs.FindStringSubmatch(text)[1]; got != token {
			r.t.Fatalf("a further page has the token %s, not %s", got, token)
		}
	}
}

// crowd is a contact with activities, and the body of a batch that makes them.
func (r *rig) crowd(activities int) (path string) {
	r.t.Helper()
	id := r.json(201, "POST", "/contacts", `{"name":"Jane"}`)["id"].(string)
	for from := 0; from < activities; from += 400 {
		var lines []string
		for n := from; n < min(from+400, activities); n++ {
			lines = append(lines, fmt.Sprintf(`{"method":"POST","path":"/contacts/%s/activities","body":{"kind":"note","body":"%d"}}`, id, n))
		}
		r.want(200, "POST", "/batch", "["+strings.Join(lines, ",")+"]")
	}
	return "/contacts/" + id
}

// TestDryRunsHavePages pages through the dry runs of each write that changes several records. The pages have each
// effect once, whatever their size.
func TestDryRunsHavePages(t *testing.T) {
	onServers(t, func(t *testing.T, r *rig) {
		r.as("jane@acme.com")
		path, other := r.crowd(57), r.crowd(30)
		r.want(201, "POST", "/campaigns", `{"name":"Spring"}`)
		id := strings.TrimPrefix(path, "/contacts/")
		batch := fmt.Sprintf(`[{"method":"DELETE","path":"%s"}%s]`, other, strings.Repeat(`,{"method":"POST","path":"/campaigns","body":{"name":"Acme"}}`, 44))
		for _, test := range []struct {
			method, path, body string
			want               int
		}{
			{"DELETE", path, "", 58},
			{"POST", other + "/merge", `{"from":["` + id + `"]}`, 59}, // with the note, and no change of the winner
			{"POST", "/campaigns/" + r.id("campaign", 1) + "/members", `{"contacts":["` + id + `","` + strings.TrimPrefix(other, "/contacts/") + `"]}`, 2},
			{"POST", "/batch", batch, 45},
			{"POST", "/batch?atomic=0", batch[:len(batch)-1] + `,{"method":"POST","path":"/contacts","body":{"email":"x"}}]`, 46},
			{"DELETE", "/activities?kind=note", "", 87},
		} {
			all := r.pages(200, test.method, test.path, test.body)
			if len(all) != test.want {
				t.Errorf("%s %s has %d effects, want %d: %s", test.method, test.path, len(all), test.want, strings.Join(all, "\n"))
			}
			for _, limit := range []int{1, 7, 20} {
				got := r.pages(limit, test.method, test.path, test.body)
				slices.Sort(got)
				slices.Sort(all)
				if !slices.Equal(got, all) {
					t.Errorf("%s %s has in pages of %d\n%s\nat once\n%s", test.method, test.path, limit, strings.Join(got, "\n"), strings.Join(all, "\n"))
				}
			}
		}
	})
}

// TestConfirmationsShowTheFirstEffects checks what an error that asks for a confirmation shows: counts of all, the
// first 20 effects, and where the others are.
func TestConfirmationsShowTheFirstEffects(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	path := r.crowd(57)
	text := r.want(409, "DELETE", path, "")
	if n := len(effectLine.FindAllString(text, -1)); n != 20 || !strings.Contains(text, "this deletes contact/"+path[10:]+" and 57 activities.") ||
		!strings.Contains(text, "# 58 deleted\n# more: dry_run=1&limit=200&cursor=") {
		t.Errorf("%d effects: %s", n, text)
	}
	batch := `[{"method":"DELETE","path":"` + path + `"}` + strings.Repeat(`,{"method":"POST","path":"/campaigns","body":{"name":"Acme"}}`, 44) + `]`
	text = r.want(409, "POST", "/batch", batch)
	if n := len(effectLine.FindAllString(text, -1)); n != 20 || !strings.Contains(text, "# 1: also deleted: 57 activities\n") ||
		!strings.Contains(text, "# 20 of 45 lines\n# 45 done\n# more: dry_run=1&limit=200&cursor=") {
		t.Errorf("%d effects: %s", n, text)
	}
	object := r.json(409, "POST", "/batch", batch)
	if len(object["lines"].([]any)) != 20 || fmt.Sprint(object["done"]) != "45" || object["next_cursor"] == nil {
		t.Errorf("%v", object)
	}
	failing := `[` + strings.Repeat(`{"method":"POST","path":"/campaigns","body":{"name":"Acme"}},`, 30) + `{"method":"POST","path":"/contacts","body":{"email":"x"}}]`
	if text = r.want(200, "POST", "/batch?atomic=0&dry_run=1", failing); !strings.HasPrefix(text, "31 ERROR ") || !strings.Contains(text, "# 20 of 31 lines\n# 30 done, 1 failed\n") {
		t.Error(text)
	}
}

// TestPagesOfAChangedPlan changes a record between two pages of a dry run, and spends its token.
func TestPagesOfAChangedPlan(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	path := r.crowd(30)
	text := r.want(200, "DELETE", path+"?dry_run=1", "")
	more := regexp.MustCompile(`cursor=\S+`).FindString(text)
	r.want(200, "PATCH", path, `{"stage":"lead"}`)
	if text := r.want(200, "DELETE", path+"?dry_run=1&"+more, ""); !strings.Contains(text, "# 11 shown, 31 total\n") ||
		!strings.Contains(text, "the plan does not hold any more: contact/"+path[10:]+": stage is now lead. confirm= would be refused; repeat the dry run without cursor\n") {
		t.Error(text)
	}
	r.want(400, "DELETE", path+"?"+more, "")
	r.want(400, "DELETE", path+"?dry_run=1&cursor=x", "")
	if text := r.want(400, "DELETE", path+"?dry_run=1&cursor=nonsense.20", ""); !strings.HasPrefix(text, "ERROR invalid_cursor\nHINT  cursor=nonsense.20 continues no dry run of this request") {
		t.Error(text)
	}
	r.want(400, "POST", "/batch?limit=3", `[{"method":"POST","path":"/campaigns","body":{"name":"Acme"}}]`)
	text = r.want(200, "DELETE", path+"?dry_run=1", "")
	more = regexp.MustCompile(`cursor=\S+`).FindString(text)
	r.want(200, "DELETE", path+"?confirm="+tokenIs.FindStringSubmatch(text)[1], "")
	r.want(404, "DELETE", path+"?dry_run=1&"+more, "")
}

// TestManyDependentsAreCounted deletes and merges a contact to which so many refer that they follow in steps. The plan
// has their exact number, and is stale if it is another one by now.
func TestManyDependentsAreCounted(t *testing.T) {
	onServers(t, func(t *testing.T, r *rig) {
		r.as("jane@acme.com")
		path := r.crowd(257)
		id := strings.TrimPrefix(path, "/contacts/")
		winner := r.json(201, "POST", "/contacts", `{"name":"Ann"}`)["id"].(string)
		note := func(n int) {
			r.want(201, "POST", path+"/activities", fmt.Sprintf(`{"kind":"note","body":"more %d"}`, n))
		}
		n := 257
		for _, test := range []struct{ method, path, body, says string }{
			{"POST", "/contacts/" + winner + "/merge", `{"from":["` + id + `"]}`, "moves %d activities"},
			{"DELETE", "/contacts?id=" + id, "", "also deleted: %d activities"},
			{"DELETE", path, "", "and %d activities"},
		} {
			sign := map[bool]string{true: "&", false: "?"}[strings.Contains(test.path, "?")]
			text := r.want(409, test.method, test.path, test.body)
			if !strings.Contains(text, fmt.Sprintf(test.says, n)) {
				t.Errorf("%s %s: %s, want %d", test.method, test.path, text, n)
			}
			note(n)
			n++
			text = r.want(409, test.method, test.path+sign+"confirm="+tokenIs.FindStringSubmatch(text)[1], test.body)
			if !strings.Contains(text, fmt.Sprintf("ERROR plan_stale\nHINT  the plan does not hold any more: %d activities refer to contact/%s now", n, id)) {
				t.Errorf("%s %s: %s", test.method, test.path, text)
			}
			if test.method == "DELETE" && test.path == path {
				r.want(200, test.method, test.path+sign+"confirm="+tokenIs.FindStringSubmatch(text)[1], test.body)
			}
		}
	})
}

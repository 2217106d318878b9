package server_test

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// changeLine is the line that names a change group.
var changeLine = regexp.MustCompile(`# change chg_\w+; undo: .*\n`)

// endsWith reports whether an answer ends with a text, before the line that names its change group.
func endsWith(body, text string) bool {
	return strings.HasSuffix(changeLine.ReplaceAllString(body, ""), text)
}

// changesOf returns the lines of changes in a text, without remarks.
func changesOf(body string) (lines []string) {
	for line := range strings.Lines(body) {
		if strings.HasPrefix(line, "change/") {
			lines = append(lines, strings.TrimSuffix(line, "\n"))
		}
	}
	return lines
}

// targets returns the targets of the changes that a list has, with the action.
func targets(body string) (list []string) {
	for _, line := range changesOf(body) {
		found := regexp.MustCompile(`action=(\S+) target=(\S+)`).FindStringSubmatch(line)
		list = append(list, found[1]+" "+found[2])
	}
	return list
}

// TestRuns gives writes the name of a run: each belongs to it, of every kind of write, and others do not.
func TestRuns(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	run := []string{"Crmkit-Run", "enrich-1128"}
	r.want(201, "POST", "/contacts", `{"name":"Other"}`)
	r.want(201, "POST", "/contacts", `{"name":"Jane Doe","email":"jane@acme.com"}`, run...)
	r.want(200, "PATCH", "/contacts/"+r.id("contact", 2), `{"stage":"lead"}`, run...)
	r.want(200, "PATCH", "/contacts/"+r.id("contact", 2), `{"stage":"lead"}`, run...) // changes nothing
	r.want(200, "POST", "/batch", `[{"method":"POST","path":"/contacts","body":{"name":"B"}},{"method":"POST","path":"/tasks","body":{"title":"Call B"}}]`, run...)
	r.want(200, "POST", "/import/companies", "name,domain\nAcme,acme.com\n", append(run, "Content-Type", "text/csv")...)
	r.want(400, "POST", "/contacts", `{"name":"X","email":"x"}`, run...)
	token := confirmOf(r.call("DELETE", "/contacts/"+r.id("contact", 3), "", run...).body)
	r.want(200, "DELETE", "/contacts/"+r.id("contact", 3)+"?confirm="+token, "", run...)
	got := targets(r.want(200, "GET", "/changes?run=enrich-1128", ""))
	want := []string{"create contact/" + r.id("contact", 2), "update contact/" + r.id("contact", 2), "create contact/" + r.id("contact", 3), "create task/" + r.id("task", 1),
		"create company/" + r.id("company", 1), "delete contact/" + r.id("contact", 3)}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("the run did %q, want %q", got, want)
	}
	for _, bad := range []string{"", "two words", strings.Repeat("x", 101), "café"} {
		if a := r.call("POST", "/contacts", `{"name":"Y"}`, "Crmkit-Run", bad); a.status != 400 || !strings.Contains(a.body, "the name of a run has 1 to 100") {
			t.Errorf("%q: %s", bad, a.body)
		}
	}
}

// confirmOf returns the token of an answer that needs a confirmation.
func confirmOf(body string) string {
	_, rest, _ := strings.Cut(body, "confirm: ")
	token, _, _ := strings.Cut(rest, "\n")
	return token
}

// TestRunsEnd lets a run rest: after 24 hours without a write its name begins another one.
func TestRunsEnd(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	write := func(name string, after time.Duration) {
		r.clock.Advance(after)
		r.want(201, "POST", "/companies", `{"name":"`+name+`"}`, "Crmkit-Run", "daily")
	}
	write("one", 0)
	write("two", 23*time.Hour)
	write("three", 23*time.Hour)
	if got := r.want(200, "GET", "/changes?run=daily", ""); len(changesOf(got)) != 3 || strings.Contains(got, "earlier run") {
		t.Errorf("the run has %s", got)
	}
	write("four", 25*time.Hour)
	if got := r.want(200, "GET", "/changes?run=daily", ""); len(changesOf(got)) != 1 || !strings.Contains(got, "to.name=four") || !strings.Contains(got, "an earlier run had the same name") {
		t.Errorf("the second run has %s", got)
	}
}

// TestRunsBelongToUsers has two users use the same name.
func TestRunsBelongToUsers(t *testing.T) {
	r := newRig(t)
	admin, bob := r.teamOfTwo()
	for _, p := range []person{admin, bob} {
		r.want(201, "POST", "/companies", `{"name":"of `+p.Email+`"}`, "Authorization", "Bearer "+p.token, "Crmkit-Run", "same")
	}
	r.header.Set("Authorization", "Bearer "+bob.token)
	for query, want := range map[string]string{"": "bob", "&by=me": "bob", "&by=ann@acme.com": "ann"} {
		if got := changesOf(r.want(200, "GET", "/changes?run=same"+query, "")); len(got) != 1 || !strings.Contains(got[0], "by="+want+"@acme.com") {
			t.Errorf("run=same%s: %q", query, got)
		}
	}
	r.want(201, "POST", "/companies", `{"name":"alone"}`, "Authorization", "Bearer "+admin.token, "Crmkit-Run", "hers")
	if got := r.want(404, "GET", "/changes?run=hers", ""); !strings.Contains(got, "GET /changes?by=ann@acme.com&run=hers") {
		t.Error(got)
	}
}

// TestChangeGroups checks that all that a request saves is one group, which its answer names: in JSON of
// every write, in text only where several records changed.
func TestChangeGroups(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	if text := r.want(201, "POST", "/contacts", `{"name":"A"}`); strings.Contains(text, "chg_") {
		t.Errorf("one record: %s", text)
	}
	one := r.json(201, "POST", "/contacts", `{"name":"B"}`)
	if got := targets(r.want(200, "GET", "/changes/"+fmt.Sprint(one["change"]), "")); fmt.Sprint(got) != "[create contact/"+r.id("contact", 2)+"]" {
		t.Errorf("the group of a create is %q", got)
	}
	if same := r.json(200, "PATCH", "/contacts/"+r.id("contact", 2), `{"name":"B"}`); same["change"] != nil {
		t.Errorf("nothing changed, and yet there is a group %v", same["change"])
	}
	r.want(201, "POST", "/contacts/"+r.id("contact", 2)+"/activities", `{"kind":"call","body":"x"}`)
	group := regexp.MustCompile(`# change (chg_\w+);`)
	rows := "name,email\n" + strings.Repeat("C", 1)
	for i := range 1200 { // several transactions
		rows += fmt.Sprintf(",c%d@x.com\nC", i)
	}
	for name, body := range map[string]string{
		"batch":  r.want(200, "POST", "/batch", `[{"method":"POST","path":"/companies","body":{"name":"D"}},{"method":"POST","path":"/companies","body":{"name":"E"}}]`),
		"import": r.want(200, "POST", "/import/contacts", strings.TrimSuffix(rows, "\nC")+"\n", "Content-Type", "text/csv"),
	} {
		found := group.FindStringSubmatch(body)
		if found == nil {
			t.Fatalf("%s: %.300s", name, body)
		}
		n, want := 0, map[string]int{"batch": 2, "import": 1200}[name]
		for after := ""; ; {
			page := r.json(200, "GET", "/changes/"+found[1]+"?limit=500"+after, "")
			n += len(page["items"].([]any))
			if page["more"] != true {
				break
			}
			after = "&since=" + page["cursor"].(string)
		}
		if n != want {
			t.Errorf("%s: the group has %d changes, want %d", name, n, want)
		}
	}
	for _, unknown := range []string{"chg_zz", "chg_0134x", "seq_0134"} {
		r.want(404, "GET", "/changes/"+unknown, "")
	}
}

// TestGroupsOfManySteps deletes a record with so many others that they change in steps: group and run
// have all of them.
func TestGroupsOfManySteps(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	r.want(201, "POST", "/companies", `{"name":"Acme"}`)
	rows := "name,company_id\n"
	for i := range 700 {
		rows += fmt.Sprintf("C%d,%s\n", i, r.id("company", 1))
	}
	r.want(200, "POST", "/import/contacts", rows, "Content-Type", "text/csv")
	path := "/companies/" + r.id("company", 1)
	token := confirmOf(r.want(409, "DELETE", path, ""))
	done := r.want(200, "DELETE", path+"?confirm="+token+"&format=json", "", "Crmkit-Run", "clean")
	if err := r.store.Settle(t.Context()); err != nil {
		t.Fatal(err)
	}
	change := regexp.MustCompile(`"change":"(\w+)"`).FindStringSubmatch(done)
	if change == nil {
		t.Fatal(done)
	}
	for _, list := range []string{"/changes/" + change[1] + "?", "/changes?run=clean&"} {
		n := 0
		for after := ""; ; {
			page := r.json(200, "GET", list+"limit=500"+after, "")
			n += len(page["items"].([]any))
			if page["more"] != true {
				break
			}
			after = "&since=" + page["cursor"].(string)
		}
		if n != 701 {
			t.Errorf("%s has %d changes, want 701", list, n)
		}
	}
}

// TestRunOfTools gives a run to the tools.
func TestRunOfTools(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	r.tool("/mcp", "request", `{"method":"POST","path":"/contacts","body":{"name":"A"},"run":"task-1"}`)
	r.tool("/mcp/tools", "write", `{"method":"PATCH","path":"/contacts/`+r.id("contact", 1)+`","body":{"name":"B"},"run":"task-1"}`)
	asked, _ := r.tool("/mcp/tools", "delete", `{"path":"/contacts/`+r.id("contact", 1)+`","run":"task-1"}`)
	r.tool("/mcp/tools", "delete", `{"path":"/contacts/`+r.id("contact", 1)+`?confirm=`+confirmOf(asked)+`","run":"task-1"}`)
	got, _ := r.tool("/mcp/tools", "read", `{"path":"/changes?run=task-1"}`)
	if list := targets(got); len(list) != 3 || list[2] != "delete contact/"+r.id("contact", 1) {
		t.Errorf("the run did %q: %s", list, got)
	}
	if text, failed := r.tool("/mcp", "request", `{"method":"POST","path":"/contacts","body":{"name":"A"},"run":"a b"}`); !failed || !strings.Contains(text, "the name of a run") {
		t.Error(text)
	}
}

// TestModelsAreToldOfRuns checks that every tool that writes takes a run, and that the instructions of both connectors
// tell a model to name one, and how to take it back.
func TestModelsAreToldOfRuns(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	for path, writing := range map[string][]string{"/mcp": {"request"}, "/mcp/tools": {"write", "delete"}} {
		if text := r.initialize(path); !strings.Contains(text, "give all of them the same run") || !strings.Contains(text, `POST /undo {"run":`) {
			t.Errorf("%s: %s", path, text)
		}
		tools := r.rpc(path, `{"jsonrpc":"2.0","id":1,"method":"tools/list"}`).body
		var got struct {
			Result struct {
				Tools []struct {
					Name        string
					InputSchema struct{ Properties map[string]any }
				}
			}
		}
		if err := json.Unmarshal([]byte(tools), &got); err != nil {
			t.Fatal(err, tools)
		}
		var with []string
		for _, tool := range got.Result.Tools {
			if tool.InputSchema.Properties["run"] != nil {
				with = append(with, tool.Name)
			}
		}
		slices.Sort(with)
		slices.Sort(writing)
		if !slices.Equal(with, writing) {
			t.Errorf("%s: %q take a run, want %q", path, with, writing)
		}
	}
}

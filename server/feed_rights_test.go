package server_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"crmkit/store"
)

// TestEventsEndWithTheRight ends the right of a member who reads a stream of events: they get no event of what is saved
// afterwards, and the stream ends.
func TestEventsEndWithTheRight(t *testing.T) {
	for _, s := range feedSetups() {
		for how := range taking {
			t.Run(s.String()+"/"+how, func(t *testing.T) {
				r := s.newRig(t, store.Options{})
				admin, bob := r.teamOfTwo()
				reader := *r
				reader.header = http.Header{"Authorization": {"Bearer " + bob.token}}
				c := events(reader.open(r.overHTTP(), "GET", "/changes?since=now&format=events", nil))
				nextEvent(t, c)
				r.send(admin.token, "POST", "/companies", `{"name":"before"}`)
				if e, _ := nextEvent(t, c); !strings.Contains(e.data, `"name":"before"`) {
					t.Errorf("first %+v", e)
				}
				r.take(how, admin, bob)
				r.send(admin.token, "POST", "/companies", `{"name":"after"}`)
				for {
					e, open := nextEvent(t, c)
					if !open {
						return
					}
					if e.kind == "change" && strings.Contains(e.data, `"name":"after"`) {
						t.Fatalf("an event after the right has ended: %+v", e)
					}
				}
			})
		}
	}
}

// TestLinesNameTheToken checks that lines and summaries name the user and the token of a change, while there is the token and after it.
func TestLinesNameTheToken(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	ws := r.json(200, "GET", "/whoami", "")["workspace_id"].(string)
	made := r.json(201, "POST", "/workspaces/"+ws+"/tokens", `{"token_name":"Cursor"}`)
	id := made["id"].(string)
	r.want(201, "POST", "/companies", `{"name":"Acme"}`, "Authorization", "Bearer "+made["token"].(string))
	lines := changesOf(r.want(200, "GET", "/changes?kind=company", ""))
	if len(lines) != 1 || !strings.Contains(lines[0], " at=2026-06-10T09:00:00Z by=jane@acme.com token=Cursor action=create") {
		t.Errorf("%q", lines)
	}
	item := r.json(200, "GET", "/changes?kind=company", "")["items"].([]any)[0].(map[string]any)
	if item["token"] != "Cursor" || item["token_id"] != id || item["by"] != "jane@acme.com" {
		t.Errorf("%v", item)
	}
	if got := r.want(200, "GET", "/changes?kind=company&summary=1", ""); !strings.Contains(got, "\njane@acme.com token=Cursor changes=1\n") {
		t.Error(got)
	}
	r.want(200, "DELETE", "/tokens/"+id, "")
	if lines := changesOf(r.want(200, "GET", "/changes?kind=company", "")); len(lines) != 1 || !strings.Contains(lines[0], "by=jane@acme.com token_id="+id+" action=create") {
		t.Errorf("without the token: %q", lines)
	}
}

// TestSummariesCount compares a summary with the changes that it counts, with each filter.
func TestSummariesCount(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	for i := range 30 {
		r.want(201, "POST", "/contacts", fmt.Sprintf(`{"name":"A %d","stage":"s%d"}`, i, i%3))
	}
	r.confirmedPatch("/contacts?stage=s1", `{"stage":"s2","title":"T"}`)
	for query, want := range map[string][]string{
		"":                              {"contact create=30 update=10", "contact.stage changes=10", "contact.title changes=10"},
		"&to.stage=s2":                  {"all changes=20", "contact create=10 update=10"},
		"&field=title":                  {"all changes=10", "contact update=10"},
		"&kind=company":                 {"all changes=0"},
		"&by=not-me":                    {"all changes="},
		"&record=" + r.id("contact", 2): {"contact create=1 update=1"},
	} {
		got := r.want(200, "GET", "/changes?summary=1"+query, "")
		for _, one := range want {
			if !strings.Contains(got, one) {
				t.Errorf("%s: no %q in\n%s", query, one, got)
			}
		}
	}
}

// confirmedPatch changes all records that match.
func (r *rig) confirmedPatch(path, body string) {
	r.t.Helper()
	token := confirmOf(r.want(409, "PATCH", path, body))
	r.want(200, "PATCH", path+"&confirm="+token, body)
}

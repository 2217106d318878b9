package server_test

import (
	"encoding/json"
	"strings"
	"testing"
)

// TestFetchedRecordsAreSentBack sends records back as they were fetched, with the people that are shown beside them.
func TestFetchedRecordsAreSentBack(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	contact := r.json(201, "POST", "/contacts", `{"name":"Grace"}`)["id"].(string)
	deal := r.json(201, "POST", "/deals", `{"title":"x","contact_id":"`+contact+`"}`)["id"].(string)
	for _, path := range []string{"/deals/" + deal, "/contacts/" + contact} {
		body := r.json(200, "GET", path, "")
		if body["deal_contacts"] == nil {
			t.Errorf("GET %s: %v", path, body)
		}
		text, err := json.Marshal(body)
		if err != nil {
			t.Fatal(err)
		}
		if is := r.want(200, "PATCH", path, string(text)); !strings.Contains(is, "# unchanged") {
			t.Errorf("sent back: %s", is)
		}
	}
	r.want(400, "POST", "/tasks", `{"title":"x","deal_contacts":[]}`)
}

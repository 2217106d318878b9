package server_test

import (
	"strings"
	"testing"
)

// TestWordsOfDeals imports deals with the words that other tools have for a status. In any way in, the
// stage sets the status.
func TestWordsOfDeals(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	for word, status := range map[string]string{"In progress": "open", "Pending": "open", "On hold": "open", "Negotiation": "open", "商談中": "open",
		"Cancelled": "lost", "Canceled": "lost", "Abandoned": "lost", "失注": "lost", "受注": "won", "Storniert": "lost", "Annulé": "lost"} {
		text := r.want(200, "POST", "/import/deals?dry_run=1", "Deal Name,Status\nx,"+word+"\n")
		if !strings.Contains(text, "status="+status) && !(status == "open" && strings.Contains(text, "1 created")) {
			t.Errorf("%s is read as %s", word, text)
		}
		if status == "open" {
			continue
		}
		if text := r.want(201, "POST", "/deals", `{"title":"x","stage":"`+word+`"}`); !strings.Contains(text, "status="+status) {
			t.Errorf("the stage %s makes %s", word, text)
		}
	}
}

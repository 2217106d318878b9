package norm

import (
	"strings"
	"testing"
)

func TestNearest(t *testing.T) {
	names := []string{"name", "email", "phone", "stage", "company_id", "follow_up_at", "amount_cents", "created_at", "updated_at"}
	for sent, want := range map[string]string{
		"nmae": "name", "Name": "name", "NAME": "name", "emial": "email", "e-mail": "email", "stgae": "stage", "company": "company_id", "follow_up": "follow_up_at",
		"amount": "amount_cents", "amount_cent": "amount_cents", "phone_number": "phone", "created": "created_at", "createdat": "created_at",
		"zzz": "", "tags": "", "nam": "name", "naem": "name", "neme2": "", "": "", "x": "", "colour": "", "\x00\xff": "", strings.Repeat("name", 20): "",
	} {
		if got := Nearest(sent, names); got != want {
			t.Errorf("%q: %q, want %q", sent, got, want)
		}
	}
	if got := Nearest("name", nil); got != "" {
		t.Errorf("%q is near to nothing", got)
	}
}

package spelling

import (
	"fmt"
	"testing"

	"crmkit/crm"
)

// TestChangesOfRecords checks what the counts gain and lose by a create, an update and a delete.
func TestChangesOfRecords(t *testing.T) {
	e := schema(t).ByName("contact")
	record := func(pairs ...any) crm.Record {
		rec := crm.NewRecord(e)
		for i := 0; i < len(pairs); i += 2 {
			switch v := pairs[i+1].(type) {
			case string:
				rec.Set(pairs[i].(string), crm.Str(v))
			case []string:
				rec.Set(pairs[i].(string), crm.Labels(v))
			}
		}
		return rec
	}
	none := record()
	jane := record("name", "Jänè Doe-Jane", "email", "jane@acme.example", "phone", "+49 30 1234", "tags", []string{"vip", "Ärzte"}, "notes", "likes jane", "stage", "customer")
	joe := record("name", "Joe Doe", "email", "jane@acme.example", "title", "jane", "tags", []string{"vip"})
	for _, c := range []struct {
		what          string
		before, after crm.Record
		want          string
	}{
		{"a create", none, jane, "map[acme:{1 0} arzte:{1 0} doe:{1 1} example:{1 0} jane:{3 2} vip:{1 0}]"},
		{"a delete", jane, none, "map[acme:{-1 0} arzte:{-1 0} doe:{-1 -1} example:{-1 0} jane:{-3 -2} vip:{-1 0}]"},
		{"an update", jane, joe, "map[arzte:{-1 0} jane:{-1 -2} joe:{1 1}]"},
		{"no change", jane, jane, "map[]"},
		{"a change of notes", jane, func() crm.Record { rec := jane.Clone(); rec.Set("notes", crm.Str("kowalski")); return rec }(), "map[]"},
	} {
		if got := fmt.Sprint(SourceOf(e).Changes(c.before, c.after)); got != c.want {
			t.Errorf("%s changes the counts by %s, want %s", c.what, got, c.want)
		}
	}
}

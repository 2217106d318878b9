package server_test

import (
	"fmt"
	"strings"
	"testing"
)

// TestSchemaOfManyKeys shows the keys of a kind that has more of them than lines, the most used first, and fields of which
// the values are not counted any more.
func TestSchemaOfManyKeys(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	for record := range 3 {
		var keys []string
		for n := range 60 - 20*record {
			keys = append(keys, fmt.Sprintf(`"k%02d":"x"`, n))
		}
		r.want(201, "POST", "/companies", `{"name":"Acme","custom":{`+strings.Join(keys, ",")+`}}`)
	}
	text := r.want(200, "GET", "/schema/company", "")
	contains(t, text, `custom.k00 type=any values="3 records" from=free`, `custom.k20 type=any values="2 records" from=free`, `custom.k49 type=any values="1 records" from=free`, "and 10 more keys")
	if strings.Index(text, "custom.k19 ") > strings.Index(text, "custom.k20 ") || strings.Contains(text, "custom.k50 ") {
		t.Error(text)
	}
	for n := range 45 {
		r.want(201, "POST", "/fields", fmt.Sprintf(`{"kind":"company","name":"f%d","type":"flag"}`, n))
	}
	contains(t, r.want(200, "GET", "/schema/company", ""), "those of the last", "GET /companies?group=custom.name")
}

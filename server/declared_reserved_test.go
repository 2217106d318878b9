package server_test

import (
	"fmt"
	"strings"
	"testing"

	"crmkit/crm"
	"crmkit/crm/declared"
)

// TestParametersAreNoFields declares a field with the name of each parameter that a route has. Names of fields of the
// product are also those of parameters; they can be declared for other kinds.
func TestParametersAreNoFields(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	names := map[string]bool{"and": true, "or": true, "not": true}
	for _, words := range [][]string{crm.ListParams, crm.AggregateParams} {
		for _, name := range words {
			names[name] = true
		}
	}
	for _, row := range r.server().Rows() {
		for _, name := range row.Params {
			names[strings.TrimSuffix(name, ".")] = !row.Public
		}
	}
	for _, e := range r.store.Schema.Entities {
		for _, f := range e.Fields {
			if !e.IsView() {
				delete(names, f.Name)
			}
		}
	}
	tried := 0
	for name, reserved := range names {
		if !reserved || name == "to" { // that is the beginning of to.stage
			continue
		}
		for _, e := range r.store.Schema.Entities {
			if declared.Declares(e) {
				tried++
				contains(t, r.want(400, "POST", "/fields", fmt.Sprintf(`{"kind":%q,"name":%q,"type":"text"}`, e.Name, name)), "a field of "+e.Plural+" cannot be called "+name)
			}
		}
	}
	if tried < 100 {
		t.Errorf("%d names were tried", tried)
	}
}

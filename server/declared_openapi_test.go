package server_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// TestOpenAPIOfWorkspace reads the document with a token and without one: only the first has the fields that the
// workspace of the token declares, each with its type.
func TestOpenAPIOfWorkspace(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	plain := r.want(200, "GET", "/openapi.json", "")
	for _, kind := range []string{"text", "number", "money", "date", "time", `choice","options":["emea","amer"],"doc":"where they buy`, "tags", "flag", "email", "url", `reference","ref":"contact`} {
		r.want(201, "POST", "/fields", `{"kind":"company","name":"x_`+strings.Split(kind, `"`)[0]+`","type":"`+kind+`"}`)
	}
	var doc struct {
		Components struct {
			Schemas map[string]struct {
				Properties map[string]struct{ Properties map[string]json.RawMessage }
			}
		}
	}
	if err := json.Unmarshal([]byte(r.want(200, "GET", "/openapi.json", "")), &doc); err != nil {
		t.Fatal(err)
	}
	for schema, want := range map[string]map[string]string{
		"company": {"x_text": `{"description":"","maxLength":200,"type":["string","null"]}`, "x_choice": `{"description":"where they buy","enum":[null,"emea","amer"],"type":["string","null"]}`,
			"x_date": `{"description":"","format":"date","type":["string","null"]}`, "x_money_cents": "integer", "x_money_currency": "string", "x_tags": "array", "x_flag": "boolean", "x_number": `"number"`},
		"company_write": {"x_date": `{"description":"","type":["string","null"]}`, "x_number": `["number","string","null"]`, "x_reference": "string"},
	} {
		properties := doc.Components.Schemas[schema].Properties["custom"].Properties
		for key, part := range want {
			if !strings.Contains(string(properties[key]), part) {
				t.Errorf("%s of %s is %s, want %s", key, schema, properties[key], part)
			}
		}
	}
	if n := len(doc.Components.Schemas["contact"].Properties["custom"].Properties); n > 0 {
		t.Errorf("contacts have %d declared fields", n)
	}
	other := *r
	other.header = http.Header{}
	if got := other.want(200, "GET", "/openapi.json", ""); got != plain || strings.Contains(got, "x_choice") {
		t.Error("a client without a token gets another document")
	}
	if got := other.as("bob@other.com").want(200, "GET", "/openapi.json", ""); got != plain {
		t.Error("another workspace gets another document")
	}
	workspace := r.json(200, "GET", "/workspaces", "")["items"].([]any)[0].(map[string]any)["id"]
	r.want(200, "PATCH", fmt.Sprint("/workspaces/", workspace), `{"custom_keys":"declared"}`)
	if got := r.want(200, "GET", "/openapi.json", ""); !strings.Contains(got, `"additionalProperties":false,"description":"`) {
		t.Error("custom takes other keys in a closed workspace")
	}
}

package server_test

import (
	"strings"
	"testing"
)

// TestErrorsOfStagesAreAboutStages sends pipelines with wrong types. Each error names the key and what it takes.
func TestErrorsOfStagesAreAboutStages(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	for stages, want := range map[string]string{
		`["lead"]`:                              `stage 1 is a string; write an object like {"name":"lead"`,
		`[{"name":"lead"},7]`:                   "stage 2 is a number",
		`[{"name":7}]`:                          "stage 1 has a number as name, which takes a text",
		`[{"name":"lead","probability":"10%"}]`: "stage 1 has a string as probability, which takes a whole number, 0 to 100",
		`[{"name":"lead","probability":1.5}]`:   "as probability, which takes a whole number",
		`[{"name":"lead","stale_after":14}]`:    `stage 1 has a number as stale_after, which takes a text like "14d"`,
		`[{"name":"won","is":true}]`:            `stage 1 has a bool as is, which takes "won" or "lost"`,
		`[{"name":"lead","colour":"red"}]`:      `stage 1 has the key "colour"; a stage has name, probability`,
		`[null]`:                                "stage 1 needs a name",
	} {
		text := r.want(400, "PUT", "/pipelines/sales", `{"kind":"deal","stages":`+stages+`}`)
		if !strings.Contains(text, want) || strings.Contains(text, "Go ") || strings.Contains(text, "json") || strings.Contains(text, "struct") {
			t.Errorf("%s: %s, want %s", stages, text, want)
		}
	}
}

// TestUnknownKeysFindDeclaredFields sends a body with a key that is nearly that of a declared field.
func TestUnknownKeysFindDeclaredFields(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	r.want(201, "POST", "/fields", `{"kind":"company","name":"segment","type":"text"}`)
	contains(t, r.want(400, "POST", "/companies", `{"name":"Acme","segmnt":"mid"}`), "Did you mean segment?", " segment.")
	for i := range 30 {
		r.want(201, "POST", "/fields", `{"kind":"company","name":"own_`+strings.Repeat("x", i+1)+`","type":"text"}`)
	}
	contains(t, r.want(400, "POST", "/companies", `{"name":"Acme","segmnt":"mid"}`), "Did you mean segment?", "and 11 more declared ones (GET /schema/company)")
}

// TestRowsOfUnsetFlagsAreLists follows the paths of lines of numbers, that of the records for which no stage says
// whether they are stale among them.
func TestRowsOfUnsetFlagsAreLists(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	r.want(201, "PUT", "/pipelines/sales", `{"kind":"deal","default":true,"stages":[{"name":"lead","stale_after":"2d"},{"name":"talk"},{"name":"won","is":"won"}]}`)
	for i, stage := range []string{"lead", "lead", "talk"} {
		r.want(201, "POST", "/deals", `{"title":"Deal `+string(rune('A'+i))+`","stage":"`+stage+`","close_at":"-1d"}`)
	}
	r.clock.Advance(3 * 24 * 60 * 60 * 1e9)
	lines := r.json(200, "GET", "/deals?group=stale&links=1", "")["items"].([]any)
	if len(lines) != 2 {
		t.Error(lines)
	}
	for _, item := range lines {
		line := item.(map[string]any)
		if n := r.json(200, "GET", line["rows"].(string), "")["total"]; n != line["count"] {
			t.Errorf("%v has %v records", line, n)
		}
	}
	brief := r.want(200, "GET", "/brief", "")
	if strings.Count(brief, "\ndeal/") != 3 || strings.Contains(brief, "left out") {
		t.Errorf("stuck and late deals are shown once:\n%s", brief)
	}
	for i := range 9 {
		r.want(201, "POST", "/deals", `{"title":"More `+string(rune('A'+i))+`","stage":"lead","close_at":"-1d"}`)
	}
	r.clock.Advance(3 * 24 * 60 * 60 * 1e9)
	contains(t, r.want(200, "GET", "/brief", ""), "left out: 6 deals: GET /deals?status=open&stale=yes&sort=stage_since\n")
}

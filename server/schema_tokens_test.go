package server_test

import (
	"fmt"
	"strings"
	"testing"
)

// TestSchemaOfAKindIsShort reads what an agent reads before it writes a deal, with ten declared fields, a pipeline and values
// in use.
func TestSchemaOfAKindIsShort(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	r.want(201, "PUT", "/pipelines/sales", `{"kind":"deal","stages":[{"name":"lead"},{"name":"proposal"},{"name":"won","is":"won"},{"name":"lost","is":"lost"}]}`)
	for _, field := range []string{`"region","type":"choice","options":["emea","amer","apac"],"required":true`, `"seats","type":"number"`, `"arr","type":"money"`, `"signed","type":"date"`, `"called","type":"time"`, `"langs","type":"tags"`,
		`"pilot","type":"flag"`, `"erp","type":"text","unique":true`, `"site","type":"url"`, `"partner","type":"reference","ref":"company"`} {
		r.want(201, "POST", "/fields", `{"kind":"deal","name":`+field+`}`)
	}
	for i := range 20 {
		r.want(201, "POST", "/deals", fmt.Sprintf(`{"title":"Deal %d","stage":%q,"owner":%q,"custom":{"region":%q,"seats":%d,"erp":"E-%d","pilot":true,"langs":["de","en"]}}`,
			i, []string{"lead", "proposal"}[i%2], []string{"ann@acme.com", "ben@acme.com"}[i%2], []string{"emea", "amer"}[i%2], i, i))
	}
	text := r.want(200, "GET", "/schema/deal", "")
	if n := tokensOf(t, text); n > 400 {
		t.Errorf("%d tokens, of at most 400:\n%s", n, text)
	}
}

// TestSchemaNamesStages reads the stages of the pipelines in their order with the number of deals in each, and those of
// records from before; those of another kind are not among them.
func TestSchemaNamesStages(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	r.want(201, "POST", "/deals", `{"title":"Old","stage":"a stage of before"}`)
	contains(t, r.want(200, "GET", "/schema/deal", ""), "\nstage type=text values=\"\\\"a stage of before\\\" 1\"\n", "\npipeline type=text\n")
	r.want(201, "PUT", "/pipelines/sales", `{"kind":"deal","stages":[{"name":"zed"},{"name":"proposal"},{"name":"won","is":"won"}]}`)
	r.want(201, "PUT", "/pipelines/renewals", `{"kind":"deal","stages":[{"name":"due"},{"name":"proposal"}]}`)
	r.want(201, "PUT", "/pipelines/hiring", `{"kind":"contact","stages":[{"name":"applied"}]}`)
	r.want(201, "POST", "/deals", `{"title":"A","stage":"proposal"}`)
	r.want(201, "POST", "/deals", `{"title":"B","stage":"proposal","pipeline":"renewals"}`)
	contains(t, r.want(200, "GET", "/schema/deal", ""), "\nstage type=text values=\"zed, proposal 2, won, due, \\\"a stage of before\\\" 1\"\n", "\npipeline type=text values=\"sales 1, renewals 1\"\n")
	contains(t, r.want(200, "GET", "/schema/contact", ""), "\nstage type=text values=applied\n")
	stages := make([]string, 45)
	for i := range stages {
		stages[i] = fmt.Sprintf(`{"name":"stage %d"}`, i+1)
	}
	for _, name := range []string{"long", "longer"} {
		r.want(201, "PUT", "/pipelines/"+name, `{"kind":"deal","stages":[`+strings.ReplaceAll(strings.Join(stages, ","), "stage", name)+`]}`)
	}
	r.want(201, "POST", "/deals", `{"title":"C","stage":"longer 45","pipeline":"longer"}`)
	text := r.want(200, "GET", "/schema/deal", "")
	contains(t, text, `"longer 45\" 1`, "of 94 stages those after the first 60 are named only where they are in use: GET /pipelines")
	if strings.Contains(text, "longer 44") {
		t.Errorf("a stage beyond the bound is named:\n%s", text)
	}
}

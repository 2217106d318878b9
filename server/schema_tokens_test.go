package server_test

import (
	"fmt"
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

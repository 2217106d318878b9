package server_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
)

func loadAPI(t *testing.T, r *rig) *openapi3.T {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromData([]byte(r.want(200, "GET", "/openapi.json", "")))
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

func TestOpenAPIIsValid(t *testing.T) {
	r := newRig(t)
	doc := loadAPI(t, r)
	if err := doc.Validate(t.Context()); err != nil {
		t.Error(err)
	}
	if doc.OpenAPI != "3.1.0" {
		t.Errorf("version %s", doc.OpenAPI)
	}
	ids := map[string]bool{}
	for _, row := range r.server().Rows() {
		if row.Doc == "" {
			continue
		}
		op := doc.Paths.Value(row.Path).GetOperation(row.Method)
		if op == nil || op.Summary != row.Doc || ids[op.OperationID] {
			t.Errorf("%s %s is missing, undocumented or shares its operationId", row.Method, row.Path)
			continue
		}
		ids[op.OperationID] = true
		if open := op.Security != nil && len(*op.Security) == 0; open != row.Public {
			t.Errorf("%s %s: public is %v in the table, %v in the document", row.Method, row.Path, row.Public, open)
		}
	}
}

// TestAnswersFitOpenAPI validates real answers with the schemas of the document.
func TestAnswersFitOpenAPI(t *testing.T) {
	r := newRig(t)
	doc := loadAPI(t, r)
	r.as("jane@acme.com")
	r.want(201, "POST", "/companies", `{"name":"Acme","domain":"acme.com","tags":["eu"]}`)
	r.want(201, "POST", "/contacts", `{"name":"Jane","company_id":"`+r.id("company", 1)+`","custom":{"a":1}}`)
	r.want(201, "POST", "/deals", `{"title":"Renewal","amount_cents":5,"follow_up_at":"now"}`)
	contact := r.id("contact", 1)
	r.want(201, "POST", "/contacts/"+contact+"/activities", `{"body":"x"}`)
	for path, pattern := range map[string]string{
		"/contacts": "/contacts", "/companies": "/companies", "/deals": "/deals", "/activities": "/activities", "/audit": "/audit",
		"/tokens": "/tokens", "/contacts/" + contact: "/contacts/{id}", "/contacts/" + contact + "/activities": "/contacts/{id}/activities",
	} {
		body := r.want(200, "GET", path, "", "Accept", "application/json")
		var value any
		if err := json.Unmarshal([]byte(body), &value); err != nil {
			t.Fatal(err)
		}
		schema := doc.Paths.Value(pattern).GetOperation(http.MethodGet).Responses.Status(200).Value.Content["application/json"].Schema.Value
		if err := schema.VisitJSON(value); err != nil {
			t.Errorf("GET %s: %v", path, err)
		}
		if items, found := value.(map[string]any)["items"].([]any); found && len(items) == 0 {
			t.Errorf("GET %s is empty, nothing was compared", path)
		}
	}
	var failure any
	if err := json.Unmarshal([]byte(r.want(400, "GET", "/contacts?stge=x", "", "Accept", "application/json")), &failure); err != nil {
		t.Fatal(err)
	}
	if err := doc.Components.Schemas["Error"].Value.VisitJSON(failure); err != nil {
		t.Error(err)
	}
}

// TestOpenAPIKnowsEveryField compares the schemas with the fields of the catalog.
func TestOpenAPIKnowsEveryField(t *testing.T) {
	r := newRig(t)
	doc := loadAPI(t, r)
	for _, e := range schema(t).Entities {
		for i := range e.Fields {
			f := &e.Fields[i]
			if doc.Components.Schemas[e.Name].Value.Properties[f.Name] == nil {
				t.Errorf("the schema of %s lacks %s", e.Name, f.Name)
			}
			write := doc.Components.Schemas[e.Name+"_write"].Value.Properties[f.Name]
			if (write != nil) == f.ReadOnly {
				t.Errorf("%s.%s: writable in the document is %v", e.Name, f.Name, write != nil)
			}
		}
	}
	if !strings.Contains(r.want(200, "GET", "/openapi.json", ""), `"url":"http://127.0.0.1:8080"`) {
		t.Error("the document does not name the server")
	}
}

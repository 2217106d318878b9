package server_test

import (
	"strings"
	"testing"
)

// TestLenientTypes sends values in the types that models and their clients use. Those with a
// certain meaning are accepted with a remark; others are errors that show the right form.
func TestLenientTypes(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	for _, c := range []struct {
		path, body string
		status     int
		want       string
	}{
		{"/contacts", `{"name":"Arr","tags":"vip"}`, 201, `tags was read as ["vip"]`},
		{"/contacts", `{"name":"Arr","tags":"vip, eu"}`, 201, "tags=vip,eu"},
		{"/contacts", `{"name":"Arr","tags":"[\"vip\"]"}`, 201, "tags=vip "},
		{"/contacts", `{"name":"Obj","custom":"{\"seats\":12}"}`, 201, "custom.seats=12\n# created\n# custom was read as {\"seats\":12}\n"},
		{"/contacts", `{"name":"Obj","custom":"seats"}`, 400, `custom takes an object like {"plan":"pro","seats":12}, not "seats".`},
		{"/deals", `{"title":"Str","amount_cents":"125000"}`, 201, "amount_cents=125000"},
		{"/deals", `{"title":"Str","amount_cents":"1250.00"}`, 400, "amount_cents takes a whole JSON number"},
		{"/deals", `{"title":"u1","amount":1250,"currency":"USD"}`, 400, `{"amount_cents":125000,"currency":"USD"}`},
		{"/deals", `{"title":"u2","amount":"1250.00 USD"}`, 201, "amount_cents=125000"},
		{"/contacts", `{"name":"Num","phone":4155550100}`, 201, "phone=4155550100"},
		{"/contacts", `{"name":12}`, 400, "name takes a JSON string or null, not 12."},
		{"/tasks", `{"title":"x","done":"true"}`, 201, "done was read as true"},
	} {
		if a := r.call("POST", c.path, c.body); a.status != c.status || !strings.Contains(a.body, c.want) {
			t.Errorf("%s: %d %s, want %d with %s", c.body, a.status, a.body, c.status, c.want)
		}
	}
	for _, c := range []struct{ tool, args, want string }{
		{"request", `{"method":"GET","path":"/contacts?limit=1","body":""}`, "# 1 of "},
		{"request", `{"method":"get","path":"/contacts?limit=1"}`, "# 1 of "},
		{"request", `{"method":"POST","path":"/contacts","body":{"name":"Key"},"idempotency_key":123}`, "# created"},
		{"request", `{"method":"POST","path":"/contacts","body":{"name":"Key"},"idempotency_key":"123"}`, "# replayed"},
		{"request", `{"method":"POST","path":"/import/companies","body":[{"name":"A"},{"name":"B"}]}`, "# imported: 2 created"},
		{"request", `{"method":"POST","path":"/import/companies","body":"name,domain\nC,c.example\n"}`, "# imported: 1 created"},
		{"request", `{"method":"POST","path":"/contacts","body":"{\"name\":\"Text\"}"}`, "# created"},
		{"request", `{"method":"POST","path":"/contacts","body":12}`, "body is a JSON object"},
		{"request", `{"method":"POST","path":"/contacts","body":true}`, "body is a JSON object"},
		{"request", `{"method":"POST","path":"/contacts","body":[{"name":"A"}]}`, "the body must be a JSON object"},
		{"request", `{"method":"GET","path":"/contacts?limit=1","body":null,"idempotency_key":null}`, "# 1 of "},
	} {
		if text, _ := r.tool("/mcp", c.tool, c.args); !strings.Contains(text, c.want) {
			t.Errorf("%s: %s, want %s", c.args, text, c.want)
		}
	}
	if a := r.call("PATCH", "/contacts", `{"name":"x"}`); a.status != 400 || !strings.Contains(a.body, "For one record: PATCH /contacts/{id}.") {
		t.Errorf("%d %s", a.status, a.body)
	}
}

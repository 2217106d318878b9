package server_test

import (
	"encoding/json"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"crmkit/crm"
	"crmkit/crm/catalog"
)

// promisedTokens returns the most tokens that docs/mcp.md allows for the description of request,
// and for the five tools together.
func promisedTokens(t *testing.T) (limits [2]int) {
	t.Helper()
	said := regexp.MustCompile("description of `request` takes under ([0-9,]+) tokens, the five tools under ([0-9,]+) together").FindStringSubmatch(string(must(os.ReadFile("../docs/mcp.md"))))
	if said == nil {
		t.Fatal("docs/mcp.md says nothing about tokens")
	}
	for i := range limits {
		limits[i] = must(strconv.Atoi(strings.ReplaceAll(said[i+1], ",", "")))
	}
	return limits
}

// TestToolsShowExamples checks that the schema of each tool has an example after "like", which
// works as it is written and which no other tool has.
func TestToolsShowExamples(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	r.want(201, "POST", "/companies", `{"name":"Acme","domain":"acme.com"}`)
	r.want(201, "POST", "/contacts", `{"name":"Jane Doe","stage":"lead","company_id":"`+r.id("company", 1)+`"}`)
	r.want(201, "POST", "/deals", `{"title":"12 seats","amount":"1250.00 USD"}`)
	like := regexp.MustCompile(`, like ([^;,]+)`)
	shown := map[string]string{}
	wants := map[string]map[string]string{
		"/mcp":       {"request": "# 1 of 1 contact"},
		"/mcp/tools": {"read": "# 1 of 1 deal", "write": "# updated: stage lead -> customer", "delete": "confirmation_required", "search": `"title":"Jane Doe"`, "fetch": "contact/"},
	}
	for _, path := range []string{"/mcp", "/mcp/tools"} { // write changes the record that request reads
		want := wants[path]
		for _, tool := range toolsAt(r, path) {
			args := map[string]any{}
			for name, schema := range tool.InputSchema.Properties {
				if found := like.FindStringSubmatch(schema.Description); found != nil {
					args[name] = found[1]
				}
				if name == "method" {
					args[name] = schema.Enum[0]
				}
			}
			call := string(must(json.Marshal(args)))
			if other := shown[call]; other != "" || len(args) == 0 {
				t.Errorf("%s shows %s, like %q", tool.Name, call, other)
			}
			shown[call] = tool.Name
			text, _ := r.tool(path, tool.Name, call)
			if want[tool.Name] == "" || !strings.Contains(text, want[tool.Name]) {
				t.Errorf("%s %s: %s", tool.Name, call, text)
			}
		}
	}
}

// listedTool is a tool as tools/list describes it.
type listedTool struct {
	Name        string
	Description string
	Annotations map[string]any
	InputSchema struct {
		Properties map[string]struct {
			Description string
			Enum        []string
		}
	}
}

func toolsAt(r *rig, path string) []listedTool {
	r.t.Helper()
	var listed struct{ Result struct{ Tools []listedTool } }
	if err := json.Unmarshal([]byte(r.rpc(path, `{"jsonrpc":"2.0","id":1,"method":"tools/list"}`).body), &listed); err != nil {
		r.t.Fatal(err)
	}
	return listed.Result.Tools
}

// TestFieldsOfEveryKind checks that a client of the tools finds the fields of every kind: in
// the description, or on the page that it names.
func TestFieldsOfEveryKind(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	described := toolsAt(r, "/mcp")[0].Description
	if !strings.Contains(described, "deal_contacts, tickets, campaigns and campaign_members: GET /help/fields") {
		t.Errorf("the page of fields is not named: %s", described)
	}
	page, _ := r.request("GET", "/help/fields")
	_, common, _ := strings.Cut(page, "\nevery kind\n")
	common, _, _ = strings.Cut(common, "\n\n")
	for _, e := range catalog.Entities {
		if !e.PlanLimited() {
			continue
		}
		_, line, inBrief := strings.Cut(described, "\n"+e.Name+" "+e.Prefix+"_:")
		line, _, _ = strings.Cut(line, "\n")
		_, part, onPage := strings.Cut(page, "\n"+e.Name+" ("+e.Prefix+"_), ")
		part, _, _ = strings.Cut(part, "\n\n")
		part += common
		for i := range e.Fields {
			f := &e.Fields[i]
			if slices.Contains([]string{"external_ids", crm.FieldPipeline, crm.FieldStageSince}, f.Name) { // of several kinds, named once
				line = described
			}
			if !f.ReadOnly && inBrief && !regexp.MustCompile(` `+f.Name+`\b`).MatchString(line) || !onPage || !strings.Contains(part, " "+f.Name+" ") {
				t.Errorf("%s.%s stands nowhere", e.Name, f.Name)
			}
		}
	}
}

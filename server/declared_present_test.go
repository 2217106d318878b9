package server_test

import (
	"fmt"
	"strings"
	"testing"
)

// TestPresentValuesAreCounted declares and changes fields of which records have values already: the dry run and the answer
// say how many do not fit, and show three. Nothing of the records changes.
func TestPresentValuesAreCounted(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	var lines []string
	for i := range 300 { // more than a page
		value := `"emea"`
		if i%60 == 0 {
			value = fmt.Sprintf(`"x%d"`, i)
		}
		lines = append(lines, fmt.Sprintf(`{"method":"POST","path":"/companies","body":{"name":"Co","custom":{"region":%s,"size":%d}}}`, value, i))
	}
	r.want(200, "POST", "/batch", "["+strings.Join(lines, ",")+"]")
	r.want(201, "POST", "/contacts", `{"name":"Ann","custom":{"region":7}}`)
	const region = `{"kind":"company","name":"region","type":"choice","options":["emea","amer"]}`
	unfit := fmt.Sprintf(`5 of 300 present values of custom.region do not fit, and stay as they are until they are written: company/%s "x240", company/%s "x180", company/%s "x120"`,
		r.id("company", 241), r.id("company", 181), r.id("company", 121))
	for _, c := range []struct {
		status                   int
		method, path, body, want string
	}{
		{200, "POST", "/fields?dry_run=1", region, "# " + unfit + "\n# nothing was saved"},
		{200, "POST", "/fields?dry_run=1", `{"kind":"company","name":"size","type":"number"}`, "# 300 present values of custom.size fit\n"},
		{200, "POST", "/fields?dry_run=1", `{"kind":"company","name":"plan","type":"text"}`, "# no record has a value of custom.plan yet\n"},
		{201, "POST", "/fields", region, "# " + unfit + "\n"},
		{200, "PATCH", "/fields/" + r.id("field", 1) + "?dry_run=1", `{"options":["amer"]}`, "# 300 of 300 present values"},
		{200, "PATCH", "/fields/" + r.id("field", 1), `{"options":["emea","x0","x60","x120","x180"]}`, `# 1 of 300 present values of custom.region do not fit, and stay as they are until they are written: company/` + r.id("company", 241)},
		{200, "GET", "/companies/" + r.id("company", 241), "", "version=1 "},
	} {
		if text := r.want(c.status, c.method, c.path, c.body); !strings.Contains(text, c.want) {
			t.Errorf("%s %s %s has no %q\n%s", c.method, c.path, c.body, c.want, text)
		}
	}
	if text := r.want(201, "POST", "/fields", `{"kind":"company","name":"size","type":"number"}`); strings.Contains(text, "present values") {
		t.Error(text)
	}
}

package servertest_test

import (
	"fmt"
	"strings"
	"testing"

	"crmkit/server/servertest"
)

func Example() {
	c, err := servertest.Start() // in a test: c := servertest.New(t)
	if err != nil {
		panic(err)
	}
	defer c.Close()

	var jane struct{ Handle, Stage string }
	status := c.JSON("POST", "/contacts", map[string]any{"name": "Jane Doe", "stage": "lead"}, &jane)
	fmt.Println(status, jane.Stage)

	_, text := c.Do("GET", "/contacts?stage=lead&fields=name", "")
	fmt.Print(strings.TrimPrefix(text, jane.Handle+" "))

	_, text = c.As("other@example.com").Do("GET", "/contacts", "")
	fmt.Print(text)
	// Output:
	// 201 lead
	// name="Jane Doe"
	// # 1 of 1 contact
	// # 0 contacts
}

func TestImport(t *testing.T) {
	c := servertest.New(t)
	for _, body := range []string{`{"name":"Jane","email":"jane@acme.com"}`, `{"name":"Jane Doe","email":"JANE@acme.com"}`} {
		if status, text := c.Do("POST", "/contacts", body); status >= 300 {
			t.Fatalf("POST /contacts: %d %s", status, text)
		}
	}
	if _, text := c.Do("GET", "/contacts", ""); !strings.Contains(text, "# 1 of 1 contact\n") {
		t.Errorf("the import made a duplicate:\n%s", text)
	}
}

package owner

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// TestMayRepeat checks which requests without an answer are sent again to the next owner.
func TestMayRepeat(t *testing.T) {
	for name, c := range map[string]struct {
		method, path, key string
		sent, answered    bool
		want              bool
	}{
		"a write that no owner has seen":     {method: "POST", path: "/contacts", want: true},
		"a write that may have been done":    {method: "POST", path: "/contacts", sent: true, want: false},
		"a write with a key":                 {method: "POST", path: "/contacts", key: "k", sent: true, want: true},
		"a delete without a key":             {method: "DELETE", path: "/contacts/c_1", sent: true, want: false},
		"a read":                             {method: "GET", path: "/contacts", sent: true, want: true},
		"a read whose answer has begun":      {method: "GET", path: "/export", sent: true, answered: true, want: false},
		"an operation":                       {method: "POST", path: endpoints + "token", sent: true, want: true},
		"a keyed write that has been begun":  {method: "POST", path: "/contacts", key: "k", sent: true, answered: true, want: false},
		"a message of MCP, which has a key":  {method: "POST", path: "/mcp", key: "k", sent: true, want: true},
		"a path that only starts like those": {method: "POST", path: "/locals", sent: true, want: false},
	} {
		r, err := http.NewRequest(c.method, origin+c.path, strings.NewReader("{}"))
		if err != nil {
			t.Fatal(err)
		}
		if c.key != "" {
			r.Header.Set(keyHeader, c.key)
		}
		f := forwarding{request: r, sent: c.sent, answered: c.answered}
		if f.mayRepeat() != c.want {
			t.Errorf("%s: %v", name, f.mayRepeat())
		}
	}
}

// TestBodiesOfStreamsAreSentOnce checks that a request is not repeated whose body was read
// from somewhere that cannot be read again.
func TestBodiesOfStreamsAreSentOnce(t *testing.T) {
	r := httptest.NewRequest("POST", "/import/contacts", strings.NewReader("name\nx\n"))
	r.Header.Set(keyHeader, "k")
	if f := (forwarding{request: r}); f.mayRepeat() {
		t.Error("a body without GetBody is sent twice")
	}
}

// TestOperationNames checks that each operation is found under its name by the owner, which
// decodes its arguments into a new value.
func TestOperationNames(t *testing.T) {
	for _, op := range []Operation{&SignIn{}, &SignOut{}, &Token{}, &SetPlan{}, &ListUsers{}, &ShowUser{}, &RemoveUser{}, &ListWorkspaces{}, &RemoveWorkspace{}, &ListClients{}} {
		found := operation(op.name())
		if found == nil || found.name() != op.name() || strings.Trim(op.name(), "abcdefghijklmnopqrstuvwxyz-") != "" {
			t.Errorf("%T: %q leads to %T", op, op.name(), found)
		}
	}
	if op := operation("ping"); op != nil {
		t.Errorf("ping is the operation %T", op)
	}
}

package postgres

import (
	"slices"
	"testing"
)

// TestArgumentsThatNoStatementNames has a statement that names some of its arguments, as the plan of
// a list may: PostgreSQL gets those alone, numbered without a gap.
func TestArgumentsThatNoStatementNames(t *testing.T) {
	for _, c := range []struct {
		text, want string
		args       []any
	}{
		{"SELECT 1", "SELECT 1", nil},
		{"SELECT a FROM t WHERE a = $1 AND b = $2", "SELECT a FROM t WHERE a = $1 AND b = $2", []any{"one", "two"}},
		{"SELECT a FROM t WHERE b = $2", "SELECT a FROM t WHERE b = $1", []any{"two"}},
		{"SELECT a FROM t WHERE b = $4 OR a = $1 OR c = $4", "SELECT a FROM t WHERE b = $2 OR a = $1 OR c = $2", []any{"one", int64(1)}},
		{"SELECT a FROM t WHERE a = $10", "SELECT a FROM t WHERE a = $1", []any{"ten"}},
	} {
		sent := []any{"one", "two", false, true, 5, 6, 7, 8, 9, "ten"}
		local := withUsed(c.text)
		if args := local.arguments(sent); local.text != c.want || !slices.Equal(args, c.args) {
			t.Errorf("%s\nis %s %v\nwant %s %v", c.text, local.text, args, c.want, c.args)
		}
		if sent[2] != false {
			t.Error("the arguments of the caller were changed")
		}
	}
}

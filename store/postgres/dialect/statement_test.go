package dialect

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
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
		if args := local.Arguments(sent); local.Text != c.want || !slices.Equal(args, c.args) {
			t.Errorf("%s\nis %s %v\nwant %s %v", c.text, local.Text, args, c.want, c.args)
		}
		if sent[2] != false {
			t.Error("the arguments of the caller were changed")
		}
	}
}

// TestStatements checks the SQL of PostgreSQL for statements of the store.
func TestStatements(t *testing.T) {
	known := Statements{Schema: `"crm ""x"""`}
	for text, want := range map[string]string{
		"SELECT key FROM contacts WHERE UNINDEXED workspace_id = $1": "SELECT key FROM contacts WHERE workspace_id = $1",
		"SELECT UNINDEXED t.a, UNINDEXED t.b FROM t":                 "SELECT t.a, t.b FROM t",
		"SELECT a FROM t WHERE RARE(t.a = $1) AND b":                 "SELECT a FROM t WHERE (t.a = $1) AND b",
		"SELECT n FROM main.usage u JOIN main.log l ON TRUE":         `SELECT n FROM "crm ""x""".usage u JOIN "crm ""x""".log l ON TRUE`,
		"SELECT value FROM keys_of($1), items_of($2), pairs_of($3)":  "SELECT value FROM keys_of($1), items_of($2), pairs_of($3)",
	} {
		for range 2 { // the second time it is remembered
			if got := known.Of(text).Text; got != want {
				t.Errorf("%s\nis %s\nwant %s", text, got, want)
			}
		}
	}
	for i := range 2 * maxTexts {
		known.Of("SELECT " + strconv.Itoa(i))
	}
	if n := len(known.local); n > maxTexts {
		t.Errorf("%d statements are remembered", n)
	}
}

// TestMigrationsInTheWordsOfPostgreSQL checks the SQL of PostgreSQL for migrations.
func TestMigrationsInTheWordsOfPostgreSQL(t *testing.T) {
	for text, want := range map[string]string{
		"CREATE TABLE t (a TEXT NOT NULL, b BIGINT) STRICT;":                   `CREATE TABLE t (a TEXT COLLATE "C" NOT NULL, b BIGINT);`,
		"CREATE TABLE t (\n  a TEXT,\n  PRIMARY KEY (a)\n) STRICT, CLUSTERED;": "CREATE TABLE t (\n  a TEXT COLLATE \"C\",\n  PRIMARY KEY (a)\n);",
		"ALTER TABLE t ADD COLUMN a TEXT;":                                     `ALTER TABLE t ADD COLUMN a TEXT COLLATE "C";`,
		"CREATE TABLE t (a BIGINT REFERENCES u (key)) STRICT;":                 "CREATE TABLE t (a BIGINT REFERENCES u (key) DEFERRABLE);",
		"a BIGINT REFERENCES u (key) ON DELETE CASCADE,":                       "a BIGINT REFERENCES u (key) ON DELETE CASCADE DEFERRABLE,",
		"CREATE INDEX texts ON t (CONTEXT, TEXTS);":                            "CREATE INDEX texts ON t (CONTEXT, TEXTS);",
	} {
		if got := Migration(text); got != want {
			t.Errorf("%s\nis %s\nwant %s", text, got, want)
		}
	}
	const mixed = "-- A comment; with a semicolon\nCREATE TABLE t (a BIGINT);\nINSERT INTO t (a)\n  SELECT 1;\n  -- INSERT INTO t\nUPDATE t SET a = 2;\nDELETE FROM t;\nWITH x AS (SELECT 1) INSERT INTO t SELECT 1;\nCREATE INDEX t_a ON t (a);\n"
	if got := WithoutRows(mixed); strings.Join(strings.Fields(got), " ") != "CREATE TABLE t (a BIGINT); CREATE INDEX t_a ON t (a);" {
		t.Errorf("without rows it is %q", got)
	}
}

// FuzzPlaceholders reads any text as a statement. What PostgreSQL gets numbers its arguments from 1
// without a gap, and has those that the text names, in their order.
func FuzzPlaceholders(f *testing.F) {
	for _, text := range []string{"", "$1", "$2", "$3 $1 $3", "$0", "$99999999999999999999", "$1$2", "a$4b", "$10 $1"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if strings.Contains(text, "$0") || regexp.MustCompile(`\$\d{4,}`).MatchString(text) {
			return // the program writes none of these
		}
		var args, want []any
		for i := range 1000 {
			args = append(args, i+1)
		}
		for _, mark := range placeholder.FindAllString(text, -1) {
			n, _ := strconv.Atoi(mark[1:])
			want = append(want, n)
		}
		local := withUsed(text)
		sent := local.Arguments(args)
		for i, mark := range placeholder.FindAllString(local.Text, -1) {
			n, _ := strconv.Atoi(mark[1:])
			if n < 1 || n > len(sent) || sent[n-1] != want[i] {
				t.Fatalf("%q is %q with %v", text, local.Text, sent)
			}
		}
	})
}

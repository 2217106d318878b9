package postgres

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/jackc/pgx/v5"
)

// The words of package engine, in the SQL of PostgreSQL. Functions of the schema have the names of
// the others.
var statementWords = strings.NewReplacer("UNINDEXED ", "")

// statement is the SQL of a statement, and which of its arguments it uses.
type statement struct {
	text string
	uses []int // positions of arguments, in the order of their placeholders
}

// statements remembers the SQL of statements.
type statements struct {
	mu    sync.RWMutex
	local map[string]statement
}

// maxTexts is how many statements are remembered; more are replaced each time.
const maxTexts = 4000

// local returns a statement in the SQL of PostgreSQL.
func (db *DB) local(text string) statement {
	db.statements.mu.RLock()
	local, known := db.statements.local[text]
	db.statements.mu.RUnlock()
	if known {
		return local
	}
	local = withUsed(strings.ReplaceAll(statementWords.Replace(text), "main.", db.schema+"."))
	db.statements.mu.Lock()
	defer db.statements.mu.Unlock()
	if len(db.statements.local) >= maxTexts || db.statements.local == nil {
		db.statements.local = map[string]statement{}
	}
	db.statements.local[text] = local
	return local
}

var placeholder = regexp.MustCompile(`\$\d+`)

// withUsed numbers the placeholders of a statement anew if some numbers are missing. SQLite ignores
// an argument that no placeholder has; PostgreSQL cannot know its type.
func withUsed(text string) statement {
	var uses []int
	for _, mark := range placeholder.FindAllString(text, -1) {
		n, _ := strconv.Atoi(mark[1:])
		if at, there := slices.BinarySearch(uses, n-1); !there {
			uses = slices.Insert(uses, at, n-1)
		}
	}
	if len(uses) == 0 || uses[len(uses)-1] == len(uses)-1 {
		return statement{text, slices.Clip(uses)}
	}
	text = placeholder.ReplaceAllStringFunc(text, func(mark string) string {
		n, _ := strconv.Atoi(mark[1:])
		at, _ := slices.BinarySearch(uses, n-1)
		return "$" + strconv.Itoa(at+1)
	})
	return statement{text, uses}
}

var (
	textColumn = regexp.MustCompile(`\bTEXT\b`)
	reference  = regexp.MustCompile(`\bREFERENCES \w+ \(\w+\)( ON DELETE CASCADE)?`)
	options    = regexp.MustCompile(`\)\s*STRICT(, CLUSTERED)?\s*;`)
)

// localMigration returns a migration in the SQL of PostgreSQL. Texts are compared by their bytes, as
// on SQLite: other collations differ between versions of an operating system, which breaks
// indexes. References can be deferred to the end of a transaction.
func localMigration(text string) string {
	text = options.ReplaceAllString(text, ");")
	text = textColumn.ReplaceAllString(text, `TEXT COLLATE "C"`)
	text = reference.ReplaceAllString(text, "$0 DEFERRABLE")
	return strings.ReplaceAll(text, "CLUSTERED", "")
}

// rowStatement matches the beginning of a statement that changes rows.
var rowStatement = regexp.MustCompile(`^(INSERT|UPDATE|DELETE|WITH)\b`)

// withoutRows returns a migration without the statements that change rows: a new database has none.
// Migrations that are older than this engine need not be able to change rows on it.
func withoutRows(text string) string {
	var rest []string
	for statement := range strings.SplitSeq(comment.ReplaceAllString(text, ""), ";\n") {
		if statement = strings.TrimSpace(statement); !rowStatement.MatchString(statement) {
			rest = append(rest, statement)
		}
	}
	return strings.Join(rest, ";\n")
}

// comment matches a line that is a comment.
var comment = regexp.MustCompile(`(?m)^\s*--.*$`)

// arguments returns the arguments that a statement uses, as pgx takes them: columns have no
// booleans. Missing ones are left to the server to report.
func (st statement) arguments(args []any) []any {
	used := make([]any, 0, len(st.uses))
	for _, at := range st.uses {
		if at >= len(args) {
			break
		}
		arg := args[at]
		if is, ok := arg.(bool); ok {
			arg = int64(0)
			if is {
				arg = int64(1)
			}
		}
		used = append(used, arg)
	}
	return used
}

// scanner returns the function that scans the row at hand. Whole numbers are scanned into
// booleans, and booleans into whole numbers, as on SQLite.
func scanner(rows pgx.Rows) func(dest ...any) error {
	var targets []any
	var first any // of the last call: nearly always all rows are scanned into the same variables
	return func(dest ...any) error {
		if len(targets) != len(dest) || len(dest) == 0 || first != dest[0] {
			targets, first = make([]any, len(dest)), dest[0]
		}
		for i, d := range dest {
			if oid := rows.FieldDescriptions()[i].DataTypeOID; oid != boolOID && oid != numericOID {
				if _, is := d.(*bool); !is {
					targets[i] = d
					continue
				}
			}
			targets[i] = flexible{d}
		}
		return rows.Scan(targets...)
	}
}

// The numbers of types (pg_type.dat of PostgreSQL). A sum of whole numbers is numeric.
const (
	boolOID    = 16
	numericOID = 1700
)

// flexible scans a boolean or a whole number into a *bool, *int64, *int or *any. NULL leaves a *any
// nil, and is an error for the others.
type flexible struct{ dest any }

// Scan implements sql.Scanner.
func (f flexible) Scan(src any) error {
	n := int64(0)
	if d, is := f.dest.(*any); is && src == nil {
		*d = nil
		return nil
	}
	switch v := src.(type) {
	case bool:
		if v {
			n = 1
		}
	case int64:
		n = v
	case string:
		var err error
		if n, err = strconv.ParseInt(v, 10, 64); err != nil {
			return err
		}
	default:
		return fmt.Errorf("a %T cannot be read into a %T", src, f.dest)
	}
	switch d := f.dest.(type) {
	case *bool:
		*d = n != 0
	case *int64:
		*d = n
	case *int:
		*d = int(n)
	case *any:
		*d = n
	default:
		return fmt.Errorf("a %T cannot be read into a %T", src, f.dest)
	}
	return nil
}

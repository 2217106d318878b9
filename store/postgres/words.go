package postgres

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"sync"

	"github.com/jackc/pgx/v5"
)

// The words of package engine, in the SQL of PostgreSQL. Functions of the schema have the names of
// the others.
var statementWords = strings.NewReplacer("UNINDEXED ", "")

// texts remembers the SQL of statements.
type texts struct {
	mu    sync.RWMutex
	local map[string]string
}

// maxTexts is how many statements are remembered; more are replaced each time.
const maxTexts = 4000

// local returns a statement in the SQL of PostgreSQL.
func (db *DB) local(text string) string {
	db.texts.mu.RLock()
	local, known := db.texts.local[text]
	db.texts.mu.RUnlock()
	if known {
		return local
	}
	local = strings.ReplaceAll(statementWords.Replace(text), "main.", db.schema+".")
	db.texts.mu.Lock()
	defer db.texts.mu.Unlock()
	if len(db.texts.local) >= maxTexts || db.texts.local == nil {
		db.texts.local = map[string]string{}
	}
	db.texts.local[text] = local
	return local
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

// arguments returns the arguments of a statement as pgx takes them: columns have no booleans.
func arguments(args []any) []any {
	for i, arg := range args {
		if is, ok := arg.(bool); ok {
			args[i] = int64(0)
			if is {
				args[i] = int64(1)
			}
		}
	}
	return args
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

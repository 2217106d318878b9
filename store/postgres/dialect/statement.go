// Package dialect has the SQL of PostgreSQL for statements and migrations that are written in the words of
// package engine. It runs nothing.
package dialect

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// The words of package engine, in the SQL of PostgreSQL. Functions of the schema have the names of
// the others.
var statementWords = strings.NewReplacer("UNINDEXED ", "", "RARE(", "(", " BYTEWISE", ` COLLATE "C"`)

// Statement is the SQL of a statement, and which of its arguments it uses.
type Statement struct {
	Text string
	uses []int // positions of arguments, in the order of their placeholders
}

// Statements remembers the SQL of statements.
type Statements struct {
	Schema string // the tables of main are in it; it is quoted where it must be

	mu    sync.RWMutex
	local map[string]Statement
}

// maxTexts is how many statements are remembered; more are replaced each time.
const maxTexts = 4000

// Of returns a statement in the SQL of PostgreSQL.
func (s *Statements) Of(text string) Statement {
	s.mu.RLock()
	local, known := s.local[text]
	s.mu.RUnlock()
	if known {
		return local
	}
	local = withUsed(strings.ReplaceAll(statementWords.Replace(text), "main.", s.Schema+"."))
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.local) >= maxTexts || s.local == nil {
		s.local = map[string]Statement{}
	}
	s.local[text] = local
	return local
}

var placeholder = regexp.MustCompile(`\$\d+`)

// withUsed numbers the placeholders of a statement anew if some numbers are missing. SQLite ignores
// an argument that no placeholder has; PostgreSQL cannot know its type.
func withUsed(text string) Statement {
	var uses []int
	for _, mark := range placeholder.FindAllString(text, -1) {
		n, _ := strconv.Atoi(mark[1:])
		if at, there := slices.BinarySearch(uses, n-1); !there {
			uses = slices.Insert(uses, at, n-1)
		}
	}
	if len(uses) == 0 || uses[len(uses)-1] == len(uses)-1 {
		return Statement{text, slices.Clip(uses)}
	}
	text = placeholder.ReplaceAllStringFunc(text, func(mark string) string {
		n, _ := strconv.Atoi(mark[1:])
		at, _ := slices.BinarySearch(uses, n-1)
		return "$" + strconv.Itoa(at+1)
	})
	return Statement{text, uses}
}

var (
	textColumn = regexp.MustCompile(`\bTEXT\b`)
	reference  = regexp.MustCompile(`\bREFERENCES \w+ \(\w+\)( ON DELETE CASCADE)?`)
	options    = regexp.MustCompile(`\)\s*STRICT(, CLUSTERED)?\s*;`)
)

// Migration returns a migration in the SQL of PostgreSQL. Texts are compared by their bytes, as
// on SQLite: other collations differ between versions of an operating system, which breaks
// indexes. References can be deferred to the end of a transaction.
func Migration(text string) string {
	text = options.ReplaceAllString(text, ");")
	text = textColumn.ReplaceAllString(text, `TEXT COLLATE "C"`)
	text = reference.ReplaceAllString(text, "$0 DEFERRABLE")
	return strings.ReplaceAll(text, "CLUSTERED", "")
}

// rowStatement matches the beginning of a statement that changes rows.
var rowStatement = regexp.MustCompile(`^(INSERT|UPDATE|DELETE|WITH)\b`)

// WithoutRows returns a migration without the statements that change rows: a new database has none.
// Migrations that are older than this engine need not be able to change rows on it.
func WithoutRows(text string) string {
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

// Arguments returns the arguments that a statement uses, as pgx takes them: columns have no
// booleans. Missing ones are left to the server to report.
func (st Statement) Arguments(args []any) []any {
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

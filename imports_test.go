package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// order says which package may import which: those to its left, directly or through another
// line, and no others. ARCHITECTURE.md shows the same lines.
const order = `
crm/norm < crm/pipeline < crm < crm/fieldtype < crm/products < crm/alike < crm/merging < crm/declared < crm/shape < query/operand < crm/catalog < query/mistake < query/condition < query/fieldpath < query < query/filtertext < store/definition < store
query < store < auth < auth/oauth < server/edge < server/plan < server/web < server/oauth < server/mcp < server < server/owner < server/progress < main
crm < server/client < server
crm/catalog < server/habit < server/web
crm/norm < mail < auth
crm < query/stages < query
crm < query/param < query
store < store/undo < server/draft < server/plan < server/web < server/listing < server/due < server/brief < server/past < server/schema < server/aggregate < server/bulkedit < server/purge < server/feed < server/undo < server/trash < server/duplicate < server/definition < server/pipeline < server/batch < server/merge < server/transfer
crm < render < server/draft < server/importer/rows < server/importer/cells < server/importer/references < server/importer < server/transfer < server < server/servertest < server/dumptest
query < server/manual < server/mcp
render/tokens < server/web
crm/norm < store/engine < store/sqlite < store
store/engine < store/postgres/dialect < store/postgres < store
store/engine < store/table < store/snapshot < store/dryrun < store/txn < store/shape < store/circle < store/visits < store/secondary < store/ahead < store/identify < store/trial < store/sweep < store/view < store < store/account < auth
crm < store/cache < store/table < store/duplicates < store/words < store/refold < store/integrity < store < store/move < main
crm < store/refusal < store/notify < store/spool < store/fair < store/lastused < store/txn < store/maintenance < store/answers < store
query < store/spelling < store/textindex < store/txn
store/spelling < store/duplicates < store/words < store/txn < store/erase
store/visits < store/erase
store/textindex < store/list < store/aggregate < store/past < store/view
query < query/aggregate < store/aggregate
store/snapshot < store/changelog < store/list
store/changelog < store/erase < store/view < store/maintenance
store/account < store/storetest
crm < store/storetest/kit < store/storetest
crm/norm < store/postgres/pgtest
crm/norm < crm/alike/aliketest
`

// fences say which packages may have an import. Every import from outside the standard library
// needs a line. ARCHITECTURE.md shows the same lines.
const fences = `
modernc.org/sqlite                      store/sqlite
database/sql                            store/engine store/sqlite
github.com/jackc/pgx                    store/postgres store/postgres/dialect store/postgres/pgtest
github.com/hashicorp/golang-lru         store/sqlite
github.com/julienschmidt/httprouter     server/web
github.com/google/uuid                  server/owner server/web
net/http                                server server/client server/edge server/mcp server/oauth server/owner server/servertest server/transfer server/web
golang.org/x/crypto                     server/edge
golang.org/x/net                        crm/norm
golang.org/x/text                       crm/norm
golang.org/x/time                       server/edge
github.com/wneessen/go-mail             mail
github.com/VictoriaMetrics/metrics      server/edge
github.com/tiktoken-go/tokenizer        render/tokens
github.com/modelcontextprotocol/go-sdk  server/mcp
github.com/alecthomas/kong              main
os                                      main server/owner store/postgres/pgtest store/spool store/sqlite
testing                                 server/servertest store/postgres/pgtest store/storetest store/storetest/kit
`

const module = "crmkit"

// source is a file of the product.
type source struct {
	file    string // slashed, from the root
	room    string // the directory of its package; main at the root
	imports []string
	doc     string
}

// sources parses the imports of every file that is not a test.
func sources(t *testing.T) []source {
	t.Helper()
	var list []source
	err := filepath.WalkDir(".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (d.Name() == "testdata" || d.Name() == "tools" || len(d.Name()) > 1 && d.Name()[0] == '.') {
			return filepath.SkipDir
		}
		if !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ImportsOnly|parser.ParseComments)
		if err != nil {
			return err
		}
		list = append(list, newSource(filepath.ToSlash(name), file))
		return nil
	})
	if err != nil || len(list) == 0 {
		t.Fatalf("%d files: %v", len(list), err)
	}
	return list
}

func newSource(name string, file *ast.File) source {
	s := source{file: name, room: path.Dir(name), doc: file.Doc.Text()}
	if s.room == "." {
		s.room = "main"
	}
	for _, spec := range file.Imports {
		imported, _ := strconv.Unquote(spec.Path.Value) // the parser checked it
		s.imports = append(s.imports, imported)
	}
	return s
}

// allowed returns what each package may import by the order.
func allowed() map[string][]string {
	left := map[string][]string{}
	for line := range strings.Lines(strings.TrimSpace(order)) {
		rooms := strings.Fields(strings.ReplaceAll(line, "<", " "))
		for i, room := range rooms {
			left[room] = append(left[room], rooms[:i]...)
		}
	}
	for range left {
		for room := range left {
			for _, other := range slices.Clone(left[room]) {
				left[room] = append(left[room], left[other]...)
			}
			slices.Sort(left[room])
			left[room] = slices.Compact(left[room])
		}
	}
	return left
}

func TestImportOrder(t *testing.T) {
	left := allowed()
	seen := map[string]bool{}
	for _, s := range sources(t) {
		may, known := left[s.room]
		if !known {
			t.Errorf("%s: package %s has no place in the order", s.file, s.room)
		}
		seen[s.room] = true
		for _, name := range s.imports {
			other, own := strings.CutPrefix(name, module+"/")
			if own && !slices.Contains(may, other) {
				t.Errorf("%s imports %s; %s may import %v", s.file, other, s.room, may)
			}
		}
	}
	for room := range left {
		if !seen[room] {
			t.Errorf("the order names %s, which does not exist", room)
		}
	}
}

func TestImportFences(t *testing.T) {
	places := map[string][]string{}
	for line := range strings.Lines(strings.TrimSpace(fences)) {
		fields := strings.Fields(line)
		places[fields[0]] = fields[1:]
	}
	used := map[string]bool{}
	for _, s := range sources(t) {
		for _, name := range s.imports {
			fence := fenceOf(name, places)
			used[fence] = true
			first, _, _ := strings.Cut(name, "/")
			switch {
			case fence != "" && !slices.Contains(places[fence], s.room) && !slices.Contains(places[fence], s.file):
				t.Errorf("%s imports %s, which belongs in %v", s.file, name, places[fence])
			case fence == "" && strings.Contains(first, "."):
				t.Errorf("%s imports %s, which has no fence", s.file, name)
			}
		}
	}
	for fence := range places {
		if !used[fence] {
			t.Errorf("the fence around %s holds nothing", fence)
		}
	}
}

// sqlText matches a string that begins like a statement.
var sqlText = regexp.MustCompile(`^["\x60]\s*(SELECT|INSERT INTO|UPDATE \w+ SET|DELETE FROM|CREATE TABLE|PRAGMA)\b`)

// TestSQLStaysInStore checks that no package except store, query and those below them has SQL text.
func TestSQLStaysInStore(t *testing.T) {
	found := 0
	for _, s := range sources(t) {
		file, err := parser.ParseFile(token.NewFileSet(), s.file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		may := s.room == "query" || strings.HasPrefix(s.room, "query/") || s.room == "store" || strings.HasPrefix(s.room, "store/")
		ast.Inspect(file, func(n ast.Node) bool {
			lit, is := n.(*ast.BasicLit)
			if !is || lit.Kind != token.STRING || !sqlText.MatchString(lit.Value) {
				return true
			}
			if found++; !may {
				t.Errorf("%s has SQL: %s", s.file, lit.Value)
			}
			return true
		})
	}
	if found == 0 {
		t.Error("no SQL was found anywhere")
	}
}

// fenceOf returns the fence of an import: that of its path or of a path above it, or "".
func fenceOf(name string, places map[string][]string) string {
	for fence := range places {
		if name == fence || strings.HasPrefix(name, fence+"/") {
			return fence
		}
	}
	return ""
}

// TestArchitectureShowsImportRules checks that ARCHITECTURE.md shows the lines of these tests.
func TestArchitectureShowsImportRules(t *testing.T) {
	data, err := os.ReadFile("ARCHITECTURE.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{order, fences} {
		if !strings.Contains(string(data), "```text"+want+"```\n") {
			t.Errorf("ARCHITECTURE.md does not show, as one block of text:\n%s", want)
		}
	}
	if n := strings.Count(string(data), "\n"); n > 150 {
		t.Errorf("ARCHITECTURE.md has %d lines; what needs more than 150 belongs beside the code", n)
	}
}

func TestPackageComments(t *testing.T) {
	documented := map[string]bool{}
	for _, s := range sources(t) {
		want := "Package " + path.Base(s.room) + " "
		if s.room == "main" {
			want = "Command " + module + " "
		}
		documented[s.room] = documented[s.room] || strings.HasPrefix(s.doc, want)
	}
	for room, is := range documented {
		if !is {
			t.Errorf("package %s says nowhere what it is", room)
		}
	}
}

package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// The limits of the source: a reader sees a function on one screen and a package in one
// sitting. Lines are those of files that are not tests.
const (
	maxPackageLines  = 3000
	maxPackageFiles  = 22
	maxFileLines     = 300
	maxFunctionLines = 50 // of tests too
	maxParameters    = 4
	maxNesting       = 3    // of if, for, switch and select
	minComments      = 0.15 // of all lines
)

// parsed is a Go file with its syntax tree.
type parsed struct {
	name   string // slashed, from the root
	test   bool
	lines  int
	tokens *token.FileSet
	tree   *ast.File
}

// goFiles parses every Go file of the product and of its tests.
func goFiles(t *testing.T) (files []parsed) {
	t.Helper()
	err := filepath.WalkDir(".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (d.Name() == "testdata" || d.Name() == "tools" || len(d.Name()) > 1 && d.Name()[0] == '.') {
			return filepath.SkipDir
		}
		if !strings.HasSuffix(name, ".go") {
			return nil
		}
		text, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		f := parsed{name: filepath.ToSlash(name), test: strings.HasSuffix(name, "_test.go"), lines: strings.Count(string(text), "\n"), tokens: token.NewFileSet()}
		f.tree, err = parser.ParseFile(f.tokens, name, text, parser.ParseComments)
		files = append(files, f)
		return err
	})
	if err != nil || len(files) == 0 {
		t.Fatalf("%d files: %v", len(files), err)
	}
	return files
}

// at returns the file and line of a node.
func (f parsed) at(n ast.Node) string {
	return fmt.Sprintf("%s:%d", f.name, f.tokens.Position(n.Pos()).Line)
}

// height returns how many lines a node has.
func (f parsed) height(n ast.Node) int {
	return f.tokens.Position(n.End()).Line - f.tokens.Position(n.Pos()).Line + 1
}

// TestPackagesAreSmall checks the sizes of packages and files.
func TestPackagesAreSmall(t *testing.T) {
	files, lines := map[string]int{}, map[string]int{}
	for _, f := range goFiles(t) {
		if f.test {
			continue
		}
		files[path.Dir(f.name)]++
		lines[path.Dir(f.name)] += f.lines
		if f.lines > maxFileLines {
			t.Errorf("%s has %d lines, of at most %d", f.name, f.lines, maxFileLines)
		}
	}
	for name := range files {
		if files[name] > maxPackageFiles || lines[name] > maxPackageLines {
			t.Errorf("package %s has %d files and %d lines, of at most %d and %d", name, files[name], lines[name], maxPackageFiles, maxPackageLines)
		}
	}
}

// TestFunctionsAreSmall checks the length of functions, and of those that are not tests
// the parameters and the nesting.
func TestFunctionsAreSmall(t *testing.T) {
	for _, f := range goFiles(t) {
		for _, d := range f.tree.Decls {
			fn, is := d.(*ast.FuncDecl)
			if !is || fn.Body == nil {
				continue
			}
			if n := f.height(fn); n > maxFunctionLines {
				t.Errorf("%s: %s has %d lines, of at most %d", f.at(fn), fn.Name.Name, n, maxFunctionLines)
			}
			if f.test {
				continue
			}
			if n := fn.Type.Params.NumFields(); n > maxParameters {
				t.Errorf("%s: %s has %d parameters, of at most %d", f.at(fn), fn.Name.Name, n, maxParameters)
			}
			if hasBool(fn) {
				t.Errorf("%s: %s has a boolean parameter, whose meaning a call does not show", f.at(fn), fn.Name.Name)
			}
			if n := nesting(fn.Body); n > maxNesting {
				t.Errorf("%s: %s nests %d levels, of at most %d", f.at(fn), fn.Name.Name, n, maxNesting)
			}
		}
	}
}

// hasBool reports whether a function has a boolean parameter. A constructor of a value from a
// boolean may have one: its call shows what it means, as crm.Bool(true).
func hasBool(fn *ast.FuncDecl) bool {
	if fn.Name.Name == "Bool" {
		return false
	}
	for _, p := range fn.Type.Params.List {
		if id, is := p.Type.(*ast.Ident); is && id.Name == "bool" {
			return true
		}
	}
	return false
}

// nesting returns how deep the control structures below a node are nested. An else branch
// is as deep as its if.
func nesting(n ast.Node) (deepest int) {
	ast.Inspect(n, func(child ast.Node) bool {
		depth := 0
		switch child := child.(type) {
		case *ast.IfStmt:
			depth = 1 + nesting(child.Body)
			if child.Else != nil {
				branch := nesting(&ast.BlockStmt{List: []ast.Stmt{child.Else}})
				if _, block := child.Else.(*ast.BlockStmt); block {
					branch++
				}
				depth = max(depth, branch)
			}
		case *ast.ForStmt:
			depth = 1 + nesting(child.Body)
		case *ast.RangeStmt:
			depth = 1 + nesting(child.Body)
		case *ast.SwitchStmt:
			depth = 1 + nesting(child.Body)
		case *ast.TypeSwitchStmt:
			depth = 1 + nesting(child.Body)
		case *ast.SelectStmt:
			depth = 1 + nesting(child.Body)
		default:
			return true
		}
		deepest = max(deepest, depth)
		return false
	})
	return deepest
}

// TestSourceIsCommented checks the share of comments in all lines that are not tests.
func TestSourceIsCommented(t *testing.T) {
	comments, lines := 0, 0
	for _, f := range goFiles(t) {
		if f.test {
			continue
		}
		lines += f.lines
		for _, group := range f.tree.Comments {
			comments += f.height(group)
		}
	}
	if share := float64(comments) / float64(lines); share < minComments {
		t.Errorf("%.1f %% of %d lines are comments, at least %.0f %% are wanted", 100*share, lines, 100*minComments)
	}
}

// riddles are patterns that make a sentence hard to read, or words that belonged to a private
// language of this project, each with what to write instead. Of allowed, a match is plain.
var riddles = []struct {
	pattern *regexp.Regexp
	allowed *regexp.Regexp // nil: none
	instead string
}{
	{regexp.MustCompile(`(?i)\bwhoever\b`), nil, "the operator, anybody, the user who"},
	{regexp.MustCompile(`(?i)\b(is|are|was|were|be|been) told\b( apart)?`), regexp.MustCompile(`apart$`), "reported, said"},
	{regexp.MustCompile(`(?i)\b(it|that|this|which|who) (is|are|was|were) none\b`), nil, "is not one, there is no"},
	{regexp.MustCompile(`(?i)\bthe latter\b`), nil, "its name"},
	{regexp.MustCompile(`(?i)\bcounts? as\b`), nil, "is"},
	{regexp.MustCompile(`(?i)\b(no\s)?such\b(\s(as|an?)\b)?`), regexp.MustCompile(`(?i)^no\s|\s(as|an?)$`), `like this, these; "such as" and "no such" are plain`},
	{regexp.MustCompile(`(?i)\bcomes? by\b`), nil, "finds, gets"},
	{regexp.MustCompile(`(?i)\b(stands|lies) (there|here|in|on|at|behind|beside)\b`), nil, "is"},
	{regexp.MustCompile(`(?i)\b(for|of|to|by|after|from|as) who\b`), nil, "the user who, anybody who"},
	{regexp.MustCompile(`(?i)\bin the place of\b`), nil, "instead of, replacing"},
	{regexp.MustCompile(`(?i)\b(shelf|shelves|mirrors?|tally|tallies|sought)\b`), nil, "cache, text index, rollup, searched"},
}

// TestProseIsPlain looks for riddles in comments, in messages, and in the documentation.
func TestProseIsPlain(t *testing.T) {
	check := func(at, text string) {
		for _, r := range riddles {
			for _, found := range r.pattern.FindAllString(text, -1) {
				if r.allowed == nil || !r.allowed.MatchString(found) {
					t.Errorf("%s: %q; write %s", at, found, r.instead)
				}
			}
		}
	}
	for _, f := range goFiles(t) {
		for _, group := range f.tree.Comments {
			check(f.at(group), group.Text())
		}
		ast.Inspect(f.tree, func(n ast.Node) bool {
			if text, is := n.(*ast.BasicLit); is && !f.test && text.Kind == token.STRING && strings.Contains(text.Value, " ") {
				check(f.at(n), text.Value)
			}
			return true
		})
	}
	for _, name := range documents(t) {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for i, line := range strings.Split(string(text), "\n") {
			check(fmt.Sprintf("%s:%d", name, i+1), line)
		}
	}
}

// documents returns the files with prose for users and developers.
func documents(t *testing.T) (names []string) {
	t.Helper()
	for _, pattern := range []string{"*.md", "docs/*.md", "skills/*/*.md", "server/manual/help/*.txt"} {
		found, err := filepath.Glob(pattern)
		if err != nil || len(found) == 0 && pattern != "skills/*/*.md" {
			t.Fatalf("%s: %d files, %v", pattern, len(found), err)
		}
		names = append(names, found...)
	}
	return names
}

// TestGlossaryIsShort checks that the code needs at most 25 words that a reader does
// not know from elsewhere.
func TestGlossaryIsShort(t *testing.T) {
	text, err := os.ReadFile("docs/glossary.md")
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(text), "\n| ") - 2; n < 10 || n > 25 {
		t.Errorf("the glossary has %d words, of at most 25", n)
	}
}

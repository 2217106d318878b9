package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
)

// block is a fenced block of a page.
type block struct{ language, text string }

// page reads a page of the documentation and its fenced blocks.
func page(t *testing.T, name string) (text string, blocks []block) {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range regexp.MustCompile("(?ms)^```(\\w+)\n(.*?)^```$").FindAllStringSubmatch(string(data), -1) {
		blocks = append(blocks, block{m[1], m[2]})
	}
	return string(data), blocks
}

// TestReadmeIsShort checks that README.md can be read in a few minutes.
func TestReadmeIsShort(t *testing.T) {
	text, _ := page(t, "README.md")
	if n := strings.Count(text, "\n"); n > 180 {
		t.Errorf("README.md has %d lines, of at most 180; details belong in docs/", n)
	}
}

// TestReadmeGo checks that the Go of README.md is part of a test that runs.
func TestReadmeGo(t *testing.T) {
	example, err := os.ReadFile("server/servertest/example_test.go")
	if err != nil {
		t.Fatal(err)
	}
	_, blocks := page(t, "README.md")
	n := 0
	for _, b := range blocks {
		if b.language == "go" {
			n++
			if !strings.Contains(string(example), b.text) {
				t.Errorf("example_test.go of servertest does not hold\n%s", b.text)
			}
		}
	}
	if n == 0 {
		t.Error("README.md shows no Go")
	}
}

// TestClientSettings checks that the settings of clients in README.md and docs/clients.md
// are valid JSON and lead to one of the two connectors.
func TestClientSettings(t *testing.T) {
	_, blocks := page(t, "README.md")
	_, more := page(t, "docs/clients.md")
	n := 0
	for _, b := range append(blocks, more...) {
		if b.language == "json" && !json.Valid([]byte(b.text)) {
			t.Errorf("this is not valid JSON: %s", b.text)
		}
		for _, url := range regexp.MustCompile(`https://[^\s"]+`).FindAllString(b.text, -1) {
			if n++; url != "https://crm.example.com/mcp" && url != "https://crm.example.com/mcp/tools" {
				t.Errorf("a client is connected to %s", url)
			}
		}
	}
	if n < 5 {
		t.Errorf("%d clients are connected, expected 5 at least", n)
	}
}

// TestDocsNameExistingTests checks that the tests exist that docs/ names for its promises.
func TestDocsNameExistingTests(t *testing.T) {
	out, err := exec.Command("grep", "-rhoE", "--include=*_test.go", `^func (Test|Fuzz|Benchmark)\w+`, ".").Output()
	if err != nil {
		t.Fatal(err)
	}
	have := strings.Fields(string(out))
	for _, name := range []string{"docs/security.md", "docs/mcp.md", "docs/reliability.md"} {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		tests := regexp.MustCompile("`((?:Test|Fuzz)\\w+)`").FindAllStringSubmatch(string(data), -1)
		if len(tests) < 8 {
			t.Errorf("%s names %d tests", name, len(tests))
		}
		for _, test := range tests {
			if !slices.Contains(have, test[1]) {
				t.Errorf("%s: there is no %s", name, test[1])
			}
		}
	}
}

// TestMCPPageNamesATestPerRow checks that each requirement in docs/mcp.md that is not left out
// names the tests that check it.
func TestMCPPageNamesATestPerRow(t *testing.T) {
	data, err := os.ReadFile("docs/mcp.md")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for line := range strings.Lines(string(data)) {
		line = strings.TrimSpace(line)
		if !strings.HasPrefix(line, "| ") || strings.HasPrefix(line, "| requirement ") || strings.HasPrefix(line, "| ---") || strings.HasPrefix(line, "| Left out") {
			continue
		}
		n++
		if cells := strings.Split(strings.Trim(line, "| "), " | "); !strings.Contains(cells[len(cells)-1], "`Test") {
			t.Errorf("no test is named: %s", line)
		}
	}
	if n < 40 {
		t.Errorf("docs/mcp.md has %d rows", n)
	}
}

// TestSettingsPage checks that docs/settings.md lists every setting in its three spellings.
func TestSettingsPage(t *testing.T) {
	text, _ := page(t, "docs/settings.md")
	for _, name := range settingNames {
		flag := strings.ToLower(strings.ReplaceAll(name, "_", "-"))
		if row := fmt.Sprintf("| `--%s` | `CRMKIT_%s` | `%s` |", flag, name, flag); !strings.Contains(text, row) {
			t.Errorf("docs/settings.md has no row that starts with %s", row)
		}
	}
}

// TestSourcePage checks that docs/source.md names every package.
func TestSourcePage(t *testing.T) {
	text, _ := page(t, "docs/source.md")
	out, err := exec.Command("go", "list", "-f", "{{.ImportPath}}", "./...").Output()
	if err != nil {
		t.Fatal(err)
	}
	for name := range strings.FieldsSeq(string(out)) {
		room, found := strings.CutPrefix(name, module+"/")
		if found && !strings.Contains(text, "| `"+room+"/` |") {
			t.Errorf("docs/source.md does not name %s", room)
		}
	}
}

// TestDocsNameFiles checks that the files which a page names are there. A path begins at the root,
// except in docs/source.md, where it begins at the folder of its row.
func TestDocsNameFiles(t *testing.T) {
	named := regexp.MustCompile("`([a-z_]+(?:/[\\w.-]+)*\\.(?:go|md|sql)|[a-z_]+(?:/\\w+)*/)`")
	row := regexp.MustCompile("^\\| `([\\w/]+/)` \\|")
	for _, name := range []string{"ARCHITECTURE.md", "docs/source.md", "docs/performance.md", "docs/security.md"} {
		text, _ := page(t, name)
		n := 0
		for line := range strings.Lines(text) {
			root := "."
			if m := row.FindStringSubmatch(line); m != nil && name == "docs/source.md" {
				root, line = m[1], line[len(m[0]):]
			}
			for _, m := range named.FindAllStringSubmatch(line, -1) {
				n++
				if _, err := os.Stat(filepath.Join(root, m[1])); err != nil {
					t.Errorf("%s names %s: %v", name, m[1], err)
				}
			}
		}
		if n == 0 {
			t.Errorf("no file was found in %s", name)
		}
	}
}

// TestLinks checks that each link from one page to another leads to a file and a heading
// that exist.
func TestLinks(t *testing.T) {
	pages, err := filepath.Glob("docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range append(pages, "README.md", "ARCHITECTURE.md", "CHANGELOG.md") {
		text, _ := page(t, name)
		for _, link := range regexp.MustCompile(`(?:\]\(|src=")([^)"\s]+)[)"]`).FindAllStringSubmatch(text, -1) {
			path, heading, _ := strings.Cut(link[1], "#")
			if strings.Contains(path, "://") {
				continue
			}
			target := name
			if path != "" {
				target = filepath.Join(filepath.Dir(name), path)
			}
			data, err := os.ReadFile(target)
			if err != nil {
				t.Errorf("%s: %v", name, err)
			} else if heading != "" && !slices.Contains(anchors(string(data)), heading) {
				t.Errorf("%s: %s has no heading #%s", name, target, heading)
			}
		}
	}
}

// anchors returns the names by which the headings of a page are linked.
func anchors(text string) (list []string) {
	for _, m := range regexp.MustCompile(`(?m)^#+ (.*)$`).FindAllStringSubmatch(text, -1) {
		name := regexp.MustCompile(`[^a-z0-9 _-]`).ReplaceAllString(strings.ToLower(m[1]), "")
		list = append(list, strings.ReplaceAll(name, " ", "-"))
	}
	return list
}

// TestOperationsCommands checks that crmkit can read every command and setting that
// docs/operations.md shows.
func TestOperationsCommands(t *testing.T) {
	text, _ := page(t, "docs/operations.md")
	text = regexp.MustCompile(`"\$\(db (\w+)\)"`).ReplaceAllString(text, "postgres://crm@db.example.com/$1") // by the function db that the page defines
	commands := regexp.MustCompile(`(?m)(?:^|\x60)(?:owner|crmkit) ((?:doctor|token|serve|plan|move)[^\x60\n]*)`).FindAllStringSubmatch(text, -1)
	if len(commands) < 5 {
		t.Errorf("there are only the commands %v", commands)
	}
	for _, m := range commands {
		parser, err := kong.New(&cli{})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := parser.Parse(strings.Fields(m[1])); err != nil {
			t.Errorf("crmkit %s: %v", m[1], err)
		}
	}
	dockerfile, _ := page(t, "deploy/Dockerfile")
	caddyfile, _ := page(t, "deploy/Caddyfile")
	for _, m := range regexp.MustCompile(`CRMKIT_([A-Z_]+)`).FindAllStringSubmatch(text+dockerfile+caddyfile, -1) {
		if !slices.Contains(settingNames, m[1]) && m[1] != "CONFIG" {
			t.Errorf("%s is no setting", m[0])
		}
	}
	for _, m := range regexp.MustCompile(`\]\((\.\./[^)#]+|[a-z]+\.md)`).FindAllStringSubmatch(text, -1) {
		if _, err := os.Stat(filepath.Join("docs", m[1])); err != nil {
			t.Errorf("a link leads nowhere: %v", err)
		}
	}
}

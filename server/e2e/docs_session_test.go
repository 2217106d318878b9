package e2e

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// block is a fenced block of a page.
type block struct{ language, text string }

// blocks returns the fenced blocks of a page of the documentation.
func blocks(t *testing.T, name string) (list []block) {
	t.Helper()
	for _, m := range regexp.MustCompile("(?ms)^```(\\w+)\n(.*?)^```$").FindAllStringSubmatch(read(t, source(name)), -1) {
		list = append(list, block{m[1], m[2]})
	}
	return list
}

// byTest are the lines of README.md that the test runs itself, with the binary it has.
var byTest = []string{"go run . serve --local", "go build -o crmkit ."}

// divider is printed between the output of one block and the next.
const divider = "==== next block\n"

// script returns the sh blocks as one script that talks to url, and the expected output: the
// text block after each, or nothing.
func script(blocks []block, url string) (script, want string) {
	for i, b := range blocks {
		if b.language != "sh" {
			continue
		}
		for line := range strings.Lines(b.text) {
			if !slices.Contains(byTest, strings.TrimSpace(line)) {
				script += line
			}
		}
		// The next block must not take the line of an earlier server in ready for that of its own.
		script += "rm -f ready; printf '" + strings.TrimSpace(divider) + "\\n'\n"
		if i+1 < len(blocks) && blocks[i+1].language == "text" {
			want += blocks[i+1].text
		}
		want += divider
	}
	return strings.ReplaceAll(script, "http://127.0.0.1:8080", url), want
}

var times = regexp.MustCompile(`\d{4}-\d\d-\d\d(T\d\d:\d\dZ)?`)

// timeless replaces the digits of times, which differ from run to run.
func timeless(text string) string {
	return times.ReplaceAllStringFunc(text, func(text string) string {
		return regexp.MustCompile(`\d`).ReplaceAllString(text, "0")
	})
}

// TestReadmeSession runs the shell blocks of README.md, then those of docs/guide.md, like a
// reader, and compares their output with the output on the pages.
func TestReadmeSession(t *testing.T) {
	long(t, "left out: tests that take minutes")
	bash := needs(t, "bash")
	for _, program := range []string{"curl", "sed", "grep"} {
		needs(t, program)
	}
	server := serve(t, "--db", filepath.Join(t.TempDir(), "crmkit.db"))
	text, want := script(append(blocks(t, "README.md"), blocks(t, "docs/guide.md")...), server.url)
	if n := strings.Count(want, divider); n < 3 || !strings.Contains(text, server.url) {
		t.Fatalf("README.md has %d shell blocks; the first should talk to http://127.0.0.1:8080", n)
	}
	shell := command(t)
	shell.Path, shell.Args = bash, []string{"bash", "-c", "set -euo pipefail\ntrap 'kill $(jobs -p) 2>/dev/null || true' EXIT\n" + text}
	shell.Stderr = newLines()
	if err := os.Symlink(binary(t), filepath.Join(shell.Dir, "crmkit")); err != nil {
		t.Fatal(err)
	}
	out, err := shell.Output()
	if err != nil {
		t.Fatalf("%v\n%s\nafter\n%s\nof\n%s", err, shell.Stderr.(*lines).text(), out, text)
	}
	if timeless(string(out)) != timeless(want) {
		t.Errorf("the pages show\n%s\ntheir blocks print\n%s", want, out)
	}
}

package render_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

// pair is one label=value of a line.
type pair struct{ label, value string }

// readLine parses the line of a record as a client would: the head, then pairs, each after one
// blank. A value, or a key after a dot, is bare or a JSON string.
func readLine(line string) (head string, pairs []pair, err error) {
	head, rest, more := strings.Cut(line, " ")
	for more {
		var p pair
		var end int
		if p.label, end, err = readWord(rest, '='); err != nil {
			return "", nil, err
		}
		if rest = rest[end:]; rest == "" {
			return "", nil, fmt.Errorf("label %q has no value", p.label)
		}
		if p.value, end, err = readWord(rest[1:], ' '); err != nil {
			return "", nil, err
		}
		rest = rest[1+end:]
		if more = rest != ""; more {
			rest = rest[1:]
		}
		pairs = append(pairs, p)
	}
	return head, pairs, nil
}

// readWord parses a word or a JSON string that ends before the stop character.
func readWord(s string, stop byte) (word string, end int, err error) {
	start := strings.IndexByte(s+string(stop), stop)
	quote := strings.IndexByte(s, '"')
	if quote < 0 || quote > start {
		if start == 0 || strings.Contains(s[:start], " ") {
			return "", 0, fmt.Errorf("no word stands before %q", s)
		}
		return s[:start], start, nil
	}
	if strings.Contains(s[:quote], " ") {
		return "", 0, fmt.Errorf("two blanks before %q", s)
	}
	for end = quote + 1; end < len(s) && s[end] != '"'; end++ {
		if s[end] == '\\' {
			end++
		}
	}
	if end++; end > len(s) || end < len(s) && s[end] != stop {
		return "", 0, fmt.Errorf("the string in %q does not end before %q", s, stop)
	}
	var text string
	if err := json.Unmarshal([]byte(s[quote:end]), &text); err != nil {
		return "", 0, fmt.Errorf("%s: %w", s[quote:end], err)
	}
	return s[:quote] + text, end, nil
}

func TestReadLine(t *testing.T) {
	head, pairs, err := readLine(`contact/c_1 name="Jane \"x\" Doe" a=b=c custom."k =\n"="v" custom.z=1`)
	want := []pair{{"name", `Jane "x" Doe`}, {"a", "b=c"}, {"custom.k =\n", "v"}, {"custom.z", "1"}}
	if err != nil || head != "contact/c_1" || fmt.Sprintf("%q", pairs) != fmt.Sprintf("%q", want) {
		t.Errorf("%s %q %v", head, pairs, err)
	}
	for _, line := range []string{"c ", "c  a=b", "c a", "c a= b=c", `c a="x`, `c a="x"y`, `c a="x\"`, `c =b`, `c a=b `, `c a=x"y`} {
		if _, pairs, err := readLine(line); err == nil {
			t.Errorf("%q is read as %q", line, pairs)
		}
	}
}

// textLines splits an answer into lines and checks that none has a character that could look like
// the start of another.
func textLines(t interface{ Fatalf(string, ...any) }, text string) []string {
	if !strings.HasSuffix(text, "\n") || !utf8.ValidString(text) {
		t.Fatalf("the answer is cut or broken: %q", text)
	}
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	forging := func(r rune) bool {
		return unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp, unicode.Other_Default_Ignorable_Code_Point) || r >= 0xe0000 && r <= 0xe0fff
	}
	for _, line := range lines {
		if i := strings.IndexFunc(line, forging); i >= 0 {
			t.Fatalf("a line holds the invisible %+q: %q", line[i:], line)
		}
	}
	return lines
}

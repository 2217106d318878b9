package condition_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"crmkit/query/condition"
)

// show writes a node with all of its brackets.
func show(n condition.Node) string {
	var kids []string
	for _, kid := range n.Kids {
		kids = append(kids, show(kid))
	}
	switch n.Op {
	case condition.And:
		return "(" + strings.Join(kids, " & ") + ")"
	case condition.Or:
		return "(" + strings.Join(kids, " | ") + ")"
	case condition.Not:
		return "!" + kids[0]
	}
	return n.Name + "=" + n.Value
}

func TestParse(t *testing.T) {
	for text, want := range map[string]string{
		"stage=lead":                          "stage=lead",
		" a=1  AND b=2 and c=3 ":              "(a=1 & b=2 & c=3)",
		"(a=1 or b=in:x,y) and not c=me":      "((a=1 | b=in:x,y) & !c=me)",
		"not (a=1 and b=2) or not not c=3":    "(!(a=1 & b=2) | !!c=3)",
		"(a=1)or(b=2)":                        "(a=1 | b=2)",
		`name="Acme (Berlin)" or x=1`:         "(name=Acme (Berlin) | x=1)",
		`name=like:"New \"York\"" or x="a\\"`: `(name=like:New "York" | x=a\)`,
		`name=in:"a b",c and x="in:d e"`:      `(name=in:"a b",c & x=in:d e)`,
		`or=1 and and=2`:                      "(or=1 & and=2)",
		"a=b=c":                               "a=b=c",
	} {
		n, err := condition.Parse(text)
		if err != nil || show(n) != want {
			t.Errorf("%s: %s, %v, want %s", text, show(n), err, want)
		}
	}
}

// TestErrorsNameTheCharacter checks the place and a word of each error.
func TestErrorsNameTheCharacter(t *testing.T) {
	deep := strings.Repeat("(", condition.MaxDepth+1) + "a=1" + strings.Repeat(")", condition.MaxDepth+1)
	many := strings.Repeat("a=1 or ", condition.MaxTerms) + "a=1"
	for text, want := range map[string]string{
		"":                            "1 a condition",
		"a":                           "1 a condition",
		"ä=1 or":                      "7 a condition",
		"(a=1":                        "1 this ( has no )",
		"a=1)":                        "4 there is a ) without",
		"a=1 b=2":                     "5 and, or or the end",
		"a=":                          "3 the condition has no value",
		"a=f(x)":                      "4 a value with a bracket is quoted",
		`a="x`:                        `3 this " has no second one`,
		"a=1 & b=2":                   "5 and, or or the end",
		deep:                          "6 more than 5 brackets",
		many:                          "701 there are more than 100 conditions",
		"not":                         "4 a condition",
		"()":                          "2 a condition",
		"a=1 and or=2 or b=3 and c=4": "14 and is mixed",
	} {
		_, err := condition.Parse(text)
		if err == nil || !strings.HasPrefix(fmt.Sprint(err.At, " ", err.Message), want) {
			t.Errorf("%.40q: %+v, want %s", text, err, want)
		}
	}
}

func TestMixedWordsHaveBothReadings(t *testing.T) {
	_, err := condition.Parse("a=1 and b=2 or not (c=3 or d=4) and e=5")
	if err == nil || !err.Ambiguous || strings.Join(err.Readings, "\n") != "(a=1 and b=2) or (not (c=3 or d=4) and e=5)\na=1 and (b=2 or not (c=3 or d=4)) and e=5" {
		t.Errorf("%+v", err)
	}
	for _, reading := range err.Readings {
		if _, err := condition.Parse(reading); err != nil {
			t.Errorf("%s: %v", reading, err)
		}
	}
}

// TestRandomTreesAreReadBack writes random trees with random blanks and quotes, and reads them.
func TestRandomTreesAreReadBack(t *testing.T) {
	for seed := range uint64(300) {
		random := rand.New(rand.NewPCG(seed, 1))
		text, want := tree(random, 3)
		n, err := condition.Parse(text)
		if err != nil || show(n) != want {
			t.Fatalf("seed %d: %s is read as %s, %v, want %s", seed, text, show(n), err, want)
		}
	}
}

// tree returns a text and what it is read as. Parts with several conditions are in brackets, so that no text
// is ambiguous.
func tree(random *rand.Rand, depth int) (text, want string) {
	blanks := func() string { return strings.Repeat(" ", 1+random.IntN(2)) }
	switch kind := random.IntN(4); {
	case depth == 0 || kind == 0:
		value := []string{"x", "in:a,b", "lt:-30d", "a b", "(c)", `q"u`, `\`}[random.IntN(7)]
		if written := strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(value); random.IntN(2) == 0 || strings.ContainsAny(value, ` ()"`) {
			return `f="` + written + `"`, "f=" + value
		}
		return "f=" + value, "f=" + value
	case kind == 1:
		text, want = tree(random, depth-1)
		if strings.HasPrefix(want, "(") && !strings.HasPrefix(text, "(") {
			text = "(" + text + ")"
		}
		return "not" + blanks() + text, "!" + want
	default:
		word, sign := "and", " & "
		if kind == 3 {
			word, sign = "or", " | "
		}
		var texts, wants []string
		for range 2 + random.IntN(2) {
			one, shown := tree(random, depth-1)
			texts, wants = append(texts, one), append(wants, shown)
		}
		return "(" + strings.Join(texts, blanks()+word+blanks()) + ")", "(" + strings.Join(wants, sign) + ")"
	}
}

// FuzzParse checks that no text ends the parser, and that what it reads has the promised bounds.
func FuzzParse(f *testing.F) {
	for _, text := range []string{"a=1", "(a=1 or b=2) and not c=3", `a="x y"`, `a="`, "((((((", "not not a=1", `a=in:"b`, "\xff=\x00", "a=1 and b=2 or c=3"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		n, err := condition.Parse(text)
		if err != nil {
			if runes := len([]rune(text)); err.At < 1 || err.At > runes+1 {
				t.Errorf("%q: the error is at %d of %d", text, err.At, runes)
			}
			return
		}
		if terms(n) > condition.MaxTerms {
			t.Errorf("%q has %d conditions", text, terms(n))
		}
		for _, part := range n.Conjuncts() {
			if again, err := condition.Parse(part.Text); err != nil || show(again) != show(part) {
				t.Errorf("%q: its part %q is read as %s, %v, not as %s", text, part.Text, show(again), err, show(part))
			}
		}
	})
}

func terms(n condition.Node) int {
	if n.Op == condition.Term {
		return 1
	}
	sum := 0
	for _, kid := range n.Kids {
		sum += terms(kid)
	}
	return sum
}

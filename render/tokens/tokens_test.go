package tokens_test

import (
	"math"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/tiktoken-go/tokenizer/codec"
	"pgregory.net/rapid"

	"crmkit/render/tokens"
)

var vocabulary = sync.OnceValue(codec.NewO200kBase)

// whole counts a text in one part.
func whole(t interface{ Fatal(...any) }, text string) int {
	n, err := vocabulary().Count(text)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// TestCountOfTranscripts compares the count of each transcript, which is made by parts, with that of the whole text.
func TestCountOfTranscripts(t *testing.T) {
	files, err := filepath.Glob("../../testdata/*.txt")
	if err != nil || len(files) < 40 {
		t.Fatal(len(files), "transcripts", err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if got, want := tokens.Count(text, math.MaxInt-1), whole(t, string(text)); got != want && got != len(text) {
			t.Errorf("%s: %d tokens, want %d", file, got, want)
		}
		if got, want := tokens.Count(text, len(text)-1), whole(t, string(text)); got != want {
			t.Errorf("%s: %d tokens, want %d", file, got, want)
		}
	}
}

// TestCountIsABound counts texts that are made to be read in another way at the ends of parts.
func TestCountIsABound(t *testing.T) {
	pieces := []string{"\n", "\r\n", "\n\n", " ", "  ", "\t", "/", "//", "#", "# ", "a", "Abc", "don't", "'s", "7", "2026", "é", "日本語", "\u202e", "😀", "👩‍👩‍👧", "\u0301", "<|endoftext|>", ")\n", "\n/", "=", "contact/c_011p", `"},{"`, `":"`, "''s", "))\u0301", "}s", "//a",
		strings.Repeat(`{"id":"c_1","n":12},`, 120),
		strings.Repeat("a", 3000), strings.Repeat("\n", 3000), strings.Repeat(" ", 3000), strings.Repeat("xq", 1500), strings.Repeat("name=x\n", 400), strings.Repeat(")\n", 1500), "\xff"}
	rapid.Check(t, func(t *rapid.T) {
		text := strings.Join(rapid.SliceOfN(rapid.SampledFrom(pieces), 1, 60).Draw(t, "pieces"), "")
		exact := whole(t, text)
		if got := tokens.Count([]byte(text), len(text)-1); got != exact && len(text) > 1 {
			t.Fatalf("%d tokens, want %d", got, exact)
		}
		most := rapid.IntRange(0, len(text)).Draw(t, "most")
		if got := tokens.Count([]byte(text), most); (got > most) != (exact > most) && got != len(text) {
			t.Fatalf("at most %d: %d, want %d", most, got, exact)
		}
	})
}

func FuzzCount(f *testing.F) {
	f.Add("# 12 contacts\ncontact/c_011p name=Jane\n/x\n", 3)
	f.Fuzz(func(t *testing.T, text string, most int) {
		n, exact := tokens.Count([]byte(text), most), whole(t, text)
		if n < exact && n <= most {
			t.Errorf("%q: %d tokens, want at least %d", text, n, exact)
		}
	})
}

func BenchmarkCount(b *testing.B) {
	text, err := os.ReadFile("../../testdata/import.txt")
	if err != nil {
		b.Fatal(err)
	}
	tokens.Count(text, len(text)-1)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		tokens.Count(text, len(text)-1)
	}
}

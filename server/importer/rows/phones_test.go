package rows

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"crmkit/crm/norm"
)

func TestSplitPhones(t *testing.T) {
	for text, want := range map[string][]string{
		"+49 30 123456 / +49 170 1234567":          {"+49 30 123456", "+49 170 1234567"},
		"+49 30 123456/+49 170 1234567":            {"+49 30 123456", "+49 170 1234567"},
		"+49 30 123456 , +49 170 1234567":          {"+49 30 123456", "+49 170 1234567"},
		"+49 30 123456;+49 170 1234567\n0301":      {"+49 30 123456", "+49 170 1234567", "0301"},
		"030 123456 oder 0170 1234567":             {"030 123456", "0170 1234567"},
		"555-0100 OR 555-0101 and 555-0102":        {"555-0100", "555-0101", "555-0102"},
		"030/1234567 / 0170/1234567":               {"030/1234567", "0170/1234567"},
		"030/1234567 / 0170/1234567, 0171 1234567": {"030/1234567", "0170/1234567", "0171 1234567"},
		"(512) 555-0100 / (512) 555-0101":          {"(512) 555-0100", "(512) 555-0101"},
		"512-555-0100/512-555-0101":                {"512-555-0100", "512-555-0101"},
		"030 1234567 ext. 12 / 0170 1234567":       {"030 1234567 ext. 12", "0170 1234567"},
		"tel:+49-30-123456 / tel:+49-170-1234567":  {"tel:+49-30-123456", "tel:+49-170-1234567"},
		"030\u00a0123456\u00a0/\u00a00170 1234567": {"030\u00a0123456", "0170 1234567"},
		" ; ": nil,
	} {
		if got := SplitPhones(text); !slices.Equal(got, want) {
			t.Errorf("%q is %q, want %q", text, got, want)
		}
	}
	for _, whole := range []string{"030/123456", "030 / 123456", "033203 / 12345", "0170/1234567", "+49 30 123456/7", "+49 30 123456 / 78", "+49 30 12345678 / 87654321", "+49/30/123456", "+49 / (0)30 / 123456",
		"0049/30/1234567", "555-0100 / 555-0101", "123456 / 0170 1234567", "030 / 123456 / 0170 / 1234567", "030 123456 oder 78", "030,123456", "+1 512 555 0100, ext. 5", "Fax: 030 1234567 / Tel: 0170 1234567",
		"030 1234567 / n/a", "/", "oder", "030 1234567 /", "Theodor 030 1234567"} {
		if got := SplitPhones(whole); !slices.Equal(got, []string{whole}) {
			t.Errorf("%q is split into %q", whole, got)
		}
	}
}

// TestSplitPhonesOfAnyNumbers joins random numbers with random separators, and splits them again.
// One number is never split, however it is written.
func TestSplitPhonesOfAnyNumbers(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Log("seed", seed)
	rnd := rand.New(rand.NewPCG(seed, 2))
	number := func() string {
		forms := []string{"+49 %d %d", "0049 %d %d", "0%d/%d", "0%d / %d", "(0%d) %d", "+49/%d/%d", "+49 (0)%d-%d", "0%d %d/7", "+49 %d %d ext. 3"}
		return fmt.Sprintf(forms[rnd.IntN(len(forms))], 30+rnd.IntN(9_000), 100_000+rnd.IntN(9_000_000))
	}
	for range 5_000 {
		one := number()
		if got := SplitPhones(one); !slices.Equal(got, []string{one}) {
			t.Fatalf("%q is split into %q", one, got)
		}
		var want []string
		text := ""
		for range 1 + rnd.IntN(4) {
			if text != "" {
				text += []string{"; ", "\n", " oder ", " or ", ", "}[rnd.IntN(5)]
			}
			one := number()
			want, text = append(want, one), text+one
		}
		if got := SplitPhones(text); !slices.Equal(got, want) {
			t.Fatalf("%q is split into %q, want %q", text, got, want)
		}
	}
}

func FuzzSplitPhones(f *testing.F) {
	for _, seed := range []string{"+49 30 123456 / +49 170 1234567", "030/123456", "0301234567 oder (0170) 1234567, 5", "tel:1234567;ext=3"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		list := SplitPhones(text)
		if got := norm.Digits(strings.Join(list, "")); got != norm.Digits(text) {
			t.Fatalf("%q is split into %q", text, list)
		}
		for _, part := range list {
			if again := SplitPhones(part); len(list) > 1 && !strings.ContainsAny(text, ";\n") && !slices.Equal(again, []string{part}) {
				t.Fatalf("%q is split into %q, and %q into %q", text, list, part, again)
			}
		}
	})
}

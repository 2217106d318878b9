package norm

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// TestAmountsRoundTrip checks that parsing a formatted amount returns it, in every currency, and
// the format of a few amounts.
func TestAmountsRoundTrip(t *testing.T) {
	codes := strings.Fields(currencies)
	rapid.Check(t, func(t *rapid.T) {
		n, code := rapid.Int64Range(-MaxInt, MaxInt).Draw(t, "n"), rapid.SampledFrom(codes).Draw(t, "code")
		text := FormatAmount(n, code)
		if got, currency, wrong := ParseAmount(text); got != n || currency != code || wrong != "" {
			t.Fatalf("%d %s is written %q and read as %d %s %s", n, code, text, got, currency, wrong)
		}
	})
	for text, n := range map[string]int64{"1250.00 USD": 125000, "120000 JPY": 120000, "1.234 BHD": 1234, "0.05 EUR": 5, "-0.50 EUR": -50, "0.00 USD": 0} {
		if got := FormatAmount(n, text[len(text)-3:]); got != text {
			t.Errorf("%d is written %q, not %q", n, got, text)
		}
	}
}

// TestAmbiguousAmountsAreRefused checks that nothing is rounded and that every amount must have a
// currency.
func TestAmbiguousAmountsAreRefused(t *testing.T) {
	for text, n := range map[string]int64{"1250 usd": 125000, " 1250.5  USD": 125050, "-3 JPY": -3} {
		if got, _, wrong := ParseAmount(text); got != n || wrong != "" {
			t.Errorf("%q is read as %d %s", text, got, wrong)
		}
	}
	for _, text := range []string{"", "1250", "USD", "USD 5", "1250.005 USD", "1.0 JPY", "1,250.00 USD", "5. USD", ".5 USD", "+5 USD", "--5 USD", "5 XYZ", "5 USD EUR", "90071992547409.92 USD", "99999999999999999999 USD"} {
		if n, _, wrong := ParseAmount(text); wrong == "" {
			t.Errorf("%q is read as %d", text, n)
		}
	}
}

// FuzzParseAmount checks that an accepted amount is the same after formatting and parsing.
func FuzzParseAmount(f *testing.F) {
	for _, seed := range []string{"1250.00 USD", "120000 JPY", "-1.234 BHD", "9007199254740991 JPY", "1e5 USD", "0.5 USD"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		n, code, wrong := ParseAmount(text)
		if wrong != "" {
			return
		}
		if again, currency, wrong := ParseAmount(FormatAmount(n, code)); again != n || currency != code || wrong != "" {
			t.Errorf("%q: %d %s, then %d %s %s", text, n, code, again, currency, wrong)
		}
	})
}

package norm

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// TestWrittenNumbers reads numbers as they are in exports of other products.
func TestWrittenNumbers(t *testing.T) {
	for text, want := range map[string]string{ // with decimal point, with decimal comma: in hundredths; currency
		"75000": "7500000 7500000", "1,200.50": "120050 -", "1.200,50": "- 120050", "1.200": "120 120000", "1,200": "120000 120",
		"12.500": "1250 1250000", "512,77": "- 51277", "512.77": "51277 -", "1,234,567": "123456700 -", "1.234.567": "- 123456700",
		"12,34,567.50": "123456750 -", ".50": "50 -", ",50": "- 50", "0.500": "50 -", "1234.500": "123450 -", "7.": "700 -",
		"€1,200.50": "120050 - EUR", "£99": "9900 9900 GBP", "EUR 75,000.00": "7500000 - EUR", "R$ 1.200,50": "- 120050 BRL", "1 200,50 zł": "- 120050 PLN",
		"(1,200.00)": "-120000 -", "-$1,200.00": "-120000 - $", "$-5": "-500 -500 $", "1,200.00-": "-120000 -", "+5": "500 500", "−5": "-500 -500",
		"1\u202f200,00": "- 120000", "1\u00a0200": "120000 120000", "1'200.00": "120000 -", "1’200": "120000 120000", "US$5.00": "500 - USD", "5.00 usd": "500 - USD",
		"9.007.199.254.740.991": "- -", "0": "0 0", "(0)": "0 0", "(1,200.00) USD": "-120000 - USD", "EUR (5)": "-500 -500 EUR", "($5)": "-500 -500 $", "kr 5": "500 500 kr",
		"1.250,- €": "- 125000 EUR", "3.500,-": "- 350000", "CHF 50.-": "5000 - CHF", "1.250,– €": "- 125000 EUR", "50.–": "5000 -", "1.250,— €": "- 125000 EUR",
		"€ 12.500,--": "- 1250000 EUR", "Fr. 120.–": "12000 - CHF", "-5,-": "- -500", "(50.-)": "-5000 -", "1 250:- kr": "125000 125000 kr", "5 kr.": "500 500 kr.", "kr.5": "500 500 kr.",
		"5-": "", "1.250-": "", "1,234,567-": "", "50 -": "", "50.---": "", "50:": "", "512,77-": "- -51277", "50.- -": "",
		"١٬٢٥٠٫٥٠": "125050 -", "١٫٢٥٠ EUR": "125 - EUR", "۱۲۵۰": "125000 125000", "￥２，０００": "200000 200 ¥", "２０００円": "200000 200000 JPY", "1E+05 EUR": "",
		"": "", "abc": "", "1.2.3": "", "12 apples": "", "5²": "", "1,2,3": "", "$ USD 5": "", "--5": "", "(-5)": "", "5%": "", "1e5": "", "2026-07-30": "", ".": "", "1.200.50": "", "$": "",
	} {
		n, ok := ReadNumber(text)
		if !ok {
			if want != "" {
				t.Errorf("%q is no number, want %s", text, want)
			}
			continue
		}
		got := strings.TrimSpace(fmt.Sprint(units(n, DecimalPoint), " ", units(n, DecimalComma), " ", n.Currency, n.Symbol))
		if got != want {
			t.Errorf("%q is read as %q, want %q", text, got, want)
		}
	}
}

func units(n WrittenNumber, sign DecimalSign) string {
	if number, ok := n.Units(sign, 2); ok {
		return number
	}
	return "-"
}

// TestNumbersAreReadAsWritten writes numbers in many styles and reads them with the decimal
// sign of the style.
func TestNumbersAreReadAsWritten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		cents := rapid.Int64Range(-MaxInt, MaxInt).Draw(t, "cents")
		comma := rapid.Bool().Draw(t, "comma")
		sign, groups := ".", []string{"", ",", " ", "'", "\u202f"}
		if comma {
			sign, groups = ",", []string{"", ".", " ", "’", "\u00a0"}
		}
		whole, fraction := strings.TrimPrefix(strconv.FormatInt(cents/100, 10), "-"), fmt.Sprintf("%02d", max(cents%100, -(cents%100)))
		text := grouped(whole, rapid.SampledFrom(groups).Draw(t, "group")) + sign + fraction
		if cents < 0 {
			text = rapid.SampledFrom([]string{"-", "−", "("}).Draw(t, "minus") + text
			if text[0] == '(' {
				text += ")"
			}
		}
		text = rapid.SampledFrom([]string{"", "EUR ", "€", "$ "}).Draw(t, "currency") + text
		if strings.Contains(text, "(") && !strings.HasPrefix(text, "(") {
			text = "(" + strings.Replace(text, "(", "", 1) // the sign is outside, as spreadsheets write it
		}
		n, ok := ReadNumber(text)
		if !ok || n.Decides() == NoDecimalSign {
			t.Fatalf("%q is no number (%v) or does not show its decimal sign", text, ok)
		}
		if got, ok := n.Units(n.Decides(), 2); !ok || got != strconv.FormatInt(cents, 10) {
			t.Fatalf("%q is read as %q, want %d", text, got, cents)
		}
	})
}

// grouped writes digits in groups of three.
func grouped(digits, sign string) string {
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + sign + digits[i:]
	}
	return digits
}

// FuzzReadNumber reads anything: a number has only digits that the text has, in their order.
func FuzzReadNumber(f *testing.F) {
	for _, seed := range []string{"1.200,50 €", "(1,200.00)", "-$5", "R$ 1.2", "..", "1,,2", "1.250,–", "١٬٢٥٠٫٥٠", "9007199254740991"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		n, ok := ReadNumber(text)
		if !ok {
			return
		}
		for _, sign := range []DecimalSign{DecimalPoint, DecimalComma} {
			number, ok := n.Units(sign, 3)
			if !ok {
				continue
			}
			if _, err := strconv.ParseInt(number, 10, 64); err != nil {
				t.Errorf("%q is read as %q: %v", text, number, err)
			}
			digits := strings.Trim(strings.Map(func(r rune) rune {
				if r < '0' || r > '9' {
					return -1
				}
				return r
			}, plainDigits(text)), "0")
			if got := strings.Trim(strings.TrimPrefix(number, "-"), "0"); got != digits {
				t.Errorf("%q has the digits %s, and is read as %q", text, digits, number)
			}
		}
	})
}

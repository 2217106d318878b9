package server_test

import "testing"

// TestCurrencyColumns imports amounts beside several columns for the currency: the one that the
// record gets is the one in which the amount is read.
func TestCurrencyColumns(t *testing.T) {
	for _, c := range []importCase{
		{"the field after another column", "deals", "title,Amount Currency,Amount,currency\nT2,USD,1000,JPY\n", []string{`amount="1000 JPY" currency=JPY`, `custom."Amount Currency"=USD`}},
		{"the field before another column", "deals", "title,currency,Amount,Amount Currency\nT2,JPY,1000,USD\n", []string{`amount="1000 JPY" currency=JPY`, `custom."Amount Currency"=USD`}},
		{"without the field", "deals", "title,Amount,Amount Currency\nT2,1000,KWD\n", []string{`amount="1000.000 KWD" currency=KWD`}},
	} {
		c.check(t)
	}
}

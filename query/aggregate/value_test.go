package aggregate

import (
	"math/big"
	"testing"

	"crmkit/crm"
	"crmkit/crm/norm"
)

func keyOfNumber(t *testing.T, text string) string {
	t.Helper()
	key, ok := norm.NumberKey(text)
	if !ok {
		t.Fatalf("%s is no number", text)
	}
	return key
}

// TestAveragesRoundHalfToEven checks averages that lie between two numbers with two decimals.
func TestAveragesRoundHalfToEven(t *testing.T) {
	m := Measure{Func: Avg}
	for _, c := range []struct {
		sum, n int64
		want   string
	}{{1, 8, "0.12"}, {3, 8, "0.38"}, {-1, 8, "-0.12"}, {-3, 8, "-0.38"}, {1, 200, "0.00"}, {3, 200, "0.02"}, {-1, 200, "0.00"}, {-3, 200, "-0.02"}, {2, 3, "0.67"}, {-2, 3, "-0.67"}, {7, 1, "7.00"}} {
		if got, _ := m.Show(Value{N: c.n, Sum: big.NewInt(c.sum)}); got.Text != c.want {
			t.Errorf("%d / %d is %s, want %s", c.sum, c.n, got.Text, c.want)
		}
	}
}

// TestSumsOfPartsAreExact checks sums at the ends of 64 bits, and the error beyond.
func TestSumsOfPartsAreExact(t *testing.T) {
	m := Measure{Func: Sum, Path: "amount_cents"}
	for _, n := range []int64{0, 1, -1, 1 << 32, -(1 << 32), 9223372036854775807, -9223372036854775808, -4294967297} {
		got, fault := m.Show(Value{N: 1, Sum: SumOf(n/(1<<32), n%(1<<32))})
		if fault != nil || got.Int != n {
			t.Errorf("%d is %v, %v", n, got, fault)
		}
	}
	if _, fault := m.Show(Value{N: 2, Sum: SumOf(1<<31, 0)}); fault == nil || fault.Code != crm.SumTooLarge {
		t.Errorf("2 to the 63 is no error: %v", fault)
	}
}

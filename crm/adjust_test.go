package crm_test

import (
	"fmt"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"crmkit/crm"
	"crmkit/crm/norm"
)

// adjusted returns a field of a deal after an input that changes it, and the hint of the error.
func adjusted(t testing.TB, field string, old crm.Value, in crm.Input) (crm.Value, string) {
	t.Helper()
	e := testSchema(t).ByName("deal")
	before := crm.NewRecord(e)
	before.Set("title", crm.Str("A"))
	before.Set(crm.FieldVersion, crm.Number(1))
	before.Set(field, old)
	in.Field = e.Field(field)
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	after, fault := crm.Apply(e, before.Values, []crm.Input{in}, crm.Setting{Zone: berlin})
	if fault != nil {
		return crm.Value{}, fault.Hint
	}
	return after[e.Index(field)], ""
}

// TestMultiplyIsExact compares products with those of decimal digits on paper.
func TestMultiplyIsExact(t *testing.T) {
	beyond := []string{"9007199254740992", "100000000000000000000", "a number of more than 30 digits"}
	for _, c := range []struct {
		old    int64
		factor string
		want   string
	}{
		{100, "1.05", "105"}, {10, "1.05", "10"}, {30, "1.05", "32"}, {50, "1.05", "52"}, {-10, "1.05", "-10"}, {-30, "1.05", "-32"},
		{10, "0.25", "2"}, {14, "0.25", "4"}, {-10, "0.25", "-2"}, {-14, "0.25", "-4"}, {1, "0.5", "0"}, {3, "0.5", "2"}, {7, "0", "0"},
		{9007199254740991, "1", "9007199254740991"}, {9007199254740991, "1.0000000000000001", "9007199254740992"},
		{9007199254740991, "-1", "-9007199254740991"}, {3, "1e15", "3000000000000000"}, {3, "1E-1", "0"}, {1, "1e20", "100000000000000000000"},
		{9007199254740991, "1e20", "a number of more than 30 digits"},
	} {
		v, hint := adjusted(t, "amount_cents", crm.Number(c.old), crm.Input{Mode: crm.Multiply, JSON: c.factor})
		got := fmt.Sprint(v.Int)
		if hint != "" {
			got, _, _ = strings.Cut(strings.TrimPrefix(hint, "amount_cents would be "), ", ")
		}
		if got != c.want || (hint != "") != slices.Contains(beyond, c.want) {
			t.Errorf("%d by %s is %s %s, want %s", c.old, c.factor, got, hint, c.want)
		}
	}
}

// TestMultiplyRoundsHalfEven compares products with division of integers by hand.
func TestMultiplyRoundsHalfEven(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		old, percent := rapid.Int64Range(-1_000_000, 1_000_000).Draw(r, "old"), rapid.Int64Range(-30_000, 30_000).Draw(r, "factor in hundredths")
		v, hint := adjusted(t, "amount_cents", crm.Number(old), crm.Input{Mode: crm.Multiply, JSON: big.NewRat(percent, 100).FloatString(2)})
		product := old * percent
		rest := product - v.Int*100 // between the halves
		if hint != "" || rest > 50 || rest < -50 || (rest == 50 || rest == -50) && v.Int%2 != 0 {
			r.Fatalf("%d by %d/100 is %d; %s", old, percent, v.Int, hint)
		}
	})
}

func TestAddAndShift(t *testing.T) {
	at := func(text string) crm.Value {
		t.Helper()
		when, err := time.Parse(time.RFC3339, text)
		if err != nil {
			t.Fatal(err)
		}
		return crm.Millis(when.UnixMilli())
	}
	for _, c := range []struct {
		field string
		old   crm.Value
		in    crm.Input
		want  crm.Value
		hint  string
	}{
		{"amount_cents", crm.Number(100), crm.Input{Mode: crm.AddNumber, JSON: "-150"}, crm.Number(-50), ""},
		{"amount_cents", crm.Number(norm.MaxInt), crm.Input{Mode: crm.AddNumber, JSON: "1"}, crm.Value{}, "would be 9007199254740992, beyond the most"},
		{"amount_cents", crm.Value{}, crm.Input{Mode: crm.AddNumber, JSON: "1"}, crm.Value{}, ""},
		{"amount_cents", crm.Value{}, crm.Input{Mode: crm.Multiply, JSON: "2"}, crm.Value{}, ""},
		{"close_at", at("2026-03-28T09:00:00Z"), crm.Input{Mode: crm.Shift, JSON: "+1d"}, at("2026-03-29T08:00:00Z"), ""}, // the clocks change in Berlin
		{"close_at", at("2026-03-28T09:00:00Z"), crm.Input{Mode: crm.Shift, JSON: "+24h"}, at("2026-03-29T09:00:00Z"), ""},
		{"close_at", at("2026-06-10T09:00:00Z"), crm.Input{Mode: crm.Shift, JSON: "-2w"}, at("2026-05-27T09:00:00Z"), ""},
		{"close_at", at("9999-12-30T09:00:00Z"), crm.Input{Mode: crm.Shift, JSON: "+7d"}, crm.Value{}, "outside the years"},
		{"close_at", crm.Value{}, crm.Input{Mode: crm.Shift, JSON: "+7d"}, crm.Value{}, ""},
	} {
		v, hint := adjusted(t, c.field, c.old, c.in)
		if !v.Equal(c.want) || (c.hint == "") != (hint == "") || !strings.Contains(hint, c.hint) {
			t.Errorf("%s %s: %v %s, want %v %s", c.field, c.in.JSON, v, hint, c.want, c.hint)
		}
	}
}

// TestNothingToAdjustInANewRecord checks that a change of a value is refused where there can be none.
func TestNothingToAdjustInANewRecord(t *testing.T) {
	e := testSchema(t).ByName("deal")
	before := crm.NewRecord(e)
	_, fault := crm.Apply(e, before.Values, []crm.Input{{Field: e.Field("title"), Value: crm.Str("A")}, {Field: e.Field("amount_cents"), Mode: crm.AddNumber, JSON: "5"}}, crm.Setting{})
	if fault == nil || fault.Code != crm.InvalidValue || fault.Field != "amount_cents" {
		t.Error(fault)
	}
}

// FuzzParseFactor checks that what is taken for a factor is a number, and small enough to compute with.
func FuzzParseFactor(f *testing.F) {
	for _, seed := range []string{"1.05", "1e5", "-0.000001", "1e999999999", "0x1p4", "1/3", "Inf", "1_000", ".5", "-", ""} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		factor, ok := crm.ParseFactor(text)
		if ok && (factor == nil || len(factor.Num().String())+len(factor.Denom().String()) > 120) {
			t.Fatalf("%q is %v", text, factor)
		}
		crm.ParseShift(text)
		crm.ParseAddend(text)
	})
}

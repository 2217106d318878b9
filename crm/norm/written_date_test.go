package norm

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// TestWrittenDates reads dates as they are in exports of other products.
func TestWrittenDates(t *testing.T) {
	for text, want := range map[string][2]string{ // day first, month first
		"2026-07-30":                        {"2026-07-30", "2026-07-30"},
		"2026/03/29":                        {"2026-03-29", "2026-03-29"},
		"30.07.2026":                        {"2026-07-30", "2026-07-30"},
		"03.04.2026":                        {"2026-04-03", "2026-04-03"},
		"03/04/2026":                        {"2026-04-03", "2026-03-04"},
		"3/4/2026":                          {"2026-04-03", "2026-03-04"},
		"30/07/2026":                        {"2026-07-30", ""},
		"07/30/2026":                        {"", "2026-07-30"},
		"05-05-2026":                        {"2026-05-05", "2026-05-05"},
		"12 Mar 2025":                       {"2025-03-12", "2025-03-12"},
		"Mar 12, 2025":                      {"2025-03-12", "2025-03-12"},
		"March 12, 2025":                    {"2025-03-12", "2025-03-12"},
		"12-Mar-2025":                       {"2025-03-12", "2025-03-12"},
		"Sept 2, 2025":                      {"2025-09-02", "2025-09-02"},
		"Thu, 30 Jul 2026 09:30 UTC":        {"2026-07-30T09:30Z", "2026-07-30T09:30Z"},
		"2026-07-30 09:30:15":               {"2026-07-30T09:30:15", "2026-07-30T09:30:15"},
		"2026-07-30T09:30:15.123Z":          {"2026-07-30T09:30:15Z", "2026-07-30T09:30:15Z"},
		"2026-07-30 09:30 +0000":            {"2026-07-30T09:30+00:00", "2026-07-30T09:30+00:00"},
		"2026-07-30T09:30+02:00":            {"2026-07-30T09:30+02:00", "2026-07-30T09:30+02:00"},
		"7/30/2026 1:05 PM":                 {"", "2026-07-30T13:05"},
		"7/30/2026, 12:05:06 am":            {"", "2026-07-30T00:05:06"},
		"1.2.26":                            {"2026-02-01", "2026-02-01"},
		"31.12.69":                          {"1969-12-31", "1969-12-31"},
		"01/02/26":                          {"2026-02-01", "2026-01-02"},
		"12-Mar-25":                         {"2025-03-12", "2025-03-12"},
		"1. März 2026":                      {"2026-03-01", "2026-03-01"},
		"Donnerstag, 30. Juli 2026":         {"2026-07-30", "2026-07-30"},
		"Do., 30. Juli 2026 09:30":          {"2026-07-30T09:30", "2026-07-30T09:30"},
		"1er mars 2026":                     {"2026-03-01", "2026-03-01"},
		"15 août 2026":                      {"2026-08-15", "2026-08-15"},
		"1 de marzo de 2026":                {"2026-03-01", "2026-03-01"},
		"1º de março de 2026":               {"2026-03-01", "2026-03-01"},
		"segunda-feira, 2 de março de 2026": {"2026-03-02", "2026-03-02"},
		"":                                  {}, "31.02.2026": {}, "31/02/2026": {}, "13/13/2026": {}, "1-2-26": {}, "26-02-01": {}, "1.2.026": {}, "2026": {}, "45123": {}, "12 Foo 2025": {}, "2026-07-30 25:00": {},
		"30/07/2026 13:00 PM": {}, "2026-07": {}, "yesterday": {}, "Marvel 12 2025": {}, "0/0/2026": {}, "2026-00-10": {}, "2026-07-30T9": {}, "2026-07-30 09:61": {},
	} {
		d, ok := ReadDate(text)
		for i, order := range []DateOrder{DayMonthYear, MonthDayYear} {
			got := ""
			if ok {
				got, _ = d.Time(order)
			}
			if got != want[i] {
				t.Errorf("%q is read %s as %q, want %q", text, order, got, want[i])
			}
		}
	}
}

// TestDatesAreReadAsWritten writes moments in many layouts, and reads them in the order of the
// layout as the same moments.
func TestDatesAreReadAsWritten(t *testing.T) {
	layouts := map[string]DateOrder{"2006-01-02": NoDateOrder, "2006/01/02 15:04:05": NoDateOrder, "02.01.2006 15:04": NoDateOrder, "2.1.2006": NoDateOrder, "2 Jan 2006": NoDateOrder,
		"Jan 2, 2006 3:04 PM": NoDateOrder, "Monday, January 2, 2006": NoDateOrder, time.RFC1123: NoDateOrder, time.RFC1123Z: NoDateOrder, time.RFC3339: NoDateOrder,
		"02/01/2006": DayMonthYear, "2/1/2006 15:04": DayMonthYear, "01/02/2006 3:04:05 PM": MonthDayYear, "1-2-2006": MonthDayYear}
	var all []string
	for layout := range layouts {
		all = append(all, layout)
	}
	rapid.Check(t, func(t *rapid.T) {
		at := time.Unix(rapid.Int64Range(-2e9, 5e9).Draw(t, "at"), 0).UTC()
		layout := rapid.SampledFrom(all).Draw(t, "layout")
		text := at.Format(layout)
		d, ok := ReadDate(text)
		if !ok {
			t.Fatalf("%q is no date", text)
		}
		got, ok := d.Time(layouts[layout])
		span, fine := Clock{}.Parse(got)
		written, err := time.Parse(layout, text)
		if !ok || !fine || err != nil || span.From != written.UnixMilli() {
			t.Fatalf("%q is read as %q (%v, %v), want %v", text, got, ok, fine, written)
		}
		if order := d.Decides(); order != NoDateOrder && order != layouts[layout] {
			t.Fatalf("%q shows the order %s, and was written in %s", text, order, layouts[layout])
		}
	})
}

// TestMonthsByName writes days with the names of months in each language, long and short, and with
// two digits of the year, and reads them.
func TestMonthsByName(t *testing.T) {
	names := []string{
		"Januar Februar März April Mai Juni Juli August September Oktober November Dezember", "Jan Feb Mär Apr Mai Jun Jul Aug Sep Okt Nov Dez",
		"janvier février mars avril mai juin juillet août septembre octobre novembre décembre", "janv févr mars avr mai juin juil août sept oct nov déc",
		"enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre", "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre",
		"januari februari maart april mei juni juli augustus september oktober november december", "janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro",
	}
	layouts := []string{"%d. %s %d", "%d %s %d", "%d de %s de %d", "%d %s. %d"}
	rapid.Check(t, func(t *rapid.T) {
		at := time.Unix(rapid.Int64Range(0, 3e9).Draw(t, "at"), 0).UTC()
		month := strings.Fields(rapid.SampledFrom(names).Draw(t, "names"))[at.Month()-1]
		text, want := fmt.Sprintf(rapid.SampledFrom(layouts).Draw(t, "layout"), at.Day(), month, at.Year()), at.Format(time.DateOnly)
		if rapid.Bool().Draw(t, "upper") {
			text = strings.ToUpper(text)
		}
		if rapid.Bool().Draw(t, "short") && at.Year() < 2069 {
			text = at.Format("2.1.06")
		}
		if d, ok := ReadDate(text); !ok || d.Ambiguous() {
			t.Fatalf("%q is no date", text)
		} else if got, _ := d.Time(NoDateOrder); got != want {
			t.Fatalf("%q is read as %s, want %s", text, got, want)
		}
	})
}

// TestNoDate checks what stands for no date.
func TestNoDate(t *testing.T) {
	for text, want := range map[string]bool{"0.0.00": true, "0/0/00": true, "00.00.0000": true, "0000-00-00": true, "0000-00-00 00:00:00": true,
		"0.0.0": false, "0": false, "": false, "1.0.00": false, "00:00": false, "0000-00-00 x": false, "0.0.0.00": false} {
		if IsNoDate(text) != want {
			t.Errorf("%q: %v", text, !want)
		}
	}
}

// FuzzReadDate reads anything: what it takes is a time that Clock reads.
func FuzzReadDate(f *testing.F) {
	for _, seed := range []string{"30.07.2026", "7/30/2026 1:05 PM", "Thu, 30 Jul 2026 09:30 +0000", "2026-07-30T09:30:15.1Z", "12-Mar-2025"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		d, ok := ReadDate(text)
		if !ok {
			return
		}
		for _, order := range []DateOrder{DayMonthYear, MonthDayYear} {
			if got, ok := d.Time(order); ok {
				if _, fine := (Clock{}).Parse(got); !fine {
					t.Errorf("%q is read as %q, which is no time", text, got)
				}
			}
		}
	})
}

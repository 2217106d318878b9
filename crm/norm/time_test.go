package norm

import (
	"testing"
	"time"
	_ "time/tzdata"
)

// testNow is the present time of these tests.
var testNow = time.Date(2026, 6, 10, 9, 30, 15, 0, time.UTC)

// clockIn returns a clock in a time zone.
func clockIn(t testing.TB, zone string) Clock {
	t.Helper()
	loc, err := time.LoadLocation(zone)
	if err != nil {
		t.Fatal(err)
	}
	return Clock{Now: testNow, Zone: loc}
}

func TestClock(t *testing.T) {
	for _, test := range []struct{ zone, text, from, until string }{
		{"UTC", "2026-06-10T09:00:30Z", "2026-06-10T09:00:30Z", "2026-06-10T09:00:31Z"},
		{"UTC", "2026-06-10T09:00Z", "2026-06-10T09:00:00Z", "2026-06-10T09:01:00Z"},
		{"UTC", "2026-06-10T09:00:30.25Z", "2026-06-10T09:00:30.25Z", "2026-06-10T09:00:30.251Z"},
		{"UTC", "2026-06-10T09:00:30.000Z", "2026-06-10T09:00:30Z", "2026-06-10T09:00:31Z"},
		{"UTC", "2026-06-10T09:00+02:00", "2026-06-10T07:00:00Z", "2026-06-10T07:01:00Z"},
		{"UTC", "2026-06-10T09:00 02:00", "2026-06-10T07:00:00Z", "2026-06-10T07:01:00Z"},
		{"UTC", "2026-06-10T09:00:30 05:30", "2026-06-10T03:30:30Z", "2026-06-10T03:30:31Z"},
		{"UTC", "2026-06-10T09:00:30.5 02:00", "2026-06-10T07:00:30.5Z", "2026-06-10T07:00:30.501Z"},
		{"UTC", "2026-06-10T09:00-03:00", "2026-06-10T12:00:00Z", "2026-06-10T12:01:00Z"},
		{"UTC", "2026-06-10T09:00 ", "2026-06-10T09:00:00Z", "2026-06-10T09:01:00Z"},
		{"UTC", "2026-06-10", "2026-06-10T00:00:00Z", "2026-06-11T00:00:00Z"},
		{"UTC", "2024-02-29", "2024-02-29T00:00:00Z", "2024-03-01T00:00:00Z"},
		{"UTC", "2000-02-29T00:00Z", "2000-02-29T00:00:00Z", "2000-02-29T00:01:00Z"},
		{"UTC", "0001-01-01", "0001-01-01T00:00:00Z", "0001-01-02T00:00:00Z"},
		{"UTC", "9999-12-30", "9999-12-30T00:00:00Z", "9999-12-31T00:00:00Z"},
		{"UTC", "1969-12-31T23:59:59Z", "1969-12-31T23:59:59Z", "1970-01-01T00:00:00Z"},
		{"UTC", "now", "2026-06-10T09:30:15Z", "2026-06-10T09:30:15.001Z"},
		{"UTC", "today", "2026-06-10T00:00:00Z", "2026-06-11T00:00:00Z"},
		{"UTC", "-7d", "2026-06-03T09:30:15Z", "2026-06-03T09:30:15.001Z"},
		{"UTC", "+2w", "2026-06-24T09:30:15Z", "2026-06-24T09:30:15.001Z"},
		{"UTC", " 2w", "2026-06-24T09:30:15Z", "2026-06-24T09:30:15.001Z"},
		{"UTC", "-3h", "2026-06-10T06:30:15Z", "2026-06-10T06:30:15.001Z"},
		{"UTC", "+0d", "2026-06-10T09:30:15Z", "2026-06-10T09:30:15.001Z"},
		{"Europe/Berlin", "2026-06-10", "2026-06-09T22:00:00Z", "2026-06-10T22:00:00Z"},
		{"Europe/Berlin", "2026-06-10T09:00", "2026-06-10T07:00:00Z", "2026-06-10T07:01:00Z"},
		{"Europe/Berlin", "2026-06-10T09:00:01", "2026-06-10T07:00:01Z", "2026-06-10T07:00:02Z"},
		{"Europe/Berlin", "2026-06-10T09:00Z", "2026-06-10T09:00:00Z", "2026-06-10T09:01:00Z"},
		{"Europe/Berlin", "2026-03-29", "2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z"},
		{"Europe/Berlin", "2026-10-25", "2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z"},
		{"Pacific/Auckland", "today", "2026-06-09T12:00:00Z", "2026-06-10T12:00:00Z"},
		{"Pacific/Honolulu", "today", "2026-06-09T10:00:00Z", "2026-06-10T10:00:00Z"},
		{"Asia/Kathmandu", "today", "2026-06-09T18:15:00Z", "2026-06-10T18:15:00Z"},
		{"Europe/Berlin", "+180d", "2026-12-07T10:30:15Z", "2026-12-07T10:30:15.001Z"},
	} {
		span, ok := clockIn(t, test.zone).Parse(test.text)
		if want := (TimeRange{From: millis(t, test.from), Until: millis(t, test.until)}); !ok || span != want {
			t.Errorf("%s in %s: %s to %s, %v", test.text, test.zone, stamp(span.From), stamp(span.Until), ok)
		}
	}
}

func TestClockRefuses(t *testing.T) {
	for _, text := range []string{
		"", " ", "yesterday", "Now", "TODAY", "7d", "-d", "--7d", "-+7d", "-7", "-7m", "-7D", "+1.5d", "- 7d", "-400001d", "-99999999999999999999d",
		"-399999w", "2026", "2026-06", "2026-6-1", "2026/06/10", "10.06.2026", "2026-02-29", "2100-02-29", "2026-13-01", "2026-00-10", "2026-06-31",
		"0000-01-01", "0000-12-31T23:59:59Z", "10000-01-01", "0001-01-01T00:00+01:00", "9999-12-31T23:59-01:00", "2026-06-10T24:00Z", "2026-06-10T09:60Z", "2026-06-10T09:00:60Z",
		"2026-06-10 09:00Z", "2026-06-10t09:00z", "2026-06-10T09Z", "2026-06-10T0900Z", "2026-06-10T09:00:00+0200", "2026-06-10T09:00:00 +02:00",
		"2026-06-10T09:00:00Zjunk", "\x002026-06-10", "2026-06-10\n", "20260610", "1781049600", "２０２６-06-10", "2026-06-10T09:00:00Z'; --",
	} {
		if span, ok := clockIn(t, "UTC").Parse(text); ok {
			t.Errorf("%q is taken as %s to %s", text, stamp(span.From), stamp(span.Until))
		}
	}
}

// TestClockDaysAreContiguous checks two years of days in zones whose clocks change, some of them
// at midnight: each day must start on its own date and end where the next one starts.
func TestClockDaysAreContiguous(t *testing.T) {
	for _, zone := range []string{"UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "America/Sao_Paulo", "Asia/Beirut", "America/Havana", "America/Santiago"} {
		clock := clockIn(t, zone)
		var last TimeRange
		for day := time.Date(2018, 1, 1, 12, 0, 0, 0, time.UTC); day.Year() < 2020; day = day.AddDate(0, 0, 1) {
			text := day.Format(time.DateOnly)
			span, ok := clock.Parse(text)
			if first := time.UnixMilli(span.From).In(clock.Zone).Format(time.DateOnly); !ok || first != text {
				t.Errorf("%s in %s begins on %s, %v", text, zone, first, ok)
			}
			if last.Until != 0 && last.Until != span.From {
				t.Errorf("%s in %s begins at %s, the day before ends at %s", text, zone, stamp(span.From), stamp(last.Until))
			}
			clock.Now = time.UnixMilli((span.From + span.Until) / 2)
			if today, _ := clock.Parse("today"); today != span {
				t.Errorf("%s in %s is not today at its noon", text, zone)
			}
			last = span
		}
	}
}

func TestIsAbsoluteTime(t *testing.T) {
	for text, want := range map[string]bool{"2026-06-10": true, "2026-06-10T09:00Z": true, "-7d": false, "now": false, "2026-06-1": false, "20260610..": false, "": false} {
		if IsAbsoluteTime(text) != want {
			t.Errorf("%q: %v", text, !want)
		}
	}
}

func FuzzClock(f *testing.F) {
	for _, seed := range []string{"now", "today", "-7d", "+2w", " 3h", "2026-06-10", "2026-06-10T09:00Z", "2026-06-10T09:00:30.123456789 02:00", "9999-12-31T23:59:59-12:00", "0001-01-01"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		clock := clockIn(t, "UTC")
		span, ok := clock.Parse(text)
		if !ok {
			return
		}
		if year := time.UnixMilli(span.From).UTC().Year(); span.From >= span.Until || year < 1 || year > 9999 {
			t.Fatalf("%q is %s to %s", text, stamp(span.From), stamp(span.Until))
		}
		shown := stamp(span.From)
		if again, ok := clock.Parse(shown); !ok || again.From != span.From {
			t.Fatalf("%q is shown as %s, which is read as %d, %v", text, shown, again.From, ok)
		}
	})
}

func millis(t *testing.T, text string) int64 {
	t.Helper()
	at, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		t.Fatal(err)
	}
	return at.UnixMilli()
}

func stamp(ms int64) string { return time.UnixMilli(ms).UTC().Format(time.RFC3339Nano) }

package norm

import (
	"testing"
	"time"
)

// clockChanges are times around changes of clocks, in zones that have had each kind.
var clockChanges = []struct{ zone, now, text, from, until string }{
	// Shown twice.
	{"Europe/Berlin", "", "2026-10-25T01:59", "2026-10-24T23:59:00Z", "2026-10-25T00:00:00Z"},
	{"Europe/Berlin", "", "2026-10-25T02:00", "2026-10-25T00:00:00Z", "2026-10-25T00:01:00Z"},
	{"Europe/Berlin", "", "2026-10-25T02:30", "2026-10-25T00:30:00Z", "2026-10-25T00:31:00Z"},
	{"Europe/Berlin", "", "2026-10-25T02:30:15", "2026-10-25T00:30:15Z", "2026-10-25T00:30:16Z"},
	{"Europe/Berlin", "", "2026-10-25T02:59", "2026-10-25T00:59:00Z", "2026-10-25T01:00:00Z"},
	{"Europe/Berlin", "", "2026-10-25T03:00", "2026-10-25T02:00:00Z", "2026-10-25T02:01:00Z"},
	{"Europe/Berlin", "", "2026-10-25T02:30+02:00", "2026-10-25T00:30:00Z", "2026-10-25T00:31:00Z"},
	{"Europe/Berlin", "", "2026-10-25T02:30+01:00", "2026-10-25T01:30:00Z", "2026-10-25T01:31:00Z"},
	{"Europe/Berlin", "", "2026-10-25T02:30 01:00", "2026-10-25T01:30:00Z", "2026-10-25T01:31:00Z"},
	{"Europe/London", "", "2026-10-25T01:30", "2026-10-25T00:30:00Z", "2026-10-25T00:31:00Z"},
	{"America/New_York", "", "2026-11-01T01:30", "2026-11-01T05:30:00Z", "2026-11-01T05:31:00Z"},
	{"America/New_York", "", "2026-11-01T02:00", "2026-11-01T07:00:00Z", "2026-11-01T07:01:00Z"},
	{"Australia/Lord_Howe", "", "2026-04-05T01:45", "2026-04-04T14:45:00Z", "2026-04-04T14:46:00Z"},
	{"Pacific/Auckland", "", "2026-04-05T02:30", "2026-04-04T13:30:00Z", "2026-04-04T13:31:00Z"},

	// Skipped.
	{"Europe/Berlin", "", "2026-03-29T01:59", "2026-03-29T00:59:00Z", "2026-03-29T01:00:00Z"},
	{"Europe/Berlin", "", "2026-03-29T02:00", "2026-03-29T01:00:00Z", "2026-03-29T01:01:00Z"},
	{"Europe/Berlin", "", "2026-03-29T02:30", "2026-03-29T01:30:00Z", "2026-03-29T01:31:00Z"},
	{"Europe/Berlin", "", "2026-03-29T03:00", "2026-03-29T01:00:00Z", "2026-03-29T01:01:00Z"},
	{"America/New_York", "", "2026-03-08T02:30", "2026-03-08T07:30:00Z", "2026-03-08T07:31:00Z"},
	{"America/St_Johns", "", "2026-03-08T02:30", "2026-03-08T06:00:00Z", "2026-03-08T06:01:00Z"},
	{"Australia/Lord_Howe", "", "2026-10-04T02:15", "2026-10-03T15:45:00Z", "2026-10-03T15:46:00Z"},
	{"America/Sao_Paulo", "", "2018-11-04T00:30", "2018-11-04T03:30:00Z", "2018-11-04T03:31:00Z"},
	{"Pacific/Apia", "", "2011-12-30T12:00", "2011-12-30T22:00:00Z", "2011-12-30T22:01:00Z"},

	// Days of 23, 25, 23.5 and 24.5 hours.
	{"Europe/Berlin", "", "2026-03-29", "2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z"},
	{"Europe/Berlin", "", "2026-10-25", "2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z"},
	{"America/New_York", "", "2026-03-08", "2026-03-08T05:00:00Z", "2026-03-09T04:00:00Z"},
	{"America/New_York", "", "2026-11-01", "2026-11-01T04:00:00Z", "2026-11-02T05:00:00Z"},
	{"Australia/Lord_Howe", "", "2026-10-04", "2026-10-03T13:30:00Z", "2026-10-04T13:00:00Z"},
	{"Australia/Lord_Howe", "", "2026-04-05", "2026-04-04T13:00:00Z", "2026-04-05T13:30:00Z"},

	// No midnight: the day begins at one, or half past twelve.
	{"America/Sao_Paulo", "", "2018-11-03", "2018-11-03T03:00:00Z", "2018-11-04T03:00:00Z"},
	{"America/Sao_Paulo", "", "2018-11-04", "2018-11-04T03:00:00Z", "2018-11-05T02:00:00Z"},
	{"America/Sao_Paulo", "2018-11-04T03:00:00Z", "today", "2018-11-04T03:00:00Z", "2018-11-05T02:00:00Z"},
	{"America/Sao_Paulo", "2018-11-04T02:59:59Z", "today", "2018-11-03T03:00:00Z", "2018-11-04T03:00:00Z"},
	{"Africa/Cairo", "", "2023-04-28", "2023-04-27T22:00:00Z", "2023-04-28T21:00:00Z"},
	{"Asia/Beirut", "", "2022-03-27", "2022-03-26T22:00:00Z", "2022-03-27T21:00:00Z"},
	{"America/Santiago", "", "2026-09-06", "2026-09-06T04:00:00Z", "2026-09-07T03:00:00Z"},
	{"America/Toronto", "", "1919-03-31", "1919-03-31T04:30:00Z", "1919-04-01T04:00:00Z"},

	// The day before ends with an hour of its own, shown twice.
	{"America/Sao_Paulo", "", "2019-02-16", "2019-02-16T02:00:00Z", "2019-02-17T03:00:00Z"},
	{"America/Sao_Paulo", "2019-02-17T02:30:00Z", "today", "2019-02-16T02:00:00Z", "2019-02-17T03:00:00Z"},
	{"Africa/Cairo", "", "2026-10-29", "2026-10-28T21:00:00Z", "2026-10-29T22:00:00Z"},

	// Midnight is shown twice: the day begins at the first.
	{"Asia/Amman", "", "2021-10-28", "2021-10-27T21:00:00Z", "2021-10-28T21:00:00Z"},
	{"Asia/Amman", "", "2021-10-29", "2021-10-28T21:00:00Z", "2021-10-29T22:00:00Z"},
	{"Asia/Amman", "2021-10-28T21:30:00Z", "today", "2021-10-28T21:00:00Z", "2021-10-29T22:00:00Z"},
	{"America/Havana", "", "2026-11-01", "2026-11-01T04:00:00Z", "2026-11-02T05:00:00Z"},
	{"Atlantic/Azores", "", "2026-10-25", "2026-10-25T00:00:00Z", "2026-10-26T01:00:00Z"},

	// A date that never was is empty, and its neighbours meet.
	{"Pacific/Apia", "", "2011-12-29", "2011-12-29T10:00:00Z", "2011-12-30T10:00:00Z"},
	{"Pacific/Apia", "", "2011-12-30", "2011-12-30T10:00:00Z", "2011-12-30T10:00:00Z"},
	{"Pacific/Apia", "", "2011-12-31", "2011-12-30T10:00:00Z", "2011-12-31T10:00:00Z"},
	{"Asia/Manila", "", "1844-12-31", "1844-12-31T15:56:08Z", "1844-12-31T15:56:08Z"},

	// Zones on both sides of the date line.
	{"Pacific/Kiritimati", "2026-06-10T09:59:59Z", "today", "2026-06-09T10:00:00Z", "2026-06-10T10:00:00Z"},
	{"Pacific/Kiritimati", "2026-06-10T10:00:00Z", "today", "2026-06-10T10:00:00Z", "2026-06-11T10:00:00Z"},
	{"Pacific/Pago_Pago", "2026-06-10T10:59:59Z", "today", "2026-06-09T11:00:00Z", "2026-06-10T11:00:00Z"},
	{"Pacific/Pago_Pago", "2026-06-10T11:00:00Z", "today", "2026-06-10T11:00:00Z", "2026-06-11T11:00:00Z"},

	// Days keep the time of the clock, hours are elapsed time.
	{"Europe/Berlin", "2026-03-29T10:00:00Z", "-1d", "2026-03-28T11:00:00Z", "2026-03-28T11:00:00.001Z"},
	{"Europe/Berlin", "2026-03-29T10:00:00Z", "-24h", "2026-03-28T10:00:00Z", "2026-03-28T10:00:00.001Z"},
	{"Europe/Berlin", "2026-03-28T11:00:00Z", "+1d", "2026-03-29T10:00:00Z", "2026-03-29T10:00:00.001Z"},
	{"Europe/Berlin", "2026-10-25T11:00:00Z", "-1d", "2026-10-24T10:00:00Z", "2026-10-24T10:00:00.001Z"},
	{"Europe/Berlin", "2026-10-31T11:00:00Z", "-1w", "2026-10-24T10:00:00Z", "2026-10-24T10:00:00.001Z"},
	{"Europe/Berlin", "2026-03-30T00:30:00Z", "-1d", "2026-03-29T01:30:00Z", "2026-03-29T01:30:00.001Z"},
	{"Europe/Berlin", "2026-10-26T01:30:00Z", "-1d", "2026-10-25T00:30:00Z", "2026-10-25T00:30:00.001Z"},
	{"Europe/Berlin", "2026-10-24T00:30:00Z", "+1d", "2026-10-25T00:30:00Z", "2026-10-25T00:30:00.001Z"},
	{"America/New_York", "2026-03-07T07:30:00Z", "+1d", "2026-03-08T07:30:00Z", "2026-03-08T07:30:00.001Z"},
	{"America/New_York", "2026-03-09T06:30:00Z", "-1d", "2026-03-08T07:30:00Z", "2026-03-08T07:30:00.001Z"},
	{"America/New_York", "2026-10-31T05:30:00Z", "+1d", "2026-11-01T05:30:00Z", "2026-11-01T05:30:00.001Z"},
	{"Pacific/Apia", "2011-12-31T22:00:00Z", "-2d", "2011-12-30T22:00:00Z", "2011-12-30T22:00:00.001Z"},

	// No days from now is now, also in an hour that is shown twice.
	{"Europe/Berlin", "2026-10-25T00:30:00Z", "+0d", "2026-10-25T00:30:00Z", "2026-10-25T00:30:00.001Z"},
	{"Europe/Berlin", "2026-10-25T01:30:00Z", "+0d", "2026-10-25T01:30:00Z", "2026-10-25T01:30:00.001Z"},
	{"America/New_York", "2026-11-01T06:30:00Z", "-0w", "2026-11-01T06:30:00Z", "2026-11-01T06:30:00.001Z"},
	{"Europe/Berlin", "2026-10-25T01:30:00Z", "-1h", "2026-10-25T00:30:00Z", "2026-10-25T00:30:00.001Z"},
}

// TestClockAtChanges parses times around changes of clocks. A time that clocks show twice is the
// first of the two; for a time that they skip the offset before the change applies (RFC 5545
// section 3.3.5). A day ends where the next one starts.
func TestClockAtChanges(t *testing.T) {
	for _, test := range clockChanges {
		clock := clockIn(t, test.zone)
		if test.now != "" {
			clock.Now = time.UnixMilli(millis(t, test.now))
		}
		span, ok := clock.Parse(test.text)
		if want := (TimeRange{From: millis(t, test.from), Until: millis(t, test.until)}); !ok || span != want {
			t.Errorf("%s in %s: %s to %s, %v, want %s", test.text, test.zone, stamp(span.From), stamp(span.Until), ok, test.from)
		}
	}
}

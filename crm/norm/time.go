package norm

import (
	"strconv"
	"strings"
	"time"
)

// TimeRange is a range of time in Unix milliseconds; From is inclusive, Until exclusive. A time
// with the precision of a day, a minute or a second means the whole of it, so that a time
// copied from an answer finds its record.
type TimeRange struct{ From, Until int64 }

// Clock parses times. It has the present time, and the zone of dates and of times without an
// offset.
type Clock struct {
	Now  time.Time
	Zone *time.Location // nil is UTC
}

func (c Clock) zone() *time.Location {
	if c.Zone == nil {
		return time.UTC
	}
	return c.Zone
}

// layouts are the forms of a timestamp, each with the length of the range that it means.
var layouts = []struct {
	layout string
	length time.Duration
}{
	{"2006-01-02T15:04:05.999999999Z07:00", time.Second},
	{"2006-01-02T15:04Z07:00", time.Minute},
	{"2006-01-02T15:04:05", time.Second},
	{"2006-01-02T15:04", time.Minute},
}

// Parse parses a time: RFC 3339 with or without seconds, a date, now, today, or a distance from
// now like -7d, +2w, -3h. A time without an offset is in the zone of the clock. A distance in
// days or weeks leads to the same time of day, one in hours is elapsed time; they differ when
// the clocks change. ok is false for anything else and for years outside 1 to 9999.
func (c Clock) Parse(s string) (span TimeRange, ok bool) {
	switch s = strings.TrimRight(s, " "); {
	case s == "now":
		return instant(c.Now), true
	case s == "today":
		return c.day(c.localTime(c.Now)), true
	case len(s) > 2 && strings.ContainsRune("+- ", rune(s[0])):
		return c.distance(s)
	case len(s) == len(time.DateOnly):
		t, err := time.Parse(time.DateOnly, s)
		day := c.day(t)
		return day, err == nil && inRange(t) && inRange(time.UnixMilli(day.From))
	}
	return c.timestamp(s)
}

// timestamp parses a time in one of the layouts.
func (c Clock) timestamp(s string) (TimeRange, bool) {
	if len(s) < 16 || s[10] != 'T' {
		return TimeRange{}, false
	}
	// A plus sign that was not escaped in a URL arrives as a blank.
	if i := len(s) - 6; s[i] == ' ' {
		s = s[:i] + "+" + s[i+1:]
	}
	for _, l := range layouts {
		t, err := time.Parse(l.layout, s)
		if err != nil {
			continue
		}
		if !strings.HasSuffix(l.layout, "Z07:00") {
			t = c.withClock(t)
		}
		if !inRange(t) {
			return TimeRange{}, false
		}
		if t.Nanosecond() != 0 {
			return instant(t), true
		}
		return TimeRange{t.UnixMilli(), t.Add(l.length).UnixMilli()}, true
	}
	return TimeRange{}, false
}

// distance parses a distance from now: a sign, digits and a unit.
func (c Clock) distance(s string) (TimeRange, bool) {
	n, err := strconv.Atoi(s[1 : len(s)-1])
	if err != nil || n < 0 || s[1] == '-' || s[1] == '+' || n > 400_000 {
		return TimeRange{}, false
	}
	if s[0] == '-' {
		n = -n
	}
	t := c.Now
	switch s[len(s)-1] {
	case 'h':
		t = t.Add(time.Duration(n) * time.Hour)
	case 'd':
		t = c.daysFromNow(n)
	case 'w':
		t = c.daysFromNow(7 * n)
	default:
		return TimeRange{}, false
	}
	return instant(t), inRange(t)
}

// daysFromNow returns the present time of day on another date.
func (c Clock) daysFromNow(n int) time.Time {
	if n == 0 {
		return c.Now // withClock would return the first of two times that the clocks show alike
	}
	return c.withClock(c.localTime(c.Now).AddDate(0, 0, n))
}

func instant(t time.Time) TimeRange { return TimeRange{t.UnixMilli(), t.UnixMilli() + 1} }

// day returns the range of a date. It may be 23 or 25 hours long.
func (c Clock) day(t time.Time) TimeRange {
	y, m, d := t.Date()
	return TimeRange{c.midnight(y, m, d), c.midnight(y, m, d+1)}
}

// midnight returns the start of a date. If the clocks skip midnight, the day starts at the
// change; a date that they skip as a whole is empty.
func (c Clock) midnight(y int, m time.Month, d int) int64 {
	wall := time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
	start := c.withClock(wall)
	if !c.localTime(start).Equal(wall) {
		start, _ = start.In(c.zone()).ZoneBounds()
	}
	return start.UnixMilli()
}

// localTime returns the time that the clocks of the zone show, as a time in UTC.
func (c Clock) localTime(t time.Time) time.Time {
	_, offset := t.In(c.zone()).Zone()
	return t.UTC().Add(time.Duration(offset) * time.Second)
}

// withClock returns the instant at which the clocks of the zone show a time. If they show it
// twice, it is the first; if they skip it, the offset before the change applies. This is the
// rule of RFC 5545 section 3.3.5. time.Date is not used, because its choice depends on the
// zone.
func (c Clock) withClock(wall time.Time) time.Time {
	before := wall.AddDate(0, 0, -1) // more than any offset
	first := wall.Add(before.Sub(c.localTime(before)))
	last := wall.Add(first.Sub(c.localTime(first)))
	if c.localTime(last).Equal(wall) {
		return last
	}
	return first
}

func inRange(t time.Time) bool { return t.UTC().Year() >= 1 && t.UTC().Year() <= 9999 }

// IsAbsoluteTime reports whether a time that Clock reads is a date or a timestamp,
// not a word or a distance.
func IsAbsoluteTime(s string) bool { return len(s) >= 10 && s[4] == '-' && s[7] == '-' }

package norm

import (
	"strconv"
	"strings"
	"time"
)

// TimeRange is a stretch of time in unix milliseconds, from inclusive, until
// exclusive. What a client writes with the precision of a day, a minute or a
// second means the whole of it, so a time copied from an answer finds its record.
type TimeRange struct{ From, Until int64 }

// Clock reads times: it knows what is now, and in which zone dates and clock times
// are meant.
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

var layouts = []struct {
	layout string
	length time.Duration
}{
	{"2006-01-02T15:04:05.999999999Z07:00", time.Second},
	{"2006-01-02T15:04Z07:00", time.Minute},
	{"2006-01-02T15:04:05", time.Second},
	{"2006-01-02T15:04", time.Minute},
}

// Parse reads a time: RFC 3339 with or without seconds, a date, now, today, or
// a distance from now like -7d, +2w, -3h. Without an offset it is read in the
// workspace's zone; days and weeks keep the clock's time, hours are elapsed time.
// ok is false for anything else and for years outside 1 to 9999.
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

// daysFromNow returns the time of day that it is now on another date.
func (c Clock) daysFromNow(n int) time.Time {
	if n == 0 {
		return c.Now // the clocks may show this time twice
	}
	return c.withClock(c.localTime(c.Now).AddDate(0, 0, n))
}

func instant(t time.Time) TimeRange { return TimeRange{t.UnixMilli(), t.UnixMilli() + 1} }

func (c Clock) day(t time.Time) TimeRange {
	y, m, d := t.Date()
	return TimeRange{c.midnight(y, m, d), c.midnight(y, m, d+1)}
}

// midnight returns the first moment of a date. Where clocks skip midnight the
// day begins at the change; a date they skip as a whole is empty.
func (c Clock) midnight(y int, m time.Month, d int) int64 {
	wall := time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
	start := c.withClock(wall)
	if !c.localTime(start).Equal(wall) {
		start, _ = start.In(c.zone()).ZoneBounds()
	}
	return start.UnixMilli()
}

// localTime returns what the zone's clocks show at a moment, as a time in UTC.
func (c Clock) localTime(t time.Time) time.Time {
	_, offset := t.In(c.zone()).Zone()
	return t.UTC().Add(time.Duration(offset) * time.Second)
}

// withClock returns the moment at which the zone's clocks show a time. Of a time shown
// twice it is the first; one that is skipped counts on from before the change.
// RFC 5545 section 3.3.5 has it so; time.Date takes either, by the zone.
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

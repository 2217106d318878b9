package query

import (
	"strconv"
	"strings"
	"time"
)

// Span is a stretch of time in unix milliseconds, from inclusive, until
// exclusive. What a client writes with the precision of a day, a minute or a
// second means the whole of it, so a time copied from an answer finds its record.
type Span struct{ From, Until int64 }

var layouts = []struct {
	layout string
	length time.Duration
}{
	{"2006-01-02T15:04:05.999999999Z07:00", time.Second},
	{"2006-01-02T15:04Z07:00", time.Minute},
	{"2006-01-02T15:04:05", time.Second},
	{"2006-01-02T15:04", time.Minute},
}

// Moment reads a time: RFC 3339 with or without seconds, a date, now, today, or
// a distance from now like -7d, +2w, -3h. Without an offset it is read in the
// workspace's zone. ok is false for anything else and for years outside 1 to 9999.
func (env Env) Moment(s string) (span Span, ok bool) {
	switch s = strings.TrimRight(s, " "); {
	case s == "now":
		return instant(env.Now), true
	case s == "today":
		return env.day(env.Now.In(env.zone())), true
	case len(s) > 2 && strings.ContainsRune("+- ", rune(s[0])):
		return env.distance(s)
	case len(s) == len(time.DateOnly):
		t, err := time.Parse(time.DateOnly, s)
		day := env.day(t)
		return day, err == nil && inRange(t) && inRange(time.UnixMilli(day.From))
	}
	return env.timestamp(s)
}

func (env Env) timestamp(s string) (Span, bool) {
	if len(s) < 16 || s[10] != 'T' {
		return Span{}, false
	}
	// A plus sign that was not escaped in a URL arrives as a blank.
	if i := len(s) - 6; s[i] == ' ' {
		s = s[:i] + "+" + s[i+1:]
	}
	for _, l := range layouts {
		t, err := time.ParseInLocation(l.layout, s, env.zone())
		if err != nil || !inRange(t) {
			continue
		}
		if t.Nanosecond() != 0 {
			return instant(t), true
		}
		return Span{t.UnixMilli(), t.Add(l.length).UnixMilli()}, true
	}
	return Span{}, false
}

func (env Env) distance(s string) (Span, bool) {
	n, err := strconv.Atoi(s[1 : len(s)-1])
	if err != nil || n < 0 || s[1] == '-' || s[1] == '+' || n > 400_000 {
		return Span{}, false
	}
	if s[0] == '-' {
		n = -n
	}
	t := env.Now.In(env.zone())
	switch s[len(s)-1] {
	case 'h':
		t = t.Add(time.Duration(n) * time.Hour)
	case 'd':
		t = t.AddDate(0, 0, n)
	case 'w':
		t = t.AddDate(0, 0, 7*n)
	default:
		return Span{}, false
	}
	return instant(t), inRange(t)
}

func instant(t time.Time) Span { return Span{t.UnixMilli(), t.UnixMilli() + 1} }

func (env Env) day(t time.Time) Span {
	y, m, d := t.Date()
	return Span{env.midnight(y, m, d), env.midnight(y, m, d+1)}
}

// midnight returns the first moment of a date. Where clocks go forward at
// midnight the day begins when they do.
func (env Env) midnight(y int, m time.Month, d int) int64 {
	noon := time.Date(y, m, d, 12, 0, 0, 0, env.zone())
	start := time.Date(y, m, d, 0, 0, 0, 0, env.zone())
	if start.Day() != noon.Day() {
		_, start = start.ZoneBounds()
	} else if from, _ := start.ZoneBounds(); start.Hour() > 0 && !from.IsZero() {
		start = from
	}
	return start.UnixMilli()
}

func inRange(t time.Time) bool { return t.UTC().Year() >= 1 && t.UTC().Year() <= 9999 }

// Stamp reports whether s is an absolute time, not a word or a distance.
func Stamp(s string) bool { return len(s) >= 10 && s[4] == '-' && s[7] == '-' }

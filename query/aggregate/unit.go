package aggregate

import (
	"math"
	"strings"
	"time"

	"crmkit/crm/norm"
)

// Unit is a unit of time by which lines are grouped. Its days are those of the workspace's zone.
type Unit string

// The units.
const (
	Day     Unit = "day"
	Week    Unit = "week" // from Monday on, as in ISO 8601
	Month   Unit = "month"
	Quarter Unit = "quarter"
	Year    Unit = "year"
)

// Units are the units, the shortest first.
var Units = []Unit{Day, Week, Month, Quarter, Year}

// unitNames returns the names of the units.
func unitNames() (names []string) {
	for _, u := range Units {
		names = append(names, string(u))
	}
	return names
}

// unitsOf returns the groups of a time, for hints.
func unitsOf(path string) string {
	var list []string
	for _, u := range Units {
		list = append(list, "group="+string(u)+"("+path+")")
	}
	return strings.Join(list, ", ")
}

// Bounds returns when the units begin that have the times from first to last, in Unix milliseconds, and when the
// unit after them begins. ok is false if there are more than MaxLines.
func (u Unit) Bounds(zone *time.Location, first, last int64) (starts []int64, end int64, ok bool) {
	clock := norm.Clock{Zone: zone}
	if zone == nil {
		zone = time.UTC
	}
	at := u.floor(time.UnixMilli(first).In(zone).AddDate(0, 0, -1)) // a day earlier: where clocks change, midnight may be another day
	for {
		start, next := begin(clock, at), u.next(at)
		end = begin(clock, next)
		if end > first && end > start {
			if len(starts) == MaxLines {
				return nil, 0, false
			}
			starts = append(starts, start)
		}
		if end > last {
			return starts, end, true
		}
		at = next
	}
}

// begin returns when a day begins. Days outside the years that can be written begin at the ends of time.
func begin(clock norm.Clock, day time.Time) int64 {
	span, ok := clock.Parse(day.Format(time.DateOnly))
	switch {
	case ok:
		return span.From
	case day.Year() < 2:
		return math.MinInt64
	}
	return math.MaxInt64
}

// floor returns the first day of the unit that has a day.
func (u Unit) floor(t time.Time) time.Time {
	y, m, d := t.Date()
	switch u {
	case Week:
		d -= (int(t.Weekday()) + 6) % 7
	case Month:
		d = 1
	case Quarter:
		m, d = m-(m-1)%3, 1
	case Year:
		m, d = 1, 1
	}
	return time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
}

// next returns the first day of the next unit.
func (u Unit) next(day time.Time) time.Time {
	switch u {
	case Week:
		return day.AddDate(0, 0, 7)
	case Month:
		return day.AddDate(0, 1, 0)
	case Quarter:
		return day.AddDate(0, 3, 0)
	case Year:
		return day.AddDate(1, 0, 0)
	}
	return day.AddDate(0, 0, 1)
}

// dayOf returns the day in a zone on which a unit begins.
func dayOf(zone *time.Location, start int64) time.Time {
	if zone == nil {
		zone = time.UTC
	}
	// An hour later it is the same day, also where the clocks change at midnight.
	return time.UnixMilli(start).In(zone).Add(time.Hour)
}

// Label returns how answers show the unit that begins at a time: 2026, 2026-Q4, 2026-11, or the first day.
func (u Unit) Label(zone *time.Location, start int64) string {
	day := dayOf(zone, start)
	switch u {
	case Year:
		return day.Format("2006")
	case Quarter:
		return day.Format("2006-Q") + string(rune('1'+(day.Month()-1)/3))
	case Month:
		return day.Format("2006-01")
	}
	return day.Format(time.DateOnly)
}

// Days returns the first day of the unit that begins at a time, and the first day after it, as filters take them.
func (u Unit) Days(zone *time.Location, start int64) (first, after string) {
	y, m, d := dayOf(zone, start).Date()
	day := time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
	return day.Format(time.DateOnly), u.next(day).Format(time.DateOnly)
}

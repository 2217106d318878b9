package norm

import (
	"strconv"
	"strings"
	"time"
	"unicode"
)

// DateOrder is the order of the parts of a date that is written in numbers.
type DateOrder string

// The orders that are read. A year of four digits in front is always followed by the month
// (ISO 8601), so it needs no order.
const (
	NoDateOrder  DateOrder = ""    // nothing that was read decides it
	DayMonthYear DateOrder = "dmy" // 30/07/2026
	MonthDayYear DateOrder = "mdy" // 07/30/2026
)

// WrittenDate is a date, with or without a time of day, as people and spreadsheets write it.
type WrittenDate struct {
	year, month, day int    // month 0: the order of a and b decides
	a, b             int    // the first two numbers of a date whose order is open
	clock            string // as 15:04 or 15:04:05, or empty
	zone             string // Z or an offset like +02:00; empty: the zone of the reader
}

// maxWrittenDate is the longest text that is read as a date, in bytes.
const maxWrittenDate = 64

// ReadDate splits a written date into its parts; ok is false for any other text. It reads
// 2026-07-30 and 2026/07/30, 30.07.2026 (points are written between day, month and year only in
// this order), 12 Mar 2025, Mar 12, 2025 and 12-Mar-2025 with English names of months, and dates
// with slashes or hyphens, whose order Time takes. A time of day may follow, with seconds, AM or
// PM, and an offset such as +0000. Years of two digits are refused.
func ReadDate(text string) (d WrittenDate, ok bool) {
	if len(text) > maxWrittenDate {
		return d, false
	}
	text = strings.TrimSpace(text)
	date, rest := cutDate(text)
	if !d.readDay(date) || !d.readClock(rest) {
		return d, false
	}
	if d.month == 0 {
		return d, d.fits(DayMonthYear) || d.fits(MonthDayYear)
	}
	return d, isDay(d.year, d.month, d.day)
}

// cutDate separates the date from the time of day: before the first word with a colon.
func cutDate(text string) (date, rest string) {
	if at := strings.IndexByte(text, 'T'); at >= 8 && at <= 10 && unicode.IsDigit(rune(text[at-1])) {
		return text[:at], text[at+1:]
	}
	colon := strings.IndexByte(text, ':')
	if colon < 0 {
		return text, ""
	}
	blank := strings.LastIndexAny(text[:colon], " ,")
	if blank < 0 {
		return text, ""
	}
	return text[:blank], text[blank+1:]
}

// readDay reads the date.
func (d *WrittenDate) readDay(text string) bool {
	parts := strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(" ,/.-", r) })
	if len(parts) == 4 && weekdays[lowerPrefix(parts[0])] {
		parts = parts[1:]
	}
	if len(parts) != 3 {
		return false
	}
	for i, part := range parts[:2] {
		if month := months[lowerPrefix(part)]; month > 0 && isMonthName(part) {
			day, okDay := number(parts[1-i], 1, 2)
			year, okYear := number(parts[2], 4, 4)
			d.year, d.month, d.day = year, month, day
			return okDay && okYear
		}
	}
	if year, ok := number(parts[0], 4, 4); ok {
		month, okMonth := number(parts[1], 1, 2)
		day, okDay := number(parts[2], 1, 2)
		d.year, d.month, d.day = year, month, day
		return okMonth && okDay && month > 0
	}
	a, okA := number(parts[0], 1, 2)
	b, okB := number(parts[1], 1, 2)
	year, okYear := number(parts[2], 4, 4)
	d.year, d.a, d.b = year, a, b
	if strings.Count(text, ".") == 2 {
		d.month, d.day = b, a
	}
	return okA && okB && okYear
}

// number reads so many digits.
func number(text string, least, most int) (n int, ok bool) {
	if len(text) < least || len(text) > most || !allDigits(text) {
		return 0, false
	}
	n, err := strconv.Atoi(text)
	return n, err == nil
}

// lowerPrefix returns the first three letters of a word, in lower case.
func lowerPrefix(word string) string { return strings.ToLower(word[:min(3, len(word))]) }

var months = map[string]int{"jan": 1, "feb": 2, "mar": 3, "apr": 4, "may": 5, "jun": 6, "jul": 7, "aug": 8, "sep": 9, "oct": 10, "nov": 11, "dec": 12}

var weekdays = map[string]bool{"mon": true, "tue": true, "wed": true, "thu": true, "fri": true, "sat": true, "sun": true}

// isMonthName reports whether a word is an English month, whole or cut to three or four letters.
func isMonthName(word string) bool {
	name := strings.ToLower(time.Month(months[lowerPrefix(word)]).String())
	word = strings.ToLower(word)
	return word == name || len(word) >= 3 && len(word) <= 4 && strings.HasPrefix(name, word)
}

// readClock reads the time of day and the offset behind a date.
func (d *WrittenDate) readClock(text string) bool {
	text = strings.ToUpper(strings.TrimSpace(text))
	if text == "" {
		return true
	}
	text, d.zone = cutZone(text)
	half := ""
	for _, word := range []string{"AM", "PM", "A.M.", "P.M."} {
		if before, found := strings.CutSuffix(text, word); found {
			text, half = strings.TrimSpace(before), word[:1]
		}
	}
	text, _, _ = strings.Cut(text, ".") // parts of a second, which are not kept
	parts := strings.Split(text, ":")
	if len(parts) != 2 && len(parts) != 3 {
		return false
	}
	hour, ok := number(parts[0], 1, 2)
	for _, part := range parts[1:] {
		n, fine := number(part, 2, 2)
		ok = ok && fine && n < 60
	}
	if !ok || half != "" && (hour < 1 || hour > 12) || hour > 23 {
		return false
	}
	if half != "" {
		hour %= 12
	}
	if half == "P" {
		hour += 12
	}
	d.clock = pad(hour) + ":" + strings.Join(parts[1:], ":")
	return true
}

// cutZone cuts an offset, Z, UTC or GMT from the end of a time of day.
func cutZone(text string) (rest, zone string) {
	for _, word := range []string{"UTC", "GMT", "Z"} {
		if before, found := strings.CutSuffix(text, word); found {
			return strings.TrimSpace(before), "Z"
		}
	}
	at := strings.LastIndexAny(text, "+-")
	if at < 0 {
		return text, ""
	}
	digits := strings.Replace(text[at+1:], ":", "", 1)
	if len(digits) == 2 {
		digits += "00"
	}
	if len(digits) != 4 || !allDigits(digits) || digits > "1459" {
		return text, ""
	}
	return strings.TrimSpace(text[:at]), text[at:at+1] + digits[:2] + ":" + digits[2:]
}

func pad(n int) string { return string([]byte{byte('0' + n/10), byte('0' + n%10)}) }

// fits reports whether the two numbers are a day and a month in an order.
func (d WrittenDate) fits(order DateOrder) bool {
	day, month := d.a, d.b
	if order == MonthDayYear {
		day, month = d.b, d.a
	}
	return isDay(d.year, month, day)
}

// isDay reports whether a date exists, in the years that are kept.
func isDay(year, month, day int) bool {
	t := time.Date(year, time.Month(month), day, 0, 0, 0, 0, time.UTC)
	return year >= 1 && t.Day() == day && int(t.Month()) == month
}

// Decides returns the order that the date shows, or NoDateOrder if it can be read in both or
// needs none.
func (d WrittenDate) Decides() DateOrder {
	switch {
	case d.month > 0:
		return NoDateOrder
	case !d.fits(MonthDayYear):
		return DayMonthYear
	case !d.fits(DayMonthYear):
		return MonthDayYear
	}
	return NoDateOrder
}

// Ambiguous reports whether the date is another one in another order.
func (d WrittenDate) Ambiguous() bool {
	return d.month == 0 && d.a != d.b && d.fits(DayMonthYear) && d.fits(MonthDayYear)
}

// Time returns the date in the form that Clock.Parse reads: 2026-07-30, or with a time of day
// 2026-07-30T15:04, with seconds if they were written, and its offset. ok is false if the order does not fit.
func (d WrittenDate) Time(order DateOrder) (text string, ok bool) {
	month, day := d.month, d.day
	if month == 0 {
		if order == NoDateOrder {
			order = d.Decides()
		}
		if order == NoDateOrder && d.a != d.b || !d.fits(order) {
			return "", false
		}
		day, month = d.a, d.b
		if order == MonthDayYear {
			day, month = d.b, d.a
		}
	}
	text = pad(d.year/100) + pad(d.year%100) + "-" + pad(month) + "-" + pad(day)
	if d.clock != "" {
		text += "T" + d.clock + d.zone
	}
	return text, true
}

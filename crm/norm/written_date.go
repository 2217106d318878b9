package norm

import (
	"slices"
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
// this order), 12 Mar 2025, Mar 12, 2025, 12-Mar-2025 and 1. März 2026 with the names of months in
// some languages, and dates with slashes or hyphens, whose order Time takes. A time of day may
// follow, with seconds, AM or PM, and an offset such as +0000. A year of two digits is one from 1969
// to 2068; it is refused in numbers with hyphens, where it could be the first of the three.
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
	parts = slices.DeleteFunc(parts, func(part string) bool { return slices.Contains(dateParticles, strings.ToLower(part)) })
	if len(parts) == 4 && isWeekday(parts[0]) {
		parts = parts[1:]
	}
	if len(parts) != 3 {
		return false
	}
	for i, part := range parts[:2] {
		if month := months[Fold(part)]; month > 0 {
			day, okDay := number(withoutOrdinal(parts[1-i]), 1, 2)
			year, okYear := yearOf(parts[2])
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
	year, okYear := yearOf(parts[2])
	d.year, d.a, d.b = year, a, b
	if strings.Count(text, ".") == 2 {
		d.month, d.day = b, a
	}
	return okA && okB && okYear && (len(parts[2]) == 4 || !strings.Contains(text, "-"))
}

// yearOf reads a year of four digits, or of two as POSIX does: 69 is 1969, and 68 is 2068.
func yearOf(text string) (year int, ok bool) {
	if year, ok = number(text, 2, 2); !ok {
		return number(text, 4, 4)
	}
	if year < 69 {
		return 2000 + year, true
	}
	return 1900 + year, true
}

// withoutOrdinal returns the day in 1st, 1er and 1º.
func withoutOrdinal(text string) string {
	for _, ending := range []string{"st", "nd", "rd", "th", "er", "º", "°", "ª"} {
		text = strings.TrimSuffix(text, ending)
	}
	return text
}

// number reads so many digits.
func number(text string, least, most int) (n int, ok bool) {
	if len(text) < least || len(text) > most || !allDigits(text) {
		return 0, false
	}
	n, err := strconv.Atoi(text)
	return n, err == nil
}

// months are the names of months and their short forms, folded: in English, German, French, Spanish,
// Italian, Dutch, and Portuguese.
var months = monthNames(`january jan janu januar janner janvier janv enero ene gennaio gen januari janeiro`,
	`february feb febr februar feber fevrier fevr febrero febbraio februari fevereiro fev`, `march mar marc marz mrz mars marzo maart mrt marco`,
	`april apr apri avril avr abril abr aprile`, `may mai mayo maggio mag mei maio`, `june jun juni juin junio giugno giu junho`, `july jul juli juillet juil julio luglio lug julho`,
	`august aug augu aout agosto ago augustus`, `september sep sept septembre septiembre settembre set sett setembro`, `october oct octo oktober okt octobre octubre ottobre ott outubro out`,
	`november nov nove novembre noviembre novembro`, `december dec dece dezember dez decembre diciembre dic dicembre dezembro`)

func monthNames(lists ...string) map[string]int {
	all := map[string]int{}
	for i, list := range lists {
		for _, name := range strings.Fields(list) {
			all[name] = i + 1
		}
	}
	return all
}

// weekdays are the names of days in these languages, folded. A short form is the beginning of one.
var weekdays = strings.Fields(`monday tuesday wednesday thursday friday saturday sunday montag dienstag mittwoch donnerstag freitag samstag sonnabend sonntag
	lundi mardi mercredi jeudi vendredi samedi dimanche lunes martes miercoles jueves viernes sabado domingo lunedi martedi mercoledi giovedi venerdi sabato domenica
	maandag dinsdag woensdag donderdag vrijdag zaterdag zondag segunda terca quarta quinta sexta`)

// dateParticles are words between the parts of a date: 1 de marzo de 2026, segunda-feira.
var dateParticles = []string{"de", "del", "di", "of", "the", "den", "der", "le", "feira"}

// isWeekday reports whether a word is the name of a day, or its first two letters or more.
func isWeekday(word string) bool {
	word = Fold(word)
	return len(word) > 1 && slices.ContainsFunc(weekdays, func(day string) bool { return strings.HasPrefix(day, word) })
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

// IsNoDate reports whether a text is what Outlook and databases write for no date: 0.0.00, 0/0/00,
// 00.00.0000, 0000-00-00.
func IsNoDate(text string) bool {
	date, clock, _ := strings.Cut(strings.TrimSpace(text), " ")
	parts := strings.FieldsFunc(date, func(r rune) bool { return strings.ContainsRune("./-", r) })
	return len(parts) == 3 && len(date) >= len("0/0/00") && len(date) <= len("0000-00-00") && strings.Trim(strings.Join(parts, "")+clock, "0:") == ""
}

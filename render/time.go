package render

import "time"

// The first millisecond of year 1 and of year 10000, in Unix time. Between them a year has
// four digits.
const (
	yearOne         = -62_135_596_800_000
	yearTenThousand = 253_402_300_800_000
)

// appendTime appends a time as RFC 3339 to the minute: in the zone with its offset, in UTC with
// Z. Local mean times of the 19th century have offsets with seconds, which section 5.6 does not
// allow. These times are printed in UTC, so that they are read back as the same minute.
func appendTime(b []byte, ms int64, zone *time.Location) []byte {
	offset, local := shift(ms, zone)
	if !local || offset%60 != 0 {
		return append(appendMinute(b, ms), 'Z')
	}
	return appendOffset(appendMinute(b, ms+offset*1000), offset/60)
}

// appendTimeSecond is appendTime to the second.
func appendTimeSecond(b []byte, ms int64, zone *time.Location) []byte {
	offset, local := shift(ms, zone)
	if !local || offset%60 != 0 {
		return append(appendSecond(b, ms), 'Z')
	}
	return appendOffset(appendSecond(b, ms+offset*1000), offset/60)
}

// appendDay appends the date of a time in the zone.
func appendDay(b []byte, ms int64, zone *time.Location) []byte {
	offset, _ := shift(ms, zone)
	return appendDate(b, time.UnixMilli(ms+offset*1000).UTC())
}

// shift returns how many seconds the zone is ahead of UTC at the time. local is false if
// UTC is to be printed: for UTC and its aliases, and if the local year does not have four
// digits.
func shift(ms int64, zone *time.Location) (seconds int64, local bool) {
	if zone == nil || zone == time.UTC {
		return 0, false
	}
	name, offset := time.UnixMilli(ms).In(zone).Zone()
	seconds = int64(offset)
	if at := ms + seconds*1000; name == "UTC" || at < yearOne || at >= yearTenThousand {
		return 0, false
	}
	return seconds, true
}

// appendMinute appends a time in UTC to the minute, without an offset.
func appendMinute(b []byte, ms int64) []byte {
	t := time.UnixMilli(ms).UTC()
	b = appendDate(b, t)
	b = appendTwo(append(b, 'T'), t.Hour())
	return appendTwo(append(b, ':'), t.Minute())
}

// appendDate appends a date as 2006-01-02.
func appendDate(b []byte, t time.Time) []byte {
	year, month, date := t.Date()
	b = appendTwo(appendTwo(b, year/100), year%100)
	b = appendTwo(append(b, '-'), int(month))
	return appendTwo(append(b, '-'), date)
}

// appendOffset appends an offset from UTC in minutes, like +05:45.
func appendOffset(b []byte, minutes int64) []byte {
	sign := byte('+')
	if minutes < 0 {
		sign, minutes = '-', -minutes
	}
	b = appendTwo(append(b, sign), int(minutes/60))
	return appendTwo(append(b, ':'), int(minutes%60))
}

// appendTwo appends a number below 100 as two digits.
func appendTwo(b []byte, n int) []byte { return append(b, byte('0'+n/10), byte('0'+n%10)) }

package fieldtype

import (
	"crmkit/crm"
	"crmkit/crm/norm"
)

// Time is a point in time.
//
// It accepts RFC 3339 with or without seconds, a date, now, today, and a distance from now
// such as -7d (see norm.Clock.Parse); without an offset the time is in the zone of the
// workspace. It stores Unix milliseconds, always of a whole second. A filter means the whole
// day, minute or second that it names: due_at=2026-06-10 finds the tasks of that day.
var Time crm.Type = timeType{}

type timeType struct{ base }

func (timeType) String() string { return "time" }

func (timeType) Kind() crm.Kind { return crm.TimeKind }

func (timeType) Comparison() crm.Comparison {
	return crm.Comparison{By: crm.ByTime, Ordered: true}
}

// TimeHelp ends every message about a text that is not a time.
const TimeHelp = "send RFC 3339 like 2026-06-10T09:00Z, a date, now, today, or an offset from now in hours, days or weeks, like -3h, +7d, -2w."

// Decode takes a time, or an object that says by how much the stored one is moved: {"shift":"+7d"}.
func (t timeType) Decode(r crm.Reader, f *crm.Field, json string) (crm.Input, *crm.Error) {
	if json[0] == '{' {
		return decodeChange(f, json, "shift")
	}
	return t.base.Decode(r, f, json)
}

// Parse takes the start of the span and rounds it down to the second. JSON shows seconds, and
// a record that is read and sent back must be unchanged.
func (timeType) Parse(r crm.Reader, f *crm.Field, text string) (crm.Value, *crm.Error) {
	span, ok := r.Clock.Parse(text)
	if d, written := norm.ReadDate(text); !ok && written && d.Ambiguous() {
		return crm.Value{}, crm.Errorf(crm.InvalidValue, "%s can be read with the day or the month first, so it is not saved in %s; %s", norm.Quote(text), f.Name, TimeHelp).On(f.Name)
	}
	if !ok {
		return crm.Value{}, crm.Errorf(crm.InvalidValue, "%s is not a time for %s; %s", norm.Quote(text), f.Name, TimeHelp).On(f.Name)
	}
	seconds := span.From / 1000
	if span.From%1000 < 0 {
		seconds--
	}
	return crm.Millis(seconds * 1000), nil
}

// Lenient accepts a date as people write it, such as 30.07.2026 or 12 Mar 2025, if it can be
// read in one way only.
func (timeType) Lenient(json string) string {
	text := sentText(json)
	d, ok := norm.ReadDate(text)
	if !ok || d.Ambiguous() || norm.IsAbsoluteTime(text) {
		return json
	}
	if at, ok := d.Time(d.Decides()); ok && at != text {
		return norm.QuoteJSON(at)
	}
	return json
}

// DecodeCell accepts dates as people and other products write them (see norm.ReadDate), in
// the order of the column. A date that this order does not fit is left as it is, and refused
// with all that are no times.
func (timeType) DecodeCell(f *crm.Field, c crm.Cell) (crm.Decoded, *crm.Error) {
	text, isText := norm.Unquote(c.JSON)
	if !isText {
		return crm.Decoded{JSON: c.JSON, Whole: true}, refuseChange(f, c.JSON)
	}
	if d, ok := norm.ReadDate(text); ok {
		if at, ok := d.Time(c.Dates); ok {
			text = at
		}
	}
	return crm.Decoded{JSON: norm.QuoteJSON(text), Whole: true}, nil
}

// Matches compares at the precision that was sent, because text answers show minutes and
// dates. Words and distances do not match: they name another time at each request.
func (timeType) Matches(r crm.Reader, _ *crm.Field, shown crm.Value, json string) bool {
	text, isText := norm.Unquote(json)
	span, ok := r.Clock.Parse(text)
	return isText && ok && shown.Set() && norm.IsAbsoluteTime(text) && span.From <= shown.Int && shown.Int < span.Until
}

func (timeType) Schema(*crm.Field) crm.JSONSchema {
	return crm.JSONSchema{Type: "string", Format: "date-time", Sent: []string{"string", "object"}}
}

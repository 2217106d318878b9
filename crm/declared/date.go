package declared

import (
	"time"

	"crmkit/crm"
	"crmkit/crm/norm"
)

// dateType is a day, without a time of day and without a zone.
//
// It accepts what a time accepts, and stores the day that this is in the zone of the workspace, as
// 2026-06-10. A filter compares days.
type dateType struct{ crm.Type }

func (dateType) String() string { return "date" }

func (dateType) Kind() crm.Kind { return crm.TextKind }

func (t dateType) Decode(r crm.Reader, f *crm.Field, json string) (crm.Input, *crm.Error) {
	text, isText := norm.Unquote(json)
	if !isText {
		return crm.Input{}, dateError(f, json)
	}
	v, err := r.Normal(f, text)
	return crm.Input{Field: f, Value: v}, err
}

func (dateType) Parse(r crm.Reader, f *crm.Field, text string) (crm.Value, *crm.Error) {
	span, ok := r.Clock.Parse(text)
	switch {
	case !ok:
		return crm.Value{}, dateError(f, norm.QuoteJSON(text))
	case IsDate(text):
		return crm.Str(text), nil
	}
	return crm.Str(DayAt(r.Clock, span.From)), nil
}

// IsDate reports whether a text is a date as dates are stored. It is that day in every zone, also in one that left
// the day out, as Samoa did 2011-12-30.
func IsDate(text string) bool {
	_, err := time.Parse(time.DateOnly, text)
	return err == nil
}

// DayAt returns the day of a time in Unix milliseconds in the zone of a clock.
func DayAt(clock norm.Clock, at int64) string {
	zone := clock.Zone
	if zone == nil {
		zone = time.UTC
	}
	return time.UnixMilli(at).In(zone).Format(time.DateOnly)
}

func dateError(f *crm.Field, json string) *crm.Error {
	return crm.Errorf(crm.InvalidValue, "%s is not a date for %s: send one like 2026-06-10, or today, or a distance in days or weeks like +7d.", norm.ShowJSON(json), f.Name).On(f.Name)
}

func (dateType) Schema(*crm.Field) crm.JSONSchema {
	return crm.JSONSchema{Type: "string", Format: "date"}
}

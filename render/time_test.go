package render_test

import (
	"strings"
	"testing"
	"time"
	_ "time/tzdata"

	"pgregory.net/rapid"

	"crmkit/crm"
	"crmkit/render"
)

// minute is RFC 3339 without seconds, as text prints times.
const minute = "2006-01-02T15:04Z07:00"

func location(t interface{ Fatalf(string, ...any) }, zone string) *time.Location {
	loc, err := time.LoadLocation(zone)
	if err != nil {
		t.Fatalf("%v", err)
	}
	return loc
}

func moment(t interface{ Fatalf(string, ...any) }, text string) crm.Value {
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		t.Fatalf("%v", err)
	}
	return crm.Millis(at.UnixMilli())
}

// listed returns a time as a text list in the zone shows it, for a field that is shown to the
// minute and for one that is shown as a day.
func listed(at crm.Value, zone *time.Location) (minute, day string) {
	line := render.Item{Head: "x", Fields: []render.Field{{Name: "m", Value: at}, {Name: "d", Value: at, Day: true}}}
	doc := &render.Response{Items: []render.Item{line}, Page: &render.Page{Plural: "contacts"}, Zone: zone}
	text := string(doc.Append(nil, render.Text))
	minute, day, _ = strings.Cut(strings.TrimPrefix(text, "x m="), " d=")
	day, _, _ = strings.Cut(day, "\n")
	return minute, day
}

type zoned struct{ zone, at, minute, day string }

func (test zoned) check(t *testing.T) {
	t.Helper()
	minute, day := listed(moment(t, test.at), location(t, test.zone))
	if minute != test.minute || day != test.day {
		t.Errorf("%s in %s: %s on %s, want %s on %s", test.at, test.zone, minute, day, test.minute, test.day)
	}
}

func TestZones(t *testing.T) {
	for _, test := range []zoned{
		{"Europe/Berlin", "2026-06-10T09:00:59Z", "2026-06-10T11:00+02:00", "2026-06-10"},
		{"Europe/Berlin", "2026-06-09T21:59:59Z", "2026-06-09T23:59+02:00", "2026-06-09"},
		{"Europe/Berlin", "2026-06-09T22:00:00Z", "2026-06-10T00:00+02:00", "2026-06-10"},
		{"Europe/Berlin", "2026-12-31T22:59:59Z", "2026-12-31T23:59+01:00", "2026-12-31"},
		{"Europe/Berlin", "2026-12-31T23:00:00Z", "2027-01-01T00:00+01:00", "2027-01-01"},
		{"Europe/Berlin", "2026-03-29T00:59:59Z", "2026-03-29T01:59+01:00", "2026-03-29"},
		{"Europe/Berlin", "2026-03-29T01:00:00Z", "2026-03-29T03:00+02:00", "2026-03-29"},
		{"Europe/Berlin", "2026-10-25T00:30:00Z", "2026-10-25T02:30+02:00", "2026-10-25"},
		{"Europe/Berlin", "2026-10-25T00:59:59Z", "2026-10-25T02:59+02:00", "2026-10-25"},
		{"Europe/Berlin", "2026-10-25T01:00:00Z", "2026-10-25T02:00+01:00", "2026-10-25"},
		{"Europe/Berlin", "2026-10-25T01:30:00Z", "2026-10-25T02:30+01:00", "2026-10-25"},
		{"Europe/Berlin", "2076-07-01T10:00:00Z", "2076-07-01T12:00+02:00", "2076-07-01"},
		{"America/New_York", "2026-03-08T06:59:59Z", "2026-03-08T01:59-05:00", "2026-03-08"},
		{"America/New_York", "2026-03-08T07:00:00Z", "2026-03-08T03:00-04:00", "2026-03-08"},
		{"America/New_York", "2026-11-01T05:59:59Z", "2026-11-01T01:59-04:00", "2026-11-01"},
		{"America/New_York", "2026-11-01T06:00:00Z", "2026-11-01T01:00-05:00", "2026-11-01"},
		{"America/New_York", "2026-06-10T03:59:59Z", "2026-06-09T23:59-04:00", "2026-06-09"},
		{"America/New_York", "1969-12-31T23:59:59Z", "1969-12-31T18:59-05:00", "1969-12-31"},
		{"America/St_Johns", "2026-01-10T09:00:00Z", "2026-01-10T05:30-03:30", "2026-01-10"},
		{"America/St_Johns", "2026-07-10T02:29:00Z", "2026-07-09T23:59-02:30", "2026-07-09"},
		{"Pacific/Marquesas", "2026-01-10T09:00:00Z", "2026-01-09T23:30-09:30", "2026-01-09"},
		{"Asia/Kathmandu", "2026-06-09T18:14:59Z", "2026-06-09T23:59+05:45", "2026-06-09"},
		{"Asia/Kathmandu", "2026-06-09T18:15:00Z", "2026-06-10T00:00+05:45", "2026-06-10"},
		{"Asia/Kathmandu", "1985-12-31T18:29:00Z", "1985-12-31T23:59+05:30", "1985-12-31"},
		{"Asia/Kathmandu", "1985-12-31T18:30:00Z", "1986-01-01T00:15+05:45", "1986-01-01"},
		{"Australia/Lord_Howe", "2026-04-04T14:59:59Z", "2026-04-05T01:59+11:00", "2026-04-05"},
		{"Australia/Lord_Howe", "2026-04-04T15:00:00Z", "2026-04-05T01:30+10:30", "2026-04-05"},
		{"Australia/Lord_Howe", "2026-10-03T15:29:59Z", "2026-10-04T01:59+10:30", "2026-10-04"},
		{"Australia/Lord_Howe", "2026-10-03T15:30:00Z", "2026-10-04T02:30+11:00", "2026-10-04"},
		{"Pacific/Apia", "2011-12-30T09:59:59Z", "2011-12-29T23:59-10:00", "2011-12-29"},
		{"Pacific/Apia", "2011-12-30T10:00:00Z", "2011-12-31T00:00+14:00", "2011-12-31"},
		{"America/Sao_Paulo", "2018-11-04T02:59:59Z", "2018-11-03T23:59-03:00", "2018-11-03"},
		{"America/Sao_Paulo", "2018-11-04T03:00:00Z", "2018-11-04T01:00-02:00", "2018-11-04"},
		{"America/Sao_Paulo", "2019-02-17T01:59:59Z", "2019-02-16T23:59-02:00", "2019-02-16"},
		{"America/Sao_Paulo", "2019-02-17T02:00:00Z", "2019-02-16T23:00-03:00", "2019-02-16"},
		{"America/Sao_Paulo", "2026-01-10T02:00:00Z", "2026-01-09T23:00-03:00", "2026-01-09"},
		{"Pacific/Kiritimati", "2026-06-09T10:00:00Z", "2026-06-10T00:00+14:00", "2026-06-10"},
		{"Pacific/Pago_Pago", "2026-06-10T10:59:00Z", "2026-06-09T23:59-11:00", "2026-06-09"},
	} {
		test.check(t)
	}
}

// TestZonesAndUTC checks which times end in Z: those in UTC, and those whose local form RFC 3339
// does not allow.
func TestZonesAndUTC(t *testing.T) {
	for _, test := range []zoned{
		// A zone that is level with UTC in winter keeps the form it has in summer.
		{"Europe/London", "2026-01-10T09:00:00Z", "2026-01-10T09:00+00:00", "2026-01-10"},
		{"Europe/London", "2026-07-10T09:00:00Z", "2026-07-10T10:00+01:00", "2026-07-10"},
		{"Africa/Abidjan", "2026-07-10T09:00:00Z", "2026-07-10T09:00+00:00", "2026-07-10"},
		{"UTC", "2026-07-10T09:00:00Z", "2026-07-10T09:00Z", "2026-07-10"},
		{"Etc/UTC", "2026-07-10T09:00:00Z", "2026-07-10T09:00Z", "2026-07-10"},
		{"Etc/Zulu", "2026-07-10T09:00:00Z", "2026-07-10T09:00Z", "2026-07-10"},

		// Offsets with seconds: Liberia's until 1972, local mean times before.
		{"Africa/Monrovia", "1972-01-07T00:44:29Z", "1972-01-07T00:44Z", "1972-01-06"},
		{"Africa/Monrovia", "1972-01-07T00:44:30Z", "1972-01-07T00:44+00:00", "1972-01-07"},
		{"Europe/Berlin", "1893-03-31T23:06:31Z", "1893-03-31T23:06Z", "1893-03-31"},
		{"Europe/Berlin", "1893-03-31T23:06:32Z", "1893-04-01T00:06+01:00", "1893-04-01"},
		{"Europe/Dublin", "1900-01-01T00:10:00Z", "1900-01-01T00:10Z", "1899-12-31"},

		// Years of four digits end within a day of these.
		{"Etc/GMT-14", "9999-12-31T09:59:59Z", "9999-12-31T23:59+14:00", "9999-12-31"},
		{"Etc/GMT-14", "9999-12-31T10:00:00Z", "9999-12-31T10:00Z", "9999-12-31"},
		{"Etc/GMT+12", "9999-12-31T23:59:59Z", "9999-12-31T11:59-12:00", "9999-12-31"},
		{"Etc/GMT+12", "0001-01-01T12:00:00Z", "0001-01-01T00:00-12:00", "0001-01-01"},
		{"Etc/GMT+12", "0001-01-01T11:59:59Z", "0001-01-01T11:59Z", "0001-01-01"},
		{"Etc/GMT-14", "0001-01-01T00:00:00Z", "0001-01-01T14:00+14:00", "0001-01-01"},
		{"America/New_York", "0001-01-01T00:00:00Z", "0001-01-01T00:00Z", "0001-01-01"},
	} {
		test.check(t)
	}
}

// zones draws a zone of the database, or one with any offset below a day.
func zones() *rapid.Generator[*time.Location] {
	return rapid.Custom(func(t *rapid.T) *time.Location {
		if rapid.Bool().Draw(t, "fixed") {
			return time.FixedZone("", 60*rapid.IntRange(-1439, 1439).Draw(t, "minutes")+rapid.SampledFrom([]int{0, 0, 1, -30}).Draw(t, "seconds"))
		}
		return location(t, rapid.SampledFrom([]string{
			"UTC", "Etc/UTC", "Etc/GMT-14", "Etc/GMT+12", "Europe/London", "Europe/Dublin", "Europe/Berlin", "Europe/Amsterdam", "Africa/Monrovia", "Africa/Casablanca",
			"Africa/Cairo", "America/New_York", "America/St_Johns", "America/Sao_Paulo", "America/Caracas", "Asia/Kathmandu", "Asia/Kolkata", "Asia/Beirut", "Asia/Pyongyang",
			"Australia/Lord_Howe", "Pacific/Apia", "Pacific/Kiritimati", "Pacific/Chatham", "Pacific/Marquesas", "Antarctica/Troll",
		}).Draw(t, "zone"))
	})
}

// moments draws times of the years 1 to 9999, half of them of recent years.
func moments() *rapid.Generator[int64] {
	return rapid.OneOf(
		rapid.Int64Range(-62_135_596_800_000, 253_402_300_799_999),
		rapid.Int64Range(-2_500_000_000_000, 2_500_000_000_000),
		rapid.Int64Range(-62_135_596_800_000, -62_135_510_400_000),
		rapid.Int64Range(253_402_214_400_000, 253_402_300_799_999),
	)
}

// TestTimesRoundTrip checks that a printed time parses to the same minute, and that it is in local
// time if the offset of the zone has whole minutes.
func TestTimesRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		zone, ms := zones().Draw(t, "zone"), moments().Draw(t, "at")
		at := time.UnixMilli(ms)
		shown, day := listed(crm.Millis(ms), zone)
		read, err := time.Parse(minute, shown)
		if err != nil || !read.Equal(at.Truncate(time.Minute)) {
			t.Fatalf("%s in %s prints as %s, which reads as %s: %v", at.UTC(), zone, shown, read, err)
		}
		local := at.In(zone)
		_, offset := local.Zone()
		if year := local.Year(); year < 1 || year > 9999 {
			local, offset = at.UTC(), 0
		}
		if want := local.Format(time.DateOnly); day != want {
			t.Fatalf("%s in %s prints as %s, want %s", at.UTC(), zone, day, want)
		}
		if !strings.HasPrefix(shown, local.Format("2006-01-02T15:04")) && offset%60 == 0 {
			t.Fatalf("%s in %s prints as %s, not as %s", at.UTC(), zone, shown, local)
		}
	})
}

// TestZoneAppliesToAllTimesOfText checks each part of a text answer that can have a time.
func TestZoneAppliesToAllTimesOfText(t *testing.T) {
	at, later := moment(t, "2026-06-10T09:00:00Z"), moment(t, "2026-12-10T23:30:00Z")
	rec := contact(t)
	rec.Set("follow_up_at", at)
	line := render.Item{Head: "contact/c_07j0"}
	below := render.Item{Head: "token", Fields: []render.Field{{Name: "last_used_at", Value: at, Day: true}}}
	ratio := render.Item{Head: "window", Progress: true, Fields: []render.Field{{Name: "from", Value: at}, {Name: "until"}}}
	stored := render.Field{Name: "change", Named: true, Value: crm.Members([]crm.Member{{Name: "from.follow_up_at", JSON: `"2026-06-10T09:00:00Z"`}})}
	fault := crm.Errorf(crm.VersionConflict, "read 2026-06-10T09:00:00Z again")
	fault.Record = &rec
	for _, test := range []struct {
		name string
		doc  render.Response
		text string
	}{
		{"lines below a line", render.Response{Line: &line, Name: "tokens", Items: []render.Item{below}}, "contact/c_07j0\ntoken last_used_at=2026-06-10T11:00+02:00\n"},
		{"a receipt", render.Response{Line: &line, Result: "updated", Changed: []render.Change{{Name: "follow_up_at", From: at, To: later}}},
			"contact/c_07j0\n# updated: follow_up_at 2026-06-10T11:00+02:00 -> 2026-12-11T00:30+01:00\n"},
		{"a receipt of one", render.Response{Line: &line, Result: "updated", Changed: []render.Change{{Name: "follow_up_at", From: at}}},
			"contact/c_07j0\n# updated: follow_up_at 2026-06-10T11:00+02:00 -> (unset)\n"},
		{"an error's record", render.Response{Error: fault},
			"ERROR version_conflict\nHINT  read 2026-06-10T09:00:00Z again\ncontact/c_07j0 name=\"Jane Doe\" follow_up_at=2026-06-10T11:00+02:00 version=3\n"},
		{"a ratio", render.Response{Line: &ratio}, "window: 2026-06-10T11:00+02:00 / unlimited\n"},
		{"stored text", render.Response{Line: &render.Item{Head: "change", Fields: []render.Field{stored}}}, "change change.from.follow_up_at=2026-06-10T09:00:00Z\n"},
	} {
		_, utc := both(&test.doc)
		test.doc.Zone = location(t, "Europe/Berlin")
		text, object := both(&test.doc)
		if text != test.text {
			t.Errorf("%s: %q, want %q", test.name, text, test.text)
		}
		if object != utc || strings.Contains(object, "+02:00") {
			t.Errorf("%s: the zone reaches JSON: %s", test.name, object)
		}
	}
}

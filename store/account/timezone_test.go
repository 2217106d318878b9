package account

import (
	"errors"
	"strings"
	"testing"
	"time"

	"crmkit/crm"
)

func TestZonesOfTheWorldLoad(t *testing.T) {
	names := strings.Fields(`
		UTC GMT EST5EDT CET PST8PDT Zulu Etc/UTC Etc/GMT+12 Etc/GMT-14 US/Pacific
		Africa/Abidjan Africa/Cairo Africa/Johannesburg Africa/Lagos Africa/Porto-Novo
		America/Argentina/Buenos_Aires America/Chicago America/Halifax America/Indiana/Knox America/Los_Angeles
		America/Mexico_City America/New_York America/North_Dakota/New_Salem America/Port-au-Prince America/Sao_Paulo America/St_Johns
		Antarctica/DumontDUrville Antarctica/Troll Arctic/Longyearbyen
		Asia/Calcutta Asia/Dubai Asia/Kathmandu Asia/Kolkata Asia/Shanghai Asia/Singapore Asia/Tokyo
		Atlantic/Azores Atlantic/Reykjavik Australia/Lord_Howe Australia/Sydney
		Europe/Berlin Europe/Dublin Europe/Istanbul Europe/Kyiv Europe/London Europe/Paris
		Indian/Maldives Pacific/Apia Pacific/Auckland Pacific/Chatham`)
	if len(names) != 50 {
		t.Errorf("the sample has %d names", len(names))
	}
	for _, name := range names {
		zone, err := LoadTimeZone(name)
		if err != nil || zone.String() != name {
			t.Errorf("Zone(%s) is %v, %v", name, zone, err)
		}
	}
}

func TestZonesKeepTheirClocks(t *testing.T) {
	noon := time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)
	for name, want := range map[string]string{
		"UTC": "12:00 +0000", "Europe/Berlin": "14:00 +0200", "America/New_York": "08:00 -0400",
		"Asia/Kathmandu": "17:45 +0545", "Pacific/Apia": "01:00 +1300", "Etc/GMT+12": "00:00 -1200",
	} {
		zone, err := LoadTimeZone(name)
		if got := noon.In(zone).Format("15:04 -0700"); err != nil || got != want {
			t.Errorf("noon UTC in %s is %s, want %s, %v", name, got, want, err)
		}
	}
}

// TestUnknownZones checks that names which time.LoadLocation accepts but are not in its database are
// refused like unknown names.
func TestUnknownZones(t *testing.T) {
	for _, name := range []string{
		"", " ", "Local", "local", "/etc/localtime", "../../etc/passwd", "Europe/../Europe/Berlin", "./UTC", "Europe//Berlin", "Europe/",
		"right/Europe/Berlin", "posix/Europe/Berlin", "tzdata.zi", "zone.tab", "Europe", "America/Indiana", "Mars/Olympus", "CEST", "UTC+2", "+02:00",
		`Europe\Berlin`, "Europe/Berlin\x00", "Ëurope/Berlin", "Europe/Berlín", "\xff", "Europe/" + strings.Repeat("B", 58),
	} {
		wantNoZone(t, name, "")
	}
}

func TestZonesAreHinted(t *testing.T) {
	for name, near := range map[string]string{
		"europe/berlin": "Europe/Berlin", "EUROPE/BERLIN": "Europe/Berlin", "america/new york": "America/New_York",
		" Europe/Berlin": "Europe/Berlin", "Europe/Berlin\n": "Europe/Berlin", "utc": "UTC", "cet": "CET", "asia/ho chi minh": "Asia/Ho_Chi_Minh",
		"america/argentina/buenos aires": "America/Argentina/Buenos_Aires", "africa/porto-novo": "Africa/Porto-Novo",
	} {
		wantNoZone(t, name, near)
	}
}

// wantNoZone checks that a name is refused, and that the suggested name is accepted.
func wantNoZone(t *testing.T, name, near string) {
	t.Helper()
	zone, err := LoadTimeZone(name)
	var coded *crm.Error
	if !errors.As(err, &coded) || coded.Code != crm.InvalidValue || coded.Field != "time_zone" || zone != time.UTC {
		t.Errorf("Zone(%q) is %v, %v", name, zone, err)
		return
	}
	if coded.DidYouMean != near || near != "" && !strings.Contains(coded.Hint, "Did you mean "+near+"?") {
		t.Errorf("Zone(%q) suggests %q, want %q: %s", name, coded.DidYouMean, near, coded.Hint)
	}
	if !strings.Contains(coded.Hint, "Europe/Berlin") {
		t.Errorf("Zone(%q) gives no example: %s", name, coded.Hint)
	}
}

func FuzzZone(f *testing.F) {
	for _, name := range []string{"UTC", "Europe/Berlin", "europe/berlin", "Local", "../UTC", "ǆ/ß", "\xff", ""} {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		zone, err := LoadTimeZone(name)
		if err == nil {
			if zone.String() != name || name == "Local" || strings.Contains(name, ".") {
				t.Errorf("Zone(%q) is %v", name, zone)
			}
			return
		}
		var coded *crm.Error
		if !errors.As(err, &coded) || zone != time.UTC {
			t.Fatalf("Zone(%q) is %v, %v", name, zone, err)
		}
		if coded.DidYouMean != "" {
			if _, err := LoadTimeZone(coded.DidYouMean); err != nil {
				t.Errorf("Zone(%q) suggests %q, which is none", name, coded.DidYouMean)
			}
		}
	})
}

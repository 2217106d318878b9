package account

import (
	"regexp"
	"strings"
	"time"
	_ "time/tzdata" // the program has the time zones, even if the machine has none

	"crmkit/crm"
	"crmkit/crm/norm"
)

// zoneName is the form of names in the IANA time zone database. time.LoadLocation also accepts the
// empty name, Local, and directories of the machine such as right/, whose clocks count leap
// seconds. These are excluded.
var zoneName = regexp.MustCompile(`^[A-Z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+)*$`)

// LoadTimeZone returns the time zone with an IANA name.
func LoadTimeZone(name string) (*time.Location, error) {
	if zoneName.MatchString(name) && name != "Local" && len(name) <= 64 {
		if zone, err := time.LoadLocation(name); err == nil {
			return zone, nil
		}
	}
	err := crm.Errorf(crm.InvalidValue, "%s is not a time zone; send an IANA name like Europe/Berlin, America/New_York or UTC.", norm.Quote(name)).On("time_zone")
	if near := titled(name); near != name && zoneName.MatchString(near) && near != "Local" {
		if _, unknown := time.LoadLocation(near); unknown == nil {
			err.DidYouMean = near
			err.Hint += " Did you mean " + near + "?"
		}
	}
	return time.UTC, err
}

// titled spells a name as the database mostly does: europe/new york becomes Europe/New_York,
// and utc becomes UTC.
func titled(name string) string {
	name = strings.ReplaceAll(strings.TrimSpace(name), " ", "_")
	if len(name) <= 4 {
		return strings.ToUpper(name)
	}
	up := true
	return strings.Map(func(r rune) rune {
		was := up
		up = r == '/' || r == '_' || r == '-'
		if was {
			return []rune(strings.ToUpper(string(r)))[0]
		}
		return []rune(strings.ToLower(string(r)))[0]
	}, name)
}

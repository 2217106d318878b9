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

// checkPlace checks the time zone and the country of a workspace, and writes the code of the country
// in capitals.
func checkPlace(workspace crm.Record) error {
	if _, err := LoadTimeZone(workspace.Value("time_zone").Text); err != nil {
		return err
	}
	text := workspace.Value("country").Text
	code := strings.ToUpper(text)
	if code == "" || norm.IsCountry(code) {
		workspace.Set("country", crm.Str(code))
		return nil
	}
	err := crm.Errorf(crm.InvalidValue, "%s is not a country code of ISO 3166-1; send two letters like DE or US, or null for none.", norm.Quote(text)).On("country")
	if meant := otherCountryCodes[code]; meant != "" {
		err.DidYouMean = meant
		err.Hint += " Did you mean " + meant + "?"
	}
	return err
}

// otherCountryCodes are codes that people write for a country whose code in the standard is
// another one.
var otherCountryCodes = map[string]string{"UK": "GB", "EL": "GR", "EN": "GB", "SP": "ES"}

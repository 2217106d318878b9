package query

import (
	"strings"

	"crmkit/crm"
	"crmkit/crm/norm"
)

// flagCondition returns the condition on a flag: whether its time is set.
func flagCondition(t target, param, value string) (string, *crm.Error) {
	column := t.field.FlagOf().Time
	switch strings.ToLower(value) {
	case "yes", "true":
		return t.alias() + "." + column + " IS NOT NULL", nil
	case "no", "false":
		return t.alias() + "." + column + " IS NULL", nil
	}
	return "", crm.Errorf(crm.InvalidValue, "%s cannot be %s; write %s=yes or %s=no. To filter by the time use %s.",
		norm.Quote(param), norm.Quote(value), norm.Quote(param), norm.Quote(param), column).On(param)
}

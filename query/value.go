package query

import (
	"strings"
	"unicode/utf8"

	"crmkit/crm"
	"crmkit/crm/norm"
)

// Normal returns the stored form of what a client wrote for a field of a text
// or time type; an empty string is Null. "me" is the address of who asks, where a
// field names a person. The error names the field, what is allowed, and an example.
func (env Env) Normal(f *crm.Field, s string) (crm.Value, *crm.Error) {
	clean, ok := norm.Clean(s)
	if !ok {
		return crm.Value{}, crm.Errorf(crm.InvalidValue, "%s holds a NUL character or bytes that are not UTF-8; send UTF-8 text.", f.Name).On(f.Name)
	}
	if clean == "" {
		return crm.Value{}, nil
	}
	if f.IsUser && env.Me != "" && strings.EqualFold(clean, "me") {
		return crm.Str(env.Me), nil
	}
	switch f.Type {
	case crm.Email:
		return normalEmail(f, clean)
	case crm.Domain:
		if host, ok := norm.Host(clean); ok {
			return crm.Str(host), nil
		}
		return crm.Value{}, crm.Errorf(crm.InvalidValue, "%s is not a domain; send a host name like acme.com.", norm.Quote(clean)).On(f.Name)
	case crm.Choice:
		return normalChoice(f, clean)
	case crm.Money:
		if code := strings.ToUpper(clean); norm.IsCurrency(code) {
			return crm.Str(code), nil
		}
		return crm.Value{}, crm.Errorf(crm.InvalidValue, "%s is not an ISO 4217 currency code; send one like USD or EUR.", norm.Quote(clean)).On(f.Name)
	case crm.Time:
		return env.normalTime(f, clean)
	}
	if n := utf8.RuneCountInString(clean); n > f.Limit() {
		instead := ""
		if f.Limit() > crm.DefaultMax {
			instead = ", or log the rest as an activity of its own"
		}
		return crm.Value{}, crm.Errorf(crm.InvalidValue, "%s has %d characters; at most %d are allowed. Nothing was saved: shorten it%s.", f.Name, n, f.Limit(), instead).On(f.Name)
	}
	return crm.Str(clean), nil
}

func normalEmail(f *crm.Field, s string) (crm.Value, *crm.Error) {
	if address, ok := norm.Email(s); ok {
		return crm.Str(address), nil
	}
	return crm.Value{}, crm.Errorf(crm.InvalidEmail, "%s is not one bare e-mail address; send it like jane@acme.com, without a name or brackets.", norm.Quote(s)).On(f.Name)
}

func normalChoice(f *crm.Field, s string) (crm.Value, *crm.Error) {
	for _, word := range f.Values {
		if strings.EqualFold(word, s) {
			return crm.Str(word), nil
		}
	}
	return crm.Value{}, crm.Errorf(crm.InvalidValue, "%s cannot be %s; it is one of %s.", f.Name, norm.Quote(s), strings.Join(f.Values, ", ")).
		On(f.Name).Of(s, f.Values)
}

// timeHelp ends every complaint about a time.
const timeHelp = "send RFC 3339 like 2026-06-10T09:00Z, a date, now, today, or a distance in hours, days or weeks with its sign, like -3h, +7d, -2w."

func (env Env) normalTime(f *crm.Field, s string) (crm.Value, *crm.Error) {
	span, ok := env.clock().Parse(s)
	if !ok {
		return crm.Value{}, crm.Errorf(crm.InvalidValue, "%s is not a time for %s; %s", norm.Quote(s), f.Name, timeHelp).On(f.Name)
	}
	// Answers show seconds; keeping more would make a record differ from itself.
	seconds := span.From / 1000
	if span.From%1000 < 0 {
		seconds--
	}
	return crm.Millis(seconds * 1000), nil
}

// MaxTag is the most characters of a tag.
const MaxTag = 64

// Tag returns a tag in stored form.
func Tag(f *crm.Field, s string) (string, *crm.Error) {
	clean, ok := norm.Clean(s)
	if !ok || clean == "" || strings.ContainsRune(clean, ',') || utf8.RuneCountInString(clean) > MaxTag {
		return "", crm.Errorf(crm.InvalidValue, "%s is no tag: a tag has 1 to %d characters and no comma.", norm.Quote(s), MaxTag).On(f.Name)
	}
	return clean, nil
}

// parseBool is the test on what a flag says: whether its time is set.
func parseBool(t target, param, value string) (string, *crm.Error) {
	switch strings.ToLower(value) {
	case "yes", "true":
		return t.alias() + "." + t.field.FlagOf + " IS NOT NULL", nil
	case "no", "false":
		return t.alias() + "." + t.field.FlagOf + " IS NULL", nil
	}
	return "", crm.Errorf(crm.InvalidValue, "%s cannot be %s; write %s=yes or %s=no. For when it was use %s.",
		norm.Quote(param), norm.Quote(value), norm.Quote(param), norm.Quote(param), t.field.FlagOf).On(param)
}

package server

import (
	"iter"
	"strings"

	"crmkit/crm"
	"crmkit/crm/norm"
)

// cellJSON returns the value of a column as the field takes it, and whether all of
// it went in. Text becomes what the field holds: a list of tags, an amount.
func cellJSON(f *crm.Field, t columnMapping, json, currency string) (value string, all bool, fault *crm.Error) {
	text, ok := norm.Unquote(json)
	if !ok && !(f.Type == crm.Int && !t.exact) {
		return json, true, nil
	}
	switch {
	case f.Type == crm.Int:
		if !ok {
			text = json
		}
		return cellNumber(f, t, text, currency)
	case f.Type == crm.Tags:
		labels, fault := cellLabels(f, t, text)
		return labels, fault == nil, fault
	case f.Type == crm.Object:
		return cellObject(f, text)
	case f.Type == crm.Flag:
		switch strings.ToLower(text) {
		case "yes", "true", "1":
			return "true", true, nil
		case "no", "false", "0":
			return "false", true, nil
		}
	case f.Type == crm.Time:
		if len(text) > 10 && text[10] == ' ' && strings.Count(text, "-") >= 2 {
			text = text[:10] + "T" + text[11:]
		}
	case f.Type == crm.Email || f.Type == crm.Domain:
		first := firstOf(text)
		return norm.QuoteJSON(first), first == text, nil
	case !t.exact && strings.Contains(text, ":::"):
		return norm.QuoteJSON(firstOf(text)), false, nil
	}
	return norm.QuoteJSON(text), true, nil
}

// splitList returns the values of a cell that holds more than one, each that is not
// blank.
func splitList(text string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for part := range strings.FieldsFuncSeq(strings.ReplaceAll(text, ":::", ","), func(r rune) bool { return r == ',' || r == ';' }) {
			if part = strings.TrimSpace(part); part != "" && !yield(part) {
				return
			}
		}
	}
}

// firstOf returns the first value of a cell, all of it where there is none.
func firstOf(text string) string {
	for part := range splitList(text) {
		return part
	}
	return text
}

// cellLabels returns the tags of a cell as a JSON array. A tag of ours holds no comma
// and may hold all else. Google marks groups of its own by a star; the one that every
// contact is in says nothing.
func cellLabels(f *crm.Field, t columnMapping, text string) (json string, fault *crm.Error) {
	labels := splitList(text)
	if t.own {
		labels = strings.SplitSeq(text, ",")
	}
	var tags []string
	seen, blank := map[string]bool{"myContacts": !t.own}, true
	for tag := range labels {
		if blank = false; !t.own {
			tag = strings.TrimPrefix(tag, "* ")
		}
		if seen[tag] {
			continue
		}
		if len(tags) == crm.MaxTags {
			return "", crm.TooMany(f.Name, crm.MaxTags, "labels", "Leave some out, or name the column otherwise: a column that is no field goes into custom.")
		}
		seen[tag] = true
		tags = append(tags, tag)
	}
	if blank { // nothing but separators: a fault of the row
		tags = []string{text}
	}
	return norm.QuoteList(tags), nil
}

func cellObject(f *crm.Field, text string) (string, bool, *crm.Error) {
	members, err := norm.ReadObject([]byte(text))
	if err != nil {
		return "", false, crm.Errorf(crm.InvalidValue, `%s takes a JSON object like {"plan":"pro"}, not %s; leave the column out, or give each key a column of its own.`, f.Name, norm.Quote(text)).On(f.Name)
	}
	return string(norm.AppendObject(nil, members)), true, nil
}

// cellNumber returns a whole number. A column of the field's own name holds it as it
// is; another product's holds an amount of money, in the currency's unit.
func cellNumber(f *crm.Field, t columnMapping, text, currency string) (string, bool, *crm.Error) {
	if t.exact {
		return text, true, nil
	}
	if currency == "" {
		currency = "USD"
	}
	number, ok := toMinorUnits(text, norm.Decimals(currency))
	if !ok {
		return "", false, crm.Errorf(crm.InvalidValue, "%s is no amount in %s; write it like 1234.50, with at most %d decimals, or use a column %s.",
			norm.Quote(text), norm.Quote(currency), norm.Decimals(currency), f.Name).On(f.Name)
	}
	return number, true, nil
}

// toMinorUnits reads an amount in a currency's unit and returns it in the smallest one.
// A separator is of thousands when it stands more than once, when the other stands
// behind it or, a comma, when three digits follow.
func toMinorUnits(text string, decimals int) (number string, ok bool) {
	text = strings.Map(func(r rune) rune {
		if strings.ContainsRune(" '’\u00a0\u202f$€£¥₹", r) {
			return -1
		}
		return r
	}, text)
	text, negative := strings.CutPrefix(text, "-")
	whole, fraction := text, ""
	if i := strings.LastIndexAny(text, ".,"); i >= 0 {
		sign, others := text[i:i+1], strings.ContainsAny(text[:i], ".,")
		thousands := strings.Count(text, sign) > 1 || sign == "," && !others && len(text)-i-1 == 3
		if !thousands {
			whole, fraction = text[:i], text[i+1:]
		}
	}
	if !isGrouped(whole) || strings.Trim(fraction, "0123456789") != "" {
		return "", false
	}
	whole = strings.NewReplacer(",", "", ".", "").Replace(whole)
	for len(fraction) > decimals && strings.HasSuffix(fraction, "0") {
		fraction = fraction[:len(fraction)-1]
	}
	if whole == "" || strings.Trim(whole, "0123456789") != "" || len(fraction) > decimals {
		return "", false
	}
	number = strings.TrimLeft(whole+fraction+strings.Repeat("0", decimals-len(fraction)), "0")
	switch {
	case number == "":
		return "0", true
	case negative:
		return "-" + number, true
	}
	return number, true
}

// isGrouped reports whether the separators of a whole number are of one kind and part
// it into groups of digits as people write them: two or three behind the first.
func isGrouped(whole string) bool {
	if strings.Contains(whole, ",") && strings.Contains(whole, ".") {
		return false
	}
	groups := strings.FieldsFunc(whole, func(r rune) bool { return r == ',' || r == '.' })
	for i, group := range groups {
		if i > 0 && (len(group) < 2 || len(group) > 3) || i == len(groups)-1 && i > 0 && len(group) != 3 {
			return false
		}
	}
	return true
}

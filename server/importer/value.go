package importer

import (
	"iter"
	"strings"

	"crmkit/crm"
	"crmkit/crm/norm"
)

// cellJSON returns the value of a cell in the form that a body has for the field, and
// whether the field takes all of it: of several addresses only the first goes in.
func cellJSON(f *crm.Field, t mapping, json, currency string) (value string, whole bool, fault *crm.Error) {
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

// splitList returns the values of a cell that holds several, separated by commas,
// semicolons or, as Google writes them, by ":::". Blank ones are left out.
func splitList(text string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for part := range strings.FieldsFuncSeq(strings.ReplaceAll(text, ":::", ","), func(r rune) bool { return r == ',' || r == ';' }) {
			if part = strings.TrimSpace(part); part != "" && !yield(part) {
				return
			}
		}
	}
}

// firstOf returns the first value of a cell, or the whole text if it has only blanks.
func firstOf(text string) string {
	for part := range splitList(text) {
		return part
	}
	return text
}

// cellLabels returns the tags of a cell as a JSON array. Tags in an export of crmkit are
// separated by commas alone, because they may hold any other character. Google marks
// its own groups by a star, and every contact is in its group myContacts, which is
// left out.
func cellLabels(f *crm.Field, t mapping, text string) (json string, fault *crm.Error) {
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
	if blank { // nothing but separators, which the field refuses
		tags = []string{text}
	}
	return norm.QuoteList(tags), nil
}

// cellObject returns a cell that holds a JSON object.
func cellObject(f *crm.Field, text string) (string, bool, *crm.Error) {
	members, err := norm.ReadObject([]byte(text))
	if err != nil {
		return "", false, crm.Errorf(crm.InvalidValue, `%s takes a JSON object like {"plan":"pro"}, not %s; leave the column out, or give each key a column of its own.`, f.Name, norm.Quote(text)).On(f.Name)
	}
	return string(norm.AppendObject(nil, members)), true, nil
}

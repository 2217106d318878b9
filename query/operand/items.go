package operand

import (
	"strings"

	"crmkit/crm"
)

// Items splits the value of in: at commas, in the syntax of CSV: an item in double quotes may
// contain commas, and two quotes inside are one. ok is false if a quote has no end, and for
// more than crm.MaxItems items.
func Items(s string) (list []string, ok bool) {
	for len(list) < crm.MaxItems {
		item, rest, ok := firstItem(s)
		if !ok || rest != "" && rest[0] != ',' {
			return nil, false
		}
		list = append(list, item)
		if rest == "" {
			return list, true
		}
		s = rest[1:]
	}
	return nil, false
}

// firstItem returns the first item of a list, and the rest from the comma on.
func firstItem(s string) (item, rest string, ok bool) {
	if !strings.HasPrefix(s, `"`) {
		if end := strings.IndexByte(s, ','); end >= 0 {
			return s[:end], s[end:], true
		}
		return s, "", true
	}
	var b strings.Builder
	for s = s[1:]; ; s = s[1:] {
		end := strings.IndexByte(s, '"')
		if end < 0 {
			return "", "", false
		}
		b.WriteString(s[:end])
		if s = s[end+1:]; !strings.HasPrefix(s, `"`) {
			return b.String(), s, true
		}
		b.WriteByte('"')
	}
}

package cells

import (
	"slices"
	"strings"

	"crmkit/crm"
	"crmkit/crm/norm"
	"crmkit/server/importer/rows"
)

// A cell may be JSON, in files of JSON and as text in CSV: a list, an object, a list of objects.
// Other text may begin like it, so every cell is checked.

// readObject returns the members of a cell that is an object of JSON; nil if it is not one. A cell
// may begin like one and be text: {Haus} Berlin.
func readObject(text string) []crm.Member {
	if !strings.HasPrefix(text, "{") {
		return nil
	}
	members, err := norm.ReadObject([]byte(text))
	if err != nil {
		return nil
	}
	return append([]crm.Member{}, members...) // also of {}, which is one
}

// jsonItems returns the items of a cell that is a list of JSON, and an object as the only one; ok
// is false for any other cell.
func jsonItems(text string) (items []string, ok bool) {
	text = strings.TrimSpace(text)
	if items, ok = norm.ReadArray(text); ok {
		return items, true
	}
	switch members := readObject(text); {
	case members == nil:
		return nil, false
	case len(members) == 0:
		return nil, true
	}
	return []string{text}, true
}

// The keys of an object that is a value: the first that is there has it, the others say no more.
// Twenty writes a phone number with its calling code and a link with its label, Pipedrive an
// address with its kind.
var (
	itemKeys  = []string{"number", "url", "value", "email"}
	quietKeys = []string{"callingCode", "countryCode", "primary"}
)

// itemText returns an item of a list of JSON as text, empty if it is an object without a value.
func itemText(json string) string {
	members := readObject(json)
	if members == nil {
		return Text(json)
	}
	for _, key := range itemKeys {
		at := indexOf(members, key)
		if at < 0 || isObjectOrList(members[at].JSON) {
			continue
		}
		text := Text(members[at].JSON)
		if code := indexOf(members, "callingCode"); key == "number" && code >= 0 {
			text = rows.WithCallingCode(Text(members[code].JSON), text)
		}
		if text != "" && text != "null" {
			return text
		}
	}
	return ""
}

func isObjectOrList(json string) bool { return json[0] == '{' || json[0] == '[' }

// saysMore reports whether a cell has an object with more than a value, like a label of it.
func saysMore(json string) bool {
	items, _ := jsonItems(Text(json))
	return slices.ContainsFunc(items, func(item string) bool {
		value := itemText(item)
		return slices.ContainsFunc(readObject(item), func(m crm.Member) bool {
			text := Text(m.JSON)
			isValue := slices.Contains(itemKeys, m.Name) && strings.Contains(value, text)
			return text != "" && text != "null" && !isValue && (value == "" || !slices.Contains(quietKeys, m.Name))
		})
	})
}

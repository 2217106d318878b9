package draft

import (
	"strings"

	"crmkit/crm"
	"crmkit/crm/norm"
)

// Lenient returns a value in the form that its field takes, if a client sent it in another
// form whose meaning is certain: some MCP clients write every argument as text, a list
// of one tag as text, or a phone as a number. A value whose meaning is not certain is
// returned as it is, and Decode refuses it.
func Lenient(f *crm.Field, json string) string {
	text, isText := norm.Unquote(json)
	text = strings.TrimSpace(text)
	digits := strings.TrimPrefix(text, "-")
	switch {
	case f.Type == crm.Phone && !isText && json != "" && strings.Trim(json, "0123456789") == "":
		return norm.QuoteJSON(json)
	case !isText || text == "":
		return json
	case f.Type == crm.Int && digits != "" && strings.Trim(digits, "0123456789") == "":
		return text
	case f.Type == crm.Flag && (text == "true" || text == "false"):
		return text
	case f.Type == crm.Tags && strings.HasPrefix(text, "["):
		if members, err := norm.ReadObject([]byte(`{"list":` + text + "}")); err == nil && len(members) == 1 {
			return members[0].JSON
		}
	case f.Type == crm.Tags:
		tags := strings.SplitN(text, ",", crm.MaxTags+2)
		for i := range tags {
			tags[i] = strings.TrimSpace(tags[i])
		}
		return norm.QuoteList(tags)
	case f.Type == crm.Object && strings.HasPrefix(text, "{"):
		if members, err := norm.ReadObject([]byte(text)); err == nil {
			return string(norm.AppendObject(nil, members))
		}
	}
	return json
}

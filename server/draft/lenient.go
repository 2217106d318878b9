package draft

import (
	"strings"

	"crmkit/crm"
	"crmkit/crm/norm"
)

// Lenient returns a member of a body in the form that its field takes, where a client
// sent another whose meaning is certain: clients of models write every argument as
// text, lists of one as text, and phones as numbers. What is not certain stays as it
// is, and Decode refuses it.
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

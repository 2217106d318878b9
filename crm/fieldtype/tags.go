package fieldtype

import (
	"strings"
	"unicode/utf8"

	"crmkit/crm"
	"crmkit/crm/norm"
)

// Tags are labels, without order or duplicates.
var Tags crm.Type = tagsType{}

type tagsType struct{ base }

func (tagsType) String() string { return "tags" }

func (tagsType) Kind() crm.Kind { return crm.ListKind }

func (tagsType) Comparison() crm.Comparison {
	return crm.Comparison{By: crm.ByLabel, Parts: true, Lists: true, Null: true}
}

// MaxTag is the most characters of a tag.
const MaxTag = 64

// parseTag returns a tag in stored form.
func parseTag(f *crm.Field, text string) (string, *crm.Error) {
	clean, ok := norm.Clean(text)
	if !ok || clean == "" || strings.ContainsRune(clean, ',') || utf8.RuneCountInString(clean) > MaxTag {
		return "", crm.Errorf(crm.InvalidValue, "%s is no tag: a tag has 1 to %d characters and no comma.", norm.Quote(text), MaxTag).On(f.Name)
	}
	return clean, nil
}

// Decode takes a list, or an object with those to add and those to remove.
func (tagsType) Decode(_ crm.Reader, f *crm.Field, json string) (crm.Input, *crm.Error) {
	if json[0] != '{' {
		tags, err := decodeTags(f, json)
		return crm.Input{Field: f, Value: crm.Labels(tags)}, err
	}
	in := crm.Input{Field: f, Mode: crm.EditTags}
	for _, m := range norm.ParseObject(json) {
		tags, err := decodeTags(f, m.JSON)
		if err != nil {
			return in, err
		}
		switch m.Name {
		case "add":
			in.Value = crm.Labels(tags)
		case "remove":
			in.Remove = tags
		default:
			return in, crm.UnknownName(m.Name, f.Name, []string{"add", "remove"})
		}
	}
	return in, nil
}

func decodeTags(f *crm.Field, json string) ([]string, *crm.Error) {
	raw, ok := norm.ParseItems(json, crm.MaxTags)
	if !ok {
		return nil, crm.Errorf(crm.InvalidValue, `%s takes a list like ["vip","eu"], or {"add":[…],"remove":[…]}, not %s.`, f.Name, norm.ShowJSON(json)).On(f.Name)
	}
	if len(raw) > crm.MaxTags {
		return nil, crm.TooMany(f.Name, crm.MaxTags, "labels", "Send fewer; put what has many values into custom, or into records of their own.")
	}
	var tags []string
	seen := map[string]bool{}
	for _, item := range raw {
		text, ok := norm.Unquote(item)
		if !ok {
			return nil, crm.Errorf(crm.InvalidValue, "%s holds %s; every tag is a string.", f.Name, norm.ShowJSON(item)).On(f.Name)
		}
		tag, err := parseTag(f, text)
		if err != nil {
			return nil, err
		}
		if !seen[tag] {
			seen[tag] = true
			tags = append(tags, tag)
		}
	}
	return tags, nil
}

// Lenient takes a list that was sent as text: as JSON, or with commas.
func (tagsType) Lenient(json string) string {
	text := sentText(json)
	switch {
	case text == "":
		return json
	case !strings.HasPrefix(text, "["):
		tags := strings.SplitN(text, ",", crm.MaxTags+2)
		for i := range tags {
			tags[i] = strings.TrimSpace(tags[i])
		}
		return norm.QuoteList(tags)
	}
	if members, err := norm.ReadObject([]byte(`{"list":` + text + "}")); err == nil && len(members) == 1 {
		return members[0].JSON
	}
	return json
}

// DecodeCell takes several labels with separators between them. A tag of this product
// holds no comma and may hold all else. Google marks groups of its own by a star; the one
// that every contact is in says nothing.
func (tagsType) DecodeCell(f *crm.Field, c crm.Cell) (crm.Decoded, *crm.Error) {
	text, isText := norm.Unquote(c.JSON)
	if !isText {
		return crm.Decoded{JSON: c.JSON, Whole: true}, nil
	}
	labels := splitCell(text)
	if c.Own {
		labels = strings.SplitSeq(text, ",")
	}
	var tags []string
	seen, blank := map[string]bool{"myContacts": !c.Own}, true
	for tag := range labels {
		if blank = false; !c.Own {
			tag = strings.TrimPrefix(tag, "* ")
		}
		if seen[tag] {
			continue
		}
		if len(tags) == crm.MaxTags {
			return crm.Decoded{}, crm.TooMany(f.Name, crm.MaxTags, "labels", "Leave some out, or name the column otherwise: a column that is no field goes into custom.")
		}
		seen[tag] = true
		tags = append(tags, tag)
	}
	if blank { // nothing but separators: Decode refuses it
		tags = []string{text}
	}
	return crm.Decoded{JSON: norm.QuoteList(tags), Whole: true}, nil
}

func (tagsType) Matches(_ crm.Reader, _ *crm.Field, shown crm.Value, json string) bool {
	labels := shown.List()
	raw, ok := norm.ParseItems(json, len(labels))
	if !ok || len(raw) != len(labels) {
		return false
	}
	for i := range raw {
		if text, ok := norm.Unquote(raw[i]); !ok || text != labels[i] {
			return false
		}
	}
	return true
}

func (tagsType) Schema(*crm.Field) crm.JSONSchema {
	return crm.JSONSchema{Type: "array", ItemLength: MaxTag, Sent: []string{"array", "object"}}
}

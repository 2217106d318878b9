package fieldtype

import (
	"strings"
	"unicode/utf8"

	"crmkit/crm"
	"crmkit/crm/norm"
)

// Tags are a set of labels, such as vip and newsletter. The order has no meaning; it is kept
// as it was sent.
//
// It accepts a list that replaces the set, or an object with add and remove. It stores a
// JSON array of labels in Unicode NFC, and the store has a row for each label to find
// records by it. Filters compare whole labels exactly; like: finds a part of a label and
// ignores case. A label has no comma, because commas separate labels in filters and in CSV.
var Tags crm.Type = tagsType{}

type tagsType struct{ base }

func (tagsType) String() string { return "tags" }

func (tagsType) Kind() crm.Kind { return crm.ListKind }

func (tagsType) Comparison() crm.Comparison {
	return crm.Comparison{By: crm.ByLabel, Parts: true, Lists: true, Null: true}
}

// MaxTag is the maximum length of a tag, in characters. A longer text is a note.
const MaxTag = 64

// parseTag returns the stored form of a tag. It does not change the case, which people choose
// on purpose; a list that finds nothing by a tag names the tags in use.
func parseTag(f *crm.Field, text string) (string, *crm.Error) {
	clean, ok := norm.Clean(text)
	if !ok || clean == "" || strings.ContainsRune(clean, ',') || utf8.RuneCountInString(clean) > MaxTag {
		return "", crm.Errorf(crm.InvalidValue, "%s is not a valid tag: a tag has 1 to %d characters and no comma.", norm.Quote(text), MaxTag).On(f.Name)
	}
	return clean, nil
}

// Decode takes a list, or an object with lists to add and to remove. With the object two
// agents can tag a record at the same time and neither undoes the change of the other.
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

// decodeTags returns the tags of a JSON array, each once. It parses at most one tag more than
// is allowed, so that a list that is too long costs no more than one that is not.
func decodeTags(f *crm.Field, json string) ([]string, *crm.Error) {
	raw, ok := norm.ParseItems(json, crm.MaxTags)
	if !ok {
		return nil, crm.Errorf(crm.InvalidValue, `%s takes a list like ["vip","eu"], or {"add":[…],"remove":[…]}, not %s.`, f.Name, norm.ShowJSON(json)).On(f.Name)
	}
	if len(raw) > crm.MaxTags {
		return nil, crm.TooMany(f.Name, crm.MaxTags, "tags", "Nothing was saved; send fewer. Data with many values belongs in custom or in separate records.")
	}
	var tags []string
	seen := map[string]bool{}
	for _, item := range raw {
		text, ok := norm.Unquote(item)
		if !ok {
			return nil, crm.Errorf(crm.InvalidValue, "%s contains %s; every tag must be a string.", f.Name, norm.ShowJSON(item)).On(f.Name)
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

// Lenient accepts a list that was sent as a text: of JSON, or with commas between the tags.
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

// DecodeCell splits a cell into labels. In an export of this product only commas separate
// them, since a tag may have any other character. Google Contacts marks its own groups with
// a star; the group myContacts is left out, because every contact is in it.
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
			return crm.Decoded{}, crm.TooMany(f.Name, crm.MaxTags, "tags", "Shorten the list, or rename the column: a column that is not a field is imported into custom.")
		}
		seen[tag] = true
		tags = append(tags, tag)
	}
	if blank { // the cell has only separators, which Decode refuses
		tags = []string{text}
	}
	return crm.Decoded{JSON: norm.QuoteList(tags), Whole: true}, nil
}

// Matches compares in order. A client that sends a record back has not changed the order.
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

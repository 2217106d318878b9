package fieldtype

import (
	"slices"
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

// Show shows the labels that a record collects from its activities as those show them: they are
// addresses.
func (tagsType) Show(rec crm.Record, i int) crm.Value {
	if rec.Entity.Fields[i].Rollup() == nil {
		return rec.Values[i]
	}
	return showItems(Email, rec.Values[i])
}

// Options are labels in an order that has a meaning, such as the options of a choice. All else is as for Tags.
var Options crm.Type = optionsType{}

type optionsType struct{ tagsType }

func (optionsType) String() string { return "list" }

func (t optionsType) Comparison() crm.Comparison {
	how := t.tagsType.Comparison()
	how.Sequence = true
	return how
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

// tagList is how lists of tags are read from JSON.
var tagList = listForm{item: "tag", items: "tags", example: `["vip","eu"]`, next: "Data with many values belongs in custom or in separate records."}

// Decode takes a list, or an object with lists to add and to remove. With the object two
// agents can tag a record at the same time and neither undoes the change of the other.
func (tagsType) Decode(_ crm.Reader, f *crm.Field, json string) (crm.Input, *crm.Error) {
	return tagList.decode(f, json, func(text string) (string, *crm.Error) { return parseTag(f, text) })
}

// Lenient accepts a list that was sent as a text: of JSON, or with commas between the tags.
func (tagsType) Lenient(json string) string { return lenientList(json) }

// DecodeCell splits a cell into labels. In an export of this product only commas separate
// them, since a tag may have any other character. Google Contacts marks its own groups with
// a star; the group myContacts is left out, because every contact is in it. A quoted tag may
// have a comma, which becomes a blank; then the cell is not whole.
func (tagsType) DecodeCell(f *crm.Field, c crm.Cell) (crm.Decoded, *crm.Error) {
	text, isText := norm.Unquote(c.JSON)
	if !isText {
		return crm.Decoded{JSON: c.JSON, Whole: true}, nil
	}
	labels, whole := splitCell(text), true
	if c.Own {
		labels = strings.SplitSeq(text, ",")
	} else if quoted, ok := quotedTags(text); ok {
		labels, whole = slices.Values(quoted), !slices.ContainsFunc(quoted, hasComma)
	}
	var tags []string
	seen, blank := map[string]bool{"myContacts": !c.Own}, true
	for tag := range labels {
		if blank = false; !c.Own {
			tag = withoutCommas(strings.TrimPrefix(tag, "* "))
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
	return crm.Decoded{JSON: norm.QuoteList(tags), Whole: whole}, nil
}

// quotedTags returns the tags of a cell that is a list of JSON, or has some tags in quotes.
func quotedTags(text string) (tags []string, ok bool) {
	items, _ := norm.ReadArray(text)
	for _, item := range items {
		tag, isText := norm.Unquote(item)
		if !isText {
			return nil, false
		}
		tags = append(tags, tag)
	}
	if len(tags) > 0 {
		return tags, true
	}
	return splitQuoted(text)
}

// splitQuoted returns the items of a list with commas in which some are in quotes. Mailchimp
// writes "VIP","Blog, weekly", Capsule VIP,"Gift 1". A quote in a quoted item is written twice.
// ok is false if no item is quoted, or a quote is not closed before a comma.
func splitQuoted(text string) (items []string, ok bool) {
	for rest, more := text, true; more; {
		var item string
		rest = strings.TrimSpace(rest)
		if strings.HasPrefix(rest, `"`) {
			end := closingQuote(rest)
			if end < 0 {
				return nil, false
			}
			item, ok = strings.ReplaceAll(rest[1:end], `""`, `"`), true
			if rest = strings.TrimSpace(rest[end+1:]); rest != "" && rest[0] != ',' {
				return nil, false
			}
			rest, more = strings.CutPrefix(rest, ",")
		} else {
			item, rest, more = strings.Cut(rest, ",")
		}
		if item = strings.TrimSpace(item); item != "" {
			items = append(items, item)
		}
	}
	return items, ok
}

// closingQuote returns the place of the quote that closes the one at the beginning of a text, -1
// if there is none.
func closingQuote(text string) int {
	for i := 1; i < len(text); i++ {
		switch {
		case text[i] != '"':
		case i+1 < len(text) && text[i+1] == '"':
			i++
		default:
			return i
		}
	}
	return -1
}

func hasComma(tag string) bool { return strings.ContainsRune(tag, ',') }

// withoutCommas writes a blank for the commas that a tag of another product may have.
func withoutCommas(tag string) string {
	if !hasComma(tag) {
		return tag
	}
	return strings.Join(strings.Fields(strings.ReplaceAll(tag, ",", " ")), " ")
}

// Matches compares in order. A client that sends a record back has not changed the order.
func (tagsType) Matches(_ crm.Reader, _ *crm.Field, shown crm.Value, json string) bool {
	return sameList(shown.List(), json)
}

func (tagsType) Schema(*crm.Field) crm.JSONSchema {
	return crm.JSONSchema{Type: "array", ItemLength: MaxTag, Sent: []string{"array", "object"}}
}

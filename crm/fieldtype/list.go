package fieldtype

import (
	"slices"
	"strings"
	"unicode/utf8"

	"crmkit/crm"
	"crmkit/crm/norm"
)

// listForm has the words in which the errors of a list speak of its items.
type listForm struct {
	item, items string // a noun in both numbers
	example     string // of the JSON
	next        string // what to do instead of sending too many
}

// decode reads the list that replaces the stored one, or an object with lists to add and to
// remove. parse returns the stored form of an item.
func (l listForm) decode(f *crm.Field, json string, parse func(string) (string, *crm.Error)) (crm.Input, *crm.Error) {
	if json[0] != '{' {
		list, err := l.read(f, json, parse)
		return crm.Input{Field: f, Value: crm.Labels(list)}, err
	}
	in := crm.Input{Field: f, Mode: crm.EditTags}
	for _, m := range norm.ParseObject(json) {
		list, err := l.read(f, m.JSON, parse)
		if err != nil {
			return in, err
		}
		switch m.Name {
		case "add":
			in.Value = crm.Labels(list)
		case "remove":
			in.Remove = list
		default:
			return in, crm.UnknownName(m.Name, f.Name, []string{"add", "remove"})
		}
	}
	return in, nil
}

// read returns the items of a JSON array, each once. It parses at most one item more than is
// allowed, so that a list that is too long costs no more than one that is not.
func (l listForm) read(f *crm.Field, json string, parse func(string) (string, *crm.Error)) ([]string, *crm.Error) {
	raw, ok := norm.ParseItems(json, crm.MaxTags)
	if !ok {
		return nil, crm.Errorf(crm.InvalidValue, `%s takes a list like %s, or {"add":[…],"remove":[…]}, not %s.`, f.Name, l.example, norm.ShowJSON(json)).On(f.Name)
	}
	if len(raw) > crm.MaxTags {
		return nil, crm.TooMany(f.Name, crm.MaxTags, l.items, "Nothing was saved; send fewer. "+l.next)
	}
	var list []string
	seen := map[string]bool{}
	for _, item := range raw {
		text, ok := norm.Unquote(item)
		if !ok {
			return nil, crm.Errorf(crm.InvalidValue, "%s contains %s; every %s must be a string.", f.Name, norm.ShowJSON(item), l.item).On(f.Name)
		}
		stored, err := parse(text)
		if err != nil {
			return nil, err
		}
		if key := f.ItemKey("", stored); !seen[key] {
			seen[key] = true
			list = append(list, stored)
		}
	}
	return list, nil
}

// lenientList translates a list that was sent as a text, of JSON or with commas between the
// items, into a JSON array.
func lenientList(json string) string {
	text := sentText(json)
	switch {
	case text == "":
		return json
	case !strings.HasPrefix(text, "["):
		items := strings.SplitN(text, ",", crm.MaxTags+2)
		for i := range items {
			items[i] = strings.TrimSpace(items[i])
		}
		return norm.QuoteList(items)
	}
	items, ok := norm.ReadArray(text)
	if !ok {
		return json
	}
	return "[" + strings.Join(items, ",") + "]"
}

// sameList reports whether JSON is a list of the items, in their order.
func sameList(items []string, json string) bool {
	raw, ok := norm.ParseItems(json, len(items))
	if !ok || len(raw) != len(items) {
		return false
	}
	for i := range raw {
		if text, ok := norm.Unquote(raw[i]); !ok || text != items[i] {
			return false
		}
	}
	return true
}

// The lists of further values: other e-mail addresses, phone numbers and domains of a record,
// and its ids in other products. Each item is read and compared like a value of a field of its
// own, so a filter on one of them names one item. The order has no meaning; it is kept as sent.
//
// They accept a list that replaces the stored one, or an object with add and remove. No item
// has a comma, because commas separate items in filters and in CSV.
var (
	Emails      crm.Type = itemsType{listForm{"address", "addresses", `["jane@home.example"]`, ""}, Email}
	Phones      crm.Type = itemsType{listForm{"number", "numbers", `["+49 170 1234567"]`, ""}, Phone}
	Domains     crm.Type = itemsType{listForm{"domain", "domains", `["acme.example"]`, ""}, Domain}
	ExternalIDs crm.Type = itemsType{listForm{"id", "ids", `["hubspot:151"]`, ""}, externalID}
)

type itemsType struct {
	listForm
	of crm.Type // of an item
}

func (t itemsType) String() string { return "list of " + t.items }

func (itemsType) Kind() crm.Kind { return crm.ListKind }

func (itemsType) Computed() bool { return false }

// Comparison is that of an item. A list has no order, and null is no item.
func (t itemsType) Comparison() crm.Comparison {
	how := t.of.Comparison()
	return crm.Comparison{By: how.By, Parts: true, Folded: how.Folded, Items: true, Colon: how.Colon, Hosts: how.Hosts}
}

func (t itemsType) Fold(f *crm.Field, text string) string { return t.of.Fold(f, text) }

// Parse returns the stored form of one item.
func (t itemsType) Parse(r crm.Reader, f *crm.Field, text string) (crm.Value, *crm.Error) {
	if strings.ContainsRune(text, ',') {
		return crm.Value{}, crm.Errorf(crm.InvalidValue, "%s: %s has a comma; send one %s in each item.", f.Name, norm.Quote(text), t.item).On(f.Name)
	}
	return t.of.Parse(r, f, text)
}

func (t itemsType) Decode(r crm.Reader, f *crm.Field, json string) (crm.Input, *crm.Error) {
	return t.decode(f, json, func(text string) (string, *crm.Error) {
		v, err := r.Normal(f, text)
		if err == nil && !v.Set() {
			err = crm.Errorf(crm.InvalidValue, "%s contains an empty %s; leave it out.", f.Name, t.item).On(f.Name)
		}
		return v.Text, err
	})
}

// Lenient accepts a list that was sent as a text, and a number of JSON as a phone number.
func (t itemsType) Lenient(json string) string {
	if text := t.of.Lenient(json); text != json {
		json = text
	}
	return lenientList(json)
}

// DecodeCell splits a cell into items. They are added to those of the record, unless the cell is
// of an export of this product: other files have only some of what a person has.
func (t itemsType) DecodeCell(f *crm.Field, c crm.Cell) (crm.Decoded, *crm.Error) {
	text, isText := norm.Unquote(c.JSON)
	if !isText {
		return crm.Decoded{JSON: c.JSON, Whole: true}, nil
	}
	var items []string
	for item := range splitCell(text) {
		if len(items) == crm.MaxTags {
			return crm.Decoded{}, crm.TooMany(f.Name, crm.MaxTags, t.items, "Shorten the list, or rename the column: a column that is not a field is imported into custom.")
		}
		items = append(items, item)
	}
	if len(items) == 0 {
		items = []string{text} // only separators, which Decode refuses
	}
	if c.Own {
		return crm.Decoded{JSON: norm.QuoteList(items), Whole: true}, nil
	}
	return crm.Decoded{JSON: `{"add":` + norm.QuoteList(items) + "}", Whole: true}, nil
}

func (t itemsType) Show(rec crm.Record, i int) crm.Value { return showItems(t.of, rec.Values[i]) }

// showItems returns a list with its items as a type shows them.
func showItems(of crm.Type, v crm.Value) crm.Value {
	t, shows := of.(shower)
	if !shows || !v.Set() {
		return v
	}
	if !slices.ContainsFunc(v.List(), func(item string) bool { return t.show(item) != item }) {
		return v // as nearly all are
	}
	list := make([]string, len(v.List()))
	for i, item := range v.List() {
		list[i] = t.show(item)
	}
	return crm.Labels(list)
}

// Matches compares in order, as it does for tags.
func (itemsType) Matches(_ crm.Reader, _ *crm.Field, shown crm.Value, json string) bool {
	return sameList(shown.List(), json)
}

func (itemsType) Schema(f *crm.Field) crm.JSONSchema {
	return crm.JSONSchema{Type: "array", ItemLength: f.Limit(), Sent: []string{"array", "object"}}
}

// externalID is the id of a record in another product, as source:id. It is no type of a field.
var externalID crm.Type = externalIDType{}

type externalIDType struct{ base }

func (externalIDType) String() string { return "external id" }

// The limits of an external id, in characters. Ids of products are shorter: a UUID has 36.
const (
	maxSource     = 40
	maxExternalID = 200
)

// Comparison compares the whole id: hubspot:151.
func (t externalIDType) Comparison() crm.Comparison {
	how := t.base.Comparison()
	how.Colon = true
	return how
}

// Parse returns the id with its source in lower case. The id itself keeps its case, since
// those of Salesforce differ in nothing else.
func (externalIDType) Parse(_ crm.Reader, f *crm.Field, text string) (crm.Value, *crm.Error) {
	source, id, found := strings.Cut(text, ":")
	source, id = norm.Lower(strings.TrimSpace(source)), strings.TrimSpace(id)
	if !found || id == "" || !isSource(source) || utf8.RuneCountInString(id) > maxExternalID {
		return crm.Value{}, crm.Errorf(crm.InvalidValue, "%s is not an id of %s: send source:id like hubspot:151, with a source of at most %d letters, digits, dots, hyphens or underscores, and an id of at most %d characters.",
			norm.Quote(text), f.Name, maxSource, maxExternalID).On(f.Name)
	}
	return crm.Str(source + ":" + id), nil
}

// ExternalID returns an id in another product as the item of a list of ExternalIDs. ok is false
// if the source or the id has not the form of one.
func ExternalID(source, id string) (item string, ok bool) {
	v, err := externalIDType{}.Parse(crm.Reader{}, &crm.Field{}, source+":"+id)
	return v.Text, err == nil && !strings.ContainsRune(id, ',')
}

// isSource reports whether a text can be the source of an external id.
func isSource(text string) bool {
	return text != "" && len(text) <= maxSource && strings.Trim(text, "abcdefghijklmnopqrstuvwxyz0123456789._-") == ""
}

// Fold is for like: alone. Ids that differ in case are different ones.
func (externalIDType) Fold(_ *crm.Field, text string) string { return norm.FoldHosts(text) }

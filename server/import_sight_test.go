package server_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"crmkit/crm/norm"
	"crmkit/crm/products"
)

// sight is what a record shows, as texts: its own values by path, and those of the records that it
// refers to.
type sight struct {
	kind    string
	own     map[string]string
	linked  []string
	product *products.Product
}

// computed are the fields that no cell needs to say: the server makes them, or they have a default.
var computed = []string{"id", "handle", "version", "created_at", "created_by", "updated_at", "updated_by", "activities", "last_activity", "outreach", "last_outreach", "on_behalf_of", "contacts", "deals",
	"amount_cents", "contact_company_id", "contact_company", "status", "priority", "kind", "currency", "done", "solved_at"}

// now is the time of the server: a task that a file says to be done is done at it, and an activity
// without a time was at it.
const now = "2026-06-10T09:00:00Z"

// sightOf returns what a record shows.
func sightOf(rec map[string]any, records map[string]map[string]any, product *products.Product) sight {
	kind, _, _ := strings.Cut(rec["handle"].(string), "/")
	s := sight{kind: kind, own: map[string]string{}, product: product}
	for name, value := range rec {
		key, isRef := strings.CutSuffix(name, "_id")
		switch {
		case value == nil || slices.Contains(computed, name) || strings.HasSuffix(name, "_at") && value == now:
		case isRef:
			for handle, other := range records {
				if strings.HasSuffix(handle, "/"+fmt.Sprint(value)) {
					s.linked = append(s.linked, texts(other)...)
				}
			}
		case rec[name+"_id"] != nil && key == name: // the label of the reference before
		default:
			s.add(name, value)
		}
	}
	for _, name := range []string{"status", "priority", "kind", "currency"} {
		if rec[name] != nil {
			s.linked = append(s.linked, fmt.Sprint(rec[name]))
		}
	}
	s.linked = append(s.linked, fmt.Sprint("done=", rec["done"]), fmt.Sprint("status=", rec["status"]))
	return s
}

// add adds a value, of a list each item and of an object each member.
func (s *sight) add(path string, value any) {
	switch v := value.(type) {
	case []any:
		for i, item := range v {
			s.add(fmt.Sprint(path, "[", i, "]"), item)
		}
	case map[string]any:
		for name, member := range v {
			s.add(path+"."+name, member)
		}
	default:
		s.own[path] = fmt.Sprint(v)
	}
}

// texts returns all values of a record.
func texts(rec map[string]any) (list []string) {
	s := sight{own: map[string]string{}}
	s.add("", rec)
	for _, text := range s.own {
		list = append(list, text)
	}
	return list
}

// has reports whether a cell is found in a form that is equal by value.
func (s sight) has(cell, mapped string) bool {
	lower := strings.ToLower(cell)
	if field, value, is := strings.Cut(mapped, "="); is && slices.Contains([]string{"true", "false", "yes", "no", "1", "0", "todo", "to do", "undone"}, lower) {
		// A yes is found if the field has the value, or one of them.
		isSo := slices.ContainsFunc(strings.Split(value, "|"), func(v string) bool { return slices.Contains(s.linked, field+"="+v) })
		if isSo == slices.Contains([]string{"true", "yes", "1"}, lower) {
			return true
		}
	}
	if s.shows(cell) || s.shows(strings.TrimPrefix(strings.TrimPrefix(cell, "'"), "\u200d")) {
		return true
	}
	var items []any
	if json.Unmarshal([]byte(cell), &items) == nil {
		return !slices.ContainsFunc(items, func(item any) bool { return !s.showsItem(item) })
	}
	parts := strings.FieldsFunc(strings.ReplaceAll(cell, ":::", ";"), func(r rune) bool { return strings.ContainsRune(",;()\n", r) })
	return len(parts) > 1 && !slices.ContainsFunc(parts, func(part string) bool { return !s.shows(strings.TrimSpace(strings.Trim(part, `"* `))) })
}

// showsItem reports whether an item of a list of JSON is found: an object if its longest text is.
func (s sight) showsItem(item any) bool {
	object, is := item.(map[string]any)
	if !is {
		return s.shows(fmt.Sprint(item))
	}
	return object["number"] != nil && s.shows(fmt.Sprint(object["number"])) || object["url"] != nil && s.shows(fmt.Sprint(object["url"]))
}

// shows reports whether one value is found.
func (s sight) shows(cell string) bool {
	for _, text := range s.own {
		if sameCell(cell, text) {
			return true
		}
	}
	for _, text := range s.linked {
		if sameCell(cell, text) {
			return true
		}
	}
	return s.translated(cell)
}

// translated reports whether a word of the product stands for one that the record has.
func (s sight) translated(cell string) bool {
	for _, block := range []*products.Product{s.product, &products.General} {
		if block == nil {
			continue
		}
		for key, words := range block.Words {
			kind, _, _ := strings.Cut(key, ".")
			if word := words[strings.ToLower(cell)]; kind == s.kind && word != "" && slices.Contains(s.linked, word) {
				return true
			}
		}
		if block.ID != nil && s.linkedTo(block.Name+":"+block.ID(cell)) {
			return true
		}
	}
	return false
}

func (s sight) linkedTo(id string) bool {
	return slices.Contains(s.linked, id) || slices.ContainsFunc(values(s.own), func(text string) bool { return text == id })
}

// sameCell reports whether a cell says the same as a text of a record: the same text in any case,
// a part of a longer one, the same number, time, phone number, host, or id of a product.
func sameCell(cell, text string) bool {
	a, b := strings.ToLower(strings.Join(strings.Fields(cell), " ")), strings.ToLower(strings.Join(strings.Fields(text), " "))
	switch {
	case a == b || strings.HasSuffix(b, ":"+a):
		return true
	case len(a) > 2 && strings.Contains(b, a):
		return true
	case sameMoment(cell, text) || sameAmount(cell, text):
		return true
	case norm.IsPhone(cell) && len(norm.Digits(cell)) > 5 && strings.HasSuffix(norm.Digits(text), strings.TrimLeft(norm.Digits(cell), "0")):
		return true
	}
	host, ok := norm.Host(cell)
	return ok && host == b || slices.Equal(norm.NameWords(cell), norm.NameWords(text)) && len(norm.NameWords(cell)) > 0 ||
		strings.Contains(" "+strings.Join(norm.NameWords(text), " ")+" ", " "+strings.Join(norm.NameWords(cell), " ")+" ")
}

// sameMoment reports whether a written date is the time of a record.
func sameMoment(cell, text string) bool {
	d, ok := norm.ReadDate(cell)
	if !ok || len(text) != len("2026-01-02T15:04:05Z") {
		return false
	}
	for _, order := range []norm.DateOrder{norm.DayMonthYear, norm.MonthDayYear} {
		at, ok := d.Time(order)
		if ok && (strings.HasPrefix(text, strings.TrimSuffix(at, "Z")) || len(at) == 10 && strings.HasPrefix(text, at)) {
			return true
		}
	}
	at, _, fraction := strings.Cut(cell, ".")
	return fraction && strings.HasPrefix(text, strings.Replace(at, " ", "T", 1))
}

// sameAmount reports whether a written number is the amount of a record, like "1250.50 USD".
func sameAmount(cell, text string) bool {
	number, currency, _ := strings.Cut(text, " ")
	n, ok := norm.ReadNumber(cell)
	if !ok || len(currency) != 3 {
		return false
	}
	for _, sign := range []norm.DecimalSign{norm.DecimalPoint, norm.DecimalComma} {
		if units, ok := n.Units(sign, norm.Decimals(currency)); ok && units == strings.ReplaceAll(number, ".", "") {
			return true
		}
	}
	return false
}

// inRow reports whether the words of a value are in the cells of a row.
func inRow(row map[string]string, value string) bool {
	if slices.ContainsFunc(values(row), func(cell string) bool { return sameCell(cell, value) || sameCell(value, cell) }) {
		return true
	}
	var words []string
	for column, cell := range row {
		words = append(append(words, norm.NameWords(cell)...), norm.NameWords(column)...)
	}
	all := strings.Join(words, " ")
	return !slices.ContainsFunc(norm.NameWords(value), func(word string) bool { return !strings.Contains(all, word) })
}

// values returns the values of a map.
func values(m map[string]string) (list []string) {
	for _, value := range m {
		list = append(list, value)
	}
	return list
}

func (s sight) String() string { return fmt.Sprintf("%q and %q", s.own, s.linked) }

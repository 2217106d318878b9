package server_test

import (
	"cmp"
	"encoding/json"
	"maps"
	"math/big"
	"slices"
	"strings"
	"time"
)

// This is a naive model of declared fields. What a type makes of a value is a table, not code.

// modelField is a declaration.
type modelField struct {
	id, name, kind   string
	options          []string
	required, unique bool
	column           bool // it is a column of the import at hand
}

// modelRecord is a company: its keys of custom with their JSON.
type modelRecord struct {
	id, domain string
	others     []string // further domains
	keys       map[string]string
}

func (r *modelRecord) hasDomain(domain string) bool {
	return r.domain == domain || slices.Contains(r.others, domain)
}

// refused is what a type makes of a value that it does not take. It makes "" of one that unsets the key.
const refused = "!"

// typed has values as a client sends them, and what each type stores. A type that is not named refuses the value.
// Options are those of options in declaredWorld.
var typed = map[string]map[string]string{
	`12.50`:                  {"number": `12.5`},
	`7`:                      {"number": `7`},
	`1e2`:                    {"number": `100`},
	`-0.25`:                  {"number": `-0.25`},
	`"7"`:                    {"number": `7`, "text": `"7"`, "tags": `["7"]`},
	`"emea"`:                 {"text": `"emea"`, "choice": `"emea"`, "tags": `["emea"]`},
	`"AMER"`:                 {"text": `"AMER"`, "choice": `"amer"`, "tags": `["AMER"]`},
	`"other"`:                {"text": `"other"`, "tags": `["other"]`},
	`"2026-06-10"`:           {"text": `"2026-06-10"`, "tags": `["2026-06-10"]`, "date": `"2026-06-10"`, "time": `"2026-06-10T00:00:00Z"`},
	`"2026-06-11T09:30:00Z"`: {"text": `"2026-06-11T09:30:00Z"`, "tags": `["2026-06-11T09:30:00Z"]`, "date": `"2026-06-11"`, "time": `"2026-06-11T09:30:00Z"`},
	`true`:                   {"flag": `true`},
	`"Jane@Acme.com"`:        {"text": `"Jane@Acme.com"`, "tags": `["Jane@Acme.com"]`, "email": `"jane@acme.com"`},
	`"https://Acme.com/A"`:   {"text": `"https://Acme.com/A"`, "tags": `["https://Acme.com/A"]`, "url": `"https://acme.com/A"`},
	`["a","b"]`:              {"tags": `["a","b"]`},
	`"12.50 EUR"`:            {"text": `"12.50 EUR"`, "tags": `["12.50 EUR"]`, "money": `1250 "EUR"`},
	`"3.00 USD"`:             {"text": `"3.00 USD"`, "tags": `["3.00 USD"]`, "money": `300 "USD"`},
	`null`:                   {"text": "", "number": "", "date": "", "time": "", "choice": "", "tags": "", "flag": "", "email": "", "url": "", "money": ""},
}

// bare are amounts without a currency, which a column of an import takes and nothing else.
var bare = map[string]string{`12.50`: `1250`, `7`: `700`, `-0.25`: `-25`, `"7"`: `700`}

// read returns what the field stores of a value.
func (f *modelField) read(raw string) string {
	stored, takes := typed[raw][f.kind]
	if f.kind == "money" && f.column && bare[raw] != "" {
		return bare[raw]
	}
	if !takes {
		return refused
	}
	if f.kind == "choice" && stored != "" && !slices.Contains(f.options, plainOf(stored)) {
		return refused
	}
	return stored
}

// fails reports whether the cell of a column is refused before the record is read, as amounts are, so also if the record
// has the same text from before the declaration.
func (f *modelField) fails(raw string) bool {
	return f.column && f.kind == "money" && f.read(raw) == refused
}

// plainOf returns JSON without the quotes of a text.
func plainOf(raw string) string {
	var text string
	if json.Unmarshal([]byte(raw), &text) == nil {
		return text
	}
	return raw
}

// has reports whether a record has the field.
func (f *modelField) has(keys map[string]string) bool {
	if f.kind == "money" {
		return keys[f.name+"_cents"] != ""
	}
	return keys[f.name] != ""
}

// set gives a record what the field stores.
func (f *modelField) set(keys map[string]string, stored string) {
	switch {
	case f.kind == "money" && stored == "":
		delete(keys, f.name)
		delete(keys, f.name+"_cents")
		delete(keys, f.name+"_currency")
	case f.kind == "money":
		cents, currency, _ := strings.Cut(stored, " ")
		currency = cmp.Or(currency, keys[f.name+"_currency"], `"USD"`)
		if cents != keys[f.name+"_cents"] || currency != keys[f.name+"_currency"] {
			delete(keys, f.name)
		}
		keys[f.name+"_cents"], keys[f.name+"_currency"] = cents, currency
	case stored == "":
		delete(keys, f.name)
	default:
		keys[f.name] = stored
	}
}

// same reports whether two values are one for a unique field: numbers by their value, others as texts.
func same(stored, other string) bool {
	if other == "" {
		return false
	}
	a, isNumber := new(big.Rat).SetString(stored)
	if isNumber && stored == plainOf(stored) {
		b, too := new(big.Rat).SetString(plainOf(other))
		return too && a.Cmp(b) == 0
	}
	return plainOf(stored) == plainOf(other)
}

// declaredModel is what the workspace has.
type declaredModel struct {
	fields  []*modelField
	records []*modelRecord        // in the order in which they were made
	imports bool                  // the writes are rows, which add a domain to a record that they find by another value
	saved   map[*modelRecord]bool // what rows of the import at hand were about
}

func (m *declaredModel) clone() declaredModel {
	is := declaredModel{}
	for _, f := range m.fields {
		c := *f
		is.fields = append(is.fields, &c)
	}
	for _, r := range m.records {
		is.records = append(is.records, &modelRecord{r.id, r.domain, slices.Clone(r.others), maps.Clone(r.keys)})
	}
	return is
}

func (m *declaredModel) field(name string) *modelField {
	for _, f := range m.fields {
		if f.name == name {
			return f
		}
	}
	return nil
}

func (m *declaredModel) record(is func(*modelRecord) bool) *modelRecord {
	if i := slices.IndexFunc(m.records, is); i >= 0 {
		return m.records[i]
	}
	return nil
}

// holder returns the first record other than own that has the value of a unique field.
func (m *declaredModel) holder(f *modelField, stored string, own *modelRecord) *modelRecord {
	return m.record(func(r *modelRecord) bool { return r != own && same(stored, r.keys[f.name]) })
}

// The outcomes of a write.
const (
	done  = "done"
	wrong = "wrong" // a value, or one that is missing
	taken = "taken" // by another record
)

// write writes the keys of a company. own is the one of the path; nil: of the domain or of a unique value, else a new one.
func (m *declaredModel) write(own *modelRecord, domain string, sent map[string]string) (string, *modelRecord) {
	if own == nil {
		own = m.record(func(r *modelRecord) bool { return r.hasDomain(domain) })
		for key, raw := range sent {
			f := m.field(key)
			if f == nil || !f.unique || f.read(raw) == refused || f.read(raw) == "" {
				continue
			}
			holder := m.holder(f, f.read(raw), nil)
			if holder != nil && own != nil && own != holder {
				return taken, nil
			}
			own = cmp.Or(holder, own)
		}
	}
	is := own
	if own == nil {
		is = &modelRecord{keys: map[string]string{}}
	}
	if m.saved[own] {
		sent = m.unknown(own, sent)
	}
	keys, outcome := m.apply(own, is.keys, sent)
	if outcome != done {
		return outcome, own
	}
	switch {
	case domain == "" || is.hasDomain(domain):
	case m.imports && own != nil:
		is.others = append(is.others, domain)
	default:
		is.domain = domain
	}
	if is.keys = keys; own == nil {
		m.records = append(m.records, is)
	}
	if m.imports {
		m.saved[is] = true
	}
	return done, is
}

// unknown returns what a further row about a record says that the record does not have: it keeps the other values.
func (m *declaredModel) unknown(own *modelRecord, sent map[string]string) map[string]string {
	more := maps.Clone(sent)
	for key, raw := range sent {
		f, name := m.field(key), key
		switch {
		case f == nil:
		case f.fails(raw):
			continue
		case f.kind == "money" && f.read(raw) != refused:
			name += "_cents"
		}
		if was := own.keys[name]; was != "" && was != raw {
			delete(more, key)
		}
	}
	return more
}

// apply returns the keys of a record after a write.
func (m *declaredModel) apply(own *modelRecord, was, sent map[string]string) (map[string]string, string) {
	keys := maps.Clone(was)
	for key, raw := range sent {
		f := m.field(key)
		switch {
		case f == nil && raw == "null":
			delete(keys, key)
		case f == nil:
			keys[key] = raw
		case raw == was[key] && !f.fails(raw) && (f.kind != "money" || f.read(raw) == refused): // it did not change
		case f.read(raw) == refused:
			return nil, wrong
		default:
			f.set(keys, f.read(raw))
		}
	}
	for _, f := range m.fields {
		if f.required && !f.has(keys) && (own == nil || f.has(was)) {
			return nil, wrong
		}
	}
	for _, f := range m.fields {
		if is := keys[f.name]; f.unique && is != "" && is != was[f.name] && m.holder(f, is, own) != nil {
			return nil, taken
		}
	}
	return keys, done
}

// order returns by what a record is sorted and compared: as the type of the field says. nil: it has no such value.
func (f *modelField) order(keys map[string]string) any {
	raw := keys[f.name]
	if raw == "" {
		return nil
	}
	switch f.kind {
	case "number":
		if n, isNumber := new(big.Rat).SetString(plainOf(raw)); isNumber && !strings.Contains(raw, "/") {
			return n
		}
		return nil
	case "date", "time":
		for _, layout := range []string{time.DateOnly, time.RFC3339} {
			if at, err := time.Parse(layout, plainOf(raw)); err == nil {
				return at
			}
		}
		return nil
	case "choice":
		if at := slices.Index(f.options, plainOf(raw)); at >= 0 {
			return at
		}
		return len(f.options)
	}
	return strings.ToLower(plainOf(raw))
}

// compare compares two values of order.
func compareValues(a, b any) int {
	switch a := a.(type) {
	case *big.Rat:
		return a.Cmp(b.(*big.Rat))
	case time.Time:
		return a.Compare(b.(time.Time))
	case int:
		return cmp.Compare(a, b.(int))
	}
	return cmp.Compare(a.(string), b.(string))
}

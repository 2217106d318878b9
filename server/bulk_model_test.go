package server_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/big"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"
)

// A naive model of bulk edits: all deals are read with an export, and filters and changes are applied
// to their values in Go.

// bulkDeal has the fields of a deal that have a value, in JSON.
type bulkDeal map[string]string

// bulkState is all deals by id, and the stages of contacts.
type bulkState struct {
	deals    map[string]bulkDeal
	contacts map[string]string
}

const bulkFields = "id,title,amount_cents,stage,owner,close_at,tags,contact_id,custom"

// read reads the state.
func (w *bulkWorld) read() bulkState {
	s := bulkState{deals: map[string]bulkDeal{}, contacts: map[string]string{}}
	for line := range strings.Lines(w.want(200, "GET", "/export/deals?format=ndjson&fields="+bulkFields, "")) {
		d := bulkDeal{}
		for name, value := range rawObject(w.t, line) {
			if text := string(value); text != "null" && text != "{}" && text != "[]" && slices.Contains(strings.Split(bulkFields, ","), name) {
				d[name] = text
			}
		}
		d.setTags(list(d["tags"]))
		s.deals[unquote(d["id"])] = d
	}
	for line := range strings.Lines(w.want(200, "GET", "/export/contacts?format=ndjson&fields=id,stage", "")) {
		c := rawObject(w.t, line)
		s.contacts[unquote(string(c["id"]))] = unquote(string(c["stage"]))
	}
	return s
}

func rawObject(t testing.TB, line string) (object map[string]json.RawMessage) {
	t.Helper()
	if err := json.Unmarshal([]byte(line), &object); err != nil {
		t.Fatalf("%v in %s", err, line)
	}
	return object
}

// unquote returns the text of a JSON string; empty for other values.
func unquote(value string) (text string) {
	_ = json.Unmarshal([]byte(value), &text)
	return text
}

// list returns the items of a JSON list of texts.
func list(value string) (items []string) {
	_ = json.Unmarshal([]byte(value), &items)
	return items
}

// bulkFilter is a condition of a list, and the same in Go.
type bulkFilter struct {
	param string
	finds func(bulkDeal, bulkState) bool
}

func (w *bulkWorld) filter() bulkFilter {
	stage, n := w.one("lead", "new", "open"), int64(w.random.IntN(4))
	switch w.random.IntN(8) {
	case 0, 1:
		return bulkFilter{"stage=" + stage, func(d bulkDeal, _ bulkState) bool { return unquote(d["stage"]) == stage }}
	case 2:
		return bulkFilter{"stage=in:lead," + stage, func(d bulkDeal, _ bulkState) bool {
			return slices.Contains([]string{"lead", stage}, unquote(d["stage"]))
		}}
	case 3:
		return bulkFilter{"owner=is:null", func(d bulkDeal, _ bulkState) bool { return d["owner"] == "" }}
	case 4:
		return bulkFilter{fmt.Sprintf("amount_cents=gte:%d", 400*n), func(d bulkDeal, _ bulkState) bool {
			return d["amount_cents"] != "" && number(d["amount_cents"]).Cmp(new(big.Rat).SetInt64(400*n)) >= 0
		}}
	case 5:
		return bulkFilter{"tags=" + stage, func(d bulkDeal, _ bulkState) bool { return slices.Contains(list(d["tags"]), stage) }}
	case 6:
		return bulkFilter{"contact.stage=" + stage, func(d bulkDeal, s bulkState) bool { return s.contacts[unquote(d["contact_id"])] == stage }}
	}
	return bulkFilter{"amount_cents=not:null", func(d bulkDeal, _ bulkState) bool { return d["amount_cents"] != "" }}
}

func number(text string) *big.Rat {
	n, is := new(big.Rat).SetString(text)
	if !is {
		return new(big.Rat)
	}
	return n
}

// bulkChange is the body of a change, and what it does to a deal. works is false if it cannot be done.
type bulkChange struct {
	body  string // empty: the deal is deleted
	apply func(bulkDeal) (works bool)
}

func (w *bulkWorld) change() bulkChange {
	word := w.one("lead", "new", "open")
	set := func(field, body, value string) bulkChange {
		return bulkChange{fmt.Sprintf(`{%q:%s}`, field, body), func(d bulkDeal) bool {
			d[field] = value
			if value == "" {
				delete(d, field)
			}
			return true
		}}
	}
	switch w.random.IntN(9) {
	case 0, 1:
		return set("stage", `"`+word+`"`, `"`+word+`"`)
	case 2:
		return set("owner", "null", "")
	case 3:
		return set("owner", `"ann@acme.com"`, `"ann@acme.com"`)
	case 4:
		return bulkChange{fmt.Sprintf(`{"tags":{"add":[%q],"remove":["new"]}}`, word), func(d bulkDeal) bool {
			d.retag(word)
			return true
		}}
	case 5:
		return bulkChange{`{"close_at":{"shift":"+7d"}}`, func(d bulkDeal) bool {
			if at, err := time.Parse(time.RFC3339, unquote(d["close_at"])); err == nil {
				d["close_at"] = string(must(json.Marshal(at.Add(7 * 24 * time.Hour).UTC().Format(time.RFC3339))))
			}
			return true
		}}
	case 6:
		by := w.one("1.05", "0.5", "2")
		return bulkChange{`{"amount_cents":{"multiply":` + by + `}}`, func(d bulkDeal) bool {
			return d.setAmount(func(n *big.Rat) *big.Rat { return halfEven(n.Mul(n, number(by))) })
		}}
	case 7:
		by := w.one("300", "-7")
		return bulkChange{`{"amount_cents":{"add":` + by + `}}`, func(d bulkDeal) bool {
			return d.setAmount(func(n *big.Rat) *big.Rat { return n.Add(n, number(by)) })
		}}
	}
	return bulkChange{}
}

// retag adds a tag, and then removes the tag new.
func (d bulkDeal) retag(add string) {
	d.setTags(slices.DeleteFunc(append(list(d["tags"]), add), func(tag string) bool { return tag == "new" }))
}

// setTags sets the tags of a deal, in the order of the alphabet.
func (d bulkDeal) setTags(tags []string) {
	slices.Sort(tags)
	d["tags"] = string(must(json.Marshal(slices.Compact(tags))))
	if len(tags) == 0 {
		delete(d, "tags")
	}
}

// setAmount changes the amount of a deal that has one, unless it would become too large.
func (d bulkDeal) setAmount(change func(*big.Rat) *big.Rat) bool {
	if d["amount_cents"] == "" {
		return true
	}
	n := change(number(d["amount_cents"]))
	if new(big.Rat).Abs(n).Cmp(number("9007199254740991")) > 0 {
		return false
	}
	d["amount_cents"] = n.Num().String()
	return true
}

// halfEven rounds to an integer, a half to the even one.
func halfEven(n *big.Rat) *big.Rat {
	floor := new(big.Int).Div(n.Num(), n.Denom())
	rest := new(big.Rat).Sub(n, new(big.Rat).SetInt(floor)).Cmp(big.NewRat(1, 2))
	if rest > 0 || rest == 0 && floor.Bit(0) == 1 {
		floor.Add(floor, big.NewInt(1))
	}
	return new(big.Rat).SetInt(floor)
}

// bulkEdit is a write of many deals.
type bulkEdit struct {
	filters []bulkFilter
	change  bulkChange
	atomic  bool
}

func (w *bulkWorld) edit() (e bulkEdit) {
	e.filters = []bulkFilter{w.filter(), w.filter()}[:1+w.random.IntN(2)]
	e.change, e.atomic = w.change(), w.random.IntN(4) == 0
	return e
}

func (e bulkEdit) method() string {
	if e.change.body == "" {
		return "DELETE"
	}
	return "PATCH"
}

func (e bulkEdit) path() string {
	var params []string
	for _, f := range e.filters {
		params = append(params, f.param)
	}
	if e.atomic {
		params = append(params, "atomic=1")
	}
	return "/deals?" + strings.Join(params, "&")
}

// Effects of a write on one deal, besides the text of what changes.
const (
	noEffect = ""
	fails    = "fails"
)

// effects returns what the write would do to each deal that it finds.
func (e bulkEdit) effects(s bulkState) map[string]string {
	all := map[string]string{}
	for id, d := range s.deals {
		if slices.ContainsFunc(e.filters, func(f bulkFilter) bool { return !f.finds(d, s) }) {
			continue
		}
		if e.change.body == "" {
			all[id] = fmt.Sprint("deleted ", d)
			continue
		}
		after := maps.Clone(d)
		all[id] = noEffect
		if !e.change.apply(after) {
			all[id] = fails
		} else if !maps.Equal(d, after) {
			all[id] = changed(d, after)
		}
	}
	return all
}

// changed returns the fields that differ, each with both values.
func changed(before, after bulkDeal) (text string) {
	for _, name := range strings.Split(bulkFields, ",") {
		if before[name] != after[name] {
			text += name + " " + before[name] + " -> " + after[name] + "; "
		}
	}
	return text
}

// done does the write to some deals of a state.
func (e bulkEdit) done(s bulkState, effects map[string]string) {
	for id, effect := range effects {
		switch {
		case effect == noEffect || effect == fails:
		case e.change.body == "":
			delete(s.deals, id)
		default:
			e.change.apply(s.deals[id])
		}
	}
}

// newBulkWorld makes contacts and deals, some of which cannot be raised.
func newBulkWorld(t *testing.T, s setup, seed uint64) *bulkWorld {
	w := &bulkWorld{planWorld: newPlanWorld(t, s, seed), seen: map[string]int{}}
	w.random = rand.New(rand.NewPCG(seed, 2))
	for i := range 6 {
		w.want(201, "POST", "/contacts", fmt.Sprintf(`{"name":"Joe %d","stage":%q}`, i, w.one("lead", "new", "open")))
	}
	for range 30 {
		w.newDeal()
	}
	return w
}

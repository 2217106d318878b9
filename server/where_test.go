package server_test

import (
	"fmt"
	"math/rand/v2"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// person is a contact of the model; empty texts are unset.
type modelPerson struct {
	name, stage, owner, company string
	tags                        []string
	seats                       int // 0: unset
}

// asked is a random question: as it is written, and what it means for a contact.
type asked struct {
	text  string
	holds func(modelPerson) bool
}

// term returns a random condition.
func term(random *rand.Rand) asked {
	word := []string{"a", "b", "c"}[random.IntN(3)]
	n := random.IntN(6)
	return []asked{
		{"stage=" + word, func(p modelPerson) bool { return p.stage == word }},
		{"stage=ne:" + word, func(p modelPerson) bool { return p.stage != word }},
		{"stage=in:a," + word, func(p modelPerson) bool { return p.stage == "a" || p.stage == word }},
		{"stage=is:null", func(p modelPerson) bool { return p.stage == "" }},
		{"owner=not:null", func(p modelPerson) bool { return p.owner != "" }},
		{`name=like:"on ` + strconv.Itoa(n) + `"`, func(p modelPerson) bool { return strings.Contains(p.name, "on "+strconv.Itoa(n)) }},
		{"tags=" + word, func(p modelPerson) bool { return slices.Contains(p.tags, word) }},
		{"tags=ne:" + word, func(p modelPerson) bool { return !slices.Contains(p.tags, word) }},
		{fmt.Sprint("custom.seats=gt:", n), func(p modelPerson) bool { return p.seats > n }},
		{fmt.Sprint("custom.seats=lte:", n), func(p modelPerson) bool { return p.seats > 0 && p.seats <= n }},
		{`company.name="Co ` + word + `"`, func(p modelPerson) bool { return p.company == "Co "+word }},
		{`company.name="ne:Co ` + word + `"`, func(p modelPerson) bool { return p.company != "Co "+word }},
		{"company=is:null", func(p modelPerson) bool { return p.company == "" }},
	}[random.IntN(13)]
}

// question returns a random question. What joins several parts is in brackets.
func question(random *rand.Rand, depth int) asked {
	kind := random.IntN(4)
	if depth == 0 || kind == 0 {
		return term(random)
	}
	one, other := question(random, depth-1), question(random, depth-1)
	switch kind {
	case 1:
		return asked{"not " + one.text, func(p modelPerson) bool { return !one.holds(p) }}
	case 2:
		return asked{"(" + one.text + " and " + other.text + ")", func(p modelPerson) bool { return one.holds(p) && other.holds(p) }}
	}
	return asked{"(" + one.text + " or " + other.text + ")", func(p modelPerson) bool { return one.holds(p) || other.holds(p) }}
}

// fillModel makes random contacts.
func fillModel(r *rig, random *rand.Rand) (people []modelPerson) {
	ids := map[string]string{}
	for _, word := range []string{"a", "b"} {
		ids["Co "+word] = r.json(201, "POST", "/companies", `{"name":"Co `+word+`"}`)["id"].(string)
	}
	pick := func(words ...string) string { return words[random.IntN(len(words))] }
	for i := range 40 {
		p := modelPerson{name: fmt.Sprintf("Person %d", i), stage: pick("", "a", "b", "c"), owner: pick("", "ann"), company: pick("", "Co a", "Co b"), seats: random.IntN(8)}
		body := `{"name":"` + p.name + `","stage":"` + p.stage + `","owner":"` + p.owner + `"`
		if p.company != "" {
			body += `,"company_id":"` + ids[p.company] + `"`
		}
		for _, tag := range []string{"a", "b"} {
			if random.IntN(3) == 0 {
				p.tags = append(p.tags, tag)
			}
		}
		if len(p.tags) > 0 {
			body += `,"tags":["` + strings.Join(p.tags, `","`) + `"]`
		}
		if p.seats > 0 {
			body += fmt.Sprintf(`,"custom":{"seats":%d}`, p.seats)
		}
		r.want(201, "POST", "/contacts", body+"}")
		people = append(people, p)
	}
	return people
}

// TestWhereFindsWhatItSays asks random questions with and, or, not and brackets, alone and beside plain
// parameters, and compares what lists, exports, views and the past find with a model.
func TestWhereFindsWhatItSays(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 1))
	r := newRig(t).as("jane@acme.com")
	people := fillModel(r, random)
	for n := range 150 {
		q, beside := question(random, 3), term(random)
		params := "where=" + url.QueryEscape(q.text)
		if n%3 == 0 {
			name, value, _ := strings.Cut(beside.text, "=")
			params += "&" + name + "=" + url.QueryEscape(strings.ReplaceAll(value, `"`, ""))
		}
		if n%5 == 0 {
			r.json(200+map[bool]int{true: 1}[n == 0], "PUT", "/views/model", `{"kind":"contacts","query":`+strconv.Quote(params)+`}`)
			params = "view=model"
		}
		var want []string
		for _, p := range people {
			if q.holds(p) && (n%3 > 0 || beside.holds(p)) {
				want = append(want, p.name)
			}
		}
		for _, path := range []string{"/contacts?limit=200&sort=created_at&", "/contacts?limit=200&sort=created_at&at=now&"} {
			var got []string
			for _, item := range r.json(200, "GET", path+params, "")["items"].([]any) {
				got = append(got, item.(map[string]any)["name"].(string))
			}
			if slices.Sort(got); !slices.Equal(got, slices.Sorted(slices.Values(want))) {
				t.Fatalf("question %d: %s%s (%s, %s) finds\n%v\nwant\n%v", n, path, params, q.text, beside.text, got, want)
			}
		}
		if text := r.want(200, "GET", "/export/contacts?fields=name&"+params, ""); !strings.Contains(text, fmt.Sprintf("# exported: %d\n", len(want))) {
			t.Fatalf("question %d: the export of %s: %s, want %d", n, q.text, text, len(want))
		}
	}
}

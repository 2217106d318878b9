package store

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"crmkit/crm"
	"crmkit/crm/norm"
)

// sideRows returns the rows that the tables tags and custom_values must have for the records.
func sideRows(records []crm.Record) (tags, members []string) {
	for _, rec := range records {
		for _, tag := range rec.Value("tags").List() {
			tags = append(tags, fmt.Sprintf("%s|%d|%s|%s", rec.Entity.Name, rec.Key, tag, other(norm.Fold(tag), tag)))
		}
		for _, m := range rec.Value("custom").Members() {
			text := m.JSON
			if s, ok := norm.Unquote(m.JSON); ok {
				text = s
			}
			number, _ := norm.NumberKey(text)
			members = append(members, fmt.Sprintf("%s.custom|%d|%s|%s|%s|%s", rec.Entity.Name, rec.Key, m.Name, text, other(norm.Fold(text), text), number))
		}
	}
	slices.Sort(tags)
	slices.Sort(members)
	return tags, members
}

// other returns a form of a text, or NULL if it equals the text.
func other(form, text string) string {
	if form == text {
		return "NULL"
	}
	return form
}

func (f *fixture) checkSideTables(actor crm.Actor) {
	f.t.Helper()
	var records []crm.Record
	for _, kind := range []string{"contact", "company", "deal"} {
		records = append(records, f.list(actor, kind, "limit=200").Records...)
	}
	f.checkUses()
	tags, members := sideRows(records)
	gotTags := f.raw(1, `SELECT n.kind || '|' || g.record || '|' || n.name || '|' || COALESCE(n.fold, 'NULL')
		FROM tags g JOIN names n ON n.key = g.name_id WHERE n.workspace_id = $1`, actor.Workspace)
	gotMembers := f.raw(1, `SELECT n.kind || '|' || v.record || '|' || n.name || '|' || v.text || '|' || COALESCE(v.fold, 'NULL') || '|' || COALESCE(v.number, '')
		FROM custom_values v JOIN names n ON n.key = v.name_id WHERE n.workspace_id = $1`, actor.Workspace)
	unused := f.raw(1, "SELECT name FROM names WHERE key NOT IN (SELECT name_id FROM tags UNION SELECT name_id FROM custom_values)")
	if len(unused) > 0 {
		f.t.Fatalf("no record uses the names %q", unused)
	}
	slices.Sort(gotTags)
	slices.Sort(gotMembers)
	if !slices.Equal(gotTags, tags) {
		f.t.Fatalf("tags hold\n%q\nthe records say\n%q", gotTags, tags)
	}
	if !slices.Equal(gotMembers, members) {
		f.t.Fatalf("custom_values hold\n%q\nthe records say\n%q", gotMembers, members)
	}
}

var someTags = []string{"vip", "VIP", "Été", "a b", `q"uote`, "日本", "%", "_"}

var someValues = []string{`1`, `1.0`, `-2e3`, `"1"`, `"text"`, `"2026-06-10"`, `"2026-06-10T09:00Z"`, `true`, `null`, `[1,"a"]`, `{"a":{"b":[]}}`, `""`, `"Été"`}

// pick returns some of the items, each at most once.
func pick(random *rand.Rand, items []string) []string {
	shuffled := slices.Clone(items)
	random.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
	return shuffled[:random.IntN(5)]
}

// edits returns a random input for tags or custom, in one of their modes.
func edits(e *crm.Entity, random *rand.Rand) []crm.Input {
	tags, custom := e.Field("tags"), e.Field("custom")
	var members []crm.Member
	for _, name := range pick(random, []string{"a", "b", "c", "ä b", `d"`, "e.f"}) {
		members = append(members, crm.Member{Name: name, JSON: someValues[random.IntN(len(someValues))]})
	}
	inputs := []crm.Input{
		{Field: tags, Value: crm.Labels(pick(random, someTags))},
		{Field: tags, Mode: crm.EditTags, Value: crm.Labels(pick(random, someTags)), Remove: pick(random, someTags)},
		{Field: custom, Mode: crm.MergeMembers, Value: crm.Members(members), Remove: pick(random, []string{"a", "b", "c", `d"`, "zz"})},
		{Field: custom},
	}
	often := []int{0, 1, 1, 2, 2, 2, 3}
	return []crm.Input{inputs[often[random.IntN(len(often))]]}
}

func TestTagTablesFollowTheRecords(t *testing.T) {
	engines(t, func(t *testing.T, f *fixture) {
		for seed := range uint64(6) {
			random := rand.New(rand.NewPCG(11, seed))
			actor := f.member(fmt.Sprintf("user%d@example.com", seed))
			var records []crm.Record
			for range 60 {
				records = f.randomEdit(actor, random, records)
			}
			f.checkSideTables(actor)
			for _, rec := range records {
				f.remove(actor, rec)
			}
			f.checkSideTables(actor)
		}
		for _, table := range []string{"tags", "custom_values", "names"} {
			if left := f.raw(1, "SELECT COUNT(*) FROM "+table); left[0] != "0" {
				t.Errorf("%s rows remain in %s after every record was deleted", left[0], table)
			}
		}
	})
}

// randomEdit creates, updates or deletes one record of a random kind.
func (f *fixture) randomEdit(actor crm.Actor, random *rand.Rand, records []crm.Record) []crm.Record {
	f.t.Helper()
	if n := len(records); n > 0 && random.IntN(8) == 0 {
		f.remove(actor, records[n-1])
		return records[:n-1]
	}
	if n := len(records); n > 2 && random.IntN(4) > 0 {
		rec := records[random.IntN(n)]
		d := Draft{Entity: rec.Entity, Inputs: edits(rec.Entity, random)}
		out, err := f.tryUpdate(actor, rec.Key, d)
		if err != nil {
			f.t.Fatalf("update %v: %v", d.Inputs, err)
		}
		if diff := equalRecords(f.fetch(actor, rec), out.After); diff != "" {
			f.t.Fatalf("after an update: %s", diff)
		}
		return records
	}
	kind := []string{"contact", "company", "deal"}[random.IntN(3)]
	e := f.Schema.ByName(kind)
	d := Draft{Entity: e, Inputs: append(edits(e, random), crm.Input{Field: e.Field(e.LabelField), Value: crm.Str("n")})}
	out, err := f.trySave(actor, d)
	if err != nil {
		f.t.Fatalf("create %v: %v", d.Inputs, err)
	}
	return append(records, out.After)
}

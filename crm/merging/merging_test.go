package merging_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"crmkit/crm"
	"crmkit/crm/catalog"
	"crmkit/crm/merging"
	"crmkit/crm/norm"
)

// maker makes random records.
type maker struct {
	*rand.Rand
	schema *crm.Schema
	number int64
}

// record returns a record of a kind with some of its fields set, most of them to one of few values.
func (m *maker) record(e *crm.Entity) crm.Record {
	rec := crm.NewRecord(e)
	m.number++
	rec.Key = crm.RecordKey(1, m.number)
	rec.ID = crm.RecordID(e.Prefix, rec.Key)
	var inputs []crm.Input
	for i := range e.Fields {
		if f := &e.Fields[i]; f.Stored() && !f.ReadOnly && !follows(f) && (f.Required || m.IntN(2) == 0) {
			inputs = append(inputs, m.input(e, f))
		}
	}
	values, fault := crm.Apply(e, rec.Values, inputs, crm.Setting{Now: 1e12})
	if fault != nil {
		panic(fault)
	}
	rec.Values = values
	rec.Set(crm.FieldCreatedAt, crm.Millis(1e12))
	rec.Set(crm.FieldCreatedBy, crm.Str("ann@acme.com"))
	return rec
}

// follows reports whether a field is a time that another field sets.
func follows(f *crm.Field) bool { return f.Transition() != nil && f.Type.Kind() == crm.TimeKind }

func (m *maker) input(e *crm.Entity, f *crm.Field) crm.Input {
	word := fmt.Sprint(f.Name, m.IntN(4))
	switch f.Type.Kind() {
	case crm.IntKind:
		return crm.Input{Field: f, Value: crm.Number(int64(1000 + m.IntN(4)))}
	case crm.TimeKind:
		return crm.Input{Field: f, Value: crm.Millis(1e12 + int64(m.IntN(4))*1e6)}
	case crm.RefKind:
		return crm.Input{Field: f, Value: crm.Key(crm.RecordKey(1, 1+m.Int64N(4)))}
	case crm.ListKind:
		return crm.Input{Field: f, Value: crm.Labels([]string{word, fmt.Sprint(f.Name, 4+m.IntN(4))})}
	case crm.ObjectKind:
		return crm.Input{Field: f, Mode: crm.MergeMembers, Value: crm.Members([]crm.Member{{Name: "city", JSON: strconv.Quote(word)}, {Name: fmt.Sprint("k", m.IntN(3)), JSON: strconv.Quote(word)}})}
	}
	switch {
	case len(f.Choices.Values) > 0:
		word = f.Choices.Values[m.IntN(len(f.Choices.Values))]
	case f.Name == "stage":
		word = []string{"won", "lost", "new"}[m.IntN(3)]
	case f.Name == "currency":
		word = []string{"EUR", "JPY"}[m.IntN(2)]
	case f.Name == "phone":
		word = fmt.Sprint("+49 30 100", m.IntN(4))
	}
	return crm.Input{Field: f, Value: crm.Str(word)}
}

// atoms returns the single values of a record as texts.
func atoms(rec crm.Record) (list []string) {
	for i, v := range rec.Values {
		switch f := &rec.Entity.Fields[i]; v.Kind {
		case crm.TextKind:
			list = append(list, v.Text)
		case crm.IntKind:
			if f.Name == "amount_cents" {
				list = append(list, rec.Shown("amount").Text)
			}
		case crm.TimeKind:
			list = append(list, time.UnixMilli(v.Int).UTC().Format(time.RFC3339))
		case crm.RefKind:
			list = append(list, crm.RecordID(rec.Entity.Target(f).Prefix, v.Int))
		case crm.ListKind:
			list = append(list, v.List()...)
		case crm.ObjectKind:
			for _, member := range v.Members() {
				text, _ := norm.Unquote(member.JSON)
				list = append(list, text)
			}
		}
	}
	return list
}

// TestNothingIsLost merges random records. Every value of each is in the merged one or in the texts, and
// the winner keeps what was not taken from another.
func TestNothingIsLost(t *testing.T) {
	schema, err := catalog.Schema()
	if err != nil {
		t.Fatal(err)
	}
	for seed := range uint64(3000) {
		m := &maker{Rand: rand.New(rand.NewPCG(20, seed)), schema: schema, number: 10}
		e := schema.ByName([]string{"contact", "company", "deal", "ticket", "campaign_member"}[seed%5])
		if e.IsLink() {
			e = schema.ByName("task")
		}
		winner, others := m.record(e), []crm.Record{m.record(e), m.record(e)}
		takes := m.takes(others)
		values, fault := crm.Apply(e, winner.Values, merging.Inputs(winner, others, takes, crm.Setting{}), crm.Setting{Now: 2e12})
		if fault != nil {
			t.Fatalf("seed %d: %v", seed, fault)
		}
		after := winner.Clone()
		after.Values = values
		merging.Stamped(after, others, takes)
		texts := merging.Texts(merging.Story{Before: winner, After: after, Others: others, Most: 65536})
		all := strings.Join(append(atoms(after), strings.Join(slices.Concat(texts...), "\n")), "\n")
		for _, rec := range append(others, winner) {
			for _, atom := range atoms(rec) {
				if !strings.Contains(all, atom) {
					t.Fatalf("seed %d: %s had %q, which is nowhere:\n%s", seed, rec.Handle(), atom, all)
				}
			}
		}
		checkKept(t, seed, kept{winner, after, takes})
	}
}

// takes returns random fields to take.
func (m *maker) takes(others []crm.Record) (takes []merging.Take) {
	for i := range others[0].Entity.Fields {
		f, from := &others[0].Entity.Fields[i], m.IntN(2)
		if f.Stored() && !f.ReadOnly && !follows(f) && f.Type.Kind() != crm.ListKind && f.Name != "custom" && f.Name != "currency" && others[from].Values[i].Set() && m.IntN(5) == 0 {
			takes = append(takes, merging.Take{Field: f, From: from})
		}
	}
	return takes
}

type kept struct {
	before, after crm.Record
	takes         []merging.Take
}

// checkKept checks that a winner has the values that it had, but for those taken and what follows from
// them.
func checkKept(t *testing.T, seed uint64, k kept) {
	t.Helper()
	for i, v := range k.before.Values {
		f := &k.before.Entity.Fields[i]
		taken := slices.ContainsFunc(k.takes, func(take merging.Take) bool {
			name := take.Field.Name
			return name == f.Name || slices.Contains([]string{"stage", "status"}, name) && slices.Contains([]string{"status", "closed_at", "solved_at"}, f.Name) ||
				name == "amount_cents" && f.Name == "currency"
		})
		follows := f.Name == "currency" && !k.before.Value("amount_cents").Set()
		if v.Set() && !taken && !follows && v.Kind != crm.ListKind && v.Kind != crm.ObjectKind && !v.Equal(k.after.Values[i]) {
			t.Fatalf("seed %d: %s of the winner was %v, and is %v", seed, f.Name, v, k.after.Values[i])
		}
	}
}

// TestLongValuesNeedSeveralTexts merges a record whose notes fill a text alone.
func TestLongValuesNeedSeveralTexts(t *testing.T) {
	schema, err := catalog.Schema()
	if err != nil {
		t.Fatal(err)
	}
	m := &maker{Rand: rand.New(rand.NewPCG(1, 1)), schema: schema, number: 10}
	winner, other := m.record(schema.ByName("contact")), m.record(schema.ByName("contact"))
	winner.Set("notes", crm.Str("mine"))
	other.Set("notes", crm.Str(strings.Repeat("zwölf Boxkämpfer ", 60)))
	texts := merging.Texts(merging.Story{Before: winner, After: winner, Others: []crm.Record{other}, Most: 300})[0]
	var all string
	for _, text := range texts {
		if n := utf8.RuneCountInString(text); n > 300 || !utf8.ValidString(text) {
			t.Errorf("a text has %d characters", n)
		}
		_, rest, _ := strings.Cut(text, "\n")
		all += rest
	}
	if len(texts) < 4 || strings.Count(all, "Boxkämpfer") < 58 {
		t.Errorf("%d texts with %d of 60 words", len(texts), strings.Count(all, "Boxkämpfer"))
	}
}

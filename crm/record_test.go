package crm_test

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"crmkit/crm"
	"crmkit/crm/norm"
)

const applyNow = 1_780_000_000_123

// apply applies the inputs to a record of the entity with some fields.
func apply(t *testing.T, entity string, before map[string]crm.Value, inputs ...crm.Input) (crm.Record, *crm.Error) {
	t.Helper()
	e := testSchema(t).ByName(entity)
	rec := crm.NewRecord(e)
	for name, v := range before {
		rec.Set(name, v)
	}
	kept := rec.Clone()
	for i := range inputs {
		inputs[i].Field = e.Field(inputs[i].JSON)
	}
	after, err := crm.Apply(e, rec.Values, inputs, crm.Setting{Now: applyNow})
	if !reflect.DeepEqual(rec.Values, kept.Values) {
		t.Error("Apply changed the values before")
	}
	rec.Values = after
	return rec, err
}

// set is an input that replaces the named field; apply finds the field by name.
func set(name string, v crm.Value) crm.Input { return crm.Input{JSON: name, Value: v} }

func TestApplyDefaults(t *testing.T) {
	deal, err := apply(t, "deal", nil, set("title", crm.Str("Renewal")))
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"title": "Renewal", "currency": "USD", "status": "open"}
	for _, f := range deal.Entity.Fields {
		if v := deal.Value(f.Name); v.Text != want[f.Name] || v.Set() != (want[f.Name] != "") {
			t.Errorf("%s is %+v", f.Name, v)
		}
	}
	call, err := apply(t, "activity", nil, set("body", crm.Str("called")), set("contact_id", crm.Key(7)))
	if err != nil || !call.Value("occurred_at").Equal(crm.Millis(1_780_000_000_000)) || call.Value("kind").Text != "note" {
		t.Errorf("%+v, %v", call.Values, err)
	}
}

func TestApplyRequiresParentOfActivity(t *testing.T) {
	_, err := apply(t, "activity", nil, set("body", crm.Str("called")))
	if err == nil || err.Code != crm.MissingField || err.Field != "contact_id" {
		t.Errorf("an activity of nobody: %v", err)
	}
	before := map[string]crm.Value{"body": crm.Str("called"), "deal_id": crm.Key(7)}
	if _, err := apply(t, "activity", before, set("deal_id", crm.Value{})); err == nil {
		t.Error("an activity may lose what it belongs to")
	}
	if _, err := apply(t, "activity", before, set("deal_id", crm.Value{}), set("company_id", crm.Key(7))); err != nil {
		t.Error(err)
	}
}

func TestApplyClears(t *testing.T) {
	before := map[string]crm.Value{
		"name": crm.Str("Jane"), "stage": crm.Str("lead"), "tags": crm.Labels([]string{"vip"}), "company_id": crm.Key(7),
		"follow_up_at": crm.Millis(5), "custom": crm.Members([]crm.Member{{Name: "a", JSON: "1"}}),
	}
	for name := range before {
		rec, err := apply(t, "contact", before, set(name, crm.Value{}))
		if name == "name" {
			if err == nil || err.Code != crm.MissingField || err.Field != "name" {
				t.Errorf("clearing name: %v", err)
			}
			continue
		}
		if err != nil || rec.Value(name).Set() {
			t.Errorf("%s is %+v after clearing, %v", name, rec.Value(name), err)
		}
		for other, v := range before {
			if other != name && !rec.Value(other).Equal(v) {
				t.Errorf("clearing %s changed %s to %+v", name, other, rec.Value(other))
			}
		}
	}
}

func TestApplyRequired(t *testing.T) {
	for entity, field := range map[string]string{"contact": "name", "company": "name", "deal": "title", "activity": "body"} {
		_, err := apply(t, entity, nil)
		if err == nil || err.Code != crm.MissingField || err.Field != field || !strings.Contains(err.Hint, field) {
			t.Errorf("%s without %s: %v", entity, field, err)
		}
	}
}

func TestApplyTags(t *testing.T) {
	for _, test := range []struct {
		old, add, remove []string
		mode             crm.Mode
		want             []string
	}{
		{[]string{"a", "b"}, []string{"c"}, nil, crm.EditTags, []string{"a", "b", "c"}},
		{[]string{"a", "b"}, []string{"b", "c", "c"}, nil, crm.EditTags, []string{"a", "b", "c"}},
		{[]string{"a", "b"}, nil, []string{"a", "x"}, crm.EditTags, []string{"b"}},
		{[]string{"a"}, nil, []string{"a"}, crm.EditTags, nil},
		{[]string{"a"}, []string{"b"}, []string{"a"}, crm.EditTags, []string{"b"}},
		{nil, []string{"b"}, nil, crm.EditTags, []string{"b"}},
		{[]string{"a"}, []string{"b"}, nil, crm.Set, []string{"b"}},
		{[]string{"a"}, nil, nil, crm.Set, nil},
	} {
		in := crm.Input{JSON: "tags", Mode: test.mode, Value: crm.Labels(test.add), Remove: test.remove}
		rec, err := apply(t, "contact", map[string]crm.Value{"name": crm.Str("J"), "tags": crm.Labels(test.old)}, in)
		if got := rec.Value("tags"); err != nil || !slices.Equal(got.List(), test.want) || got.Set() != (len(test.want) > 0) {
			t.Errorf("%v +%v -%v: %+v, %v", test.old, test.add, test.remove, got, err)
		}
	}
}

func TestApplyCustom(t *testing.T) {
	member := func(name, json string) crm.Member { return crm.Member{Name: name, JSON: json} }
	old := []crm.Member{member("a", "1"), member("c", `{"x":1}`)}
	for _, test := range []struct {
		set    []crm.Member
		remove []string
		mode   crm.Mode
		want   []crm.Member
	}{
		{[]crm.Member{member("b", "2")}, nil, crm.MergeMembers, []crm.Member{member("a", "1"), member("b", "2"), member("c", `{"x":1}`)}},
		{[]crm.Member{member("c", `{"y":2}`)}, nil, crm.MergeMembers, []crm.Member{member("a", "1"), member("c", `{"y":2}`)}},
		{nil, []string{"a", "zz"}, crm.MergeMembers, []crm.Member{member("c", `{"x":1}`)}},
		{nil, []string{"a", "c"}, crm.MergeMembers, nil},
		{[]crm.Member{member("z", "1.10")}, []string{"c"}, crm.MergeMembers, []crm.Member{member("a", "1"), member("z", "1.10")}},
		{nil, nil, crm.MergeMembers, old},
		{nil, nil, crm.Set, nil},
	} {
		in := crm.Input{JSON: "custom", Mode: test.mode, Value: crm.Members(test.set), Remove: test.remove}
		rec, err := apply(t, "company", map[string]crm.Value{"name": crm.Str("Acme"), "custom": crm.Members(old)}, in)
		if got := rec.Value("custom"); err != nil || !slices.Equal(got.Members(), test.want) || got.Set() != (len(test.want) > 0) {
			t.Errorf("%+v -%v: %+v, %v", test.set, test.remove, got, err)
		}
	}
}

func TestApplyTransitions(t *testing.T) {
	str := crm.Str
	for _, test := range []struct {
		stage, status string // before
		inputs        []crm.Input
		want          string
	}{
		{"proposal", "open", []crm.Input{set("stage", str("won"))}, "won"},
		{"proposal", "open", []crm.Input{set("stage", str("lost"))}, "lost"},
		{"proposal", "open", []crm.Input{set("stage", str("Won"))}, "won"},
		{"won", "won", []crm.Input{set("stage", str("lost"))}, "lost"},
		{"proposal", "open", []crm.Input{set("stage", str("won")), set("status", str("open"))}, "open"},
		{"proposal", "open", []crm.Input{set("status", str("lost")), set("stage", str("won"))}, "lost"},
		{"proposal", "open", []crm.Input{set("stage", str("wonderful"))}, "open"},
		{"won", "open", []crm.Input{set("stage", str("won"))}, "open"},
		{"won", "open", []crm.Input{set("notes", str("x"))}, "open"},
		{"won", "won", []crm.Input{set("stage", str("proposal"))}, "won"},
		{"won", "won", []crm.Input{set("stage", crm.Value{})}, "won"},
		{"", "", []crm.Input{set("stage", str("won"))}, "won"},
		{"", "", []crm.Input{set("stage", str("lead"))}, "open"},
	} {
		before := map[string]crm.Value{"title": str("T"), "stage": str(test.stage), "status": str(test.status)}
		deal, err := apply(t, "deal", before, test.inputs...)
		if got := deal.Value("status").Text; err != nil || got != test.want {
			t.Errorf("%s/%s after %+v: status %s, %v; want %s", test.stage, test.status, test.inputs, got, err, test.want)
		}
	}
}

func TestApplyKeepsEqualValues(t *testing.T) {
	before := map[string]crm.Value{"name": crm.Str("J"), "version": crm.Number(3)}
	rec, err := apply(t, "contact", before, crm.Input{JSON: "version", Mode: crm.CheckOnly, Value: crm.Number(9)})
	if err != nil || rec.Version() != 3 {
		t.Errorf("version %d, %v", rec.Version(), err)
	}
}

func TestApplyBounds(t *testing.T) {
	var tags []string
	var members []crm.Member
	for i := range 1001 {
		tags = append(tags, fmt.Sprint("t", i))
		members = append(members, crm.Member{Name: fmt.Sprint("k", i), JSON: "1"})
	}
	big := crm.Member{Name: "b", JSON: strings.Repeat("1", crm.MaxObjectSize-1)}
	for _, test := range []struct {
		field string
		value crm.Value
		ok    bool
	}{
		{"tags", crm.Labels(tags[:crm.MaxTags]), true},
		{"tags", crm.Labels(tags[:crm.MaxTags+1]), false},
		{"custom", crm.Members(members[:norm.MaxMembers]), true},
		{"custom", crm.Members(members[:norm.MaxMembers+1]), false},
		{"custom", crm.Members([]crm.Member{big}), true},
		{"custom", crm.Members([]crm.Member{{Name: "bb", JSON: big.JSON}}), false},
	} {
		_, err := apply(t, "company", map[string]crm.Value{"name": crm.Str("A")}, set(test.field, test.value))
		if test.ok != (err == nil) || err != nil && (err.Code != crm.InvalidValue || err.Field != test.field) {
			t.Errorf("%s with %d labels, %d members: %v", test.field, len(test.value.List()), len(test.value.Members()), err)
		}
	}
}

func TestChanged(t *testing.T) {
	e := testSchema(t).ByName("contact")
	before, after := crm.NewRecord(e), crm.NewRecord(e)
	before.Set("name", crm.Str("A"))
	after.Set("name", crm.Str("A"))
	after.Set("stage", crm.Str("lead"))
	before.Set("tags", crm.Labels([]string{"a", "b"}))
	after.Set("tags", crm.Labels([]string{"b", "a"}))
	want := []int{e.Index("stage"), e.Index("tags")}
	if got := crm.Changed(before.Values, after.Values); !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

func TestValueEqual(t *testing.T) {
	values := []crm.Value{
		{}, crm.Str("1"), crm.Str("2"), crm.Number(1), crm.Number(0), crm.Millis(1), crm.Key(1), crm.Bool(true), crm.Bool(false),
		crm.Labels([]string{"1"}), crm.Labels([]string{"1", "2"}), crm.Labels([]string{"2", "1"}),
		crm.Members([]crm.Member{{Name: "a", JSON: "1"}}), crm.Members([]crm.Member{{Name: "a", JSON: "1.0"}}), crm.Members([]crm.Member{{Name: "b", JSON: "1"}}),
	}
	for i, v := range values {
		for j, w := range values {
			if v.Equal(w) != (i == j) {
				t.Errorf("%+v and %+v: %v", v, w, v.Equal(w))
			}
		}
	}
	for _, v := range []crm.Value{crm.Str(""), crm.Labels(nil), crm.Labels([]string{}), crm.Members(nil)} {
		if v.Set() || !v.Equal(crm.Value{}) {
			t.Errorf("%+v is not unset", v)
		}
	}
}

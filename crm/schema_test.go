package crm_test

import (
	"strings"
	"testing"

	"crmkit/crm"
	"crmkit/crm/fieldtype"
)

// badSchema is a schema that NewSchema refuses.
type badSchema struct {
	name     string
	entities []crm.Entity
}

// note returns a valid entity after an edit.
func note(edit func(*crm.Entity)) []crm.Entity {
	e := crm.Entity{View: crm.View{
		Name: "note", Plural: "notes", Prefix: "n", LabelField: "title", Sort: "-title",
		Fields: []crm.Field{{Name: "title", Type: fieldtype.Text, Doc: "d"}, {Name: "note_id", Type: fieldtype.Reference, Ref: "note", Doc: "d"}},
	}}
	edit(&e)
	return []crm.Entity{e}
}

// twice returns a valid entity and another one after an edit.
func twice(edit func(*crm.Entity)) []crm.Entity {
	other := note(func(e *crm.Entity) {
		e.Name, e.Plural, e.Prefix = "memo", "memos", "m"
		e.Fields = e.Fields[:1]
		edit(e)
	})
	return append(note(func(*crm.Entity) {}), other...)
}

// follows returns an entity whose title, a text, has the derivation.
func follows(d crm.Derivation) []crm.Entity {
	return note(func(e *crm.Entity) { e.Fields[0].ReadOnly, e.Fields[0].Derivation = true, d })
}

func checkRefused(t *testing.T, tests []badSchema) {
	t.Helper()
	for _, test := range tests {
		if s, err := crm.NewSchema(test.entities, nil); err == nil || s != nil {
			t.Errorf("%s: taken", test.name)
		}
	}
}

func TestNewSchemaChecksNames(t *testing.T) {
	for _, valid := range [][]crm.Entity{note(func(*crm.Entity) {}), twice(func(*crm.Entity) {})} {
		if _, err := crm.NewSchema(valid, nil); err != nil {
			t.Fatal(err)
		}
	}
	checkRefused(t, []badSchema{
		{"no name", note(func(e *crm.Entity) { e.Name = "" })},
		{"no plural", note(func(e *crm.Entity) { e.Plural = "" })},
		{"name taken", twice(func(e *crm.Entity) { e.Name = "note" })},
		{"plural taken", twice(func(e *crm.Entity) { e.Plural = "notes" })},
		{"name is another's plural", twice(func(e *crm.Entity) { e.Name = "notes" })},
		{"prefix taken", twice(func(e *crm.Entity) { e.Prefix = "n" })},
	})
}

func TestNewSchemaChecksFields(t *testing.T) {
	checkRefused(t, []badSchema{
		{"field twice", note(func(e *crm.Entity) { e.Fields = append(e.Fields, e.Fields[0]) })},
		{"field without type", note(func(e *crm.Entity) { e.Fields[0].Type = nil })},
		{"field without doc", note(func(e *crm.Entity) { e.Fields[0].Doc = "" })},
		{"rank without words", note(func(e *crm.Entity) { e.Fields[0].Choices.Ordered = true })},
		{"rank of two digits", note(func(e *crm.Entity) { e.Fields[0].Choices = crm.Ranked(strings.Split("abcdefghijk", "")...) })},
		{"default is no choice", note(func(e *crm.Entity) { e.Fields[0].Choices, e.Fields[0].Default = crm.OneOf("a", "b"), "c" })},
		{"choice in capitals", note(func(e *crm.Entity) { e.Fields[0].Type, e.Fields[0].Choices = fieldtype.Choice, crm.OneOf("a", "B") })},
		{"own folded form that clients write", note(func(e *crm.Entity) { e.Fields[0].Type, e.Fields[0].OwnFold = fieldtype.Word, true })},
		{"flag of no time", note(func(e *crm.Entity) { e.Fields[0].Type = fieldtype.Flag })},
		{"reference to nothing", note(func(e *crm.Entity) { e.Fields[1].Ref = "nobody" })},
		{"reference to a plural", note(func(e *crm.Entity) { e.Fields[1].Ref = "notes" })},
	})
	for _, name := range []string{"search", "sort", "limit", "cursor", "fields", "total", "format", "confirm", "code"} {
		if _, err := crm.NewSchema(note(func(e *crm.Entity) {
			e.Fields = append(e.Fields, crm.Field{Name: name, Type: fieldtype.Text, Doc: "d"})
		}), nil); err == nil {
			t.Errorf("a field may be called %s", name)
		}
	}
}

func TestNewSchemaChecksDerivations(t *testing.T) {
	checkRefused(t, []badSchema{
		{"rollup of nothing", follows(&crm.Rollup{Child: "nobody"})},
		{"rollup of no field", follows(&crm.Rollup{Child: "note", Value: "name"})},
		{"rollup where there is no field", follows(&crm.Rollup{Child: "note", Where: "name"})},
		{"rollup that clients write", note(func(e *crm.Entity) { e.Fields[0].Derivation = &crm.Rollup{Child: "note"} })},
		{"inherited from nothing", follows(&crm.Inherited{From: "name"})},
		{"inherited from a text", follows(&crm.Inherited{From: "title"})},
		{"transition of nothing", follows(&crm.Transition{Of: "name", Values: []string{"a"}})},
		{"transition to nothing", follows(&crm.Transition{Of: "title"})},
		{"flag of nothing", follows(&crm.FlagOf{Time: "name"})},
		{"flag of a text", follows(&crm.FlagOf{Time: "title"})},
		{"amount of nothing", follows(&crm.AmountOf{Number: "title"})},
		{"amount of a text", follows(&crm.AmountOf{Number: "title", Currency: "title"})},
	})
}

func TestNewSchemaChecksGroups(t *testing.T) {
	checkRefused(t, []badSchema{
		{"label", note(func(e *crm.Entity) { e.LabelField = "name" })},
		{"unique", note(func(e *crm.Entity) { e.Keys.Unique = "name" })},
		{"sort", note(func(e *crm.Entity) { e.Sort = "-name" })},
		{"reminder", note(func(e *crm.Entity) { e.Reminder.Field = "name" })},
		{"note of a reminder", note(func(e *crm.Entity) { e.Reminder.Note = "name" })},
		{"parent", note(func(e *crm.Entity) { e.Parents.Fields = []string{"name"} })},
		{"unique pair", note(func(e *crm.Entity) { e.Keys.Together = [][]string{{"title", "name"}} })},
		{"reminder of a text", note(func(e *crm.Entity) { e.Reminder.Field = "title" })},
		{"reminder without a time", note(func(e *crm.Entity) { e.Reminder = crm.Reminder{Note: "title", If: "title=a"} })},
		{"parent that is a text", note(func(e *crm.Entity) { e.Parents.ExactlyOne = []string{"title"} })},
		{"path below nothing", note(func(e *crm.Entity) { e.Parents.Path = "things" })},
		{"log of nothing", note(func(e *crm.Entity) { e.Parents.AuthorOwned = true })},
		{"link to nothing", note(func(e *crm.Entity) { e.Links = []crm.ManyToMany{{Name: "thing", JoinEntity: "nobody"}} })},
		{"search of nothing", note(func(e *crm.Entity) { e.Search = []string{"note.name"} })},
		{"records elsewhere", note(func(e *crm.Entity) { e.Storage.Table = "things" })},
	})
}

// TestViewsAreNotRecords checks the promises for views: they are listed and found by name and
// path, and the rules for making and counting records do not apply to them.
func TestViewsAreNotRecords(t *testing.T) {
	view := note(func(*crm.Entity) {})[0].View
	s, err := crm.NewSchema(nil, []crm.View{view})
	if err != nil {
		t.Fatal(err)
	}
	e := s.ByName("note")
	if e == nil || s.ByPath("notes") != e || !e.IsView() || !e.Can(crm.List) || e.PlanLimited() || len(s.Records()) != 0 {
		t.Errorf("the view is %+v", e)
	}
	view.Storage.Shared = "nobody"
	if _, err := crm.NewSchema(nil, []crm.View{view}); err == nil {
		t.Error("a view shares its table with an unknown one")
	}
	if records, err := crm.NewSchema(note(func(*crm.Entity) {}), nil); err != nil || records.ByName("note").IsView() {
		t.Errorf("an entity is a view: %v", err)
	}
}

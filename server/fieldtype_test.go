package server_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"crmkit/crm"
	"crmkit/crm/fieldtype"
	"crmkit/crm/norm"
	"crmkit/store"
)

// duration is a type of field that exists in this file alone: minutes, which people write
// like 1h30m. Its other methods are those of a whole number.
type duration struct{ crm.Type }

func (duration) String() string { return "duration" }

func (duration) Parse(_ crm.Reader, f *crm.Field, text string) (crm.Value, *crm.Error) {
	d, err := time.ParseDuration(text)
	if err != nil || d%time.Minute != 0 {
		return crm.Value{}, crm.Errorf(crm.InvalidValue, "%s takes hours and minutes like 1h30m, not %s.", f.Name, norm.Quote(text)).On(f.Name)
	}
	return crm.Number(int64(d / time.Minute)), nil
}

func (t duration) Decode(r crm.Reader, f *crm.Field, json string) (crm.Input, *crm.Error) {
	text, _ := norm.Unquote(json)
	v, err := t.Parse(r, f, text)
	return crm.Input{Field: f, Value: v}, err
}

func (duration) DecodeCell(_ *crm.Field, c crm.Cell) (crm.Decoded, *crm.Error) {
	return crm.Decoded{JSON: c.JSON, Whole: true}, nil
}

func (duration) Show(rec crm.Record, i int) crm.Value {
	if !rec.Values[i].Set() {
		return crm.Value{}
	}
	return crm.Str(fmt.Sprintf("%dh%02dm", rec.Values[i].Int/60, rec.Values[i].Int%60))
}

func (duration) Schema(*crm.Field) crm.JSONSchema {
	return crm.JSONSchema{Type: "string", Examples: []string{"1h30m"}}
}

// sessionKind returns an entity with a field of the type.
func sessionKind() crm.Entity {
	e := widget
	e.Name, e.Plural, e.Prefix = "session", "sessions", "ses"
	e.Keys.Unique, e.Search, e.Reminder.Field = "", []string{"label"}, ""
	e.Fields = []crm.Field{widget.Fields[0], widget.Fields[1], widget.Fields[2],
		{Name: "length", Type: duration{fieldtype.Integer}, InLists: true, Doc: "how long it takes"}}
	for _, name := range []string{"version", "created_at", "created_by", "updated_at", "updated_by"} {
		e.Fields = append(e.Fields, *widget.Field(name))
	}
	return e
}

const sessionSQL = `
CREATE TABLE sessions (
  key BIGINT PRIMARY KEY, workspace_id BIGINT NOT NULL, label TEXT NOT NULL, label_fold TEXT NOT NULL, label_plain TEXT, length BIGINT, version BIGINT NOT NULL,
  created_at BIGINT NOT NULL, created_by TEXT NOT NULL, updated_at BIGINT NOT NULL, updated_by TEXT NOT NULL, created_by_fold TEXT, updated_by_fold TEXT
) STRICT;`

// TestNewFieldTypeNeedsOneFile uses a type of this file in bodies, receipts, filters, sort orders,
// both formats, exports, imports, the manual and the OpenAPI document.
func TestNewFieldTypeNeedsOneFile(t *testing.T) {
	r := newRigWith(t, store.Options{Schema: schema(t, sessionKind()), Migrations: furtherMigration(t, sessionSQL)}).as("jane@acme.com")
	made := r.json(201, "POST", "/sessions", `{"label":"Long","length":"1h30m"}`)
	id := made["id"].(string)
	if made["length"] != "1h30m" {
		t.Errorf("made %v", made)
	}
	r.json(201, "POST", "/sessions", `{"label":"Short","length":"20m"}`)
	r.json(201, "POST", "/sessions", `{"label":"Open"}`)
	checkContains(t, r.want(400, "POST", "/sessions", `{"label":"Odd","length":90}`), "takes hours and minutes like 1h30m")
	checkContains(t, r.want(200, "PATCH", "/sessions/"+id, `{"length":"2h"}`), "# updated: length 1h30m -> 2h00m")
	for query, want := range map[string]string{
		"length=2h": "Long", "length=gte:1h": "Long", "length=lt:1h": "Short", "length=is:null": "Open", "length=in:20m,21m": "Short",
		"sort=-length&limit=1": "Long", "sort=length&limit=1": "Short",
	} {
		checkContains(t, r.want(200, "GET", "/sessions?"+query, ""), `label=`+want)
	}
	checkContains(t, r.want(400, "GET", "/sessions?length=gte:soon", ""), "takes hours and minutes")
	checkContains(t, r.want(200, "GET", "/sessions/"+id, ""), "length=2h00m")
	checkContains(t, r.want(200, "GET", "/export/sessions?format=csv", ""), "2h00m")
	checkContains(t, r.want(200, "POST", "/import/sessions", "label,length\nNew,45m\n", "Content-Type", "text/csv"), "1 created")
	checkContains(t, r.want(200, "GET", "/sessions?length=45m", ""), "label=New")
	checkContains(t, r.want(200, "GET", "/help/fields", ""), "duration")
	length := loadAPI(t, r).Components.Schemas["session_write"].Value.Properties["length"]
	if length == nil || !length.Value.Type.Includes("string") {
		t.Error("the OpenAPI document does not describe the type")
	}
}

func checkContains(t *testing.T, text, want string) {
	t.Helper()
	if !strings.Contains(text, want) {
		t.Errorf("no %s in:\n%s", want, text)
	}
}

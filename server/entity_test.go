package server_test

import (
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"

	"crmkit/crm"
	"crmkit/crm/fieldtype"
	"crmkit/store"
)

// widget is an entity that exists in this test alone: a row of the schema and a
// migration are all it takes.
var widget = crm.Entity{
	View: crm.View{Name: "widget", Plural: "widgets", Prefix: "w", Doc: "a thing", LabelField: "label", Sort: "-created_at", MaxLimit: 100, Fields: widgetFields},
	Ops:  crm.AllOps, Search: []string{"label", "contact.name"}, Keys: crm.Keys{Unique: "host"}, Reminder: crm.Reminder{Field: "due_at"},
}

var widgetFields = []crm.Field{
	{Name: "id", Type: fieldtype.ID, ReadOnly: true, Doc: "id"},
	{Name: "handle", Type: fieldtype.Handle, ReadOnly: true, Doc: "handle"},
	{Name: "label", Type: fieldtype.Text, Required: true, InLists: true, Doc: "what it says"},
	{Name: "host", Type: fieldtype.Domain, InLists: true, Doc: "where it runs"},
	{Name: "size", Type: fieldtype.Integer, InLists: true, Doc: "how large"},
	{Name: "color", Type: fieldtype.Choice, Choices: crm.OneOf("red", "blue"), Default: "red", InLists: true, Enumerable: true, Doc: "its color"},
	{Name: "contact_id", Type: fieldtype.Reference, Ref: "contact", InLists: true, Doc: "whose"},
	{Name: "due_at", Type: fieldtype.Time, InLists: true, Doc: "when it is due"},
	{Name: "labels", Type: fieldtype.Tags, InLists: true, Doc: "labels"},
	{Name: "extra", Type: fieldtype.Object, Doc: "anything"},
	{Name: "version", Type: fieldtype.Integer, ReadOnly: true, Doc: "version"},
	{Name: "created_at", Type: fieldtype.Time, ReadOnly: true, Doc: "made"},
	{Name: "created_by", Type: fieldtype.Email, ReadOnly: true, Doc: "by"},
	{Name: "updated_at", Type: fieldtype.Time, ReadOnly: true, Doc: "changed"},
	{Name: "updated_by", Type: fieldtype.Email, ReadOnly: true, Doc: "by"},
}

const widgetSQL = `
CREATE TABLE widgets (
  key BIGINT PRIMARY KEY, workspace_id BIGINT NOT NULL, label TEXT NOT NULL, label_fold TEXT NOT NULL, label_plain TEXT, host TEXT, host_fold TEXT, size BIGINT,
  color TEXT NOT NULL, contact_id BIGINT REFERENCES contacts (key), due_at BIGINT, labels TEXT, extra TEXT, version BIGINT NOT NULL,
  created_at BIGINT NOT NULL, created_by TEXT NOT NULL, updated_at BIGINT NOT NULL, updated_by TEXT NOT NULL, created_by_fold TEXT, updated_by_fold TEXT
) STRICT;
CREATE UNIQUE INDEX widgets_host ON widgets (workspace_id, host);`

// widgetMigration is a migration after those of the product.
func widgetMigration(t *testing.T) fstest.MapFS {
	t.Helper()
	return furtherMigration(t, widgetSQL)
}

// furtherMigration follows those that are built in.
func furtherMigration(t *testing.T, text string) fstest.MapFS {
	t.Helper()
	released, err := filepath.Glob("../store/migrations/*.sql")
	if err != nil {
		t.Fatal(err)
	}
	return fstest.MapFS{fmt.Sprintf("migrations/%04d_further.sql", len(released)+1): {Data: []byte(text)}}
}

// TestNewEntityNeedsOnlyARowAndAMigration uses the widget in all routes, formats and files.
func TestNewEntityNeedsOnlyARowAndAMigration(t *testing.T) {
	r := newRigWith(t, store.Options{Schema: schema(t, widget), Migrations: widgetMigration(t)}).as("jane@acme.com")
	contact := r.json(201, "POST", "/contacts", `{"name":"Jané Doe"}`)["id"].(string)
	made := r.json(201, "POST", "/widgets", `{"label":"Big one","host":"https://www.x.com/","size":7,"contact_id":"`+contact+`","due_at":"now","labels":["a"],"extra":{"n":5}}`)
	id := made["id"].(string)
	if !strings.HasPrefix(id, "w_") || made["color"] != "red" || made["host"] != "x.com" {
		t.Errorf("made %v", made)
	}
	if r.json(200, "POST", "/widgets", `{"host":"x.com","size":9}`)["result"] != "updated" {
		t.Error("POST with the unique value does not update")
	}
	if text := r.want(200, "PATCH", "/widgets/"+id, `{"color":"blue","labels":{"add":["b"]},"extra":{"m":6}}`); !strings.Contains(text, "# updated: color red -> blue; labels a -> a,b; extra.m (unset) -> 6") {
		t.Error(text)
	}
	for _, filter := range []string{"label=like:BIG", "size=gte:9", "color=blue", "contact_id=" + contact, "contact=" + contact, "contact.name=like:jane",
		"labels=a,b", "extra.n=gt:4", "host=X.COM", "due_at=lte:now", "search=jane", "sort=-size", "created_by=jane@acme.com", "version=3"} {
		if text := r.want(200, "GET", "/widgets?"+filter, ""); !strings.Contains(text, "widget/"+id+` label="Big one"`) {
			t.Errorf("%s finds nothing:\n%s", filter, text)
		}
	}
	if text := r.want(200, "GET", "/widgets?color=red", ""); !strings.Contains(text, "# color=red matches nothing; in use: blue 1") {
		t.Error(text)
	}
	if text := r.want(200, "GET", "/reminders", ""); !strings.Contains(text, "widget/"+id) {
		t.Error("no reminder:", text)
	}
	if text := r.want(200, "GET", "/whoami", ""); !strings.Contains(text, "widgets: 1 / unlimited") {
		t.Error("not counted:", text)
	}
	if text := r.want(200, "GET", "/help", ""); !strings.Contains(text, "widget w_: label* host! size") || !regexp.MustCompile(`(?m)^(/\S+ )*/widgets .*GET list`).MatchString(text) {
		t.Error("not in the manual")
	}
	if loadAPI(t, r).Components.Schemas["widget_write"].Value.Properties["size"] == nil {
		t.Error("not in OpenAPI")
	}
	r.want(400, "GET", "/widgets?colr=red", "")
	confirm := r.json(409, "DELETE", "/widget/"+id, "")["confirm"].(string)
	r.want(200, "DELETE", "/widgets/"+id+"?confirm="+confirm, "")
	if text := r.want(200, "GET", "/audit?target=widget/"+id, ""); !strings.Contains(text, "# 4 of 4 changes") {
		t.Error(text)
	}
}

package store

import (
	"fmt"
	"io/fs"
	"math/rand/v2"
	"path"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"crmkit/crm"
	"crmkit/crm/catalog"
	"crmkit/crm/fieldtype"
	"crmkit/store/storetest/kit"
)

// widget is a kind that the product does not have. It needs an entity in the schema and a
// migration, and nothing else.
var widget = crm.Entity{
	View: crm.View{Name: "widget", Plural: "widgets", Prefix: "w", Doc: "a thing", LabelField: "label", Sort: "-created_at", MaxLimit: 100, Fields: widgetFields},
	Ops:  crm.AllOps, Search: []string{"label", "tags", "company.name"}, Keys: crm.Keys{Unique: "serial"}, Parents: crm.Parents{Fields: []string{"company_id"}},
}

var widgetFields = []crm.Field{
	{Name: "id", Type: fieldtype.ID, ReadOnly: true, Doc: "its id"},
	{Name: "handle", Type: fieldtype.Handle, ReadOnly: true, Doc: "its handle"},
	{Name: "label", Type: fieldtype.Text, Required: true, InLists: true, Doc: "its name"},
	{Name: "serial", Type: fieldtype.Domain, InLists: true, Doc: "unique"},
	{Name: "weight", Type: fieldtype.Integer, InLists: true, Doc: "in grams"},
	{Name: "company_id", Type: fieldtype.Reference, Ref: "company", InLists: true, Doc: "whose it is"},
	{Name: "tags", Type: fieldtype.Tags, InLists: true, Doc: "labels"},
	{Name: "custom", Type: fieldtype.Object, Doc: "own keys"},
	{Name: "version", Type: fieldtype.Integer, ReadOnly: true, Doc: "version"},
	{Name: "created_at", Type: fieldtype.Time, ReadOnly: true, Doc: "made"},
	{Name: "created_by", Type: fieldtype.Email, ReadOnly: true, Doc: "by"},
	{Name: "updated_at", Type: fieldtype.Time, ReadOnly: true, Doc: "changed"},
	{Name: "updated_by", Type: fieldtype.Email, ReadOnly: true, Doc: "by"},
}

const widgetSQL = `CREATE TABLE widgets (key BIGINT PRIMARY KEY, workspace_id BIGINT NOT NULL, label TEXT NOT NULL, label_fold TEXT NOT NULL, label_plain TEXT,
  serial TEXT, serial_fold TEXT, weight BIGINT, company_id BIGINT REFERENCES companies (key), tags TEXT, custom TEXT,
  version BIGINT NOT NULL, created_at BIGINT NOT NULL, created_by TEXT NOT NULL, updated_at BIGINT NOT NULL, updated_by TEXT NOT NULL, created_by_fold TEXT, updated_by_fold TEXT) STRICT;
CREATE UNIQUE INDEX widgets_serial ON widgets (workspace_id, serial);`

// released returns the names of the migrations of the product.
func released() []string {
	names, err := fs.Glob(migrations, "migrations/*.sql")
	if err != nil {
		panic(err)
	}
	for i, name := range names {
		names[i] = path.Base(name)
	}
	return names
}

// numbered returns the number of the nth migration after those of the product, as it is written
// in the name of a file.
func numbered(n int) string { return fmt.Sprintf("%04d", len(released())+n) }

// migrationFS returns a file system with one migration.
func migrationFS(name, text string) fstest.MapFS {
	return fstest.MapFS{"migrations/" + name: {Data: []byte(text)}}
}

func widgetOptions(t *testing.T, c *kit.Clock, file string) Options {
	t.Helper()
	schema, err := catalog.Schema(widget)
	if err != nil {
		t.Fatal(err)
	}
	return Options{Path: file, Schema: schema, Clock: c.Now, Rand: rand.NewChaCha8([32]byte{2}), Migrations: migrationFS(numbered(1)+"_widgets.sql", widgetSQL)}
}

func widgets(t *testing.T, test func(t *testing.T, f *fixture)) {
	for name, path := range places {
		t.Run(name, func(t *testing.T) {
			c := kit.NewClock()
			test(t, openWith(t, c, widgetOptions(t, c, path(t))))
		})
	}
}

func TestFurtherKindIsWritten(t *testing.T) {
	widgets(t, func(t *testing.T, f *fixture) {
		ann := f.member("ann@example.com")
		acme := f.save(ann, "company", "name", "Acme")
		made := f.save(ann, "widget", "label", "Bolt", "serial", "b1.example", "weight", 12, "company_id", acme)
		out, err := f.trySave(ann, f.draft("widget", "serial", "b1.example", "weight", 13))
		if err != nil || out.Result != Updated || out.After.Key != made.Key || out.After.Version() != 2 {
			t.Errorf("upsert: %v %v, key %d version %d", out.Result, err, out.After.Key, out.After.Version())
		}
		f.update(ann, made, "tags", []string{"red"}, "custom", []crm.Member{{Name: "size", JSON: "7"}})
		got := f.fetch(ann, made)
		if got.ID != crm.RecordID("w", made.Key) || got.Value("label").Text != "Bolt" || got.Value("weight").Int != 13 ||
			got.Version() != 3 || got.Labels[got.Entity.Index("company_id")] != "Acme" {
			t.Errorf("read back %+v", got)
		}
		f.remove(ann, acme)
		_, err = f.Record(t.Context(), ann, got.Entity, made.Key)
		kit.WantCode(t, "a widget whose company was deleted", err, crm.NotFound)
		if left := f.raw(1, "SELECT n FROM usage WHERE workspace_id = $1 AND kind = 'widgets'", ann.Workspace); !slices.Equal(left, []string{"0"}) {
			t.Errorf("usage of widgets is %v", left)
		}
	})
}

func TestFurtherKindIsListed(t *testing.T) {
	widgets(t, func(t *testing.T, f *fixture) {
		ann := f.member("ann@example.com")
		acme := f.save(ann, "company", "name", "Acme", "domain", "acme.com")
		f.save(ann, "widget", "label", "Bolt", "weight", 12, "company_id", acme, "tags", []string{"red", "small"})
		f.save(ann, "widget", "label", "Nut", "weight", 3, "tags", []string{"red"}, "custom", []crm.Member{{Name: "size", JSON: "7.50"}})
		f.save(ann, "widget", "label", "Café crème", "serial", "c.example")
		for params, want := range map[string]string{
			"":                        "Café crème,Nut,Bolt",
			"sort=weight":             "Nut,Bolt,Café crème",
			"sort=-label":             "Nut,Café crème,Bolt",
			"weight=gte:12":           "Bolt",
			"weight=is:null":          "Café crème",
			"tags=red":                "Nut,Bolt",
			"tags=red,small":          "Bolt",
			"custom.size=7.5":         "Nut",
			"company=" + acme.ID:      "Bolt",
			"company.domain=acme.com": "Bolt",
			"search=acme":             "Bolt",
			"search=CAFE":             "Café crème",
			"serial=c.example":        "Café crème",
		} {
			var labels []string
			for _, rec := range f.list(ann, "widget", params).Records {
				labels = append(labels, rec.Value("label").Text)
			}
			if got := strings.Join(labels, ","); got != want {
				t.Errorf("widgets?%s: %s, want %s", params, got, want)
			}
		}
	})
}

func TestFurtherKindLogsItsCascade(t *testing.T) {
	widgets(t, func(t *testing.T, f *fixture) {
		ann := f.member("ann@example.com")
		acme := f.save(ann, "company", "name", "Acme")
		bolt := f.save(ann, "widget", "label", "Bolt", "company_id", acme)
		f.remove(ann, acme)
		got := f.raw(2, "SELECT action || ' ', target FROM changes WHERE workspace_id = $1 AND action = 'delete' ORDER BY key", ann.Workspace)
		want := []string{fmt.Sprint("delete ", bolt.Handle()), fmt.Sprint("delete ", acme.Handle())}
		if !slices.Equal(got, want) {
			t.Errorf("the log says %q, want %q", got, want)
		}
	})
}

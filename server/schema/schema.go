// Package schema has the endpoints that show what records are like: the built-in fields of each
// kind, the fields that the workspace declares, and the keys that its records have besides.
//
// It reads and never writes. What an answer costs is bounded: of how many fields the values in use
// are counted, and in how many records.
package schema

import (
	"fmt"
	"slices"
	"strings"

	"crmkit/crm"
	"crmkit/crm/declared"
	"crmkit/crm/norm"
	"crmkit/crm/shape"
	"crmkit/query"
	"crmkit/render"
	"crmkit/server/web"
	"crmkit/store"
)

// Endpoints are the handlers of a store.
type Endpoints struct{ store *store.Store }

// New returns the handlers of a store.
func New(s *store.Store) *Endpoints { return &Endpoints{s} }

// Routes returns the routes of the schema.
func (x *Endpoints) Routes() []web.Route {
	return []web.Route{
		{Method: "GET", Path: "/schema", Access: web.Read, Group: "work", Doc: "kinds of records and the fields that this workspace declares (/help/schema)", Handle: x.all},
		{Method: "GET", Path: "/schema/:topic", Access: web.Read, Group: "work", Doc: "the fields of a kind, with the values in use", Handle: x.one},
	}
}

// The bounds of an answer.
const (
	maxStages  = 60 // stages that are named though nothing is in them
	maxCounted = 40 // fields of which the values in use are counted
	maxFree    = 50 // keys that are shown without a declaration
)

// all answers GET /schema: a line for each kind.
func (x *Endpoints) all(rq *web.Request) (*render.Response, error) {
	doc := &render.Response{Line: &render.Item{Head: "schema/" + rq.Actor.WorkspaceID, HeadKey: "handle", Fields: []render.Field{{Name: "version", Value: crm.Number(rq.Env.Shape.Version())}}}, Name: "kinds"}
	if rq.Env.Shape.Closed() {
		doc.Line.Fields = append(doc.Line.Fields, text("custom_keys", shape.DeclaredKeys))
	}
	for _, e := range x.store.Schema.Entities {
		if e.IsView() {
			continue
		}
		item := render.Item{Head: e.Name, HeadKey: "kind", Fields: []render.Field{text("path", "/"+e.Route())}}
		var names []string
		if k := rq.Env.Shape.Kind(e); k != nil {
			for _, f := range k.Fields {
				names = append(names, declared.Prefix+f.Name)
			}
		}
		if declared.Declares(e) {
			item.Fields = append(item.Fields, text("declared", strings.Join(names, " ")))
		}
		doc.Items = append(doc.Items, item)
	}
	doc.Hints = append(doc.Hints, "fields of a kind: GET /schema/deal; declare one: POST /fields (admin)")
	return doc, nil
}

// one answers GET /schema/{kind}: a line for each field that a client can write, then the names of the others.
//
// Errors: not_found for a name that is not one of a kind, with the nearest.
func (x *Endpoints) one(rq *web.Request) (*render.Response, error) {
	e := x.kind(rq.RecordID)
	if e == nil {
		var names []string
		for _, e := range x.store.Schema.Entities {
			if !e.IsView() {
				names = append(names, e.Name)
			}
		}
		return nil, crm.Errorf(crm.NotFound, "there is no kind %s. There is %s; GET /schema lists them.", norm.Quote(rq.RecordID), strings.Join(names, ", ")).Of(rq.RecordID, names)
	}
	doc := &render.Response{Line: &render.Item{Head: e.Name, HeadKey: "kind", Fields: []render.Field{text("path", "/"+e.Route())}}, Name: "fields"}
	err := x.store.View(rq.Context(), rq.Actor, func(v *store.View) error {
		d := &describer{view: v, env: rq.Env, entity: e, doc: doc}
		return d.run()
	})
	return doc, err
}

// kind returns the entity with a name, singular or plural, nil if there is none.
func (x *Endpoints) kind(name string) *crm.Entity {
	for _, e := range x.store.Schema.Entities {
		if !e.IsView() && (e.Name == name || e.Plural == name) {
			return e
		}
	}
	return nil
}

func text(name, value string) render.Field { return render.Field{Name: name, Value: crm.Str(value)} }

// describer makes the lines of one kind.
type describer struct {
	view    *store.View
	env     query.Env
	entity  *crm.Entity
	doc     *render.Response
	counted int // fields of which the values were counted
}

func (d *describer) run() error {
	var kept []string
	for i := range d.entity.Fields {
		f := &d.entity.Fields[i]
		if f.ReadOnly || f.IsIdentity() {
			kept = append(kept, f.Name)
			continue
		}
		if err := d.builtIn(f); err != nil {
			return err
		}
	}
	if !declared.Declares(d.entity) {
		d.doc.Remarks = append(d.doc.Remarks, "kept by the server: "+strings.Join(kept, " "))
		return nil
	}
	k := d.env.Shape.Kind(d.entity)
	if k != nil {
		for _, f := range k.Fields {
			if err := d.declared(k, f); err != nil {
				return err
			}
		}
	}
	d.doc.Remarks = append(d.doc.Remarks, "kept by the server: "+strings.Join(kept, " "))
	if d.counted > maxCounted {
		d.doc.Hints = append(d.doc.Hints, fmt.Sprintf("the values of %d fields are counted, those of the last %d are not: GET /%s?group=custom.name counts those of one", maxCounted, d.counted-maxCounted, d.entity.Route()))
	}
	return d.free(k)
}

// builtIn adds the line of a field of the product.
func (d *describer) builtIn(f *crm.Field) error {
	item := line(f.Name, f.Type.String())
	if f.Required {
		item.Fields = append(item.Fields, yes("required"))
	}
	if d.entity.Keys.Unique == f.Name || slices.Contains(d.entity.Keys.Items, f.Name) {
		item.Fields = append(item.Fields, yes("unique"))
	}
	values, err := "", error(nil)
	if d.entity.CountsValues(f) {
		values, err = d.inUse(f.Name, d.allowed(f))
	}
	d.add(item, values)
	return err
}

// allowed returns the values that a field of the product takes, if they are a list. The stages are those of the pipelines
// of the kind, in their order, the default pipeline first; of those after maxStages only the ones in use are shown.
func (d *describer) allowed(f *crm.Field) []string {
	flow := d.env.Flow
	if !d.entity.HasStages() || !flow.Has(d.entity.Name) || f.Name != crm.FieldStage && f.Name != crm.FieldPipeline {
		return f.Choices.Values
	}
	first := flow.Of(d.entity.Name, "").Name
	names := append([]string{first}, slices.DeleteFunc(flow.Names(d.entity.Name), func(name string) bool { return name == first })...)
	if f.Name == crm.FieldPipeline {
		return names
	}
	var all []string
	for _, name := range names {
		for _, stage := range flow.Of(d.entity.Name, name).StageNames() {
			if !slices.Contains(all, stage) {
				all = append(all, stage)
			}
		}
	}
	if len(all) > maxStages {
		d.doc.Hints = append(d.doc.Hints, fmt.Sprintf("of %d stages those after the first %d are named only where they are in use: GET /pipelines", len(all), maxStages))
	}
	return all[:min(len(all), maxStages)]
}

// declared adds the lines of a declared field: two for money, which has two keys.
func (d *describer) declared(k *declared.Kind, f *declared.Field) error {
	for _, m := range f.Members() {
		item := line(m.Name, f.Type)
		if f.Required {
			item.Fields = append(item.Fields, yes("required"))
		}
		if f.Unique {
			item.Fields = append(item.Fields, yes("unique"))
		}
		if f.Ref != "" {
			item.Fields = append(item.Fields, text("ref", f.Ref))
		}
		item.Fields = append(item.Fields, text("from", "declared"))
		values, err := "", error(nil)
		if f.Type == declared.Choice || f.Type == declared.Flag || m.Type.String() == "currency" {
			values, err = d.inUse(m.Name, f.Options)
		}
		if err != nil {
			return err
		}
		if f.Type != declared.Choice && values == "" { // values in use are examples
			item.Fields = append(item.Fields, text("example", example(m)))
		}
		item.Fields = append(item.Fields, text("doc", f.Doc))
		d.add(item, values)
	}
	return nil
}

// example returns a value of a key without quotes around a text.
func example(m declared.Member) string {
	switch m.Type.String() {
	case "integer":
		return "125000"
	case "currency":
		return "USD"
	}
	is := m.Of.Example()
	if plain, isText := norm.Unquote(is); isText {
		return plain
	}
	return is
}

// free adds the keys of custom that records have without a declaration, the most used first.
func (d *describer) free(k *declared.Kind) error {
	counted, err := d.view.CustomKeys(d.entity)
	if err != nil {
		return err
	}
	all := slices.DeleteFunc(counted.Keys, func(in store.ValueCount) bool { return k.Member(in.Value) != nil })
	for _, in := range all[:min(len(all), maxFree)] {
		item := line(declared.Prefix+in.Value, "any")
		item.Fields = append(item.Fields, text("from", "free"))
		records := fmt.Sprintf("%d records", in.N)
		if in.N == counted.Most {
			records = "at least " + records
		}
		d.add(item, records)
	}
	switch rest := max(0, len(all)-maxFree); {
	case counted.More:
		d.doc.Hints = append(d.doc.Hints, fmt.Sprintf("and more than %d more keys that are not declared; those after the first %d by their names were not counted", rest, len(counted.Keys)))
	case rest > 0:
		d.doc.Remarks = append(d.doc.Remarks, fmt.Sprintf("and %d more keys that are not declared", rest))
	}
	return nil
}

// line returns the line of a field.
func line(name, kind string) render.Item {
	return render.Item{Head: name, HeadKey: "field", Fields: []render.Field{text("type", kind)}}
}

func yes(name string) render.Field { return render.Field{Name: name, Value: crm.Bool(true)} }

// add adds a line with the values of its field.
func (d *describer) add(item render.Item, values string) {
	if values != "" {
		item.Fields = slices.Insert(item.Fields, 1, text("values", values))
	}
	d.doc.Items = append(d.doc.Items, item)
}

// inUse returns the values of a field with the number of records that have each: those that are allowed, in their
// order, then others.
func (d *describer) inUse(name string, allowed []string) (string, error) {
	counts := map[string]int64{}
	var words []string
	if d.counted++; d.counted <= maxCounted {
		in, err := d.view.ValuesInUse(d.env.InUse(d.entity, name))
		if err != nil {
			return "", err
		}
		for _, value := range in.Values {
			if counts[value.Value] = value.N; !slices.Contains(allowed, value.Value) {
				words = append(words, value.Value)
			}
		}
	}
	var parts []string
	for _, word := range append(slices.Clone(allowed), words...) {
		part := norm.Quote(word)
		if n := counts[word]; n > 0 {
			part += fmt.Sprintf(" %d", n)
		}
		parts = append(parts, part)
	}
	return strings.Join(parts, ", "), nil
}

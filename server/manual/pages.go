package manual

import (
	"fmt"
	"slices"
	"strings"
	"text/template"

	"crmkit/crm"
	"crmkit/crm/fieldtype"
	"crmkit/crm/norm"
	"crmkit/crm/products"
	"crmkit/query"
)

// pageData are the values that the templates print. Limits and defaults reach a page only
// from here, so that a page follows a change of the code.
type pageData struct {
	Base     string
	Version  string
	Local    bool
	SignedIn bool // the reader's client has a token and sends it
	Topics   []string
	IdleDays int
	Most     inputLimits

	ImportMax string // in words, with its unit
}

// inputLimits are the limits that the pages name.
type inputLimits struct {
	Tags, Members, MemberName, ObjectSize, Depth, QueryBytes, Params, Items int
	Batch
	Budget Budget
}

func (m *Manual) data(a Audience) pageData {
	return pageData{Base: basePlaceholder, Version: m.opts.Version, Local: m.opts.Local, SignedIn: a == SignedIn, Topics: Topics, IdleDays: m.opts.IdleDays, ImportMax: m.importMax(),
		Most: inputLimits{crm.MaxTags, norm.MaxMembers, crm.MaxMemberName, crm.MaxObjectSize, norm.MaxDepth, crm.MaxQueryBytes, crm.MaxParams, crm.MaxItems, m.opts.Batch, Budget{crm.MinBudget, crm.MaxBudget, m.opts.ToolBudget}}}
}

// funcs are the functions of the templates. Each prints a list from the tables that the
// code itself uses.
func (m *Manual) funcs() template.FuncMap {
	return template.FuncMap{
		"id":            m.ExampleID,
		"kinds":         m.Kinds,
		"products":      knownProducts,
		"fields":        func() string { return m.Fields((*crm.Entity).PlanLimited) },
		"fieldsInDepth": m.fieldsInDepth,
		"ops":           operators,
		"filters":       m.filters,
		"searched":      m.searchFields,
		"paths":         func() string { return m.routes(func(*Route) bool { return true }) },
		"dailyPaths":    func() string { return m.routes((*Route).isDaily) },
		"pathsOf":       m.pathsOf,
		"examples":      m.examples,
		"codes":         codes,
		"codesInDepth":  codesInDepth,
	}
}

// importMax words how large a file to import may be.
func (m *Manual) importMax() string {
	if m.opts.ImportMax == 0 {
		return "any number of bytes"
	}
	return fmt.Sprintf("%d MiB", m.opts.ImportMax>>20)
}

// ExampleID returns the id that the nth record of a kind has in the first
// workspace of a new server, so that the examples run as written there.
func (m *Manual) ExampleID(kind string, n int64) string {
	return crm.RecordID(m.opts.Schema.ByName(kind).Prefix, crm.RecordKey(1, n))
}

// Kinds names the kinds of records, the word before the last.
func (m *Manual) Kinds(word string) string {
	var names []string
	for _, e := range m.opts.Schema.Entities {
		if e.PlanLimited() {
			names = append(names, e.Plural)
		}
	}
	return crm.Enumerate(names, word)
}

// knownProducts names the products whose exports an import recognises.
func knownProducts() string {
	var titles []string
	for _, p := range products.Products {
		titles = append(titles, p.Title)
	}
	return crm.Enumerate(titles, "and")
}

// fieldMarkers returns * for a required field and ! for the unique one. The pages explain
// them in the heading of each list.
func fieldMarkers(e *crm.Entity, f *crm.Field) string {
	mark := ""
	if f.Required {
		mark += "*"
	}
	if f.Name == e.Keys.Unique {
		mark += "!"
	}
	return mark
}

// Fields prints a line for each wanted kind: the fields that clients write, with their
// markers, defaults and choices. It leaves out external_ids, which every kind has. The descriptions of MCP tools use it as well, where every
// byte is sent in every conversation; so it has no types and no explanations.
func (m *Manual) Fields(want func(*crm.Entity) bool) string {
	var b strings.Builder
	for _, e := range m.opts.Schema.Entities {
		if e.IsView() || !want(e) {
			continue
		}
		fmt.Fprintf(&b, "%s %s_:", e.Name, e.Prefix)
		for i := range e.Fields {
			f := &e.Fields[i]
			if f.ReadOnly || f.Type == fieldtype.ExternalIDs || f.Name == crm.FieldPipeline || f.Name == crm.FieldStageSince {
				continue // a page of its own has them
			}
			b.WriteString(" " + f.Name + fieldMarkers(e, f))
			if f.Default != "" {
				b.WriteString("=" + f.Default)
			}
			if len(f.Choices.Values) > 0 {
				b.WriteString("(" + strings.Join(f.Choices.Values, "|") + ")")
			}
		}
		b.WriteByte('\n')
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// describe says which values a field takes: the most specific of the kind of the record
// referred to, the choices, the limit of a text, and the name of the type.
func describe(f *crm.Field) string {
	text := f.Type.String()
	switch {
	case f.IsReference():
		text = "reference to a " + f.Ref
	case len(f.Choices.Values) > 0:
		text = strings.Join(f.Choices.Values, "|")
	case f.Type == fieldtype.Text && !f.ReadOnly:
		text = fmt.Sprintf("text, at most %d", f.Limit())
	}
	if f.Default != "" {
		text += ", default " + f.Default
	}
	return text
}

// operators prints the operators of filters.
func operators() string {
	var b strings.Builder
	for _, op := range query.Ops {
		fmt.Fprintf(&b, "  %-4s %s\n", op.Name, op.Doc)
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// filters prints the fields by which each list can be filtered.
func (m *Manual) filters() string {
	var b strings.Builder
	for _, e := range m.opts.Schema.Entities {
		fmt.Fprintf(&b, "/%s: %s\n", e.Route(), strings.Join(e.FilterNames(), " "))
	}
	return b.String()
}

// searchFields prints the fields in which a search looks.
func (m *Manual) searchFields() string {
	var parts []string
	for _, e := range m.opts.Schema.Entities {
		if len(e.Search) > 0 {
			parts = append(parts, e.Plural+" "+strings.Join(e.Search, ", "))
		}
	}
	return strings.Join(parts, "; ")
}

// pathsOf prints the routes of a kind of record.
func (m *Manual) pathsOf(kind string) string {
	return m.routes(func(row *Route) bool { return row.Entity != nil && row.Entity.Name == kind })
}

// routes prints the route table. The methods of one path share a line, and so do paths
// that offer the same methods: the manual is read by models, which pay for each word. Writes of all that
// match are left out: every list has them, which the manual says once.
func (m *Manual) routes(shown func(*Route) bool) string {
	const kindsAtOnce = 6 // of which the manual does not name each
	offers, paths := map[string]string{}, map[string][]string{}
	var order []string
	for _, row := range m.opts.Routes {
		if row.Doc != "" && !row.Many && shown(&row) {
			path := row.Pattern
			if offers[path] == "" {
				order = append(order, path)
			}
			offers[path] += "; " + row.Method + " " + row.Doc
		}
	}
	for _, path := range order {
		paths[offers[path]] = append(paths[offers[path]], path)
	}
	var b strings.Builder
	for _, path := range order {
		same := paths[offers[path]]
		if same[0] != path {
			continue
		}
		if form := m.formOf(path); form != "/{kind}" && len(same) >= kindsAtOnce && !slices.ContainsFunc(same, func(p string) bool { return m.formOf(p) != form }) {
			same = []string{form}
		}
		b.WriteString(strings.Join(same, " ") + "  " + offers[path][2:] + "\n")
	}
	return b.String()
}

// isDaily reports whether the manual itself has the path. Those of the server, of teams, of connectors and of definitions are on
// the page of paths.
func (r *Route) isDaily() bool {
	return !slices.Contains([]string{"start", "teams", "connect"}, r.Group) && (r.Entity == nil || !r.Entity.IsDefinition())
}

// formOf returns a path with {kind} in place of the first kind in it.
func (m *Manual) formOf(path string) string {
	parts := strings.Split(path, "/")
	at := slices.IndexFunc(parts, func(part string) bool { return part != "" && m.opts.Schema.ByPath(part) != nil })
	if at >= 0 {
		parts[at] = "{kind}"
	}
	return strings.Join(parts, "/")
}

// examples prints commands that work on a new server as they are written, in this order.
// A test runs them.
func (m *Manual) examples() string {
	contact := m.ExampleID("contact", 1)
	return strings.Join([]string{
		`AUTH='Authorization: Bearer ck_…'`,
		`curl -s $BASE/contacts -H "$AUTH" -d '{"name":"Jane Doe","email":"jane@acme.com","stage":"lead"}'`,
		`curl -s "$BASE/contacts?stage=lead&company.name=is:null" -H "$AUTH"`,
		`curl -s -X PATCH $BASE/contacts/` + contact + ` -H "$AUTH" -d '{"follow_up_at":"+3d","follow_up_note":"Send the quote"}'`,
		`curl -s "$BASE/reminders?days=7" -H "$AUTH"`,
	}, "\n")
}

// codes prints the error codes in one line, those of one status together. crm.Codes is
// sorted by status, and a code that has two statuses is in it twice.
func codes() string {
	var b strings.Builder
	for i, row := range crm.Codes {
		if i > 0 && row.Status == crm.Codes[i-1].Status {
			b.WriteString(" " + string(row.Code))
			continue
		}
		if i > 0 {
			b.WriteString(" · ")
		}
		fmt.Fprintf(&b, "%d %s", row.Status, row.Code)
	}
	return b.String()
}

// codesInDepth prints a line for each error code.
func codesInDepth() string {
	var b strings.Builder
	for _, row := range crm.Codes {
		fmt.Fprintf(&b, "%d %-21s %s\n", row.Status, row.Code, row.Doc)
	}
	return b.String()
}

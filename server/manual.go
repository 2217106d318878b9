package server

import (
	"embed"
	"fmt"
	"slices"
	"strings"
	"text/template"

	"crmkit/crm"
	"crmkit/crm/norm"
	"crmkit/query"
	"crmkit/render"
	"crmkit/server/edge"
	"crmkit/store"
)

//go:embed help/*.txt
var helpFiles embed.FS

// topics are the pages behind /help, in reading order.
var topics = []string{"work", "auth", "teams", "fields", "query", "write", "import", "errors", "mcp"}

// manual holds the finished pages by name, with baseMark where the server's
// address goes.
type manual map[string]string

const basePlaceholder = "@BASE@"

// manualData is what the templates may say.
type manualData struct {
	Base     string
	Version  string
	Local    bool
	Topics   []string
	IdleDays int
	Most     inputLimits

	ImportMax string
}

// inputLimits are the limits that the pages name.
type inputLimits struct{ Tags, Members, MemberName, ObjectSize, Depth, QueryBytes, Params, Items int }

// newManual prints the pages from the tables the code itself uses.
func (s *Server) newManual() (manual, error) {
	funcs := template.FuncMap{
		"id":            s.exampleID,
		"kinds":         s.kinds,
		"fields":        func() string { return s.manualFields((*crm.Entity).PlanLimited) },
		"fieldsInDepth": s.manualFieldsInDepth,
		"ops":           manualOps,
		"filters":       s.manualFilters,
		"searched":      s.manualSearch,
		"routes":        s.manualRoutes,
		"examples":      s.manualExamples,
		"codes":         manualCodes,
		"codesInDepth":  manualCodesInDepth,
	}
	data := manualData{basePlaceholder, s.opts.Version, s.opts.Local, topics, int(store.IdleLimit.Hours() / 24),
		inputLimits{crm.MaxTags, norm.MaxMembers, crm.MaxMemberName, crm.MaxObjectSize, norm.MaxDepth, crm.MaxQueryBytes, crm.MaxParams, crm.MaxItems}, s.importMax()}
	m := manual{}
	for _, name := range append([]string{"start", "manual", "llms"}, topics...) {
		t, err := template.New(name+".txt").Funcs(funcs).ParseFS(helpFiles, "help/"+name+".txt")
		if err != nil {
			return nil, err
		}
		var b strings.Builder
		if err := t.Execute(&b, data); err != nil {
			return nil, err
		}
		m[name] = b.String()
	}
	return m, nil
}

// importMax words how large a file to import may be.
func (s *Server) importMax() string {
	if s.opts.ImportMax == 0 {
		return "any number of bytes"
	}
	return fmt.Sprintf("%d MiB", s.opts.ImportMax>>20)
}

// exampleID returns the id that the nth record of a kind has in the first
// workspace of a new server, so that the examples run as written there.
func (s *Server) exampleID(kind string, n int64) string {
	return crm.RecordID(s.schema.ByName(kind).Prefix, crm.RecordKey(1, n))
}

// kinds names the kinds of records, the word before the last.
func (s *Server) kinds(word string) string {
	var names []string
	for _, e := range s.schema.Entities {
		if e.PlanLimited() {
			names = append(names, e.Plural)
		}
	}
	return crm.Enumerate(names, word)
}

func fieldMarkers(e *crm.Entity, f *crm.Field) string {
	mark := ""
	if f.Required {
		mark += "*"
	}
	if f.Name == e.Unique {
		mark += "!"
	}
	return mark
}

// manualFields prints a line for each kind that is wanted: its own fields, with choices.
func (s *Server) manualFields(want func(*crm.Entity) bool) string {
	var b strings.Builder
	for _, e := range s.schema.Entities {
		if e.RandomID || !want(e) {
			continue
		}
		fmt.Fprintf(&b, "%s %s_:", e.Name, e.Prefix)
		for i := range e.Fields {
			f := &e.Fields[i]
			if f.ReadOnly {
				continue
			}
			b.WriteString(" " + f.Name + fieldMarkers(e, f))
			if f.Default != "" {
				b.WriteString("=" + f.Default)
			}
			if len(f.Values) > 0 {
				b.WriteString("(" + strings.Join(f.Values, "|") + ")")
			}
		}
		b.WriteByte('\n')
	}
	return strings.TrimSuffix(b.String(), "\n")
}

func (s *Server) manualFieldsInDepth() string {
	var b strings.Builder
	for _, e := range s.schema.Entities {
		fmt.Fprintf(&b, "\n%s (%s_), %s\n", e.Name, e.Prefix, e.Doc)
		for i := range e.Fields {
			f := &e.Fields[i]
			mark := fieldMarkers(e, f)
			if f.ReadOnly {
				mark += "r"
			}
			if f.InLists {
				mark += "+"
			}
			fmt.Fprintf(&b, "  %-3s %-15s %s", mark, f.Name, describe(f))
			b.WriteString(": " + f.Doc + "\n")
		}
	}
	return b.String()
}

// describe says what a field takes.
func describe(f *crm.Field) string {
	text := f.Type.String()
	switch {
	case f.Type == crm.Ref:
		text = "reference to a " + f.Ref
	case len(f.Values) > 0:
		text = strings.Join(f.Values, "|")
	case f.Type == crm.Text && !f.ReadOnly:
		text = fmt.Sprintf("text, at most %d", f.Limit())
	}
	if f.Default != "" {
		text += ", default " + f.Default
	}
	return text
}

func manualOps() string {
	var b strings.Builder
	for _, op := range query.Ops {
		fmt.Fprintf(&b, "  %-4s %s\n", op.Name, op.Doc)
	}
	return strings.TrimSuffix(b.String(), "\n")
}

func (s *Server) manualFilters() string {
	var b strings.Builder
	for _, e := range s.schema.Entities {
		fmt.Fprintf(&b, "/%s: %s\n", e.Route(), strings.Join(query.FilterNames(e), " "))
	}
	return b.String()
}

func (s *Server) manualSearch() string {
	var parts []string
	for _, e := range s.schema.Entities {
		if len(e.Search) > 0 {
			parts = append(parts, e.Plural+" "+strings.Join(e.Search, ", "))
		}
	}
	return strings.Join(parts, "; ")
}

// manualRoutes prints the route table. The methods of one path share a line, and so
// do paths that offer the same.
func (s *Server) manualRoutes() string {
	offers, paths := map[string]string{}, map[string][]string{}
	var order []string
	for i := range s.router.routes {
		if row := &s.router.routes[i]; row.Doc != "" {
			path := row.Pattern()
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
		if same := paths[offers[path]]; same[0] == path {
			b.WriteString(strings.Join(same, " ") + "  " + offers[path][2:] + "\n")
		}
	}
	return b.String()
}

func (s *Server) manualExamples() string {
	contact := s.exampleID("contact", 1)
	return strings.Join([]string{
		`AUTH='Authorization: Bearer ck_…'`,
		`curl -s $BASE/contacts -H "$AUTH" -d '{"name":"Jane Doe","email":"jane@acme.com","stage":"lead"}'`,
		`curl -s "$BASE/contacts?stage=lead&company.name=is:null" -H "$AUTH"`,
		`curl -s -X PATCH $BASE/contacts/` + contact + ` -H "$AUTH" -d '{"follow_up_at":"+3d","follow_up_note":"Send the quote"}'`,
		`curl -s "$BASE/reminders?days=7" -H "$AUTH"`,
	}, "\n")
}

func manualCodes() string {
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

func manualCodesInDepth() string {
	var b strings.Builder
	for _, row := range crm.Codes {
		fmt.Fprintf(&b, "%d %-21s %s\n", row.Status, row.Code, row.Doc)
	}
	return b.String()
}

// base returns the origin at which the client of the request reaches this server.
func (s *Server) base(rq *request) string { return edge.Base(rq.Request, s.opts.BaseURL) }

// document returns a text that names this server's address.
func (s *Server) document(rq *request, text, kind string) *render.Response {
	return &render.Response{Raw: &render.Raw{Type: kind, Name: "text", Body: strings.ReplaceAll(text, basePlaceholder, s.base(rq))}}
}

const plainText = "text/plain; charset=utf-8"

// start answers GET /: all an agent needs that knows only the address.
func (s *Server) start(rq *request) (*render.Response, error) {
	return s.document(rq, s.manual["start"], plainText), nil
}

// help answers GET /help.
func (s *Server) help(rq *request) (*render.Response, error) {
	return s.document(rq, s.manual["manual"], plainText), nil
}

// agentDocument answers GET /.well-known/agent.md.
func (s *Server) agentDocument(rq *request) (*render.Response, error) {
	return s.document(rq, s.manual["manual"], "text/markdown; charset=utf-8"), nil
}

// llms answers GET /llms.txt, in the form of llmstxt.org.
func (s *Server) llms(rq *request) (*render.Response, error) {
	return s.document(rq, s.manual["llms"], plainText), nil
}

// helpTopic answers GET /help/{topic}.
func (s *Server) helpTopic(rq *request) (*render.Response, error) {
	if !slices.Contains(topics, rq.recordID) {
		return nil, crm.Errorf(crm.NotFound, "there is no help on %s; topics: %s. GET /help is the manual.", norm.Quote(rq.recordID), strings.Join(topics, " ")).Of(rq.recordID, topics)
	}
	return s.document(rq, s.manual[rq.recordID], plainText), nil
}

// openAPIDocument answers GET /openapi.json, which is JSON in every format.
func (s *Server) openAPIDocument(rq *request) (*render.Response, error) {
	api, err := s.api()
	if err != nil {
		return nil, err
	}
	doc := s.document(rq, api, "application/json")
	doc.Raw.Name = ""
	return doc, nil
}

package manual

import (
	"embed"
	"slices"
	"strings"
	"sync"
	"text/template"

	"crmkit/crm"
	"crmkit/crm/norm"
	"crmkit/crm/shape"
)

//go:embed help/*.txt
var helpFiles embed.FS

// Topics are the pages behind /help, in reading order.
var Topics = []string{"work", "brief", "auth", "teams", "fields", "schema", "query", "totals", "filters", "views", "pipelines", "write", "batch", "bulk", "dry-run", "duplicates", "merge", "changes", "undo", "trash", "purge", "past", "import", "paths", "errors", "mcp"}

// The names of the other pages.
const (
	Start = "start"  // what an agent needs that knows only the address
	Help  = "manual" // the manual
	LLMs  = "llms"   // the list of pages in the form of llmstxt.org
)

// Audience is a group of readers of a page. A template leaves out the sections that a group
// does not need: models pay for each word.
type Audience int

const (
	Anybody  Audience = iota // over HTTP, perhaps without a token
	SignedIn                 // over MCP, where the client has sent its token already
)

// audiences are the readers for whom each page is written.
var audiences = []Audience{Anybody, SignedIn}

// Options say what the documents describe.
type Options struct {
	Schema    *crm.Schema
	Routes    []Route
	Version   string
	Local     bool   // sign-in codes are shown instead of mailed
	ImportMax int64  // bytes of a file to import; 0: any number
	Batch     Batch  // the limits of a batch
	IdleDays  int    // after which an unused token ends
	Scope     string // the one OAuth scope

	ToolBudget int // tokens of an answer to a tool that asks for no other number
}

// Route is a row of the route table, as far as the documents describe it.
type Route struct {
	Method  string
	Pattern string // like /contacts/{id}
	Group   string
	Doc     string // empty: no document names the route
	Public  bool   // it needs no token

	Entity *crm.Entity // whose records it is about
	Lists  bool        // it answers a page of them, with the parameters of lists
	Many   bool        // it writes all records that match, and has the filters of lists
	Params []string    // its own parameters; of an export also those of lists that it takes

	Body   Body
	Bulk   *Bulk    // the body may also be this
	Lines  int      // of a body of lines, or records of a merge, at most
	Texts  []string // the members of a body of texts
	Needs  []string // the texts that are required
	MaxKey int      // characters of an Idempotency-Key; 0: it takes none

	Formats []string // values of ?format=
	Stream  []string // media types of an answer that is sent in pieces; empty: it is sent whole
	Plain   bool     // the answer is text in every format
	Budget  bool     // it takes budget=
	Creates bool     // it may answer 201
}

// Body is what a route takes as a body.
type Body int

// A body is nothing, fields of the entity, texts, rows of a file, an exported workspace, or
// the lines of a batch, or the records to merge.
const (
	NoBody Body = iota
	FieldsBody
	TextsBody
	RowsBody
	WorkspaceBody
	LinesBody
	MergeBody
)

// Batch has the limits of a batch.
type Batch struct{ Lines, Changes int }

// Budget is what budget= takes, in tokens, and what a tool has that sends none.
type Budget struct{ Min, Max, Tool int }

// Bulk is a body that links many records at once.
type Bulk struct {
	Kinds []string // plurals of the records it links
	Texts []string // fields of the links
	Max   int      // records
}

// Manual holds the finished documents. It is safe for concurrent use.
type Manual struct {
	opts    Options
	pages   map[Audience]map[string]string // by name
	openAPI func() (string, error)
}

// basePlaceholder marks the places in a document where the address of the server goes.
const basePlaceholder = "@BASE@"

// New writes the pages.
func New(opts Options) (*Manual, error) {
	m := &Manual{opts: opts, pages: map[Audience]map[string]string{}}
	m.openAPI = sync.OnceValues(func() (string, error) { return m.newOpenAPI(nil) }) // few servers are asked for it
	for _, a := range audiences {
		m.pages[a] = map[string]string{}
		for _, name := range append([]string{Start, Help, LLMs}, Topics...) {
			text, err := m.write(name, a)
			if err != nil {
				return nil, err
			}
			m.pages[a][name] = text
		}
	}
	return m, nil
}

// write executes the template of a page for an audience.
func (m *Manual) write(name string, a Audience) (string, error) {
	t, err := template.New(name+".txt").Funcs(m.funcs()).ParseFS(helpFiles, "help/"+name+".txt")
	if err != nil {
		return "", err
	}
	var b strings.Builder
	err = t.Execute(&b, m.data(a))
	return b.String(), err
}

// Page returns a page for an audience that reaches the server at base. An unknown name
// gives an empty page.
func (m *Manual) Page(name string, a Audience, base string) string {
	return strings.ReplaceAll(m.pages[a][name], basePlaceholder, base)
}

// Topic returns the page of a topic. For an unknown one it returns crm.NotFound, with the
// topics in the hint.
func (m *Manual) Topic(name string, a Audience, base string) (string, *crm.Error) {
	if !slices.Contains(Topics, name) {
		return "", crm.Errorf(crm.NotFound, "there is no help on %s; topics: %s. GET /help is the manual.", norm.Quote(name), strings.Join(Topics, " ")).Of(name, Topics)
	}
	return m.Page(name, a, base), nil
}

// OpenAPI returns the OpenAPI document for a client that reaches the server at base, with what its workspace declares.
// Without declarations it is made once, at the first request.
func (m *Manual) OpenAPI(base string, rules *shape.Schema) (string, error) {
	document, err := m.openAPI()
	if rules != nil && err == nil {
		document, err = m.newOpenAPI(rules)
	}
	return strings.ReplaceAll(document, basePlaceholder, base), err
}

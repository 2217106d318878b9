package web

import (
	"strings"

	"crmkit/crm"
	"crmkit/render"
	"crmkit/server/edge"
)

// Handler answers a request that has passed all checks of its route.
type Handler func(*Request) (*render.Response, error)

// Route is one row of the table from which routing, authentication, the manual, OpenAPI, the
// labels of the log and the test of tenants are made. A path below /workspaces/:id is about
// that workspace, of which the user must be a member; all others are about the workspace of
// the token.
type Route struct {
	Method string
	Path   string // httprouter pattern
	Access Access
	Doc    string // empty: the manual and OpenAPI leave the route out
	Group  string // of the manual
	Handle Handler

	Entity *crm.Entity // of the records that the route is about; nil: of none
	Params []string    // query parameters besides format
	Lists  bool        // has the parameters of lists of Entity
	Many   bool        // writes all records of Entity that match, and has the filters of its list
	Body   bool        // its body has the fields of Entity
	Texts  []string    // its body has these text fields; * marks those that are required
	Lines  int         // its body is at most so many lines of a batch
	Merges int         // its body names at most so many records to merge
	Budget int         // tokens of the answer to a request without budget=; 0: any number
	Asks   bool        // it needs a confirmation (TransactConfirmed)
	IDs    []string    // members of its body with ids of records, besides the references of Entity
	AsLine bool        // it writes one record, in one transaction, and may be a line of a batch
	Tokens bool        // it is public, and a token that is sent makes it speak of the workspace of that
	Events bool        // its answer may be a stream of events, which ends only with its client
	Stream Stream      // how the answer is sent in pieces, and what the body is

	Protocol *Protocol // nil: the API itself

	pattern string // Pattern(), for the log and the metrics; the router sets it
}

// IsAboutWorkspace reports whether the path names a workspace.
func (r *Route) IsAboutWorkspace() bool { return strings.HasPrefix(r.Path, "/workspaces/:id") }

// Pattern returns the path as the manual writes it: {id} for :id.
func (r *Route) Pattern() string {
	var b strings.Builder
	for _, segment := range strings.Split(r.Path[1:], "/") {
		b.WriteByte('/')
		if name, ok := strings.CutPrefix(segment, ":"); ok {
			b.WriteString("{" + name + "}")
		} else {
			b.WriteString(segment)
		}
	}
	return b.String()
}

// Formats returns the values that ?format= may have on the route.
func (r *Route) Formats() []string {
	switch r.Stream {
	case Exporting:
		return []string{"json", "text", "ndjson", "csv"}
	case Dumping:
		return []string{"json", "ndjson"}
	case Importing, Restoring:
		return []string{"json", "text", "ndjson"}
	}
	if r.Events {
		return []string{"json", "text", "events"}
	}
	return []string{"json", "text"}
}

// TextFields returns the names in Texts, and those that are required.
func (r *Route) TextFields() (allowed, required []string) {
	for _, name := range r.Texts {
		plain, must := strings.CutSuffix(name, "*")
		allowed = append(allowed, plain)
		if must {
			required = append(required, plain)
		}
	}
	return allowed, required
}

// IsRepeatable reports whether a request to the route may have an Idempotency-Key. Bodies
// that are sent in pieces may be sent again as they are, and other protocols call other
// routes.
func (r *Route) IsRepeatable() bool {
	return r.Method != "GET" && r.Access != Public && r.Stream == NoStream && r.Protocol == nil
}

// origins returns the origins whose pages may read the answers.
func (r *Route) origins() edge.Origins {
	if r.Protocol == nil {
		return edge.NoOrigins
	}
	return r.Protocol.Origins
}

package server

import (
	"slices"
	"strings"

	"crmkit/crm"
	"crmkit/crm/norm"
	"crmkit/query"
	"crmkit/query/filtertext"
	"crmkit/server/bulkedit"
	"crmkit/server/definition"
	"crmkit/server/draft"
	"crmkit/server/web"
)

// bulkLinkRequest is a request to link several records to the one of the path.
type bulkLinkRequest struct {
	refs     []crm.Input  // each names a record
	question *query.Query // finds more records; nil: the body has no filter
	foundRef *crm.Field   // the reference of the link that holds a record found
	more     []crm.Input  // fields that all the links get
}

// maxBulkLinks is how many records one request links. Their keys are held in memory, and at
// some 12,000 a second the answer comes within the time that clients wait.
const maxBulkLinks = bulkedit.Max

// bulkLinks reads a body that links several records: lists of ids, a filter, or both. It returns
// nil for a body about one record, which is a draft of the link itself.
//
// Errors: unknown_field, invalid_value, missing_field, and those of a list for the filter, all on
// the member of the body.
func (s *Server) bulkLinks(rq *web.Request, e *crm.Entity) (*bulkLinkRequest, error) {
	if !e.IsLink() {
		return nil, nil
	}
	members, fault := rq.Members()
	if fault != nil {
		return nil, fault
	}
	b := newBulkBody(rq, e)
	if !slices.ContainsFunc(members, func(m crm.Member) bool { return slices.Contains(b.allowed, m.Name) }) {
		return nil, nil
	}
	if match, fault := rq.IfMatch(); match != 0 || fault != nil {
		return nil, crm.Errorf(crm.InvalidValue, "If-Match is for a request about one record; leave it out when you link several.").On("If-Match")
	}
	for _, member := range members {
		if fault := b.read(member); fault != nil {
			return nil, fault
		}
	}
	d, fault := draft.Decode(e, b.rest, rq.Env)
	if b.more = d.Inputs; fault != nil {
		return nil, fault
	}
	return &b.bulkLinkRequest, b.parseFilter(s.defined)
}

// bulkBody is a body that links several records while it is read.
type bulkBody struct {
	bulkLinkRequest
	rq      *web.Request
	entity  *crm.Entity           // of the links
	fields  map[string]*crm.Field // the reference to each kind that may be linked, by its plural
	allowed []string              // members that make the body one of several records
	sent    map[string]bool
	filter  string
	kind    string       // plural of the records that the filter finds
	rest    []crm.Member // fields of the links
}

// newBulkBody returns a body in which the filter finds records of the first kind, which is what
// a body without a kind means.
func newBulkBody(rq *web.Request, e *crm.Entity) *bulkBody {
	b := &bulkBody{rq: rq, entity: e, fields: map[string]*crm.Field{}, allowed: append(linkParam(e), "filter", "kind"), sent: map[string]bool{}}
	b.kind = b.allowed[0]
	for _, name := range e.Parents.ExactlyOne {
		b.fields[e.Target(e.Field(name)).Plural] = e.Field(name)
	}
	return b
}

// read reads one member of the body. The name of a single record, which belongs to the other
// form of the body, gets an error of its own.
func (b *bulkBody) read(member crm.Member) (fault *crm.Error) {
	b.sent[member.Name] = true
	switch e := b.entity; {
	case b.fields[member.Name] != nil:
		fault = b.list(b.fields[member.Name], member)
	case member.Name == "filter":
		b.filter, fault = word(member)
	case member.Name == "kind":
		b.kind, fault = word(member)
	case slices.Contains(e.Parents.ExactlyOne, member.Name):
		fault = crm.Errorf(crm.InvalidValue, "%s is for a body about one record; here, add the id to the list %s.", member.Name, e.Target(e.Field(member.Name)).Plural).On(member.Name)
	case !slices.Contains(extraLinkParams(e), member.Name):
		fault = crm.UnknownName(member.Name, "a body about several records", append(b.allowed, extraLinkParams(e)...))
	default:
		b.rest = append(b.rest, member)
	}
	return fault
}

// word reads a member that must be a string.
func word(member crm.Member) (string, *crm.Error) {
	text, ok := norm.Unquote(member.JSON)
	if !ok {
		return "", crm.Errorf(crm.InvalidValue, "%s takes a string, not %s.", member.Name, norm.ShowJSON(member.JSON)).On(member.Name)
	}
	return text, nil
}

// list reads the ids of records of one kind. The limit is checked before the items are parsed,
// and for all kinds together.
func (b *bulkBody) list(f *crm.Field, member crm.Member) *crm.Error {
	raw, ok := norm.ParseItems(member.JSON, maxBulkLinks)
	if !ok {
		return crm.Errorf(crm.InvalidValue, `%s takes a list of ids like ["%s_…"], not %s.`, member.Name, b.entity.Target(f).Prefix, norm.ShowJSON(member.JSON)).On(member.Name)
	}
	if len(b.refs)+len(raw) > maxBulkLinks {
		return crm.TooMany(member.Name, maxBulkLinks, "records", "Nothing was saved; send them in parts.")
	}
	for _, item := range raw {
		text, ok := norm.Unquote(item)
		if !ok {
			return crm.Errorf(crm.InvalidValue, "%s contains %s; every id must be a string.", member.Name, norm.ShowJSON(item)).On(member.Name)
		}
		in, fault := draft.Ref(b.entity, f, text, b.rq.Env)
		if fault != nil {
			return fault.On(member.Name)
		}
		b.refs = append(b.refs, in)
	}
	return nil
}

// parseFilter compiles the filter, which is the part of a list's URL after the question mark. An
// empty filter is an error: it would mean every record, which a client that lost a variable
// does not intend.
func (b *bulkBody) parseFilter(views *definition.Endpoints) error {
	kind, filter := b.kind, b.filter
	if b.foundRef = b.fields[kind]; b.foundRef == nil {
		return crm.Errorf(crm.InvalidValue, "kind cannot be %s; it is one of %s.", norm.Quote(kind), strings.Join(linkParam(b.entity), ", ")).On("kind").Of(kind, linkParam(b.entity))
	}
	if filter == "" && !b.sent["filter"] {
		if b.sent["kind"] {
			return crm.Errorf(crm.MissingField, "kind says which kind filter searches; send filter as well, or leave kind out.").On("filter")
		}
		if len(b.refs) == 0 {
			return crm.Errorf(crm.MissingField, "the lists of ids are empty; send ids, or a filter.").On("filter")
		}
		return nil
	}
	params, err := views.Filter(b.rq, b.entity.Target(b.foundRef), filtertext.Text{Name: "filter", Value: filter})
	if err != nil {
		return err
	}
	var fault *crm.Error
	if b.question, fault = query.Parse(b.entity.Target(b.foundRef), params, b.rq.Env); fault != nil {
		return fault
	}
	return nil
}

// linkCounts counts the outcomes of candidates.
type linkCounts struct {
	created, updated, unchanged int
	left                        int         // out: they no longer match, or changed at each attempt
	again                       []candidate // changed since they matched
}

// add adds the counts of a later step.
func (o *linkCounts) add(more linkCounts) {
	o.created += more.created
	o.updated += more.updated
	o.unchanged += more.unchanged
	o.left += more.left
}

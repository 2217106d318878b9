package server

import (
	"slices"
	"strings"

	"crmkit/crm"
	"crmkit/crm/norm"
	"crmkit/query"
	"crmkit/server/draft"
	"crmkit/server/web"
)

// bulkLinkRequest are records to be tied to the one of the path at once.
type bulkLinkRequest struct {
	refs     []crm.Input  // each names one
	question *query.Query // or they are what this finds
	via      *crm.Field   // as what these are tied
	more     []crm.Input
}

// maxBulkLinks is how many records one request ties.
const maxBulkLinks = 10_000

// bulkLinks reads a body that ties several records; nil when it is about one.
func bulkLinks(rq *web.Request, e *crm.Entity) (*bulkLinkRequest, *crm.Error) {
	if len(e.AtLeastOne) == 0 {
		return nil, nil
	}
	members, fault := rq.Members()
	if fault != nil {
		return nil, fault
	}
	kinds := map[string]*crm.Field{}
	for _, name := range e.AtLeastOne {
		kinds[e.Target(e.Field(name)).Plural] = e.Field(name)
	}
	allowed := append(linkParam(e), "filter", "kind")
	if !slices.ContainsFunc(members, func(m crm.Member) bool { return slices.Contains(allowed, m.Name) }) {
		return nil, nil
	}
	if match, fault := rq.IfMatch(); match != 0 || fault != nil {
		return nil, crm.Errorf(crm.InvalidValue, "If-Match names the version of one record; leave it out with several.").On("If-Match")
	}
	m, filter, kind := &bulkLinkRequest{}, "", allowed[0]
	var rest []crm.Member
	sent := map[string]bool{}
	for _, member := range members {
		sent[member.Name] = true
		switch {
		case kinds[member.Name] != nil:
			fault = m.list(rq, e, kinds[member.Name], member)
		case member.Name == "filter":
			filter, fault = word(member)
		case member.Name == "kind":
			kind, fault = word(member)
		case slices.Contains(e.AtLeastOne, member.Name):
			fault = crm.Errorf(crm.InvalidValue, "%s names one record and stands alone; put it into %s.", member.Name, e.Target(e.Field(member.Name)).Plural).On(member.Name)
		case !slices.Contains(extraLinkParams(e), member.Name):
			fault = crm.UnknownName(member.Name, "a body of several", append(allowed, extraLinkParams(e)...))
		default:
			rest = append(rest, member)
		}
		if fault != nil {
			return nil, fault
		}
	}
	d, fault := draft.Decode(e, rest, rq.Env)
	if m.more = d.Inputs; fault == nil {
		fault = m.parseFilter(rq, e, kinds, sent, kind, filter)
	}
	return m, fault
}

// word reads a member that is a string.
func word(member crm.Member) (string, *crm.Error) {
	text, ok := norm.Unquote(member.JSON)
	if !ok {
		return "", crm.Errorf(crm.InvalidValue, "%s takes a string, not %s.", member.Name, norm.ShowJSON(member.JSON)).On(member.Name)
	}
	return text, nil
}

// list reads ids of records of one kind.
func (m *bulkLinkRequest) list(rq *web.Request, e *crm.Entity, f *crm.Field, member crm.Member) *crm.Error {
	raw, ok := norm.ParseItems(member.JSON, maxBulkLinks)
	if !ok {
		return crm.Errorf(crm.InvalidValue, `%s takes a list of ids like ["%s_…"], not %s.`, member.Name, e.Target(f).Prefix, norm.ShowJSON(member.JSON)).On(member.Name)
	}
	if len(m.refs)+len(raw) > maxBulkLinks {
		return crm.TooMany(member.Name, maxBulkLinks, "records at once", "Send them in parts.")
	}
	for _, item := range raw {
		text, ok := norm.Unquote(item)
		if !ok {
			return crm.Errorf(crm.InvalidValue, "%s holds %s; every id is a string.", member.Name, norm.ShowJSON(item)).On(member.Name)
		}
		in, fault := draft.Ref(e, f, text, rq.Env)
		if fault != nil {
			return fault.On(member.Name)
		}
		m.refs = append(m.refs, in)
	}
	return nil
}

// parseFilter compiles the filter: the language of lists.
func (m *bulkLinkRequest) parseFilter(rq *web.Request, e *crm.Entity, kinds map[string]*crm.Field, sent map[string]bool, kind, filter string) *crm.Error {
	if m.via = kinds[kind]; m.via == nil {
		return crm.Errorf(crm.InvalidValue, "kind cannot be %s; it is one of %s.", norm.Quote(kind), strings.Join(linkParam(e), ", ")).On("kind").Of(kind, linkParam(e))
	}
	if filter == "" && !sent["filter"] {
		if sent["kind"] {
			return crm.Errorf(crm.MissingField, "kind says of what filter finds; send filter with it, or leave it out.").On("filter")
		}
		if len(m.refs) == 0 {
			return crm.Errorf(crm.MissingField, "the lists name nobody; send ids, or a filter.").On("filter")
		}
		return nil
	}
	params, fault := query.Params(strings.TrimPrefix(filter, "?"))
	if fault != nil {
		fault.Hint = "filter takes what stands behind the ? of a list: " + fault.Hint
		return fault.On("filter")
	}
	if len(params) == 0 {
		return crm.Errorf(crm.InvalidFilter, "filter takes what stands behind the ? of a list, like stage=lead&tags=fintech, not %s; created_at=not:null means all.", norm.Quote(filter)).On("filter")
	}
	for name := range params {
		if name != "search" && slices.Contains(crm.ListParams, name) {
			return crm.Errorf(crm.InvalidFilter, "%s has no meaning in filter; it takes fields and search.", name).On("filter")
		}
	}
	m.question, fault = query.Parse(e.Target(m.via), params, rq.Env)
	return fault
}

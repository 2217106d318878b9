package web

import (
	"net/url"
	"slices"
	"strings"

	"crmkit/crm"
	"crmkit/crm/fieldtype"
	"crmkit/crm/norm"
	"crmkit/server/habit"
)

// cleanPath returns the decoded path with handles turned into ids, so that
// /contact/c_1, /contacts/contact/c_1 and /contacts/contact%2Fc_1 are /contacts/c_1. It
// works on the raw path: any other escaped slash stays in its segment and is refused.
func cleanPath(schema *crm.Schema, escaped string) (string, *crm.Error) {
	if !strings.HasPrefix(escaped, "/") || len(escaped) > 2000 {
		return "", crm.Errorf(crm.NotFound, "a path starts with / and has at most 2000 bytes. GET /help/paths lists every path.")
	}
	var segments []string
	for _, raw := range strings.Split(escaped[1:], "/") {
		segment, err := url.PathUnescape(raw)
		if kind, id, found := strings.Cut(segment, "/"); found && schema.ByName(kind) != nil {
			segments, segment = append(segments, kind), id // a handle that a client escaped as a whole
		}
		if err != nil || strings.ContainsFunc(segment, func(r rune) bool { return r == '/' || r == '\\' || r == '\ufffd' || norm.IsInvisible(r) }) {
			return "", crm.Errorf(crm.NotFound, "the path segment %s is not valid: it contains an escaped slash, a backslash or a control character. GET /help/paths lists every path.", norm.Quote(raw))
		}
		segments = append(segments, segment)
	}
	segments, err := canonicalHandlePath(schema, segments)
	return "/" + strings.Join(segments, "/"), err
}

// canonicalHandlePath replaces each handle by its id. A handle of another kind than its place
// in the path is not_found, with the path of the record.
func canonicalHandlePath(schema *crm.Schema, segments []string) ([]string, *crm.Error) {
	if e := schema.ByName(segments[0]); e != nil && len(segments) > 1 && schema.ByPrefix(segments[1]) != nil && schema.ByPath(e.Route()) == e {
		segments[0] = e.Route()
	}
	var folded []string
	for i := 0; i < len(segments); i++ {
		folded = append(folded, segments[i])
		outer := schema.ByPath(segments[i])
		if i > 0 && i+2 < len(segments) && isLinkPath(schema, segments[0], segments[i]) && schema.ByName(segments[i+1]) != nil {
			i++ // a link may be named by its own handle, and by the one of the record it links
			continue
		}
		if outer == nil || i+2 >= len(segments) {
			continue
		}
		inner := schema.ByName(segments[i+1])
		if inner != nil && inner != outer {
			handle := segments[i+1] + "/" + segments[i+2]
			return nil, crm.Errorf(crm.NotFound, "%s is %s, not %s; its path is /%s/%s.",
				norm.Quote(handle), crm.Article(inner.Name), crm.Article(outer.Name), inner.Route(), norm.Quote(segments[i+2]))
		}
		if inner == outer {
			i++
		}
	}
	return folded, nil
}

// isLinkPath reports whether a segment after another one leads to links of its records, as
// members does after campaigns.
func isLinkPath(schema *crm.Schema, above, segment string) bool {
	outer := schema.ByPath(above)
	return outer != nil && slices.ContainsFunc(schema.Entities, func(e *crm.Entity) bool {
		return e.IsLink() && e.ChildRoute() == segment && slices.ContainsFunc(e.Parents.Fields, func(name string) bool { return e.Target(e.Field(name)) == outer })
	})
}

// Key returns the key of the record that an id or a handle in the path names. It reads nothing:
// the id itself shows whether it can be of this kind and workspace. The error is not_found.
func (rq *Request) Key(e *crm.Entity, id string) (int64, error) {
	key, hint := rq.adapter.schema.Locate(e, rq.Actor.Workspace, id)
	if call := habit.InList(rq.Method, id, e); hint != "" && call != "" {
		return 0, crm.Errorf(crm.NotFound, "%s is not an id; %s", norm.Quote(id), call)
	}
	if hint != "" {
		return 0, crm.Errorf(crm.NotFound, "%s. Find the %s with %s.", hint, e.Name, fieldtype.Finding(e, id))
	}
	return key, nil
}

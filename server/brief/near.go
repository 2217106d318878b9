package brief

import (
	"fmt"
	"net/url"
	"strings"

	"crmkit/crm"
	"crmkit/query"
)

// A task or a talk may be about a deal of a company alone, or about one of its people, and name the company nowhere. To
// find those, a brief first reads the records near its own one, at most maxNear of a kind, so that an index has what
// refers to them.

// params returns the parameters of the list of a section; some is false if it has no rows.
func (g *gatherer) params(s section) (params url.Values, some bool, err error) {
	if params, err = url.ParseQuery(s.where); err != nil {
		return nil, false, err
	}
	if s.through == "" {
		params.Set(s.of, g.id())
		return params, true, nil
	}
	ids, err := g.near(s.through)
	if err != nil || len(ids) == 0 {
		return nil, false, err
	}
	params.Set(s.through+"_id", "in:"+strings.Join(ids, ","))
	var others []string
	for _, name := range s.but {
		if name == g.rec.Entity.Name {
			others = append(others, name+"="+g.id())
			continue
		}
		ids, err := g.near(name)
		if err != nil {
			return nil, false, err
		}
		if len(ids) > 0 {
			others = append(others, name+"_id=in:"+strings.Join(ids, ","))
		}
	}
	params.Set("where", "not ("+strings.Join(others, " or ")+")")
	return params, true, nil
}

// id is that of the record of the brief.
func (g *gatherer) id() string { return crm.RecordID(g.rec.Entity.Prefix, g.rec.Key) }

// call returns the parameters of a section as people write them.
func (g *gatherer) call(s section) string {
	text := readable(s.of+"="+g.id(), s.where)
	for i, name := range s.but {
		path := name
		if name != g.rec.Entity.Name {
			path += "." + g.rec.Entity.Name
		}
		text += map[bool]string{true: "&where=not+", false: "+and+not+"}[i == 0] + path + "=" + g.id()
	}
	return text
}

// near returns the ids of the records of a kind near the record. If there are more than maxNear, it notes that
// some are not looked at.
func (g *gatherer) near(kind string) ([]string, error) {
	if ids, known := g.ids[kind]; known {
		return ids, nil
	}
	e := g.rq.Env.Schema.ByName(kind)
	text := fmt.Sprintf(near[g.rec.Entity.Name][kind], g.id())
	params, err := url.ParseQuery(text)
	if err != nil {
		return nil, err
	}
	q, fault := query.Parse(e, params, g.rq.Env)
	if fault != nil {
		return nil, fault
	}
	q.Limit = maxNear
	page, err := g.view.List(q)
	if err != nil {
		return nil, err
	}
	ids := []string{}
	for _, rec := range page.Records {
		ids = append(ids, crm.RecordID(e.Prefix, rec.Key))
	}
	if more := beyond(page); more != "" {
		g.left = append(g.left, fmt.Sprintf("what is about %s %s beyond the first alone: GET /%s?%s", more, e.Plural, e.Route(), text))
	}
	if g.ids == nil {
		g.ids = map[string][]string{}
	}
	g.ids[kind] = ids
	return ids, nil
}

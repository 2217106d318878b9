package server

import (
	"slices"
	"strings"

	"crmkit/crm"
	"crmkit/crm/fieldtype"
	"crmkit/crm/norm"
	"crmkit/render"
	"crmkit/server/web"
	"crmkit/store"
)

// linkInput links the record that a request creates to another one, as in
// POST /contacts?campaign=cmp_1.
type linkInput struct {
	link *crm.ManyToMany
	to   int64
	more []crm.Input // fields of the link
}

// linksOf returns the links that POST on the entity can create, each with the parameters
// that set fields of the link. The other end of these links is a parent, like the campaign of a
// campaign_member.
func linksOf(e *crm.Entity) (links []*crm.ManyToMany, more [][]string) {
	for i := range e.Links {
		if l := &e.Links[i]; slices.Contains(l.Via.Parents.Fields, l.To) {
			links = append(links, l)
			more = append(more, extraLinkParams(l.Via))
		}
	}
	return links, more
}

// linkParam returns the plurals of the kinds that a link entity can link.
func linkParam(e *crm.Entity) (kinds []string) {
	for _, name := range e.Parents.ExactlyOne {
		kinds = append(kinds, e.Target(e.Field(name)).Plural)
	}
	return kinds
}

// extraLinkParams returns the fields of a link that say more about it: texts, like the reason
// of a campaign_member.
func extraLinkParams(e *crm.Entity) []string {
	return e.Names(func(f *crm.Field) bool { return f.Type == fieldtype.Text && !f.ReadOnly })
}

// linkParams returns the parameters of POST that create links.
func linkParams(e *crm.Entity) (names []string) {
	links, more := linksOf(e)
	for i, l := range links {
		names = append(append(names, l.Name), more[i]...)
	}
	return names
}

// parseLinks reads the parameters that linkParams names. A field of a link without the record to
// link to is missing_field; an id of another kind or workspace is reference_not_found. Whether
// the record exists is checked in the transaction.
func (s *Server) parseLinks(rq *web.Request) (list []linkInput, err error) {
	links, more := linksOf(rq.Route.Entity)
	for i, l := range links {
		t := linkInput{link: l}
		for _, name := range more[i] {
			v, fault := rq.Env.Normal(l.Via.Field(name), rq.Params.Get(name))
			if fault != nil {
				return nil, fault
			}
			if v.Set() {
				t.more = append(t.more, crm.Input{Field: l.Via.Field(name), Value: v})
			}
		}
		id := rq.Params.Get(l.Name)
		if id == "" && len(t.more) == 0 {
			continue
		}
		if id == "" {
			return nil, crm.Errorf(crm.MissingField, "%s is a field of the link to a %s; send %s=%s_… with it.", t.more[0].Field.Name, l.Name, l.Name, l.End.Prefix).On(l.Name)
		}
		key, hint := s.schema.Locate(l.End, rq.Actor.Workspace, strings.TrimSpace(id))
		if hint != "" {
			return nil, crm.Errorf(crm.ReferenceNotFound, "%s: %s. Nothing was saved. Find the %s with %s.", l.Name, hint, l.End.Name, fieldtype.Finding(l.End, id)).On(l.Name)
		}
		t.to = key
		list = append(list, t)
	}
	return list, nil
}

// save links the record, and returns the remark that says so. A link that is there gets the
// fields that were sent.
func (t linkInput) save(tx *store.Tx, rec crm.Record) (string, error) {
	between := t.link.Via
	out, err := tx.Save(store.Draft{Entity: between, Inputs: append([]crm.Input{
		{Field: between.Field(t.link.From), Value: crm.Key(rec.Key)},
		{Field: between.Field(t.link.To), Value: crm.Key(t.to)}}, t.more...)})
	handle := t.link.End.Name + "/" + crm.RecordID(t.link.End.Prefix, t.to)
	switch out.Result {
	case store.Created:
		return "added to " + handle, err
	case store.Updated:
		return "is already in " + handle + "; " + t.more[0].Field.Name + " changed", err
	}
	return "is already in " + handle, err
}

// detach answers DELETE below a record: it deletes a link, named by its own id or by that
// of the linked record. Nothing else is lost, so it needs no confirmation. The error is
// not_found for the record of the path, and for a link that is not below it.
func (s *Server) detach(rq *web.Request, p parent) (*render.Response, error) {
	e := rq.Route.Entity
	key, err := rq.Key(p.entity, rq.ParentID)
	if err != nil {
		return nil, err
	}
	// The prefix of the id says whether it is that of the link or of the linked record.
	by, to := (*crm.Field)(nil), e
	for _, name := range e.Parents.ExactlyOne {
		if other := e.Target(e.Field(name)); s.schema.ByPrefix(crm.CutHandle(rq.RecordID)) == other {
			by, to = e.Field(name), other
		}
	}
	other, err := rq.Key(to, rq.RecordID)
	if err != nil {
		return nil, err
	}
	return rq.Transact(func(tx *store.Tx) (*render.Response, error) {
		if _, err := tx.Fetch(p.entity, key); err != nil {
			return nil, err
		}
		link := other
		if by != nil {
			other, _, err := tx.Lead(to, other)
			if err != nil {
				return nil, err
			}
			if link, err = tx.KeyBy(e, []string{p.field, by.Name}, []crm.Value{crm.Key(key), crm.Key(other)}, 0); err != nil {
				return nil, err
			}
		}
		rec, found, err := tx.Lookup(e, link)
		if err != nil {
			return nil, err
		}
		if !found || rec.Value(p.field).Int != key {
			return nil, crm.Errorf(crm.NotFound, "%s is not in %s. GET /%s/%s/%s lists the members.", norm.Quote(rq.RecordID), p.entity.Name+"/"+crm.RecordID(p.entity.Prefix, key), p.entity.Route(),
				crm.RecordID(p.entity.Prefix, key), e.ChildRoute())
		}
		_, err = tx.Delete(rec) // nothing refers to a link
		return deleted(e.Name, rec.ID), err
	})
}

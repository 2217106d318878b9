package duplicate

import (
	"slices"
	"strings"

	"crmkit/crm"
	"crmkit/crm/norm"
	"crmkit/render"
	"crmkit/server/web"
	"crmkit/store"
	"crmkit/store/changelog"
	"crmkit/store/duplicates"
)

// verdict is what a request says of a pair.
type verdict struct {
	entity *crm.Entity
	pair   [2]int64 // their keys
	listed bool     // it may be one after all
}

// dismiss answers POST /duplicates/dismiss. A pair that is dismissed again gets the same answer. With
// "dismissed":false the pair is listed again, as long as its records are alike.
//
// Errors: those of a body, invalid_value for what is no pair, not_found for a record.
func (x *Endpoints) dismiss(rq *web.Request) (*render.Response, error) {
	said, err := x.verdict(rq)
	if err != nil {
		return nil, err
	}
	return rq.Transact(func(tx *store.Tx) (*render.Response, error) {
		item := render.Item{Head: "dismissed", HeadKey: "status"}
		if said.listed {
			item.Head = "listed"
		}
		var handles []string
		pair := said.pair
		for i, key := range pair {
			rec, err := tx.Fetch(said.entity, key)
			if err != nil {
				return nil, err
			}
			pair[i], handles = rec.Key, append(handles, rec.Handle())
			item.Fields = append(item.Fields, side([]string{"a", "b"}[i], rec, "name")...)
		}
		if pair[0] == pair[1] {
			return nil, crm.Errorf(crm.InvalidValue, "pair names one record twice: one was merged into the other.").On("pair")
		}
		return &render.Response{Line: &item}, said.save(tx, pair, handles)
	})
}

// save stores and logs what was said of a pair, if it was not said before.
func (v verdict) save(tx *store.Tx, pair [2]int64, handles []string) error {
	d := duplicates.Dismissal{Entity: v.entity, Pair: pair, At: tx.Now(), By: tx.Actor.Email}
	other := changelog.Texts("other", handles[1])
	if v.listed {
		said, err := duplicates.TakeBack(tx.Rows, d)
		if err != nil || said == nil {
			return err
		}
		return tx.LogEntry(duplicates.Listed, handles[0], said, other)
	}
	isNew, err := duplicates.Dismiss(tx, d)
	if err != nil || !isNew {
		return err
	}
	return tx.LogEntry(duplicates.Dismissed, handles[0], nil, other)
}

// verdict reads the body {"pair":["c_1","c_2"]}, with "dismissed":false to take it back.
func (x *Endpoints) verdict(rq *web.Request) (v verdict, err error) {
	members, fault := rq.Members()
	if fault != nil {
		return v, fault
	}
	pair := ""
	for _, m := range members {
		switch {
		case m.Name == "pair":
			pair = m.JSON
		case m.Name != "dismissed":
			return v, crm.UnknownName(m.Name, "the body", []string{"pair", "dismissed"})
		case m.JSON != "true" && m.JSON != "false":
			return v, crm.Errorf(crm.InvalidValue, "dismissed is true or false, not %s; false lists the pair again.", norm.ShowJSON(m.JSON)).On("dismissed")
		default:
			v.listed = m.JSON == "false"
		}
	}
	if pair == "" {
		return v, crm.Errorf(crm.MissingField, `pair is missing; send {"pair":["c_…","c_…"]}.`).On("pair")
	}
	return v, x.readPair(rq, &v, pair)
}

// readPair reads two ids of one kind.
func (x *Endpoints) readPair(rq *web.Request, v *verdict, json string) (err error) {
	ids, ok := norm.ParseStrings(json)
	if !ok || len(ids) != 2 {
		return crm.Errorf(crm.InvalidValue, `pair takes two ids, like ["c_…","c_…"], not %s.`, norm.ShowJSON(json)).On("pair")
	}
	at := slices.IndexFunc(x.kinds, func(e *crm.Entity) bool { return strings.HasPrefix(crm.CutHandle(ids[0]), e.Prefix+"_") })
	if at < 0 {
		return crm.Errorf(crm.InvalidValue, "%s is the id of no contact or company; GET /duplicates shows pairs.", norm.Quote(ids[0])).On("pair")
	}
	v.entity = x.kinds[at]
	for i, id := range ids {
		if v.pair[i], err = rq.Key(v.entity, id); err != nil {
			return err
		}
	}
	if v.pair[0] == v.pair[1] {
		return crm.Errorf(crm.InvalidValue, "pair names one record twice.").On("pair")
	}
	return nil
}

package duplicate

import (
	"fmt"
	"strings"

	"crmkit/crm"
	"crmkit/crm/alike"
	"crmkit/crm/norm"
	"crmkit/server/web"
	"crmkit/store"
	"crmkit/store/duplicates"
	"crmkit/store/secondary"
)

// Param is the query parameter of a POST that says what happens if the record looks like another.
const Param = "on_duplicate"

// Params returns the parameter for the kinds of which duplicates are found.
func Params(e *crm.Entity) []string {
	if alike.Knows(e) {
		return []string{Param}
	}
	return nil
}

// Check looks for records like one that a request makes. It is made of the request before the write.
type Check struct{ fails, shared bool }

// NewCheck reads the parameter. The error is invalid_value.
func (x *Endpoints) NewCheck(rq *web.Request) (Check, *crm.Error) {
	switch text := rq.Params.Get(Param); text {
	case "", "create":
		return Check{shared: x.store.Shared()}, nil
	case "fail":
		return Check{fails: true, shared: x.store.Shared()}, nil
	default:
		return Check{}, crm.Errorf(crm.InvalidValue, "%s=%s is not known; write %s=fail to make nothing if the record looks like another, or leave it out.", Param, norm.Quote(text), Param).On(Param).Of(text, []string{"create", "fail"})
	}
}

// maxShown is how many records an answer names that look like the one that was made.
const maxShown = 3

// Remarks adds a remark to others for each record that looks like the one of an outcome, if the write
// made it. The error is possible_duplicate if the request asked to fail then.
func (c Check) Remarks(tx *store.Tx, out store.Outcome, others []string) (remarks []string, err error) {
	if out.Result != store.Created || !alike.Knows(out.After.Entity) {
		return others, nil
	}
	known, err := secondary.KnownFor(tx.Tx, out.After.Entity)
	if err != nil {
		return nil, err
	}
	source := &duplicates.Source{Actor: tx.Actor, Entity: out.After.Entity, Shared: c.shared, Known: known, Read: tx.Rows}
	likes, err := alike.Near(source, alike.Of(out.After, tx.Actor.Country))
	if err != nil || len(likes.Pairs)+len(likes.Many) == 0 {
		return others, err
	}
	e := out.After.Entity
	for i, pair := range likes.Pairs {
		if i == maxShown {
			remarks = append(remarks, andOthers(likes, i, e))
			break
		}
		remarks = append(remarks, fmt.Sprintf("looks like %s %s (%s)", pair.B.Record.Handle(), norm.QuoteJSON(pair.B.Record.Value("name").Text), strings.Join(pair.Why, ", ")))
	}
	if len(likes.Many) > 0 {
		remarks = append(remarks, fmt.Sprintf("has a name that more than %d %s have, such as %s/%s; they are not compared by it", alike.MaxAlike, e.Plural, e.Name, crm.RecordID(e.Prefix, likes.Many[0].Record)))
	}
	if c.fails {
		return nil, crm.Errorf(crm.PossibleDuplicate, "nothing was saved, because the record %s. PATCH the one that is meant; or POST without %s=fail, if it is another.", strings.Join(remarks, ", and "), Param)
	}
	if len(likes.Pairs) > 0 {
		remarks[0] += "; merge or dismiss"
	}
	return append(others, remarks...), nil
}

// andOthers says how many more records look like one of a kind than were named.
func andOthers(likes alike.Likes, named int, e *crm.Entity) string {
	n := fmt.Sprint(len(likes.Pairs) - named)
	if len(likes.Pairs) == alike.MaxNear { // no more are compared
		n += " or more"
	}
	return fmt.Sprintf("and like %s others; GET /duplicates?kind=%s", n, e.Plural)
}

package past

import (
	"crmkit/crm"
	query "crmkit/query/aggregate"
	"crmkit/store/aggregate"
	"crmkit/store/list"
)

// Numbers answers a request for numbers about the place. The reader is of the same transaction.
func (p *Past) Numbers(r *list.Reader, actor crm.Actor, q *query.Question) (lines aggregate.Lines, err error) {
	reader, path, err := p.ask(r, actor, q.Query)
	if err != nil {
		return lines, err
	}
	if q.TotalOnly {
		page := list.Page{More: true} // not all records are on a page, so they are counted
		err := reader.PastTotal(p.ctx, path, &page)
		return aggregate.Lines{Total: page.Total}, err
	}
	rows, err := reader.Matching(p.ctx, path)
	if err != nil {
		return lines, err
	}
	numbers := &aggregate.Reader{Tx: reader.Tx, Entity: q.Query.Entity, Workspace: actor.Workspace, Zone: actor.Zone, Tables: lens{p, true}, Prepare: p.number}
	return numbers.Read(p.ctx, q, rows)
}

// Records implements aggregate.Tables.
func (l lens) Records(e *crm.Entity) string { return l.at(e.Plural) }

// Beside implements aggregate.Tables.
func (l lens) Beside(table string, e *crm.Entity) (side, names string) {
	if l.hasChanged(e) {
		return "at_" + table + "_" + e.Name, "at_names"
	}
	return table, "names"
}

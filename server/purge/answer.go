package purge

import (
	"context"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"

	"crmkit/crm"
	"crmkit/crm/norm"
	"crmkit/render"
	"crmkit/server/web"
	"crmkit/store"
	"crmkit/store/changelog"
	"crmkit/store/erase"
)

// answer returns the answer of a purge.
func (c *call) answer() *render.Response {
	handle := c.target.Handle()
	return &render.Response{Result: "purged", Line: &render.Item{Head: "purged " + handle, Fields: web.Names(handle)},
		Remarks: []string{"it is erased for good: nothing restores it, and no undo. GET /audit?target=" + crm.CutHandle(handle) + " shows what is left: who did what, and when"}}
}

// maxBackups is how many copies of the database an answer names.
const maxBackups = 10

// backups says which copies of the database still have the record.
func (c *call) backups() []string {
	if c.x.opts.Store.Shared() {
		return []string{"backups, standbys and the write-ahead log of PostgreSQL still have it, and dead rows until the next VACUUM; the operator knows for how long (docs/erasure.md)"}
	}
	var names []string
	if c.x.opts.Backups != nil {
		names = c.x.opts.Backups()
	}
	if len(names) == 0 {
		return []string{"backups that were made before still have it; this server knows of none"}
	}
	more := ""
	if n := len(names) - maxBackups; n > 0 {
		names, more = names[:maxBackups], fmt.Sprintf(" and %d more", n)
	}
	return []string{"still has it: " + strings.Join(names, ", ") + more + ", and copies of them elsewhere"}
}

// preview answers a dry run. It writes nothing.
func (c *call) preview() (*render.Response, error) {
	if err := c.permitted(c.rq.Actor.Role); err != nil {
		return nil, err
	}
	if err := c.rq.Update(c.find); err != nil {
		return nil, err
	}
	sv, err := c.survey()
	if err != nil {
		return nil, err
	}
	doc := c.answer()
	doc.Remarks = nil
	doc.MakeDry()
	what := []string{}
	if c.inUse {
		counts, err := c.rq.Dependents(c.rec)
		if err != nil {
			return nil, err
		}
		what = c.dependents(doc, counts)
	}
	for _, e := range slices.SortedFunc(maps.Keys(sv.Trash), func(a, b *crm.Entity) int { return strings.Compare(a.Name, b.Name) }) {
		what = append(what, e.CountNoun(sv.Trash[e])+" in the trash")
		doc.Line.Fields = append(doc.Line.Fields, number(e.Plural+"_in_trash", sv.Trash[e]))
	}
	if n := len(sv.Parts); n > 0 {
		what = append(what, fmt.Sprintf("%d merged into it", n))
		doc.Line.Fields = append(doc.Line.Fields, number("merged", int64(n)))
	}
	what = append(what, fmt.Sprintf("the values in %d log entries", sv.Entries), fmt.Sprintf("%d ids of imports", sv.Imported), "stored answers of the last day, and dry runs that wait")
	doc.Line.Fields = append(doc.Line.Fields, number("log_entries", sv.Entries), number("imported_ids", sv.Imported))
	doc.Remarks = append(doc.Remarks, "this erases "+c.label()+" for good, with "+strings.Join(what, ", "), "to do it: the same request without dry_run=1; a code is mailed to you")
	if err := c.mentions(doc); err != nil {
		return nil, err
	}
	doc.Remarks = append(doc.Remarks, c.backups()...)
	return doc, nil
}

// mentions says where addresses of the record stay in fields that name users.
func (c *call) mentions(doc *render.Response) error {
	ctx := c.rq.Context()
	var list []erase.Mention
	err := c.x.opts.Store.Read(ctx, func(v *store.ReadTx) (err error) {
		list, err = erase.MentionsOf(rowsOf(ctx, v), c.rq.Env.Schema, c.rec)
		return err
	})
	for _, m := range list {
		address := norm.ShowEmail(m.Address)
		doc.Remarks = append(doc.Remarks, fmt.Sprintf("in %s %s is %s; those that are not erased with it keep that: GET /%s?%s=%s", m.Entity.CountNoun(m.N), m.Field.Name, address, m.Entity.Route(), m.Field.Name, url.QueryEscape(address)))
	}
	return err
}

// dependents says which records go with one that is in use, and which lose their reference to it.
func (c *call) dependents(doc *render.Response, counts []crm.Count) (what []string) {
	for _, of := range counts {
		if of.Deleted > 0 {
			what = append(what, of.Of.CountNoun(of.Deleted))
			doc.Line.Fields = append(doc.Line.Fields, number(of.Of.Plural, of.Deleted))
		}
		if of.Unlinked > 0 {
			what = append(what, "the reference to it in "+of.Of.CountNoun(of.Unlinked))
			doc.Line.Fields = append(doc.Line.Fields, number(of.Of.Plural+"_unlinked", of.Unlinked))
		}
	}
	return what
}

func number(name string, n int64) render.Field {
	return render.Field{Name: name, Value: crm.Number(n), JSON: true}
}

// survey counts what would be erased. Each page of the log is a read of its own, since others wait for their turn.
func (c *call) survey() (sv erase.Survey, err error) {
	ctx := c.rq.Context()
	for next := int64(0); ; {
		err := c.x.opts.Store.Read(ctx, func(v *store.ReadTx) (err error) {
			next, err = sv.Page(rowsOf(ctx, v), c.rq.Env.Schema, c.target, next)
			return err
		})
		if err != nil || next == 0 {
			return sv, err
		}
	}
}

// rowsOf returns the reads of a transaction that end with a context.
func rowsOf(ctx context.Context, v *store.ReadTx) changelog.Rows {
	return func(text string, args []any, each func(scan func(...any) error) error) error {
		return v.Rows(ctx, text, args, each)
	}
}

package query

import (
	"cmp"
	"maps"
	"net/url"
	"slices"
	"strings"

	"crmkit/crm"
	"crmkit/crm/catalog"
	"crmkit/crm/declared"
	"crmkit/crm/norm"
	"crmkit/query/condition"
	"crmkit/query/fieldpath"
	"crmkit/query/mistake"
	"crmkit/query/operand"
	"crmkit/query/param"
)

// Total says up to which number the rows of a list are counted.
type Total int

// Rows are counted up to TotalCap by default, because counting all of a large workspace takes
// longer than reading a page; or exactly, or not at all.
const (
	TotalCapped Total = iota
	TotalExact
	TotalNone
)

// TotalCap is the number at which a capped count stops.
const TotalCap = 10_000

// DefaultLimit is the page size if the request has none.
const DefaultLimit = 50

// Query is a compiled list request: its conditions, its order, and the row after which it
// begins. Placeholder $1 of its SQL is the table's scope, which the store adds to every
// statement; $2 is Args[0]. Methods do not change it, so it may be run more than once.
type Query struct {
	Entity         *crm.Entity
	Where          []string // joined with AND
	Args           []any
	Order          Order
	Limit          int
	RequestedLimit string   // the limit of the request if it was larger than allowed
	Remarks        []string // for values that were read in another way than they were written
	Named          []int64  // keys of the ids that filters name; a record may have been merged into another one
	Fields         []string // of fields=; nil: those that the entity shows by default
	Millis         bool     // times=ms: times are shown with milliseconds
	Total          Total
	Unfiltered     bool // there is no filter, so the stored number of records is the total
	NoCache        bool // set for exports, whose records would displace those in use from the cache

	IndexPaths   []IndexPath // of the conditions that have an index
	NarrowByKeys bool        // a condition on one reference has an index in the default order

	Terms      *Terms   // for the text index; nil: it can answer none of the conditions
	OtherKinds []string // the conditions in Where that the text index cannot answer
	likes      []string // those of like: that it can

	keys *keySearch // makes KeysSQL; nil: there is nothing to search

	bestRank string // SQL of the rank of a search; empty: the order is Order
	bestArgs []any

	after  *position // the row after which the page begins; nil: the start of the list
	secret []byte
	scope  string // the request that a cursor is bound to, see cursorScope
}

// Order is a sort order: one field, ties by key in the same direction, unset last.
type Order struct {
	Field *crm.Field
	Desc  bool
	key   *declared.Member // of custom, of which Field is; nil: Field is one of the entity
	by    string           // SQL of the values, if no column has them
	at    *crm.Moment      // of those values
}

// The limits of a statement. They are far below those of SQLite, an expression depth of 1000
// and 32766 arguments, so that a statement never fails in the database.
const (
	maxConditions = 100
	maxArgs       = 2000
)

// Parse compiles the parameters of a list of the entity. A filter may be repeated, and all of
// its conditions must hold. An unknown parameter is an error, never ignored: a list without
// the filter that was meant would look like a right answer.
func Parse(e *crm.Entity, params url.Values, env Env) (*Query, *crm.Error) {
	q := &Query{Entity: e, Limit: DefaultLimit, secret: env.Secret}
	c := &compiler{env: env, entity: e}
	names := slices.Sorted(maps.Keys(params))
	for _, name := range names {
		for _, value := range params[name] {
			if err := q.param(c, name, value); err != nil {
				return nil, err
			}
			if len(q.Where)+c.bound.number() > maxConditions || len(c.args) > maxArgs {
				return nil, crm.Errorf(crm.InvalidFilter, "the request has more than the maximum of %d conditions or %d values. To match any of several values write field=in:a,b,c, or split it into several requests.",
					maxConditions, maxArgs).On(name)
			}
		}
		if slices.Contains(crm.ListParams, name) && name != "search" && len(params[name]) > 1 {
			return nil, crm.Errorf(crm.InvalidFilter, "%s is given %d times; send it once.", name, len(params[name])).On(name)
		}
	}
	q.bind(c)
	if q.Order.Field == nil {
		q.Order, _ = env.parseSort(e, e.Sort)
	}
	q.Order = c.sortBy(e, q.Order)
	q.Args, q.IndexPaths, q.NarrowByKeys, q.Unfiltered, q.Remarks = c.args, c.indexPaths, c.direct, len(q.Where) == 0, c.remarks
	q.Named = c.named
	if len(c.terms.Words)+len(c.terms.Likes) > 0 {
		q.Terms, q.keys = &c.terms, &keySearch{compiler: c, entity: e, likes: q.likes}
	}
	q.scope = q.cursorScope(env.Workspace, params, names) + env.Place
	if cursor := params.Get("cursor"); cursor != "" {
		return q, q.applyCursor(cursor)
	}
	return q, nil
}

// param compiles one parameter.
func (q *Query) param(c *compiler, name, value string) (err *crm.Error) {
	switch name {
	case "format":
	case "cursor":
		if value == "" {
			err = crm.Errorf(crm.InvalidCursor, "cursor= is empty; send the cursor from the previous page, or leave it out.").On("cursor")
		}
	case "where":
		err = q.where(c, value)
	case "view":
		err = crm.Errorf(crm.InvalidFilter, "%s have no views; write the conditions themselves.", q.Entity.Plural).On("view")
	case "search":
		var where []string
		where, err = c.search(q.Entity, name, value)
		q.Where = append(q.Where, where...)
	case "sort":
		q.Order, err = c.env.parseSort(q.Entity, value)
	case "limit":
		q.Limit, q.RequestedLimit, err = param.Limit(value, q.Entity.MaxLimit)
	case "fields":
		q.Fields, err = c.env.ParseFields(q.Entity, value)
	case "total":
		q.Total, err = parseTotal(value)
	case "times":
		q.Millis, err = param.Times(value)
	default:
		err = q.filter(c, scope{}, condition.Node{Name: name, Value: value})
	}
	return err
}

// filter compiles a condition that must hold.
func (q *Query) filter(c *compiler, in scope, n condition.Node) *crm.Error {
	likes := len(c.terms.Likes)
	b, err := c.filter(q.Entity, n.Name, n.Value)
	switch {
	case err != nil:
		return err
	case b.Target.Level() > 0:
		c.bound.add(in, b)
		return nil
	case len(c.terms.Likes) > likes:
		q.likes = append(q.likes, b.Test)
	default:
		q.OtherKinds = append(q.OtherKinds, b.Test)
	}
	q.Where = append(q.Where, b.Test)
	return nil
}

// Sortable reports whether lists can be ordered by the field.
func Sortable(e *crm.Entity, f *crm.Field) bool {
	switch {
	case !f.Type.Comparison().Ordered:
		return false
	case isKey(f):
		return !e.IsView()
	}
	return f.Limit() <= maxSortText // a cursor carries the sort value
}

// maxSortText is the maximum length of a field that lists can be sorted by.
const maxSortText = crm.DefaultMax

// parseSort parses sort=. The error names the fields, and in "created_at desc" or a name of
// another system recognises the order that was meant.
func (env Env) parseSort(e *crm.Entity, value string) (Order, *crm.Error) {
	name, desc := strings.CutPrefix(value, "-")
	if key, own := strings.CutPrefix(env.Shape.FullName(e, name), declared.Prefix); own {
		if m := env.Shape.Kind(e).Member(key); operand.Sortable(m) {
			return Order{Field: &m.Field, Desc: desc, key: m}, nil
		}
	}
	f := e.Field(name)
	if f == nil || !Sortable(e, f) {
		allowed, near := append(e.Names(func(f *crm.Field) bool { return Sortable(e, f) }), operand.SortableKeys(env.Shape.Kind(e))...), name
		if other := mistake.Field(e, name); f == nil && other != nil {
			near = other.Name
		}
		base, written := mistake.Direction(name)
		if near = cmp.Or(base, near); base != "" {
			written = " Write sort=" + norm.Quote(written) + "."
		}
		err := crm.Errorf(crm.InvalidSort, "%s cannot be sorted by %s; sort by one field: %s. Put - before it for descending order.",
			e.Plural, norm.Quote(name), strings.Join(allowed, " ")).On("sort").Of(near, allowed)
		err.Hint += written
		if number, _ := env.Shape.Kind(e).Amount(strings.TrimPrefix(name, declared.Prefix)); number != "" {
			err.DidYouMean = declared.Prefix + number
		}
		if f != nil && f.AmountOf() != nil {
			err.DidYouMean = f.AmountOf().Number
			err.Hint += " " + f.Name + " shows " + err.DidYouMean + " as text: sort by that."
		}
		return Order{}, err
	}
	return Order{Field: f, Desc: desc}, nil
}

// parseTotal parses total=. The default has no word of its own.
func parseTotal(value string) (Total, *crm.Error) {
	switch value {
	case "exact":
		return TotalExact, nil
	case "none":
		return TotalNone, nil
	}
	return 0, crm.Errorf(crm.InvalidValue, "total=%s is not known; write total=exact to count all rows, total=none to count none, or leave it out.", norm.Quote(value)).
		On("total").Of(value, []string{"exact", "none"})
}

// ParseFields parses fields=: names of fields, custom.<key>, or the label that is shown beside a reference, like
// company.name. Other fields of a reference cannot be shown, since a list loads records of one entity only.
func (env Env) ParseFields(e *crm.Entity, value string) ([]string, *crm.Error) {
	var fields []string
	names, ok := param.Listed(value)
	if !ok {
		return nil, crm.TooMany("fields", crm.MaxItems, "names", "Leave it out, or GET one record to see all of its fields.")
	}
	for _, name := range env.Shape.ShownNames(e, names) {
		if name == "" || slices.Contains(fields, name) {
			continue
		}
		t, ok := fieldpath.Resolve(e, name)
		shown := ok && (len(t.Hops) == 0 && t.Field.Name == firstWord(name) || len(t.Hops) == 1 && t.Field.Name == t.Entity.LabelField)
		if head, tail, dotted := strings.Cut(name, "."); !ok && dotted && tail != "" {
			f := e.Field(head) // members of a read-only object, as in audit
			shown = f != nil && fieldpath.IsObject(f)
		}
		if !shown {
			allowed := FieldNames(e)
			err := crm.Errorf(crm.UnknownField, "%s have no field %s to show; fields= accepts %s.", e.Plural, norm.Quote(name), strings.Join(allowed, " ")).On("fields")
			if f := catalog.Meant(e, name); !ok && f != nil {
				name = f.Name
			}
			return nil, err.Of(name, allowed)
		}
		fields = append(fields, name)
	}
	if len(fields) == 0 {
		return nil, crm.Errorf(crm.InvalidValue, "fields= is empty; write names of fields, like fields=%s, or leave it out.", e.LabelField).On("fields")
	}
	return fields, nil
}

// firstWord returns a name up to its first dot.
func firstWord(name string) string {
	first, _, _ := strings.Cut(name, ".")
	return first
}

// FieldNames returns the names that fields= accepts for the entity.
func FieldNames(e *crm.Entity) []string {
	names := e.Names(func(f *crm.Field) bool { return true })
	for i := range e.Fields {
		switch f := &e.Fields[i]; {
		case fieldpath.IsObject(f):
			names = append(names, f.Name+".<key>")
		case f.IsReference():
			names = append(names, f.Path()+"."+e.Target(f).LabelField)
		}
	}
	return names
}

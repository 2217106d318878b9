package past

import (
	"context"
	"errors"
	"slices"
	"strings"

	"crmkit/crm"
	"crmkit/crm/norm"
	"crmkit/store/changelog"
	"crmkit/store/snapshot"
	"crmkit/store/table"
)

// Limits bound the work of one question.
type Limits struct {
	Records int // that have changed since, or follow from those
	Entries int // of the log since
	Bytes   int // of values in these entries
}

// DefaultLimits are the limits of a server.
var DefaultLimits = Limits{Records: 50_000, Entries: 250_000, Bytes: 64 << 20}

// ref names a record.
type ref struct {
	entity *crm.Entity
	key    int64
}

// state is what the entries after the place say of a record.
type state struct {
	absent  bool // it was not there at the place
	erased  bool // what it was is not known any more, so it is left out
	gone    bool // it was deleted or merged by one of them
	whole   bool // values has all that it had; else the record as it is now has the rest
	old     bool // the first of them has an earlier form
	version int64
	values  map[string]string     // by their names in entries; empty: it was unset
	orders  map[string][][]string // by object field: orders of keys of which one fits; none: they were sorted
}

// journal is what the entries after a place say.
type journal struct {
	schema    *crm.Schema
	workspace int64
	needs     map[*crm.Entity]bool // the kinds whose values are wanted
	states    map[ref]*state
	latest    map[*crm.Entity]int64 // the number of the last entry about a record of the kind
	causes    map[ref]bool          // whose delete or merge caused a change
	merges    []merge               // the last one first
}

// entry is an entry of the log.
type entry struct {
	key, at        int64
	old            bool // it has the form of earlier versions
	action, target string
	version        int64
	from, to       []crm.Member
}

// actions are those of entries that change a record.
var actions = []string{"create", "restore", "update", "delete", "merge"}

// logStep is how many entries one statement reads.
const logStep = 1000

// readLog reads the entries with numbers from place+1 to last, the last one first.
func (j *journal) read(ctx context.Context, v *snapshot.Tx, in span, limit Limits) error {
	entries, bytes := 0, 0
	for below := in.last + 1; below > in.place.Number+1; {
		var page []entry
		err := v.Rows(ctx, "SELECT key, at, id IS NOT NULL, action, target, COALESCE(version, 0), COALESCE(before, ''), COALESCE(after, '') FROM log WHERE key > $1 AND key < $2 ORDER BY key DESC LIMIT $3",
			[]any{crm.RecordKey(j.workspace, in.place.Number), crm.RecordKey(j.workspace, below), logStep}, func(scan func(...any) error) error {
				var e entry
				var before, after string
				if err := scan(&e.key, &e.at, &e.old, &e.action, &e.target, &e.version, &before, &after); err != nil {
					return err
				}
				e.from, e.to = norm.ParseObject(before), norm.ParseObject(after)
				page = append(page, e)
				if bytes += len(before) + len(after); len(page) > 1 && bytes > limit.Bytes {
					return errFull
				}
				return nil
			})
		if err != nil && !errors.Is(err, errFull) {
			return err
		}
		for _, e := range page {
			entries++
			j.note(e)
			if len(j.states) > limit.Records || entries > limit.Entries || bytes > limit.Bytes {
				return tooMany(in, limit, Place{crm.RecordNumber(e.key), e.at})
			}
		}
		if len(page) < logStep {
			return nil
		}
		below = crm.RecordNumber(page[len(page)-1].key)
	}
	return nil
}

// errFull ends the reading of entries that have too much text.
var errFull = errors.New("too much text")

// tooMany is the error of a place since which too much has changed. cheap is the first place for which that is
// not so.
func tooMany(in span, limit Limits, cheap Place) error {
	return crm.Errorf(crm.InvalidValue, "since %s more has changed than one answer can take back: at most %d records, %d changes or %d MB of values. The nearest time for which it can is %s; for changes before it read GET /audit.",
		in.place.Time(), limit.Records, limit.Entries, limit.Bytes>>20, cheap.Time())
}

// note notes an entry, before which all later ones were noted.
func (j *journal) note(e entry) {
	if !slices.Contains(actions, e.action) {
		return
	}
	of, is := j.record(e.target)
	if !is {
		return
	}
	if j.latest[of.entity] == 0 {
		j.latest[of.entity] = crm.RecordNumber(e.key)
	}
	if cause, caused := j.record(causeOf(e.to)); caused {
		j.causes[cause] = true
	}
	st := j.states[of]
	if st == nil {
		st = &state{values: map[string]string{}, orders: map[string][][]string{}}
		j.states[of] = st
	}
	if e.action == "merge" || e.action == "restore" {
		j.noteMerge(of, e)
	}
	if _, erased := changelog.ErasureOf(e.to); erased || st.erased {
		st.noteErased(e)
		return
	}
	defer func() { st.old = e.old }()
	switch e.action {
	case "create", "restore":
		st.absent = true
	case "delete", "merge":
		*st = state{gone: true, whole: true, version: e.version, values: map[string]string{}, orders: map[string][][]string{}}
		if j.needs[of.entity] {
			st.takeAll(of.entity, e)
		}
	default:
		st.absent, st.version = false, e.version-1
		if j.needs[of.entity] {
			st.take(of.entity, e)
		}
	}
}

// noteErased notes an entry that has lost its values, or an earlier one of a record that was erased. A purge leaves
// no state of its record. Of another record, which is there, an update is gone that held a value of the erased one.
func (st *state) noteErased(e entry) {
	switch {
	case e.action == "update" && !st.gone && !st.erased:
		st.absent, st.version = false, e.version-1
	default:
		*st = state{absent: true, erased: true, gone: st.gone || e.action == "delete" || e.action == "merge"}
	}
}

// record returns the record of a handle.
func (j *journal) record(handle string) (of ref, is bool) {
	kind, id, _ := strings.Cut(handle, "/")
	e := j.schema.ByName(kind)
	if e == nil || e.IsView() {
		return of, false
	}
	key, fault := crm.ParseID(e, j.workspace, id)
	return ref{e, key}, fault == crm.IDOK
}

// causeOf returns the handle of the record whose delete or merge caused a change, or nothing.
func causeOf(to []crm.Member) string {
	for _, m := range to {
		if m.Name == changelog.CauseName {
			handle, _ := norm.Unquote(m.JSON)
			return handle
		}
	}
	return ""
}

// takeAll takes the values of an entry that has all that a record had.
func (st *state) takeAll(e *crm.Entity, of entry) {
	keys := map[string][]string{}
	for _, m := range of.from {
		if strings.HasPrefix(m.Name, changelog.DigestMark) {
			continue
		}
		st.values[m.Name] = m.JSON
		if field, key, dotted := strings.Cut(m.Name, "."); dotted {
			keys[field] = append(keys[field], key)
		}
	}
	for _, f := range objects(e) {
		st.orders[f.Name] = [][]string{keys[f.Name]}
	}
}

// take takes the values that an update changed, as they were before.
func (st *state) take(e *crm.Entity, of entry) {
	var orders [][]string
	touched := map[string]bool{}
	for _, m := range of.to {
		if name := strings.TrimPrefix(m.Name, changelog.DigestMark); m.Name != changelog.CauseName {
			st.values[name] = ""
			touched[changelog.FieldOf(name)] = true
		}
	}
	for _, m := range of.from {
		if m.Name == changelog.OrderName {
			orders = append(orders, table.Strings(m.JSON))
		}
		if !strings.HasPrefix(m.Name, changelog.DigestMark) {
			st.values[m.Name] = m.JSON
			touched[changelog.FieldOf(m.Name)] = true
		}
	}
	for _, f := range objects(e) {
		if touched[f.Name] {
			st.orders[f.Name] = orders
		}
	}
}

// objects returns the fields of a kind that hold keys with values.
func objects(e *crm.Entity) (fields []*crm.Field) {
	for i := range e.Fields {
		if f := &e.Fields[i]; f.Type.Kind() == crm.ObjectKind {
			fields = append(fields, f)
		}
	}
	return fields
}

// put gives a record the values that it had.
func (st *state) put(rec crm.Record) {
	changelog.Put(rec, st.values, nil)
	for _, f := range objects(rec.Entity) {
		for _, order := range st.orders[f.Name] {
			if !sameNames(order, rec.Value(f.Name).Members()) {
				continue
			}
			values := map[string]string{}
			for _, m := range rec.Value(f.Name).Members() {
				values[f.Name+"."+m.Name] = m.JSON
			}
			changelog.Put(rec, values, order)
			break
		}
	}
	rec.Set(crm.FieldVersion, crm.Number(st.version))
}

// sameNames reports whether an order has the keys of an object.
func sameNames(order []string, members []crm.Member) bool {
	if len(order) != len(members) {
		return false
	}
	for _, m := range members {
		if !slices.Contains(order, m.Name) {
			return false
		}
	}
	return true
}

package store

import (
	"crypto/sha256"
	"encoding/base64"
	"slices"
	"strconv"
	"strings"

	"crmkit/crm"
	"crmkit/crm/norm"
)

// An entry of the log holds the values before of the fields that a change touched, and
// what the past is rebuilt from: applied backwards, entries lead from a record to every
// state it was in (past.go). Values stand as JSON, times as milliseconds. Names that begin
// with # are not those of fields:
const (
	digestMark = "#"      // before a name: the value after is too long to stand here; this is its digest
	orderName  = "#order" // the keys of a custom object before, where they were not sorted
	causeName  = "#cause" // the record with whose delete the entry came
)

// maxAfter is the most bytes of a value after that an entry of an update holds whole.
const maxAfter = 256

// stampFields change with every change. An entry holds what they were, but for the
// version, which is a column of its own.
var stampFields = []string{crm.FieldVersion, crm.FieldCreatedAt, crm.FieldCreatedBy, crm.FieldUpdatedAt, crm.FieldUpdatedBy}

// LogRecord writes the change of a record into the log.
func (tx *Tx) LogRecord(action string, before, after crm.Record) error {
	entry := entry{action: action, target: after.Handle(), version: after.Version()}
	switch {
	case action == "create": // the record is what it became
	case action == "delete":
		entry.version, entry.before = before.Version(), allValues(before)
	default:
		entry.before, entry.after = changedValues(before, after)
	}
	if cause := tx.cause; cause.entity != nil && !cause.is(after.Entity, after.Key) {
		entry.after = append(entry.after, textMember(causeName, cause.entity.Name+"/"+crm.RecordID(cause.entity.Prefix, cause.key)))
	}
	if !tx.capped(action) {
		return tx.appendEntry(entry)
	}
	if err := tx.GrowStorage(entry.size()); err != nil {
		return err
	}
	return tx.putEntry(entry)
}

// LogDeleted writes into the log that a record is no more.
func (tx *Tx) LogDeleted(action string, rec crm.Record) error {
	return tx.LogRecord(action, rec, stubRecord(rec))
}

// capped reports whether a change is refused where the workspace stores all that its plan
// allows. What deletes or revokes is not, with all that it brings about.
func (tx *Tx) capped(action string) bool {
	return tx.cause.entity == nil && slices.Contains([]string{"create", "update", "workspace.update"}, action)
}

// allValues returns all that a record holds but what is kept in it of others.
func allValues(rec crm.Record) (list []crm.Member) {
	for i, v := range rec.Values {
		f := &rec.Entity.Fields[i]
		if !v.Set() || f.Derived() || f.Name == crm.FieldVersion {
			continue
		}
		if v.Kind == crm.ObjectKind {
			list = appendMembers(list, f, v.Members(), nil)
			continue
		}
		list = append(list, crm.Member{Name: f.Name, JSON: valueJSON(rec.Entity, f, v)})
	}
	return list
}

// changedValues returns what the changed fields were and what they became. Of an object
// only the members that differ are kept.
func changedValues(before, after crm.Record) (from, to []crm.Member) {
	e := after.Entity
	for _, i := range crm.Changed(before.Values, after.Values) {
		f, was, is := &e.Fields[i], before.Values[i], after.Values[i]
		stamp := slices.Contains(stampFields, f.Name)
		if f.Derived() || f.Name == crm.FieldVersion || stamp && e.RandomID {
			continue
		}
		if was.Kind == crm.ObjectKind || is.Kind == crm.ObjectKind {
			from = appendMembers(from, f, was.Members(), is.Members())
			to = appendMembers(to, f, is.Members(), was.Members())
			from = appendOrder(from, was.Members())
			continue
		}
		if was.Set() {
			from = append(from, crm.Member{Name: f.Name, JSON: valueJSON(e, f, was)})
		}
		if is.Set() && !stamp {
			to = append(to, crm.Member{Name: f.Name, JSON: valueJSON(e, f, is)})
		}
	}
	if !e.RandomID { // whose fields are no longer than what is kept
		to = withDigests(to)
	}
	return from, to
}

// appendMembers adds those members of an object that another lacks or has differently.
func appendMembers(list []crm.Member, f *crm.Field, members, other []crm.Member) []crm.Member {
	there := make(map[string]string, len(other))
	for _, m := range other {
		there[m.Name] = m.JSON
	}
	for _, m := range members {
		if json, ok := there[m.Name]; !ok || json != m.JSON {
			list = append(list, crm.Member{Name: f.Name + "." + m.Name, JSON: m.JSON})
		}
	}
	return list
}

// appendOrder adds the keys of an object in their order, unless they are sorted.
func appendOrder(list []crm.Member, members []crm.Member) []crm.Member {
	names := make([]string, len(members))
	for i, m := range members {
		names[i] = m.Name
	}
	if slices.IsSorted(names) {
		return list
	}
	return append(list, crm.Member{Name: orderName, JSON: columnValue(crm.Labels(names)).(string)})
}

// withDigests puts digests in the place of long values.
func withDigests(list []crm.Member) []crm.Member {
	for i, m := range list {
		if len(m.JSON) > maxAfter {
			list[i] = textMember(digestMark+m.Name, digest(m.JSON))
		}
	}
	return list
}

// digest returns 128 bits of the SHA-256 of a value.
func digest(json string) string {
	sum := sha256.Sum256([]byte(json))
	return base64.RawURLEncoding.EncodeToString(sum[:16])
}

func textMember(name, text string) crm.Member {
	return crm.Member{Name: name, JSON: string(norm.AppendQuoted(nil, text))}
}

// valueJSON returns a value as entries hold it; loggedValue reads it.
func valueJSON(e *crm.Entity, f *crm.Field, v crm.Value) string {
	switch v.Kind {
	case crm.IntKind, crm.TimeKind:
		return strconv.FormatInt(v.Int, 10)
	case crm.RefKind:
		return `"` + crm.RecordID(e.Target(f).Prefix, v.Int) + `"`
	case crm.ListKind:
		return columnValue(v).(string)
	}
	return string(norm.AppendQuoted(nil, v.Text))
}

// entry is one change, before it has a number.
type entry struct {
	action, target string
	version        int64 // of the record after the change, or when it was deleted; 0: it has none
	before, after  []crm.Member
}

// size returns how many bytes of storage the entry takes.
func (e entry) size() int64 {
	return int64(byteCount(e.action, e.target, columnValue(crm.Members(e.before)), columnValue(crm.Members(e.after))))
}

// LogEntry appends an entry about something other than a record. No cap refuses it.
func (tx *Tx) LogEntry(action, target string, from, to []crm.Member) error {
	return tx.appendEntry(entry{action: action, target: target, before: from, after: to})
}

// LogFields returns the members of a log entry: names and texts in turn.
func LogFields(pairs ...string) []crm.Member {
	var list []crm.Member
	for i := 0; i+1 < len(pairs); i += 2 {
		list = append(list, crm.Member{Name: pairs[i], JSON: string(norm.AppendQuoted(nil, pairs[i+1]))})
	}
	return list
}

// Log notes what the actor did to a target, beside the changes of records.
func (tx *Tx) Log(action, target string, pairs ...string) error {
	return tx.LogEntry(action, target, nil, LogFields(pairs...))
}

// appendEntry writes an entry that no cap refuses.
func (tx *Tx) appendEntry(e entry) error {
	tx.uncapped = true
	if err := tx.addBytes(e.size()); err != nil {
		return err
	}
	return tx.putEntry(e)
}

// putEntry writes an entry under the next number of its workspace.
func (tx *Tx) putEntry(e entry) error {
	l, err := tx.counters()
	if err != nil {
		return err
	}
	origin, err := tx.origin()
	if err != nil {
		return err
	}
	if l, err = tx.counters(); err != nil { // a new origin takes room
		return err
	}
	l.last++
	l.latest = tx.now
	tx.setCounters(l)
	var group, version any
	if first := tx.group.of(tx.Actor.Workspace, l.last); first != l.last {
		group = first
	}
	if e.version != 0 {
		version = e.version
	}
	return tx.Exec(`INSERT INTO log (key, workspace_id, at, change_group, origin, action, target, version, before, after)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
		crm.RecordKey(tx.Actor.Workspace, l.last), tx.Actor.Workspace, l.latest, group, origin,
		e.action, e.target, version, columnValue(crm.Members(e.before)), columnValue(crm.Members(e.after)))
}

// Group is a change group: the entries of one write, or of several that belong together.
// It is the number of its first entry in the workspace; 0 is none.
type Group int64

// group is that of a transaction, in one workspace.
type group struct {
	workspace int64
	first     int64
}

// of returns the number of the first entry of the group to which an entry belongs.
func (g *group) of(workspace, number int64) int64 {
	if g.first == 0 || g.workspace != workspace || g.first > number {
		*g = group{workspace, number}
	}
	return g.first
}

// Group returns the change group of what the transaction logs. It is good for a later
// Join once the transaction has logged something.
func (tx *Tx) Group() (Group, error) {
	l, err := tx.counters()
	return Group(tx.group.of(tx.Actor.Workspace, l.last+1)), err
}

// Join puts what the transaction logs from here on into a group that an earlier one of the
// same workspace began: a change that takes several writes is one change.
func (tx *Tx) Join(g Group) { tx.group = group{tx.Actor.Workspace, int64(g)} }

// origin returns the key of who makes the change, by which token, from where.
func (tx *Tx) origin() (key int64, err error) {
	a := tx.Actor
	known := tx.store.writer.origins
	id := origin{a.Workspace, a.Email, a.TokenID, a.Addr}
	if key, there := known[id]; there {
		return key, nil
	}
	args := []any{a.Workspace, NullText(a.TokenID), NullText(a.Email), NullText(a.Addr)}
	found, err := tx.Row(`SELECT key FROM origins WHERE workspace_id = $1 AND token_id IS NOT DISTINCT FROM $2 AND actor IS NOT DISTINCT FROM $3
		AND addr IS NOT DISTINCT FROM $4 AND run IS NULL`, args, &key)
	if err == nil && !found {
		if key, err = tx.Sequence("origins"); err == nil {
			err = tx.Exec("INSERT INTO origins (workspace_id, token_id, actor, addr, key) VALUES ($1, $2, $3, $4, $5)", append(args, key)...)
		}
		if err == nil {
			err = tx.addBytes(int64(byteCount(args...)))
		}
	}
	if err != nil {
		return 0, err
	}
	if len(known) >= maxOrigins {
		clear(known)
	}
	known[id] = key
	return key, nil
}

// origin is what a row of the table origins stands for.
type origin struct {
	workspace          int64
	actor, token, addr string
}

// maxOrigins is how many origins the writer remembers.
const maxOrigins = 4096

// NullText returns the SQL argument of a string, NULL when empty.
func NullText(s string) any { return columnValue(crm.Str(s)) }

// Sequence returns the next number of a counter that belongs to no workspace.
func (tx *Tx) Sequence(name string) (n int64, err error) {
	_, err = tx.Row(`INSERT INTO sequences (name, last) VALUES ($1, 1)
		ON CONFLICT (name) DO UPDATE SET last = sequences.last + 1 RETURNING last`, []any{name}, &n)
	return n, err
}

// fieldOf returns the name of the field that a name in an entry belongs to.
func fieldOf(name string) string {
	field, _, _ := strings.Cut(strings.TrimPrefix(name, digestMark), ".")
	return field
}

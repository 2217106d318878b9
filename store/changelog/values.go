package changelog

import (
	"crypto/sha256"
	"encoding/base64"
	"slices"
	"strconv"
	"strings"
	"time"

	"crmkit/crm"
	"crmkit/crm/norm"
	"crmkit/store/table"
)

// Names in entries that are not names of fields begin with #.
const (
	DigestMark = "#"      // before a name: the digest of a value after the change that is too long
	OrderName  = "#order" // the keys of a custom object before, if they were not sorted
	CauseName  = "#cause" // the record whose delete or merge caused the change
	LedName    = "#led"   // of a merge: records that were parts of the merged one before
)

// MergedInto names the record that a merged one leads to, after a merge; before a restore, the one that it
// led to until then.
const MergedInto = "merged_into"

// maxAfter is the size in bytes up to which an entry of an update holds a value after the
// change; of longer values it holds a digest.
const maxAfter = 256

// StampFields change with every change. An entry holds their values before the change, except
// the version, which has a column of its own. It never holds their values after it.
var StampFields = []string{crm.FieldVersion, crm.FieldCreatedAt, crm.FieldCreatedBy, crm.FieldUpdatedAt, crm.FieldUpdatedBy}

// Values returns the values of a record as members of an entry, in the order of its fields.
// Fields without a value, fields derived from other records and the version are left out.
func Values(rec crm.Record) (list []crm.Member) {
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

// Changes returns the values of the changed fields before and after a change, as an entry holds
// them. Of an object it returns only the members that differ. A field that was or became unset
// is missing on that side. Long values after the change are digests.
func Changes(before, after crm.Record) (from, to []crm.Member) {
	e := after.Entity
	for _, i := range crm.Changed(before.Values, after.Values) {
		f, was, is := &e.Fields[i], before.Values[i], after.Values[i]
		stamp := slices.Contains(StampFields, f.Name)
		if f.Derived() || f.Name == crm.FieldVersion || stamp && e.IsView() {
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
	if !e.IsView() { // the fields of views are shorter than maxAfter
		to = withDigests(to)
	}
	return from, to
}

// appendMembers adds the members of an object that are missing or different in other.
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
	return append(list, crm.Member{Name: OrderName, JSON: table.Arg(crm.Labels(names)).(string)})
}

// withDigests replaces long values by digests.
func withDigests(list []crm.Member) []crm.Member {
	for i, m := range list {
		if len(m.JSON) > maxAfter {
			list[i] = Text(DigestMark+m.Name, digest(m.JSON))
		}
	}
	return list
}

// digest returns 128 bits of the SHA-256 of a value.
func digest(json string) string {
	sum := sha256.Sum256([]byte(json))
	return base64.RawURLEncoding.EncodeToString(sum[:16])
}

// DigestOf returns what an entry holds in place of a long value, in JSON.
func DigestOf(json string) string { return string(norm.AppendQuoted(nil, digest(json))) }

// Text returns the member of an entry with a name and a text.
func Text(name, text string) crm.Member {
	return crm.Member{Name: name, JSON: string(norm.AppendQuoted(nil, text))}
}

// Texts returns members with names and texts, which come in turn.
func Texts(pairs ...string) []crm.Member {
	var list []crm.Member
	for i := 0; i+1 < len(pairs); i += 2 {
		list = append(list, Text(pairs[i], pairs[i+1]))
	}
	return list
}

// Led returns the member of an entry with the records that were parts of a merged one; none if there are
// none.
func Led(e *crm.Entity, keys []int64) []crm.Member {
	if len(keys) == 0 {
		return nil
	}
	ids := make([]string, len(keys))
	for i, key := range keys {
		ids[i] = crm.RecordID(e.Prefix, key)
	}
	return []crm.Member{{Name: LedName, JSON: table.Arg(crm.Labels(ids)).(string)}}
}

// valueJSON returns the JSON of a value in entries; Value reads it.
func valueJSON(e *crm.Entity, f *crm.Field, v crm.Value) string {
	switch v.Kind {
	case crm.IntKind, crm.TimeKind:
		return strconv.FormatInt(v.Int, 10)
	case crm.RefKind:
		return `"` + crm.RecordID(e.Target(f).Prefix, v.Int) + `"`
	case crm.ListKind:
		return table.Arg(v).(string)
	}
	return string(norm.AppendQuoted(nil, v.Text))
}

// Value returns the value of a field from an entry of a workspace. It also reads entries of
// earlier versions, which have times as text. A reference that is not an id of the workspace,
// in a damaged entry, is unset.
func Value(e *crm.Entity, f *crm.Field, json string, workspace int64) crm.Value {
	text, quoted := norm.Unquote(json)
	switch f.Type.Kind() {
	case crm.IntKind:
		return crm.Number(integer(json))
	case crm.TimeKind:
		if at, err := time.Parse(time.RFC3339, text); quoted && err == nil {
			return crm.Millis(at.UnixMilli())
		}
		return crm.Millis(integer(json))
	case crm.RefKind:
		key, fault := crm.ParseID(e.Target(f), workspace, text)
		if fault != crm.IDOK {
			return crm.Value{}
		}
		return crm.Key(key)
	case crm.ListKind:
		return crm.Labels(table.Strings(json))
	}
	return crm.Str(text)
}

// integer reads a number that the store wrote.
func integer(json string) int64 {
	n, _ := strconv.ParseInt(json, 10, 64)
	return n
}

// FieldOf returns the name of the field that a name in an entry belongs to.
func FieldOf(name string) string {
	field, _, _ := strings.Cut(strings.TrimPrefix(name, DigestMark), ".")
	return field
}

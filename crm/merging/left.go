package merging

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"crmkit/crm"
	"crmkit/crm/norm"
)

// Left is a value that the merged record does not have, by the name of its field.
type Left struct{ Name, Text string }

// LeftOver returns the values of a record that the merged record does not have: those of another
// record, or those that the winner had before. Lists are compared by their items, objects by their
// keys. Two phone numbers are one if they are so in the country.
func LeftOver(merged, rec crm.Record, country string) (list []Left) {
	m := merge{entity: rec.Entity}
	for i, v := range rec.Values {
		f, is := &rec.Entity.Fields[i], merged.Values[i]
		amount := m.amountOf(f)
		switch {
		case f.AmountOf() != nil && differ(merged, rec, amount):
			if rec.Value(amount.Number).Set() {
				list = append(list, Left{f.Name, rec.Shown(f.Name).Text})
			}
		case amount != nil && (f.Name == amount.Number || rec.Value(amount.Number).Set()): // the amount has it
		case !v.Set() || !f.Stored() || f.Derived() || isStamp(f.Name) || v.Equal(is):
		case v.Kind == crm.ListKind:
			list = append(list, missingItems(f, v, merged, country)...)
		case f.Others != "" && hasItem(rec.Entity.Field(f.Others), merged.Value(f.Others).List(), v.Text, country):
		case v.Kind == crm.ObjectKind && !isWhole(f):
			list = append(list, missingMembers(f.Name, v, is)...)
		default:
			list = append(list, Left{f.Name, text(rec, i)})
		}
	}
	return list
}

// isStamp reports whether a field says only when and by whom a record was made and changed.
func isStamp(name string) bool {
	return slices.Contains([]string{crm.FieldVersion, crm.FieldCreatedAt, crm.FieldCreatedBy, crm.FieldUpdatedAt, crm.FieldUpdatedBy}, name)
}

// differ reports whether two records have different amounts.
func differ(a, b crm.Record, of *crm.AmountOf) bool {
	return !a.Value(of.Number).Equal(b.Value(of.Number)) || !a.Value(of.Currency).Equal(b.Value(of.Currency))
}

// missingItems returns the items of a list that the merged record has neither in its list nor in the
// field whose further values the list has.
func missingItems(f *crm.Field, v crm.Value, merged crm.Record, country string) []Left {
	all := slices.Clone(merged.Value(f.Name).List())
	if of := merged.Entity.KeyField(f); of != f {
		all = append(all, merged.Value(of.Name).Text)
	}
	missing := slices.DeleteFunc(slices.Clone(v.List()), func(item string) bool { return hasItem(f, all, item, country) })
	if len(missing) == 0 {
		return nil
	}
	return []Left{{f.Name, strings.Join(missing, ", ")}}
}

func hasItem(f *crm.Field, list []string, item, country string) bool {
	return slices.ContainsFunc(list, func(other string) bool { return f.ItemKey(country, other) == f.ItemKey(country, item) })
}

// missingMembers returns the keys of an object that another one lacks, or has with another value.
func missingMembers(name string, v, is crm.Value) (list []Left) {
	for _, member := range v.Members() {
		if !slices.Contains(is.Members(), member) {
			list = append(list, Left{name + "." + member.Name, memberText(member.JSON)})
		}
	}
	return list
}

// memberText returns a value of JSON as people read it.
func memberText(json string) string {
	if text, is := norm.Unquote(json); is {
		return text
	}
	return json
}

// text returns a value as people read it.
func text(rec crm.Record, i int) string {
	f, v := &rec.Entity.Fields[i], rec.Values[i]
	switch v.Kind {
	case crm.TimeKind:
		return time.UnixMilli(v.Int).UTC().Format(time.RFC3339)
	case crm.IntKind:
		return strconv.FormatInt(v.Int, 10)
	case crm.RefKind:
		to := rec.Entity.Target(f)
		return strings.TrimSpace(to.Name + "/" + crm.RecordID(to.Prefix, v.Int) + " " + rec.Labels[i])
	case crm.ObjectKind:
		parts := make([]string, len(v.Members()))
		for at, member := range v.Members() {
			parts[at] = member.Name + " " + memberText(member.JSON)
		}
		return strings.Join(parts, ", ")
	}
	return rec.Shown(f.Name).Text
}

package store

import (
	"slices"

	"crmkit/crm"
)

// index keeps the tables tags, custom_values and values_in_use in step with a record.
func (tx *Tx) index(before, after crm.Record) (err error) {
	if after.Version() == 0 {
		if before, err = tx.allLabels(before); err != nil {
			return err
		}
	}
	for i := range after.Entity.Fields {
		f, was, is := &after.Entity.Fields[i], before.Values[i], after.Values[i]
		switch {
		case f.Type.Kind() == crm.ListKind:
			err = tx.indexTags(after.Entity.TagKind(f), after.Key, was.List(), is.List())
		case f.Type.Kind() == crm.ObjectKind:
			err = tx.indexCustom(after.Entity.TagKind(f), after.Key, was.Members(), is.Members())
		}
		if err != nil {
			return err
		}
	}
	return tx.countUses(after.Entity.Name, usesOf(before, after))
}

func (tx *Tx) indexTags(kind string, key int64, was, is []string) error {
	if err := tx.deleteNamed("tags", kind, key, difference(was, is)); err != nil {
		return err
	}
	return tx.addTags(kind, key, difference(is, was))
}

func (tx *Tx) indexCustom(kind string, key int64, was, is []crm.Member) error {
	if err := tx.deleteNamed("custom_values", kind, key, difference(memberNames(was), memberNames(is))); err != nil {
		return err
	}
	return tx.putCustom(kind, key, difference(is, was))
}

func memberNames(members []crm.Member) []string {
	names := make([]string, len(members))
	for i, m := range members {
		names[i] = m.Name
	}
	return names
}

// difference returns the items of a that b lacks.
func difference[T comparable](a, b []T) []T {
	if slices.Equal(a, b) {
		return nil
	}
	there := make(map[T]bool, len(b))
	for _, item := range b {
		there[item] = true
	}
	var list []T
	for _, item := range a {
		if !there[item] {
			list = append(list, item)
		}
	}
	return list
}

package changelog

import (
	"slices"
	"strings"

	"crmkit/crm"
)

// Match says of which records entries are read: of those of a kind that match when the log is read.
type Match struct {
	Kind *crm.Entity
	Find func(keys []int64) (map[int64]int64, error) // those of some records that match, each with its version; nil: entries of all are read
}

// of returns the entries of records that match. A record that was deleted or merged since matches nothing.
func (m Match) of(list []Entry, workspace int64) ([]Entry, error) {
	if m.Find == nil {
		return list, nil
	}
	key := func(e Entry) int64 {
		kind, id, _ := strings.Cut(e.Record.Value("target").Text, "/")
		if kind != m.Kind.Name {
			return 0
		}
		key, _ := crm.ParseID(m.Kind, workspace, id)
		return key
	}
	var keys []int64
	for _, e := range list {
		if at := key(e); at != 0 && !slices.Contains(keys, at) {
			keys = append(keys, at)
		}
	}
	if len(keys) == 0 {
		return nil, nil
	}
	found, err := m.Find(keys)
	return slices.DeleteFunc(list, func(e Entry) bool { return found[key(e)] == 0 }), err
}

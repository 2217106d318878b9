package changelog

import (
	"strconv"
	"strings"
	"time"

	"crmkit/crm"
	"crmkit/crm/norm"
)

// A purge takes the values out of the entries of a record. Such an entry keeps its number, time, origin,
// action and version. It holds no values, and after the change only when it was erased, and by whom.

const (
	erasedAt = "#erased_at" // in milliseconds
	erasedBy = "#erased_by" // the e-mail of a user; missing: the server did it by itself
)

// IsErasedSQL is SQL for entries whose values were erased; the column after has no alias.
const IsErasedSQL = `after LIKE '{"` + erasedAt + `":%'`

// Purge is the action of the entry that says that a record was erased.
const Purge = "purge"

// Erasure says when the values of an entry were erased, and by whom.
type Erasure struct {
	At int64  // in milliseconds
	By string // the e-mail of the user; empty: the server
}

// Members returns what an erased entry holds after the change.
func (e Erasure) Members() []crm.Member {
	list := []crm.Member{{Name: erasedAt, JSON: strconv.FormatInt(e.At, 10)}}
	if e.By != "" {
		list = append(list, Text(erasedBy, e.By))
	}
	return list
}

// String says it in words.
func (e Erasure) String() string {
	text := "erased at " + time.UnixMilli(e.At).UTC().Format(time.RFC3339)
	if e.By == "" {
		return text + " by the server, after its days in the trash"
	}
	return text + " by " + norm.ShowEmail(e.By)
}

// ErasureOf returns the erasure of an entry from the values after its change; is is false if the entry has
// its values.
func ErasureOf(after []crm.Member) (e Erasure, is bool) {
	for _, m := range after {
		switch m.Name {
		case erasedAt:
			e.At, is = integer(m.JSON), true
		case erasedBy:
			e.By, _ = norm.Unquote(m.JSON)
		}
	}
	return e, is
}

// shown returns the erasure as clients see it after a change.
func (e Erasure) shown() []crm.Member {
	list := []crm.Member{Text(strings.TrimPrefix(erasedAt, DigestMark), time.UnixMilli(e.At).UTC().Format(time.RFC3339))}
	if e.By != "" {
		list = append(list, Text(strings.TrimPrefix(erasedBy, DigestMark), e.By))
	}
	return list
}

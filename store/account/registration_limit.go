package account

import (
	"fmt"

	"crmkit/store"
)

// registrationLimit says which rows of a table are deleted to make room for new ones. Anybody
// may register clients and open sign-in pages. If a network that made too many were refused,
// one person could lock out everybody who shares the address. So the oldest row of the network
// is deleted for a new one, and if the whole table is full, the oldest row of the network that
// has most.
type registrationLimit struct {
	table, key string
	where      string // condition on a row that may be deleted; $1 is the present time
	age        string // column; the row with the lowest value is deleted first
	share      int    // rows that one network may have
	most       int    // rows of all networks together
}

// maxReplaced bounds how many rows one new row may replace. More than one is replaced only if a
// network exceeded its share before, when pages of its clients ended.
const maxReplaced = 20

// unusedClients limits clients that never got a token and have no open page.
func unusedClients() registrationLimit {
	return registrationLimit{table: "oauth_clients", key: "id", where: "used_at IS NULL AND held_until <= $1", age: "held_until", share: 100, most: 10_000}
}

// openPages limits open pages for which no code was mailed. Pages with a code are bounded by
// the limits on mails.
func openPages() registrationLimit {
	return registrationLimit{table: "oauth_requests", key: "hash", where: "mailed = 0 AND expires_at > $1", age: "expires_at", share: 200, most: 5_000}
}

// makeRoom returns the keys of the rows to delete before a row of the network is added.
func makeRoom(tx *store.Tx, p registrationLimit, network string) (replaced []string, err error) {
	from := fmt.Sprintf(" FROM %s WHERE %s", p.table, p.where)
	beyond := fmt.Sprintf("SELECT %s%s AND network = $2 ORDER BY %s DESC LIMIT %d OFFSET %d", p.key, from, p.age, maxReplaced, p.share-1)
	if replaced, err = texts(tx, beyond, tx.Now(), network); err != nil || len(replaced) > 0 {
		return replaced, err
	}
	var n int
	if _, err = tx.Row(fmt.Sprintf("SELECT COUNT(*) FROM (SELECT 1%s LIMIT %d) x", from, p.most-1+maxReplaced), []any{tx.Now()}, &n); err != nil || n < p.most {
		return nil, err
	}
	var largest string
	if _, err = tx.Row(fmt.Sprintf("SELECT network%s GROUP BY network ORDER BY COUNT(*) DESC, MIN(%s), network LIMIT 1", from, p.age), []any{tx.Now()}, &largest); err != nil {
		return nil, err
	}
	return texts(tx, fmt.Sprintf("SELECT %s%s AND network = $2 ORDER BY %s LIMIT $3", p.key, from, p.age), tx.Now(), largest, n-p.most+1)
}

// texts reads a column of strings.
func texts(tx *store.Tx, text string, args ...any) (list []string, err error) {
	err = tx.Rows(text, args, func(scan func(...any) error) error {
		list = append(list, "")
		return scan(&list[len(list)-1])
	})
	return list, err
}

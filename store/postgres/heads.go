package postgres

import (
	"crypto/rand"
	"slices"
	"strconv"
	"strings"

	"crmkit/store/engine"
)

// How long a transaction waits for each head, and for any other lock, in milliseconds. A head that is
// free again is got within the time of the batches of other servers. One that is held for longer
// must not hold up the writes of other workspaces.
const (
	headWait = "250"
	lockWait = "15000"
)

// BeginWrite implements engine.Conn. It refuses where a newer version of the program has changed the
// schema so that this one must not write any more. A workspace that is being deleted has no head any
// more: then the one of what is in no workspace is locked too.
func (c *Conn) BeginWrite(heads []int64) error {
	found, err := c.beginWrite(heads)
	if err == nil && found < len(heads) && heads[0] != 0 {
		if err := c.Rollback(); err != nil {
			return err
		}
		heads = append([]int64{0}, heads...)
		_, err = c.beginWrite(heads)
	}
	if err != nil {
		_ = c.Rollback()
	}
	if isLocked(err) {
		return &engine.HeldError{Heads: c.held(heads), Cause: err}
	}
	return err
}

// beginWrite begins a transaction that writes, and returns how many of the heads there are.
func (c *Conn) beginWrite(heads []int64) (found int, err error) {
	c.begin()
	c.id = rand.Text()
	list := jsonOf(heads)
	c.waiting = append(c.waiting, queued{"BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE", nil})
	c.setUp()
	c.waiting = append(c.waiting,
		queued{shortWait, nil},
		queued{c.db.opts.Heads + " FOR UPDATE", []any{list}},
		queued{"INSERT INTO batches (id, kept, at) VALUES ($1, 1, " + serverTime + ")", []any{c.id}})
	var needs int // read after the lock, which an upgrade takes too
	var wait string
	err = c.Row("SELECT COALESCE(MAX(needs), 0), ("+c.db.opts.CountHeads+"), set_config('lock_timeout', '"+lockWait+"', TRUE) FROM migrations", []any{list}, &needs, &found, &wait)
	if err == nil && needs > c.db.known {
		ctx, cancel := c.db.limited()
		defer cancel()
		err = c.db.refusal(ctx)
	}
	return found, err
}

const shortWait = "SELECT set_config('lock_timeout', '" + headWait + "', TRUE)"

// held returns which heads other transactions hold now: all, if that cannot be found out, as while an
// upgrade has locked their table.
func (c *Conn) held(heads []int64) []int64 {
	there, free, err := c.freeHeads(heads)
	_ = c.Rollback()
	if err != nil {
		return heads
	}
	return slices.DeleteFunc(there, func(head int64) bool { return slices.Contains(free, head) })
}

// freeHeads returns which of the heads there are, and those that nobody holds. It leaves a transaction.
func (c *Conn) freeHeads(heads []int64) (there, free []int64, err error) {
	c.begin()
	c.waiting = append(c.waiting, queued{"BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE", nil})
	c.setUp()
	c.waiting = append(c.waiting, queued{shortWait, nil})
	if there, err = c.keys(c.db.opts.Heads, heads); err == nil {
		free, err = c.keys(c.db.opts.Heads+" FOR UPDATE SKIP LOCKED", heads)
	}
	return there, free, err
}

// keys returns the numbers that a statement about heads finds.
func (c *Conn) keys(text string, heads []int64) (list []int64, err error) {
	ctx, cancel := c.db.limited()
	defer cancel()
	err = c.Rows(ctx, text, []any{jsonOf(heads)}, func(scan func(...any) error) error {
		list = append(list, 0)
		return scan(&list[len(list)-1])
	})
	return list, err
}

// jsonOf returns numbers as a JSON array.
func jsonOf(numbers []int64) string {
	list := make([]string, len(numbers))
	for i, n := range numbers {
		list[i] = strconv.FormatInt(n, 10)
	}
	return "[" + strings.Join(list, ",") + "]"
}

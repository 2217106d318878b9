package list

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"crmkit/crm"
	"crmkit/store/sqlite"
	"crmkit/store/table"
)

// Page reads a page: the keys of its rows, then the records that are not in the
// cache.
func (c *Reader) Page(ctx context.Context, t *table.Table, w Path, page *Page) error {
	keys, err := c.MatchingKeys(ctx, w)
	if err != nil {
		return err
	}
	loaded, err := c.LoadPage(ctx, t, w, keys)
	page.Records, page.More, page.Truncated = loaded.Records, loaded.More, loaded.Truncated
	return err
}

// MatchingKeys returns the keys of a page. Rows that the text index found are not tested again
// for the words of the search, unless readers see less than the index has.
func (c *Reader) MatchingKeys(ctx context.Context, w Path) ([]int64, error) {
	if w.KeyList != "" && !c.Filtered() {
		w.Query = w.Query.Without()
	}
	return c.Keys(ctx, w)
}

// LoadPage returns a page without a total: the records of the keys, in their order. A key
// beyond the limit of the query is not loaded; it sets More.
func (c *Reader) LoadPage(ctx context.Context, t *table.Table, w Path, keys []int64) (page Page, err error) {
	records, err := c.records(ctx, t, w, keys)
	if err != nil {
		return page, err
	}
	for i, size := 0, 0; i < len(records); i++ {
		if i == w.Query.Limit {
			page.More = true
			break
		}
		if records[i].Entity != nil {
			size += table.TextBytes(records[i])
		}
		if records[i].Entity == nil || i > 0 && size > MaxPageBytes {
			page.More, page.Truncated = true, true
			break
		}
		page.Records = append(page.Records, records[i])
	}
	return page, nil
}

// MaxPageBytes bounds the text that the records of a page hold. A page that would be
// larger ends early and is continued by its cursor.
const MaxPageBytes = 4 << 20

// Keys returns the keys of the rows of a page, in their order, and one more if there is.
func (c *Reader) Keys(ctx context.Context, w Path) (keys []int64, err error) {
	for _, part := range w.Ranges() {
		left := w.Query.Limit + 1 - len(keys)
		if left == 0 {
			break
		}
		args := w.args(part)
		// The driver hears of a cancellation only while it looks for the first row, so
		// the keys are all found before it.
		columns := make([]string, len(part.Order))
		for i := range columns {
			columns[i] = fmt.Sprintf("o%d", i)
		}
		text := fmt.Sprintf("WITH p(%s) AS MATERIALIZED (%s LIMIT $%d) SELECT %s FROM p ORDER BY %s",
			strings.Join(columns, ", "), w.KeysSQL(part), len(args)+1, columns[len(columns)-1], part.Order.Of(columns))
		err := c.Rows(ctx, text, append(args, left), func(scan func(...any) error) error {
			keys = append(keys, 0)
			return scan(&keys[len(keys)-1])
		})
		if err != nil {
			return nil, err
		}
	}
	return keys, nil
}

// records returns the records with the keys. When they are more than a page may hold the
// rest is left unread, and has no entity. In which order they are read does not matter.
func (c *Reader) records(ctx context.Context, t *table.Table, w Path, keys []int64) ([]crm.Record, error) {
	records := make([]crm.Record, len(keys))
	missing := c.Cached.Records(t.Layout, keys, records)
	if len(missing) == 0 {
		return records, nil
	}
	wanted, places := make([]int64, len(missing)), make(map[int64]int, len(missing))
	for i, at := range missing {
		wanted[i], places[keys[at]] = keys[at], at
	}
	row, size := t.NewRow(), 0
	read := make([]crm.Record, 0, len(missing))
	text := fmt.Sprintf("WITH p(k) AS MATERIALIZED ("+sqlite.KeysFromJSON+") SELECT %s FROM p CROSS JOIN %s WHERE t.key = p.k", 1, t.Columns, t.From)
	err := c.Rows(ctx, text, []any{KeysJSON(wanted)}, func(scan func(...any) error) error {
		if size > MaxPageBytes {
			return errPageFull
		}
		if err := scan(row.Dest...); err != nil {
			return err
		}
		rec, err := row.Record()
		if err != nil {
			return err
		}
		records[places[rec.Key]], read, size = rec, append(read, rec), size+table.TextBytes(rec)
		return nil
	})
	if err != nil && !errors.Is(err, errPageFull) {
		return nil, err
	}
	if !w.Query.NoCache {
		c.Cached.PutRecords(t.Layout, read)
	}
	if records[0].Entity == nil { // a page shows at least one
		first, err := c.records(ctx, t, w, keys[:1])
		copy(records, first)
		return records, err
	}
	return records, nil
}

var errPageFull = errors.New("the page is full")

// KeysJSON returns keys as a JSON array, which keysFromJSON reads.
func KeysJSON(keys []int64) string {
	list := []byte{'['}
	for i, key := range keys {
		if i > 0 {
			list = append(list, ',')
		}
		list = strconv.AppendInt(list, key, 10)
	}
	return string(append(list, ']'))
}

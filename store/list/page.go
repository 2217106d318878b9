package list

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"crmkit/crm"
	"crmkit/store/engine"
	"crmkit/store/table"
)

// Page reads the records of a page: the keys of its rows, then the records that are not in the
// cache. It sets Records, More and Truncated. t is the table of the entity.
func (r *Reader) Page(ctx context.Context, t *table.Table, path Path, page *Page) error {
	if r.Usage != nil {
		return r.directPage(ctx, t, path, page)
	}
	keys, err := r.MatchingKeys(ctx, path)
	if err != nil {
		return err
	}
	loaded, err := r.LoadPage(ctx, t, path, keys)
	page.Records, page.More, page.Truncated = loaded.Records, loaded.More, loaded.Truncated
	return err
}

// MatchingKeys returns the keys of a page as Keys does. Rows that the text index found are not
// tested again for the words of the search, unless readers see less than the index has.
func (r *Reader) MatchingKeys(ctx context.Context, path Path) ([]int64, error) {
	if path.KeyList != "" && !r.Filtered() {
		path.Query = path.Query.Without()
	}
	return r.Keys(ctx, path)
}

// LoadPage returns a page without a total: the records of the keys, in their order. A key
// beyond the limit of the query is not loaded; it sets More.
func (r *Reader) LoadPage(ctx context.Context, t *table.Table, path Path, keys []int64) (page Page, err error) {
	records, err := r.Records(ctx, t, path, keys)
	if err != nil {
		return page, err
	}
	return Cut(records, path.Query.Limit), nil
}

// Cut returns the page of records in the order of a list, without a total. A record beyond the limit sets More; the
// page ends before one that was not read.
func Cut(records []crm.Record, limit int) (page Page) {
	for i, size := 0, 0; i < len(records); i++ {
		if i == limit {
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
	return page
}

// MaxPageBytes bounds the text in the records of a page. A page that would have more ends early,
// after one record at least, and is continued by its cursor.
const MaxPageBytes = 4 << 20

// Keys returns the keys of the rows of a page in the order of the list, at most the limit of the
// query and one more, which shows that rows remain.
func (r *Reader) Keys(ctx context.Context, path Path) (keys []int64, err error) {
	for _, part := range path.Ranges() {
		left := path.Query.Limit + 1 - len(keys)
		if left == 0 {
			break
		}
		args := path.args(part)
		// The driver notices a cancellation only while it finds the first row. So the
		// statement finds all keys before it returns one.
		columns := make([]string, len(part.Order))
		for i := range columns {
			columns[i] = fmt.Sprintf("o%d", i)
		}
		text := fmt.Sprintf("WITH p(%s) AS MATERIALIZED (%s LIMIT $%d) SELECT %s FROM p ORDER BY %s",
			strings.Join(columns, ", "), path.KeysSQL(part), len(args)+1, columns[len(columns)-1], part.Order.Of(columns))
		err := r.Rows(ctx, text, append(args, left), func(scan func(...any) error) error {
			keys = append(keys, 0)
			return scan(&keys[len(keys)-1])
		})
		if err != nil {
			return nil, err
		}
	}
	return keys, nil
}

// Records returns the records with the keys, in the order of the keys. If they have more text
// than a page may have, the rest is not read and has no entity. They are read in any order, so
// the rest is not always at the end.
func (r *Reader) Records(ctx context.Context, t *table.Table, path Path, keys []int64) ([]crm.Record, error) {
	records := make([]crm.Record, len(keys))
	missing := r.Cached.Records(t.Layout, keys, records)
	if len(missing) == 0 {
		return records, nil
	}
	wanted, places := make([]int64, len(missing)), make(map[int64]int, len(missing))
	for i, at := range missing {
		wanted[i], places[keys[at]] = keys[at], at
	}
	row, size := t.NewRow(), 0
	read := make([]crm.Record, 0, len(missing))
	text := fmt.Sprintf("WITH p(k) AS MATERIALIZED ("+engine.KeysFromJSON+") SELECT %s FROM %s WHERE t.key = p.k", 1, t.Columns, engine.JoinInOrder("p", t.From))
	err := r.Rows(ctx, text, []any{KeysJSON(wanted)}, func(scan func(...any) error) error {
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
	if !path.Query.NoCache {
		r.Cached.PutRecords(t.Layout, read)
	}
	if records[0].Entity == nil { // a page has at least one record
		first, err := r.Records(ctx, t, path, keys[:1])
		copy(records, first)
		return records, err
	}
	return records, nil
}

// errPageFull ends the reading of records; no caller gets it.
var errPageFull = errors.New("the page is full")

// KeysJSON returns keys as a JSON array, the argument of engine.KeysFromJSON.
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

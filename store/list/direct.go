package list

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"crmkit/crm"
	"crmkit/query"
	"crmkit/store/table"
)

// On a shared database no record is in memory, and each statement is a round trip. So a page is read
// by one statement for each of its ranges, and not by one for the keys and one for the records.

// directPage is Page without a cache.
func (r *Reader) directPage(ctx context.Context, t *table.Table, path Path, page *Page) error {
	path.byMany = path.Query.Ranked() && path.Many != ""
	if (path.KeyList != "" || path.byMany) && !r.Filtered() {
		path.Query = path.Query.Without()
	}
	size := 0
	for _, part := range path.Ranges() {
		left := path.Query.Limit + 1 - len(page.Records)
		if left == 0 || page.More {
			break
		}
		args := append(path.args(part), left)
		err := r.Rows(ctx, directSQL(t, path, part, len(args)), args, t.NewRow().Each(func(rec crm.Record) error {
			if size += table.TextBytes(rec); len(page.Records) > 0 && size > MaxPageBytes {
				page.Truncated = true
			}
			if page.Truncated || len(page.Records) == path.Query.Limit {
				page.More = true
				return errPageFull
			}
			page.Records = append(page.Records, rec)
			return nil
		}))
		if err != nil && !errors.Is(err, errPageFull) {
			return err
		}
	}
	return nil
}

// directSQL returns SQL for the records of a range in the order of the list, of which there are at
// most as many as the argument with the number limit says.
func directSQL(t *table.Table, path Path, part query.Range, limit int) string {
	columns := make([]string, len(part.Order))
	for i := range columns {
		columns[i] = fmt.Sprintf("o%d", i)
	}
	return fmt.Sprintf("WITH page(%s) AS MATERIALIZED (%s LIMIT $%d) SELECT %s FROM page p JOIN %s ON t.key = p.%s ORDER BY %s",
		strings.Join(columns, ", "), path.KeysSQL(part), limit, t.Columns, t.From, columns[len(columns)-1], part.Order.Of(columns))
}

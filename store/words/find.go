package words

import (
	"context"
	"encoding/json"

	"crmkit/crm"
	"crmkit/store/spelling"
)

// Reader reads rows.
type Reader interface {
	Rows(ctx context.Context, text string, args []any, each func(scan func(...any) error) error) error
}

// findText finds the rows with some numbers of letters. OFFSET 0 keeps the subquery apart, so that
// the key of the table is searched for each number. A join may read the whole table instead: the
// planner does not know how few rows the numbers find.
const findText = `SELECT k.value, w.word, w.n, w.in_labels FROM items_of($2) k CROSS JOIN keys_of($3) near CROSS JOIN LATERAL
	(SELECT word, n, in_labels FROM words WHERE workspace_id = $1 AND kind = k.value AND letters = near.value OFFSET 0) w`

// Compare gives a search the words of a workspace that it may suggest.
func Compare(ctx context.Context, r Reader, workspace int64, search *spelling.Search) error {
	numbers := search.Letters()
	if len(numbers) == 0 {
		return nil
	}
	kinds, names := map[string]*crm.Entity{}, []string{}
	for _, e := range search.Kinds() {
		kinds[e.Name], names = e, append(names, e.Name)
	}
	args := []any{workspace}
	for _, list := range []any{names, numbers} {
		text, err := json.Marshal(list)
		if err != nil {
			return err
		}
		args = append(args, string(text))
	}
	return r.Rows(ctx, findText, args, func(scan func(...any) error) error {
		var kind, word string
		var count spelling.Count
		err := scan(&kind, &word, &count.All, &count.InLabels)
		if err == nil {
			search.Compare(kinds[kind], word, count)
		}
		return err
	})
}

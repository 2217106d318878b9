package aggregate

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"crmkit/query/aggregate"
	"crmkit/query/fieldpath"
	"crmkit/store/list"
)

// Kept reads the lines of a question from the sums that the store keeps. answered is false where these do not have
// what is asked: then nothing was read. It must not be called while rows of the workspace are hidden, which the sums
// still have.
func (r *Reader) Kept(ctx context.Context, q *aggregate.Question) (in Lines, answered bool, err error) {
	if !hasKept(q) {
		return in, false, nil
	}
	rows := list.Rows{Args: append([]any{r.Workspace}, q.Query.Args...)}
	in.Table, in.Labels = aggregate.NewTable(q), func([]aggregate.Line) ([]map[int64]string, error) {
		return make([]map[int64]string, len(q.Groups)), nil
	}
	err = r.rows(ctx, keptText(q), rows.Args, func(scan func(...any) error) error {
		line, err := scanLine(q, make([][]int64, len(q.Groups)), scan)
		if err == nil {
			in.Total += line.Count
			in.Table.Add(line)
		}
		return err
	})
	return in, true, err
}

// column matches the columns in conditions.
var column = regexp.MustCompile(`\b([a-z]\w*)\.(\w+)`)

// hasKept reports whether the kept sums have the answer: the groups are their fields, the measures their number, and the
// conditions compare nothing else.
func hasKept(q *aggregate.Question) bool {
	kept := q.Query.Entity.Sums
	if kept == nil || q.Query.Terms != nil || q.TotalOnly {
		return false
	}
	for i := range q.Groups {
		if g := &q.Groups[i]; !isOwn(g.Target, kept.By...) || g.Unit != "" {
			return false
		}
	}
	for i := range q.Measures {
		if m := &q.Measures[i]; !isOwn(m.Target, kept.Of) || m.Func != aggregate.Sum && m.Func != aggregate.Avg {
			return false
		}
	}
	where := q.Query.Condition()
	for _, at := range column.FindAllStringSubmatch(where, -1) {
		if at[1] != "t" || !slices.Contains(kept.By, at[2]) {
			return false
		}
	}
	return !strings.Contains(where, "SELECT")
}

// isOwn reports whether a path is one of some fields of the records themselves.
func isOwn(t fieldpath.Target, names ...string) bool {
	return len(t.Hops) == 0 && t.Key == "" && t.Alternate == nil && slices.Contains(names, t.Field.Name)
}

// keptText returns the statement, whose columns are those of the other one.
func keptText(q *aggregate.Question) string {
	var columns, places []string
	add := func(sql string) { columns = append(columns, fmt.Sprintf("%s AS c%d", sql, len(columns))) }
	for i := range q.Groups {
		add("t." + q.Groups[i].Target.Field.Col())
		places = append(places, fmt.Sprint(i+1))
	}
	add(sumOf("t.n"))
	for range q.Measures {
		for _, part := range []string{"t.amounts", "t.high", "t.low"} {
			add(sumOf(part))
		}
	}
	text := "SELECT " + strings.Join(columns, ", ") + " FROM " + q.Query.Entity.SumsTable() + " t WHERE t.workspace_id = $1 AND " + q.Query.Condition()
	if len(places) > 0 {
		text += " GROUP BY " + strings.Join(places, ", ")
	}
	return text
}

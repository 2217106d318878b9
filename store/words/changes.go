package words

import (
	"cmp"
	"encoding/json"
	"slices"

	"crmkit/store/spelling"
)

// Create is the SQL that makes the table.
const Create = `CREATE TABLE IF NOT EXISTS words (workspace_id BIGINT NOT NULL, kind TEXT COLLATE "C" NOT NULL, letters BIGINT NOT NULL, word TEXT COLLATE "C" NOT NULL,
  n BIGINT NOT NULL, in_labels BIGINT NOT NULL, PRIMARY KEY (workspace_id, kind, letters, word));
`

// Changes are changes of counts that were not written yet, in their order. They are only appended,
// so that a caller can take back the last ones.
type Changes []change

// change is a change of a row. Its names in JSON are those of the columns.
type change struct {
	Workspace int64  `json:"workspace_id"`
	Kind      string `json:"kind"`
	Letters   int64  `json:"letters"`
	Word      string `json:"word"`
	N         int    `json:"n"`
	InLabels  int    `json:"in_labels"`
}

// compare compares the keys of rows.
func (c change) compare(other change) int {
	return cmp.Or(cmp.Compare(c.Workspace, other.Workspace), cmp.Compare(c.Kind, other.Kind), cmp.Compare(c.Letters, other.Letters), cmp.Compare(c.Word, other.Word))
}

// Add returns the changes and those of the words of a kind in a workspace.
func (all Changes) Add(workspace int64, kind string, counts map[string]spelling.Count) Changes {
	for word, count := range counts {
		all = append(all, change{workspace, kind, spelling.Letters(word), word, count.All, count.InLabels})
	}
	return all
}

// sums returns the changes with one change for each row, in the order of the keys.
func (all Changes) sums() Changes {
	sorted := slices.SortedFunc(slices.Values(all), change.compare)
	list := sorted[:0]
	for _, c := range sorted {
		if last := len(list) - 1; last >= 0 && list[last].compare(c) == 0 {
			list[last].N, list[last].InLabels = list[last].N+c.N, list[last].InLabels+c.InLabels
		} else {
			list = append(list, c)
		}
	}
	return slices.DeleteFunc(list, func(c change) bool { return c.N == 0 && c.InLabels == 0 })
}

// rowsAtOnce is how many rows one statement changes. They are one argument of some hundred kilobytes.
const rowsAtOnce = 2000

const (
	changed = `jsonb_to_recordset($1::jsonb) AS c (workspace_id BIGINT, kind TEXT, letters BIGINT, word TEXT, n BIGINT, in_labels BIGINT)`
	addText = `INSERT INTO words (workspace_id, kind, letters, word, n, in_labels) SELECT c.workspace_id, c.kind, c.letters, c.word, c.n, c.in_labels FROM ` + changed + `
		ON CONFLICT (workspace_id, kind, letters, word) DO UPDATE SET n = words.n + excluded.n, in_labels = words.in_labels + excluded.in_labels`
	deleteText = `DELETE FROM words USING ` + changed + `
		WHERE words.workspace_id = c.workspace_id AND words.kind = c.kind AND words.letters = c.letters AND words.word = c.word AND words.n <= 0`
)

// Write sends the statements that write the changes. Words that no record has any more lose their
// rows.
func (all Changes) Write(send func(text string, args ...any) error) error {
	list := all.sums()
	less := slices.DeleteFunc(slices.Clone(list), func(c change) bool { return c.N >= 0 })
	if err := list.write(addText, send); err != nil {
		return err
	}
	return less.write(deleteText, send)
}

// write sends a statement for some changes at a time.
func (all Changes) write(text string, send func(text string, args ...any) error) error {
	for some := range slices.Chunk(all, rowsAtOnce) {
		list, err := json.Marshal(some)
		if err == nil {
			err = send(text, string(list))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

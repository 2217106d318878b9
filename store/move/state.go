package move

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"crmkit/store/engine"
)

// header is what the target remembers of the move as a whole.
type header struct {
	Move   string `json:"move"`   // the random id
	Source string `json:"source"` // identity of the source
	From   string `json:"from"`   // its name
}

// progress is what the target remembers of a table.
type progress struct {
	After []string `json:"after"` // the key of the last row that was copied; empty: none was
	Rows  int64    `json:"rows"`  // that were copied
	Done  bool     `json:"done"`  // all were
}

// The names of rows of the table moves. Those of tables begin with tableRow.
const (
	headerRow = "move"
	partsRow  = "parts" // those that are to be made
	tableRow  = "table "
)

// state is the table moves of a target.
type state struct{ engine.Whole }

// make makes the table, in the transaction at hand.
func (s state) make() error {
	_, err := s.Exec("CREATE TABLE moves (name TEXT PRIMARY KEY, value TEXT NOT NULL)")
	return err
}

// read reads a row into a value. found is false, and the value is as before, if there is no
// row.
func (s state) read(name string, into any) (found bool, err error) {
	var text string
	found, err = engine.Found(s.Row("SELECT value FROM moves WHERE name = $1", []any{name}, &text))
	if found {
		err = json.Unmarshal([]byte(text), into)
	}
	return found, err
}

// write writes a row, in the transaction at hand.
func (s state) write(name string, value any) error {
	text, err := json.Marshal(value)
	if err == nil {
		_, err = s.Exec("INSERT INTO moves (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = $2", name, string(text))
	}
	return err
}

// replace writes a row that must have a value so far, in the transaction at hand. Should two
// processes ever copy into one database, the second one ends here.
func (s state) replace(name string, was, is any) error {
	old, err1 := json.Marshal(was)
	text, err2 := json.Marshal(is)
	if err := errors.Join(err1, err2); err != nil {
		return err
	}
	changed, err := s.Exec("UPDATE moves SET value = $3 WHERE name = $1 AND value = $2", name, string(old), string(text))
	if err == nil && changed != 1 {
		err = fmt.Errorf("another process writes to %s; end it, and run the same command again", s.Name())
	}
	return err
}

// readCounts reads how many rows an earlier run has moved.
func (m *move) readCounts() error {
	for _, t := range m.sides[0] {
		var done progress
		found, err := state{m.to}.read(tableRow+t.Name, &done)
		if err != nil {
			return at(m.to, err)
		}
		if found {
			m.counts[t.Name] = done.Rows
		}
	}
	return nil
}

// after returns the key of the last row that was copied, nil if none was.
func (p progress) after(t engine.Table) (key []any, err error) {
	for i, text := range p.After {
		if t.Columns[t.Key[i]].Text {
			key = append(key, text)
			continue
		}
		number, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return nil, err
		}
		key = append(key, number)
	}
	return key, nil
}

// with returns the progress after further rows.
func (p progress) with(t engine.Table, rows [][]any) progress {
	p.After = slices.Clone(p.After[:0])
	for _, value := range keyOf(t, rows[len(rows)-1]) {
		p.After = append(p.After, fmt.Sprint(value))
	}
	p.Rows += int64(len(rows))
	return p
}

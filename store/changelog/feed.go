package changelog

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"crmkit/crm"
	"crmkit/store/engine"
	"crmkit/store/snapshot"
	"crmkit/store/table"
)

// Question says which entries of a log are read, in the order of their commits.
type Question struct {
	After  int64                 // the number of the entry after which it begins; FromStart: from the first one that is kept
	Since  time.Time             // instead of After: it begins with the first entry of this time or later
	Group  int64                 // only of this change group; 0: of all
	Run    int64                 // only of this run; 0: of all
	Target string                // only of the record with this handle; empty: of all
	Takes  func(crm.Record) bool // refuses an entry by its action, target and origin
	Keeps  func(crm.Record) bool // refuses an entry by the values before and after, which are complete
	Match  Match                 // refuses entries of records that do not match; its zero value refuses none
	Names  bool                  // the values after a change may be missing, since only the names of fields matter
	Limit  int                   // of entries; 0: any number
	Scan   int                   // most entries that are looked at
	Bytes  int                   // of text in the part, which one entry may exceed; 0: as many as a page may have
}

// FromStart is After for a question about the whole log.
const FromStart = -1

// Entry is an entry of the log, with what is stored beside it.
type Entry struct {
	Record crm.Record
	Group  int64
	Run    string // its name; empty: it has none
	Token  string // the name of the token, while there is one
}

// Part is a part of a log.
type Part struct {
	Entries []Entry
	Cursor  int64 // the number of the last entry that was looked at: the next part begins after it
	More    bool  // there are entries after it
	Expired bool  // entries after Question.After were deleted: nothing was read
	First   int64 // the number of the first entry that is kept
	Last    int64 // the number of the last entry
}

// partStep is how many entries one statement reads.
const partStep = 500

// reader reads a part.
type reader struct {
	past  Past
	ctx   context.Context
	tx    *snapshot.Tx
	table *table.Table
	space int64 // the workspace
	ask   Question
	part  Part
	bytes int  // of text in the part
	full  bool // the part must not have more
}

// Read reads a part of the log of a workspace. All entries with numbers up to Part.Cursor that the
// question asks for are in it or in earlier parts.
func (p Past) Read(ctx context.Context, v *snapshot.Tx, workspace int64, ask Question) (Part, error) {
	r := &reader{past: p, ctx: ctx, tx: v, table: p.Tables[p.Schema.ByName("change")], space: workspace, ask: ask}
	if ask.Bytes != 0 {
		r.past.MaxBytes = ask.Bytes
	}
	begins, err := LogBeginning(ctx, v, workspace)
	if err == nil {
		_, err = engine.Found(v.Row(ctx, lastEntry, []any{workspace}, &r.part.Last))
	}
	if err != nil {
		return Part{}, err
	}
	r.part.First = begins.Number
	if !ask.Since.IsZero() {
		if r.ask.After, err = before(ctx, v, workspace, ask.Since); err != nil {
			return Part{}, err
		}
		ask.After = r.ask.After
	}
	if ask.After == FromStart {
		r.ask.After = max(begins.Number-1, 0)
	} else if ask.After < begins.Number-1 {
		r.part.Expired = true
		return r.part, nil
	}
	r.part.Cursor = r.ask.After
	if err := r.readAll(); err != nil {
		return Part{}, err
	}
	r.part.More = r.part.Cursor < r.part.Last
	return r.part, nil
}

// before returns the number of the last entry before a time, 0 if the log has none: entries have the order of
// their times.
func before(ctx context.Context, v *snapshot.Tx, workspace int64, at time.Time) (number int64, err error) {
	var key int64
	_, err = engine.Found(v.Row(ctx, "SELECT key FROM log WHERE workspace_id = $1 AND at < $2 ORDER BY at DESC, key DESC LIMIT 1", []any{workspace, at.UnixMilli()}, &key))
	return crm.RecordNumber(key), err
}

// lastEntry reads the number of the last entry of a log.
const lastEntry = "SELECT last FROM usage WHERE workspace_id = $1 AND kind = 'storage'"

// readAll reads entries until the part is full, or none is left.
func (r *reader) readAll() error {
	if r.ask.Group > r.part.Cursor { // the first entry of a group does not name it
		if _, err := r.step("t.workspace_id = $1 AND t.key = $4 AND t.change_group IS NULL", crm.RecordKey(r.space, r.ask.Group)); err != nil || r.full {
			return err
		}
	}
	condition, arg := r.ask.condition()
	for scanned := 0; !r.full && r.part.Cursor < r.part.Last && scanned < r.ask.Scan; scanned += partStep {
		whole, err := r.step(condition, arg)
		if err != nil {
			return err
		}
		if whole && !r.full {
			r.part.Cursor = r.part.Last
		}
	}
	return nil
}

// step reads the next entries for which a condition on the workspace $1 and the argument $4 holds, and
// reports whether these were all.
func (r *reader) step(condition string, arg any) (whole bool, err error) {
	var read []Entry
	row := r.table.NewRow()
	text := partSQL(r.table, condition)
	most := partStep
	if r.ask.Limit > 0 && r.ask.Takes == nil && r.ask.Keeps == nil && r.ask.Target == "" {
		most = min(most, r.ask.Limit-len(r.part.Entries)) // each is in the part
	}
	args := []any{r.space, crm.RecordKey(r.space, r.part.Cursor), crm.RecordKey(r.space, r.part.Last), arg, most}
	size := 0
	err = r.tx.Rows(r.ctx, text, args, func(scan func(...any) error) error {
		var one Entry
		var group *int64
		if err := scan(append(row.Dest[:len(row.Dest):len(row.Dest)], &group, &one.Run, &one.Token)...); err != nil {
			return err
		}
		rec, err := row.Record()
		if err != nil {
			return err
		}
		one.Record, one.Group = rec, crm.RecordNumber(rec.Key)
		if group != nil {
			one.Group = *group
		}
		read = append(read, one)
		if size += table.TextBytes(rec); size > r.past.MaxBytes {
			return errStepFull
		}
		return nil
	})
	whole = err == nil && len(read) < most
	if err != nil && !errors.Is(err, errStepFull) {
		return false, err
	}
	return whole, r.take(read)
}

// SQL returns the statement that reads entries for a question, of the table of changes.
func (q Question) SQL(t *table.Table) string {
	condition, _ := q.condition()
	return partSQL(t, condition)
}

// condition returns the condition of a question, of which the workspace is $1, with its argument $4. Each
// has an index that ends with the key, so that entries are read in order and none is sorted.
func (q Question) condition() (text string, arg any) {
	switch {
	case q.Group != 0:
		return "t.workspace_id = $1 AND t.change_group = $4", q.Group
	case q.Run != 0:
		return "t.workspace_id = $1 AND t.run = $4", q.Run
	case q.Target != "":
		return "t.workspace_id = $1 AND t.target = $4", q.Target
	}
	return engine.Unindexed + "t.workspace_id = $1", nil
}

// partSQL returns the statement that reads at most $5 entries after the key $2, and up to the key $3.
func partSQL(t *table.Table, condition string) string {
	return "SELECT " + t.Columns + ", t.change_group, COALESCE(r.name, ''), COALESCE(k.name, '') FROM " + t.From +
		" LEFT JOIN runs r ON r.workspace_id = t.workspace_id AND r.first = t.run LEFT JOIN tokens k ON k.id = t.token_id WHERE " + condition + " AND t.key > $2 AND t.key <= $3 ORDER BY t.key LIMIT $5"
}

// errStepFull ends the reading of entries that have much text.
var errStepFull = errors.New("the step is full")

// take adds those of the entries that the question asks for to the part, and moves its cursor to the last
// one that was looked at.
func (r *reader) take(read []Entry) error {
	var list []Entry
	for _, e := range read {
		isOf := r.ask.Target == "" || e.Record.Value("target").Text == r.ask.Target // a group or a run has others
		if isOf && (r.ask.Takes == nil || r.ask.Takes(e.Record)) {
			list = append(list, e)
		}
	}
	list, err := r.ask.Match.of(list, r.space)
	if err != nil {
		return err
	}
	records := make([]crm.Record, len(list))
	for i := range list {
		records[i] = list[i].Record
	}
	n := len(list)
	if !r.ask.Names {
		n, err = r.past.Complete(r.ctx, r.tx, records)
	}
	if err != nil {
		return err
	}
	for _, e := range list[:n] {
		r.part.Cursor = crm.RecordNumber(e.Record.Key)
		if r.ask.Keeps != nil && !r.ask.Keeps(e.Record) {
			continue
		}
		r.part.Entries = append(r.part.Entries, e)
		r.bytes += table.TextBytes(e.Record)
		if len(r.part.Entries) == r.ask.Limit || r.bytes > r.past.MaxBytes {
			r.full = true
			return nil
		}
	}
	if n < len(list) { // the rest needs many other entries
		r.full = true
		return nil
	}
	if len(read) > 0 {
		r.part.Cursor = crm.RecordNumber(read[len(read)-1].Record.Key)
	}
	return nil
}

// Runs are the runs of a user that have the same name.
type Runs struct {
	Latest  int64  // the number of the first entry of the latest one; 0: there is none
	Earlier int64  // of the one before; 0: there is none
	Other   string // where the user has none: the e-mail of another user who has one; empty: nobody has
}

// RunName says which runs are looked for: those of a name that the user with an e-mail has in a workspace.
type RunName struct {
	Workspace   int64
	Name, Email string
}

// FindRuns returns the runs of a name.
func FindRuns(ctx context.Context, v *snapshot.Tx, of RunName) (found Runs, err error) {
	err = v.Rows(ctx, `SELECT r.first FROM runs r WHERE r.workspace_id = $1 AND r.name = $2 AND r.user_id = (SELECT u.number FROM users u WHERE u.email = $3)
		ORDER BY r.first DESC LIMIT 2`, []any{of.Workspace, of.Name, of.Email}, func(scan func(...any) error) error {
		if found.Latest == 0 {
			return scan(&found.Latest)
		}
		return scan(&found.Earlier)
	})
	if err != nil || found.Latest != 0 {
		return found, err
	}
	_, err = engine.Found(v.Row(ctx, "SELECT u.email FROM runs r JOIN users u ON u.number = r.user_id WHERE r.workspace_id = $1 AND r.name = $2 ORDER BY r.user_id LIMIT 1",
		[]any{of.Workspace, of.Name}, &found.Other))
	return found, err
}

// Ends returns the numbers of the last entries in the logs of workspaces, by workspace.
func Ends(ctx context.Context, v *snapshot.Tx, workspaces []int64) (map[int64]int64, error) {
	ends := make(map[int64]int64, len(workspaces))
	keys, err := json.Marshal(workspaces)
	if err != nil {
		return nil, err
	}
	text := fmt.Sprintf("SELECT u.workspace_id, u.last FROM ("+engine.KeysFromJSON+") k JOIN usage u ON u.workspace_id = k.value AND u.kind = 'storage'", 1)
	err = v.Rows(ctx, text, []any{string(keys)}, func(scan func(...any) error) error {
		var workspace, last int64
		err := scan(&workspace, &last)
		ends[workspace] = last
		return err
	})
	return ends, err
}

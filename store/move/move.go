package move

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"crmkit/store/engine"
)

// Options say what to move where.
type Options struct {
	// From and To open the two databases.
	From, To func(ctx context.Context, role engine.Role) (engine.Whole, error)
	DryRun   bool             // check all that can be checked, and change nothing
	Report   func(Progress)   // is called often; nil: nobody wants to know
	Note     func(string)     // is called with remarks for the operator; nil: likewise
	Clock    func() time.Time // nil: time.Now
	pageRows int              // 0: maxPageRows; tests set less
}

// Step is a step of a move.
type Step string

// The steps that take long.
const (
	Check   Step = "check"
	Copy    Step = "copy"
	Compare Step = "compare"
	Index   Step = "index"
)

// Progress says how far a step is.
type Progress struct {
	Step  Step
	Table string // the table, or the index, at hand
	Rows  int64  // of the table, so far
	Total int64  // its rows; 0: not known
}

// Count is the number of rows of a table.
type Count struct {
	Table string
	Rows  int64
}

// Summary says what was moved.
type Summary struct {
	From, To string  // names of the databases
	Tables   []Count // in the order of their names
	Rows     int64
	Copied   int64 // rows that this run copied
}

// move is a move that runs.
type move struct {
	Options
	from, to engine.Whole
	identity string // of the source
	header   header
	toName   string            // name of the target
	sides    [2][]engine.Table // all tables of the source and of the target
	tables   []engine.Table
	counts   map[string]int64 // rows of each table of the source
	copied   int64
	leaving  bool // the source has the mark of this move, so its servers wait
	resumed  bool // the target has rows of an earlier run
}

// Run moves a database, or goes on with a move that was ended.
func Run(ctx context.Context, o Options) (Summary, error) {
	if o.Clock == nil {
		o.Clock = time.Now
	}
	o.pageRows = cmp.Or(o.pageRows, maxPageRows)
	m := &move{Options: o, counts: map[string]int64{}}
	err := m.run(ctx)
	if err != nil && m.leaving {
		err = errors.Join(err, m.release())
	}
	sum := m.summary()
	for _, w := range []engine.Whole{m.to, m.from} {
		if w != nil {
			err = errors.Join(err, w.Close())
		}
	}
	return sum, err
}

func (m *move) summary() (sum Summary) {
	if m.from != nil {
		sum.From = m.from.Name()
	}
	sum.To = m.toName
	for _, name := range slices.Sorted(maps.Keys(m.counts)) {
		sum.Tables = append(sum.Tables, Count{name, m.counts[name]})
		sum.Rows += m.counts[name]
	}
	sum.Copied = m.copied
	return sum
}

// run does all steps.
func (m *move) run(ctx context.Context) error {
	was, err := m.openSource(ctx)
	if err != nil {
		return err
	}
	if err := m.lookAtTarget(ctx, was); err != nil {
		return err
	}
	if was.Kind != engine.Moved {
		if err := m.check(ctx); err != nil {
			return err
		}
	}
	if m.DryRun {
		return nil
	}
	if m.to, err = m.To(ctx, engine.Arrive); err != nil {
		return err
	}
	if err := m.checkTarget(ctx, m.to, was); err != nil { // it may have changed meanwhile
		return err
	}
	if was.Kind == engine.Moved { // the earlier run was ended before its last step
		return errors.Join(m.readCounts(), m.complete(ctx))
	}
	for _, step := range []func(context.Context) error{m.begin, m.hold, m.transfer, m.makeParts, m.derive, m.leave, m.complete} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

// at adds the name of a database to an error.
func at(w engine.Whole, err error) error {
	if err == nil || strings.Contains(err.Error(), w.Name()) {
		return err
	}
	return fmt.Errorf("%s: %w", w.Name(), err)
}

func (m *move) report(p Progress) {
	if m.Report != nil {
		p.Total = m.counts[p.Table]
		m.Report(p)
	}
}

// The time in which connections of a server that was just stopped disappear, and the time between two
// looks.
const (
	lingering = 3 * time.Second
	lookAgain = 100 * time.Millisecond
)

// checkUnused returns an error if servers have a database open. They would refuse it as soon as it is
// marked, so nothing would be lost, but their clients would find no server. A dry run only notes them.
func (m *move) checkUnused(ctx context.Context, w engine.Whole) error {
	for began := time.Now(); ; {
		who, remedy, err := w.Others(ctx)
		switch {
		case err != nil || who == "":
			return err
		case m.DryRun:
			if m.Note != nil {
				m.Note(fmt.Sprintf("%s is in use by %s: stop them for the move", w.Name(), who))
			}
			return nil
		case time.Since(began) > lingering:
			return inUse(w.Name(), who, remedy)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(lookAgain):
		}
	}
}

// inUse returns the error for a database that servers have open.
func inUse(name, who, remedy string) error {
	err := fmt.Errorf("%s is in use by %s; stop them first, then run the same command again", name, who)
	if remedy != "" {
		err = fmt.Errorf("%w; %s", err, remedy)
	}
	return err
}

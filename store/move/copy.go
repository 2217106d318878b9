package move

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"crmkit/store/engine"
)

// The most that a page has: rows, and bytes of texts, but for its last row. A page is one
// transaction. Larger ones are no faster, and up to three are in memory.
const (
	maxPageRows  = 4000
	maxPageBytes = 4 << 20
)

// transfer copies all tables and compares them. The tables of an earlier run may differ, if servers
// have written to the source since. They are copied again.
func (m *move) transfer(ctx context.Context) error {
	for {
		if err := m.copyTables(ctx); err != nil {
			return err
		}
		differ, err := m.compare(ctx)
		if err != nil || len(differ) == 0 {
			return err
		}
		if err := m.again(ctx, differ); err != nil {
			return err
		}
		if !m.resumed {
			return fmt.Errorf("%s changed during the move, or %s did not keep what was written: the tables %v differ. Find out what else writes to one of them and end it, then run the same command again: it copies these tables anew",
				m.from.Name(), m.to.Name(), names(differ))
		}
		m.resumed = false // nothing has an excuse to differ any more
	}
}

func names(tables []engine.Table) (list []string) {
	for _, t := range tables {
		list = append(list, t.Name)
	}
	return list
}

// copyTables copies what is missing in the target, from one snapshot of the source.
func (m *move) copyTables(ctx context.Context) error {
	if err := m.from.BeginRead(); err != nil {
		return at(m.from, err)
	}
	for _, t := range m.tables {
		if err := m.copyTable(ctx, t); err != nil {
			return err
		}
	}
	return at(m.from, m.from.Rollback())
}

// copyTable copies the rows of a table that are missing. While a page is written, the next one is
// read.
func (m *move) copyTable(ctx context.Context, t engine.Table) error {
	var done progress
	if _, err := (state{m.to}).read(tableRow+t.Name, &done); err != nil || done.Done {
		return at(m.to, err)
	}
	after, err := done.after(t)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	pages, read := make(chan [][]any, 1), make(chan error, 1)
	go func() {
		read <- at(m.from, m.readPages(ctx, t, after, pages))
		close(pages)
	}()
	for page := range pages {
		if done, err = m.writePage(ctx, t, page, done); err != nil {
			cancel(err)
			break
		}
		m.report(Progress{Step: Copy, Table: t.Name, Rows: done.Rows})
	}
	// The reader ends before anything else happens on its connection.
	if readErr := <-read; err == nil {
		err = readErr
	}
	if err != nil {
		return err
	}
	finished := done
	finished.Done = true
	return inWrite(m.to, func() error { return state{m.to}.replace(tableRow+t.Name, done, finished) })
}

// readPages reads the rows of a table after a key, and sends them in pages.
func (m *move) readPages(ctx context.Context, t engine.Table, after []any, pages chan<- [][]any) error {
	var page [][]any
	bytes := 0
	send := func() error {
		if len(page) == 0 {
			return nil
		}
		select {
		case pages <- page:
			page, bytes = make([][]any, 0, len(page)), 0
			return nil
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	err := m.from.Read(ctx, t, after, func(row []any) error {
		page = append(page, slices.Clone(row))
		for _, value := range row {
			text, _ := value.(string)
			bytes += len(text)
		}
		if len(page) < m.pageRows && bytes < maxPageBytes {
			return nil
		}
		return send()
	})
	if err != nil {
		return err
	}
	return send()
}

// writePage writes rows and the progress in one transaction.
func (m *move) writePage(ctx context.Context, t engine.Table, rows [][]any, done progress) (progress, error) {
	next := done.with(t, rows)
	err := inWrite(m.to, func() error {
		if err := m.to.Insert(ctx, t, rows); err != nil {
			return describeRow(t, rows, err)
		}
		return state{m.to}.replace(tableRow+t.Name, done, next)
	})
	if err != nil {
		return done, err
	}
	m.copied += int64(len(rows))
	return next, nil
}

// describeRow names the row that was refused, or between which rows it is.
func describeRow(t engine.Table, rows [][]any, err error) error {
	var refused *engine.RowError
	if errors.As(err, &refused) && refused.Row >= 0 && refused.Row < len(rows) {
		return fmt.Errorf("%s is refused: %w", rowName(t, rows[refused.Row]), err)
	}
	return fmt.Errorf("the rows from %s to %s: %w", rowName(t, rows[0]), rowName(t, rows[len(rows)-1]), err)
}

// again empties tables of the target that must be copied anew. Without indexes and references that is
// possible in any order.
func (m *move) again(ctx context.Context, tables []engine.Table) error {
	return inWrite(m.to, func() error {
		if err := m.dropParts(ctx); err != nil {
			return err
		}
		for _, t := range tables {
			if err := m.empty(ctx, t); err != nil {
				return err
			}
		}
		return nil
	})
}

// dropParts drops the indexes and references of the target that it has, and remembers them, in the
// transaction at hand.
func (m *move) dropParts(ctx context.Context) error {
	s := state{m.to}
	var dropped []engine.Part
	if _, err := s.read(partsRow, &dropped); err != nil {
		return err
	}
	parts, err := m.to.Parts(ctx)
	if err != nil {
		return err
	}
	for _, p := range slices.Backward(parts) {
		if !slices.ContainsFunc(m.tables, func(t engine.Table) bool { return t.Name == p.Table }) {
			continue
		}
		if err := m.to.Run(ctx, p.Drop); err != nil {
			return fmt.Errorf("%s of the table %s: %w", p.Name, p.Table, err)
		}
		dropped = append(dropped, p)
	}
	slices.Reverse(dropped)
	return s.write(partsRow, dropped)
}

// makeParts makes the indexes and references of the target, each in a transaction of its own.
func (m *move) makeParts(ctx context.Context) error {
	s := state{m.to}
	var parts []engine.Part
	if _, err := s.read(partsRow, &parts); err != nil {
		return at(m.to, err)
	}
	for len(parts) > 0 {
		p := parts[0]
		m.report(Progress{Step: Index, Table: p.Name})
		err := inWrite(m.to, func() error {
			if err := m.to.Run(ctx, p.Make); err != nil {
				return fmt.Errorf("%s of the table %s: %w", p.Name, p.Table, err)
			}
			return s.replace(partsRow, parts, parts[1:])
		})
		if err != nil {
			return err
		}
		parts = parts[1:]
	}
	return nil
}

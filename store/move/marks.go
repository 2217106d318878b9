package move

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"crmkit/store/engine"
)

// begin marks the target, and empties it, unless an earlier run has.
func (m *move) begin(ctx context.Context) error {
	if m.resumed {
		return nil
	}
	m.header = header{Move: rand.Text(), Source: m.identity, From: m.from.Name()}
	s := state{m.to}
	return inWrite(m.to, func() error {
		if err := checkEmpty(ctx, m.to); err != nil { // now that no server writes
			return err
		}
		if err := m.to.SetMark(m.mark(engine.Arriving, m.from.Name())); err != nil {
			return err
		}
		if err := errors.Join(s.make(), s.write(headerRow, m.header)); err != nil {
			return err
		}
		if err := m.dropParts(ctx); err != nil {
			return err
		}
		for _, t := range m.tables {
			if err := m.empty(ctx, t); err != nil {
				return err
			}
		}
		return nil
	})
}

// mark returns a mark of this move.
func (m *move) mark(kind engine.MarkKind, peer string) engine.Mark {
	return engine.Mark{Kind: kind, Move: m.header.Move, Peer: peer, At: m.Clock()}
}

// empty deletes the rows of a table of the target, in the transaction at hand.
func (m *move) empty(ctx context.Context, t engine.Table) error {
	if err := m.to.Run(ctx, "DELETE FROM "+engine.Quote(t.Name)); err != nil {
		return err
	}
	return state{m.to}.write(tableRow+t.Name, progress{})
}

// inWrite runs fn in a transaction that writes.
func inWrite(w engine.Whole, fn func() error) error {
	err := w.BeginWrite(nil)
	if err != nil {
		return at(w, err)
	}
	if err = fn(); err == nil {
		err = w.Commit()
	}
	if err != nil {
		_ = w.Rollback() // after a fault the engine may have done it
	}
	return at(w, err)
}

// hold marks the source, so that no server writes to it any more.
func (m *move) hold(context.Context) error {
	m.leaving = true // perhaps: it may not be known whether it was committed
	return inWrite(m.from, func() error { return m.from.SetMark(m.mark(engine.Leaving, m.to.Name())) })
}

// release takes the mark from the source after a failure, so that its servers can go on.
func (m *move) release() error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	_ = m.from.Rollback() // of a read
	err := inWrite(m.from, func() error {
		mark, err := m.from.Mark(ctx)
		if err != nil || mark.Kind != engine.Leaving || mark.Move != m.header.Move {
			return err // it was moved after all, or another process has taken over
		}
		return m.from.SetMark(engine.Mark{})
	})
	if err != nil {
		err = fmt.Errorf("servers still refuse %s: %w; when it can be reached, run the same command again, or give the move up: crmkit move --undo --from %s", m.from.Name(), err, m.from.Name())
	}
	return err
}

// leave marks the source as moved: its servers must not be started again.
func (m *move) leave(ctx context.Context) error {
	return inWrite(m.from, func() error {
		mark, err := m.from.Mark(ctx)
		if err == nil && (mark.Kind != engine.Leaving || mark.Move != m.header.Move) {
			err = errors.New("its mark was removed during the move, so servers may have written; run the same command again")
		}
		if err != nil {
			return err
		}
		return m.from.SetMark(m.mark(engine.Moved, m.to.Name()))
	})
}

// complete lets servers use the target.
func (m *move) complete(ctx context.Context) error {
	m.leaving = false // the source was moved, and stays marked
	err := inWrite(m.to, func() error {
		if err := m.to.Complete(ctx); err != nil {
			return err
		}
		if err := m.to.Run(ctx, "DROP TABLE "+progressTable); err != nil {
			return err
		}
		return m.to.SetMark(engine.Mark{})
	})
	if err != nil {
		err = fmt.Errorf("all rows were moved, and the last step is missing: %w; run the same command again", err)
	}
	return err
}

// derive computes what only the target has.
func (m *move) derive(ctx context.Context) error {
	return inWrite(m.to, func() error { return m.to.Derive(ctx) })
}

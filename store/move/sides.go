package move

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"

	"crmkit/store/engine"
)

// openSource opens the source, and returns its mark.
func (m *move) openSource(ctx context.Context) (mark engine.Mark, err error) {
	role := engine.Leave
	if m.DryRun {
		role = engine.Look
	}
	if m.from, err = m.From(ctx, role); err != nil {
		return mark, err
	}
	if mark, err = m.from.Mark(ctx); err == nil && mark.Kind == engine.Arriving {
		err = mark.Refusal(m.from.Name())
	}
	if err != nil {
		return mark, err
	}
	if m.identity, err = identityOf(ctx, m.from); err != nil {
		return mark, err
	}
	return mark, m.checkUnused(ctx, m.from)
}

// identityOf returns what a database and its copies have in common, and no other has.
func identityOf(ctx context.Context, w engine.Whole) (string, error) {
	tables, err := w.Tables(ctx)
	if err != nil {
		return "", at(w, err)
	}
	if len(tables) == 0 { // a dry run opens such a database too
		return "", fmt.Errorf("%s is empty; name the database of a server that has run", w.Name())
	}
	var secret string
	found, err := engine.Found(w.Row("SELECT value FROM meta WHERE name = 'secret'", nil, &secret))
	if err == nil && !found {
		err = fmt.Errorf("%s is empty: no server has ever started on it; start crmkit with the other database instead of moving", w.Name())
	}
	sum := sha256.Sum256([]byte("crmkit move " + secret))
	return hex.EncodeToString(sum[:16]), err
}

// lookAtTarget checks the target before anything else, and reads the tables of both sides.
func (m *move) lookAtTarget(ctx context.Context, source engine.Mark) error {
	to, err := m.To(ctx, engine.Look)
	if err != nil {
		return err
	}
	defer to.Close()
	m.toName = to.Name()
	if err := m.checkUnused(ctx, to); err != nil {
		return err
	}
	for i, w := range []engine.Whole{m.from, to} {
		if m.sides[i], err = w.Tables(ctx); err != nil {
			return at(w, err)
		}
	}
	return m.checkTarget(ctx, to, source)
}

// checkTarget returns an error unless the target is empty, or has an unfinished move of the
// source. A source that was moved must have been moved there.
func (m *move) checkTarget(ctx context.Context, to engine.Whole, source engine.Mark) error {
	mark, err := to.Mark(ctx)
	if err != nil {
		return err
	}
	switch {
	case mark.Kind == engine.Arriving:
		err = m.checkResumed(to, mark)
	case source.Kind == engine.Moved: // and not there, or that is done
		err = source.Refusal(m.from.Name())
	case mark.Kind == "":
		err = checkEmpty(ctx, to)
	default:
		err = fmt.Errorf("%s was moved to %s, and keeps what it had then; move into another database, or rename this one", to.Name(), mark.Peer)
	}
	if err == nil && source.Kind == engine.Moved && source.Move != m.header.Move {
		err = source.Refusal(m.from.Name())
	}
	return err
}

// checkResumed reads what an unfinished move has left in the target.
func (m *move) checkResumed(to engine.Whole, mark engine.Mark) error {
	var h header
	if _, err := (state{to}).read(headerRow, &h); err != nil {
		return err
	}
	if h.Source != m.identity {
		return fmt.Errorf("a move of another database (%s) into %s is not finished; finish that, or delete %s", mark.Peer, to.Name(), to.Name())
	}
	m.header, m.resumed = h, true
	return nil
}

// checkEmpty returns an error if somebody uses the target. A server that has started on it has left
// some rows, which are replaced.
func checkEmpty(ctx context.Context, to engine.Whole) error {
	tables, err := to.Tables(ctx)
	if err != nil || !slices.ContainsFunc(tables, func(t engine.Table) bool { return t.Name == "users" }) {
		return err
	}
	var users, workspaces int64
	err = to.RowUntil(ctx, "SELECT (SELECT COUNT(*) FROM users), (SELECT COUNT(*) FROM workspaces)", nil, &users, &workspaces)
	if err == nil && users+workspaces > 0 {
		err = fmt.Errorf("%s is in use: it has %d users and %d workspaces; move into an empty database", to.Name(), users, workspaces)
	}
	return err
}

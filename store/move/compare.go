package move

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"hash"

	"crmkit/store/engine"
)

// digest is the number of rows of a table, and a hash of all of them in the order of their keys.
type digest struct {
	rows int64
	sum  [sha256.Size]byte
}

// compare returns the tables whose rows differ. Each side is read as it is now: the source by
// others than servers could have changed since it was copied.
func (m *move) compare(ctx context.Context) (differ []engine.Table, err error) {
	for _, w := range []engine.Whole{m.from, m.to} {
		if err := w.BeginRead(); err != nil {
			return nil, at(w, err)
		}
		defer w.Rollback()
	}
	for _, t := range m.tables {
		one, other, err := m.digests(ctx, t)
		if err != nil {
			return nil, err
		}
		if one != other {
			differ = append(differ, t)
		}
		m.counts[t.Name] = one.rows
	}
	return differ, nil
}

// digests reads a table of both sides at the same time.
func (m *move) digests(ctx context.Context, t engine.Table) (one, other digest, err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	ended := make(chan error, 1)
	go func() {
		var err error
		if one, err = digestOf(ctx, m.from, t, func(int64) {}); err != nil {
			cancel(err)
		}
		ended <- err
	}()
	other, err = digestOf(ctx, m.to, t, func(n int64) { m.report(Progress{Step: Compare, Table: t.Name, Rows: n}) })
	if err != nil {
		cancel(err)
	}
	if readErr := <-ended; err == nil || context.Cause(ctx) == readErr {
		err = readErr
	}
	return one, other, err
}

// digestOf reads a table.
func digestOf(ctx context.Context, w engine.Whole, t engine.Table, each func(rows int64)) (d digest, err error) {
	sum := sha256.New()
	var text []byte
	err = w.Read(ctx, t, nil, func(row []any) error {
		text = appendRow(text[:0], t, row)
		_, _ = sum.Write(text) // a hash returns no error
		d.rows++
		each(d.rows)
		return context.Cause(ctx)
	})
	return digest{d.rows, sumOf(sum)}, at(w, err)
}

func sumOf(h hash.Hash) (sum [sha256.Size]byte) {
	h.Sum(sum[:0])
	return sum
}

// appendRow appends a form of a row that no other row has: for each column, in the order of the
// table, the kind of its value, the length of a text, and the value. Columns are ordered by the
// source, from which both sides are read.
func appendRow(to []byte, t engine.Table, row []any) []byte {
	for i := range t.Columns {
		switch value := row[i].(type) {
		case nil:
			to = append(to, 'n')
		case int64:
			to = binary.BigEndian.AppendUint64(append(to, 'i'), uint64(value))
		case string:
			to = binary.BigEndian.AppendUint64(append(to, 't'), uint64(len(value)))
			to = append(to, value...)
		}
	}
	return to
}

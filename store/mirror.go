package store

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	"crmkit/crm"
	"crmkit/query"
)

// mirror is the text of all records of one kind in one workspace, in memory, for
// search= to read. The tables say what is true; a mirror is filled from them by the
// first search and then follows every commit before its writes are answered.
type mirror struct {
	searched
	workspace  int64
	used, size int64         // the search that used it last, by number, and its bytes; of mirrors
	ready      chan struct{} // closed once it is filled

	wording sync.Mutex      // is never waited for with mu held: who compares words holds it for long
	words   map[string]uses // that the rows have; but those that spelling is not about

	mu     sync.Mutex
	blocks blocks
	bytes  int64               // about how much memory it takes
	fresh  []freshRow          // whose words are not counted yet
	unread int                 // bytes of their text
	names  map[string][]uint64 // by text: the records that are called by it; until one changes
	late   [][]line            // committed while it was filled
	behind int64               // bytes of those
	most   int64               // of those; with more it is filled anew later
	state  fillState
	err    error // why it could not be filled
}

// fillState says whether a mirror has its rows.
type fillState int

const (
	filling fillState = iota // commits wait for it
	filled
	failed // it has none, and is about to be dropped
)

// blocks are the rows of a mirror, by record number; nil where there are none.
type blocks []*block

// searched is what a mirror holds of a record.
type searched struct {
	query.Searched
	entity *crm.Entity
	text   string // SQL of a part of the rows
}

// mirrorPart is how many record numbers are read at once to fill a mirror: a reading
// connection is then free for others.
const mirrorPart = 1 << 12

func newSearched(e *crm.Entity) searched {
	s := searched{Searched: query.SearchedIn(e), entity: e}
	columns := []string{"t.key", "t." + crm.FieldUpdatedAt}
	for _, f := range s.Own {
		columns = append(columns, comparedSQL(f))
	}
	for _, f := range s.Refs {
		columns = append(columns, "t."+f.Col())
	}
	s.text = fmt.Sprintf("SELECT %s FROM %s t WHERE +t.workspace_id = $1 AND t.key >= $2 AND t.key < $3", strings.Join(columns, ", "), e.From())
	return s
}

// lineOf returns what a mirror holds of a record. Of one that was deleted, which has no
// version, that is nothing.
func (s searched) lineOf(rec crm.Record) line {
	l := line{number: crm.RecordNumber(rec.Key), at: rec.Value(crm.FieldUpdatedAt).Int, refs: make([]uint32, len(s.Refs))}
	if rec.Version() == 0 {
		return l
	}
	for _, f := range s.Own {
		l.text = appendSearched(l.text, f, compared(f, rec.Value(f.Name)))
	}
	for i, f := range s.Refs {
		l.refs[i] = numberOf(rec.Value(f.Name).Int)
	}
	return l
}

// comparedSQL is the SQL of the form in which a field is searched, compared that form
// of a value.
func comparedSQL(f *crm.Field) string {
	if f.Folded() {
		return query.FoldedSQL("t", f)
	}
	return "t." + f.Col()
}

func compared(f *crm.Field, v crm.Value) any {
	if f.Folded() && v.Set() {
		return query.FoldOf(f, v.Text)
	}
	return stored(v)
}

// appendSearched adds a field as searches compare it. Labels are parted by tabs; folded
// text has neither those nor line feeds.
func appendSearched(text []byte, f *crm.Field, cell any) []byte {
	value, _ := cell.(string)
	switch {
	case f.Type == crm.Tags && value != "":
		for _, tag := range tagList(value) {
			text = append(append(text, query.Fold(tag)...), '\t')
		}
		value = ""
	case !f.Folded():
		value = query.Fold(value)
	}
	return append(append(text, value...), '\n')
}

// numberOf returns the record number of a key as a mirror has it.
func numberOf(key int64) uint32 {
	if key == 0 {
		return 0
	}
	return uint32(crm.RecordNumber(key))
}

// fill reads the rows. What is committed meanwhile comes in behind.
func (m *mirror) fill(ctx context.Context, s *Store) {
	defer close(m.ready)
	defer m.giveUp() // unless it is filled by then
	read := &mirror{searched: m.searched, words: map[string]uses{}}
	err := m.read(ctx, s, func(lines []line) error {
		if read.put(lines); read.bytes > s.mirrors.limit {
			return errTooLarge
		}
		return m.kept()
	})
	m.mu.Lock()
	defer m.mu.Unlock()
	if err == nil && m.state == failed {
		err = errOvertaken
	}
	if err != nil {
		m.err = err
		return
	}
	m.blocks, m.words, m.fresh, m.unread, m.bytes = read.blocks, read.words, read.fresh, read.unread, read.bytes
	for _, lines := range m.late {
		m.put(lines)
	}
	m.state, m.late, m.err = filled, nil, nil
}

// read hands each the rows, part by part, in the order of their numbers. A part that no
// request reads has a turn of its own: those of the workspace may be held by searches that
// wait for the mirror.
func (m *mirror) read(ctx context.Context, s *Store, each func([]line) error) error {
	last, err := s.lastOf(ctx, m)
	for first := int64(0); first <= last && err == nil; first += mirrorPart {
		var lines []line
		if lines, err = s.readPart(ctx, m, first); err == nil {
			err = each(lines)
		}
	}
	return err
}

func (m *mirror) part(ctx context.Context, v *view, first int64) (lines []line, err error) {
	cells := make([]any, 2+len(m.Own)+len(m.Refs))
	dest := make([]any, len(cells))
	for i := range cells {
		dest[i] = &cells[i]
	}
	args := []any{m.workspace, crm.RecordKey(m.workspace, first), crm.RecordKey(m.workspace, first+mirrorPart)}
	err = v.rows(ctx, m.text, args, func(scan func(...any) error) error {
		if err := scan(dest...); err != nil {
			return err
		}
		err := decoding(func() { lines = append(lines, m.lineIn(cells)) })
		if key, ok := cells[0].(int64); err != nil && ok {
			return &damagedRow{m.entity.Name + "/" + crm.RecordID(m.entity.Prefix, key), err}
		}
		return err
	})
	return lines, err
}

// lineIn returns what a mirror holds of a row of its text.
func (s searched) lineIn(cells []any) line {
	l := line{number: crm.RecordNumber(cells[0].(int64)), at: cells[1].(int64), refs: make([]uint32, len(s.Refs))}
	for i, f := range s.Own {
		l.text = appendSearched(l.text, f, cells[2+i])
	}
	for i := range s.Refs {
		key, _ := cells[2+len(s.Own)+i].(int64)
		l.refs[i] = numberOf(key)
	}
	return l
}

// put replaces rows, those of one block at once. The caller holds the lock.
func (m *mirror) put(lines []line) {
	m.names = nil
	slices.SortStableFunc(lines, func(a, b line) int { return cmp.Compare(a.number, b.number) })
	for len(lines) > 0 {
		at := int(lines[0].number / blockRows)
		n := slices.IndexFunc(lines, func(l line) bool { return int(l.number/blockRows) != at })
		if n < 0 {
			n = len(lines)
		}
		for len(m.blocks) <= at {
			m.blocks = append(m.blocks, nil)
		}
		old := m.blocks[at]
		m.blocks[at] = old.with(lines[:n], len(m.Refs))
		if m.bytes += m.blocks[at].bytes(); old != nil {
			m.bytes -= old.bytes()
		}
		m.learn(old, lines[:n])
		lines = lines[n:]
	}
}

// called returns the records that are called by one of the needles, nil where none are.
func (m *mirror) called(needles []needle) []uint64 {
	name := ""
	for _, n := range needles {
		name += string(n.texts[0].text) + "\n"
	}
	m.mu.Lock()
	masks, known := m.names[name]
	bs := slices.Clone(m.blocks)
	m.mu.Unlock()
	if known {
		return masks
	}
	any := uint64(0)
	masks = make([]uint64, len(bs))
	for i, b := range bs {
		if b != nil {
			masks[i] = b.named(needles)
			any |= masks[i]
		}
	}
	if any == 0 {
		masks = nil
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if slices.Equal(bs, m.blocks) {
		if m.names == nil || len(m.names) == maxNames {
			m.names = map[string][]uint64{}
		}
		m.names[name] = masks
	}
	return masks
}

// maxNames is how many answers of called are kept.
const maxNames = 16

// look returns the blocks as they are now.
func (m *mirror) look() blocks {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.blocks)
}

// weight returns about how much memory the mirror takes.
func (m *mirror) weight() int64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.bytes
}

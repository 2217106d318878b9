package store

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	"crmkit/crm"
	"crmkit/crm/norm"
	"crmkit/query"
)

// textIndex is the text of all records of one kind in one workspace, in memory, for
// search= to read. The tables say what is true; a mirror is filled from them by the
// first search and then follows every commit before its writes are answered.
type textIndex struct {
	indexedFields
	workspace  int64
	used, size int64         // the search that used it last, by number, and its bytes; of mirrors
	ready      chan struct{} // closed once it is filled

	normalise  sync.Mutex           // is never waited for with mu held: who compares words holds it for long
	vocabulary map[string]termCount // that the rows have; but those that spelling is not about

	mu        sync.Mutex
	segments  segments
	bytes     int64               // about how much memory it takes
	unindexed []pendingRow        // whose words are not counted yet
	uncounted int                 // bytes of their text
	names     map[string][]uint64 // by text: the records that are called by it; until one changes
	pending   [][]document        // committed while it was filled
	behind    int64               // bytes of those
	most      int64               // of those; with more it is filled anew later
	state     fillState
	err       error // why it could not be filled
}

// fillState says whether a mirror has its rows.
type fillState int

const (
	filling fillState = iota // commits wait for it
	filled
	failed // it has none, and is about to be dropped
)

// segments are the rows of a mirror, by record number; nil where there are none.
type segments []*segment

// indexedFields is what a mirror holds of a record.
type indexedFields struct {
	query.SearchFields
	entity *crm.Entity
	text   string // SQL of a part of the rows
}

// fillPageRows is how many record numbers are read at once to fill a mirror: a reading
// connection is then free for others.
const fillPageRows = 1 << 12

func newIndexedFields(e *crm.Entity) indexedFields {
	s := indexedFields{SearchFields: query.SearchFieldsOf(e), entity: e}
	columns := []string{"t.key", "t." + crm.FieldUpdatedAt}
	for _, f := range s.Own {
		columns = append(columns, comparedSQL(f))
	}
	for _, f := range s.Refs {
		columns = append(columns, "t."+f.Col())
	}
	s.text = fmt.Sprintf("SELECT %s FROM %s t WHERE +t.workspace_id = $1 AND t.key >= $2 AND t.key < $3", strings.Join(columns, ", "), e.TableName())
	return s
}

// document returns what a mirror holds of a record. Of one that was deleted, which has no
// version, that is nothing.
func (s indexedFields) document(rec crm.Record) document {
	l := document{number: crm.RecordNumber(rec.Key), at: rec.Value(crm.FieldUpdatedAt).Int, refs: make([]uint32, len(s.Refs))}
	if rec.Version() == 0 {
		return l
	}
	for _, f := range s.Own {
		l.text = appendSearched(l.text, f, compared(f, rec.Value(f.Name)))
	}
	for i, f := range s.Refs {
		l.refs[i] = recordNumber(rec.Value(f.Name).Int)
	}
	return l
}

// comparedSQL is the SQL of the form in which a field is searched, compared that form
// of a value.
func comparedSQL(f *crm.Field) string {
	if f.HasFoldColumn() {
		return query.FoldedSQL("t", f)
	}
	return "t." + f.Col()
}

func compared(f *crm.Field, v crm.Value) any {
	if f.HasFoldColumn() && v.Set() {
		return query.FoldOf(f, v.Text)
	}
	return columnValue(v)
}

// appendSearched adds a field as searches compare it. Labels are parted by tabs; folded
// text has neither those nor line feeds.
func appendSearched(text []byte, f *crm.Field, cell any) []byte {
	value, _ := cell.(string)
	switch {
	case f.Type == crm.Tags && value != "":
		for _, tag := range tagList(value) {
			text = append(append(text, norm.Fold(tag)...), '\t')
		}
		value = ""
	case !f.HasFoldColumn():
		value = norm.Fold(value)
	}
	return append(append(text, value...), '\n')
}

// recordNumber returns the record number of a key as a mirror has it.
func recordNumber(key int64) uint32 {
	if key == 0 {
		return 0
	}
	return uint32(crm.RecordNumber(key))
}

// fill reads the rows. What is committed meanwhile comes in behind.
func (m *textIndex) fill(ctx context.Context, s *Store) {
	defer close(m.ready)
	defer m.giveUp() // unless it is filled by then
	read := &textIndex{indexedFields: m.indexedFields, vocabulary: map[string]termCount{}}
	err := m.read(ctx, s, func(lines []document) error {
		if read.put(lines); read.bytes > s.indexes.limit {
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
	m.segments, m.vocabulary, m.unindexed, m.uncounted, m.bytes = read.segments, read.vocabulary, read.unindexed, read.uncounted, read.bytes
	for _, lines := range m.pending {
		m.put(lines)
	}
	m.state, m.pending, m.err = filled, nil, nil
}

// read hands each the rows, part by part, in the order of their numbers. A part that no
// request reads has a turn of its own: those of the workspace may be held by searches that
// wait for the mirror.
func (m *textIndex) read(ctx context.Context, s *Store, each func([]document) error) error {
	last, err := s.lastOf(ctx, m)
	for first := int64(0); first <= last && err == nil; first += fillPageRows {
		var lines []document
		if lines, err = s.readPart(ctx, m, first); err == nil {
			err = each(lines)
		}
	}
	return err
}

func (m *textIndex) readPage(ctx context.Context, v *ReadTx, first int64) (lines []document, err error) {
	cells := make([]any, 2+len(m.Own)+len(m.Refs))
	dest := make([]any, len(cells))
	for i := range cells {
		dest[i] = &cells[i]
	}
	args := []any{m.workspace, crm.RecordKey(m.workspace, first), crm.RecordKey(m.workspace, first+fillPageRows)}
	err = v.Rows(ctx, m.text, args, func(scan func(...any) error) error {
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
func (s indexedFields) lineIn(cells []any) document {
	l := document{number: crm.RecordNumber(cells[0].(int64)), at: cells[1].(int64), refs: make([]uint32, len(s.Refs))}
	for i, f := range s.Own {
		l.text = appendSearched(l.text, f, cells[2+i])
	}
	for i := range s.Refs {
		key, _ := cells[2+len(s.Own)+i].(int64)
		l.refs[i] = recordNumber(key)
	}
	return l
}

// put replaces rows, those of one block at once. The caller holds the lock.
func (m *textIndex) put(lines []document) {
	m.names = nil
	slices.SortStableFunc(lines, func(a, b document) int { return cmp.Compare(a.number, b.number) })
	for len(lines) > 0 {
		at := int(lines[0].number / segmentRows)
		n := slices.IndexFunc(lines, func(l document) bool { return int(l.number/segmentRows) != at })
		if n < 0 {
			n = len(lines)
		}
		for len(m.segments) <= at {
			m.segments = append(m.segments, nil)
		}
		old := m.segments[at]
		m.segments[at] = old.withRows(lines[:n], len(m.Refs))
		if m.bytes += m.segments[at].bytes(); old != nil {
			m.bytes -= old.bytes()
		}
		m.countWords(old, lines[:n])
		lines = lines[n:]
	}
}

// byLabel returns the records that are called by one of the needles, nil where none are.
func (m *textIndex) byLabel(needles []term) []uint64 {
	name := ""
	for _, n := range needles {
		name += string(n.byField[0].text) + "\n"
	}
	m.mu.Lock()
	masks, known := m.names[name]
	bs := slices.Clone(m.segments)
	m.mu.Unlock()
	if known {
		return masks
	}
	any := uint64(0)
	masks = make([]uint64, len(bs))
	for i, b := range bs {
		if b != nil {
			masks[i] = b.matchLabel(needles)
			any |= masks[i]
		}
	}
	if any == 0 {
		masks = nil
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if slices.Equal(bs, m.segments) {
		if m.names == nil || len(m.names) == maxNames {
			m.names = map[string][]uint64{}
		}
		m.names[name] = masks
	}
	return masks
}

// maxNames is how many answers of called are kept.
const maxNames = 16

// snapshot returns the blocks as they are now.
func (m *textIndex) snapshot() segments {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.segments)
}

// memory returns about how much memory the mirror takes.
func (m *textIndex) memory() int64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.bytes
}

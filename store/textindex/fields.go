package textindex

import (
	"bytes"

	"crmkit/crm"
	"crmkit/query"
	"crmkit/store/spelling"
)

// Fields are the fields of an entity that a search reads.
type Fields struct {
	query.SearchFields
	Entity *crm.Entity
	counts []spelling.Count // of a word in each of Own; zero: its words are not suggested
}

func newFields(e *crm.Entity) Fields {
	f := Fields{SearchFields: query.SearchFieldsOf(e), Entity: e}
	for _, field := range f.Own {
		count := spelling.Count{}
		if spelling.GivesWords(field) {
			count = spelling.Once(e, field)
		}
		f.counts = append(f.counts, count)
	}
	return f
}

// eachWord calls fn for the words of a row that can be suggested, with the count of one occurrence.
// fn must not keep the slice.
func (f Fields) eachWord(row []byte, fn func(word []byte, once spelling.Count)) {
	for _, once := range f.counts {
		field, rest, _ := bytes.Cut(row, []byte{'\n'})
		if once != (spelling.Count{}) {
			spelling.EachWord(field, func(word []byte) { fn(word, once) })
		}
		row = rest
	}
}

// document is the text and the references of a record. Without text the record does not exist.
type document struct {
	number    int64 // of the record, within its workspace
	text      []byte
	updatedAt int64
	refs      []uint32 // record numbers, by the position of the reference; 0: unset
}

// documentCost is about how many bytes of memory a document takes in addition to its text.
const documentCost = 64

// size returns about how much memory the document takes.
func (d document) size() int64 { return int64(len(d.text)+4*len(d.refs)) + documentCost }

// ofRecord returns the document of a record. A record without a version was deleted.
func (f Fields) ofRecord(rec crm.Record) document {
	d := document{number: crm.RecordNumber(rec.Key), updatedAt: rec.Value(crm.FieldUpdatedAt).Int, refs: make([]uint32, len(f.Refs))}
	if rec.Version() == 0 {
		return d
	}
	for _, field := range f.Own {
		d.text = appendField(d.text, field.FoldOf(rec.Value(field.Name)))
	}
	for i, field := range f.Refs {
		d.refs[i] = recordNumber(rec.Value(field.Name).Int)
	}
	return d
}

// ofRow returns the document of a row.
func (f Fields) ofRow(r Row) document {
	d := document{number: crm.RecordNumber(r.Key), updatedAt: r.UpdatedAt, refs: make([]uint32, len(f.Refs))}
	for i := range f.Own {
		d.text = appendField(d.text, r.Own[i])
	}
	for i := range f.Refs {
		d.refs[i] = recordNumber(r.Refs[i])
	}
	return d
}

// appendField adds the folded form of a field to the text of a document. Each field ends with a line
// feed, and tabs separate the items of a list. Folded text has neither, so no match extends from one
// into the next.
func appendField(text []byte, fold string) []byte { return append(append(text, fold...), '\n') }

// recordNumber returns the record number of a key in four bytes. No workspace has more records.
func recordNumber(key int64) uint32 {
	if key == 0 {
		return 0
	}
	return uint32(crm.RecordNumber(key))
}

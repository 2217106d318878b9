package store

import (
	"encoding/binary"

	"crmkit/crm"
)

// A packed record is one string without pointers: of each field that is set its position,
// its kind and its value, behind a reference what that is called. It is a third of what
// the values take, and its text is shared with the records that are made of it.

// encodeRecord returns a record packed.
func encodeRecord(rec crm.Record) string {
	b := make([]byte, 0, 512)
	for i, v := range rec.Values {
		if !v.Set() {
			continue
		}
		b = append(binary.AppendUvarint(b, uint64(i)), byte(v.Kind))
		switch v.Kind {
		case crm.TextKind:
			b = appendText(b, v.Text)
		case crm.ListKind:
			b = binary.AppendUvarint(b, uint64(len(v.List())))
			for _, label := range v.List() {
				b = appendText(b, label)
			}
		case crm.ObjectKind:
			b = binary.AppendUvarint(b, uint64(len(v.Members())))
			for _, m := range v.Members() {
				b = appendText(appendText(b, m.Name), m.JSON)
			}
		case crm.RefKind:
			b = appendText(binary.AppendVarint(b, v.Int), rec.Labels[i])
		default:
			b = binary.AppendVarint(b, v.Int)
		}
	}
	return string(b)
}

func appendText(b []byte, text string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(text))), text...)
}

// decodeRecord returns the record of an entity that was packed.
func decodeRecord(e *crm.Entity, key int64, packed string) crm.Record {
	rec := crm.NewRecord(e)
	rec.Key, rec.ID = key, crm.RecordID(e.Prefix, key)
	for p := recordDecoder(packed); p != ""; {
		i := p.number()
		kind := crm.Kind(p[0])
		p = p[1:]
		switch kind {
		case crm.TextKind:
			rec.Values[i] = crm.Str(p.text())
		case crm.ListKind:
			labels := make([]string, p.number())
			for j := range labels {
				labels[j] = p.text()
			}
			rec.Values[i] = crm.Labels(labels)
		case crm.ObjectKind:
			members := make([]crm.Member, p.number())
			for j := range members {
				members[j] = crm.Member{Name: p.text(), JSON: p.text()}
			}
			rec.Values[i] = crm.Members(members)
		case crm.RefKind:
			rec.Values[i] = crm.Key(p.integer())
			rec.Labels[i] = p.text()
		default:
			rec.Values[i] = crm.Value{Kind: kind, Int: p.integer()}
		}
	}
	return rec
}

// recordDecoder is what remains of a packed record.
type recordDecoder string

// number reads an unsigned number, as encoding/binary writes it.
func (p *recordDecoder) number() (n uint64) {
	for i := 0; ; i++ {
		c := (*p)[i]
		if n |= uint64(c&0x7f) << (7 * i); c < 0x80 {
			*p = (*p)[i+1:]
			return n
		}
	}
}

func (p *recordDecoder) integer() int64 {
	n := p.number()
	return int64(n>>1) ^ -int64(n&1)
}

func (p *recordDecoder) text() string {
	n := p.number()
	text := string((*p)[:n])
	*p = (*p)[n:]
	return text
}

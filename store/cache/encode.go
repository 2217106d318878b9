package cache

import (
	"encoding/binary"

	"crmkit/crm"
)

// An encoded record is one string without pointers: the position, the kind and the value of each
// field that is set, and after a reference the label of its record. It takes a third of the memory
// of the values. Decoded records share its text.

// encodeRecord returns a record encoded.
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

// decodeRecord returns the record of an entity from its encoding.
func decodeRecord(e *crm.Entity, key int64, encoded string) crm.Record {
	rec := crm.NewRecord(e)
	rec.Key, rec.ID = key, crm.RecordID(e.Prefix, key)
	for d := decoder(encoded); d != ""; {
		i := d.number()
		kind := crm.Kind(d[0])
		d = d[1:]
		switch kind {
		case crm.TextKind:
			rec.Values[i] = crm.Str(d.text())
		case crm.ListKind:
			labels := make([]string, d.number())
			for j := range labels {
				labels[j] = d.text()
			}
			rec.Values[i] = crm.Labels(labels)
		case crm.ObjectKind:
			members := make([]crm.Member, d.number())
			for j := range members {
				members[j] = crm.Member{Name: d.text(), JSON: d.text()}
			}
			rec.Values[i] = crm.Members(members)
		case crm.RefKind:
			rec.Values[i] = crm.Key(d.integer())
			rec.Labels[i] = d.text()
		default:
			rec.Values[i] = crm.Value{Kind: kind, Int: d.integer()}
		}
	}
	return rec
}

// decoder is the rest of an encoded record.
type decoder string

// number reads an unsigned number in the encoding of encoding/binary. binary.Uvarint needs a slice of
// bytes, which would be a copy of the string.
func (d *decoder) number() (n uint64) {
	for i := 0; ; i++ {
		c := (*d)[i]
		if n |= uint64(c&0x7f) << (7 * i); c < 0x80 {
			*d = (*d)[i+1:]
			return n
		}
	}
}

func (d *decoder) integer() int64 {
	n := d.number()
	return int64(n>>1) ^ -int64(n&1)
}

func (d *decoder) text() string {
	n := d.number()
	text := string((*d)[:n])
	*d = (*d)[n:]
	return text
}

package cache

import (
	"slices"
	"testing"

	"crmkit/crm"
	"crmkit/crm/catalog"
)

// FuzzEncode encodes records, decodes them, and compares the two.
func FuzzEncode(f *testing.F) {
	schema, err := catalog.Schema()
	if err != nil {
		f.Fatal(err)
	}
	f.Add("Jane", "vip", "Acme", "k", `{"a":[1]}`, int64(7), uint8(0b1111111))
	f.Add("", "\x00", "ü", "", "null", int64(-1), uint8(0b1010101))
	f.Fuzz(func(t *testing.T, text, label, shown, name, json string, n int64, which uint8) {
		for _, e := range schema.Entities {
			if e.IsView() {
				continue
			}
			rec := crm.NewRecord(e)
			rec.Key = crm.RecordKey(3, 5)
			rec.ID = crm.RecordID(e.Prefix, rec.Key)
			for i := range e.Fields {
				if which>>(i%8)&1 == 0 {
					continue
				}
				switch kind := e.Fields[i].Type.Kind(); {
				case kind == crm.ListKind:
					rec.Values[i] = crm.Labels([]string{label, text})
				case kind == crm.ObjectKind:
					rec.Values[i] = crm.Members([]crm.Member{{Name: name, JSON: json}, {Name: text, JSON: label}})
				case kind == crm.RefKind:
					rec.Values[i], rec.Labels[i] = crm.Key(n), shown
				case kind == crm.TimeKind:
					rec.Values[i] = crm.Millis(n)
				case kind == crm.IntKind:
					rec.Values[i] = crm.Number(n)
				default:
					rec.Values[i] = crm.Str(text)
				}
			}
			got := decodeRecord(e, rec.Key, encodeRecord(rec))
			if got.Key != rec.Key || got.ID != rec.ID || !slices.EqualFunc(got.Values, rec.Values, crm.Value.Equal) || !slices.Equal(got.Labels, rec.Labels) {
				t.Fatalf("%s: %v %q is decoded as %v %q", e.Name, rec.Values, rec.Labels, got.Values, got.Labels)
			}
		}
	})
}

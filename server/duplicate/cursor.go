package duplicate

import (
	"encoding/base64"
	"encoding/binary"

	"crmkit/crm"
	"crmkit/crm/alike"
)

// A cursor is the place of a pass, as whole numbers, behind the first letter of the kind. It is not
// signed: it says where a search of the own workspace goes on, and every place is a valid one.

// writeCursor returns the cursor of a place.
func writeCursor(e *crm.Entity, p alike.Place) string {
	raw := []byte(e.Plural[:2])
	for _, n := range []int64{p.Hash, p.Record, p.In, p.A, p.B} {
		raw = binary.AppendVarint(raw, n)
	}
	return base64.RawURLEncoding.EncodeToString(raw)
}

// readCursor returns the place of a cursor; the beginning for none.
func readCursor(e *crm.Entity, cursor string) (p alike.Place, fault *crm.Error) {
	if cursor == "" {
		return p, nil
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(cursor)
	ok := err == nil && len(raw) > 2 && string(raw[:2]) == e.Plural[:2]
	if ok {
		raw = raw[2:]
		for _, to := range []*int64{&p.Hash, &p.Record, &p.In, &p.A, &p.B} {
			n, size := binary.Varint(raw)
			ok = ok && size > 0 && n >= 0
			*to, raw = n, raw[max(size, 0):]
		}
	}
	if !ok || len(raw) > 0 || writeCursor(e, p) != cursor {
		return alike.Place{}, crm.Errorf(crm.InvalidCursor, "the cursor was changed or belongs to another kind; start again without cursor=.").On("cursor")
	}
	return p, nil
}

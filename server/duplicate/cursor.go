package duplicate

import (
	"encoding/base64"
	"encoding/binary"

	"crmkit/crm"
	"crmkit/crm/alike"
)

// A cursor is the place of a pass, as whole numbers, behind the first letters of the kind and the number
// of the workspace. It is not signed: it says where a search of the own workspace goes on, and every
// place is a valid one.

// scope is what a cursor belongs to.
type scope struct {
	kind      *crm.Entity
	workspace int64
}

// writeCursor returns the cursor of a place.
func writeCursor(of scope, p alike.Place) string {
	raw := []byte(of.kind.Plural[:3])
	for _, n := range []int64{of.workspace, p.Hash, p.Record, p.In, p.A, p.B} {
		raw = binary.AppendVarint(raw, n)
	}
	return base64.RawURLEncoding.EncodeToString(raw)
}

// readCursor returns the place of a cursor; the beginning for none.
func readCursor(of scope, cursor string) (p alike.Place, fault *crm.Error) {
	if cursor == "" {
		return p, nil
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(cursor)
	ok := err == nil && len(raw) > 3 && string(raw[:3]) == of.kind.Plural[:3]
	var workspace int64
	if ok {
		raw = raw[3:]
		for _, to := range []*int64{&workspace, &p.Hash, &p.Record, &p.In, &p.A, &p.B} {
			n, size := binary.Varint(raw)
			ok = ok && size > 0 && n >= 0
			*to, raw = n, raw[max(size, 0):]
		}
	}
	if !ok || len(raw) > 0 || writeCursor(of, p) != cursor {
		return alike.Place{}, crm.Errorf(crm.InvalidCursor, "the cursor was changed or belongs to another kind or workspace; start again without cursor=.").On("cursor")
	}
	return p, nil
}

package query

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"net/url"
	"strings"

	"crmkit/crm"
	"crmkit/query/operand"
)

// position is the end of a page: the sort value and the key of its last row. Pages continue
// from a value and not from a number of rows, so they neither skip nor repeat rows when
// records are added or deleted meanwhile, and page 1000 costs no more than page 1.
type position struct {
	unset bool // the row has no sort value
	text  string
	n     int64
	key   int64
}

// macSize is the length of the signature of a cursor, in bytes. 80 bits cannot be guessed over
// a network, and a longer one would cost the agent tokens on every page.
const macSize = 10

// cursorScope returns the parts of a request that a cursor is bound to: entity, workspace,
// filters and sort. With others it would point to a row that is not in the list. Page size,
// fields, totals and format may change between pages.
func (q *Query) cursorScope(workspace int64, params url.Values, names []string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %d", q.Entity.Name, workspace)
	for _, name := range names {
		switch name {
		case "limit", "cursor", "fields", "total", "times", "format":
			continue
		}
		for _, value := range params[name] {
			fmt.Fprintf(&b, " %q=%q", name, value)
		}
	}
	return b.String()
}

// mac returns the signature of a payload. It includes the scope of the request, which the
// cursor therefore does not need to contain.
func (q *Query) mac(payload []byte) []byte {
	h := hmac.New(sha256.New, q.secret)
	h.Write([]byte(q.scope))
	h.Write([]byte{0})
	h.Write(payload)
	return h.Sum(nil)[:macSize]
}

// Cursor returns the cursor of the page after the record.
func (q *Query) Cursor(last crm.Record) string {
	return q.encode(q.positionOf(last))
}

// encode returns the cursor of a position: flag, key, number and text, then the signature, in base64url.
func (q *Query) encode(m position) string {
	flag := byte(0)
	if m.unset {
		flag = 1
	}
	payload := binary.AppendVarint([]byte{flag}, m.key)
	payload = binary.AppendVarint(payload, m.n)
	payload = append(payload, m.text...)
	return base64.RawURLEncoding.EncodeToString(append(payload, q.mac(payload)...))
}

// OfPast is in cursors of lists that answer what was at a place in the log: it is between the cursor of the
// list and the place.
const OfPast = "~"

// applyCursor lets the query begin after the position of a cursor. Cursors of other queries are refused.
func (q *Query) applyCursor(cursor string) *crm.Error {
	m, ok := q.decode(cursor)
	if !ok && strings.Contains(cursor, OfPast) {
		return crm.Errorf(crm.InvalidCursor, "the cursor belongs to a list with at=. Send at= as for the first page, or start again without cursor=.").On("cursor")
	}
	if !ok {
		return crm.Errorf(crm.InvalidCursor, "the cursor was changed or belongs to a list with other filters or another sort. Send the same filters and sort as for the first page, or start again without cursor=.").On("cursor")
	}
	q.after = &m
	return nil
}

// decode returns the position of a cursor. Base64 has several texts for the same bytes; only
// the one that encode writes is accepted.
func (q *Query) decode(cursor string) (m position, ok bool) {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(cursor)
	if err != nil || len(raw) < macSize+3 || base64.RawURLEncoding.EncodeToString(raw) != cursor {
		return m, false
	}
	payload, sum := raw[:len(raw)-macSize], raw[len(raw)-macSize:]
	if !hmac.Equal(sum, q.mac(payload)) {
		return m, false
	}
	m.unset = payload[0] == 1
	rest := payload[1:]
	key, n := binary.Varint(rest)
	value, k := binary.Varint(rest[max(n, 0):])
	if n <= 0 || k <= 0 {
		return m, false
	}
	m.key, m.n, m.text = key, value, string(rest[n+k:])
	return m, true
}

// positionOf returns the position of a record in the order of the query. The sort value is in
// the form of the column that is sorted, which may be the folded one.
func (q *Query) positionOf(r crm.Record) position {
	if q.Order.by != "" {
		return q.Order.placeOf(r)
	}
	m := position{key: r.Key}
	f := q.Order.Field
	if isKey(f) {
		return m
	}
	if q.Order.key != nil {
		text, n, set := operand.Order{Member: q.Order.key}.Value(r.Value("custom").Members())
		return position{key: r.Key, unset: !set, text: text, n: n}
	}
	v := r.Value(f.Name)
	m.unset, m.n, m.text = !v.Set(), v.Int, v.Text
	if f.ComparesFolds() {
		m.text = f.Type.Fold(f, v.Text)
	}
	return m
}

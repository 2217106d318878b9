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
)

// position is where a page ended: the sort value and key of its last row.
type position struct {
	unset bool // the row stood among those without a sort value
	text  string
	n     int64
	key   int64
}

const macSize = 10

// cursorScope is what a cursor belongs to: the list's kind, workspace, filters and
// sort. Page size, fields, totals and format may change along the way.
func (q *Query) cursorScope(workspace int64, params url.Values, names []string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %d", q.Entity.Name, workspace)
	for _, name := range names {
		switch name {
		case "limit", "cursor", "fields", "total", "format":
			continue
		}
		for _, value := range params[name] {
			fmt.Fprintf(&b, " %q=%q", name, value)
		}
	}
	return b.String()
}

func (q *Query) mac(payload []byte) []byte {
	h := hmac.New(sha256.New, q.secret)
	h.Write([]byte(q.sealer))
	h.Write([]byte{0})
	h.Write(payload)
	return h.Sum(nil)[:macSize]
}

// Cursor returns the cursor that continues behind the record.
func (q *Query) Cursor(last crm.Record) string {
	return q.encode(q.positionOf(last))
}

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

// applyCursor reads a cursor that Cursor wrote for the same question.
func (q *Query) applyCursor(cursor string) *crm.Error {
	m, ok := q.decode(cursor)
	if !ok {
		return crm.Errorf(crm.InvalidCursor, "the cursor was changed or belongs to a list with other filters or another sort; keep them as they were, or start again without cursor=.").On("cursor")
	}
	q.after = &m
	return nil
}

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

// positionOf returns the place of a record in the question's order.
func (q *Query) positionOf(r crm.Record) position {
	m := position{key: r.Key}
	f := q.Order.Field
	if isKey(f) {
		return m
	}
	v := r.Value(f.Name)
	m.unset, m.n, m.text = !v.Set(), v.Int, v.Text
	if f.HasFoldColumn() {
		m.text = f.Type.Fold(f, v.Text)
	}
	return m
}

package web

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"strconv"
	"sync"
)

// messageKey makes the writes of one MCP message repeatable: a process that forwards the
// message to another sends it again, under the same key, when the answer was lost.
type messageKey struct {
	key   string
	mu    sync.Mutex
	calls map[string]int // how many calls of the message are the same
}

type messageKeyOf struct{}

// WithMessageKey gives each write that an MCP message makes by a tool an Idempotency-Key,
// where the call has none of its own. The keys are the same whenever the message is sent
// again with the key.
func WithMessageKey(ctx context.Context, key string) context.Context {
	return context.WithValue(ctx, messageKeyOf{}, &messageKey{key: key, calls: map[string]int{}})
}

// callKey returns the key of a call of a message, "" if the message has no key. Calls of one
// message that are the same are numbered, so that two contacts of one name are both created.
func callKey(ctx context.Context, r *http.Request) string {
	m, _ := ctx.Value(messageKeyOf{}).(*messageKey)
	if m == nil {
		return ""
	}
	body, _ := io.ReadAll(r.Body) // it is in memory
	r.Body = io.NopCloser(bytes.NewReader(body))
	call := hashed(r.Method + "\n" + r.URL.String() + "\n" + string(body))
	m.mu.Lock()
	defer m.mu.Unlock()
	m.calls[call]++
	return hashed(m.key + "\n" + call + "\n" + strconv.Itoa(m.calls[call]))
}

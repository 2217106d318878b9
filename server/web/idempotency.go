package web

import (
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"net/http"
	"slices"
	"strings"

	"crmkit/crm"
	"crmkit/render"
	"crmkit/store"
)

// withIdempotency runs a write once for its Idempotency-Key: a client that got no answer sends
// the request again with the same key, and gets the answer to the first one
// (draft-ietf-httpapi-idempotency-key-header). The answer is saved in the transaction of the
// write, so that there is never one without the other. A write that failed changed nothing,
// and may be tried again.
func (rq *Request) withIdempotency(tx *store.Tx, fn func(*store.Tx) (*render.Response, error)) (*render.Response, error) {
	key, err := rq.idempotencyKey()
	if err != nil {
		return nil, err
	}
	if key == "" {
		return fn(tx)
	}
	if doc, err := rq.idempotentReplay(tx, key); doc != nil || err != nil {
		return doc, err
	}
	doc, err := fn(tx)
	if err != nil || tx.Actor.Workspace == 0 { // the workspace is deleted, and the token with it
		return doc, err
	}
	if doc.Raw != nil { // the stored answer of a confirmation, which has only one of the two forms
		return doc, nil
	}
	return doc, tx.SaveIdempotentResponse(rq.savedResponse(hashed(key), doc))
}

// idempotentReplay returns the answer that was saved under the key, or nil.
func (rq *Request) idempotentReplay(tx *store.Tx, key string) (*render.Response, error) {
	stored, found, err := tx.IdempotentResponse(hashed(key))
	if err != nil || !found {
		return nil, err
	}
	return rq.replay(stored)
}

// SavedAnswer returns the answer to an earlier request with the same Idempotency-Key, or
// nil. A write of several transactions calls it before the first one.
func (rq *Request) SavedAnswer() (doc *render.Response, err error) {
	key, err := rq.idempotencyKey()
	if dry, _ := rq.IsOn("dry_run"); dry || err != nil || key == "" {
		return nil, err
	}
	err = rq.Update(func(tx *store.Tx) (err error) {
		doc, err = rq.idempotentReplay(tx, key)
		return err
	})
	return doc, err
}

// checkKey refuses a write whose Idempotency-Key is not valid, even where it has no use, since
// the client relies on it. Imports need no key, and the answer says so.
func (rq *Request) checkKey() error {
	if rq.Method == http.MethodGet || rq.Method == http.MethodHead || rq.Route.Access == Public || rq.Route.Protocol != nil {
		return nil
	}
	key, err := rq.idempotencyKey()
	if key != "" && rq.Route.Stream != NoStream {
		rq.Remarks = append(rq.Remarks, "imports ignore Idempotency-Key: an import that is sent again creates nothing twice; see /help/import")
	}
	return err
}

// MaxKey is the most characters of an Idempotency-Key.
const MaxKey = 255

// idempotencyKey returns the key of the request, which may be in the quotes of a structured
// field, or "" if it has no key.
func (rq *Request) idempotencyKey() (string, error) {
	values := rq.Header.Values("Idempotency-Key")
	if len(values) == 0 {
		if rq.Route.IsRepeatable() {
			return rq.messageKey, nil
		}
		return "", nil
	}
	key := strings.TrimSpace(values[0])
	if quoted := strings.TrimSuffix(strings.TrimPrefix(key, `"`), `"`); len(quoted) == len(key)-2 {
		key = quoted
	}
	visible := !strings.ContainsFunc(key, func(r rune) bool { return r <= ' ' || r > '~' })
	if len(values) > 1 || key == "" || len(key) > MaxKey || !visible {
		return "", crm.Errorf(crm.InvalidValue, "Idempotency-Key must be one key of 1 to %d visible ASCII characters; use a new UUID for each request.", MaxKey).On("Idempotency-Key")
	}
	return key, nil
}

// fingerprint returns a hash of the method, path, parameters, condition and body of a request. A
// key that is used for two different requests is found by it. The format of the answer is not
// part of it.
func (rq *Request) fingerprint() string {
	params := maps.Clone(rq.Params)
	delete(params, "format")
	return hashed(strings.Join([]string{rq.Method, rq.Path, params.Encode(), rq.Header.Get("If-Match"), string(rq.body)}, "\n"))
}

// hashed returns the SHA-256 of a text in hexadecimal digits.
func hashed(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// savedResponse returns an answer in the form in which it is saved: as text and as JSON, without
// the values that are shown only once.
func (rq *Request) savedResponse(hash string, doc *render.Response) store.IdempotentResponse {
	again := *doc
	if again.Zone == nil {
		again.Zone = rq.Actor.Zone
	}
	if line := again.Line; line != nil && slices.ContainsFunc(line.Fields, func(f render.Field) bool { return f.Secret }) {
		open := *line
		open.Fields = slices.DeleteFunc(slices.Clone(line.Fields), func(f render.Field) bool { return f.Secret })
		again.Line = &open
		again.Hints = []string{"the token was in the first answer only; if you do not have it: DELETE /" + line.Head + ", then create another"}
	}
	again.SetMoment(rq.Moment())
	stored := store.IdempotentResponse{Hash: hash, Request: rq.fingerprint(), Status: statusOf(&again), Version: again.Version,
		Text: string(again.Append(nil, render.Text)), JSON: string(again.Append(nil, render.JSON))}
	if len(stored.Text)+len(stored.JSON) > maxStored {
		short := receiptOf(&again)
		stored.Text, stored.JSON = string(short.Append(nil, render.Text)), string(short.Append(nil, render.JSON))
	}
	return stored
}

// maxStored is the most bytes of an answer that is saved, text and JSON together.
const maxStored = 64 << 10

// receiptOf returns the short form of an answer that is too large to be saved: the handle of its
// record, the result, and the call that has the rest.
func receiptOf(doc *render.Response) *render.Response {
	if doc.Receipts != nil {
		return &render.Response{Receipts: doc.Receipts.Short(), Change: doc.Change, Zone: doc.Zone,
			Remarks: []string{"the batch was executed once, but its answer was too large to be stored whole: what changed is left out; GET /audit shows it"}}
	}
	short := &render.Response{Result: doc.Result, Upsert: doc.Upsert, Version: doc.Version, Change: doc.Change, Several: doc.Several, Zone: doc.Zone}
	where := "GET /audit shows the result"
	if doc.Line != nil {
		short.Line = &render.Item{Head: doc.Line.Head, Fields: Names(doc.Line.Head)}
		if doc.Result != "" {
			where = "GET /" + doc.Line.Head + " shows the result"
		}
	}
	short.Remarks = []string{"the request was executed once, but its answer was too large to be stored: " + where}
	return short
}

// replay returns a saved answer, marked as replayed.
func (rq *Request) replay(stored store.IdempotentResponse) (*render.Response, error) {
	if stored.Request != rq.fingerprint() {
		return nil, crm.Errorf(crm.IdempotencyConflict, "this Idempotency-Key was used for another request in the last 24 hours. Use a new key for each new request; to repeat a request, send the same method, path and body.").On("Idempotency-Key")
	}
	rq.Writer.Header().Set("Idempotency-Replayed", "true")
	return rq.storedAnswer(stored, mark{"replayed", "replayed"}), nil
}

// mark is what a stored answer ends with: a remark in text, a member in JSON.
type mark struct{ remark, member string }

// storedAnswer returns a saved answer with a mark.
func (rq *Request) storedAnswer(stored store.IdempotentResponse, m mark) *render.Response {
	raw := &render.Raw{Type: PlainText, Body: stored.Text + "# " + m.remark + "\n"}
	if rq.Format == render.JSON {
		raw = &render.Raw{Type: "application/json", Body: strings.TrimSuffix(stored.JSON, "}\n") + ",\"" + m.member + "\":true}\n"}
	}
	return &render.Response{Status: stored.Status, Raw: raw, Version: stored.Version}
}

package plan

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"crmkit/crm"
	"crmkit/crm/norm"
)

// Plan is what a token stands for, besides its request.
type Plan struct {
	Receipts []Receipt       `json:"receipts"`
	State    json.RawMessage `json:"state,omitempty"` // what the kind of write decided besides, in its own form
}

// maxNamed is up to how many bytes a plan is stored with the digests of single fields. A larger one
// only says which record differs.
const maxNamed = 256 << 10

// Encode returns the plan as it is stored.
func (p Plan) Encode() (string, error) {
	b, err := json.Marshal(p)
	if err != nil || len(b) <= maxNamed {
		return string(b), err
	}
	p.Receipts = slices.Clone(p.Receipts)
	for i := range p.Receipts {
		p.Receipts[i].Fields = nil
	}
	b, err = json.Marshal(p)
	return string(b), err
}

// Decode returns a plan from its stored form.
func Decode(text string) (p Plan, err error) {
	err = json.Unmarshal([]byte(text), &p)
	return p, err
}

// parameters are those that do not change what a request does.
var parameters = []string{"dry_run", "confirm", "limit", "cursor", "format"}

// RequestOf names what a request does, besides its body: method, path, and the parameters other than
// those of dry runs, pages and formats.
func RequestOf(method, path string, params url.Values) string {
	kept := url.Values{}
	for name, values := range params {
		if !slices.Contains(parameters, name) {
			kept[name] = values
		}
	}
	if len(kept) == 0 {
		return method + " " + path
	}
	return method + " " + path + "?" + kept.Encode() // sorted by name
}

// BodyDigest returns the digest of a body; empty if there is none. JSON has the same digest however
// its blanks and members are arranged, since clients that send it twice may write it twice.
func BodyDigest(body []byte) string {
	if len(body) == 0 {
		return ""
	}
	var value any
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	if d.Decode(&value) == nil && d.Decode(new(any)) == io.EOF {
		if same, err := json.Marshal(value); err == nil {
			body = same
		}
	}
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:])
}

// FailsNow returns the error of a confirmed write that fails now: plan_stale, since its plan says that it does not
// fail. There is no new token, because a dry run would fail too.
func FailsNow(fault *crm.Error) *crm.Error {
	stale := *fault // the error may be shared
	stale.Code, stale.HTTP, stale.Hint = crm.PlanStale, 0, failing(fault.Code, fault.Hint)
	if fault.Tools != "" {
		stale.Tools = failing(fault.Code, fault.Tools)
	}
	return &stale
}

// failing is the hint for a plan that fails with an error.
func failing(code crm.Code, hint string) string {
	saved := " Nothing was saved."
	if strings.Contains(strings.ToLower(hint), "nothing was") {
		saved = ""
	}
	return fmt.Sprintf("the plan does not hold any more, it fails now with %s: %s%s There is no new token, since a dry run would fail too.", code, hint, saved)
}

// maxSuspects is of how many records of a plan the log is asked when it fails.
const maxSuspects = 10

// idInText matches what may be the id of a record.
var idInText = regexp.MustCompile(`\b[a-z]+_[0-9a-z]+\b`)

// Suspects returns the records that may be the reason why a plan fails: the one that the error shows, or else
// those that its hint names and the first ones of the plan.
func (p Plan) Suspects(schema *crm.Schema, fault *crm.Error) (handles []string) {
	if fault.Record != nil {
		return []string{fault.Record.Handle()}
	}
	for _, id := range idInText.FindAllString(fault.Hint, maxSuspects) {
		if e := schema.ByPrefix(id); e != nil {
			handles = append(handles, e.Name+"/"+id)
		}
	}
	for _, r := range p.Receipts[:min(len(p.Receipts), maxSuspects)] {
		handles = append(handles, r.Handle())
	}
	return handles
}

// The errors of a token. None of them uses it up. token and requests are quoted in them.

// Unknown is the error for a token that is not valid.
func Unknown(token string) *crm.Error {
	return crm.Errorf(crm.InvalidValue, "confirm=%s is not valid: it is mistyped, over 15 minutes old, or belongs to another user or workspace. Nothing was saved. Repeat the request with dry_run=1 instead of confirm= for a new token.", norm.Quote(token)).On("confirm")
}

// OtherRequest is the error for a token of another request.
func OtherRequest(token, planned, request string) *crm.Error {
	return crm.Errorf(crm.InvalidValue, "confirm=%s is for %s, and this is %s. Nothing was saved, and the token stays as it was: repeat the request of the dry run with confirm=<token> instead of dry_run=1.",
		norm.Quote(token), norm.Quote(planned), norm.Quote(request)).On("confirm")
}

// OtherBody is the error for a token of the same request with another body.
func OtherBody(token string) *crm.Error {
	return crm.Errorf(crm.InvalidValue, "confirm=%s belongs to another body than this one. Nothing was saved, and the token stays as it was: send the body of the dry run.", norm.Quote(token)).On("confirm")
}

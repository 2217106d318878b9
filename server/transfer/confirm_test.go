package transfer

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"crmkit/auth"
	"crmkit/crm"
	"crmkit/crm/catalog"
	"crmkit/render"
	"crmkit/server/web"
	"crmkit/store"
	"crmkit/store/account"
)

// confirmRig is a store with a dry run that waits for its confirmation.
type confirmRig struct {
	t     *testing.T
	store *store.Store
	x     *Endpoints
	actor crm.Actor
}

const confirmedFile = "name,email\nAnn,ann@acme.com\n"

func newConfirmRig(t *testing.T) *confirmRig {
	t.Helper()
	schema, err := catalog.Schema()
	if err != nil {
		t.Fatal(err)
	}
	st, err := store.Open(t.Context(), store.Options{Path: store.Memory, Schema: schema})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = st.Close() })
	r := &confirmRig{t: t, store: st, x: New(Options{Store: st})}
	r.write(crm.Actor{Email: "jane@acme.com"}, func(tx *store.Tx) error {
		list, err := account.SignIn(tx, "jane@acme.com")
		if err == nil {
			r.actor = list[0].In(tx.Actor)
		}
		return err
	})
	digest := sha256.Sum256([]byte(confirmedFile))
	c := account.Confirmation{Hash: auth.Hash("token"), Request: "POST /import/contacts", Body: hex.EncodeToString(digest[:]), Decided: `{"counts":[1,0,0,0],"plan":[]}`}
	r.write(r.actor, func(tx *store.Tx) error { return account.SaveConfirmation(tx, c) })
	return r
}

func (r *confirmRig) write(actor crm.Actor, fn func(*store.Tx) error) {
	r.t.Helper()
	if err := r.store.Write(r.t.Context(), actor, fn); err != nil {
		r.t.Fatal(err)
	}
}

// confirm begins to confirm the dry run with its file.
func (r *confirmRig) confirm() (done *render.Response, err error) {
	request := httptest.NewRequestWithContext(r.t.Context(), "POST", "/import/contacts", strings.NewReader(confirmedFile))
	rq := &web.Request{Request: request, Writer: httptest.NewRecorder(), Path: "/import/contacts", Params: url.Values{"confirm": {"token"}}, Actor: r.actor}
	im := &fileImport{x: r.x, rq: rq}
	defer im.close()
	return im.confirm()
}

// TestConfirmationsThatCameInTheMiddle has a confirmation that read its token before the first one
// was done, and goes on after it: it gets the result of the first one, and saves nothing.
func TestConfirmationsThatCameInTheMiddle(t *testing.T) {
	r := newConfirmRig(t)
	pending := r.x.files.(localKeeper).pending
	pending.begin(auth.Hash("token")) // the first one runs
	pending.mu.Lock()                 // and the second one has read the token when it is at this lock
	second := make(chan bool)
	go func() {
		done, err := r.confirm()
		if err != nil {
			t.Errorf("confirm: %v", err)
		}
		second <- done != nil
	}()
	time.Sleep(100 * time.Millisecond) // if it has not come so far, it reads what is below: no failure
	r.write(r.actor, func(tx *store.Tx) error { return account.FinishConfirmation(tx, auth.Hash("token"), "[1,0,0,0]") })
	delete(pending.running, auth.Hash("token"))
	pending.mu.Unlock()
	if !<-second {
		t.Error("the import is done a second time")
	}
}

package auth_test

import (
	"errors"
	"math/rand/v2"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"crmkit/auth"
	"crmkit/crm"
	"crmkit/crm/catalog"
	"crmkit/store"
	"crmkit/store/storetest/kit"
)

// fixture is an Auth over a real store.
type fixture struct {
	*auth.Auth
	t     *testing.T
	store *store.Store
	clock *kit.Clock
	opts  store.Options
}

// engines runs a test on a file and in memory.
func engines(t *testing.T, test func(t *testing.T, f *fixture)) {
	t.Helper()
	t.Run("file", func(t *testing.T) { test(t, onFile(t)) })
	t.Run("memory", func(t *testing.T) { test(t, openAt(t, store.Memory)) })
}

func onFile(t *testing.T) *fixture {
	t.Helper()
	return openAt(t, filepath.Join(t.TempDir(), "crmkit.db"))
}

func openAt(t *testing.T, path string) *fixture {
	t.Helper()
	schema, err := catalog.Schema()
	if err != nil {
		t.Fatal(err)
	}
	c := kit.NewClock()
	return openWith(t, c, store.Options{Path: path, Schema: schema, Clock: c.Now, Rand: rand.NewChaCha8([32]byte{1}), MaxWrite: time.Minute})
}

func openWith(t *testing.T, c *kit.Clock, opts store.Options) *fixture {
	t.Helper()
	s, err := store.Open(t.Context(), opts)
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return &fixture{Auth: auth.New(s, auth.Options{}), t: t, store: s, clock: c, opts: opts}
}

func (f *fixture) close() {
	f.t.Helper()
	if err := f.store.Close(); err != nil {
		f.t.Fatalf("Close: %v", err)
	}
}

// ask requests a code and returns it.
func (f *fixture) ask(email string) string {
	f.t.Helper()
	_, code, err := f.Request(f.t.Context(), "192.0.2.1", email)
	if err != nil {
		f.t.Fatalf("Request %s: %v", email, err)
	}
	return code
}

func (f *fixture) try(email, code string) error {
	_, err := f.Verify(f.t.Context(), "192.0.2.1", auth.Credentials{Email: email, Code: code})
	return err
}

// mint returns a token of the address, and its actor.
func (f *fixture) mint(email string) (token string, actor crm.Actor) {
	f.t.Helper()
	in, err := f.MintToken(f.t.Context(), email, "test")
	if err != nil {
		f.t.Fatalf("Mint %s: %v", email, err)
	}
	return in.Token, f.actor(in.Token)
}

// revoke revokes a token of the actor, as DELETE /tokens/{id} does.
func (f *fixture) revoke(actor crm.Actor, id string) error {
	return f.store.Write(f.t.Context(), actor, func(tx *store.Tx) error {
		_, err := f.Revoke(tx, id)
		return err
	})
}

func (f *fixture) actor(token string) crm.Actor {
	f.t.Helper()
	actor, err := f.Actor(f.t.Context(), token)
	if err != nil {
		f.t.Fatalf("Actor: %v", err)
	}
	return actor
}

func (f *fixture) wantActor(what, token string, want crm.Code) {
	f.t.Helper()
	_, err := f.Actor(f.t.Context(), token)
	wantCode(f.t, what, err, want)
}

// wrong returns a code other than the given one.
func wrong(code string) string {
	last := code[len(code)-1]
	return code[:len(code)-1] + string('0'+(last-'0'+1)%10)
}

// codeOf returns the code a client would see, or the text of any other error.
func codeOf(err error) crm.Code {
	var coded *crm.Error
	switch {
	case err == nil:
		return ""
	case errors.As(err, &coded):
		return coded.Code
	}
	return crm.Code("uncoded: " + err.Error())
}

func wantCode(t *testing.T, what string, err error, want crm.Code) {
	t.Helper()
	if got := codeOf(err); got != want {
		t.Errorf("%s: got code %q, want %q", what, got, want)
	}
}

// wantWait checks a rate_limited error and its RetryAfter.
func wantWait(t *testing.T, what string, err error, wait time.Duration) {
	t.Helper()
	var coded *crm.Error
	if !errors.As(err, &coded) || coded.Code != crm.RateLimited {
		t.Errorf("%s: got %v, want rate_limited for %s", what, err, wait)
		return
	}
	if coded.RetryAfter != wait {
		t.Errorf("%s: Retry-After is %s, want %s", what, coded.RetryAfter, wait)
	}
}

// together runs fn n times at once, waits for all, and returns how often each code was returned.
func together(n int, fn func(i int) error) map[crm.Code]int {
	var done sync.WaitGroup
	var mu sync.Mutex
	counts := map[crm.Code]int{}
	start := make(chan struct{})
	for i := range n {
		done.Go(func() {
			<-start
			code := codeOf(fn(i))
			mu.Lock()
			defer mu.Unlock()
			counts[code]++
		})
	}
	close(start)
	done.Wait()
	return counts
}

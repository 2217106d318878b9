package auth_test

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"crmkit/auth"
	"crmkit/crm"
	"crmkit/store"
	"crmkit/store/account"
)

func TestTokenFormat(t *testing.T) {
	f := openAt(t, store.Memory)
	shape := regexp.MustCompile(`^ck_[0-9A-Za-z]{32}[0-9A-Za-z]{6}$`)
	seen := map[string]bool{}
	for range 50 {
		token, _ := f.mint("ann@example.com")
		if !shape.MatchString(token) || seen[token] {
			t.Errorf("token %q", token)
		}
		seen[token] = true
	}
}

// TestMalformedTokensAreRefusedWithoutARead closes the store first, so that a token which is not
// refused by its checksum fails with another error.
func TestMalformedTokensAreRefusedWithoutARead(t *testing.T) {
	f := onFile(t)
	token, _ := f.mint("ann@example.com")
	f.close()
	f.Auth = auth.New(f.store, auth.Options{})
	if _, err := f.Actor(t.Context(), token); err == nil || codeOf(err) == crm.InvalidToken {
		t.Fatalf("a good token without a database: %v", err)
	}
	for i := range token {
		flipped := []byte(token)
		if flipped[i]++; token[i] == 'z' {
			flipped[i] = 'a'
		}
		f.wantActor("with another character", string(flipped), crm.InvalidToken)
	}
	swapped := []byte(token)
	swapped[10], swapped[11] = token[11], token[10]
	if swapped[10] != swapped[11] {
		f.wantActor("with two characters swapped", string(swapped), crm.InvalidToken)
	}
	for _, broken := range []string{token[:len(token)-1], token + "0", token[3:], "ck_", strings.ToUpper(token), " " + token} {
		f.wantActor("malformed", broken, crm.InvalidToken)
	}
	f.wantActor("no token", "", crm.AuthRequired)
}

func TestUnknownTokenIsInvalid(t *testing.T) {
	engines(t, func(t *testing.T, f *fixture) {
		elsewhere := openAt(t, store.Memory)
		elsewhere.mint("filler@example.com")
		token, _ := elsewhere.mint("ann@example.com")
		f.wantActor("a token of another server", token, crm.InvalidToken)
	})
}

func TestOnlyHashesAreStored(t *testing.T) {
	f := onFile(t)
	token, _ := f.mint("ann@example.com")
	f.checkStored(token)
	f.close()
	f.checkStored(token)
}

// checkStored searches the bytes of the database's files, including its log.
func (f *fixture) checkStored(token string) {
	f.t.Helper()
	names, err := filepath.Glob(f.opts.Path + "*")
	if err != nil {
		f.t.Fatal(err)
	}
	var all []byte
	for _, name := range names {
		data, err := os.ReadFile(name)
		if err != nil {
			f.t.Fatal(err)
		}
		all = append(all, data...)
	}
	if bytes.Contains(all, []byte(token[3:35])) || !bytes.Contains(all, []byte(auth.Hash(token))) {
		f.t.Error("the files must hold the token's hash and not the token")
	}
}

func TestIdleTokensExpire(t *testing.T) {
	engines(t, func(t *testing.T, f *fixture) {
		token, _ := f.mint("ann@example.com")
		f.clock.Advance(30*24*time.Hour + time.Millisecond)
		for range 2 {
			f.wantActor("after more than 30 idle days", token, crm.TokenExpired)
		}
		fresh, _ := f.mint("ann@example.com")
		f.clock.Advance(30 * 24 * time.Hour)
		f.wantActor("after 30 days", fresh, "")
	})
}

func TestTokensSlideOnUse(t *testing.T) {
	engines(t, func(t *testing.T, f *fixture) {
		token, _ := f.mint("ann@example.com")
		for range 4 {
			f.clock.Advance(29 * 24 * time.Hour)
			f.wantActor("used every 29 days", token, "")
		}
		f.store.FlushLastUsed(t.Context())
		f.Auth = auth.New(f.store, auth.Options{})
		f.clock.Advance(29 * 24 * time.Hour)
		f.wantActor("with nothing cached", token, "")
		f.clock.Advance(31 * 24 * time.Hour)
		f.wantActor("after 31 idle days", token, crm.TokenExpired)
	})
}

func TestSlidingSurvivesARestart(t *testing.T) {
	f := onFile(t)
	token, _ := f.mint("ann@example.com")
	for range 3 {
		f.clock.Advance(29 * 24 * time.Hour)
		f.wantActor("used every 29 days", token, "")
		f.close()
		f = openWith(t, f.clock, f.opts)
	}
}

func TestUseIsStoredOnceAMinute(t *testing.T) {
	engines(t, func(t *testing.T, f *fixture) {
		token, _ := f.mint("ann@example.com")
		start := f.clock.Now()
		for _, step := range []struct{ wait, noted time.Duration }{{0, 0}, {30 * time.Second, 0}, {29 * time.Second, 0}, {time.Second, time.Minute}, {time.Second, time.Minute}} {
			f.clock.Advance(step.wait)
			f.actor(token)
			f.store.FlushLastUsed(t.Context())
			session, found, err := account.FindSession(t.Context(), f.store, auth.Hash(token))
			if noted := time.UnixMilli(session.LastUsed).Sub(start); err != nil || !found || noted != step.noted {
				t.Errorf("%s after the start the last use is noted as %s, want %s, %v", f.clock.Now().Sub(start), noted, step.noted, err)
			}
		}
	})
}

// TestRevokeTakesEffectAtOnce checks that a token is refused as soon as Revoke has returned,
// also if other requests used it while Revoke ran.
func TestRevokeTakesEffectAtOnce(t *testing.T) {
	engines(t, func(t *testing.T, f *fixture) {
		for range 10 {
			f.revokeInUse()
		}
	})
}

// busy is a token that several goroutines use while it is revoked.
type busy struct {
	f              *fixture
	token          string
	revoked, stop  atomic.Bool
	uses, refusals atomic.Int64
}

func (b *busy) use() {
	for !b.stop.Load() {
		late := b.revoked.Load()
		if !late {
			b.f.clock.Advance(time.Second) // ends the cached session, so there are reads during the revocation
		}
		_, err := b.f.Actor(b.f.t.Context(), b.token)
		if code := codeOf(err); late && code != crm.InvalidToken || code != "" && code != crm.InvalidToken {
			b.f.t.Errorf("after Revoke %v: got code %q", late, code)
			return
		}
		if b.uses.Add(1); late {
			b.refusals.Add(1)
		}
	}
}

func (f *fixture) revokeInUse() {
	f.t.Helper()
	token, actor := f.mint("ann@example.com")
	b := &busy{f: f, token: token}
	var users sync.WaitGroup
	for range 20 {
		users.Go(b.use)
	}
	for b.uses.Load() < 100 && !f.t.Failed() {
		runtime.Gosched()
	}
	err := f.revoke(actor, actor.TokenID)
	b.revoked.Store(true)
	wantCode(f.t, "Revoke", err, "")
	for b.refusals.Load() < 100 && !f.t.Failed() {
		runtime.Gosched()
	}
	b.stop.Store(true)
	users.Wait()
}

func TestOnlyOwnTokensCanBeRevoked(t *testing.T) {
	engines(t, func(t *testing.T, f *fixture) {
		token, ann := f.mint("ann@example.com")
		spare, other := f.mint("ann@example.com")
		_, bob := f.mint("bob@example.com")
		wantCode(t, "another user's token", f.revoke(bob, ann.TokenID), crm.NotFound)
		wantCode(t, "an unknown token", f.revoke(ann, "tok_0000000000"), crm.NotFound)
		f.wantActor("a token others tried to revoke", token, "")
		wantCode(t, "by handle", f.revoke(ann, "token/"+other.TokenID), "")
		f.wantActor("the revoked token", spare, crm.InvalidToken)
		f.wantActor("the one that revoked it", token, "")
		wantCode(t, "twice", f.revoke(ann, other.TokenID), crm.NotFound)
	})
}

func TestBearer(t *testing.T) {
	for header, want := range map[string]string{
		"Bearer ck_x": "ck_x", "bearer ck_x": "ck_x", "BEARER  ck_x ": "ck_x", " Bearer ck_x": "ck_x",
		"": "", "Bearer": "", "Bearer ": "", "Basic ck_x": "", "ck_x": "", "Bearerck_x": "",
	} {
		if got := auth.Bearer(header); got != want {
			t.Errorf("Bearer(%q) is %q, want %q", header, got, want)
		}
	}
}

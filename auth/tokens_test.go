package auth_test

import (
	"database/sql"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"crmkit/auth"
	"crmkit/crm"
	"crmkit/store"
	"crmkit/store/account"
)

// held is a token in the model.
type held struct {
	name   string
	secret string
	made   int
	used   time.Time
}

// oldest returns the least recently used of the tokens that fit.
func oldest(list map[string]held, fits func(held) bool) (id string, found bool) {
	for candidate, h := range list {
		if best := list[id]; fits(h) && (!found || h.used.Before(best.used) || h.used.Equal(best.used) && h.made < best.made) {
			id, found = candidate, true
		}
	}
	return id, found
}

// replacedByToken returns the token that is replaced when a token makes another: an idle one.
func replacedByToken(list map[string]held, _ string, now time.Time) (id string, found bool) {
	return oldest(list, func(h held) bool { return now.Sub(h.used) >= store.IdleLimit })
}

// replacedBySignIn returns the token that a sign-in replaces: an idle one, otherwise one with the
// same name, otherwise the oldest.
func replacedBySignIn(list map[string]held, name string, now time.Time) (id string, found bool) {
	if id, found = replacedByToken(list, name, now); !found {
		if id, found = oldest(list, func(h held) bool { return h.name == name }); !found {
			return oldest(list, func(held) bool { return true })
		}
	}
	return id, found
}

// tokenModel runs the rule by which tokens of one user replace each other, and the real thing.
type tokenModel struct {
	t         *testing.T
	f         *fixture
	seed      uint64
	live, all map[string]held
}

// signIn makes a token by a sign-in.
func (m *tokenModel) signIn(name string) {
	in, err := m.f.MintToken(m.t.Context(), "ann@example.com", name)
	m.add(name, replacedBySignIn, in, err)
}

// use uses a token, and reports whether it still works.
func (m *tokenModel) use(h held) (actor crm.Actor, works bool) {
	actor, err := m.f.Actor(m.t.Context(), h.secret)
	if err == nil {
		h.used = m.f.clock.Now()
		m.live[actor.TokenID] = h
	}
	return actor, err == nil
}

// createBy makes a token with another one.
func (m *tokenModel) createBy(h held, name string) {
	actor, works := m.use(h)
	if !works {
		return
	}
	var in auth.SignedIn
	err := m.f.store.Write(m.t.Context(), actor, func(tx *store.Tx) (err error) {
		in, err = m.f.CreateTokenFor(tx, name, "")
		return err
	})
	m.add(name, replacedByToken, in, err)
}

// add compares the result of making a token with the rule, and adds the token to the model.
func (m *tokenModel) add(name string, replaced func(map[string]held, string, time.Time) (string, bool), in auth.SignedIn, err error) {
	m.t.Helper()
	goes, found := "", true
	if len(m.live) >= account.MaxTokens {
		goes, found = replaced(m.live, name, m.f.clock.Now())
	}
	if !found {
		wantCode(m.t, "one more than there may be", err, crm.PlanLimitReached)
		return
	}
	if err != nil {
		m.t.Fatalf("seed %d: a token named %s with %d others: %v", m.seed, name, len(m.live), err)
	}
	delete(m.live, goes)
	m.all[in.TokenID] = held{name, in.Token, len(m.all), m.f.clock.Now()}
	m.live[in.TokenID] = m.all[in.TokenID]
}

// check compares the tokens that work with the model.
func (m *tokenModel) check() {
	for id, h := range m.all {
		_, lives := m.live[id]
		_, found, err := account.FindSession(m.t.Context(), m.f.store, auth.Hash(h.secret))
		if err != nil || found != lives {
			m.t.Fatalf("seed %d: %s %+v is there: %t, the model says %t, %v", m.seed, id, h, found, lives, err)
		}
	}
	if len(m.live) > account.MaxTokens {
		m.t.Fatalf("seed %d: %d tokens live", m.seed, len(m.live))
	}
}

// TestTokensOfAUserAreBounded makes, uses and leaves tokens of one user at random and
// compares the tokens that work with a model of the rule.
func TestTokensOfAUserAreBounded(t *testing.T) {
	for seed := range uint64(8) {
		rng := rand.New(rand.NewPCG(seed, 1))
		f := openAt(t, store.Memory)
		m := &tokenModel{t: t, f: f, seed: seed, live: map[string]held{}, all: map[string]held{}}
		for i := range 95 {
			m.signIn(fmt.Sprint("agent ", i%40))
			f.clock.Advance(time.Minute)
		}
		for range 60 {
			ids := slices.Sorted(maps.Keys(m.live))
			some := m.live[ids[rng.IntN(len(ids))]]
			name := fmt.Sprint("agent ", 30+rng.IntN(20))
			switch rng.IntN(5) {
			case 0, 1:
				m.signIn(name)
			case 2:
				m.createBy(some, name)
			case 3:
				m.use(some)
			case 4:
				f.clock.Advance(time.Duration(2+rng.IntN(20*24*60)) * time.Minute)
			}
			f.clock.Advance(2 * time.Minute)
		}
		m.check()
		f.close()
	}
}

// TestDailySignInAlwaysWorks checks that an agent can sign in with a code every day, without
// reaching the limit of tokens.
func TestDailySignInAlwaysWorks(t *testing.T) {
	f := openAt(t, store.Memory)
	for day := range 150 {
		for agent := range 4 {
			in, err := f.signIn(auth.Credentials{Email: "ann@example.com", TokenName: fmt.Sprint("agent ", agent)})
			if err != nil {
				t.Fatalf("day %d: %v", day, err)
			}
			f.actor(in.Token)
		}
		f.clock.Advance(6 * time.Hour)
	}
}

// TestCodesAreStoredAsHMAC checks that a code cannot be found in the file, neither as text nor by
// hashing all codes of six digits.
func TestCodesAreStoredAsHMAC(t *testing.T) {
	f := onFile(t)
	_, ann := f.mint("ann@example.com")
	code, stepUp := f.ask("ann@example.com"), f.stepUpCode(ann, promote)
	wantCode(t, "a try for another", f.try("bob@example.com", code), crm.InvalidCode)
	db, err := sql.Open("sqlite", "file:"+f.opts.Path+"?_pragma=busy_timeout(10000)&_pragma=query_only(1)")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	rows, err := db.QueryContext(t.Context(), "SELECT purpose || char(10) || email, hash FROM codes UNION ALL SELECT name, '' FROM limits")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var what, hash string
		if err := rows.Scan(&what, &hash); err != nil {
			t.Fatal(err)
		}
		for _, code := range []string{code, stepUp} {
			if strings.Contains(what, code) || hash == auth.Hash(what+"\n"+code) || hash == auth.Hash(code) {
				t.Errorf("%s is found beside %q: %s", code, what, hash)
			}
		}
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
}

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

// held is what the model knows of a token of ann.
type held struct {
	name   string
	secret string
	made   int
	used   time.Time
}

// place returns which token the rule lets make place for one of the name; found is
// false where none may.
func place(list map[string]held, name string, signIn bool, now time.Time) (id string, found bool) {
	oldest := func(fits func(held) bool) {
		for candidate, h := range list {
			if best := list[id]; fits(h) && (!found || h.used.Before(best.used) || h.used.Equal(best.used) && h.made < best.made) {
				id, found = candidate, true
			}
		}
	}
	oldest(func(h held) bool { return now.Sub(h.used) >= store.IdleLimit })
	if !found && signIn {
		if oldest(func(h held) bool { return h.name == name }); !found {
			oldest(func(held) bool { return true })
		}
	}
	return id, found
}

// TestTokensOfAUserAreBounded makes, uses and leaves tokens of one user at random and
// compares those that live with a model of the rule.
func TestTokensOfAUserAreBounded(t *testing.T) {
	for seed := range uint64(8) {
		rng := rand.New(rand.NewPCG(seed, 1))
		f := openAt(t, store.Memory)
		live, all := map[string]held{}, map[string]held{}
		add := func(name string, make func(name string) (auth.SignedIn, error), signIn bool) {
			goes, found := "", true
			if len(live) >= account.MaxTokens {
				goes, found = place(live, name, signIn, f.clock.Now())
			}
			in, err := make(name)
			if !found {
				wantCode(t, "one more than there may be", err, crm.PlanLimitReached)
				return
			}
			if err != nil {
				t.Fatalf("seed %d: a token named %s with %d others: %v", seed, name, len(live), err)
			}
			delete(live, goes)
			all[in.TokenID] = held{name, in.Token, len(all), f.clock.Now()}
			live[in.TokenID] = all[in.TokenID]
		}
		signIn := func(name string) (auth.SignedIn, error) { return f.MintToken(t.Context(), "ann@example.com", name) }
		for i := range 95 {
			add(fmt.Sprint("agent ", i%40), signIn, true)
			f.clock.advance(time.Minute)
		}
		for range 60 {
			ids := slices.Sorted(maps.Keys(live))
			some := live[ids[rng.IntN(len(ids))]]
			name := fmt.Sprint("agent ", 30+rng.IntN(20))
			switch rng.IntN(5) {
			case 0, 1:
				add(name, signIn, true)
			case 2:
				if actor, err := f.Actor(t.Context(), some.secret); err == nil {
					some.used = f.clock.Now()
					live[actor.TokenID] = some
					add(name, func(name string) (in auth.SignedIn, err error) {
						err = f.store.Write(t.Context(), actor, func(tx *store.Tx) (err error) {
							in, err = f.CreateTokenFor(tx, name, "")
							return err
						})
						return in, err
					}, false)
				}
			case 3:
				if actor, err := f.Actor(t.Context(), some.secret); err == nil {
					some.used = f.clock.Now()
					live[actor.TokenID] = some
				}
			case 4:
				f.clock.advance(time.Duration(2+rng.IntN(20*24*60)) * time.Minute)
			}
			f.clock.advance(2 * time.Minute)
		}
		for id, h := range all {
			_, lives := live[id]
			_, found, err := account.FindSession(t.Context(), f.store, auth.Hash(h.secret))
			if err != nil || found != lives {
				t.Fatalf("seed %d: %s %+v is there: %t, the model says %t, %v", seed, id, h, found, lives, err)
			}
		}
		if len(live) > account.MaxTokens {
			t.Fatalf("seed %d: %d tokens live", seed, len(live))
		}
		f.close()
	}
}

// An agent that signs in by a code every day gets in every day.
func TestDailySignInIsNeverRefused(t *testing.T) {
	f := openAt(t, store.Memory)
	for day := range 150 {
		for agent := range 4 {
			in, err := f.signIn(auth.Credentials{Email: "ann@example.com", TokenName: fmt.Sprint("agent ", agent)})
			if err != nil {
				t.Fatalf("day %d: %v", day, err)
			}
			f.actor(in.Token)
		}
		f.clock.advance(6 * time.Hour)
	}
}

// Codes are found in the file neither as they are nor by hashing all there are.
func TestCodesAreKeptUnderAKey(t *testing.T) {
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

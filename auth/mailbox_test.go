package auth_test

import (
	"fmt"
	"maps"
	"testing"
	"time"

	"pgregory.net/rapid"

	"crmkit/auth"
	"crmkit/crm"
	"crmkit/store"
	"crmkit/store/account"
)

// Tags make no more guesses: whoever asks for and tries codes of a mailbox, under whichever
// tags and from whichever networks, has one code of six digits at once to guess at, and 15
// guesses in a day. A right code is taken for its own address alone.
func TestTagsGiveNoMoreGuesses(t *testing.T) {
	emails := []string{"ann@example.com", "ann+a@example.com", "ann+b@example.com", "ann+c@example.com"}
	rapid.Check(t, func(rt *rapid.T) {
		f := openAt(t, store.Memory)
		defer f.close()
		type slot struct{ network, email string }
		type mailed struct {
			code string
			ends time.Time
		}
		live, begun, looked := map[slot]mailed{}, f.clock.Now(), 0 // codes of six digits
		dead := func(_ slot, m mailed) bool { return !m.ends.After(f.clock.Now()) }
		draw := func(t *rapid.T) slot {
			return slot{fmt.Sprintf("203.0.113.%d", rapid.IntRange(1, 3).Draw(t, "network")), rapid.SampledFrom(emails).Draw(t, "email")}
		}
		rt.Repeat(map[string]func(*rapid.T){
			"ask": func(t *rapid.T) {
				at := draw(t)
				_, code, err := f.Request(t.Context(), at.network, at.email)
				if err != nil {
					return
				}
				if delete(live, at); short(code) {
					live[at] = mailed{code, f.clock.Now().Add(account.CodeLife)}
				}
				if maps.DeleteFunc(live, dead); len(live) > 1 {
					t.Errorf("several codes of the mailbox can be guessed: %v", live)
				}
			},
			"guess": func(t *rapid.T) {
				at := draw(t)
				maps.DeleteFunc(live, dead)
				for i := range rapid.IntRange(1, 6).Draw(t, "times") {
					guess, lucky := fmt.Sprintf("%06d", 1000*looked+i), false
					for aim, m := range live {
						lucky = lucky || aim.email == at.email && m.code == guess
					}
					_, err := f.Verify(t.Context(), at.network, auth.Credentials{Email: at.email, Code: guess, WorkspaceID: "ws_none"})
					if lucky {
						continue
					}
					for aim := range live {
						if aim.email == at.email && codeOf(err) == crm.InvalidCode {
							looked++
						}
					}
				}
				if looked > 15 {
					t.Errorf("%d guesses in a day", looked)
				}
			},
			"another address": func(t *rapid.T) {
				at := draw(t)
				for aim, m := range live {
					if aim.email != at.email && f.letsIn(at.network, at.email, m.code) {
						t.Errorf("a code for %s signs %s in", aim.email, at.email)
					}
				}
			},
			"wait": func(t *rapid.T) {
				by := time.Duration(rapid.IntRange(1, 20).Draw(t, "minutes")) * time.Minute
				if f.clock.Now().Add(by).Sub(begun) >= 24*time.Hour {
					t.Skip("the day is over")
				}
				f.clock.advance(by)
			},
		})
	})
}

// Of the codes for tags of a mailbox that live at once one has six digits; all are taken.
func TestTagsAskedForAtOnce(t *testing.T) {
	engines(t, func(t *testing.T, f *fixture) {
		for tag := range 5 {
			email := fmt.Sprintf("ann+%d@example.com", tag)
			code := f.ask(email)
			if short(code) != (tag == 0) {
				t.Errorf("the code for %s is %q", email, code)
			}
			if tag > 0 {
				wantCode(t, "the code for "+email, f.try(email, code), "")
			}
		}
	})
}

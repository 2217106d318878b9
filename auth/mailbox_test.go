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

// tagged is an address at a network.
type tagged struct{ network, email string }

// mailedTags is a model of the codes of the tagged addresses of one mailbox.
type mailedTags struct {
	f       *fixture
	live    map[tagged]mailedCode // codes of six digits
	begun   time.Time
	guesses int // tries that were compared with a code
}

type mailedCode struct {
	code string
	ends time.Time
}

// drawTagged draws an address of the mailbox and a network.
func drawTagged(t *rapid.T) tagged {
	emails := []string{"ann@example.com", "ann+a@example.com", "ann+b@example.com", "ann+c@example.com"}
	return tagged{fmt.Sprintf("203.0.113.%d", rapid.IntRange(1, 3).Draw(t, "network")), rapid.SampledFrom(emails).Draw(t, "email")}
}

// expire removes the codes that are too old.
func (m *mailedTags) expire() {
	maps.DeleteFunc(m.live, func(_ tagged, c mailedCode) bool { return !c.ends.After(m.f.clock.Now()) })
}

func (m *mailedTags) ask(t *rapid.T) {
	at := drawTagged(t)
	_, code, err := m.f.Request(t.Context(), at.network, at.email)
	if err != nil {
		return
	}
	if delete(m.live, at); short(code) {
		m.live[at] = mailedCode{code, m.f.clock.Now().Add(account.CodeLife)}
	}
	if m.expire(); len(m.live) > 1 {
		t.Errorf("several codes of the mailbox can be guessed: %v", m.live)
	}
}

func (m *mailedTags) guess(t *rapid.T) {
	at := drawTagged(t)
	m.expire()
	for i := range rapid.IntRange(1, 6).Draw(t, "times") {
		guess, lucky := fmt.Sprintf("%06d", 1000*m.guesses+i), false
		for aim, c := range m.live {
			lucky = lucky || aim.email == at.email && c.code == guess
		}
		_, err := m.f.Verify(t.Context(), at.network, auth.Credentials{Email: at.email, Code: guess, WorkspaceID: "ws_none"})
		if lucky {
			continue
		}
		for aim := range m.live {
			if aim.email == at.email && codeOf(err) == crm.InvalidCode {
				m.guesses++
			}
		}
	}
	if m.guesses > 15 {
		t.Errorf("%d guesses in a day", m.guesses)
	}
}

// otherAddress tries a code for another address of the mailbox than its own.
func (m *mailedTags) otherAddress(t *rapid.T) {
	at := drawTagged(t)
	for aim, c := range m.live {
		if aim.email != at.email && m.f.letsIn(at.network, at.email, c.code) {
			t.Errorf("a code for %s signs %s in", aim.email, at.email)
		}
	}
}

func (m *mailedTags) wait(t *rapid.T) {
	by := time.Duration(rapid.IntRange(1, 20).Draw(t, "minutes")) * time.Minute
	if m.f.clock.Now().Add(by).Sub(m.begun) < 24*time.Hour { // the model counts the guesses of one day
		m.f.clock.Advance(by)
	}
}

// TestTagsDoNotAddGuesses requests codes of a mailbox and tries them at random, with any tag and
// from any network. At most one code of six digits is valid at a time, and 15 guesses a day are
// compared with it. A right code works only for its own address.
func TestTagsDoNotAddGuesses(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		f := openAt(t, store.Memory)
		defer f.close()
		m := &mailedTags{f: f, live: map[tagged]mailedCode{}, begun: f.clock.Now()}
		rt.Repeat(map[string]func(*rapid.T){"ask": m.ask, "guess": m.guess, "another address": m.otherAddress, "wait": m.wait})
	})
}

// TestParallelCodesForTags checks that of the valid codes for tags of a mailbox only one has six
// digits, and that all of them work.
func TestParallelCodesForTags(t *testing.T) {
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

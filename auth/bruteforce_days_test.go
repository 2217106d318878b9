package auth_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"crmkit/auth"
	"crmkit/crm"
	"crmkit/store"
)

// TestPatientGuesserCannotLockOwnerOut simulates a stranger who first requests codes until
// requests are slowed down, and then uses up the tries of each code at once. The owner must
// still be able to sign in.
func TestPatientGuesserCannotLockOwnerOut(t *testing.T) {
	f := openAt(t, store.Memory)
	const email = "ann@example.com"
	code, out := "", 0
	for minute := range 5 * 60 {
		if _, fresh, err := f.Request(t.Context(), fmt.Sprintf("203.%d.%d.1", minute/200, minute%200), email); err == nil {
			code = fresh
		}
		for i := range 6 {
			if guess := fmt.Sprintf("%06d", minute*6+i); minute >= 60 && guess != code {
				f.attack(minute, email, guess)
			}
		}
		// A right code with an unknown workspace is not used up, so it shows whether the owner could sign in.
		_, err := f.Verify(t.Context(), "192.0.2.1", auth.Credentials{Email: email, Code: code, WorkspaceID: "ws_none"})
		if out++; codeOf(err) == crm.NotAMember {
			out = 0
		}
		if out > 30 {
			t.Fatalf("at minute %d the owner has been kept out for %d minutes", minute, out)
		}
		f.clock.Advance(time.Minute)
	}
}

// TestMailsOfADayAreBounded counts the mails of an address in any 24 hours: 9 and 10 on both
// sides of a day's end, and one in each 30 minutes after that.
func TestMailsOfADayAreBounded(t *testing.T) {
	for what, asks := range map[string]func(minute int) bool{
		"all the time":            func(int) bool { return true },
		"most at the end of days": func(minute int) bool { return minute == 0 || minute >= 24*60-21 },
	} {
		f := openAt(t, store.Memory)
		var mails []int
		most := 0
		for minute := range 3 * 24 * 60 {
			if asks(minute) {
				if _, _, err := f.Request(t.Context(), fmt.Sprintf("203.%d.%d.1", minute/200, minute%200), "ann@example.com"); err == nil {
					mails = append(mails, minute)
				}
			}
			for minute-mails[0] >= 24*60 {
				mails = mails[1:]
			}
			most = max(most, len(mails))
			f.clock.Advance(time.Minute)
		}
		if most > 67 {
			t.Errorf("who asks %s makes %d mails in 24 hours", what, most)
		}
	}
}

func TestGuessesOfADaySurviveARestart(t *testing.T) {
	f := onFile(t)
	for range 2 {
		code := f.ask("ann@example.com")
		for i := range 5 {
			wantCode(t, "a wrong guess", f.try("ann@example.com", fmt.Sprintf("%06d", wrongNumber(code, i))), crm.InvalidCode)
		}
		f.clock.Advance(10 * time.Minute)
		f.close()
		f = openWith(t, f.clock, f.opts)
	}
	if code := f.ask("ann@example.com"); short(code) {
		t.Errorf("after ten guesses and two restarts the code is %q", code)
	}
}

// deck is a source of randomness that returns chosen short codes, one after the other, and
// pseudorandom bytes for everything else.
type deck struct {
	codes []string
	rest  *rand.ChaCha8
}

func (d *deck) Read(p []byte) (int, error) {
	if len(p) != 8 || len(d.codes) == 0 { // a code of six digits reads eight bytes
		return d.rest.Read(p)
	}
	copy(p, "\x00\x00\x00\x00\x00\x00\x00\x00")
	for i, digit := range d.codes[0] {
		p[i] = byte(digit - '0')
	}
	d.codes = d.codes[1:]
	return len(p), nil
}

// TestLimitedCodeIsNotIssued checks that the eleventh try of the same digits is refused, even
// where they are right, and that no new code has these digits.
func TestLimitedCodeIsNotIssued(t *testing.T) {
	f := openAt(t, store.Memory)
	f.close()
	cards := &deck{rest: rand.NewChaCha8([32]byte{2}), codes: []string{"424242"}}
	for range 10 {
		cards.codes = append(cards.codes, "111111")
	}
	cards.codes = append(cards.codes, "424242", "424242", "565656")
	f.opts.Rand = cards
	f = openWith(t, f.clock, f.opts)
	if code := f.ask("owner@example.com"); code != "424242" {
		t.Fatalf("dealt %q", code)
	}
	for i := range 10 {
		email := fmt.Sprintf("u%d@example.com", i)
		f.askFrom(i, email)
		if got := f.attack(i, email, "424242"); got != crm.InvalidCode {
			t.Errorf("try %d: %s", i+1, got)
		}
	}
	wantCode(t, "the right code, of a stopped value", f.try("owner@example.com", "424242"), crm.RateLimited)
	code := f.ask("owner@example.com")
	if code != "565656" {
		t.Errorf("the next code is %q", code)
	}
	wantCode(t, "the next code", f.try("owner@example.com", code), "")
}

func TestInviterAddressIsNotALink(t *testing.T) {
	p := openAt(t, store.Memory).byMail()
	_, eve := p.mint("x/@evil.example")
	wantCode(t, "inviting", p.invite(eve, "bob@example.com"), "")
	if l := p.next(); strings.Contains(l.text, "evil.example") {
		t.Errorf("a page of the inviter's choice:\n%s", l.text)
	}
}

package auth_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"crmkit/auth"
	"crmkit/crm"
	"crmkit/store"
)

// attack tries one code of an address from a network of the attacker's.
func (f *fixture) attack(network int, email, code string) crm.Code {
	_, err := f.Verify(f.t.Context(), fmt.Sprintf("203.0.%d.1", network%256), auth.Credentials{Email: email, Code: code})
	return codeOf(err)
}

// short reports whether a code is one of six digits.
func short(code string) bool { return len(code) == 6 }

func TestTenGuessesADayThenLongCodes(t *testing.T) {
	engines(t, func(t *testing.T, f *fixture) {
		code := f.ask("ann@example.com")
		for i := range 10 {
			if i == 5 {
				f.clock.advance(10 * time.Minute)
				code = f.ask("ann@example.com")
			}
			wantCode(t, "a wrong guess", f.try("ann@example.com", fmt.Sprintf("%06d", wrongNumber(code, i))), crm.InvalidCode)
		}
		wantCode(t, "the right six digits after ten wrong guesses", f.try("ann@example.com", code), crm.RateLimited)
		long := f.ask("ann@example.com")
		if short(long) || len(long) != 12 {
			t.Fatalf("the code after ten wrong guesses is %q", long)
		}
		for i := range 20 {
			wantCode(t, "six digits against a long code", f.try("ann@example.com", fmt.Sprintf("%06d", i)), crm.RateLimited)
			wantCode(t, "a wrong long code", f.try("ann@example.com", fmt.Sprintf("%012d", i)), crm.InvalidCode)
		}
		wantCode(t, "the long code, as people pass it on", f.try("ann@example.com", " "+strings.ToUpper(long[:4])+"-"+long[4:]), "")
		if other := f.ask("bob@example.com"); !short(other) {
			t.Errorf("another address got %q", other)
		}
		f.clock.advance(24 * time.Hour)
		if next := f.ask("ann@example.com"); !short(next) {
			t.Errorf("a day later the code is %q", next)
		}
	})
}

// wrongNumber returns the ith number that is not the code.
func wrongNumber(code string, i int) int {
	if n := fmt.Sprintf("%06d", i); n != code {
		return i
	}
	return 999_000 + i
}

// Only wrong tries of a live code are guesses.
func TestWhatIsNoGuess(t *testing.T) {
	engines(t, func(t *testing.T, f *fixture) {
		for range 30 {
			wantCode(t, "a try without a code", f.try("ann@example.com", "123456"), crm.InvalidCode)
			f.clock.advance(time.Minute)
		}
		for range 15 {
			wantCode(t, "a right code", f.try("ann@example.com", f.ask("ann@example.com")), "")
			f.clock.advance(10 * time.Minute)
		}
		code := f.ask("ann@example.com")
		for i := range 30 {
			f.attack(i, "ann@example.com", fmt.Sprintf("%06d", wrongNumber(code, i)))
		}
		f.clock.advance(10 * time.Minute)
		if code := f.ask("ann@example.com"); !short(code) {
			t.Errorf("five guesses, and 25 tries of a dead code, count as ten: %q", code)
		}
	})
}

// TestGuesserIsBoundedAndLocksNobodyOut simulates a stranger who guesses and asks
// all the time, from a new network every minute, for two days: he gets few
// guesses, and the owner of the address can always sign in within 30 minutes.
func TestGuesserIsBoundedAndLocksNobodyOut(t *testing.T) {
	if testing.Short() {
		t.Skip("left out: tests that take minutes")
	}
	f := openAt(t, store.Memory)
	const email = "ann@example.com"
	looked, mails, since := map[int]int{}, map[int]int{}, time.Duration(0)
	for minute := range 2 * 24 * 60 {
		day := minute / (24 * 60)
		_, code, err := f.Request(t.Context(), fmt.Sprintf("203.%d.%d.1", minute/200, minute%200), email)
		if err == nil {
			mails[day]++
		}
		for i := range 8 { // the stranger is always first
			guess := fmt.Sprintf("%06d", (minute*8+i)%1_000_000)
			if guess != code && f.attack(minute, email, guess) == crm.InvalidCode && err == nil { // else there is no code
				looked[day]++
			}
		}
		f.clock.advance(30 * time.Second)
		if since += time.Minute; err == nil && f.try(email, code) == nil { // the owner reads the mail
			since = 0
		}
		if since > 30*time.Minute {
			t.Fatalf("at minute %d the owner has been kept out for %s", minute, since)
		}
		f.clock.advance(30 * time.Second)
	}
	for day := range 2 {
		if looked[day] > 50 || mails[day] < 24 {
			t.Errorf("day %d: %d guesses were looked at, %d mails went out", day, looked[day], mails[day])
		}
	}
}

// One value tried on many addresses is stopped, wherever it comes from, and is
// given to nobody meanwhile.
func TestSprayedValueIsStopped(t *testing.T) {
	engines(t, func(t *testing.T, f *fixture) {
		refused := 0
		for i := range 30 {
			email := fmt.Sprintf("u%d@example.com", i)
			if code := f.askFrom(i, email); code == "424242" {
				continue
			}
			if f.attack(i, email, "424242") == crm.RateLimited {
				refused++
			}
		}
		if refused < 19 {
			t.Errorf("%d of 30 tries of one value were refused, want 20", refused)
		}
		f.clock.advance(24 * time.Hour)
		f.askFrom(1, "u1@example.com")
		if got := f.attack(1, "u1@example.com", "424242"); got == crm.RateLimited {
			t.Error("the value is refused a day later")
		}
	})
}

func (f *fixture) askFrom(network int, email string) string {
	f.t.Helper()
	_, code, err := f.Request(f.t.Context(), fmt.Sprintf("198.51.%d.1", network%256), email)
	if err != nil {
		f.t.Fatalf("Request %s: %v", email, err)
	}
	return code
}

// Many wrong guesses on the whole server make every code long.
func TestGuessesOnTheServerMakeCodesLong(t *testing.T) {
	f := openAt(t, store.Memory)
	for i := range 200 {
		email := fmt.Sprintf("u%d@example.com", i)
		code := f.askFrom(i/50, email)
		for j := range 5 {
			if got := f.attack(i/10, email, fmt.Sprintf("%06d", wrongNumber(code, i*5+j))); got != crm.InvalidCode {
				t.Fatalf("guess %d of %s: %s", j, email, got)
			}
		}
	}
	if code := f.askFrom(250, "new@example.com"); short(code) {
		t.Errorf("after 1000 wrong guesses a code is %q", code)
	} else if err := f.try("new@example.com", code); err != nil {
		t.Error(err)
	}
}

func TestAskingSlowsDown(t *testing.T) {
	engines(t, func(t *testing.T, f *fixture) {
		got := 0
		for minute := range 24 * 60 {
			if _, _, err := f.Request(t.Context(), fmt.Sprintf("203.%d.%d.1", minute/200, minute%200), "ann@example.com"); err == nil {
				got++
			}
			f.clock.advance(time.Minute)
		}
		if got < 10+40 || got > 10+49 {
			t.Errorf("an address asked for every minute got %d codes in a day", got)
		}
		_, code, err := f.Request(t.Context(), "192.0.2.1", "ann@example.com")
		for err != nil {
			f.clock.advance(time.Minute)
			_, code, err = f.Request(t.Context(), "192.0.2.1", "ann@example.com")
		}
		wantCode(t, "the owner", f.try("ann@example.com", code), "")
		for range 5 {
			f.ask("ann@example.com") // a right code forgives the asking
		}
	})
}

// Addresses may hold what formats and JSON are made of.
func TestOddAddressesInHints(t *testing.T) {
	f := openAt(t, store.Memory)
	const email = "a%s%d@example.com"
	code := f.ask(email)
	for i := range 12 {
		err := f.try(email, fmt.Sprintf("%06d", wrongNumber(code, i)))
		if err == nil || strings.Contains(err.Error(), "%!") || strings.Contains(err.Error(), "EXTRA") {
			t.Errorf("hint: %v", err)
		}
		if i == 4 {
			f.clock.advance(10 * time.Minute)
			code = f.ask(email)
		}
	}
}

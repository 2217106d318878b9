package auth_test

import (
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"crmkit/auth"
	"crmkit/crm"
	"crmkit/store"
	"crmkit/store/account"
)

// attack tries one code of an address from a network of the attacker's.
func (f *fixture) attack(network int, email, code string) crm.Code {
	return codeOf(f.from(network, email, code))
}

func (f *fixture) from(network int, email, code string) error {
	_, err := f.Verify(f.t.Context(), fmt.Sprintf("203.0.%d.1", network%256), auth.Credentials{Email: email, Code: code})
	return err
}

// short reports whether a code is one of six digits.
func short(code string) bool { return len(code) == 6 }

func TestTenGuessesADayThenLongCodes(t *testing.T) {
	engines(t, func(t *testing.T, f *fixture) {
		code := f.ask("ann@example.com")
		for i := range 10 {
			if i == 5 {
				f.clock.Advance(10 * time.Minute)
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
		f.clock.Advance(24 * time.Hour)
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

// TestTriesThatAreNotGuesses checks that only wrong tries of a valid code are counted as guesses.
func TestTriesThatAreNotGuesses(t *testing.T) {
	engines(t, func(t *testing.T, f *fixture) {
		for range 30 {
			wantCode(t, "a try without a code", f.try("ann@example.com", "123456"), crm.InvalidCode)
			f.clock.Advance(time.Minute)
		}
		for range 15 {
			wantCode(t, "a right code", f.try("ann@example.com", f.ask("ann@example.com")), "")
			f.clock.Advance(10 * time.Minute)
		}
		code := f.ask("ann@example.com")
		for i := range 30 {
			f.attack(i, "ann@example.com", fmt.Sprintf("%06d", wrongNumber(code, i)))
		}
		f.clock.Advance(10 * time.Minute)
		if code := f.ask("ann@example.com"); !short(code) {
			t.Errorf("five guesses, and 25 tries of a dead code, count as ten: %q", code)
		}
	})
}

// TestGuesserIsLimitedAndCannotLockOwnerOut simulates a stranger who guesses and requests codes
// for two days, from a new network every minute. The stranger gets few guesses and few mails,
// and the owner of the address can sign in with the last mail, from a network that was never
// used before.
func TestGuesserIsLimitedAndCannotLockOwnerOut(t *testing.T) {
	if testing.Short() {
		t.Skip("left out: tests that take minutes")
	}
	f := openAt(t, store.Memory)
	const email = "ann@example.com"
	looked, mails, last := map[int]int{}, map[int]int{}, ""
	for minute := range 2 * 24 * 60 {
		day := minute / (24 * 60)
		_, code, err := f.Request(t.Context(), fmt.Sprintf("203.%d.%d.1", minute/200, minute%200), email)
		if err == nil {
			mails[day]++
			last = code
		}
		for i := range 8 { // the stranger is always first
			guess := fmt.Sprintf("%06d", (minute*8+i)%1_000_000)
			if guess != code && f.attack(minute, email, guess) == crm.InvalidCode && short(last) {
				looked[day]++
			}
		}
		f.clock.Advance(30 * time.Second)
		if minute > 0 && !f.letsIn(fmt.Sprintf("192.%d.%d.1", minute/200, minute%200), email, last) {
			t.Fatalf("at minute %d the owner is kept out", minute)
		}
		f.clock.Advance(30 * time.Second)
	}
	for day := range 2 {
		if looked[day] > 15 || mails[day] > 67 {
			t.Errorf("day %d: %d guesses were looked at, %d mails went out", day, looked[day], mails[day])
		}
	}
}

// letsIn reports whether the code would sign the address in. It names a workspace that does not
// exist, so the code is not used up and no counter is reset.
func (f *fixture) letsIn(network, email, code string) bool {
	_, err := f.Verify(f.t.Context(), network, auth.Credentials{Email: email, Code: code, WorkspaceID: "ws_none"})
	return codeOf(err) == crm.NotAMember
}

// mailedCodes is a model of the codes of one address that were requested from many networks.
type mailedCodes struct {
	f         *fixture
	rt        *rapid.T
	email     string
	byNetwork map[string]string
	last      string
	live      map[string]time.Time // end of the codes of six digits
	guesses   int
	owners    int
}

// ask requests a code. It fails the test if more than one valid code can be guessed.
func (m *mailedCodes) ask(network string) {
	_, code, err := m.f.Request(m.f.t.Context(), network, m.email)
	if err != nil {
		if codeOf(err) != crm.RateLimited {
			m.rt.Fatalf("asking: %v", err)
		}
		return
	}
	if delete(m.live, m.byNetwork[network]); short(code) {
		m.live[code] = m.f.clock.Now().Add(account.CodeLife)
	}
	m.byNetwork[network], m.last = code, code
	maps.DeleteFunc(m.live, func(_ string, end time.Time) bool { return !end.After(m.f.clock.Now()) })
	if len(m.live) > 1 {
		m.rt.Fatalf("several codes can be guessed: %v", m.live)
	}
}

// guess tries wrong codes from a network.
func (m *mailedCodes) guess(t *rapid.T, network string) {
	for i := range rapid.IntRange(1, 12).Draw(t, "times") {
		code := fmt.Sprintf("%06d", 1000*m.guesses+i)
		if _, right := m.live[code]; right {
			continue // by chance this number is a mailed code
		}
		if m.f.letsIn(network, m.email, code) {
			t.Fatalf("%s signs in and was not mailed", code)
		}
	}
	m.guesses++
}

// owner signs in from a network that nobody used before, with a new code, or with the last one
// if the request for a new one is refused.
func (m *mailedCodes) owner(t *rapid.T) {
	m.owners++
	home := fmt.Sprintf("192.0.2.%d", m.owners)
	if m.ask(home); rapid.Bool().Draw(t, "strangers between") && m.last != "" {
		for i := range 6 {
			m.ask(fmt.Sprintf("203.0.113.%d", i+1))
			m.f.letsIn(fmt.Sprintf("203.0.113.%d", i+1), m.email, fmt.Sprintf("%06d", i))
		}
	}
	code := m.last
	if own := m.byNetwork[home]; own != "" {
		code = own
	}
	if code != "" && !m.f.letsIn(home, m.email, code) {
		t.Errorf("the owner is kept out with %q", code)
	}
}

// TestStrangersCannotLockOwnerOut lets strangers request codes and try them at random, from any
// number of networks. The owner can sign in with the last code from a network that was never
// used before, and at most one valid code of an address can be guessed.
func TestStrangersCannotLockOwnerOut(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		f := openAt(t, store.Memory)
		defer f.close()
		m := &mailedCodes{f: f, rt: rt, email: "ann@example.com", byNetwork: map[string]string{}, live: map[string]time.Time{}}
		network := rapid.Custom(func(t *rapid.T) string { return fmt.Sprintf("203.0.113.%d", rapid.IntRange(1, 8).Draw(t, "network")) })
		rt.Repeat(map[string]func(*rapid.T){
			"ask":   func(t *rapid.T) { m.ask(network.Draw(t, "from")) },
			"guess": func(t *rapid.T) { m.guess(t, network.Draw(t, "from")) },
			"owner": m.owner,
			"wait": func(t *rapid.T) {
				f.clock.Advance(time.Duration(rapid.IntRange(1, 40).Draw(t, "minutes")) * time.Minute)
			},
		})
	})
}

// TestNetworksHaveSeparateCodes checks that requests and wrong tries from one network do not
// affect a code that was mailed for another, and that the code works from other networks too.
func TestNetworksHaveSeparateCodes(t *testing.T) {
	engines(t, func(t *testing.T, f *fixture) {
		const email = "ann@example.com"
		code := f.ask(email)
		strangers := f.askFrom(1, email)
		if !short(code) || short(strangers) {
			t.Errorf("the codes are %q, and of the second network %q", code, strangers)
		}
		for i := range 30 {
			want := crm.InvalidCode
			if i >= 5 {
				want = crm.RateLimited
			}
			wantCode(t, "a guess from elsewhere", f.from(i+10, email, fmt.Sprintf("%06d", wrongNumber(code, i))), want)
		}
		wantHint(t, f.from(50, email, code), "ask for a new one: POST /auth/request")
		if !f.letsIn("203.0.7.1", email, strangers) {
			t.Error("a long code is good for its own network alone")
		}
		for range 4 {
			wantCode(t, "the owner's wrong tries", f.try(email, wrong(code)), crm.InvalidCode)
		}
		wantCode(t, "the owner's code", f.try(email, code), "")
		wantCode(t, "the code again", f.try(email, code), crm.RateLimited)

		f.clock.Advance(10 * time.Minute)
		code = f.askFrom(2, email)
		wantCode(t, "a code from another network than it was asked from", f.try(email, code), "")
	})
}

// TestOneCodeForManyAddressesIsLimited checks that the same digits cannot be tried on many
// addresses, from any network, and that no new code has these digits meanwhile.
func TestOneCodeForManyAddressesIsLimited(t *testing.T) {
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
		f.clock.Advance(24 * time.Hour)
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

// TestServerWideGuessesMakeCodesLong checks that after many wrong guesses on the whole server
// every new code is long.
func TestServerWideGuessesMakeCodesLong(t *testing.T) {
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

func TestCodeRequestsSlowDown(t *testing.T) {
	engines(t, func(t *testing.T, f *fixture) {
		got := 0
		for minute := range 24 * 60 {
			if _, _, err := f.Request(t.Context(), fmt.Sprintf("203.%d.%d.1", minute/200, minute%200), "ann@example.com"); err == nil {
				got++
			}
			f.clock.Advance(time.Minute)
		}
		if got < 10+40 || got > 10+49 {
			t.Errorf("an address asked for every minute got %d codes in a day", got)
		}
		_, code, err := f.Request(t.Context(), "192.0.2.1", "ann@example.com")
		for err != nil {
			f.clock.Advance(time.Minute)
			_, code, err = f.Request(t.Context(), "192.0.2.1", "ann@example.com")
		}
		wantCode(t, "the owner", f.try("ann@example.com", code), "")
		for range 5 {
			f.ask("ann@example.com") // a right code resets the limit of requests
		}
	})
}

// TestOddAddressesInHints uses addresses with the verbs of fmt and the quotes of JSON.
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
			f.clock.Advance(10 * time.Minute)
			code = f.ask(email)
		}
	}
}

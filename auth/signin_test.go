package auth_test

import (
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	"crmkit/auth"
	"crmkit/crm"
	"crmkit/crm/catalog"
	"crmkit/store"
)

func TestRightCodeSignsInOnce(t *testing.T) {
	engines(t, func(t *testing.T, f *fixture) {
		code := f.ask("ann@example.com")
		if len(code) != 6 || strings.Trim(code, "0123456789") != "" {
			t.Errorf("the code is %q", code)
		}
		in, err := f.Verify(t.Context(), "192.0.2.1", auth.Credentials{Email: " Ann@Example.COM ", Code: code, TokenName: "Cursor"})
		if err != nil {
			t.Fatal(err)
		}
		actor := f.actor(in.Token)
		if actor.Email != "ann@example.com" || actor.TokenID != in.TokenID || actor.TokenName != "Cursor" ||
			actor.Scope != crm.ScopeFull || actor.WorkspaceID != in.Workspace.ID || actor.Plan != catalog.DefaultPlan {
			t.Errorf("the token stands for %+v", actor)
		}
		if len(in.Workspaces) != 1 || in.Workspace.Role != "admin" {
			t.Errorf("the first sign-in made %+v", in.Workspaces)
		}
		wantCode(t, "a used code", f.try("ann@example.com", code), crm.InvalidCode)
	})
}

func TestSigningInAgainFindsTheSameWorkspace(t *testing.T) {
	engines(t, func(t *testing.T, f *fixture) {
		first, err := f.Verify(t.Context(), "", auth.Credentials{Email: "ann@example.com", Code: f.ask("ann@example.com")})
		if err != nil {
			t.Fatal(err)
		}
		f.clock.Advance(time.Hour)
		second, err := f.Verify(t.Context(), "", auth.Credentials{Email: "ANN@example.com", Code: f.ask("ann@example.com")})
		if err != nil {
			t.Fatal(err)
		}
		if first.Workspace != second.Workspace || len(second.Workspaces) != 1 || first.Token == second.Token || first.TokenID == second.TokenID {
			t.Errorf("first %+v, then %+v", first, second)
		}
		if a, b := f.actor(first.Token), f.actor(second.Token); a.User != b.User || a.Workspace != b.Workspace {
			t.Errorf("first %+v, then %+v", a, b)
		}
		_, other := f.mint("bob@example.com")
		if other.WorkspaceID == first.Workspace.ID || other.User == f.actor(first.Token).User {
			t.Error("another address came into the same workspace")
		}
	})
}

func TestCodesThatDoNotSignIn(t *testing.T) {
	engines(t, func(t *testing.T, f *fixture) {
		wantCode(t, "a code nobody asked for", f.try("none@example.com", "123456"), crm.InvalidCode)
		code := f.ask("ann@example.com")
		wantCode(t, "a wrong code", f.try("ann@example.com", wrong(code)), crm.InvalidCode)
		wantCode(t, "an empty code", f.try("ann@example.com", ""), crm.InvalidCode)
		f.ask("bob@example.com")
		wantCode(t, "another address's code", f.try("bob@example.com", code), crm.InvalidCode)
		fresh := f.ask("ann@example.com")
		wantCode(t, "a code that was replaced", f.try("ann@example.com", code), crm.InvalidCode)
		wantCode(t, "the newest code", f.try("ann@example.com", fresh), "")
	})
}

func TestCodesLiveTenMinutes(t *testing.T) {
	engines(t, func(t *testing.T, f *fixture) {
		code := f.ask("ann@example.com")
		f.clock.Advance(10*time.Minute - time.Millisecond)
		wantCode(t, "a code just before its end", f.try("ann@example.com", code), "")
		code = f.ask("ann@example.com")
		f.clock.Advance(10 * time.Minute)
		wantCode(t, "a code at its end", f.try("ann@example.com", code), crm.InvalidCode)
	})
}

func TestFiveWrongTriesInvalidateTheCode(t *testing.T) {
	engines(t, func(t *testing.T, f *fixture) {
		code := f.ask("ann@example.com")
		f.clock.Advance(3 * time.Minute)
		for i := range 5 {
			wantCode(t, fmt.Sprint("wrong try ", i+1), f.try("ann@example.com", wrong(code)), crm.InvalidCode)
		}
		wantWait(t, "the right code after five wrong ones", f.try("ann@example.com", code), 7*time.Minute)
		f.clock.Advance(90 * time.Second)
		if another := f.ask("ann@example.com"); short(another) {
			t.Errorf("asking for another code gave more to guess at: %q", another)
		}
		wantWait(t, "the right code later", f.try("ann@example.com", code), 5*time.Minute+30*time.Second)
		f.clock.Advance(5*time.Minute + 30*time.Second)
		if err := f.try("ann@example.com", code); err == nil {
			t.Error("the killed code came back to life")
		}
		wantCode(t, "a new code after the window", f.try("ann@example.com", f.ask("ann@example.com")), "")
	})
}

func TestAskingAgainDoesNotResetTries(t *testing.T) {
	engines(t, func(t *testing.T, f *fixture) {
		code := f.ask("ann@example.com")
		for range 3 {
			wantCode(t, "wrong", f.try("ann@example.com", wrong(code)), crm.InvalidCode)
		}
		f.clock.Advance(time.Minute)
		code = f.ask("ann@example.com")
		for range 2 {
			wantCode(t, "wrong", f.try("ann@example.com", wrong(code)), crm.InvalidCode)
		}
		wantWait(t, "the right code after 3 and 2 wrong ones", f.try("ann@example.com", code), 9*time.Minute)
	})
}

// TestExhaustedCodeStaysInvalid checks that a code whose tries are used up stays invalid, although
// it lives longer than the window in which tries are counted.
func TestExhaustedCodeStaysInvalid(t *testing.T) {
	engines(t, func(t *testing.T, f *fixture) {
		f.ask("ann@example.com")
		f.clock.Advance(9 * time.Minute)
		code := f.ask("ann@example.com")
		for range 5 {
			wantCode(t, "wrong", f.try("ann@example.com", wrong(code)), crm.InvalidCode)
		}
		wantWait(t, "the right code", f.try("ann@example.com", code), time.Minute)
		f.clock.Advance(2 * time.Minute)
		wantCode(t, "the killed code after the window", f.try("ann@example.com", code), crm.InvalidCode)
		wantCode(t, "a new one", f.try("ann@example.com", f.ask("ann@example.com")), "")
	})
}

func TestParallelTriesAreCounted(t *testing.T) {
	engines(t, func(t *testing.T, f *fixture) {
		code := f.ask("ann@example.com")
		counts := together(60, func(int) error { return f.try("ann@example.com", wrong(code)) })
		if counts[crm.InvalidCode] != 5 || counts[crm.RateLimited] != 55 {
			t.Errorf("60 parallel wrong codes: %v", counts)
		}
		wantWait(t, "the right code", f.try("ann@example.com", code), 10*time.Minute)
		f.clock.Advance(10 * time.Minute)
		wantCode(t, "after the window", f.try("ann@example.com", f.ask("ann@example.com")), "")
	})
}

func TestParallelRightTriesSignInOnce(t *testing.T) {
	engines(t, func(t *testing.T, f *fixture) {
		code := f.ask("ann@example.com")
		counts := together(20, func(int) error { return f.try("ann@example.com", code) })
		if counts[""] != 1 || counts[crm.InvalidCode] != 19 {
			t.Errorf("20 parallel right codes: %v", counts)
		}
	})
}

func TestCodeRequestsPerAddressAreLimited(t *testing.T) {
	engines(t, func(t *testing.T, f *fixture) {
		for i := range 5 {
			_, _, err := f.Request(t.Context(), fmt.Sprint("192.0.2.", i), "ann@example.com")
			wantCode(t, "asking", err, "")
		}
		f.clock.Advance(4 * time.Minute)
		_, _, err := f.Request(t.Context(), "192.0.2.200", "ANN@example.com")
		wantWait(t, "asking a sixth time", err, 6*time.Minute)
		f.clock.Advance(6 * time.Minute)
		f.ask("ann@example.com")
	})
}

func TestRequestsAndTriesPerClientAreLimited(t *testing.T) {
	engines(t, func(t *testing.T, f *fixture) {
		ask := func(client string, i int) error {
			_, _, err := f.Request(t.Context(), client, fmt.Sprintf("u%d@example.com", i))
			return err
		}
		try := func(client string, i int) error {
			_, err := f.Verify(t.Context(), client, auth.Credentials{Email: fmt.Sprintf("u%d@example.com", i), Code: fmt.Sprintf("%06d", i)})
			return err
		}
		for i := range 60 {
			wantCode(t, "asking", ask(fmt.Sprintf("2001:db8::%x", i), i), "")
		}
		wantCode(t, "the 61st question of an IPv6 network", ask("2001:db8::ffff", 98), "")
		wantWait(t, "the 62nd question of an IPv6 network", ask("2001:db8::ffff", 99), 10*time.Second)
		f.clock.Advance(10 * time.Second)
		wantCode(t, "one ten seconds later", ask("2001:db8::ffff", 99), "")
		wantWait(t, "the next", ask("2001:db8::ffff", 97), 10*time.Second)
		wantCode(t, "another network", ask("2001:db8:0:1::1", 99), "")
		for i := range 100 {
			if codeOf(try("203.0.113.9", i)) == crm.RateLimited {
				t.Fatalf("try %d of a client was refused", i)
			}
		}
		wantWait(t, "the 101st try of a client", try("::ffff:203.0.113.9", 100), 10*time.Minute)
		if codeOf(try("203.0.113.10", 100)) == crm.RateLimited {
			t.Error("another client was refused too")
		}
	})
}

// TestLimitsSurviveARestart checks that a restart does not reset limits.
func TestLimitsSurviveARestart(t *testing.T) {
	f := onFile(t)
	code := f.ask("ann@example.com")
	for range 5 {
		wantCode(t, "wrong", f.try("ann@example.com", wrong(code)), crm.InvalidCode)
	}
	f.close()
	f = openWith(t, f.clock, f.opts)
	wantWait(t, "the right code after a restart", f.try("ann@example.com", code), 10*time.Minute)
}

// TestAnswersDoNotRevealAddresses sends the same requests for an address with an account and one
// without: the answers must be the same.
func TestAnswersDoNotRevealAddresses(t *testing.T) {
	engines(t, func(t *testing.T, f *fixture) {
		f.mint("ann@example.com")
		story := func(email string) (answers []string) {
			note := func(err error) { answers = append(answers, strings.ReplaceAll(fmt.Sprint(err), email, "EMAIL")) }
			note(f.try(email, "000000"))
			code := f.ask(email)
			for range 6 {
				note(f.try(email, wrong(code)))
			}
			for range 6 {
				_, _, err := f.Request(t.Context(), "192.0.2.1", email)
				note(err)
			}
			return answers
		}
		known, unknown := story("ann@example.com"), story("new@example.com")
		if fmt.Sprint(known) != fmt.Sprint(unknown) {
			t.Errorf("a known address hears\n%s\nan unknown one\n%s", strings.Join(known, "\n"), strings.Join(unknown, "\n"))
		}
	})
}

func TestAddressesAndNamesAreChecked(t *testing.T) {
	f := openAt(t, store.Memory)
	for _, email := range []string{"", "ann", "Ann <ann@example.com>", "a@-x.com", "a@b", "a\u200b@example.com"} {
		_, _, err := f.Request(t.Context(), "", email)
		wantCode(t, "Request "+email, err, crm.InvalidEmail)
		wantCode(t, "Verify "+email, f.try(email, "123456"), crm.InvalidEmail)
		_, err = f.MintToken(t.Context(), email, "")
		wantCode(t, "Mint "+email, err, crm.InvalidEmail)
	}
	names := map[string]string{}
	for _, name := range []string{"", "  ", " Cursor ", strings.Repeat("é", 100)} {
		in, err := f.MintToken(t.Context(), "ann@example.com", name)
		wantCode(t, "Mint named "+name, err, "")
		names[name] = in.TokenName
	}
	if want := map[string]string{"": "default", "  ": "default", " Cursor ": "Cursor", strings.Repeat("é", 100): strings.Repeat("é", 100)}; !maps.Equal(names, want) {
		t.Errorf("names are %q", names)
	}
	for _, name := range []string{strings.Repeat("x", 101), "a\x00b", "a\xffb"} {
		_, err := f.MintToken(t.Context(), "ann@example.com", name)
		wantCode(t, "Mint named "+name, err, crm.InvalidValue)
	}
}

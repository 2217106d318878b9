package auth_test

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	"crmkit/auth"
	"crmkit/crm"
	"crmkit/store"
)

// TestTaggedAddressesCountAsOne checks that the tagged addresses of a mailbox (ann+x@…) share
// the limits of one address.
func TestTaggedAddressesCountAsOne(t *testing.T) {
	engines(t, func(t *testing.T, f *fixture) {
		for i := range 5 {
			_, _, err := f.Request(t.Context(), fmt.Sprintf("203.0.113.%d", i), fmt.Sprintf("ann+%d@example.com", i))
			wantCode(t, "asking for an address with a tag", err, "")
		}
		for _, email := range []string{"ann+6@example.com", "ann+a+b@example.com"} {
			_, _, err := f.Request(t.Context(), "203.0.113.9", email)
			wantWait(t, "asking for "+email, err, 10*time.Minute)
		}
		for _, email := range []string{"ann@example.com", "ann.b@example.com", "ann+1@example.org", "+ann@example.com"} {
			_, _, err := f.Request(t.Context(), "203.0.113.9", email)
			wantCode(t, "asking for "+email, err, "")
		}
		_, ann := f.mint("ann@example.com")
		for i := range 5 {
			wantCode(t, "inviting", f.invite(ann, fmt.Sprintf("eve+%d@example.com", i)), "")
		}
		wantWait(t, "inviting a sixth time", f.invite(ann, "eve@example.com"), 24*time.Hour)
	})
}

// at requests a code and signs in with it, both from one network.
func (f *fixture) at(network, email string) error {
	_, code, err := f.Request(f.t.Context(), network, email)
	if err == nil {
		_, err = f.Verify(f.t.Context(), network, auth.Credentials{Email: email, Code: code})
	}
	return err
}

// TestOthersCannotLockKnownUserOut checks that a user who has signed in from a network before
// can do so again, whatever strangers do with other addresses in this network, or with this
// address in other networks.
func TestOthersCannotLockKnownUserOut(t *testing.T) {
	for seed := range uint64(10) {
		rng := rand.New(rand.NewPCG(seed, 2))
		f := openAt(t, store.Memory)
		const office, email = "192.0.2.1", "ann@example.com"
		if err := f.at(office, email); err != nil {
			t.Fatal(err)
		}
		strangers := 0
		for range 15 {
			strangers++
			elsewhere := fmt.Sprintf("203.0.%d.1", strangers)
			switch rng.IntN(5) {
			case 0:
				for i := 0; i < 70; i++ {
					if _, _, err := f.Request(t.Context(), office, fmt.Sprintf("u%d.%d@example.org", strangers, i)); err != nil {
						break
					}
				}
			case 1:
				for i := 0; i < 110; i++ {
					_, err := f.Verify(t.Context(), office, auth.Credentials{Email: fmt.Sprintf("v%d@example.org", i), Code: fmt.Sprintf("%06d", i)})
					if codeOf(err) == crm.RateLimited {
						break
					}
				}
			case 2:
				for range 7 {
					_, _, _ = f.Request(t.Context(), elsewhere, email)
				}
			case 3:
				_, _, _ = f.Request(t.Context(), elsewhere, email)
				for i := range 12 {
					f.attack(strangers, email, fmt.Sprintf("%06d", strangers*20+i))
				}
			case 4:
				f.clock.Advance(time.Duration(1+rng.IntN(600)) * time.Minute)
			}
			if err := f.at(office, email); err != nil {
				t.Fatalf("seed %d: ann cannot sign in from where she did before: %v", seed, err)
			}
		}
		f.close()
	}
}

// TestGuessersCannotLockNewUserOut checks that a new user can sign in with a long code from a
// network that has used up its tries.
func TestGuessersCannotLockNewUserOut(t *testing.T) {
	f := openAt(t, store.Memory)
	for i := range 100 {
		_, _ = f.Verify(t.Context(), "192.0.2.1", auth.Credentials{Email: fmt.Sprintf("v%d@example.org", i), Code: fmt.Sprintf("%06d", i)})
	}
	err := f.try("new@example.com", "123456")
	wantWait(t, "six digits", err, 10*time.Minute)
	wantHint(t, err, "ask for a new one: POST /auth/request")
	code := f.ask("new@example.com")
	if short(code) {
		t.Errorf("the code is %q", code)
	}
	wantCode(t, "the long code", f.try("new@example.com", code), "")
}

// TestUsedUpTriesCannotLockNewUserOut checks that a new user whose tries were used up by others
// in the network can sign in with the next code, without waiting.
func TestUsedUpTriesCannotLockNewUserOut(t *testing.T) {
	engines(t, func(t *testing.T, f *fixture) {
		const email = "ann@example.com"
		code := f.ask(email)
		for i := range 5 {
			wantCode(t, "a stranger's guess", f.try(email, fmt.Sprintf("%06d", wrongNumber(code, i))), crm.InvalidCode)
		}
		err := f.try(email, code)
		wantWait(t, "the code that was mailed", err, 10*time.Minute)
		wantHint(t, err, "Do not wait, ask for a new one: POST /auth/request")
		next := f.ask(email)
		if short(next) {
			t.Errorf("the next code is %q", next)
		}
		wantCode(t, "six digits, of which no more are looked at", f.try(email, "123456"), crm.RateLimited)
		wantCode(t, "the next code", f.try(email, next), "")
	})
}

// TestNetworkLimitsDoNotAffectStepUps checks that requests and tries of others in the network do
// not use up the limits of a user's step-up codes.
func TestNetworkLimitsDoNotAffectStepUps(t *testing.T) {
	f := openAt(t, store.Memory)
	_, ann := f.mint("ann@example.com")
	ann.Addr = "192.0.2.1"
	for i := range 101 {
		_, _, _ = f.Request(t.Context(), ann.Addr, fmt.Sprintf("u%d@example.org", i))
		_, _ = f.Verify(t.Context(), ann.Addr, auth.Credentials{Email: fmt.Sprintf("v%d@example.org", i), Code: fmt.Sprintf("%06d", i)})
	}
	wantCode(t, "a step-up", f.stepUp(ann, promote, f.stepUpCode(ann, promote)), "")
}

// TestDeferredMailsDoNotBlockOthers checks that mails which the mail server defers do not delay
// those of others, however many are requested at once and from any network.
func TestDeferredMailsDoNotBlockOthers(t *testing.T) {
	f := openAt(t, store.Memory)
	deferred := make(chan bool, 1000)
	p := f.byRelay(func(to string) error {
		if strings.HasPrefix(to, "late") {
			deferred <- true
			return &smtp.SMTPError{Code: 451, EnhancedCode: smtp.NoEnhancedCode, Message: "not now"}
		}
		return nil
	}, auth.Options{})
	var all sync.WaitGroup
	for network := range 10 {
		all.Go(func() {
			for i := range 30 {
				_, _, err := p.Request(t.Context(), fmt.Sprintf("203.0.%d.1", network), fmt.Sprintf("late%d.%d@example.com", network, i))
				if err != nil {
					t.Errorf("asking: %v", err)
					return
				}
				<-deferred // this mail or another one was deferred
			}
		})
	}
	all.Wait()
	for i := range 5 {
		email := fmt.Sprintf("ann%d@example.com", i)
		if _, _, err := p.Request(t.Context(), "192.0.2.1", email); err != nil {
			t.Fatalf("%s: %v", email, err)
		}
		if l := p.next(); l.to != email {
			t.Errorf("the mail went to %s", l.to)
		}
	}
}

// TestFullQueueDoesNotRevealAddresses checks that with a full queue the answer is the same for
// every address, and that nothing is written.
func TestFullQueueDoesNotRevealAddresses(t *testing.T) {
	f := onFile(t)
	hang := make(chan struct{})
	p := f.byRelay(func(string) error { <-hang; return errors.New("over") }, auth.Options{})
	defer close(hang)
	_, ann := f.mint("ann@example.com")
	for i := 0; ; i++ {
		if _, found := p.sender.Reserve(fmt.Sprint(i / 64)); !found {
			break
		}
	}
	before := f.rows()
	answers := map[string]bool{}
	for _, email := range []string{"ann@example.com", "new@example.com"} {
		_, _, err := p.Request(t.Context(), "192.0.2.1", email)
		var coded *crm.Error
		if !errors.As(err, &coded) || coded.Code != crm.NotReady || coded.RetryAfter <= 0 {
			t.Errorf("%s: %v", email, err)
		}
		answers[fmt.Sprint(err)] = true
	}
	if len(answers) != 1 {
		t.Errorf("the answers differ: %v", answers)
	}
	wantCode(t, "a step-up", p.stepUp(ann, promote, ""), crm.NotReady)
	wantCode(t, "inviting", p.invite(ann, "bob@example.com"), crm.NotReady)
	if after := f.rows(); !maps.Equal(before, after) {
		t.Errorf("the tables had %v rows, and have %v", before, after)
	}
}

// TestInviteOnlyServerSendsStrangersNoMail checks that a stranger gets the same answer as an
// invited person, causes the same writes and takes the same turns in the queue, and gets no
// mail.
func TestInviteOnlyServerSendsStrangersNoMail(t *testing.T) {
	f := onFile(t)
	p := f.byRelay(nil, auth.Options{InviteOnly: true})
	_, ann := f.mint("ann@example.com")
	wantCode(t, "inviting", p.invite(ann, "eve@example.com"), "")
	p.next()
	_, _, err := p.Request(t.Context(), "192.0.2.1", "first@example.com") // makes the counter of the network
	wantCode(t, "asking", err, "")
	steps := map[string]string{}
	for _, email := range []string{"ann@example.com", "new@example.com", "eve@example.com"} {
		before, taken := f.rows(), p.taken()
		address, code, err := p.Request(t.Context(), "192.0.2.1", email)
		after := f.rows()
		for table := range after {
			after[table] -= before[table]
		}
		steps[email] = strings.ReplaceAll(fmt.Sprint(address, code, err, after, p.taken()-taken), email, "EMAIL")
		wantCode(t, "a wrong code", f.try(email, "long-and-wrong"), crm.InvalidCode)
	}
	if steps["ann@example.com"] != steps["new@example.com"] || steps["eve@example.com"] != steps["new@example.com"] {
		t.Errorf("asking differs: %v", steps)
	}
	got := map[string]bool{p.next().to: true, p.next().to: true}
	if !got["ann@example.com"] || !got["eve@example.com"] {
		t.Errorf("the mails went to %v", got)
	}
	if s := p.sender.Stats(); s.Withheld != 2 {
		t.Errorf("%+v", s)
	}
}

package store

import (
	"context"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"crmkit/crm"
	"crmkit/store/maintenance"
)

// TestLastUsesAreWrittenInSteps checks that the uses of many tokens are written in several
// writes, and that uses that could not be written are written later.
func TestLastUsesAreWrittenInSteps(t *testing.T) {
	engines(t, func(t *testing.T, f *fixture) {
		ann := f.member("ann@example.com")
		var tokens []string
		for i := range 90 {
			tokens = append(tokens, f.token(ann, fmt.Sprint(i)))
		}
		f.clock.Advance(IdleLimit / 2)
		for i := range 3 * maintenance.FlushStep {
			f.MarkUsed(crm.Actor{TokenID: fmt.Sprint("tok_gone", i)}) // tokens that were revoked since
		}
		for _, id := range tokens {
			f.MarkUsed(crm.Actor{User: ann.User, TokenID: id})
		}
		cancelled, cancel := context.WithCancel(t.Context())
		cancel()
		f.FlushLastUsed(cancelled)
		now := f.Now().UnixMilli()
		unwritten := func() string { return f.raw(1, "SELECT COUNT(*) FROM tokens WHERE last_used_at < $1", now)[0] }
		if n := unwritten(); n != fmt.Sprint(len(tokens)) {
			t.Errorf("a cancelled flush left %s uses unwritten", n)
		}
		var writes atomic.Int64
		f.Watch(func(b Batch) { writes.Add(int64(b.Writes)) })
		f.FlushLastUsed(t.Context())
		if n := unwritten(); n != "0" {
			t.Errorf("%s uses were lost", n)
		}
		if n := writes.Load(); n != 4 {
			t.Errorf("%d uses took %d writes", 3*maintenance.FlushStep+len(tokens), n)
		}
		writes.Store(0)
		f.FlushLastUsed(t.Context())
		if n := writes.Load(); n != 0 {
			t.Errorf("%d writes without a use to write", n)
		}
	})
}

// seen returns the tokens of a list, walked to its end, with their last uses and the total.
func (f *fixture) seen(actor crm.Actor, params string) (lines []string) {
	f.t.Helper()
	for _, key := range f.walk(actor, "token", params+"&limit=4") {
		lines = append(lines, fmt.Sprint(key))
	}
	page := f.list(actor, "token", params+"&limit=200&total=exact")
	for _, rec := range page.Records {
		lines = append(lines, rec.ID+" "+fmt.Sprint(rec.Value("last_used_at").Int))
		one, err := f.RecordByID(f.t.Context(), actor, rec.Entity, rec.ID)
		if err != nil || !slices.EqualFunc(one.Values, rec.Values, crm.Value.Equal) {
			f.t.Errorf("%s is listed as %v, and alone is %v %v", rec.ID, rec.Values, one.Values, err)
		}
	}
	return append(lines, fmt.Sprint(page.Total))
}

// TestListsShowUnwrittenUses checks that lists of tokens show, filter and sort by the last use, and
// answer the same before and after it is written.
func TestListsShowUnwrittenUses(t *testing.T) {
	engines(t, func(t *testing.T, f *fixture) {
		seed := rand.Uint64()
		random := rand.New(rand.NewPCG(seed, 0))
		t.Logf("seed %d", seed)
		ann, bob := f.member("ann@example.com"), f.member("bob@example.com")
		var mine []crm.Actor
		for i := range 13 {
			a := ann
			a.TokenID = f.token(ann, fmt.Sprint(i))
			mine = append(mine, a)
		}
		bob.TokenID = f.token(bob, "bob")
		questions := []string{"", "sort=last_used_at", "sort=-last_used_at", "last_used_at=gt:-10d", "last_used_at=lt:-10d&sort=last_used_at",
			"last_used_at=gte:-20d&last_used_at=lt:-1d&sort=-last_used_at", "sort=name&last_used_at=gt:-30d", "name=n&sort=-last_used_at"}
		for range 12 {
			f.clock.Advance(time.Duration(random.IntN(int(5 * 24 * time.Hour))))
			for range random.IntN(6) {
				f.MarkUsed(mine[random.IntN(len(mine))])
			}
			f.MarkUsed(bob)
			var unwritten [][]string
			for _, q := range questions {
				unwritten = append(unwritten, f.seen(ann, q))
			}
			f.FlushLastUsed(t.Context())
			for i, q := range questions {
				if written := f.seen(ann, q); !slices.Equal(unwritten[i], written) {
					t.Fatalf("?%s shows before the uses are written\n%q, and then\n%q", q, unwritten[i], written)
				}
			}
			if f.MarkUsed(mine[0]); random.IntN(2) == 0 { // a cancelled flush writes no use and loses none
				cancelled, cancel := context.WithCancel(t.Context())
				cancel()
				f.FlushLastUsed(cancelled)
			}
		}
	})
}

// TestTokensAreReadBesideAWrite checks that reads of tokens, in a list, alone and for a session,
// neither wait for a write nor make one, and show a use that is being written.
func TestTokensAreReadBesideAWrite(t *testing.T) {
	onDisk(t, func(t *testing.T, f *fixture) {
		ann := f.member("ann@example.com")
		ann.TokenID = f.token(ann, "hash")
		f.clock.Advance(24 * time.Hour)
		f.MarkUsed(ann)
		now := f.Now().UnixMilli()
		check := func(when string) {
			page := f.list(ann, "token", "last_used_at=gt:-1h&total=exact")
			if len(page.Records) != 1 || page.Total != 1 || page.Records[0].Value("last_used_at").Int != now {
				t.Errorf("%s: listed are %v", when, page.Records)
			}
			rec, err := f.RecordByID(t.Context(), ann, f.Schema.ByName("token"), ann.TokenID)
			if err != nil || rec.Value("last_used_at").Int != now {
				t.Errorf("%s: the token is %v %v", when, rec, err)
			}
			saved, _ := strconv.ParseInt(f.raw(1, "SELECT last_used_at FROM tokens WHERE id = $1", ann.TokenID)[0], 10, 64)
			if used := f.LastUsed(ann.TokenID, saved); used != now {
				t.Errorf("%s: the token was used at %d", when, used)
			}
		}
		release := f.block()
		check("while the writer is blocked")
		if n := f.Stats().Waiting; n != 0 {
			t.Errorf("%d writes wait", n)
		}
		flushed := make(chan struct{})
		go func() { defer close(flushed); f.FlushLastUsed(context.Background()) }()
		for f.Stats().Waiting == 0 {
			runtime.Gosched()
		}
		check("while the use is being written")
		release()
		<-flushed
		check("when it was written")
		if n := len(f.lastUsed.All()); n != 0 {
			t.Errorf("%d written uses are still in memory", n)
		}
	})
}

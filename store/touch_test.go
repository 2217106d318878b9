package store

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"

	"crmkit/crm"
)

// TestUsesOfTokensGoInSteps holds that the uses of many tokens do not go in one write, that
// all arrive, and that those that could not be written are not lost.
func TestUsesOfTokensGoInSteps(t *testing.T) {
	f := openAt(t, Memory)
	ann := f.member("ann@example.com")
	var tokens []string
	f.write(ann, func(tx *Tx) error {
		for i := range 90 {
			id, err := tx.CreateToken(Workspace{Number: ann.Workspace, ID: ann.WorkspaceID}, Token{Hash: fmt.Sprint(i), Name: "t", Scope: crm.ScopeFull, Origin: crm.OriginCode})
			if err != nil {
				return err
			}
			tokens = append(tokens, id)
		}
		return nil
	})
	f.clock.advance(IdleLimit / 2)
	for i := range 3 * touchStep {
		f.Touch(fmt.Sprint("tok_gone", i)) // of tokens that were revoked since
	}
	for _, id := range tokens {
		f.Touch(id)
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	f.FlushTouches(gone)
	now := f.Now().UnixMilli()
	unwritten := func() string { return f.raw(1, "SELECT COUNT(*) FROM tokens WHERE last_used_at < $1", now)[0] }
	if n := unwritten(); n != fmt.Sprint(len(tokens)) {
		t.Errorf("a flush whose client had gone left %s uses unwritten", n)
	}
	var writes atomic.Int64
	f.Watch(func(b Batch) { writes.Add(int64(b.Writes)) })
	f.FlushTouches(t.Context())
	if n := unwritten(); n != "0" {
		t.Errorf("%s uses were lost", n)
	}
	if n := writes.Load(); n != 4 {
		t.Errorf("%d uses went in %d writes", 3*touchStep+len(tokens), n)
	}
	writes.Store(0)
	f.FlushTouches(t.Context())
	if n := writes.Load(); n != 0 {
		t.Errorf("%d writes of nothing", n)
	}
}

package store

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"crmkit/crm"
	"crmkit/store/dryrun"
	"crmkit/store/storetest/kit"
)

// heldHead returns a server, two actors whose workspaces have the same writer in it, and functions that take
// and give back the head of the first workspace as another server does.
func heldHead(t *testing.T) (f *fixture, ann, bob crm.Actor, hold, release func()) {
	t.Helper()
	address := Postgres(t)
	f = openAt(t, address)
	other := openAt(t, address).writes()
	ann = f.member("ann@example.com")
	for i := 0; f.writerOf(bob) != f.writerOf(ann) || bob.Workspace == 0; i++ {
		bob = f.member(fmt.Sprintf("bob%d@example.com", i))
	}
	hold = func() { must(t, errors.Join(other.BeginWrite([]int64{ann.Workspace}), other.DeferReferences())) }
	return f, ann, bob, hold, func() { must(t, other.Rollback()) }
}

// TestHeldHeads holds the head of a workspace while others write to it, and to another one of the same
// writer. Only the first ones wait, and they are done when the head is free.
func TestHeldHeads(t *testing.T) {
	f, ann, bob, hold, release := heldHead(t)
	hold()
	answers := make(chan error, 3)
	for i := range 2 {
		go func() {
			_, err := f.trySave(ann, f.draft("contact", "name", fmt.Sprint("Jane ", i)))
			answers <- err
		}()
	}
	go func() {
		answers <- f.DryRunStep(t.Context(), ann, dryrun.New(1<<20), func(tx *Tx) error {
			_, err := tx.Save(f.draft("contact", "name", "Nobody"))
			return err
		})
	}()
	for i := range 4 {
		if _, err := f.trySave(bob, f.draft("contact", "name", fmt.Sprint("Joe ", i))); err != nil {
			t.Error(err)
		}
	}
	select {
	case err := <-answers:
		t.Errorf("a write without its head is answered: %v", err)
	default:
	}
	release()
	for range 3 {
		if err := <-answers; err != nil {
			t.Error(err)
		}
	}
	for actor, want := range map[crm.Actor]int64{ann: 2, bob: 4} {
		if n := f.list(actor, "contact", "").Total; n != want {
			t.Errorf("%s has %d contacts, not %d", actor.Email, n, want)
		}
		f.checkCounters(actor)
	}
}

// TestHeldForTooLong holds a head for longer than writes wait for it.
func TestHeldForTooLong(t *testing.T) {
	f, ann, bob, hold, release := heldHead(t)
	f.tuning.MaxHeld = time.Second
	hold()
	answer, gone := make(chan error), make(chan error)
	ctx, leave := context.WithCancel(t.Context())
	go func() {
		_, err := f.trySave(ann, f.draft("contact", "name", "Jane"))
		answer <- err
	}()
	go func() {
		gone <- f.Write(ctx, ann, func(*Tx) error { return errors.New("it has run") })
	}()
	if _, err := f.trySave(bob, f.draft("contact", "name", "Joe")); err != nil {
		t.Error(err)
	}
	leave()
	if err := <-gone; !errors.Is(err, context.Canceled) {
		t.Errorf("the write of a client that left: %v", err)
	}
	kit.WantCode(t, "a write without its head", <-answer, crm.NotReady)
	release()
	f.save(ann, "contact", "name", "Joan")
	if ann, bob := f.names(ann), f.names(bob); ann != "Joan" || bob != "Joe" {
		t.Errorf("the workspaces have %q and %q", ann, bob)
	}
}

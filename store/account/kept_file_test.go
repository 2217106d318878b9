package account

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"crmkit/crm"
	"crmkit/crm/catalog"
	"crmkit/store"
	"crmkit/store/storetest/kit"
)

// tryKeep keeps a file in parts, as a server does, and returns the error of the first step.
func (f *fixture) tryKeep(actor crm.Actor, hash, content string) error {
	f.t.Helper()
	err := f.Write(f.t.Context(), actor, func(tx *store.Tx) error {
		return KeepFile(tx, KeptFile{Hash: hash, Size: int64(len(content))}, "")
	})
	part := 0
	for piece := range slices.Chunk([]byte(content), KeptPart) {
		if err == nil {
			f.write(actor, func(tx *store.Tx) error { return AddKeptPart(tx, hash, part, piece) })
		}
		part++
	}
	return err
}

func (f *fixture) keep(actor crm.Actor, hash, content string) {
	f.t.Helper()
	if err := f.tryKeep(actor, hash, content); err != nil {
		f.t.Fatal(err)
	}
}

// kept returns the content of a kept file; found is false if there is none.
func (f *fixture) kept(actor crm.Actor, hash string) (content string, found bool) {
	f.t.Helper()
	file, found, err := FindKeptFile(f.t.Context(), f.Store, actor, hash)
	var b strings.Builder
	if err == nil && found {
		err = file.Content(f.t.Context(), f.Store, func(part []byte) error {
			b.Write(part)
			return nil
		})
	}
	if err != nil {
		f.t.Fatal(err)
	}
	return b.String(), found
}

// wantKept checks which of the files a workspace has, and the counter of its storage.
func (f *fixture) wantKept(actor crm.Actor, files string) {
	f.t.Helper()
	var found []string
	for _, hash := range strings.Split("abcdefgh", "") {
		if _, is := f.kept(actor, hash); is {
			found = append(found, hash)
		}
	}
	if strings.Join(found, "") != files {
		f.t.Errorf("the workspace has the files %v, want %s", found, files)
	}
	f.checkCounters(actor)
}

// TestKeptFilesComeBack keeps files of many lengths, and reads them.
func TestKeptFilesComeBack(t *testing.T) {
	engines(t, func(t *testing.T, f *fixture) {
		ann := f.member("ann@example.com")
		for _, n := range []int{0, 1, KeptPart - 1, KeptPart, KeptPart + 1, (partsAtOnce+1)*KeptPart + 7} {
			content := strings.Repeat("\x00é\xff7", n/5+1)[:n]
			f.keep(ann, fmt.Sprint(n), content)
			if got, found := f.kept(ann, fmt.Sprint(n)); !found || got != content {
				t.Errorf("%d bytes come back as %d, %v", n, len(got), found)
			}
			f.checkCounters(ann)
		}
		if _, found := f.kept(f.member("bob@example.com"), "1"); found {
			t.Error("another workspace has the file")
		}
	})
}

// TestKeptFilesHaveShares keeps files of two users in two workspaces. A third one of a user or of a
// workspace replaces the oldest, also while its parts are being written, and none if the plan is full.
func TestKeptFilesHaveShares(t *testing.T) {
	small := append(catalog.BuiltinPlans(), catalog.Plan{Name: "small", Caps: []catalog.Cap{{Resource: catalog.Storage, Max: 10_000}}})
	for name, place := range places {
		t.Run(name, func(t *testing.T) {
			opts := optionsFor(place(t))
			opts.Plans = small
			f := openWith(t, kit.NewClock(), opts)
			ann, bob := f.member("ann@example.com"), f.member("bob@example.com")
			inBobs := f.join(bob, "ann@example.com", crm.RoleMember)
			f.keep(ann, "a", "1234")
			f.keep(ann, "b", "123")
			f.wantKept(ann, "ab")
			f.keep(bob, "c", "12")
			f.keep(inBobs, "d", "12345")
			f.wantKept(ann, "b")
			f.wantKept(bob, "cd")
			f.keep(bob, "e", "1")
			f.wantKept(bob, "de")
			f.write(ann, func(tx *store.Tx) error { return AddKeptPart(tx, "a", 1, []byte("late")) })
			if left := f.raw(1, "SELECT COUNT(*) FROM kept_parts WHERE hash IN ('a', 'c')"); left[0] != "0" {
				t.Errorf("%s parts of replaced files are left", left[0])
			}
			bob.Plan = "small"
			kit.WantCode(t, "over the plan", f.tryKeep(bob, "f", strings.Repeat("x", 10_000)), crm.PlanLimitReached)
			f.wantKept(bob, "de")
			f.wantKept(ann, "b")
		})
	}
}

// TestKeptFilesGiveTheirStorageBack ends files in each way: dropped, no part of the storage for a
// while and then dropped, and expired.
func TestKeptFilesGiveTheirStorageBack(t *testing.T) {
	engines(t, func(t *testing.T, f *fixture) {
		ann := f.member("ann@example.com")
		before := f.stored(ann)
		charge := func(hash string, n int64) {
			t.Helper()
			f.write(ann, func(tx *store.Tx) error { return ChargeKeptFile(tx, hash, n) })
			f.checkCounters(ann)
		}
		drop := func(hash string) {
			t.Helper()
			f.write(ann, func(tx *store.Tx) error { return DropKeptFile(tx, hash) })
			f.checkCounters(ann)
		}
		f.keep(ann, "a", "1234")
		charge("a", 0)
		if got := f.stored(ann); got != before {
			t.Errorf("a file that is imported is %d bytes of the storage", got-before)
		}
		charge("a", 4)
		drop("a")
		charge("a", 4)
		drop("a")
		f.keep(ann, "b", "1234")
		charge("b", 0)
		drop("b")
		f.keep(ann, "c", strings.Repeat("x", 2*KeptPart))
		f.clock.Advance(ConfirmFor)
		f.wantKept(ann, "")
		f.clock.Advance(time.Millisecond)
		f.Purge(t.Context())
		f.checkCounters(ann)
		if got := f.stored(ann); got != before {
			t.Errorf("%d bytes are not given back", got-before)
		}
		for _, table := range []string{"kept_files", "kept_parts"} {
			if left := f.raw(1, "SELECT COUNT(*) FROM "+table); left[0] != "0" {
				t.Errorf("%s has %s rows", table, left[0])
			}
		}
	})
}

// stored returns how much storage a workspace uses.
func (f *fixture) stored(actor crm.Actor) (n int64) {
	f.t.Helper()
	used, err := f.Usage(f.t.Context(), actor)
	if err != nil {
		f.t.Fatal(err)
	}
	for _, u := range used {
		if u.Resource == catalog.Storage {
			n = u.Used
		}
	}
	return n
}

package store

import (
	"slices"
	"sync"
	"testing"
)

// TestWatch checks that the function of Watch gets every batch with the number of its writes, and
// that Probe writes to the disk, or returns an error if it cannot.
func TestWatch(t *testing.T) {
	f := onFile(t)
	ann := f.member("ann@example.com")
	var seen []Batch
	f.Watch(func(b Batch) { seen = append(seen, b) }) // the writer calls it, never twice at the same time
	held, release := make(chan struct{}), make(chan struct{})
	var writing sync.WaitGroup
	write := func(fn func(*Tx) error) {
		writing.Go(func() { _ = f.Write(t.Context(), ann, fn) })
	}
	write(func(*Tx) error { close(held); <-release; return nil })
	<-held
	for range 3 {
		write(func(*Tx) error { return nil })
	}
	for f.Stats().Waiting < 3 { // no channel says when writes wait
	}
	close(release)
	writing.Wait()
	if sizes := []int{seen[0].Writes, seen[1].Writes}; len(seen) != 2 || !slices.Equal(sizes, []int{1, 3}) || seen[0].Failed || seen[0].Commit <= 0 {
		t.Errorf("seen: %+v", seen)
	}
	if _, err := f.writerOf(ann).Exec("PRAGMA query_only = 1"); err != nil {
		t.Fatal(err)
	}
	if err := f.Probe(t.Context()); err == nil {
		t.Error("a store that cannot write says that it can")
	}
	if _, err := f.writerOf(ann).Exec("PRAGMA query_only = 0"); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		before := f.Stats().LogBytes
		if err := f.Probe(t.Context()); err != nil {
			t.Error(err)
		}
		if after := f.Stats().LogBytes; after <= before {
			t.Errorf("the probe wrote nothing: the log had %d bytes, then %d", before, after)
		}
	}
	if f.Stats().FileBytes == 0 {
		t.Error("the file has no size")
	}
}

package lastused

import "testing"

// TestUseIsSeenDuringItsFlush reads a row before a flush writes the use of its token, and asks
// the buffer after it: the use is there until the next flush.
func TestUseIsSeenDuringItsFlush(t *testing.T) {
	var b Buffer
	use := Use{User: 7, At: 1000}
	b.Mark("tok_1", use)
	const old = 10 // what the row has
	uses := b.All()
	b.Saved([]string{"tok_1"}, uses)
	if at := b.Since("tok_1", old); at != use.At {
		t.Errorf("after the flush the last use is %d, want %d", at, use.At)
	}
	if own := b.Of(7); own["tok_1"] != use.At || len(b.Of(8)) != 0 {
		t.Errorf("the uses of the user are %v, of another %v", own, b.Of(8))
	}
	if left := b.All(); len(left) != 0 {
		t.Errorf("%v is written twice", left)
	}
	if at := b.Since("tok_1", old); at != old {
		t.Errorf("after the next flush the last use is %d, want that of the row", at)
	}
}

// TestUseDuringFlushStays marks a use again while it is written: the later one is not lost.
func TestUseDuringFlushStays(t *testing.T) {
	var b Buffer
	b.Mark("tok_1", Use{7, 1000})
	uses := b.All()
	b.Mark("tok_1", Use{7, 2000})
	b.Saved([]string{"tok_1"}, uses)
	if left := b.All(); left["tok_1"].At != 2000 {
		t.Errorf("left to write: %v", left)
	}
	if own := b.Of(7); own["tok_1"] != 2000 {
		t.Errorf("the last use is %v", own)
	}
}

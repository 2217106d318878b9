package cache

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// anyArgs draws arguments of a statement, often arguments that differ little.
var anyArgs = rapid.SliceOfN(rapid.OneOf(
	rapid.Map(rapid.Int64(), func(n int64) any { return n }),
	rapid.Map(rapid.Int64Range(0x10FFFE, 0x110002), func(n int64) any { return n }),
	rapid.Map(rapid.StringN(0, 12, -1), func(text string) any { return text }),
	rapid.Map(rapid.SliceOfN(rapid.Byte(), 0, 20), func(text []byte) any { return string(text) }),
), 0, 4)

// TestOtherQuestionsHaveOtherKeys checks that two questions have the same key only if they are equal,
// so that the count of one is never returned for the other.
func TestOtherQuestionsHaveOtherKeys(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		texts := rapid.SampledFrom([]string{"", "a", "ab", "SELECT 1", "SELECT 1\x00"})
		w1, t1, a1 := rapid.Int64Range(1, 3).Draw(t, "workspace"), texts.Draw(t, "text"), anyArgs.Draw(t, "args")
		w2, t2, a2 := w1, t1, slices.Clone(a1)
		switch at := rapid.IntRange(-3, len(a1)-1).Draw(t, "changed"); at {
		case -3:
			w2 = rapid.Int64Range(1, 3).Draw(t, "other workspace")
		case -2:
			t2 = texts.Draw(t, "other text")
		case -1:
			a2 = anyArgs.Draw(t, "other args")
		default: // the same text, another value
			a2[at] = anyArgs.Filter(func(args []any) bool { return len(args) > 0 }).Draw(t, "other arg")[0]
		}
		same := w1 == w2 && t1 == t2 && slices.Equal(a1, a2)
		if equal := NewKey(w1, t1, a1) == NewKey(w2, t2, a2); equal != same {
			t.Fatalf("keys are equal: %v, questions: %v: %d %q %#v and %d %q %#v", equal, same, w1, t1, a1, w2, t2, a2)
		}
	})
}

// TestUnknownArgumentsHaveNoKey checks that a question with arguments that have no encoding
// is counted each time.
func TestUnknownArgumentsHaveNoKey(t *testing.T) {
	s, computed := New(Limits{Counts: 10}).Snapshot(1), 0
	for range 2 {
		count, err := s.Count(NewKey(1, "", []any{1.5}), func() (Count, error) { computed++; return Count{N: 7}, nil })
		if count.N != 7 || err != nil {
			t.Errorf("%v, %v", count, err)
		}
	}
	if computed != 2 {
		t.Errorf("computed %d times", computed)
	}
}

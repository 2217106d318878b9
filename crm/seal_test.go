package crm

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// TestSealedIDsRoundTrip checks that Key returns the key of an id in its own workspace and 0 for
// other texts, and that ids look like random ones.
func TestSealedIDsRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := NewSealer(rapid.SliceOfN(rapid.Byte(), 1, 32).Draw(t, "secret"), "aud")
		workspace, number := rapid.Int64Range(0, 1<<20).Draw(t, "workspace"), rapid.Int64Range(1, keyMask).Draw(t, "number")
		key := RecordKey(workspace, number)
		id := s.ID(key)
		if len(id) != len("aud_")+10 || strings.Trim(id[4:], idAlpha) != "" || s.Key(workspace, id) != key {
			t.Fatalf("%d is %s, which is %d", key, id, s.Key(workspace, id))
		}
		if other := s.Key(workspace+1, id); other == RecordKey(workspace+1, number) {
			t.Fatalf("%s is the same entry in another workspace", id)
		}
		if next := NewSealer([]byte("another"), "aud"); next.ID(key) == id {
			t.Fatalf("%s does not depend on the secret", id)
		}
	})
}

func FuzzSealedID(f *testing.F) {
	f.Add("aud_0123456789")
	f.Add("aud_")
	f.Add("tok_0123456789")
	s := NewSealer([]byte("secret"), "aud")
	f.Fuzz(func(t *testing.T, id string) {
		if key := s.Key(7, id); key != 0 && s.ID(key) != id {
			t.Errorf("%q leads to %d, which is %s", id, key, s.ID(key))
		}
	})
}

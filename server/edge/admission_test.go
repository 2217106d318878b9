package edge

import (
	"testing"

	"pgregory.net/rapid"
)

// TestAdmissionCounts checks that no client holds more than its share, that all together
// hold no more than the limit, and that nothing is held when all have left.
func TestAdmissionCounts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const most, share = 100, 30
		in := NewAdmission(AdmissionOptions{Limit: most, Share: share})
		type body struct {
			client string
			size   int64
		}
		var held []body
		sum := func(client string) (n int64) {
			for _, b := range held {
				if client == "" || b.client == client {
					n += b.size
				}
			}
			return n
		}
		t.Repeat(map[string]func(*rapid.T){
			"enter": func(t *rapid.T) {
				b := body{rapid.SampledFrom([]string{"a", "b", "c", "d", "e"}).Draw(t, "client"), rapid.Int64Range(1, 40).Draw(t, "size")}
				fits := sum(b.client)+b.size <= share && sum("")+b.size <= most
				if fault := in.Enter(b.client, b.size); (fault == nil) != fits {
					t.Fatalf("%+v: %v", b, fault)
				}
				if fits {
					held = append(held, b)
				}
			},
			"leave": func(t *rapid.T) {
				if len(held) == 0 {
					return
				}
				i := rapid.IntRange(0, len(held)-1).Draw(t, "which")
				in.Leave(held[i].client, held[i].size)
				held = append(held[:i], held[i+1:]...)
			},
			"": func(t *rapid.T) {
				if in.Held() != sum("") || len(in.held) > 5 || sum("") == 0 && len(in.held) > 0 {
					t.Fatalf("%d bytes of %d clients are held, should be %d", in.total, len(in.held), sum(""))
				}
			},
		})
	})
}

package alike

import (
	"fmt"
	"slices"
	"testing"

	"crmkit/crm"
)

// likes returns the records that look like each of a source's, by their keys.
func (m *memory) likes(t *testing.T, of int64) Likes {
	t.Helper()
	likes, err := Near(m, m.cards[of])
	if err != nil {
		t.Fatal(err)
	}
	return likes
}

// keysOf returns the pairs of keys.
func keysOf(pairs []Pair) (keys []string) {
	for _, p := range pairs {
		keys = append(keys, fmt.Sprintf("%d %d %s", p.A.Key, p.B.Key, p.Verdict))
	}
	slices.Sort(keys)
	return keys
}

// TestManyWithOneName checks that each of many records with one name and nothing else is in a pair, that
// there is one pair for each but the first, and that the record that was made last looks like others.
func TestManyWithOneName(t *testing.T) {
	for _, kind := range []string{"contact", "company"} {
		for _, n := range []int{2, 3, 4, 5, 50, MaxAlike} {
			var list []crm.Record
			for i := range n {
				list = append(list, record(t, kind, int64(i+1), "name=Nina Obst"))
			}
			m := newMemory(list, "")
			var want []string
			for i := 2; i <= n; i++ {
				want = append(want, fmt.Sprintf("1 %d likely", i))
			}
			slices.Sort(want)
			for _, page := range []int{1, 1000} {
				if got := keysOf(findAll(t, m, page)); !slices.Equal(got, want) {
					t.Errorf("%d %s in pages of %d: %q", n, kind, page, got)
				}
			}
			if likes := m.likes(t, int64(n)); len(likes.Pairs) != min(n-1, MaxNear) || len(likes.Many) > 0 {
				t.Errorf("the last of %d looks like %d others; many: %v", n, len(likes.Pairs), likes.Many)
			}
		}
	}
}

// TestStarAfterDismissal checks that a record that is said to be another than the first is paired with the
// others that are, that titles tell people apart, and that a place tells companies apart.
func TestStarAfterDismissal(t *testing.T) {
	texts := []string{"name=Nina Obst; title=CEO", "name=Nina Obst", "name=Nina Obst; title=Buyer", "name=Nina Obst", "name=Nina Obst; title=CEO", "name=Nina Obst; title=Buyer"}
	var list []crm.Record
	for i, text := range texts {
		list = append(list, record(t, "contact", int64(i+1), text))
	}
	m := newMemory(list, "")
	for _, step := range []struct {
		dismissed [2]int64
		want      []string
	}{
		{[2]int64{}, []string{"1 2 likely", "1 4 likely", "1 5 likely", "3 6 likely"}},
		{[2]int64{1, 2}, []string{"1 4 likely", "1 5 likely", "2 3 likely", "2 6 likely"}},
		{[2]int64{1, 4}, []string{"1 5 likely", "2 3 likely", "2 4 likely", "2 6 likely"}},
		{[2]int64{2, 3}, []string{"1 5 likely", "2 4 likely", "2 6 likely"}},
	} {
		if m.dismissed == nil {
			m.dismissed = map[[2]int64]bool{}
		}
		m.dismissed[step.dismissed] = true
		for _, page := range []int{1, 1000} {
			if got := keysOf(findAll(t, m, page)); !slices.Equal(got, step.want) {
				t.Errorf("after %v pages of %d have %q, want %q", step.dismissed, page, got, step.want)
			}
		}
	}
}

// TestNamesakesOfBare checks that records with nothing but a name are one namesake together: with a few others
// they may be one of these, with more they may not.
func TestNamesakesOfBare(t *testing.T) {
	texts := []string{"name=Nina Obst; email=nina@obst.test", "name=Nina Obst", "name=Nina Obst", "name=Nina Obst", "name=Nina Obst; company_id=a", "name=Nina Obst; company_id=bb", "name=Nina Obst; company_id=ccc"}
	for n, want := range map[int]int{4: 3 + 2, 5: 3 + 3 + 2, 6: 2, 7: 2} {
		var list []crm.Record
		for i, text := range texts[:n] {
			list = append(list, record(t, "contact", int64(i+1), text))
		}
		m := newMemory(list, "")
		if got := keysOf(findAll(t, m, 1000)); len(got) != want {
			t.Errorf("of %d records %q are pairs, want %d", n, got, want)
		}
		likes := m.likes(t, 2)
		if n >= 6 && len(likes.Pairs) != 2 || n < 6 && len(likes.Pairs) != n-1 {
			t.Errorf("of %d records one looks like %q", n, keysOf(likes.Pairs))
		}
	}
}

// TestMoreThanAreCompared checks that a name that too many have is said of a record with nothing else, and
// that it is still compared with some of those.
func TestMoreThanAreCompared(t *testing.T) {
	list := []crm.Record{record(t, "contact", 1, "name=Nina Obst; email=nina@obst.test")}
	for i := range MaxAlike + 5 {
		list = append(list, record(t, "contact", int64(i+10), fmt.Sprintf("name=Nina Obst; email=nina%d@obst%d.test", i, i)))
	}
	list = append(list, record(t, "contact", 1000, "name=Nina Obst"))
	m := newMemory(list, "")
	if likes := m.likes(t, 1000); len(likes.Pairs) != 0 || len(likes.Many) != MaxAlike+1 {
		t.Errorf("%d pairs, many: %d", len(likes.Pairs), len(likes.Many))
	}
	if likes := m.likes(t, 1); len(likes.Pairs) != 0 || len(likes.Many) != 0 {
		t.Errorf("a record with an address: %d pairs, many: %d", len(likes.Pairs), len(likes.Many))
	}
	m = newMemory(append(list, record(t, "contact", 2, "name=Nina Obst")), "")
	if likes := m.likes(t, 1000); !slices.Equal(keysOf(likes.Pairs), []string{"1000 2 likely"}) || len(likes.Many) == 0 {
		t.Errorf("pairs %q, many: %d", keysOf(likes.Pairs), len(likes.Many))
	}
}

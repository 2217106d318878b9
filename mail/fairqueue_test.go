package mail

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// model is the rule of turns as a search through all mails.
type model struct {
	waiting []*job
	turns   map[string]int // position in the order, by lane and share
	last    int
	under   []*job
}

func (m *model) key(j *job) string { return fmt.Sprint(j.lane(), " ", j.Share) }

func (m *model) put(j *job) {
	if !slices.ContainsFunc(m.waiting, func(other *job) bool { return m.key(other) == m.key(j) }) {
		m.last++
		m.turns[m.key(j)] = m.last
	}
	m.waiting = append(m.waiting, j)
}

func (m *model) take() (best *job) {
	again, of := 0, map[string]int{}
	for _, j := range m.under {
		of[j.Share]++
		if j.n > 1 {
			again++
		}
	}
	for _, j := range m.waiting {
		if of[j.Share] >= workers/2 || j.n > 0 && again >= workers/2 {
			continue
		}
		if best == nil || j.lane() < best.lane() || j.lane() == best.lane() && m.turns[m.key(j)] < m.turns[m.key(best)] {
			best = j
		}
	}
	if best != nil {
		i := slices.Index(m.waiting, best)
		m.waiting = slices.Delete(m.waiting, i, i+1)
		m.last++
		m.turns[m.key(best)] = m.last
	}
	return best
}

// TestFairQueue compares the queue with the model: urgent mails first, shares in turns,
// the mails of a share in order, and no share with more than half of the workers.
func TestFairQueue(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		q, m := newFairQueue(), &model{turns: map[string]int{}}
		for range rapid.IntRange(1, 200).Draw(t, "steps") {
			switch rapid.IntRange(0, 3).Draw(t, "step") {
			case 0, 1:
				j := &job{Message: Message{Share: fmt.Sprint(rapid.IntRange(0, 4).Draw(t, "share")), Urgency: Urgency(rapid.IntRange(0, 2).Draw(t, "urgency"))}, n: rapid.IntRange(0, 1).Draw(t, "tries")}
				q.put(j)
				m.put(j)
			case 2:
				if len(m.under) == workers {
					continue
				}
				got, want := q.take(), m.take()
				if got != want {
					t.Fatalf("took %+v, want %+v", got, want)
				}
				if got != nil {
					got.n++
					m.under = append(m.under, got)
				}
			case 3:
				if len(m.under) > 0 {
					i := rapid.IntRange(0, len(m.under)-1).Draw(t, "done")
					q.done(m.under[i])
					m.under = slices.Delete(m.under, i, i+1)
				}
			}
		}
	})
}

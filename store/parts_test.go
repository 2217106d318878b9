package store

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
)

// part is a part of a write, with parts within it. Each step is a name to insert, or a part.
type part struct {
	steps []any
	fails bool
}

func randomPart(random *rand.Rand, depth int, next *int) part {
	p := part{fails: random.IntN(3) == 0}
	for range 1 + random.IntN(4) {
		if depth < 4 && random.IntN(2) == 0 {
			p.steps = append(p.steps, randomPart(random, depth+1, next))
			continue
		}
		*next++
		p.steps = append(p.steps, fmt.Sprint("n", *next))
	}
	return p
}

// names returns what is left of a part.
func (p part) names() (list []string) {
	if p.fails {
		return nil
	}
	for _, step := range p.steps {
		if inner, is := step.(part); is {
			list = append(list, inner.names()...)
		} else {
			list = append(list, step.(string))
		}
	}
	return list
}

// run runs the part in a savepoint of its own, and goes on after parts that fail.
func (f *fixture) runPart(tx *Tx, p part) error {
	oops := errors.New("oops")
	return tx.Savepoint(func() error {
		for _, step := range p.steps {
			if inner, is := step.(part); is {
				if err := f.runPart(tx, inner); (err != nil) != inner.fails {
					return fmt.Errorf("a part that fails is %v: %w", inner.fails, err)
				}
			} else if err := f.insert(step.(string))(tx); err != nil {
				return err
			}
		}
		if p.fails {
			return oops
		}
		return nil
	})
}

// TestPartsWithinParts runs writes whose parts have parts, of which some fail at random. What is left
// is what a model says, and the counters are those of a recount.
func TestPartsWithinParts(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	engines(t, func(t *testing.T, f *fixture) {
		ann := f.member("ann@example.com")
		random := rand.New(rand.NewPCG(seed, 1))
		var want []string
		next := 0
		for range 30 {
			p := randomPart(random, 0, &next)
			p.fails = false
			if err := f.Write(t.Context(), ann, func(tx *Tx) error { return f.runPart(tx, p) }); err != nil {
				t.Fatal(err)
			}
			want = append(want, p.names()...)
			if got := f.names(ann); got != strings.Join(want, " ") {
				t.Fatalf("after %+v the table has %q, want %q", p, got, want)
			}
		}
		f.checkCounters(ann)
	})
}

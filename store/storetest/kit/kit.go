// Package kit has what the tests of the store and of its packages share: a clock, goroutines that start at
// the same time, codes of errors, and the rows and tables of a database. It does not import the store,
// whose own tests use it.
package kit

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"crmkit/crm"
)

// Clock is a time that only the test moves.
type Clock struct {
	mu  sync.Mutex
	now time.Time
}

// NewClock returns a clock on a Wednesday morning.
func NewClock() *Clock { return ClockAt(time.Date(2026, 6, 10, 9, 0, 0, 0, time.UTC)) }

// ClockAt returns a clock that shows a time.
func ClockAt(now time.Time) *Clock { return &Clock{now: now} }

// Now returns the time.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Advance moves the clock.
func (c *Clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// given is the seed of a run that is to be repeated.
var given = flag.Uint64("seed", 0, "seed of the tests with random values; 0 takes a random one")

// Seed returns a seed for random numbers, and prints it. go test -seed repeats a run that failed.
func Seed(t testing.TB) uint64 {
	t.Helper()
	seed := *given
	if seed == 0 {
		seed = rand.Uint64()
	}
	t.Logf("seed %d", seed)
	return seed
}

// Together runs fn in n goroutines that start at the same time, and waits for all.
func Together(n int, fn func(i int)) {
	var done sync.WaitGroup
	start := make(chan struct{})
	for i := range n {
		done.Go(func() {
			<-start
			fn(i)
		})
	}
	close(start)
	done.Wait()
}

// Outcomes runs writes of n workers at the same time, and returns how often each code is answered; the
// code of a write without an error is empty.
func Outcomes(n int, write func(worker int) error) map[crm.Code]int {
	counts, mu := map[crm.Code]int{}, sync.Mutex{}
	Together(n, func(worker int) {
		err := write(worker)
		mu.Lock()
		defer mu.Unlock()
		counts[CodeOf(err)]++
	})
	return counts
}

// CodeOf returns the code that a client would see, or the text of any other error.
func CodeOf(err error) crm.Code {
	var coded *crm.Error
	switch {
	case err == nil:
		return ""
	case errors.As(err, &coded):
		return coded.Code
	}
	return crm.Code("uncoded: " + err.Error())
}

// WantCode fails the test if an error has another code.
func WantCode(t testing.TB, what string, err error, want crm.Code) {
	t.Helper()
	if got := CodeOf(err); got != want {
		t.Errorf("%s: got code %q, want %q", what, got, want)
	}
}

// Query is a statement that reads rows.
type Query struct {
	Columns int // of a row
	Text    string
	Args    []any
}

// Reader reads rows, as a connection or a transaction does.
type Reader interface {
	Rows(ctx context.Context, text string, args []any, each func(scan func(...any) error) error) error
}

// Lines returns the rows of a query, each in one line.
func (q Query) Lines(ctx context.Context, r Reader) (lines []string, err error) {
	cells, dest := make([]any, q.Columns), make([]any, q.Columns)
	for i := range cells {
		dest[i] = &cells[i]
	}
	err = r.Rows(ctx, q.Text, q.Args, func(scan func(...any) error) error {
		err := scan(dest...)
		lines = append(lines, fmt.Sprint(cells...))
		return err
	})
	return lines, err
}

package server_test

import (
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

const (
	benchClients = 64
	// benchTurns is how often the product and its rivals take turns, so that a
	// time in which the machine is slow affects all of them.
	benchTurns  = 5
	benchWarmUp = 100 * time.Millisecond
)

// benchCaller does one operation and waits for its answer.
type benchCaller func() error

// stretch is the result of a load on some callers.
type stretch struct {
	took  time.Duration
	waits []time.Duration // of every operation
}

func (s stretch) rate() float64 { return float64(len(s.waits)) / s.took.Seconds() }

// benchRival is a program that the product is compared with.
type benchRival struct {
	name      string
	callers   []benchCaller
	stretches []stretch
}

// alternate runs b.N operations of the product in turns, and after each turn every rival for as
// much time as it took. The timer of b measures the product alone.
func alternate(b *testing.B, product []benchCaller, rivals ...benchRival) ([]stretch, []benchRival) {
	b.Helper()
	b.StopTimer()
	drive(b, some(product, b.N), until(benchWarmUp))
	for _, r := range rivals {
		drive(b, some(r.callers, b.N), until(benchWarmUp))
	}
	b.ResetTimer()
	var own []stretch
	for turn := range benchTurns {
		share := b.N*(turn+1)/benchTurns - b.N*turn/benchTurns
		if share == 0 {
			continue
		}
		b.StartTimer()
		mine := drive(b, product, times(share))
		b.StopTimer()
		own = append(own, mine)
		for i := range rivals {
			r := &rivals[i]
			r.stretches = append(r.stretches, drive(b, some(r.callers, share), until(mine.took)))
		}
	}
	return own, rivals
}

// some returns the callers that have something to do when there are n operations: a rival must
// not have more at once than the product had.
func some(callers []benchCaller, n int) []benchCaller { return callers[:min(n, len(callers))] }

// times lets n operations start.
func times(n int) func() bool {
	var left atomic.Int64
	left.Store(int64(n))
	return func() bool { return left.Add(-1) >= 0 }
}

// until lets operations start for the time d, and at least one.
func until(d time.Duration) func() bool {
	one, end := times(1), time.Now().Add(d)
	return func() bool { return one() || time.Now().Before(end) }
}

// drive runs all callers at once, each with one request after another, as long as more returns
// true.
func drive(b *testing.B, callers []benchCaller, more func() bool) stretch {
	b.Helper()
	waits := make([][]time.Duration, len(callers))
	faults := make([]error, len(callers))
	var working sync.WaitGroup
	began := time.Now()
	for i, call := range callers {
		working.Go(func() {
			for faults[i] == nil && more() {
				started := time.Now()
				faults[i] = call()
				waits[i] = append(waits[i], time.Since(started))
			}
		})
	}
	working.Wait()
	took := time.Since(began)
	if err := errors.Join(faults...); err != nil {
		b.Fatal(err)
	}
	return stretch{took, slices.Concat(waits...)}
}

// report prints the median rate of the turns, their spread as a share of it, and the waits in
// all of them.
func report(b *testing.B, turns []stretch) {
	var rates []float64
	var waits []time.Duration
	for _, turn := range turns {
		rates = append(rates, turn.rate())
		waits = append(waits, turn.waits...)
	}
	slices.Sort(waits)
	b.ReportMetric(0, "ns/op") // The rate says the same.
	b.ReportMetric(median(rates), "ops/s")
	b.ReportMetric(100*(slices.Max(rates)-slices.Min(rates))/median(rates), "spread-%")
	b.ReportMetric(waits[len(waits)/2].Seconds()*1000, "p50-ms")
	b.ReportMetric(waits[len(waits)*99/100].Seconds()*1000, "p99-ms")
}

// shares returns, turn by turn, the rate of one as a share of the other's.
func shares(one, other []stretch) []float64 {
	ratios := make([]float64, len(one))
	for i := range one {
		ratios[i] = one[i].rate() / other[i].rate()
	}
	return ratios
}

func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	return (sorted[(len(sorted)-1)/2] + sorted[len(sorted)/2]) / 2
}

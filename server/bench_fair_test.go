package server_test

import (
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// benchDear are the most expensive requests that a workspace may send: each reads all of its
// contacts and finds nothing.
var benchDear = []benchOp{
	get("like", func(n int64) string {
		return "/contacts?email=like:" + strings.Repeat("x", 100) + strconv.FormatInt(n, 10)
	}),
	get("sorted", func(n int64) string {
		return "/contacts?sort=-name&notes=like:" + strconv.FormatInt(n, 10) + "&total=exact"
	}),
	get("custom", func(n int64) string { // in no memory
		return "/contacts?custom.plan=like:x" + strconv.FormatInt(n, 10) + "&sort=-name&total=exact"
	}),
	get("misspelled", func(n int64) string { return "/contacts?search=qqxv+zzkw" + strconv.FormatInt(n%1000, 10) }),
}

// BenchmarkFairness measures the rate of 8 clients of a workspace of 1,000 contacts while 64
// clients of a workspace of 10,000 contacts send the most expensive requests without pause.
// of-quiet is that rate as a share of the rate without the others, measured in turns.
// CRMKIT_BENCH_SIZES makes the large workspace larger.
func BenchmarkFairness(b *testing.B) {
	for _, size := range benchSizes(b) {
		seed := newBenchSeed(b)
		seed.grow(b, size)
		spaces := seed.spread(b, 1)
		addr, stop := seed.open(b, seed.path)
		b.Cleanup(stop)
		for _, of := range benchSpreads {
			if name := of.one.name; name != "fetch" && name != "create" {
				continue
			}
			b.Run(of.one.name+"-beside-"+strconv.FormatInt(size, 10), func(b *testing.B) {
				others := make([]benchCaller, 8)
				for i := range others {
					wire := newBenchWire(b, addr, spaces[0].head)
					others[i] = func() error {
						path, body := of.many(spaces[0], seed.serial.Add(1))
						_, _, err := wire.do(of.one.method, path, body)
						return err
					}
				}
				fairness(b, others, seed.dear(b, addr))
			})
		}
	}
}

// dear returns clients that send the most expensive requests in turn.
func (s *benchSeed) dear(b *testing.B, addr string) []benchCaller {
	callers := make([]benchCaller, benchClients)
	for i := range callers {
		callers[i] = s.callers(b, benchDear[i%len(benchDear)], addr, 1)[0]
	}
	return callers
}

// fairness runs some callers alone and together with others, for the same time, in turns.
func fairness(b *testing.B, callers, loud []benchCaller) {
	const turn = 500 * time.Millisecond
	drive(b, callers, until(benchWarmUp))
	var quiet, beside, dear []stretch
	b.ResetTimer()
	for range benchTurns * max(1, b.N/1000) {
		quiet = append(quiet, drive(b, callers, until(turn)))
		var over atomic.Bool
		var load sync.WaitGroup
		load.Go(func() { dear = append(dear, drive(b, loud, func() bool { return !over.Load() })) })
		time.Sleep(benchWarmUp)
		beside = append(beside, drive(b, callers, until(turn)))
		over.Store(true)
		load.Wait()
	}
	report(b, beside)
	b.ReportMetric(median(shares(beside, quiet)), "of-quiet")
	b.ReportMetric(dear[0].rate(), "loud-ops/s")
}

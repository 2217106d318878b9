package server_test

import (
	"fmt"
	"strings"
	"testing"
)

// batchedCreates is how many contacts a batch of BenchmarkBatch creates.
const batchedCreates = 100

// benchBatches are the bodies of the contacts that BenchmarkBatch creates: with all that contacts
// of the other benchmarks have, and with little.
var benchBatches = map[string]func(s *benchSeed, n int64) string{
	"create-100": (*benchSeed).contact,
	"create-100-plain": func(_ *benchSeed, n int64) string {
		return fmt.Sprintf(`{"name":"Anna Berg","email":"%s","stage":"lead"}`, benchEmail(n))
	},
}

// BenchmarkBatch measures batches of 100 creates of one client. cpu-us is what one of the creates
// takes of the processors, the client's part included, and of-create the same as a share of what it takes if
// 100 clients send one create each at the same time.
func BenchmarkBatch(b *testing.B) {
	s := newBenchSeed(b)
	for name, body := range benchBatches {
		single := benchOp{"create", "POST", func(s *benchSeed, n int64) (string, string) { return "/contacts", body(s, benchContacts+n) }, nil}
		batch := benchOp{"batch", "POST", func(s *benchSeed, n int64) (string, string) {
			lines := make([]string, batchedCreates)
			for i := range lines {
				lines[i] = `{"method":"POST","path":"/contacts","body":` + body(s, 1_000_000+n*batchedCreates+int64(i)) + `}`
			}
			return "/batch", "[" + strings.Join(lines, ",") + "]"
		}, nil}
		b.Run(name, func(b *testing.B) {
			_, addr := s.serve(b)
			batched, alone := s.callers(b, batch, addr, 1), s.callers(b, single, addr, batchedCreates)
			compareBatch(b, batched, alone)
		})
	}
}

// compareBatch lets a batch and its creates take turns, and reports what each takes of the processors.
func compareBatch(b *testing.B, batched, alone []benchCaller) {
	b.Helper()
	drive(b, batched, times(1))
	drive(b, alone, times(batchedCreates))
	b.ResetTimer()
	var one, other float64
	for range b.N {
		b.StartTimer()
		began := processorTime(b)
		drive(b, batched, times(1))
		one += processorTime(b) - began
		b.StopTimer()
		began = processorTime(b)
		drive(b, alone, times(batchedCreates))
		other += processorTime(b) - began
	}
	b.ReportMetric(one/float64(b.N*batchedCreates), "cpu-us")
	b.ReportMetric(one/other, "of-create")
}

package server_test

import (
	"fmt"
	"strings"
	"testing"
)

// batchedCreates is how many contacts a batch of BenchmarkBatch creates.
const batchedCreates = 100

// benchBatches are the bodies of the contacts that BenchmarkBatch creates: with all that contacts
// of the other benchmarks have, which all have names of others and addresses of one domain, so that each
// looks like several others; the same with a name and a domain of their own; and with little.
var benchBatches = map[string]func(s *benchSeed, n int64) string{
	"create-100-alike": (*benchSeed).contact,
	"create-100": func(s *benchSeed, n int64) string {
		first, last := benchName(n)
		own := spelled(n)
		return strings.NewReplacer(first+" "+last, first+" "+own, "@company.example", "@"+own+".example").Replace(s.contact(n))
	},
	"create-100-plain": func(_ *benchSeed, n int64) string {
		return fmt.Sprintf(`{"name":"Anna Berg","email":"%s","stage":"lead"}`, benchEmail(n))
	},
}

// spelled returns a surname that no other number has.
func spelled(n int64) string {
	var name [9]byte
	for i, mixed := 0, uint64(n)*0x9e3779b97f4a7c15; i < len(name); i, mixed = i+1, mixed/26 {
		name[i] = 'a' + byte(mixed%26)
	}
	return string(name[:])
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

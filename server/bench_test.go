package server_test

import (
	"strconv"
	"testing"
)

// benchOp is a kind of request. Its requests differ by a serial number, so that
// they spread over the records and repeat no unique value.
type benchOp struct {
	name    string
	method  string
	request func(s *benchSeed, n int64) (path, body string)
	bare    func(b *testing.B, s *benchSeed, path string) benchRival // the database alone
}

var (
	benchFetch = benchOp{"fetch", "GET", func(s *benchSeed, n int64) (string, string) {
		return "/contacts/" + s.id(n), ""
	}, bareFetch}
	benchCreate = benchOp{"create", "POST", func(s *benchSeed, n int64) (string, string) {
		return "/contacts", s.contact(benchContacts + n)
	}, bareCreate}
)

var benchOps = []benchOp{
	benchFetch,
	{"list50", "GET", func(*benchSeed, int64) (string, string) {
		return "/contacts", ""
	}, bareList},
	{"list50-stage", "GET", func(_ *benchSeed, n int64) (string, string) {
		return "/contacts?stage=" + benchStage(n), ""
	}, bareStage},
	{"list-search", "GET", func(_ *benchSeed, n int64) (string, string) {
		first, last := benchName(n)
		return "/contacts?search=" + first + "+" + last, ""
	}, bareSearch},
	benchCreate,
	{"upsert", "POST", func(_ *benchSeed, n int64) (string, string) {
		return "/contacts", `{"email":"` + benchEmail(n*benchPrime%benchContacts) + `","phone":"` + strconv.FormatInt(n, 10) + `"}`
	}, bareUpdate},
	{"patch", "PATCH", func(s *benchSeed, n int64) (string, string) {
		return "/contacts/" + s.id(n), `{"phone":"` + strconv.FormatInt(n, 10) + `"}`
	}, bareUpdate},
}

// BenchmarkServer measures 64 clients over loopback HTTP against a file of
// 10,000 contacts. Nothing is switched off: tokens, validation, the change log,
// side tables and request lines are on, and a write is on disk when it is
// answered. of-H is the rate as a share of a bare net/http server's, of-R and
// of-G as a share of the bare database's; docs/performance.md says more.
func BenchmarkServer(b *testing.B) {
	s := newBenchSeed(b)
	for _, op := range benchOps {
		b.Run(op.name, func(b *testing.B) {
			path, addr := s.serve(b)
			product := s.callers(b, op, addr, benchClients)
			own, others := alternate(b, product, s.bareHTTP(b, op, addr), op.bare(b, s, path))
			report(b, own)
			for _, other := range others {
				b.ReportMetric(median(shares(own, other.stretches)), "of-"+other.name)
			}
		})
	}
}

// BenchmarkOneClient measures what a lone client waits; x-64 is how many times
// its rate 64 clients reach together, cpu-us what one request takes of the processors,
// the client's part included. A lone client's create pays for a sync of
// the disk of its own, 64 share one.
func BenchmarkOneClient(b *testing.B) {
	s := newBenchSeed(b)
	for _, op := range []benchOp{benchFetch, benchCreate} {
		b.Run(op.name, func(b *testing.B) {
			_, addr := s.serve(b)
			callers := s.callers(b, op, addr, benchClients+1)
			own, others := alternate(b, callers[:1], benchRival{name: "64", callers: callers[1:]})
			report(b, own)
			b.ReportMetric(median(shares(others[0].stretches, own)), "x-64")
			began := processorTime(b)
			drive(b, callers[:1], times(b.N))
			b.ReportMetric((processorTime(b)-began)/float64(b.N), "cpu-us")
		})
	}
}

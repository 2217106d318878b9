package server_test

import "testing"

// throughMCP returns the same operation as a call of the tool request.
func throughMCP(op benchOp) benchOp {
	return benchOp{op.name, "POST", func(s *benchSeed, n int64) (string, string) {
		path, _ := op.request(s, n)
		return "/mcp", `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"request","arguments":{"method":"` + op.method + `","path":"` + path + `"}}}`
	}, nil}
}

// BenchmarkMCP measures what a GET costs as a call of the tool request: of-GET is
// its rate as a share of the rate of the same GET over plain HTTP, for 64 clients
// and for one.
func BenchmarkMCP(b *testing.B) {
	s := newBenchSeed(b)
	for _, op := range benchOps[:2] {
		for name, clients := range map[string]int{"": benchClients, "-alone": 1} {
			b.Run(op.name+name, func(b *testing.B) {
				_, addr := s.serve(b)
				own, others := alternate(b, s.callers(b, throughMCP(op), addr, clients), benchRival{name: "GET", callers: s.callers(b, op, addr, clients)})
				report(b, own)
				b.ReportMetric(median(shares(own, others[0].stretches)), "of-GET")
			})
		}
	}
}

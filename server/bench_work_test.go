package server_test

import (
	"strconv"
	"testing"

	"crmkit/crm"
)

// benchWork are further requests, each with one to compare it with.
var benchWork = []struct{ op, than benchOp }{
	{benchOp{"log", "POST", func(s *benchSeed, n int64) (string, string) {
		return "/contacts/" + s.id(n) + "/activities", `{"kind":"call","body":"Wants a quote"}`
	}, nil}, benchCreate},
	{benchOp{"list50-updated", "GET", func(*benchSeed, int64) (string, string) {
		return "/contacts?sort=-updated_at", ""
	}, nil}, benchOp{"list50", "GET", func(*benchSeed, int64) (string, string) {
		return "/contacts", ""
	}, nil}},
	{benchOp{"list50-tag", "GET", func(_ *benchSeed, n int64) (string, string) {
		return "/contacts?tags=region-" + strconv.FormatInt(n%20, 10), ""
	}, nil}, benchOp{"list50-stage", "GET", func(_ *benchSeed, n int64) (string, string) {
		return "/contacts?stage=" + benchStage(n), ""
	}, nil}},
	{benchOp{"search", "GET", func(_ *benchSeed, n int64) (string, string) {
		first, last := benchName(n)
		return "/search?q=" + first + "+" + last, ""
	}, nil}, benchOp{"list-search", "GET", func(_ *benchSeed, n int64) (string, string) {
		first, last := benchName(n)
		return "/contacts?search=" + first + "+" + last, ""
	}, nil}},
}

// BenchmarkWork measures for 64 clients: logging a call, which changes the counters of a contact
// and its company; a list in the order of changes; a list by a tag that one in twenty contacts
// has; and a search over every kind. of-create, of-list50, of-list50-stage and of-list-search
// are the rates as shares of the rate of a create, a list in the default order, a list of a
// stage and a search of contacts.
func BenchmarkWork(b *testing.B) {
	s := newBenchSeed(b)
	for _, work := range benchWork {
		b.Run(work.op.name, func(b *testing.B) {
			_, addr := s.serve(b)
			own, others := alternate(b, s.callers(b, work.op, addr, benchClients), benchRival{name: work.than.name, callers: s.callers(b, work.than, addr, benchClients)})
			report(b, own)
			b.ReportMetric(median(shares(own, others[0].stretches)), "of-"+work.than.name)
		})
	}
}

// BenchmarkCampaign measures one request that puts 10,000 contacts into a campaign.
func BenchmarkCampaign(b *testing.B) {
	s := newBenchSeed(b)
	b.Run("put-in-10000", func(b *testing.B) {
		_, addr := s.serve(b)
		wire := newBenchWire(b, addr, s.token)
		b.StopTimer()
		for i := range b.N {
			_, _, err := wire.do("POST", "/campaigns", `{"name":"bench"}`)
			check(b, err)
			path := "/campaigns/" + crm.RecordID("cmp", crm.RecordKey(s.workspace, int64(i+1))) + "/members"
			b.StartTimer()
			_, _, err = wire.do("POST", path, `{"filter":"created_at=not:null"}`)
			b.StopTimer()
			check(b, err)
		}
	})
}

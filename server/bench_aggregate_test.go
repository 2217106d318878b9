package server_test

import (
	"database/sql"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"crmkit/crm"
)

// benchAggregate are questions for numbers. The first ones are answered by the sums that the store keeps, the others by a
// pass over the deals.
var benchAggregate = []struct{ name, query string }{
	{"pipeline", "status=open&group=stage&sum=amount_cents"},
	{"total", "sum=amount_cents"},
	{"owner", "group=owner&sum=amount_cents"},
	{"open-owner", "status=open&group=owner&sum=amount_cents"},
	{"month", "group=month(close_at)&sum=amount_cents"},
	{"stage-month", "status=open&group=stage,month(close_at)"},
	{"company", "group=company.name"},
}

// benchDeals is how many deals are made by requests; the others are copies of them.
const benchDeals = 1000

// BenchmarkAggregate measures one client that asks for numbers of deals, and patches a deal before each question, so
// that nothing that is in memory answers. pass is a prepared statement of database/sql that adds the amounts by owner
// and currency. The numbers are medians in milliseconds.
func BenchmarkAggregate(b *testing.B) {
	for _, size := range benchSizes(b) {
		s := newBenchSeed(b)
		s.growDeals(b, size)
		addr, stop := s.open(b, s.path)
		wire := newBenchWire(b, addr, s.token)
		ask := func(b *testing.B, method, path, body string) {
			_, _, err := wire.do(method, path, body)
			check(b, err)
		}
		deal := crm.RecordID("d", crm.RecordKey(s.workspace, 1))
		for _, row := range benchAggregate {
			b.Run(strconv.FormatInt(size, 10)+"/"+row.name, func(b *testing.B) {
				benchMedian(b, func(n int) { ask(b, http.MethodPatch, "/deals/"+deal, `{"amount_cents":`+strconv.Itoa(n)+`}`) },
					func() { ask(b, http.MethodGet, "/deals?"+row.query, "") })
			})
		}
		stop()
		db, err := sql.Open("sqlite", "file:"+s.path+"?_pragma=query_only(1)")
		check(b, err)
		pass, err := db.Prepare("SELECT owner, currency, COUNT(*), SUM(amount_cents) FROM deals WHERE workspace_id = ? GROUP BY owner, currency")
		check(b, err)
		b.Run(strconv.FormatInt(size, 10)+"/pass", func(b *testing.B) {
			benchMedian(b, func(int) {}, func() {
				rows, err := pass.Query(s.workspace)
				check(b, err)
				for rows.Next() {
				}
				check(b, rows.Err())
			})
		})
		check(b, db.Close())
	}
}

// benchMedian reports the median time of a question, before each of which something else is done.
func benchMedian(b *testing.B, before func(n int), question func()) {
	var took []time.Duration
	for b.Loop() {
		b.StopTimer()
		before(len(took))
		b.StartTimer()
		start := time.Now()
		question()
		took = append(took, time.Since(start))
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "median-ms")
}

// growDeals makes deals, and copies them in the file until there are so many.
func (s *benchSeed) growDeals(b *testing.B, deals int64) {
	b.Helper()
	addr, stop := s.open(b, s.path)
	create := benchOp{method: "POST", request: func(_ *benchSeed, n int64) (string, string) {
		return "/deals", fmt.Sprintf(`{"title":"Deal %d","stage":"s%d","status":"%s","amount_cents":%d,"currency":"%s","owner":"o%d@acme.com","close_at":"2026-%02d-%02d","notes":"%s"}`,
			n, n%7, []string{"open", "open", "won", "lost"}[n%4], n%100_000, []string{"USD", "EUR"}[n%2], n%40, 1+n%12, 1+n%28, strings.Repeat("what was said ", 20))
	}}
	drive(b, s.callers(b, create, addr, benchClients), times(benchDeals))
	stop()
	s.edit(b, func(conn *sql.Conn, exec func(text string, args ...any)) {
		low := crm.RecordKey(s.workspace, 1)
		for copied := int64(benchDeals); copied < deals; copied += benchDeals {
			columns, cells := s.columns(b, conn, "deals", map[string]string{"key": fmt.Sprintf("key + %d", copied), "created_at": fmt.Sprintf("created_at + %d", copied), "updated_at": fmt.Sprintf("updated_at + %d", copied)})
			exec(fmt.Sprintf("INSERT INTO deals (%s) SELECT %s FROM deals WHERE key BETWEEN ? AND ?", columns, cells), low, low+benchDeals-1)
		}
		exec("UPDATE usage SET n = ?, last = ?, latest = latest + ? WHERE workspace_id = ? AND kind = 'deals'", deals, deals, deals, s.workspace)
		exec("UPDATE deal_sums SET n = n * ?1, amounts = amounts * ?1, high = high * ?1, low = low * ?1", deals/benchDeals)
	})
}

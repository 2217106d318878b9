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

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"

	"crmkit/crm"
	"crmkit/store/postgres/pgtest"
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
// that nothing that is in memory answers. pass is a prepared statement that adds the amounts by owner
// and currency. The numbers are medians in milliseconds, on a file and on PostgreSQL.
func BenchmarkAggregate(b *testing.B) {
	for _, size := range benchSizes(b) {
		b.Run("sqlite/"+strconv.FormatInt(size, 10), func(b *testing.B) {
			s := newBenchSeed(b)
			s.makeDeals(b)
			s.edit(b, func(conn *sql.Conn, exec func(text string, args ...any)) {
				s.copyDeals(size, func(text string) { exec(text) }, func(other map[string]string) (columns, cells string) { return s.columns(b, conn, "deals", other) })
			})
			s.askAggregates(b)
			db, err := sql.Open("sqlite", "file:"+s.path+"?_pragma=query_only(1)")
			check(b, err)
			benchPass(b, db, s.workspace)
		})
		b.Run("postgres/"+strconv.FormatInt(size, 10), func(b *testing.B) {
			pgtest.Need(b, "postgres")
			s := newBenchPostgres(b)
			s.makeDeals(b)
			exec := func(text string) {
				_, err := s.pool.Exec(b.Context(), text)
				check(b, err)
			}
			s.copyDeals(size, exec, func(other map[string]string) (columns, cells string) {
				rows, err := s.pool.Query(b.Context(), "SELECT column_name FROM information_schema.columns WHERE table_name = 'deals'")
				check(b, err)
				names, err := pgx.CollectRows(rows, pgx.RowTo[string])
				check(b, err)
				return benchCopied(names, other)
			})
			exec("VACUUM ANALYZE")
			s.askAggregates(b)
			benchPass(b, stdlib.OpenDBFromPool(s.pool), s.workspace)
		})
	}
}

// askAggregates measures the questions.
func (s *benchSeed) askAggregates(b *testing.B) {
	addr, stop := s.open(b, s.path)
	defer stop()
	wire := newBenchWire(b, addr, s.token)
	ask := func(method, path, body string) {
		_, _, err := wire.do(method, path, body)
		check(b, err)
	}
	deal := crm.RecordID("d", crm.RecordKey(s.workspace, 1))
	for _, row := range benchAggregate {
		b.Run(row.name, func(b *testing.B) {
			benchMedian(b, func(n int) { ask(http.MethodPatch, "/deals/"+deal, `{"amount_cents":`+strconv.Itoa(n)+`}`) },
				func() { ask(http.MethodGet, "/deals?"+row.query, "") })
		})
	}
}

// benchPass measures the pass that the questions are compared with.
func benchPass(b *testing.B, db *sql.DB, workspace int64) {
	defer db.Close()
	pass, err := db.Prepare("SELECT owner, currency, COUNT(*), SUM(amount_cents) FROM deals WHERE workspace_id = " + strconv.FormatInt(workspace, 10) + " GROUP BY owner, currency")
	check(b, err)
	b.Run("pass", func(b *testing.B) {
		benchMedian(b, func(int) {}, func() {
			rows, err := pass.Query()
			check(b, err)
			for rows.Next() {
			}
			check(b, rows.Err())
		})
	})
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

// makeDeals makes benchDeals deals by requests.
func (s *benchSeed) makeDeals(b *testing.B) {
	b.Helper()
	addr, stop := s.open(b, s.path)
	create := benchOp{method: "POST", request: func(s *benchSeed, n int64) (string, string) {
		return "/deals", fmt.Sprintf(`{"title":"Deal %d","company_id":"%s","stage":"s%d","status":"%s","amount_cents":%d,"currency":"%s","owner":"o%d@acme.com","close_at":"2026-%02d-%02d","notes":"%s"}`,
			n, crm.RecordID("co", crm.RecordKey(s.workspace, 1+n%benchCompanies)), n%7, []string{"open", "open", "won", "lost"}[n%4], n%100_000, []string{"USD", "EUR"}[n%2], n%40, 1+n%12, 1+n%28, strings.Repeat("what was said ", 20))
	}}
	drive(b, s.callers(b, create, addr, benchClients), times(benchDeals))
	stop()
}

// copyDeals copies the deals in the database until there are so many. columns names the columns of the table, and
// the expressions of a copy of a row.
func (s *benchSeed) copyDeals(deals int64, exec func(text string), columns func(other map[string]string) (columns, cells string)) {
	low := crm.RecordKey(s.workspace, 1)
	for copied := int64(benchDeals); copied < deals; copied += benchDeals {
		names, cells := columns(map[string]string{"key": fmt.Sprintf("key + %d", copied), "created_at": fmt.Sprintf("created_at + %d", copied), "updated_at": fmt.Sprintf("updated_at + %d", copied)})
		exec(fmt.Sprintf("INSERT INTO deals (%s) SELECT %s FROM deals WHERE key BETWEEN %d AND %d", names, cells, low, low+benchDeals-1))
	}
	exec(fmt.Sprintf("UPDATE usage SET n = %d, last = %d, latest = latest + %d WHERE workspace_id = %d AND kind = 'deals'", deals, deals, deals, s.workspace))
	exec(fmt.Sprintf("UPDATE deal_sums SET n = n * %[1]d, amounts = amounts * %[1]d, high = high * %[1]d, low = low * %[1]d", deals/benchDeals))
}

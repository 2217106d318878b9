package server_test

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"crmkit/store"
	"crmkit/store/postgres/pgtest"
)

// searchTexts are the searches of BenchmarkPostgresSearch. Of a million contacts about as many match as
// the names say.
var searchTexts = []struct{ name, path string }{
	{"none", "/contacts?search=xylophonist"},
	{"10", "/contacts?search=kwexten"},
	{"1000", "/contacts?search=qxthousand"},
	{"10000", "/contacts?search=zqhundredth"},
	{"100000", "/contacts?search=anna"},
	{"all", "/contacts?search=company"},
	{"two-words-1000", "/contacts?search=anna+lindquist"},
	{"two-words-10000", "/contacts?search=anna+lind"},
	{"two-letters", "/contacts?search=zq"},
	{"label", "/contacts?search=tag77"},
	{"reference", "/contacts?search=holding+777"},
	{"typo", "/contacts?search=lindqiust"},
	{"like", "/contacts?notes=like:zqhundredth&sort=name"},
	{"filter", "/contacts?search=zqhundredth&stage=customer"},
	{"everywhere-10", "/search?q=kwexten"},
	{"everywhere-10000", "/search?q=zqhundredth"},
	{"everywhere-two-words", "/search?q=anna+lindquist"},
}

// BenchmarkPostgresSearch searches contacts in one workspace, and in one of a hundred: the median of
// 20 requests of one client. create is the median of as many creates, with the indexes of searches.
func BenchmarkPostgresSearch(b *testing.B) {
	pgtest.Need(b, "postgres")
	for _, size := range benchSizes(b) {
		for _, workspaces := range []int64{1, 100} {
			b.Run(fmt.Sprintf("%d/%d", size, workspaces), func(b *testing.B) {
				s := &benchSeed{path: pgtest.New(b, pgtest.Options{}).Database(b), contacts: size}
				s.fillSearched(b, workspaces)
				addr, stop := s.open(b, s.path)
				defer stop()
				wire := newBenchWire(b, addr, s.token)
				for _, search := range searchTexts {
					b.Run(search.name, func(b *testing.B) {
						reportMedian(b, func(int) error { return ended(wire.do("GET", search.path, "")) })
					})
				}
				b.Run("create", func(b *testing.B) {
					reportMedian(b, func(i int) error { return ended(wire.do("POST", "/contacts", s.contact(int64(i)+size))) })
				})
			})
		}
	}
}

// ended returns the error of a request.
func ended(_, _ int, err error) error { return err }

// reportMedian runs a request 20 times, after one that is not measured.
func reportMedian(b *testing.B, request func(i int) error) {
	b.Helper()
	var times []float64
	for i := range 21 {
		begin := time.Now()
		check(b, request(i))
		times = append(times, float64(time.Since(begin).Microseconds())/1000)
	}
	b.ReportMetric(median(times[1:]), "ms")
	b.ReportMetric(0, "ns/op")
}

// fillSearched fills the database with contacts by SQL, spread over workspaces of which one is that of
// the token. The indexes of searches are made after that, by the next start.
func (s *benchSeed) fillSearched(b *testing.B, workspaces int64) {
	b.Helper()
	ctx := context.Background()
	check(b, store.Upgrade(ctx, store.Options{Path: s.path}))
	_, stop := s.open(b, s.path)
	stop()
	conn, err := pgx.Connect(ctx, s.path)
	check(b, err)
	defer conn.Close(ctx)
	own := strconv.FormatInt(s.workspace, 10)
	key := "((CASE n % " + strconv.FormatInt(workspaces, 10) + " WHEN 0 THEN " + own + " ELSE 1000 + n % " + strconv.FormatInt(workspaces, 10) + " END) << 40) + n / " + strconv.FormatInt(workspaces, 10) + " + 1"
	for _, text := range []string{
		"DO $$ DECLARE i text; BEGIN FOR i IN SELECT indexname FROM pg_indexes WHERE indexname LIKE '%\\_text\\_________' LOOP EXECUTE 'DROP INDEX ' || i; END LOOP; END $$",
		"INSERT INTO companies (key, workspace_id, name, version, created_at, created_by, updated_at, updated_by, name_fold) SELECT k, k >> 40, 'Holding ' || n, 1, n, 'a@b.de', n, 'a@b.de', 'holding ' || n FROM (SELECT n, " + key + " k FROM generate_series(0::bigint, $1 / 20 - 1) n) x",
		"INSERT INTO names (key, workspace_id, kind, name) SELECT n + 1, " + own + ", 'contact', 'tag' || n FROM generate_series(0::bigint, 199) n",
		`INSERT INTO contacts (key, workspace_id, name, email, phone, phone_fold, stage, company_id, version, created_at, created_by, updated_at, updated_by, name_fold, title, notes)
			SELECT k, k >> 40, INITCAP(name), 'person' || n || '@company' || n % 1000 || '.example', '+1555' || n, '1555' || n, CASE n % 6 WHEN 0 THEN 'customer' ELSE 'lead' END,
			CASE WHEN n < $1 / 20 THEN k END, 1, 1700000000000 + n, 'a@b.de', 1700000000000 + n * 7919 % $1, 'a@b.de', name, 'manager ' || n % 50,
			'met in ' || (ARRAY['berlin', 'munich', 'hamburg', 'vienna', 'zurich', 'paris', 'london'])[1 + n % 7] || ' and talked about ' || MD5(n::text) ||
			CASE WHEN n % 100000 = 0 THEN ' kwexten' ELSE '' END || CASE WHEN n % 1000 = 0 THEN ' qxthousand' ELSE '' END || CASE WHEN n % 100 = 0 THEN ' zqhundredth' ELSE '' END
			FROM (SELECT n, ` + key + ` k, (ARRAY['anna', 'boris', 'clara', 'david', 'elena', 'fritz', 'greta', 'hugo', 'irene', 'jonas'])[1 + n / 100 % 10] || ' ' ||
				(ARRAY['anders', 'berg', 'carls', 'dahl', 'erik', 'frank', 'gold', 'hart', 'johan', 'lind'])[1 + n / 1000 % 10] || (ARRAY['son', 'mann', 'berg', 'feld', 'wood', 'by', 'holm', 'strom', 'gren', 'quist'])[1 + n / 10000 % 10] AS name
				FROM generate_series(0::bigint, $1 - 1) n) x`,
		"INSERT INTO tags (name_id, record, n) SELECT 1 + n % 200, " + key + ", 1 FROM generate_series(0::bigint, $1 - 1) n WHERE n % " + strconv.FormatInt(workspaces, 10) + " = 0",
		"INSERT INTO usage (workspace_id, kind, last, n) VALUES (" + own + ", 'companies', $1 / 20, $1 / 20 / " + strconv.FormatInt(workspaces, 10) + "), (" + own + ", 'contacts', $1, $1 / " + strconv.FormatInt(workspaces, 10) + ") ON CONFLICT (workspace_id, kind) DO UPDATE SET last = EXCLUDED.last, n = EXCLUDED.n",
		"UPDATE workspaces SET plan = 'unlimited'", "UPDATE users SET plan = 'unlimited'",
	} {
		var args []any
		if strings.Contains(text, "$1") {
			args = append(args, s.contacts)
		}
		_, err := conn.Exec(ctx, text, args...)
		check(b, err)
	}
	_, stop = s.open(b, s.path) // makes the indexes
	stop()
	_, err = conn.Exec(ctx, "VACUUM ANALYZE")
	check(b, err)
}

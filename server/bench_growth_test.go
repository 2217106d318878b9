package server_test

import (
	"bytes"
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"strconv"
	"strings"
	"testing"
)

// benchGrowth are requests whose time must not grow with the workspace.
var benchGrowth = []benchOp{
	benchFetch,
	{"fetch-known", http.MethodGet, func(s *benchSeed, n int64) (string, string) { return "/contacts/" + s.id(n%1000), "" }, nil},
	get("list50", func(int64) string { return "/contacts" }),
	get("list50-stage", func(n int64) string { return "/contacts?stage=" + benchStage(n) }),
	get("list50-owner", func(int64) string { return "/contacts?owner=jane@acme.com" }),
	get("list50-tag", func(n int64) string { return "/contacts?tags=region-" + strconv.FormatInt(n%20, 10) }),
	get("list50-custom", func(n int64) string { return "/contacts?custom.seats=" + strconv.FormatInt(n%100, 10) }),
	get("list50-custom-most", func(int64) string { return "/contacts?custom.seats=gte:3" }),
	get("list50-tag-none", func(int64) string { return "/contacts?tags=nobody" }),
	get("list50-custom-none", func(int64) string { return "/contacts?custom.seats=1000" }),
	get("list50-updated", func(int64) string { return "/contacts?sort=-updated_at" }),
	{"list50-deep", http.MethodGet, func(s *benchSeed, n int64) (string, string) {
		return "/contacts?cursor=" + s.cursors[n%int64(len(s.cursors))], ""
	}, nil},
	get("list50-name", func(int64) string { return "/contacts?sort=name" }),
	get("search-one", func(n int64) string {
		return "/contacts?search=person" + strconv.FormatInt(n*benchPrime%benchContacts, 10) + "@"
	}),
	get("search-words", benchWords),
	get("search-none", func(int64) string { return "/contacts?search=xylophonist" }),
	get("search-typo", func(int64) string { return "/contacts?search=Andersno" }),
	get("search-rare", func(n int64) string {
		return "/contacts?search=example+" + strconv.FormatInt(n*benchPrime%benchContacts, 10) + "@"
	}),
	get("like-none", func(int64) string { return "/contacts?email=like:xylophonist&sort=-name" }),
	get("like-one", func(n int64) string {
		return "/contacts?email=like:person" + strconv.FormatInt(n*benchPrime%benchContacts, 10) + "@"
	}),
	get("new-by-name", func(int64) string { return "/contacts?created_at=gte:%2B1h&sort=name" }),
	get("search-everywhere", func(n int64) string {
		first, last := benchName(n)
		return "/search?q=" + first + "+" + last
	}),
	benchCreate,
	{"patch", "PATCH", func(s *benchSeed, n int64) (string, string) {
		return "/contacts/" + s.id(n), `{"phone":"` + strconv.FormatInt(n, 10) + `"}`
	}, nil},
}

func get(name string, path func(n int64) string) benchOp {
	return benchOp{name, http.MethodGet, func(_ *benchSeed, n int64) (string, string) { return path(n), "" }, nil}
}

// benchSizes are the contacts in the workspaces of BenchmarkGrowth: those that
// CRMKIT_BENCH_SIZES has, with commas between.
func benchSizes(b *testing.B) (sizes []int64) {
	for _, text := range strings.Split(os.Getenv("CRMKIT_BENCH_SIZES"), ",") {
		if n, err := strconv.ParseInt(text, 10, 64); err == nil && n >= benchContacts && n%benchContacts == 0 {
			sizes = append(sizes, n)
		} else if text != "" {
			b.Fatalf("CRMKIT_BENCH_SIZES: %s is no multiple of %d", text, benchContacts)
		}
	}
	if sizes == nil {
		return []int64{benchContacts}
	}
	return sizes
}

// BenchmarkGrowth measures 64 clients against workspaces of several sizes, each request
// in turn with ceiling H, and searches with ceiling M: one pass of bytes.Index over the
// text that is searched. The last row of a size is the memory of the process.
func BenchmarkGrowth(b *testing.B) {
	for _, size := range benchSizes(b) {
		b.Run(strconv.FormatInt(size, 10), func(b *testing.B) {
			s := newBenchSeed(b)
			s.grow(b, size)
			addr, stop := s.open(b, s.path)
			defer stop()
			s.deepen(b, addr)
			for _, op := range benchGrowth {
				b.Run(op.name, func(b *testing.B) {
					rivals := []benchRival{s.bareHTTP(b, op, addr)}
					if strings.HasPrefix(op.name, "search") {
						rivals = append(rivals, s.barePass(b))
					}
					own, others := alternate(b, s.callers(b, op, addr, benchClients), rivals...)
					report(b, own)
					for _, other := range others {
						b.ReportMetric(median(shares(own, other.stretches)), "of-"+other.name)
					}
				})
			}
			b.Run("memory", func(b *testing.B) {
				b.ReportMetric(0, "ns/op")
				b.ReportMetric(resident(b), "MB")
				info, err := os.Stat(s.path + "-wal")
				check(b, err)
				b.ReportMetric(float64(info.Size())/(1<<20), "WAL-MB")
			})
		})
	}
}

// BenchmarkFirstSearch measures the first search after a start, which has to load the text: a
// whole request to a server that was just opened.
func BenchmarkFirstSearch(b *testing.B) {
	for _, size := range benchSizes(b) {
		s := newBenchSeed(b)
		s.grow(b, size)
		b.Run(strconv.FormatInt(size, 10), func(b *testing.B) {
			for b.Loop() {
				b.StopTimer()
				addr, stop := s.open(b, s.path)
				wire := newBenchWire(b, addr, s.token)
				b.StartTimer()
				_, _, err := wire.do(http.MethodGet, benchWords(s.serial.Add(1)), "")
				b.StopTimer()
				check(b, err)
				stop()
				b.StartTimer()
			}
		})
	}
}

// deepen walks through half of the contacts, and remembers the cursors of the second half of
// that walk.
func (s *benchSeed) deepen(b *testing.B, addr string) {
	b.Helper()
	pages := s.contacts / 2 / 200
	for n, next := int64(0), ""; n < pages; n++ {
		req, err := http.NewRequest(http.MethodGet, "http://"+addr+"/contacts?limit=200&total=none&format=json&fields=name"+next, nil)
		check(b, err)
		req.Header.Set("Authorization", "Bearer "+s.token)
		res, err := http.DefaultClient.Do(req)
		check(b, err)
		var page struct {
			Next string `json:"next_cursor"`
		}
		check(b, json.NewDecoder(res.Body).Decode(&page))
		res.Body.Close()
		if next = "&cursor=" + page.Next; n >= pages/2 {
			s.cursors = append(s.cursors, page.Next)
		}
	}
}

// resident returns the resident memory of this process: of the server, the clients and
// the ceilings together.
func resident(b *testing.B) float64 {
	text, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		b.Skip("no /proc here")
	}
	pages, err := strconv.Atoi(strings.Fields(string(text))[1])
	check(b, err)
	return float64(pages*os.Getpagesize()) / (1 << 20)
}

// edit changes the file while no server has it open, in one transaction.
func (s *benchSeed) edit(b *testing.B, change func(conn *sql.Conn, exec func(text string, args ...any))) {
	b.Helper()
	ctx := context.Background()
	db, err := sql.Open("sqlite", "file:"+s.path+"?_pragma=cache_size(-400000)&_pragma=synchronous(OFF)")
	check(b, err)
	defer db.Close()
	conn, err := db.Conn(ctx)
	check(b, err)
	defer conn.Close()
	exec := func(text string, args ...any) {
		_, err := conn.ExecContext(ctx, text, args...)
		check(b, err)
	}
	exec("BEGIN")
	change(conn, exec)
	exec("COMMIT")
}

// grow multiplies the contacts of the seed, each copy with an e-mail of its own.
func (s *benchSeed) grow(b *testing.B, contacts int64) {
	b.Helper()
	s.edit(b, func(conn *sql.Conn, exec func(text string, args ...any)) {
		for copied := int64(benchContacts); copied < contacts; copied += benchContacts {
			for table, key := range map[string]string{"contacts": "key", "tags": "record", "custom_values": "record"} {
				columns, cells := s.columns(b, conn, table, map[string]string{"email": fmt.Sprintf("'g%d.' || email", copied/benchContacts),
					"key": fmt.Sprintf("key + %d", copied), "record": fmt.Sprintf("record + %d", copied),
					"created_at": fmt.Sprintf("created_at + %d", copied), "updated_at": fmt.Sprintf("updated_at + %d", copied)})
				exec(fmt.Sprintf("INSERT INTO %s (%s) SELECT %s FROM %s WHERE %s BETWEEN ? AND ?", table, columns, cells, table, key), s.key(0), s.key(0)-1+benchContacts)
			}
		}
		exec("UPDATE usage SET n = ?, last = ?, latest = latest + ? WHERE workspace_id = ? AND kind = 'contacts'", contacts, contacts, contacts, s.workspace)
	})
	s.contacts = contacts
}

// columns returns the columns of a table, and the expressions of a copy of a row: the same
// columns, except for those in other.
func (s *benchSeed) columns(b *testing.B, conn *sql.Conn, table string, other map[string]string) (columns, cells string) {
	b.Helper()
	rows, err := conn.QueryContext(context.Background(), "SELECT name FROM pragma_table_info(?)", table)
	check(b, err)
	defer rows.Close()
	var names []string
	for rows.Next() {
		var name string
		check(b, rows.Scan(&name))
		names = append(names, name)
	}
	check(b, rows.Err())
	return benchCopied(names, other)
}

// benchCopied returns the columns with the names, and the expressions of a copy of a row.
func benchCopied(names []string, other map[string]string) (columns, cells string) {
	values := make([]string, len(names))
	for i, name := range names {
		values[i] = cmp.Or(other[name], name)
	}
	return strings.Join(names, ", "), strings.Join(values, ", ")
}

// barePass is ceiling M.
func (s *benchSeed) barePass(b *testing.B) benchRival {
	db, err := sql.Open("sqlite", "file:"+s.path+"?_pragma=query_only(1)")
	check(b, err)
	defer db.Close()
	var text bytes.Buffer
	rows, err := db.Query("SELECT name_fold, email, phone_fold FROM contacts WHERE workspace_id = ?", s.workspace)
	check(b, err)
	defer rows.Close()
	for rows.Next() {
		var name, email, phone sql.NullString
		check(b, rows.Scan(&name, &email, &phone))
		fmt.Fprintf(&text, "%s\n%s\n%s\n\nvip\tregion-1\n", name.String, email.String, phone.String)
	}
	check(b, rows.Err())
	callers := make([]benchCaller, benchClients)
	for i := range callers {
		callers[i] = func() error {
			if bytes.Contains(text.Bytes(), []byte("xylophonist")) {
				return fmt.Errorf("the word is there")
			}
			return nil
		}
	}
	return benchRival{name: "M", callers: callers}
}

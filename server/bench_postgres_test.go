package server_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"crmkit/store"
	"crmkit/store/postgres/pgtest"
)

// benchPostgres is a database of PostgreSQL full of contacts, made through the API, with the commits
// of a real one: each waits for the disk.
type benchPostgres struct {
	*benchSeed
	pool *pgxpool.Pool // of the rivals
}

// newBenchPostgres fills a database, and lifts the caps.
func newBenchPostgres(b *testing.B) *benchPostgres {
	b.Helper()
	cluster := pgtest.New(b, pgtest.Options{Durable: true})
	address := cluster.Database(b)
	check(b, store.Upgrade(b.Context(), store.Options{Path: address}))
	s := &benchPostgres{benchSeed: &benchSeed{path: address, contacts: benchContacts}}
	s.seed(b)
	config, err := pgxpool.ParseConfig(address)
	check(b, err)
	config.MaxConns = benchPostgresReaders
	s.pool, err = pgxpool.NewWithConfig(context.Background(), config)
	check(b, err)
	b.Cleanup(s.pool.Close)
	for _, text := range []string{"UPDATE workspaces SET plan = 'unlimited'", "UPDATE users SET plan = 'unlimited'", "VACUUM ANALYZE"} {
		_, err := s.pool.Exec(b.Context(), text)
		check(b, err)
	}
	return s
}

// benchPostgresReaders is how many connections of one server read records.
const benchPostgresReaders = 12

// BenchmarkPostgres measures 64 clients, spread over 1, 2 and 3 servers in this process, on one
// database with 10,000 contacts. of-R and of-G are the rate as a share of bare loops of pgx: 64
// callers that read the same rows with prepared statements, and one that inserts the same rows in
// a group commit. of-HR and of-HG are shares of the same loops behind a bare net/http server that
// answers as many bytes. of-sqlite is the rate as a share of one server with a file.
func BenchmarkPostgres(b *testing.B) {
	pgtest.Need(b, "postgres")
	file, s := newBenchSeed(b), newBenchPostgres(b)
	for _, op := range benchOps {
		for servers := 1; servers <= 3; servers++ {
			b.Run(fmt.Sprintf("%s/%d", op.name, servers), func(b *testing.B) {
				var product []benchCaller
				for range servers {
					addr, stop := s.open(b, s.path)
					b.Cleanup(stop)
					product = append(product, s.callers(b, op, addr, benchClients)...)
				}
				_, addr := file.serve(b)
				bare := s.bare(b, op)
				own, others := alternate(b, spread(product, servers), bare, s.behindHTTP(b, op, bare), benchRival{name: "sqlite", callers: file.callers(b, op, addr, benchClients)})
				report(b, own)
				for _, other := range others {
					b.ReportMetric(median(shares(own, other.stretches)), "of-"+other.name)
				}
			})
		}
	}
}

// behindHTTP returns clients of a bare HTTP server that does the work of a bare loop for each request.
func (s *benchPostgres) behindHTTP(b *testing.B, op benchOp, bare benchRival) benchRival {
	b.Helper()
	addr, stop := s.open(b, s.path)
	path, body := op.request(s.benchSeed, s.serial.Add(1)-1)
	status, size, err := newBenchWire(b, addr, s.token).do(op.method, path, body)
	check(b, err)
	stop()
	free := make(chan benchCaller, len(bare.callers))
	for _, call := range bare.callers {
		free <- call
	}
	addr = bareServer(b, status, size, func() error {
		call := <-free
		defer func() { free <- call }()
		return call()
	})
	return benchRival{name: "H" + bare.name, callers: s.callers(b, op, addr, benchClients)}
}

// spread returns as many callers as there are clients, from the servers in turn.
func spread(callers []benchCaller, servers int) (list []benchCaller) {
	for i := range benchClients {
		list = append(list, callers[i%servers*benchClients+i])
	}
	return list
}

// bare returns the bare loop for an operation.
func (s *benchPostgres) bare(b *testing.B, op benchOp) benchRival {
	b.Helper()
	switch op.name {
	case "fetch":
		return s.reader(bareRows+" AND t.key = $2", func(n int64) []any { return []any{s.workspace, s.key(n)} })
	case "list50":
		return s.reader(bareRows+bareOrder, func(int64) []any { return []any{s.workspace} })
	case "list50-stage":
		return s.reader(bareRows+" AND t.stage = $2"+bareOrder, func(n int64) []any { return []any{s.workspace, benchStage(n)} })
	case "list-search":
		return s.reader(bareRows+" AND t.name_fold LIKE $2 AND t.name_fold LIKE $3"+bareOrder, func(n int64) []any {
			first, last := benchName(n)
			return []any{s.workspace, "%" + strings.ToLower(first) + "%", "%" + last + "%"}
		})
	}
	return s.writer(b, op)
}

// bareSession reads what a request must know of its token.
const bareSession = "SELECT t.key, t.id, t.user_id, t.workspace_id, t.scope, m.role, u.email, w.plan FROM secrets s JOIN tokens t ON t.key = s.token_key JOIN users u ON u.number = t.user_id JOIN workspaces w ON w.number = t.workspace_id JOIN members m ON m.workspace_id = w.number AND m.user_id = u.number LIMIT 1"

// reader returns callers that read a session and then rows, as a request does.
func (s *benchPostgres) reader(text string, args func(n int64) []any) benchRival {
	callers := make([]benchCaller, benchClients)
	for i := range callers {
		callers[i] = func() error {
			if err := s.readAll(bareSession, nil); err != nil {
				return err
			}
			return s.readAll(text, args(s.serial.Add(1)-1))
		}
	}
	return benchRival{name: "R", callers: callers}
}

func (s *benchPostgres) readAll(text string, args []any) error {
	rows, err := s.pool.Query(context.Background(), text, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if _, err := rows.Values(); err != nil {
			return err
		}
	}
	return rows.Err()
}

// bareRow is a row that a bare writer inserts, or a statement that it runs.
type bareRow struct {
	text string
	args func(key int64) []any
}

// writer returns callers whose writes one goroutine commits together, each batch in one round trip.
func (s *benchPostgres) writer(b *testing.B, op benchOp) benchRival {
	b.Helper()
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, s.path)
	check(b, err)
	w := &bareWriter{jobs: make(chan bareJob, benchClients)}
	check(b, conn.QueryRow(ctx, "SELECT MAX(key) + 10000000 FROM contacts").Scan(&w.first))
	first := s.key(0)
	steps := make([][]bareRow, benchSamples)
	var counts []*benchCounts
	if op.name == "create" {
		counts = s.newBenchCounts(b)
		s.again(b, steps, "contacts", "SELECT key - $1::bigint, * FROM contacts WHERE key BETWEEN $1 AND $2", first, first+benchSamples-1)
		for _, table := range []string{"tags", "custom_values", "duplicate_keys"} {
			s.again(b, steps, table, "SELECT record - $1::bigint, * FROM "+table+" WHERE record BETWEEN $1 AND $2", first, first+benchSamples-1)
		}
		s.again(b, steps, "log", "SELECT ROW_NUMBER() OVER (ORDER BY key) - 1, * FROM log WHERE action = 'create' AND target LIKE 'contact/%' ORDER BY key LIMIT $1", int64(benchSamples))
	} else {
		keys := s.phoneKeys(b)
		for i := range steps {
			steps[i] = append(steps[i], bareRow{"UPDATE contacts SET phone = $3, phone_fold = $3, version = version + 1, updated_at = $4, updated_by = 'jane@acme.com' WHERE workspace_id = $1 AND key = $2",
				func(key int64) []any { return []any{s.workspace, s.key(key), fmt.Sprint(key), key} }})
			steps[i] = append(steps[i], keys...)
		}
		s.again(b, steps, "log", "SELECT n.sample, c.* FROM generate_series(0, $1::bigint - 1) n(sample), log c WHERE c.key = (SELECT MAX(key) FROM log WHERE action = 'update')", int64(benchSamples))
	}
	w.run = func(batch []bareJob) error {
		var all pgx.Batch
		all.Queue("BEGIN")
		all.Queue("SELECT last FROM usage WHERE workspace_id = $1 AND kind = 'contacts' FOR UPDATE", s.workspace)
		all.Queue("INSERT INTO batches (id, kept, at) VALUES ($1, 1, $2)", uuid.NewString(), batch[0].serial)
		for _, j := range batch {
			for _, step := range steps[j.serial%benchSamples] {
				all.Queue(step.text, step.args(j.serial)...)
			}
		}
		for _, c := range counts {
			c.queue(&all, s.workspace, batch)
		}
		all.Queue("UPDATE usage SET last = last + $2, n = n + $2 WHERE workspace_id = $1 AND kind = 'contacts'", s.workspace, len(batch))
		all.Queue("COMMIT")
		return conn.SendBatch(ctx, &all).Close()
	}
	b.Cleanup(func() { _ = conn.Close(ctx) })
	return w.rival(b, s.benchSeed)
}

// again adds inserts that repeat rows of a table with other keys and unique values.
func (s *benchPostgres) again(b *testing.B, steps [][]bareRow, table, text string, args ...any) {
	b.Helper()
	rows, err := s.pool.Query(context.Background(), text, args...)
	check(b, err)
	defer rows.Close()
	var names, marks []string
	for i, field := range rows.FieldDescriptions()[1:] {
		names, marks = append(names, field.Name), append(marks, fmt.Sprintf("$%d", i+1))
	}
	insert := "INSERT INTO " + table + " (" + strings.Join(names, ", ") + ") VALUES (" + strings.Join(marks, ", ") + ")"
	for rows.Next() {
		cells, err := rows.Values()
		check(b, err)
		sample := cells[0].(int64)
		steps[sample] = append(steps[sample], bareRow{insert, func(key int64) []any { return otherwise(names, cells[1:], key) }})
	}
	check(b, rows.Err())
}

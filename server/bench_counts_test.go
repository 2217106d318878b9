package server_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/jackc/pgx/v5"
)

// benchCounts are the rows that count what records have: of the words in names, and of values in use. A
// batch of creates changes each of them once, so a bare writer does too. samples has, for each sample, the
// places of the rows that a create like it changes.
type benchCounts struct {
	text    string // SQL that adds to the rows
	rows    [][]any
	samples [benchSamples][]int
}

// benchCountQueries select, for the first contacts from key $1 to $2, the rows that count what they have; and
// change them.
var benchCountQueries = [][2]string{
	{`SELECT c.key - $1::bigint, w.letters, w.word FROM contacts c JOIN words w ON w.workspace_id = c.workspace_id AND w.kind = 'contact'
		AND w.word = ANY (string_to_array(c.name_fold, ' ')) WHERE c.key BETWEEN $1 AND $2`,
		`UPDATE words SET n = words.n + c.n, in_labels = in_labels + c.n FROM ROWS FROM (unnest($2::bigint[]), unnest($3::text[]), unnest($4::bigint[])) AS c (letters, word, n)
		WHERE words.workspace_id = $1 AND words.kind = 'contact' AND words.letters = c.letters AND words.word = c.word`},
	{`SELECT c.key - $1::bigint, v.field, v.value FROM contacts c JOIN values_in_use v ON v.workspace_id = c.workspace_id AND v.kind = 'contact'
		AND v.value IN (c.stage, c.owner) WHERE c.key BETWEEN $1 AND $2`,
		`UPDATE values_in_use v SET n = v.n + c.n FROM ROWS FROM (unnest($2::text[]), unnest($3::text[]), unnest($4::bigint[])) AS c (field, value, n)
		WHERE v.workspace_id = $1 AND v.kind = 'contact' AND v.field = c.field AND v.value = c.value`},
}

// newBenchCounts reads the rows of both sorts.
func (s *benchPostgres) newBenchCounts(b *testing.B) (list []*benchCounts) {
	b.Helper()
	first := s.key(0)
	for _, q := range benchCountQueries {
		c := &benchCounts{text: q[1]}
		rows, err := s.pool.Query(context.Background(), q[0], first, first+benchSamples-1)
		check(b, err)
		places := map[string]int{}
		for rows.Next() {
			cells, err := rows.Values()
			check(b, err)
			name := fmt.Sprint(cells[1:])
			if _, known := places[name]; !known {
				places[name] = len(c.rows)
				c.rows = append(c.rows, cells[1:])
			}
			sample := cells[0].(int64)
			c.samples[sample] = append(c.samples[sample], places[name])
		}
		check(b, rows.Err())
		if len(c.rows) == 0 {
			b.Fatalf("no rows are counted by %s", q[0])
		}
		list = append(list, c)
	}
	return list
}

// queue adds the statement that counts the creates of a batch.
func (c *benchCounts) queue(all *pgx.Batch, workspace int64, batch []bareJob) {
	counts := map[int]int64{}
	for _, j := range batch {
		for _, place := range c.samples[j.serial%benchSamples] {
			counts[place]++
		}
	}
	var one, other []any
	var n []int64
	for place, count := range counts {
		one, other, n = append(one, c.rows[place][0]), append(other, c.rows[place][1]), append(n, count)
	}
	all.Queue(c.text, workspace, one, other, n)
}

// phoneKeys returns the statements that exchange the key of a contact's number by which duplicates are found,
// as a patch of the number does. They are run by one goroutine.
func (s *benchPostgres) phoneKeys(b *testing.B) []bareRow {
	b.Helper()
	const most = 1<<60 - 1 // keys of other sorts are larger
	hashes := map[int64]int64{}
	rows, err := s.pool.Query(context.Background(), "SELECT record, hash FROM duplicate_keys WHERE workspace_id = $1 AND kind = 'contact' AND hash <= $2", s.workspace, most)
	check(b, err)
	for rows.Next() {
		var record, hash int64
		check(b, rows.Scan(&record, &hash))
		hashes[record] = hash
	}
	check(b, rows.Err())
	return []bareRow{
		{"DELETE FROM duplicate_keys WHERE workspace_id = $1 AND kind = 'contact' AND hash = $2 AND record = $3", func(n int64) []any {
			return []any{s.workspace, hashes[s.key(n)], s.key(n)}
		}},
		{"INSERT INTO duplicate_keys (workspace_id, kind, hash, record, sketch) VALUES ($1, 'contact', $2, $3, 0)", func(n int64) []any {
			hashes[s.key(n)] = n * benchPrime % most
			return []any{s.workspace, hashes[s.key(n)], s.key(n)}
		}},
	}
}

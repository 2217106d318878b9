package server_test

import (
	"cmp"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
)

// pagesOfCreates is the number of creates whose pages are counted. They must not fill the log,
// which would begin again.
const pagesOfCreates = 100

// BenchmarkSize reports the size of the parts of a file with contacts that were created through
// the API: each table and index of a byte per contact or more, then the whole file, compared
// with the model of another product's file with the same rows. The last row is how many pages
// one create writes.
func BenchmarkSize(b *testing.B) {
	for _, size := range benchSizes(b) {
		b.Run(strconv.FormatInt(size, 10), func(b *testing.B) {
			s := newBenchSeed(b)
			addr, stop := s.open(b, s.path)
			drive(b, s.callers(b, benchCreate, addr, benchClients), times(int(size-benchContacts)))
			stop()
			s.contacts = size
			own, peer := s.trees(b, s.path), s.trees(b, s.peerModel(b))
			for _, tree := range own {
				if tree.bytes >= size { // the others have a page or two each
					b.Run(tree.name, func(b *testing.B) { s.reportBytes(b, tree.bytes) })
				}
			}
			b.Run("whole", func(b *testing.B) {
				s.reportBytes(b, total(own))
				b.ReportMetric(float64(total(own))/float64(total(peer)), "of-peer")
			})
			b.Run("peer-model", func(b *testing.B) { s.reportBytes(b, total(peer)) })
			b.Run("create", s.reportPages)
		})
	}
}

func (s *benchSeed) reportBytes(b *testing.B, bytes int64) {
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(float64(bytes)/float64(s.contacts), "B/contact")
}

// reportPages counts the pages that creates of a single client add to the log of a file that
// was just opened.
func (s *benchSeed) reportPages(b *testing.B) {
	path, addr := s.serve(b)
	lone := s.callers(b, benchCreate, addr, 1)
	drive(b, lone, times(1)) // the first also brings what the start left
	before := walPages(b, path)
	drive(b, lone, times(pagesOfCreates))
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(float64(walPages(b, path)-before)/pagesOfCreates, "pages/create")
}

// walPages returns how many pages the write-ahead log of a file has.
func walPages(b *testing.B, path string) int64 {
	b.Helper()
	const header, frame = 32, 24 + 4096
	info, err := os.Stat(path + "-wal")
	check(b, err)
	return (info.Size() - header) / frame
}

// tree is a table or an index of a file.
type tree struct {
	name  string
	bytes int64
}

func total(trees []tree) (bytes int64) {
	for _, t := range trees {
		bytes += t.bytes
	}
	return bytes
}

// trees returns the tables and indexes of a file, the largest first.
func (s *benchSeed) trees(b *testing.B, path string) (list []tree) {
	b.Helper()
	db, err := sql.Open("sqlite", "file:"+path)
	check(b, err)
	defer db.Close()
	rows, err := db.Query("SELECT name, SUM(pgsize) FROM dbstat GROUP BY name")
	check(b, err)
	defer rows.Close()
	for rows.Next() {
		var t tree
		check(b, rows.Scan(&t.name, &t.bytes))
		list = append(list, t)
	}
	check(b, rows.Err())
	slices.SortFunc(list, func(x, y tree) int { return cmp.Or(cmp.Compare(y.bytes, x.bytes), cmp.Compare(x.name, y.name)) })
	return list
}

// peerModel makes a file with the contacts of the seed in the form in which PocketBase stores a
// collection: a table whose primary key is a random text, references by that key, lists and
// objects as JSON, times as text, and indexes of the columns by which lists are filtered and
// sorted. It is a model: the other product did not run, and the file has no log, no folded text
// and no index of labels and custom values.
func (s *benchSeed) peerModel(b *testing.B) (path string) {
	b.Helper()
	path = filepath.Join(b.TempDir(), "peer.db")
	db, err := sql.Open("sqlite", "file:"+path+"?_pragma=synchronous(OFF)&_pragma=journal_mode(OFF)")
	check(b, err)
	defer db.Close()
	db.SetMaxOpenConns(1)
	_, err = db.Exec("ATTACH ? AS own", s.path)
	check(b, err)
	const (
		random = "SUBSTR(LOWER(HEX(RANDOMBLOB(8))), 1, 15)"
		stamp  = "STRFTIME('%%Y-%%m-%%d %%H:%%M:%%fZ', %s / 1000.0, 'unixepoch')"
	)
	for _, text := range []string{
		`CREATE TABLE contacts (id TEXT PRIMARY KEY NOT NULL, name TEXT DEFAULT '' NOT NULL, email TEXT DEFAULT '' NOT NULL, phone TEXT DEFAULT '' NOT NULL,
			stage TEXT DEFAULT '' NOT NULL, company TEXT DEFAULT '' NOT NULL, owner TEXT DEFAULT '' NOT NULL, tags JSON DEFAULT '[]' NOT NULL,
			custom JSON DEFAULT NULL, created TEXT DEFAULT '' NOT NULL, updated TEXT DEFAULT '' NOT NULL)`,
		"CREATE UNIQUE INDEX contacts_email ON contacts (email) WHERE email <> ''",
		"CREATE INDEX contacts_stage ON contacts (stage)",
		"CREATE INDEX contacts_company ON contacts (company)",
		"CREATE INDEX contacts_created ON contacts (created)",
		"INSERT INTO contacts SELECT " + random + ", c.name, c.email, COALESCE(c.phone, ''), c.stage, SUBSTR(PRINTF('%015d', c.company_id), 1, 15), c.owner, c.tags, c.custom, " +
			fmt.Sprintf(stamp, "c.created_at") + ", " + fmt.Sprintf(stamp, "c.updated_at") + " FROM own.contacts c ORDER BY c.key",
	} {
		_, err := db.Exec(text)
		check(b, err)
	}
	return path
}

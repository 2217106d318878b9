package store

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"strings"

	_ "modernc.org/sqlite" // the driver "sqlite"

	"crmkit/store/sqlite"
)

// applicationID marks a file as ours (PRAGMA application_id): "crmk".
const applicationID = 0x63726d6b

// oldestSQLite is the first version without the WAL reset fault that corrupts
// databases (3.7.0 to 3.51.2).
var oldestSQLite = [3]int{3, 51, 3}

// synchronous is how SQLite waits for the disk. It is FULL in every build but one:
// the soak links a binary with OFF, which must lose writes in a power cut, to prove
// that it would notice.
var synchronous = "FULL"

// dsn returns the data source for a path. Memory databases get a name of their
// own in SQLite's memdb file system, which all connections of the process share.
func dsn(path string) string {
	if path == Memory {
		var name [12]byte
		_, _ = rand.Read(name[:])
		return "file:/crmkit-" + hex.EncodeToString(name[:]) + "?vfs=memdb&_pragma=busy_timeout(10000)"
	}
	return fileURL(path) + "?_pragma=busy_timeout(10000)&_pragma=journal_mode(WAL)&_pragma=synchronous(" + synchronous + ")"
}

func fileURL(path string) string {
	u := url.URL{Path: path}
	return "file:" + u.EscapedPath()
}

// checkpointEvery is how many pages the log has when SQLite writes them into the file: 16
// MB. A page that changes with each write, and most are such, is then written there a
// quarter as often as by SQLite's own 1000.
const checkpointEvery = "4000"

// openWriter opens the one connection that writes and checks that its settings
// took hold.
func openWriter(ctx context.Context, name string) (*sql.DB, error) {
	db := openEngine(name + "&_pragma=foreign_keys(1)&_pragma=wal_autocheckpoint(" + checkpointEvery + ")&_txlock=immediate")
	db.SetMaxOpenConns(1)
	want := map[string]string{"foreign_keys": "1"}
	if !strings.Contains(name, "vfs=memdb") {
		want["journal_mode"], want["synchronous"] = "wal", map[string]string{"FULL": "2", "OFF": "0"}[synchronous]
		want["wal_autocheckpoint"] = checkpointEvery
	}
	if err := errors.Join(checkVersion(ctx, db), checkPragmas(ctx, db, want)); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

// accountReaders is how many connections serve the reads that take no turn. Such reads
// are single rows, so two suffice for any number of clients.
const accountReaders = 2

// openReaders opens the connections that read.
func (s *Store) openReaders(ctx context.Context, name string) (err error) {
	s.reads = openEngine(name + "&_pragma=query_only(1)")
	if err := checkPragmas(ctx, s.reads, map[string]string{"query_only": "1"}); err != nil {
		return err
	}
	s.turns = newTurns(processors())
	if s.readers, err = s.connect(ctx, s.turns.free); err != nil {
		return err
	}
	s.accounts, err = s.connect(ctx, accountReaders)
	return err
}

// connect returns that many reading connections, ready for use.
func (s *Store) connect(ctx context.Context, n int) (chan *sqlite.Conn, error) {
	readers := make(chan *sqlite.Conn, n)
	for range n {
		conn, err := s.reads.Conn(ctx)
		if err != nil {
			return nil, err
		}
		readers <- sqlite.NewConn(conn)
	}
	return readers, nil
}

func checkPragmas(ctx context.Context, db *sql.DB, want map[string]string) error {
	for name, value := range want {
		var is string
		if err := db.QueryRowContext(ctx, "PRAGMA "+name).Scan(&is); err != nil {
			return err
		}
		if is != value {
			return fmt.Errorf("PRAGMA %s is %s, must be %s", name, is, value)
		}
	}
	return nil
}

func checkVersion(ctx context.Context, db *sql.DB) error {
	var text string
	var is [3]int
	if err := db.QueryRowContext(ctx, "SELECT sqlite_version()").Scan(&text); err != nil {
		return err
	}
	if _, err := fmt.Sscanf(text, "%d.%d.%d", &is[0], &is[1], &is[2]); err != nil {
		return err
	}
	for i := range is {
		if is[i] != oldestSQLite[i] {
			if is[i] > oldestSQLite[i] {
				break
			}
			return fmt.Errorf("SQLite %s can corrupt its log; build with 3.51.3 or newer", text)
		}
	}
	return nil
}

// keysFromJSON is SQL that reads an argument which is a list of keys in JSON.
const keysFromJSON = "SELECT value FROM json_each($%d)"

// pairsFromJSON is SQL that reads an argument which is an object in JSON: key and value.
const pairsFromJSON = "SELECT key, value FROM json_each($%d)"

// sqliteTypes turns migration text into SQLite's.
var sqliteTypes = strings.NewReplacer("BIGINT", "INTEGER", "CLUSTERED", "WITHOUT ROWID")

package move

import (
	"bytes"
	"compress/gzip"
	"context"
	"database/sql"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	_ "modernc.org/sqlite"

	"crmkit/crm"
	"crmkit/store"
	"crmkit/store/engine"
	"crmkit/store/postgres/pgtest"
)

// refused runs a move that must be refused.
func refused(t *testing.T, from, to string, words ...string) {
	t.Helper()
	_, err := Run(t.Context(), Options{From: opener(from), To: opener(to)})
	wantRefusal(t, err, words...)
}

// TestRefusedTargets moves into databases that are in use.
func TestRefusedTargets(t *testing.T) {
	for name, path := range engines {
		t.Run(name, func(t *testing.T) {
			from, used, left := servedFile(t), path(t), path(t)
			moved(t, servedFile(t), used)
			refused(t, from, used, "is in use: it has 1 users and 0 workspaces", "move into an empty database")
			moved(t, used, left)
			refused(t, from, used, "was moved to ", "move into another database, or rename this one")
			other := path(t)
			killedMove(t, servedFile(t), other)
			refused(t, from, other, "a move of another database", "is not finished")
			// What was refused is as it was.
			must(t, closed(opened(t, from)))
			must(t, closed(opened(t, left)))
			// A server that has started on the target has left nothing of value.
			empty := path(t)
			must(t, closed(opened(t, empty)))
			want := contents(t, from)
			moved(t, from, empty)
			wantSame(t, withHeads(want, contents(t, empty)), empty)
		})
	}
}

// TestTargetsThatAreBegun moves into a file that a move made before it was killed: it has no tables yet,
// or nothing at all. As a source each is refused, also by a dry run.
func TestTargetsThatAreBegun(t *testing.T) {
	for name, text := range map[string]string{"nothing": "", "a header": "PRAGMA journal_mode = WAL; PRAGMA user_version = 0; VACUUM"} {
		t.Run(name, func(t *testing.T) {
			from, to := servedFile(t), newFile(t)
			must(t, os.WriteFile(to, nil, 0o600))
			if text != "" {
				execFile(t, to, text)
			}
			for _, dry := range []bool{true, false} {
				_, err := Run(t.Context(), Options{From: opener(to), To: opener(newFile(t)), DryRun: dry})
				wantRefusal(t, err, "is empty; name the")
			}
			want := contents(t, from)
			_, err := Run(t.Context(), Options{From: opener(from), To: opener(to), DryRun: true})
			must(t, err)
			moved(t, from, to)
			wantSame(t, want, to)
		})
	}
}

// withHeads returns contents with the usage of others, to which PostgreSQL may add a head.
func withHeads(want, others map[string][]string) map[string][]string {
	want["usage"] = others["usage"]
	return want
}

// killedMove begins a move and kills it while it copies.
func killedMove(t *testing.T, from, to string) {
	t.Helper()
	l := &life{left: 1_000_000}
	_, err := Run(t.Context(), Options{From: mortally(from, l), To: mortally(to, l), Report: func(p Progress) {
		if p.Step == Copy {
			l.end()
		}
	}})
	wantRefusal(t, err, "killed")
}

// TestRefusedSources moves from what is no database, is older, or is damaged.
func TestRefusedSources(t *testing.T) {
	to := newFile(t)
	refused(t, filepath.Join(t.TempDir(), "none.db"), to, "no such file")
	refused(t, oldFile(t), to, "has schema 11, and this crmkit has ", "crmkit upgrade --db")
	empty := newFile(t)
	must(t, os.WriteFile(empty, nil, 0o600))
	refused(t, empty, to, "is empty")
	other := newFile(t)
	execFile(t, other, "CREATE TABLE notes (text TEXT)")
	refused(t, other, to, "not one of crmkit")
	none := pgtest.Database(t)
	refused(t, none, to, "postgres://crm@", "is empty; name the database of a server that has run")
	_, err := Run(t.Context(), Options{From: opener(none), To: opener(to), DryRun: true})
	wantRefusal(t, err, "postgres://crm@", "is empty; name the database of a server that has run")
	changed := servedFile(t)
	execFile(t, changed, "CREATE TABLE notes (text TEXT)")
	refused(t, changed, to, "the schema is not that of crmkit")
	lost := servedFile(t)
	execFile(t, lost, "INSERT INTO contacts (key, workspace_id, name, company_id, version, created_at, created_by, updated_at, updated_by, name_fold) VALUES (1, 1, 'a', 99, 1, 1, 'a', 1, 'a', 'a')")
	refused(t, lost, to, "references lead nowhere: contacts 1 refers to no row of companies")
	if _, err := os.Stat(to); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a refused move has made the target: %v", err)
	}
}

// oldFile unpacks a database of an earlier version.
func oldFile(t *testing.T) (path string) {
	t.Helper()
	packed, err := os.ReadFile("../testdata/schema-0011.db.gz")
	must(t, err)
	reader, err := gzip.NewReader(bytes.NewReader(packed))
	must(t, err)
	data, err := io.ReadAll(reader)
	must(t, err)
	path = newFile(t)
	must(t, os.WriteFile(path, data, 0o600))
	return path
}

// execFile changes a file as another program does.
func execFile(t *testing.T, path, text string, args ...any) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	must(t, err)
	_, err = db.Exec(text, args...)
	must(t, errors.Join(err, db.Close()))
}

// TestRefusedValues moves texts that PostgreSQL cannot store. The error names record and field, and
// nothing has changed, on either side.
func TestRefusedValues(t *testing.T) {
	from, to := servedFile(t), newFile(t)
	key := crm.RecordKey(1, 7)
	execFile(t, from, "INSERT INTO companies (key, workspace_id, name, notes, version, created_at, created_by, updated_at, updated_by, name_fold) VALUES ($1, 1, 'a' || CHAR(0) || 'b', CAST(X'ff' AS TEXT), 1, 1, 'a', 1, 'a', 'a')", key)
	execFile(t, from, "INSERT INTO limits (name, n, resets_at) VALUES (CAST(X'c328' AS TEXT), 1, 1)")
	refused(t, from, to, "name, notes of company/"+crm.RecordID("co", key), `name of the row of limits with name="\xc3("`, "Nothing was moved")
	must(t, closed(opened(t, from)))
	if _, err := os.Stat(to); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the target was made: %v", err)
	}
}

// TestServersAreNamed runs a move while a server has one of the sides.
func TestServersAreNamed(t *testing.T) {
	from, to := servedFile(t), pgtest.Database(t)
	server, err := opened(t, from)
	must(t, err)
	refused(t, from, newFile(t), from+" is in use by crmkit serve, process ", "stop that first")
	var notes []string
	note := func(text string) { notes = append(notes, text) }
	_, err = Run(t.Context(), Options{From: opener(from), To: opener(to), DryRun: true, Note: note})
	must(t, errors.Join(err, server.Close()))
	moved(t, from, to)
	if server, err = opened(t, to); err != nil {
		t.Fatal(err)
	}
	_, err = Run(t.Context(), Options{From: opener(to), To: opener(newFile(t)), DryRun: true, Note: note})
	must(t, errors.Join(err, server.Close()))
	all := strings.Join(notes, "\n")
	if !strings.Contains(all, from+" is in use by crmkit serve, process ") || !strings.Contains(all, "/test_") || !strings.Contains(all, " is in use by servers or commands of crmkit with ") {
		t.Errorf("the notes are %q", all)
	}
	first := whole(t, to, engine.Leave)
	refused(t, to, newFile(t), "another crmkit moves or upgrades postgres://crm@")
	must(t, first.Close())
}

// TestServersAreRefused moves from and to PostgreSQL while a server is connected: nothing changes. A server
// that was just stopped is not in the way, and what a server has left is ended by the command of the error.
func TestServersAreRefused(t *testing.T) {
	from, to := pgtest.Database(t), pgtest.Database(t)
	moved(t, servedFile(t), from)
	for _, path := range []string{from, to} {
		server, err := opened(t, path)
		must(t, err)
		_, err = Run(t.Context(), Options{From: opener(from), To: opener(to)})
		wantRefusal(t, err, " is in use by servers or commands of crmkit with ", " connections from 127.0.0.1; stop them first, then run the same command again; if none runs any more", "psql -c '")
		must(t, server.Probe(t.Context()))
		command := regexp.MustCompile(`psql -c '(.*)' '?postgres://crm@`).FindStringSubmatch(err.Error())
		ends := whole(t, path, engine.Look)
		must(t, ends.Run(t.Context(), strings.ReplaceAll(command[1], `'\''`, "'")))
		who, _, err := ends.Others(t.Context())
		for began := time.Now(); who != "" && time.Since(began) < lingering; who, _, err = ends.Others(t.Context()) {
			must(t, err)
		}
		if who != "" {
			t.Errorf("after %q there are %s", command[1], who)
		}
		_ = server.Close() // its connections are gone
		must(t, ends.Close())
	}
	want := contents(t, from)
	moved(t, from, to)
	wantSame(t, want, to)
}

// TestTheLockIsFreeAtOnce takes the lock of a move right after that has ended.
func TestTheLockIsFreeAtOnce(t *testing.T) {
	to := pgtest.Database(t)
	moved(t, servedFile(t), to)
	next := whole(t, to, engine.Look)
	for range 20 {
		must(t, whole(t, to, engine.Leave).Close())
		var locked int
		must(t, next.Row("SELECT number FROM migrations WHERE number = 0 FOR UPDATE NOWAIT", nil, &locked))
	}
}

// renamed returns the address with which a server has another name at PostgreSQL.
func renamed(path string) string {
	if strings.HasPrefix(path, "postgres:") {
		return path + "&application_name=other"
	}
	return path
}

// TestServersRefuse starts servers on databases with marks, and has one write that runs already.
func TestServersRefuse(t *testing.T) {
	for name, path := range engines {
		t.Run(name, func(t *testing.T) {
			from, to := path(t), path(t)
			moved(t, servedFile(t), from)
			killedMove(t, from, to)
			wantRefusal(t, closed(opened(t, from)), "a move of ", "is not finished; run the same crmkit move again, or give it up: crmkit move --undo --from ")
			wantRefusal(t, closed(opened(t, to)), "into ", "is not finished; run the same crmkit move again, or delete ")
			wantRefusal(t, undone(t, to), "is what the move went to")
			must(t, undone(t, from))
			wantRefusal(t, undone(t, from), "was not moved")
			server, err := opened(t, renamed(from))
			must(t, err)
			if name == "postgres" { // whose move sees it only by its usual name; a file would not let the move begin
				moved(t, from, to)
				wantRefusal(t, server.Probe(context.Background()), "")
			}
			must(t, server.Close())
			if name == "file" {
				moved(t, from, to)
			}
			wantRefusal(t, closed(opened(t, from)), "was moved to ", "crmkit move --undo --from ")
			refused(t, from, path(t), "was moved to ")
			must(t, closed(opened(t, to)))
			must(t, undone(t, from))
			must(t, closed(opened(t, from)))
		})
	}
}

// TestUndoOfAnOlderSchema takes the mark of databases that were moved by an earlier version. A server
// upgrades them after that.
func TestUndoOfAnOlderSchema(t *testing.T) {
	mark := engine.Mark{Kind: engine.Moved, Move: "1", Peer: "other.db", At: time.UnixMilli(1)}
	file := oldFile(t)
	execFile(t, file, "INSERT INTO migrations (number, name, checksum, applied_at) VALUES ($1, $2, $3, 1)", engine.MarkNumber, mark.Peer, mark.Code())
	base := pgtest.Database(t)
	must(t, closed(opened(t, base)))
	w := whole(t, base, engine.Leave)
	must(t, w.Run(t.Context(), "DELETE FROM migrations WHERE number = (SELECT MAX(number) FROM migrations)"))
	must(t, errors.Join(w.BeginWrite(nil), w.SetMark(mark), w.Commit(), w.Close()))
	for _, path := range []string{file, base} {
		wantRefusal(t, closed(opened(t, path)), "was moved to other.db on 1970-01-01")
		refused(t, path, newFile(t), "was moved to other.db", "has a newer schema")
		must(t, undone(t, path))
		refused(t, path, newFile(t), "upgrade it first")
	}
	must(t, closed(opened(t, file)))
}

// TestOlderVersionsRefuse checks what versions that know no marks look at: they count the rows of
// migrations.
func TestOlderVersionsRefuse(t *testing.T) {
	from, to := servedFile(t), newFile(t)
	moved(t, from, to)
	db, err := sql.Open("sqlite", from)
	must(t, err)
	defer db.Close()
	var rows, last int
	must(t, db.QueryRow("SELECT COUNT(*), MAX(number) FROM migrations").Scan(&rows, &last))
	names, err := fs.Glob(os.DirFS("../migrations"), "*.sql")
	must(t, err)
	if rows != len(names)+1 || last != engine.MarkNumber {
		t.Errorf("%d migrations up to %d, want one more than %d", rows, last, len(names))
	}
}

// TestDryRun changes nothing and makes nothing.
func TestDryRun(t *testing.T) {
	from := servedFile(t)
	before, err := os.ReadFile(from)
	must(t, err)
	for name, path := range engines {
		to := path(t)
		sum, err := Run(t.Context(), Options{From: opener(from), To: opener(to), DryRun: true})
		must(t, err)
		if after, err := os.ReadFile(from); err != nil || !bytes.Equal(before, after) {
			t.Errorf("%s: the source changed: %v", name, err)
		}
		if sum.Rows == 0 || sum.From != from || sum.To == "" || sum.Copied > 0 {
			t.Errorf("%s: %+v", name, sum)
		}
		if name == "file" {
			if _, err = os.Stat(to); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("the dry run has made the target: %v", err)
			}
		} else if tables, err := whole(t, to, engine.Look).Tables(t.Context()); err != nil || len(tables) > 0 {
			t.Errorf("the dry run has made %v, %v", names(tables), err)
		}
	}
}

// TestChangesAreFound changes a row during a move: in the source after it was copied, and in the
// target. The move fails, and copies the table anew when it is run again.
func TestChangesAreFound(t *testing.T) {
	change := "UPDATE users SET email = 'eve@acme.com'"
	for name, path := range engines {
		t.Run(name, func(t *testing.T) {
			for _, side := range []string{"source", "target"} {
				from, to := servedFile(t), path(t)
				changed := func(ctx context.Context, role engine.Role) (engine.Whole, error) {
					w, err := opener(to)(ctx, role)
					return &atCompare{Whole: w, do: func(w engine.Whole) {
						if side == "source" {
							execFile(t, from, change)
						} else {
							must(t, inWrite(w, func() error { return w.Run(t.Context(), change) }))
						}
					}}, err
				}
				_, err := Run(t.Context(), Options{From: opener(from), To: changed})
				wantRefusal(t, err, "the tables [users] differ", "run the same command again")
				must(t, closed(opened(t, from)))
				want := contents(t, from)
				moved(t, from, to)
				wantSame(t, withHeads(want, contents(t, to)), to)
			}
		})
	}
}

// atCompare does something before the tables are compared: the target is only read for that.
type atCompare struct {
	engine.Whole
	do func(engine.Whole)
}

func (w *atCompare) BeginRead() error {
	w.do(w.Whole)
	return w.Whole.BeginRead()
}

// TestWritesBetweenRunsAreMoved lets a server write to the source between two runs of a move. What
// was copied before is copied anew.
func TestWritesBetweenRunsAreMoved(t *testing.T) {
	for name, path := range engines {
		t.Run(name, func(t *testing.T) {
			from, to := filled(t, 5, 10), path(t)
			ctx, cancel := context.WithCancel(t.Context())
			_, err := Run(ctx, Options{From: opener(from), To: opener(to), pageRows: 1, Report: func(p Progress) {
				if p.Step == Copy && p.Table == "users" {
					cancel()
				}
			}})
			wantRefusal(t, err, "canceled")
			must(t, closed(opened(t, from))) // a move that was not killed has let go of it
			execFile(t, from, "UPDATE contacts SET name = 'changed since' WHERE key = (SELECT MIN(key) FROM contacts)")
			execFile(t, from, "DELETE FROM limits")
			want := contents(t, from)
			sum := moved(t, from, to)
			wantSame(t, want, to)
			wantParts(t, to)
			if all := int64(len(want["contacts"])); sum.Copied < all || sum.Copied >= sum.Rows {
				t.Errorf("%d of %d rows were copied by the second run", sum.Copied, sum.Rows)
			}
		})
	}
}

// TestHeadsAreMade moves a file with a workspace in which nothing was ever written. On PostgreSQL
// it needs the row that writers lock.
func TestHeadsAreMade(t *testing.T) {
	from, to := servedFile(t), pgtest.Database(t)
	execFile(t, from, "INSERT INTO workspaces (number, id, name, time_zone, plan, created_at) VALUES (3, 'ws_1', 'Acme', 'UTC', 'standard', 1)")
	moved(t, from, to)
	heads, err := whole(t, to, engine.Look).Texts(t.Context(), "SELECT workspace_id || kind FROM usage ORDER BY workspace_id")
	if err != nil || strings.Join(heads, " ") != "0storage 3storage" {
		t.Errorf("the heads are %q, %v", heads, err)
	}
}

// TestBadAddress checks that no password is shown for an address that cannot be used.
func TestBadAddress(t *testing.T) {
	from := servedFile(t)
	for _, to := range []string{"postgres://crm:" + pgtest.Password + "@127.0.0.1:1/crm", "postgres://crm:" + pgtest.Password + "@[/crm", "host=127.0.0.1 port=1 password=" + pgtest.Password} {
		refused(t, from, to, "")
		_, err := store.OpenWhole(t.Context(), store.Options{Path: to}, engine.Arrive)
		wantRefusal(t, err, "")
	}
}

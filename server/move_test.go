package server_test

import (
	"bytes"
	"context"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"crmkit/server"
	"crmkit/server/dumptest"
	"crmkit/store"
	"crmkit/store/engine"
	"crmkit/store/move"
	"crmkit/store/postgres/pgtest"
)

// read is a GET with the header that the transcript sent it with.
type read struct {
	block  string
	header http.Header
}

// moveTo moves the database of a rig, which is closed, and returns a rig on the new one at the same time.
func (r *rig) moveTo(from, to string) *rig {
	r.t.Helper()
	opener := func(path string) func(context.Context, engine.Role) (engine.Whole, error) {
		return func(ctx context.Context, role engine.Role) (engine.Whole, error) {
			return store.OpenWhole(ctx, store.Options{Path: path, Schema: r.store.Schema}, role)
		}
	}
	if err := r.store.Close(); err != nil {
		r.t.Fatal(err)
	}
	if _, err := move.Run(r.t.Context(), move.Options{From: opener(from), To: opener(to)}); err != nil {
		r.t.Fatal(err)
	}
	return r.reopen(to)
}

// reopen returns a rig on a database, at the same time.
func (r *rig) reopen(path string) *rig {
	r.t.Helper()
	st, err := store.Open(r.t.Context(), store.Options{Path: path, Schema: schema(r.t), Clock: r.clock.Now, Rand: &sharedRand{from: fixedRand{n: 1 << 32}}})
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() { st.Close() })
	next := &rig{t: r.t, clock: r.clock, store: st, stores: []*store.Store{st}, header: r.header.Clone(), logs: &lockedBuffer{}}
	return next.serve(server.Options{})
}

// play runs a transcript, and returns its GETs with the values of their words.
func (r *rig) play(text string) (reads []read) {
	vars := map[string]string{}
	for _, block := range strings.Split(strings.TrimSpace(text), "\n\n") {
		switch {
		case strings.HasPrefix(block, "! "):
			inProcessWriter(r, block[2:], vars)
		case strings.HasPrefix(block, "> GET "):
			expanded := block
			for name, value := range vars {
				expanded = strings.ReplaceAll(expanded, name, value)
			}
			reads = append(reads, read{expanded, r.header.Clone()})
			request(r, block, vars)
		case strings.HasPrefix(block, "> "):
			request(r, block, vars)
		}
	}
	return reads
}

// answers returns the answers to reads. Which misspelled words are found is left out.
func (r *rig) answers(reads []read) string {
	var all strings.Builder
	for _, read := range reads {
		r.header = read.header
		head, a := request(r, read.block, map[string]string{})
		all.WriteString(head + "\n" + a.body + "\n")
	}
	return all.String()
}

// TestMovedServerAnswersTheSame plays each transcript on a file, moves it to PostgreSQL and back, and
// asks all its questions again on each. The answers are the same, byte by byte.
func TestMovedServerAnswersTheSame(t *testing.T) {
	files, err := filepath.Glob("../testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal("no transcripts", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			path, back, there := filepath.Join(t.TempDir(), "crm.db"), filepath.Join(t.TempDir(), "back.db"), pgtest.Database(t)
			r := newRigWith(t, store.Options{Path: path})
			reads := r.play(string(data))
			r.answers(reads) // which note that tokens are used
			want := r.answers(reads)
			r = r.moveTo(path, there)
			if got := r.answers(reads); got != want {
				t.Errorf("on PostgreSQL: %s", diff(want, got))
			}
			r = r.moveTo(there, back)
			if got := r.answers(reads); got != want {
				t.Errorf("back on a file: %s", diff(want, got))
			}
		})
	}
}

// TestMovedWorkspaceExportsTheSame moves a workspace with records of all kinds there and back, and
// compares the exports.
func TestMovedWorkspaceExportsTheSame(t *testing.T) {
	path, back, there := filepath.Join(t.TempDir(), "crm.db"), filepath.Join(t.TempDir(), "back.db"), pgtest.Database(t)
	r := newRigWith(t, store.Options{Path: path}).as("jane@acme.com")
	var sample bytes.Buffer
	if err := dumptest.Write(&sample, 300); err != nil {
		t.Fatal(err)
	}
	r.want(200, "POST", "/import", sample.String())
	want := r.digest()
	r = r.moveTo(path, there)
	if differ := dumptest.Differences(want, r.digest()); differ != "" {
		t.Errorf("on PostgreSQL: %s", differ)
	}
	r.want(201, "POST", "/contacts", `{"name":"New here"}`)
	want = r.digest()
	r = r.moveTo(there, back)
	if differ := dumptest.Differences(want, r.digest()); differ != "" {
		t.Errorf("back on a file: %s", differ)
	}
}

// digest returns the digest of an export of the workspace.
func (r *rig) digest() map[string]dumptest.Digest {
	r.t.Helper()
	sums, err := dumptest.Sum(strings.NewReader(r.want(200, "GET", "/export", "")), func() (dumptest.Scratch, error) { return os.CreateTemp(r.t.TempDir(), "") })
	if err != nil || len(sums) < 8 {
		r.t.Fatalf("%d kinds: %v", len(sums), err)
	}
	return sums
}

package move

import (
	"context"
	"errors"
	"math/rand/v2"
	"os"
	"sync"
	"testing"

	"crmkit/store/engine"
)

// errKilled is the error of everything after the end of a process.
var errKilled = errors.New("killed")

// life is how many calls a process makes before it is killed.
type life struct {
	mu   sync.Mutex
	left int
	sure bool // a transaction whose COMMIT is the last call is committed
}

// end kills the process now.
func (l *life) end() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.left = 0
}

// spend reports how many calls are left after this one; 0: this is the last.
func (l *life) spend() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.left--
	return l.left
}

// mortal is a database whose process is killed: nothing reaches it then, and a transaction is
// not committed, or is and nobody learns of it.
type mortal struct {
	engine.Whole
	life *life
}

// mortally returns a function that opens a database for a process that is killed.
func mortally(path string, l *life) func(context.Context, engine.Role) (engine.Whole, error) {
	return func(ctx context.Context, role engine.Role) (engine.Whole, error) {
		if l.spend() <= 0 {
			return nil, errKilled
		}
		w, err := opener(path)(ctx, role)
		if err != nil {
			return nil, err
		}
		return &mortal{w, l}, nil
	}
}

func (m *mortal) alive(call func() error) error {
	if m.life.spend() <= 0 {
		return errKilled
	}
	return call()
}

func (m *mortal) BeginRead() error {
	return m.alive(m.Whole.BeginRead)
}

func (m *mortal) BeginWrite(heads []int64) error {
	return m.alive(func() error { return m.Whole.BeginWrite(heads) })
}

func (m *mortal) Commit() error {
	left := m.life.spend()
	if left > 0 || left == 0 && m.life.sure {
		if err := m.Whole.Commit(); err != nil {
			return err
		}
	}
	if left <= 0 {
		return errKilled
	}
	return nil
}

func (m *mortal) Exec(text string, args ...any) (n int64, err error) {
	err = m.alive(func() error { n, err = m.Whole.Exec(text, args...); return err })
	return n, err
}

func (m *mortal) Run(ctx context.Context, text string) error {
	return m.alive(func() error { return m.Whole.Run(ctx, text) })
}

func (m *mortal) Insert(ctx context.Context, t engine.Table, rows [][]any) error {
	return m.alive(func() error { return m.Whole.Insert(ctx, t, rows) })
}

func (m *mortal) Read(ctx context.Context, t engine.Table, after []any, each func([]any) error) error {
	return m.alive(func() error { return m.Whole.Read(ctx, t, after, each) })
}

func (m *mortal) SetMark(mark engine.Mark) error {
	return m.alive(func() error { return m.Whole.SetMark(mark) })
}

func (m *mortal) Complete(ctx context.Context) error {
	return m.alive(func() error { return m.Whole.Complete(ctx) })
}

// TestKilledMovesGoOn kills a move again and again, each time after some more calls of the
// database, until it is done. Never can servers use both sides, and at the end all rows are there.
func TestKilledMovesGoOn(t *testing.T) {
	for name, path := range engines {
		for next, other := range engines {
			t.Run(name+" to "+next, func(t *testing.T) {
				seed := rand.Uint64()
				t.Logf("seed %d", seed)
				random := rand.New(rand.NewPCG(seed, 2))
				file := filled(t, seed, 12)
				want, from, to := contents(t, file), path(t), other(t)
				moved(t, file, from)
				kills := 0
				for {
					l := &life{left: 1 + random.IntN(500), sure: random.IntN(2) == 0}
					_, err := Run(t.Context(), Options{From: mortally(from, l), To: mortally(to, l), pageRows: 1 + random.IntN(9)})
					if err == nil {
						break
					}
					if !errors.Is(err, errKilled) {
						t.Fatalf("after %d kills: %v", kills, err)
					}
					kills++
					wantOneUsable(t, from, to)
				}
				t.Logf("%d kills", kills)
				wantSame(t, want, to)
				wantParts(t, to)
				wantRefusal(t, closed(opened(t, from)), "was moved to")
				must(t, closed(opened(t, to)))
			})
		}
	}
}

// wantOneUsable checks that servers can use at most one of two databases.
func wantOneUsable(t *testing.T, from, to string) {
	t.Helper()
	var kinds []engine.MarkKind
	for _, path := range []string{from, to} {
		w := whole(t, path, engine.Look)
		mark, err := w.Mark(t.Context())
		must(t, err)
		kinds = append(kinds, mark.Kind)
		must(t, w.Close())
	}
	switch {
	case kinds[0] != engine.Moved && kinds[1] == engine.Arriving:
	case kinds[0] == engine.Moved && (kinds[1] == "" || kinds[1] == engine.Arriving):
	case kinds[0] == "" && kinds[1] == "": // nothing has happened yet; the target is empty
		w := whole(t, to, engine.Look)
		defer w.Close()
		must(t, checkEmpty(t.Context(), w))
	default:
		t.Fatalf("the marks are %q", kinds)
	}
}

// TestKilledAtTheEnd kills a move at each of its last calls, in which the marks change, and runs it
// again.
func TestKilledAtTheEnd(t *testing.T) {
	file := filled(t, 3, 1)
	want := contents(t, file)
	data, err := os.ReadFile(file)
	must(t, err)
	again := func(l *life) (from, to string, err error) {
		from, to = newFile(t), newFile(t)
		must(t, os.WriteFile(from, data, 0o600))
		_, err = Run(t.Context(), Options{From: mortally(from, l), To: mortally(to, l)})
		return from, to, err
	}
	const many = 1_000_000
	l := &life{left: many}
	_, _, err = again(l)
	must(t, err)
	calls, finished := many-l.left, 0
	for left := calls - 12; left <= calls; left++ {
		for _, sure := range []bool{false, true} {
			from, to, err := again(&life{left: left, sure: sure})
			wantRefusal(t, err, "killed")
			wantOneUsable(t, from, to)
			if w := whole(t, to, engine.Look); markOf(t, w).Kind == "" {
				finished++
				_, err = Run(t.Context(), Options{From: opener(from), To: opener(to)})
				wantRefusal(t, err, "was moved to "+to)
			} else {
				moved(t, from, to)
			}
			wantSame(t, want, to)
			wantRefusal(t, closed(opened(t, from)), "was moved to "+to)
		}
	}
	if finished != 1 { // only the last COMMIT finishes the move
		t.Errorf("%d of the moves that were killed were finished", finished)
	}
}

func markOf(t *testing.T, w engine.Whole) engine.Mark {
	t.Helper()
	mark, err := w.Mark(t.Context())
	must(t, err)
	return mark
}

func undone(t *testing.T, path string) error {
	t.Helper()
	_, err := Undo(t.Context(), opener(path))
	return err
}

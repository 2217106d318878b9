package move

import (
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"crmkit/store/engine"
)

// TestThereAndBack moves random rows between all pairs of engines, and on to the next. Every row of
// every table is the same at the end, and so are indexes and references.
func TestThereAndBack(t *testing.T) {
	for name, path := range engines {
		for next, other := range engines {
			t.Run(name+" to "+next, func(t *testing.T) {
				seed := rand.Uint64()
				t.Logf("seed %d", seed)
				file := filled(t, seed, 20)
				want := contents(t, file)
				first, second, last := path(t), other(t), newFile(t)
				for _, step := range [][2]string{{file, first}, {first, second}, {second, last}} {
					moved(t, step[0], step[1])
					wantSame(t, want, step[1])
					wantSame(t, want, step[0]) // it is kept
					wantParts(t, step[1])
				}
				must(t, whole(t, last, engine.Leave).Verify(t.Context()))
			})
		}
	}
}

// wantParts checks that a database has the tables, indexes and references of a new one, and no mark.
func wantParts(t *testing.T, path string) {
	t.Helper()
	fresh := newFile(t)
	if _, isFile := engines["file"]; isFile && path[:1] != "/" {
		fresh = engines["postgres"](t)
	}
	must(t, closed(opened(t, fresh)))
	got, want := whole(t, path, engine.Look), whole(t, fresh, engine.Look)
	defer got.Close()
	defer want.Close()
	parts, err := got.Parts(t.Context())
	must(t, err)
	others, err := want.Parts(t.Context())
	must(t, err)
	if !slices.Equal(parts, others) {
		t.Errorf("indexes and references are %v, want %v", parts, others)
	}
	tables, err := got.Tables(t.Context())
	must(t, err)
	otherTables, err := want.Tables(t.Context())
	must(t, err)
	if !maps.Equal(describe(tables), describe(otherTables)) {
		t.Errorf("tables are %v, want %v", describe(tables), describe(otherTables))
	}
	if mark, err := got.Mark(t.Context()); err != nil || mark.Kind != "" {
		t.Errorf("the mark is %v, %v", mark, err)
	}
}

// TestRandomRowsAreEverywhere checks that the rows of the other tests are in every table, and
// have what they are meant to test.
func TestRandomRowsAreEverywhere(t *testing.T) {
	all := contents(t, filled(t, 7, 40))
	for name, rows := range all {
		if len(rows) == 0 {
			t.Errorf("%s has %d rows", name, len(rows))
		}
	}
	if len(all) < 30 {
		t.Errorf("there are rows in %d tables", len(all))
	}
}

// TestEveryTableIsMoved checks that each table of each engine is moved, or is left out for a reason,
// and that nothing is left out that does not exist.
func TestEveryTableIsMoved(t *testing.T) {
	lists := map[string][]engine.Table{}
	for name, path := range engines {
		fresh := path(t)
		must(t, closed(opened(t, fresh)))
		tables, err := whole(t, fresh, engine.Look).Tables(t.Context())
		must(t, err)
		lists[name] = tables
	}
	both, err := movedTables(lists["file"], lists["postgres"])
	must(t, err)
	exist := map[string]bool{progressTable: true} // during a move
	for name, tables := range lists {
		for _, table := range tables {
			exist[table.Name] = true
			isMoved := slices.ContainsFunc(both, func(other engine.Table) bool { return other.Name == table.Name })
			if isMoved == (alone[table.Name] != "") {
				t.Errorf("%s of %s: moved %v, left out because %q", table.Name, name, isMoved, alone[table.Name])
			}
		}
	}
	for name := range alone {
		if !exist[name] {
			t.Errorf("%s is left out, and does not exist", name)
		}
	}
	if len(both) < 30 {
		t.Errorf("%d tables are moved", len(both))
	}
	// A table or a column that is new on one side must not be forgotten.
	less := slices.Clone(both)
	less[3].Columns = less[3].Columns[1:]
	for _, pair := range [][2][]engine.Table{{both, both[1:]}, {both[1:], both}, {less, lists["file"]}} {
		if _, err := movedTables(pair[0], pair[1]); err == nil {
			t.Error("sides that differ are moved")
		}
	}
}

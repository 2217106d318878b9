package move

import (
	"math/rand/v2"
	"testing"
	"time"

	"crmkit/store/postgres/pgtest"
)

// TestThroughAPooler moves to PostgreSQL and back through PgBouncer, which gives a connection to the
// server for one transaction alone.
func TestThroughAPooler(t *testing.T) {
	pgtest.Need(t, "pgbouncer")
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	cluster := pgtest.Shared(t)
	from, to, back := filled(t, seed, 10), pgtest.Through(cluster.Database(t), cluster.Pooler(t, 5)), newFile(t)
	want := contents(t, from)
	moved(t, from, to)
	wantSame(t, want, to)
	moved(t, to, back)
	wantSame(t, want, back)
}

// TestBrokenConnections cuts the connections to PostgreSQL at random moments, and runs the move again
// until it is done.
func TestBrokenConnections(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 3))
	cluster := pgtest.Shared(t)
	direct := cluster.Database(t)
	proxy := pgtest.NewProxy(t, cluster.Address())
	file, back := filled(t, seed, 10), newFile(t)
	want := contents(t, file)
	for _, step := range [][2]string{{file, pgtest.Through(direct, proxy.Address())}, {pgtest.Through(direct, proxy.Address()), back}} {
		broken := 0
		for most := 30 * time.Millisecond; ; most += most / 10 {
			timer := time.AfterFunc(time.Duration(random.Int64N(int64(most))), proxy.Cut)
			_, err := Run(t.Context(), Options{From: opener(step[0]), To: opener(step[1]), pageRows: 3})
			timer.Stop()
			if err == nil {
				break
			}
			wantRefusal(t, err, "")
			broken++
			if step[0] == file {
				wantOneUsable(t, file, direct)
			}
		}
		t.Logf("%d runs were broken", broken)
	}
	wantSame(t, want, direct)
	wantSame(t, want, back)
	wantParts(t, back)
	must(t, undone(t, direct))
	wantParts(t, direct)
}

//go:build unix

package e2e

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"crmkit/store/postgres/pgtest"
)

// The soak with PostgreSQL: two servers on one database, and clients spread over both. The primary
// has a standby, for which each commit waits. Between the servers and each of the two is a proxy,
// which disturbs the network. The address that the servers have names both.

// soakPostgres is a soak on a database of PostgreSQL.
type soakPostgres struct {
	*soak
	primary  *pgtest.Cluster
	standby  *pgtest.Cluster // nil: none
	proxies  []*pgtest.Proxy // to the primary, and to the standby
	database string          // its URL for the servers
	direct   string          // its URL without a proxy
}

// newSoakPostgres starts a soak on a database of the primary.
func newSoakPostgres(t *testing.T, primary, standby *pgtest.Cluster, database string) *soakPostgres {
	t.Helper()
	p := &soakPostgres{soak: newSoak(t), primary: primary, standby: standby, direct: database}
	p.others = []*instance{{}}
	var addresses []string
	for _, c := range []*pgtest.Cluster{primary, standby} {
		if c != nil {
			proxy := pgtest.NewProxy(t, c.Address())
			p.proxies, addresses = append(p.proxies, proxy), append(addresses, proxy.Address())
		}
	}
	p.database = pgtest.Through(database, addresses...) + "&target_session_attrs=read-write"
	p.startAt(p.instance, "--token-for", "soak@example.com")
	p.token = p.server.token
	p.startAt(p.others[0])
	p.baseline()
	return p
}

// startAt starts a server. The address of the database, which has the password, is in its environment.
func (p *soakPostgres) startAt(at *instance, extra ...string) {
	p.t.Helper()
	cmd := command(p.t, append([]string{"serve", "--local", "--listen", "127.0.0.1:0"}, extra...)...)
	cmd.Env = append(cmd.Env, "CRMKIT_DB="+p.database)
	at.server = start(p.t, cmd)
	at.url.Store(at.server.url)
}

// killOne kills one of the two servers, and starts it again.
func (p *soakPostgres) killOne(*soak) func() {
	at := p.others[0]
	at.server.signal(syscall.SIGKILL)
	at.server.wait()
	return func() { p.startAt(at) }
}

// terminate ends all connections at the server of PostgreSQL, again and again.
func (p *soakPostgres) terminate(*soak) func() {
	p.again(func() { p.primary.TerminateBackends(p.t, p.direct) })
	return func() {}
}

// cut resets all connections in the network, again and again.
func (p *soakPostgres) cut(*soak) func() {
	p.again(p.proxies[0].Cut)
	return func() {}
}

// again disturbs at random moments, for as long as a fault lasts.
func (p *soakPostgres) again(disturb func()) {
	for end := time.Now().Add(*soakFor); time.Now().Before(end); disturb() {
		time.Sleep(rand.N(100 * time.Millisecond))
	}
}

// hold keeps the network still.
func (p *soakPostgres) hold(*soak) func() { return p.proxies[0].Hold() }

// delay adds 1 ms to each round trip.
func (p *soakPostgres) delay(*soak) func() {
	p.proxies[0].Delay(time.Millisecond)
	return func() { p.proxies[0].Delay(0) }
}

// crash ends PostgreSQL in a way, and starts it again.
func (p *soakPostgres) crash(end func(testing.TB)) func(*soak) func() {
	return func(*soak) func() {
		end(p.t)
		return func() { p.primary.Start(p.t) }
	}
}

// alone stops the standby, without which nothing commits, and starts it again.
func (p *soakPostgres) alone(*soak) func() {
	p.standby.Stop(p.t)
	return func() { p.standby.Start(p.t) }
}

// failOver ends the primary in a way, and promotes the standby. The servers are not started again.
func (p *soakPostgres) failOver(end func(testing.TB)) func(*soak) func() {
	return func(*soak) func() {
		end(p.t)
		p.standby.Promote(p.t)
		return func() {}
	}
}

// vanish is the loss of a primary that the network loses: it answers nothing, and refuses nothing.
func (p *soakPostgres) vanish(testing.TB) { p.proxies[0].Hold() }

// sharedFaults are the faults that the primary survives.
func (p *soakPostgres) sharedFaults() []soakFault {
	return []soakFault{
		{name: "nothing", reads: true, begin: func(*soak) func() { return func() {} }},
		{name: "one of two servers killed", begin: p.killOne},
		{name: "connections terminated", begin: p.terminate},
		{name: "connections cut", begin: p.cut},
		{name: "network held", begin: p.hold},
		{name: "1 ms a round trip", reads: true, begin: p.delay},
		{name: "standby down", begin: p.alone},
		{name: "PostgreSQL stopped hard", begin: p.crash(p.primary.StopHard)},
		{name: "PostgreSQL killed", begin: p.crash(p.primary.Kill)},
	}
}

// TestSoakPostgres takes two servers through the faults of a database that several servers share.
// Each round ends with the loss of its primary, in another way.
func TestSoakPostgres(t *testing.T) {
	long(t, "left out: processes and disks that fail")
	pgtest.Need(t, "postgres")
	for range *soakRounds {
		for _, loss := range []struct {
			name string
			end  func(p *soakPostgres) func(testing.TB)
		}{
			{"stopped hard", func(p *soakPostgres) func(testing.TB) { return p.primary.StopHard }},
			{"killed", func(p *soakPostgres) func(testing.TB) { return p.primary.Kill }},
			{"vanished", func(p *soakPostgres) func(testing.TB) { return p.vanish }},
		} {
			t.Run(loss.name, func(t *testing.T) {
				primary := pgtest.New(t, pgtest.Options{})
				p := newSoakPostgres(t, primary, primary.Standby(t), primary.Database(t))
				if loss.name == "stopped hard" {
					p.sufferAll(p.sharedFaults())
				}
				p.sufferAll([]soakFault{{name: "primary " + loss.name, begin: p.failOver(loss.end(p))}})
				p.stop()
				t.Logf("%s", p.summary())
			})
		}
	}
}

// TestSoakPostgresDiskFull fills the disk of the tables, while the log of PostgreSQL has another one,
// and then the disk that has both. In the second case PostgreSQL ends by itself.
func TestSoakPostgresDiskFull(t *testing.T) {
	long(t, "left out: processes and disks that fail")
	pgtest.Need(t, "postgres")
	for range *soakRounds {
		t.Run("tables", func(t *testing.T) {
			d := newOpenDisk(t)
			cluster := pgtest.New(t, pgtest.Options{})
			p := newSoakPostgres(t, cluster, nil, cluster.DatabaseOn(t, filepath.Join(d.path, "tables")))
			p.disk = d
			p.sufferAll([]soakFault{{name: "disk of the tables full", disk: true, reads: true, begin: (*soak).fill}})
			p.stop()
			t.Logf("%s", p.summary())
		})
		t.Run("log", func(t *testing.T) {
			d := newOpenDisk(t)
			cluster := pgtest.New(t, pgtest.Options{Place: d.path})
			p := newSoakPostgres(t, cluster, nil, cluster.Database(t))
			p.disk = d
			p.sufferAll([]soakFault{{name: "disk of the log full", disk: true, begin: p.fillAndStart}})
			p.stop()
			t.Logf("%s", p.summary())
		})
	}
}

// newOpenDisk makes a file system that every user of the machine may reach.
func newOpenDisk(t *testing.T) *disk {
	t.Helper()
	place, err := os.MkdirTemp("", "crmkit-disk-")
	if err == nil {
		err = os.Chmod(place, 0o755)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.Remove(place) })
	d := newDiskAt(t, filepath.Join(place, "disk"))
	if d == nil {
		_ = os.RemoveAll(place)
		lacks(t, "no file system of its own")
	}
	return d
}

// fill fills the disk.
func (s *soak) fill() func() { return s.disk.fill(s.t) }

// fillAndStart fills the disk. When there is room again, PostgreSQL is started again, as an operator
// does.
func (p *soakPostgres) fillAndStart(*soak) func() {
	free := p.disk.fill(p.t)
	return func() {
		free()
		p.primary.StopHard(p.t) // it may have ended by itself
		p.primary.Start(p.t)
	}
}

// TestSoakNoticesLossOfPostgres takes PostgreSQL through two losses that it does not promise to survive:
// it is killed while answered commits wait in its memory (synchronous_commit=off), and the primary
// is killed while the standby that is promoted was down (no synchronous_standby_names). The soak
// must find that answered writes are lost. If it found nothing here, its silence elsewhere would
// prove nothing.
func TestSoakNoticesLossOfPostgres(t *testing.T) {
	long(t, "left out: processes and disks that fail")
	pgtest.Need(t, "postgres")
	t.Run("synchronous_commit=off", func(t *testing.T) {
		cluster := pgtest.New(t, pgtest.Options{Settings: []string{"synchronous_commit = off", "wal_buffers = 64MB", "bgwriter_lru_maxpages = 0"}})
		p := newSoakPostgres(t, cluster, nil, cluster.Database(t))
		cluster.FreezeLogWriter(t)
		p.noticesLoss(func() {
			cluster.Kill(t)
			cluster.Start(t)
		})
	})
	t.Run("no synchronous standby", func(t *testing.T) {
		primary := pgtest.New(t, pgtest.Options{})
		standby := primary.Standby(t)
		p := newSoakPostgres(t, primary, standby, primary.Database(t))
		primary.Exec(t, "ALTER SYSTEM RESET synchronous_standby_names", "SELECT pg_reload_conf()")
		standby.Stop(t)
		p.noticesLoss(func() {
			primary.Kill(t)
			standby.Start(t)
			standby.Promote(t)
		})
	})
}

// noticesLoss checks that the journal shows a loss of answered writes.
func (p *soakPostgres) noticesLoss(lose func()) {
	p.t.Helper()
	p.underLoad(func() {
		time.Sleep(*soakFor)
		lose()
	})
	var lost []string
	eventually(p.t, patience, func() bool {
		var err error
		lost, err = p.faults()
		return err == nil
	})
	if len(lost) == 0 {
		p.t.Fatalf("of %d answered writes none is missing: the soak would notice no loss", p.counts().acknowledged)
	}
	p.t.Logf("noticed: %d faults, first %q", len(lost), lost[0])
}

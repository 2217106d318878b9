package store

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"crmkit/crm"
	"crmkit/store/storetest/kit"
)

// servers are stores on one database of PostgreSQL, as several processes have it.
type servers []*fixture

// onServers runs a test with two servers of one database. Their clocks differ.
func onServers(t *testing.T, test func(t *testing.T, s servers)) {
	t.Helper()
	onServersWith(t, Options{}, test)
}

// onServersWith is onServers with further options.
func onServersWith(t *testing.T, opts Options, test func(t *testing.T, s servers)) {
	t.Helper()
	onPlaces(t, opts, func(t *testing.T, f *fixture) { test(t, servers{f, f.other()}) }, "postgres")
}

// other opens a further server on the database of a fixture. Its clock is late.
func (f *fixture) other() *fixture {
	f.t.Helper()
	c := kit.ClockAt(f.clock.Now().Add(-3 * time.Second))
	opts := f.opts
	opts.Clock, opts.Rand = c.Now, rand.NewChaCha8([32]byte{2})
	g := openWith(f.t, c, opts)
	g.cascades.atOnce, g.cascades.step = f.cascades.atOnce, f.cascades.step
	return g
}

// outcomes is kit.Outcomes with writes by all servers.
func (s servers) outcomes(n int, write func(f *fixture, worker int) error) map[crm.Code]int {
	return kit.Outcomes(n, func(worker int) error { return write(s.of(worker), worker) })
}

// of returns the server of a worker.
func (s servers) of(worker int) *fixture { return s[worker%len(s)] }

// each calls check for each server.
func (s servers) each(check func(f *fixture)) {
	for _, f := range s {
		check(f)
	}
}

// clerk is a client that writes records of its own into a workspace that others write to as well, by
// any server, and knows what its records are.
type clerk struct {
	servers
	t       *testing.T
	random  *rand.Rand
	actor   crm.Actor
	name    string
	made    int
	records map[int64]map[string]string // its records, by key: some of their values
}

// any returns one of the servers.
func (c *clerk) any() *fixture { return c.servers[c.random.IntN(len(c.servers))] }

// step does a random write, and compares what all servers show with what it must be.
func (c *clerk) step() {
	f := c.any()
	f.clock.Advance(time.Duration(c.random.IntN(3)) * time.Millisecond)
	keys := slices.Sorted(maps.Keys(c.records))
	switch n := c.random.IntN(10); {
	case len(keys) < 3 || n < 3:
		c.create(f)
	case n < 6:
		c.change(f, keys[c.random.IntN(len(keys))])
	case n < 8:
		c.upsert(f, keys[c.random.IntN(len(keys))])
	case n == 8:
		c.remove(f, keys[c.random.IntN(len(keys))])
	default:
		c.fail(f, keys[c.random.IntN(len(keys))])
	}
	c.check(c.any())
}

// values returns random values for a contact.
func (c *clerk) values() (list []any) {
	word := func() string { return fmt.Sprintf("%sx%d", c.name, c.random.IntN(1000)) }
	for _, name := range []string{"name", "stage", "notes"} {
		if c.random.IntN(2) == 0 {
			list = append(list, name, word())
		}
	}
	if c.random.IntN(2) == 0 { // labels and custom keys that others use too, and that come and go
		label := fmt.Sprint("t", c.random.IntN(5))
		list = append(list, "tags", []string{label}, "custom", []crm.Member{{Name: label, JSON: fmt.Sprint(c.random.IntN(9))}})
	}
	return list
}

// note adds the values of a draft to those of a record.
func (c *clerk) note(key int64, values []any) {
	if c.records[key] == nil {
		c.records[key] = map[string]string{}
	}
	for i := 0; i < len(values); i += 2 {
		switch v := values[i+1].(type) {
		case string:
			c.records[key][values[i].(string)] = v
		case []string:
			c.records[key][values[i].(string)] = strings.Join(v, " ")
		case []crm.Member:
			c.records[key]["custom."+v[0].Name] = v[0].JSON
		}
	}
}

func (c *clerk) create(f *fixture) {
	c.made++
	values := append([]any{"name", fmt.Sprintf("%sx%d", c.name, c.made), "owner", c.name, "email", fmt.Sprintf("%s.%d@example.com", c.name, c.made)}, c.values()...)
	out, err := f.trySave(c.actor, f.draft("contact", values...))
	if err != nil || out.Result != Created {
		c.t.Errorf("%s creates: %v, %v", c.name, out.Result, err)
		return
	}
	c.note(out.After.Key, values)
}

func (c *clerk) change(f *fixture, key int64) {
	values := c.values()
	if _, err := f.tryUpdate(c.actor, key, f.draft("contact", values...)); err != nil {
		c.t.Errorf("%s changes: %v", c.name, err)
	}
	c.note(key, values)
}

// upsert saves a contact whose address is known, which must be an update.
func (c *clerk) upsert(f *fixture, key int64) {
	values := append(c.values(), "email", c.records[key]["email"])
	out, err := f.trySave(c.actor, f.draft("contact", values...))
	if err != nil || out.Result == Created || out.After.Key != key {
		c.t.Errorf("%s saves a known address: %v, %v", c.name, out.Result, err)
	}
	c.note(key, values)
}

func (c *clerk) remove(f *fixture, key int64) {
	rec := crm.Record{Entity: f.Schema.ByName("contact"), Key: key}
	if err := f.tryRemove(c.actor, rec); err != nil {
		c.t.Errorf("%s deletes: %v", c.name, err)
	}
	delete(c.records, key)
}

// fail changes a contact in a write that fails then.
func (c *clerk) fail(f *fixture, key int64) {
	oops := errors.New("oops")
	err := f.Write(c.t.Context(), c.actor, func(tx *Tx) error {
		_, err := tx.Update(key, f.draft("contact", "name", "lost"))
		return errors.Join(err, oops)
	})
	if !errors.Is(err, oops) {
		c.t.Errorf("%s fails: %v", c.name, err)
	}
}

// check compares what a server shows with the records.
func (c *clerk) check(f *fixture) {
	page, err := f.List(c.t.Context(), c.actor, f.question(c.actor, "contact", "owner="+c.name+"&limit=200&total=exact"))
	if err != nil || int(page.Total) != len(c.records) || len(page.Records) != len(c.records) {
		c.t.Errorf("%s has %d records, and a server shows %d of %d: %v", c.name, len(c.records), len(page.Records), page.Total, err)
	}
	for _, rec := range page.Records {
		for name, want := range c.records[rec.Key] {
			if got := shownValue(rec, name); got != want {
				c.t.Errorf("%s of %s is shown as %q, and is %q", name, rec.Handle(), got, want)
			}
		}
	}
	for key, values := range c.records {
		if got := f.walk(c.actor, "contact", "search="+values["name"]+"&email="+values["email"]); !slices.Equal(got, []int64{key}) {
			c.t.Errorf("a search for %s finds %v", values["name"], got)
		}
		return // one of them
	}
}

// shownValue returns a value of a record as clerk.note keeps it.
func shownValue(rec crm.Record, name string) string {
	if key, custom := strings.CutPrefix(name, "custom."); custom {
		for _, m := range rec.Value("custom").Members() {
			if m.Name == key {
				return m.JSON
			}
		}
		return ""
	}
	v := rec.Value(name)
	return v.Text + strings.Join(v.List(), " ")
}

// follower reads the log of a workspace while others write: each time what is new since the last
// read, as clients do.
type follower struct {
	*fixture
	actor  crm.Actor
	keys   []int64 // that it has read
	latest int64   // the time of the last
	shown  []int64 // that lists of the log have shown
	cursor string
}

// poll reads what is new.
func (l *follower) poll() {
	last := int64(0)
	if len(l.keys) > 0 {
		last = l.keys[len(l.keys)-1]
	}
	err := l.Read(l.t.Context(), func(v *ReadTx) error {
		return v.Rows(l.t.Context(), "SELECT key, at FROM log WHERE workspace_id = $1 AND key > $2 ORDER BY key", []any{l.actor.Workspace, last}, func(scan func(...any) error) error {
			var key, at int64
			err := scan(&key, &at)
			if at < l.latest {
				l.t.Errorf("entry %d of %d is dated %d ms before the one before", crm.RecordNumber(key), l.actor.Workspace, l.latest-at)
			}
			l.keys, l.latest = append(l.keys, key), at
			return err
		})
	})
	if err != nil {
		l.t.Errorf("the log: %v", err)
	}
	const params = "sort=at&limit=30&total=none"
	page, err := l.List(l.t.Context(), l.actor, l.question(l.actor, "change", params+l.cursor))
	if err != nil {
		l.t.Errorf("a list of the log: %v", err)
	}
	for _, rec := range page.Records {
		l.shown = append(l.shown, rec.Key)
		l.cursor = "&cursor=" + l.question(l.actor, "change", params).Cursor(rec)
	}
}

// run polls until the context ends, and then until nothing is new.
func (l *follower) run(ctx context.Context) {
	for ctx.Err() == nil {
		l.poll()
	}
	for last := -1; last != len(l.shown); {
		last = len(l.shown)
		l.poll()
	}
}

// check compares what it has read with the log.
func (l *follower) check() {
	l.t.Helper()
	var all []int64
	for _, key := range l.raw(1, "SELECT key FROM log WHERE workspace_id = $1 ORDER BY key", l.actor.Workspace) {
		var n int64
		_, _ = fmt.Sscan(key, &n)
		all = append(all, n)
	}
	if !slices.Equal(l.keys, all) || !slices.Equal(l.shown, all) {
		l.t.Errorf("the log of workspace %d has %d entries; by their numbers %d were read, and lists showed %d", l.actor.Workspace, len(all), len(l.keys), len(l.shown))
	}
}

// teamOf returns actors of two users in three workspaces.
func (s servers) teamOf() []crm.Actor {
	ann, bob := s.of(0).member("ann@example.com"), s.of(1).member("bob@example.com")
	third := ann
	s.of(1).write(ann, func(tx *Tx) (err error) {
		third.Workspace, third.WorkspaceID, err = tx.addWorkspace(ann, "Third")
		return err
	})
	guest := bob
	guest.Workspace, guest.WorkspaceID = third.Workspace, third.WorkspaceID
	return []crm.Actor{ann, bob, third, guest}
}

// TestServersShowWhatWasWritten has clients write at the same time, each by all servers, into
// workspaces that they share. Each finds its own records as it wrote them on each server, and the
// clients that follow the logs miss no entry. After that all counts equal a recount.
func TestServersShowWhatWasWritten(t *testing.T) {
	onServers(t, func(t *testing.T, s servers) {
		seed, actors := kit.Seed(t), s.teamOf()
		ctx, stop := context.WithCancel(t.Context())
		var following sync.WaitGroup
		var followers []*follower
		for i, actor := range actors[:3] {
			l := &follower{fixture: s.of(i), actor: actor}
			followers = append(followers, l)
			following.Go(func() { l.run(ctx) })
		}
		clerks := make([]*clerk, 8)
		kit.Together(len(clerks), func(i int) {
			c := &clerk{servers: s, t: t, random: rand.New(rand.NewPCG(seed, uint64(i))), actor: actors[i%len(actors)], name: fmt.Sprint("clerk", i), records: map[int64]map[string]string{}}
			clerks[i] = c
			for range 50 {
				c.step()
			}
		})
		stop()
		following.Wait()
		for _, l := range followers {
			l.check()
		}
		for i, actor := range actors[:3] {
			s.of(i).checkCounters(actor)
			s.of(i).checkSideTables(actor)
		}
		for _, c := range clerks {
			s.each(c.check)
		}
	})
}

// TestServersCountTogether has several goroutines that write at random by two servers, and then
// compares all counts with a recount. Changes with many dependents run in steps, by both servers.
func TestServersCountTogether(t *testing.T) {
	onServers(t, func(t *testing.T, s servers) {
		s.each(func(f *fixture) { f.cascades.atOnce, f.cascades.step = 2, 3 })
		signalsEqualARecount(t, s)
	})
}

// TestServersRebuildThePast runs the random program of TestLogRebuildsThePast, each of its writes by
// one of two servers.
func TestServersRebuildThePast(t *testing.T) {
	onServers(t, func(t *testing.T, s servers) { s.logRebuildsThePast(kit.Seed(t)) })
}

package main

import (
	"context"
	"fmt"
	"os"
	"strings"
	"time"

	"crmkit/store"
	"crmkit/store/postgres"
)

// The checks of doctor on a PostgreSQL database and its server. Package store/postgres looks,
// these have the words. They look only if the server could be asked at all.

// onServer reports whether the database is on PostgreSQL and was looked at.
func (c doctorRun) onServer() bool { return c.server.Version != "" && c.fault == nil }

// look reads what the checks need of the database.
func (c *doctorRun) look(ctx context.Context) {
	if postgres.IsAddress(c.DB) {
		c.server, c.fault = store.CheckServer(ctx, c.DB)
		c.health.Totals, c.health.Schema, c.health.Known = c.server.Totals, c.server.Schema, c.server.Known
		return
	}
	if _, err := os.Stat(c.DB); err == nil && c.DB != store.Memory {
		c.health, c.fault = store.Check(ctx, c.DB)
	}
}

// farAway is a time to the server and back with which requests get slow: each makes a few of them.
const farAway = 5 * time.Millisecond

// serverDatabase checks that the server answers and can be used, and that this binary knows the schema.
func (c doctorRun) serverDatabase(context.Context) checkResult {
	h := c.server
	if c.fault != nil {
		found, remedy := c.fault.Error(), "crmkit serve would not start"
		if at := strings.LastIndex(found, "; "); at > 0 {
			found, remedy = found[:at], found[at+2:]
		}
		return checkResult{fail, "database", found, remedy}
	}
	found := fmt.Sprintf("%s, PostgreSQL %s, %s, schema %d, users %d, %s away", h.Name, h.Version, formatBytes(h.Size), h.Schema, h.Users, short(h.RoundTrip))
	switch {
	case h.Needs > h.Known:
		return checkResult{fail, "database", found, fmt.Sprintf("this crmkit knows schema %d, and must not write any more: upgrade the binary", h.Known)}
	case h.Settings["fsync"] == "off":
		return checkResult{fail, "database", found + ", and fsync is off", "a crash of its machine destroys the database: set fsync = on in postgresql.conf"}
	case h.Settings["full_page_writes"] == "off":
		return checkResult{warn, "database", found + ", and full_page_writes is off", "a crash of its machine may destroy the database: set it on, unless its disk writes whole pages"}
	case h.Settings["autovacuum"] == "off":
		return checkResult{warn, "database", found + ", and autovacuum is off", "deleted rows stay on the disk, and reads get slower: set autovacuum = on"}
	case h.Schema == 0:
		return checkResult{warn, "database", found, "crmkit serve makes the tables; if there was a database, name it with --db"}
	case h.Schema < h.Known:
		return checkResult{warn, "database", found, fmt.Sprintf("the next start upgrades it to %d: make a backup before, and see crmkit upgrade --dry-run", h.Known)}
	case h.RoundTrip > farAway:
		return checkResult{warn, "database", found, "each request waits for several journeys: run crmkit near PostgreSQL"}
	}
	return checkResult{ok, "database", found, ""}
}

// short returns a time with as many digits as matter.
func short(d time.Duration) string {
	if d < 10*time.Millisecond {
		return d.Round(10 * time.Microsecond).String()
	}
	return d.Round(time.Millisecond).String()
}

// role checks what the role may do, and that a transaction can write.
func (c doctorRun) role(context.Context) checkResult {
	h, r := c.server, c.server.Rights
	grant := fmt.Sprintf("make it the owner: ALTER DATABASE %s OWNER TO %s, and of the tables (REASSIGN OWNED)", h.Database, h.Role)
	switch {
	case !c.onServer():
		return checkResult{}
	case r.Denied > 0:
		return checkResult{fail, "role", fmt.Sprintf("%s may not read and change %d of the tables", h.Role, r.Denied), grant}
	case h.Settings["default_transaction_read_only"] == "on":
		return checkResult{fail, "role", h.Role + " only reads, by default_transaction_read_only", fmt.Sprintf("ALTER ROLE %s RESET default_transaction_read_only, or look at the database and at postgresql.conf", h.Role)}
	case h.Writes != nil:
		return checkResult{fail, "role", fmt.Sprintf("a transaction cannot write: %v", h.Writes), grant}
	case !r.Create:
		return checkResult{fail, "role", h.Role + " may not make tables, as the first start and upgrades do", grant}
	case r.Foreign > 0:
		return checkResult{warn, "role", fmt.Sprintf("%d of the tables belong to another role, so an upgrade fails", r.Foreign), grant}
	case r.Superuser:
		return checkResult{warn, "role", h.Role + " is a superuser", "crmkit needs a role that owns its database and nothing else: runuser -u postgres -- createuser --pwprompt crm"}
	}
	return checkResult{ok, "role", h.Role + " may read, write and upgrade", ""}
}

// connections checks that the servers which run, or one more if none does, get their connections.
func (c doctorRun) connections(context.Context) checkResult {
	h := c.server
	if !c.onServer() {
		return checkResult{}
	}
	servers, most := max(1, h.Servers()), h.Free()
	others := h.Load.Clients - h.Load.Own - 1
	use := fmt.Sprintf("%d servers use up to %d each", servers, postgres.Connections)
	if servers == 1 {
		use = fmt.Sprintf("a server uses up to %d", postgres.Connections)
	}
	own := "crmkit has none in this database now"
	if h.Load.Own > 0 {
		own = fmt.Sprintf("crmkit has %d in this database now, from %s", h.Load.Own, h.Load.Places)
	}
	found := fmt.Sprintf("%d for this role; %s; %s, other programs have %d", most, use, own, others)
	if servers*postgres.Connections+others > most {
		return checkResult{warn, "connections", found, "raise max_connections, or put PgBouncer in front, in transaction mode"}
	}
	return checkResult{ok, "connections", found, ""}
}

// pooler checks that a pooler in between works as crmkit needs it.
func (c doctorRun) pooler(context.Context) checkResult {
	p := c.server.Pooler
	switch {
	case !c.onServer() || !p.Found:
		return checkResult{}
	case p.Refuse != nil:
		return checkResult{fail, "pooler", fmt.Sprintf("it refuses transactions: %v", p.Refuse), "set pool_mode = transaction"}
	case p.Shares:
		return checkResult{ok, "pooler", "there is one, in transaction mode", ""}
	}
	return checkResult{ok, "pooler", "there is one, which gives each connection of crmkit one of its own", ""}
}

// durability says what an answered write has survived.
func (c doctorRun) durability(context.Context) checkResult {
	if !c.onServer() {
		return checkResult{}
	}
	mode, names := c.server.Settings["synchronous_commit"], c.server.Settings["synchronous_standby_names"]
	found := "synchronous_commit is " + mode
	switch {
	case mode == "off":
		return checkResult{warn, "durability", found + ": a write is answered before it is on the disk, and lost in a crash", fmt.Sprintf("ALTER ROLE %s SET synchronous_commit = on", c.server.Role)}
	case names == "" || mode == "local":
		return checkResult{ok, "durability", found + ": an answered write is on the disk of this server, perhaps not on a standby", ""}
	case mode == "remote_write":
		return checkResult{ok, "durability", found + ": an answered write is on the disk of this server, and in the memory of the standbys " + names, ""}
	}
	return checkResult{ok, "durability", found + ": an answered write is on the disks of this server and of the standbys " + names, ""}
}

// How far a standby may be behind until doctor warns.
const (
	lateStandby = 30 * time.Second
	longStandby = 256 << 20
)

// standbys checks that those for which commits wait are there, and that none is far behind.
func (c doctorRun) standbys(context.Context) checkResult {
	h := c.server
	waits := h.Settings["synchronous_standby_names"] != ""
	if !c.onServer() || len(h.Standbys) == 0 && !waits {
		return checkResult{}
	}
	var found []string
	hidden, safe, late := 0, 0, false
	for _, s := range h.Standbys {
		if s.State == "" {
			hidden++
			continue
		}
		if s.Sync == "sync" || s.Sync == "quorum" {
			safe++
		}
		late = late || s.State != "streaming" || s.Lag > lateStandby || s.Bytes > longStandby
		found = append(found, fmt.Sprintf("%s (%s, %s, %s behind)", s.Name, s.State, s.Sync, formatBytes(s.Bytes)))
	}
	if hidden > 0 {
		found = append(found, fmt.Sprintf("%d that %s may not see", hidden, h.Role))
	}
	text := strings.Join(found, ", ")
	switch {
	case waits && safe == 0 && hidden == 0:
		return checkResult{fail, "standbys", "commits wait for " + h.Settings["synchronous_standby_names"] + ", and none of them is there: " + text, "start the standby, or write its name into synchronous_standby_names; until then every write hangs"}
	case hidden > 0:
		return checkResult{warn, "standbys", text, "to see how far they are: GRANT pg_monitor TO " + h.Role}
	case late:
		return checkResult{warn, "standbys", text, "see why it falls behind: its disk, the network, or a long query there"}
	}
	return checkResult{ok, "standbys", text, ""}
}

// search checks that searches find by an index. The server makes the indexes when it starts, if it may
// use the extension.
func (c doctorRun) search(context.Context) checkResult {
	h := c.server
	able := h.Trigrams.Installed || h.Trigrams.Available
	slow := "searches read all records of a workspace, since there is no index for them"
	switch {
	case !c.onServer():
		return checkResult{}
	case !able:
		return checkResult{warn, "search", slow, postgres.Remedy}
	case h.Schema == 0:
		return checkResult{ok, "search", "the first start makes the indexes", ""}
	case h.Unindexed > 0:
		return checkResult{warn, "search", slow, "start the server again, which makes it, and see its log"}
	}
	return checkResult{ok, "search", "it has its indexes", ""}
}

// shortTimeout is a time limit of the server below which it cuts off what crmkit does.
const shortTimeout = 60_000

// timeouts checks that the server ends no transaction or session that crmkit needs. A transaction of
// crmkit sets its own limits for statements and idleness.
func (c doctorRun) timeouts(context.Context) checkResult {
	if !c.onServer() {
		return checkResult{}
	}
	h := c.server
	if n := h.Setting("transaction_timeout"); n > 0 && n < shortTimeout {
		return checkResult{warn, "timeouts", fmt.Sprintf("transaction_timeout is %d ms: long reads are cut off", n), fmt.Sprintf("ALTER ROLE %s SET transaction_timeout = 0", h.Role)}
	}
	if n := h.Setting("idle_session_timeout"); n > 0 && n < shortTimeout {
		return checkResult{warn, "timeouts", fmt.Sprintf("idle_session_timeout is %d ms: connections are opened again and again", n), fmt.Sprintf("ALTER ROLE %s SET idle_session_timeout = 0", h.Role)}
	}
	if n := h.Setting("statement_timeout"); n > 0 && n < 1000 {
		return checkResult{warn, "timeouts", fmt.Sprintf("statement_timeout is %d ms: statements outside of a transaction are cut off", n), fmt.Sprintf("ALTER ROLE %s SET statement_timeout = 0", h.Role)}
	}
	return checkResult{ok, "timeouts", fmt.Sprintf("none that matters; idle_in_transaction_session_timeout is %d ms, and crmkit sets its own", h.Setting("idle_in_transaction_session_timeout")), ""}
}

// serverClock compares the clock of the server with that of this machine. Times in records, codes and
// tokens are those of the machine of each server of crmkit; they all agree if each agrees with
// PostgreSQL's.
func (c doctorRun) serverClock(context.Context) checkResult {
	if !c.onServer() {
		return checkResult{}
	}
	lead := c.server.ClockLead.Round(time.Millisecond)
	found := fmt.Sprintf("the server's is %s ahead of this one, in the time zone %s, which crmkit does not use", lead, c.server.Settings["TimeZone"])
	switch {
	case lead.Abs() > time.Minute:
		return checkResult{fail, "server clock", found, "set the clocks: codes and tokens expire by them, and servers must agree"}
	case lead.Abs() > 2*time.Second:
		return checkResult{warn, "server clock", found, "keep both right: timedatectl set-ntp true"}
	}
	return checkResult{ok, "server clock", found, ""}
}

// serverBackup says what is known of backups. Dumps leave no trace in the server; an archive does.
func (c doctorRun) serverBackup() checkResult {
	a := c.server.Archive
	switch {
	case !c.onServer():
		return checkResult{}
	case a.On && a.Failed.After(a.Last):
		return checkResult{fail, "backup", "the server cannot archive its log, since " + stamp(a.Failed), "see archive_command or archive_library, and the log of the server"}
	case a.On && !a.Last.IsZero():
		return checkResult{ok, "backup", "the server archived its log last at " + stamp(a.Last), ""}
	}
	return checkResult{ok, "backup", "not seen from here; if nothing else makes one: " + dumpCommand(c.DB), ""}
}

// temporary checks that imports find room: their files are in the folder for temporary files.
func (c doctorRun) temporary(context.Context) checkResult {
	dir := os.TempDir()
	probe, err := os.CreateTemp(dir, "crmkit-doctor-")
	if err != nil {
		return checkResult{fail, "disk", err.Error(), "imports keep their file there while they read it: let the user of the server write in " + dir + ", or set TMPDIR"}
	}
	_ = probe.Close()
	if err := os.Remove(probe.Name()); err != nil {
		return checkResult{fail, "disk", err.Error(), "look at the disk"}
	}
	free, err := freeBytes(dir)
	switch {
	case err != nil:
		return checkResult{warn, "disk", err.Error(), "look at the free space yourself"}
	case free < int64(c.ImportMax)<<20:
		return checkResult{warn, "disk", fmt.Sprintf("%s free in %s", formatBytes(free), dir), fmt.Sprintf("an import may have %d MB: make room, set TMPDIR, or lower --import-max", c.ImportMax)}
	}
	return checkResult{ok, "disk", fmt.Sprintf("%s free in %s, where imports are kept", formatBytes(free), dir), ""}
}

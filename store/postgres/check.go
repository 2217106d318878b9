package postgres

import (
	"context"
	"errors"
	"strings"
	"time"

	"crmkit/store/engine"
)

// Check looks at a database and its server, also while others use it, and changes nothing. The error
// says why it cannot be used at all; what is wrong besides is in Health. read reads tables, if the schema
// is there and known; it may be nil.
func Check(ctx context.Context, opts Options, read func(c engine.Conn) error) (h Health, err error) {
	db, c, err := look(ctx, opts)
	if err != nil {
		return h, err
	}
	defer c.Close()
	config := db.config
	h.Name, h.Role, h.Database, h.Programs = name(config), config.User, config.Database, forPrograms(config, opts.Address)
	err = errors.Join(h.readServer(ctx, c), h.readSchema(ctx, c), h.readRights(ctx, c), h.readUse(ctx, c))
	if err == nil {
		err = h.checkPooler(ctx, c)
	}
	if err == nil && read != nil && h.Schema > 0 && h.Needs <= h.Known {
		err = read(c)
	}
	return h, advised(config, err)
}

// look connects to a database, which is not upgraded. The caller closes the connection.
func look(ctx context.Context, opts Options) (*DB, *Conn, error) {
	db, err := newDB(opts)
	if err != nil {
		return nil, nil, err
	}
	config, c := db.config, newConn(db)
	if err := db.checkServer(ctx, c); err != nil {
		return nil, nil, errors.Join(advised(config, err), c.Close())
	}
	return db, c, nil
}

// HasSchema reports whether a database has tables of crmkit.
func HasSchema(ctx context.Context, address string) (bool, error) {
	db, c, err := look(ctx, Options{Address: address})
	if err != nil {
		return false, err
	}
	defer c.Close()
	has, err := db.readState(ctx, c)
	return len(has.sums) > 0, advised(db.config, err)
}

// serverSettings are the names of Health.Settings. A server of an older version lacks some.
const serverSettings = `'server_version', 'max_connections', 'superuser_reserved_connections', 'reserved_connections', 'synchronous_commit', 'synchronous_standby_names', 'fsync',
	'full_page_writes', 'TimeZone', 'idle_in_transaction_session_timeout', 'idle_session_timeout', 'statement_timeout', 'transaction_timeout', 'default_transaction_read_only', 'autovacuum', 'archive_mode'`

// readServer reads the settings of the server, without those that crmkit sets in its sessions, the size of the database, and the clock. Of several
// looks at the clock the fastest is the most exact: the time that it took is divided by two.
func (h *Health) readServer(ctx context.Context, c *Conn) error {
	h.Settings = map[string]string{}
	err := c.Rows(ctx, "SELECT name, COALESCE(reset_val, '') FROM pg_catalog.pg_settings WHERE name IN ("+serverSettings+")", nil, func(scan func(...any) error) error {
		var name, value string
		err := scan(&name, &value)
		h.Settings[name] = value
		return err
	})
	h.Version, _, _ = strings.Cut(h.Settings["server_version"], " ")
	if err == nil {
		err = c.RowUntil(ctx, "SELECT pg_catalog.pg_database_size(pg_catalog.current_database())", nil, &h.Size)
	}
	for range 5 {
		began := time.Now()
		var at int64
		if err == nil {
			err = c.RowUntil(ctx, "SELECT (EXTRACT(EPOCH FROM clock_timestamp()) * 1000000)::bigint", nil, &at)
		}
		if took := time.Since(began); h.RoundTrip == 0 || took < h.RoundTrip {
			h.RoundTrip, h.ClockLead = took, time.UnixMicro(at).Sub(began.Add(took/2))
		}
	}
	return err
}

// readSchema compares the migrations of the database with those of the program.
func (h *Health) readSchema(ctx context.Context, c *Conn) error {
	known, err := engine.LoadMigrations(c.db.opts.Migrations)
	if err != nil {
		return err
	}
	has, err := c.db.readState(ctx, c)
	if err != nil {
		return err
	}
	h.Schema, h.Known, h.Needs, h.NeedsThen = len(has.sums), len(known), has.needs, has.needs
	for _, m := range known[min(h.Schema, h.Known):] {
		h.Missing = append(h.Missing, m.Name)
		h.NeedsThen = max(h.NeedsThen, int(needsOf(m)))
	}
	if h.Known == 0 || h.Needs > h.Known {
		return nil
	}
	return c.db.check(has, known)
}

// readRights reads what the role may do, and tries to write in a transaction that is rolled back.
func (h *Health) readRights(ctx context.Context, c *Conn) error {
	const tables = `SELECT COUNT(*) FILTER (WHERE NOT pg_catalog.pg_has_role(k.relowner, 'USAGE')) AS others,
		COUNT(*) FILTER (WHERE NOT (has_table_privilege(k.oid, 'SELECT') AND has_table_privilege(k.oid, 'INSERT') AND has_table_privilege(k.oid, 'UPDATE') AND has_table_privilege(k.oid, 'DELETE'))) AS denied
		FROM pg_catalog.pg_class k JOIN pg_catalog.pg_namespace n ON n.oid = k.relnamespace WHERE n.nspname = current_schema() AND k.relkind IN ('r', 'p')`
	err := c.RowUntil(ctx, `SELECT r.rolsuper, has_schema_privilege(current_schema(), 'CREATE'), t.others, t.denied, r.rolconnlimit::bigint
		FROM pg_catalog.pg_roles r, (`+tables+`) t WHERE r.rolname = current_user`, nil, &h.Rights.Superuser, &h.Rights.Create, &h.Rights.Foreign, &h.Rights.Denied, &h.Rights.Most)
	if err != nil {
		return err
	}
	if err := h.readSearch(ctx, c); err != nil {
		return err
	}
	if h.Schema == 0 || h.Rights.Denied > 0 {
		return nil
	}
	c.begin()
	c.waiting = append(c.waiting, queued{"BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE", nil})
	c.setUp()
	_, h.Writes = c.Exec("UPDATE migrations SET needs = needs WHERE number = -1")
	return c.Rollback()
}

// readSearch reads what searches find with: an extension, and the indexes that a start makes with it.
func (h *Health) readSearch(ctx context.Context, c *Conn) error {
	const states = `SELECT EXISTS (SELECT 1 FROM pg_catalog.pg_extension WHERE extname = $1), EXISTS (SELECT 1 FROM pg_catalog.pg_available_extension_versions v
		WHERE v.name = $1 AND (v.trusted AND has_database_privilege(current_database(), 'CREATE') OR $2::bigint = 1))`
	err := c.RowUntil(ctx, states, []any{trigrams, h.Rights.Superuser}, &h.Trigrams.Installed, &h.Trigrams.Available)
	if err != nil || h.Schema == 0 {
		return err
	}
	missing, err := c.db.missingTexts(ctx, c)
	h.Unindexed = len(missing)
	return err
}

// readUse reads who uses the server: connections, standbys, the archive.
func (h *Health) readUse(ctx context.Context, c *Conn) error {
	err := c.RowUntil(ctx, `SELECT COUNT(*), COUNT(*) FILTER (WHERE own), COUNT(DISTINCT COALESCE(host(client_addr), 'socket')) FILTER (WHERE own),
		COALESCE(left(string_agg(DISTINCT COALESCE(host(client_addr), 'its own machine'), ', ') FILTER (WHERE own), 200), '') FROM (SELECT client_addr,
		application_name = current_setting('application_name') AND datname = current_database() AND pid <> pg_backend_pid() AS own FROM pg_catalog.pg_stat_activity WHERE backend_type = 'client backend' OR backend_type IS NULL AND datname IS NOT NULL) a`,
		nil, &h.Load.Clients, &h.Load.Own, &h.Load.Machines, &h.Load.Places)
	if err != nil {
		return err
	}
	err = c.Rows(ctx, `SELECT COALESCE(application_name, ''), COALESCE(state, ''), COALESCE(sync_state, ''), COALESCE(EXTRACT(EPOCH FROM replay_lag) * 1000, 0)::bigint,
		COALESCE(pg_wal_lsn_diff(pg_current_wal_lsn(), replay_lsn), 0)::bigint FROM pg_catalog.pg_stat_replication ORDER BY 1, 2`, nil, func(scan func(...any) error) error {
		var s Standby
		var lag int64
		err := scan(&s.Name, &s.State, &s.Sync, &lag, &s.Bytes)
		s.Lag = time.Duration(lag) * time.Millisecond
		h.Standbys = append(h.Standbys, s)
		return err
	})
	if err != nil {
		return err
	}
	h.Archive.On = h.Settings["archive_mode"] != "off" && h.Settings["archive_mode"] != ""
	var last, failed int64
	err = c.RowUntil(ctx, "SELECT COALESCE(EXTRACT(EPOCH FROM last_archived_time), 0)::bigint, COALESCE(EXTRACT(EPOCH FROM last_failed_time), 0)::bigint FROM pg_catalog.pg_stat_archiver", nil, &last, &failed)
	if last > 0 {
		h.Archive.Last = time.Unix(last, 0)
	}
	if failed > 0 {
		h.Archive.Failed = time.Unix(failed, 0)
	}
	return err
}

// checkPooler finds out whether a pooler is in between. It cannot know the process of the server that
// will run a statement, so it names another to its client at the start. A second connection that
// is served by the same process shows that the first one does not keep it.
func (h *Health) checkPooler(ctx context.Context, c *Conn) error {
	const process = "SELECT pg_backend_pid()::bigint"
	var first int64
	if err := c.RowUntil(ctx, process, nil, &first); err != nil {
		return err
	}
	h.Pooler.Found = int64(c.conn.PgConn().PID()) != first
	if !h.Pooler.Found {
		return nil
	}
	c.begin()
	c.waiting = append(c.waiting, queued{"BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE", nil}, queued{"SELECT 1", nil})
	_, h.Pooler.Refuse = c.Exec("SELECT 2")
	if err := c.Rollback(); err != nil || h.Pooler.Refuse != nil {
		return nil // it refuses transactions, and may have closed the connection
	}
	for range 5 { // clients of others may take the process in between
		other := newConn(c.db)
		var one, two int64
		err := errors.Join(c.RowUntil(ctx, process, nil, &one), other.RowUntil(ctx, process, nil, &two), other.Close())
		if err != nil || one == two {
			h.Pooler.Shares = one == two
			return err
		}
	}
	return nil
}

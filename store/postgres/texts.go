package postgres

import (
	"context"
	"fmt"
	"strings"

	"crmkit/store/engine"
)

// indexOf returns the name of the index of a text. It has a checksum of the expression: where a newer version of the
// program searches more columns, it makes an index of another name and drops this one.
func indexOf(t engine.Text) string { return t.Table + "_text_" + checksum(t.SQL)[:8] }

// The extensions. Without gin, which puts the workspace before the text in the index, a search
// also reads the entries of other workspaces.
const (
	trigrams = "pg_trgm"
	gin      = "btree_gin"
)

// indexTexts makes the indexes of the texts that are missing. Without the extension the database works, but
// searches read all records of a workspace: that is logged, and is no error. It is tried again at
// each start. Other servers cannot write to a table while its index is made.
func (db *DB) indexTexts(ctx context.Context, c *Conn) error {
	missing, err := db.missingTexts(ctx, c)
	if err != nil || len(missing) == 0 {
		db.findsParts = err == nil
		return err
	}
	c.begin()
	if err = db.indexTextsIn(ctx, c); err == nil {
		err = c.Commit()
	}
	if err != nil {
		_ = c.Rollback()
		db.opts.Log.Warn("searches are slow, because PostgreSQL has no index for them: "+Remedy, "database", Name(db.opts.Address), "error", err.Error())
		return nil
	}
	db.findsParts = true
	return nil
}

// Remedy says how a database gets the indexes of searches.
const Remedy = "install the extension " + trigrams + " (Debian: in the package postgresql; elsewhere postgresql-contrib), run CREATE EXTENSION " + trigrams + " in the database as a user who may, and start the server again"

// ownSchema is SQL for the oid of the schema of the tables. A cast of its name to regnamespace would
// read the name as SQL: in small letters, and without quotes.
const ownSchema = "(SELECT s.oid FROM pg_catalog.pg_namespace s WHERE s.nspname = current_schema())"

// missingTexts returns the texts without an index that can be used.
func (db *DB) missingTexts(ctx context.Context, c *Conn) (missing []engine.Text, err error) {
	has, err := c.Texts(ctx, "SELECT k.relname::text FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class k ON k.oid = i.indexrelid WHERE i.indisvalid AND k.relnamespace = "+ownSchema)
	if err != nil {
		return nil, err
	}
	names := map[string]bool{}
	for _, name := range has {
		names[name] = true
	}
	for _, t := range db.opts.Texts {
		if !names[indexOf(t)] {
			missing = append(missing, t)
		}
	}
	return missing, nil
}

// indexTextsIn makes the indexes in the transaction of the connection. It takes the lock of upgrades:
// servers that start at the same time wait, and find the indexes made.
func (db *DB) indexTextsIn(ctx context.Context, c *Conn) error {
	c.waiting = append(c.waiting, queued{"BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE", nil}, queued{"SELECT set_config('statement_timeout', '0', TRUE)", nil})
	var locked int
	if err := c.RowUntil(ctx, "SELECT number FROM migrations WHERE number = 0 FOR UPDATE", nil, &locked); err != nil {
		return err
	}
	missing, err := db.missingTexts(ctx, c)
	if err != nil {
		return err
	}
	schema, err := c.extension(ctx, trigrams)
	if err != nil {
		return err
	}
	workspace := "workspace_id, "
	if _, err := c.extension(ctx, gin); err != nil {
		workspace = ""
		db.opts.Log.Info("searches would be faster with the extension "+gin+", which cannot be used", "database", Name(db.opts.Address), "error", err.Error())
	}
	for _, t := range missing {
		text := fmt.Sprintf("DO $$ DECLARE old text; BEGIN FOR old IN SELECT k.relname FROM pg_catalog.pg_class k WHERE k.relkind = 'i' AND k.relnamespace = %s AND k.relname LIKE '%s' LOOP EXECUTE format('DROP INDEX %%I', old); END LOOP; END $$; CREATE INDEX %s ON %s USING gin (%s(%s) %s.gin_trgm_ops)",
			ownSchema, strings.ReplaceAll(t.Table+"_text_", "_", `\_`)+"%", indexOf(t), t.Table, workspace, t.SQL, schema)
		if err := c.script(ctx, text); err != nil {
			return fmt.Errorf("the index of %s: %w", t.Table, err)
		}
	}
	return nil
}

// extension returns the schema of an extension, quoted, and creates it if it is missing. After an error the
// transaction is as before.
func (c *Conn) extension(ctx context.Context, name string) (schema string, err error) {
	const find = "SELECT quote_ident(n.nspname) FROM pg_catalog.pg_extension e JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = $1"
	if found, err := engine.Found(c.RowUntil(ctx, find, []any{name}, &schema)); found || err != nil {
		return schema, err
	}
	if err := c.Savepoint("extension"); err != nil {
		return "", err
	}
	if _, err := c.Exec("CREATE EXTENSION " + name); err != nil {
		return "", cmpError(c.RollbackTo("extension"), err)
	}
	if err := c.Release("extension"); err != nil {
		return "", err
	}
	return schema, c.RowUntil(ctx, find, []any{name}, &schema)
}

package store

import (
	"fmt"
	"testing"
)

// TestWideCascadesEnd deletes a company whose contacts have more activities each than a step
// changes.
func TestWideCascadesEnd(t *testing.T) {
	engines(t, func(t *testing.T, f *fixture) {
		f.cascades.atOnce, f.cascades.step = 10, 8
		ann := f.member("ann@example.com")
		company := f.save(ann, "company", "name", "Acme")
		for i := range 12 {
			c := f.save(ann, "contact", "name", fmt.Sprint("n", i), "company_id", company)
			for range 9 {
				f.save(ann, "activity", "body", "b", "kind", "call", "contact_id", c)
			}
		}
		f.remove(ann, company)
		must(t, f.Settle(t.Context()))
		if left := f.raw(1, "SELECT COUNT(*) FROM contacts WHERE company_id IS NOT NULL"); left[0] != "0" {
			t.Errorf("%s contacts still refer to the deleted company", left[0])
		}
		if left := f.raw(1, "SELECT COUNT(*) FROM activities WHERE contact_company_id IS NOT NULL"); left[0] != "0" {
			t.Errorf("%s activities still refer to the deleted company", left[0])
		}
	})
}

// TestOneStuckCascadeStopsNoOther lets the steps of one workspace fail. Those of another go on.
func TestOneStuckCascadeStopsNoOther(t *testing.T) {
	engines(t, func(t *testing.T, f *fixture) {
		f.cascades.atOnce, f.cascades.step = 4, 3
		ann, bob := f.member("ann@example.com"), f.member("bob@example.com")
		a, b := f.save(ann, "company", "name", "A"), f.save(bob, "company", "name", "B")
		for i := range 10 {
			f.save(ann, "contact", "name", fmt.Sprint(i), "company_id", a)
			f.save(bob, "contact", "name", fmt.Sprint(i), "company_id", b)
		}
		f.write(ann, func(tx *Tx) error {
			for _, text := range f.stuckTrigger(ann.Workspace) {
				if err := tx.Exec(text); err != nil {
					return err
				}
			}
			return nil
		})
		f.remove(ann, a)
		f.remove(bob, b)
		if err := f.Settle(t.Context()); err == nil {
			t.Error("Settle returns no error for the cascade that fails")
		}
		if left := f.raw(1, "SELECT COUNT(*) FROM contacts WHERE company_id IS NOT NULL AND workspace_id = $1", bob.Workspace); left[0] != "0" {
			t.Errorf("%s contacts of the other workspace wait for it", left[0])
		}
		f.write(ann, func(tx *Tx) error { return tx.Exec(f.dropTrigger("stuck", "contacts")) })
		must(t, f.Settle(t.Context()))
	})
}

// stuckTrigger is SQL that makes a trigger, after which no contact of a workspace can be changed.
func (f *fixture) stuckTrigger(workspace int64) []string {
	if f.opts.Shared() {
		return []string{fmt.Sprintf("CREATE FUNCTION stuck() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NEW.workspace_id = %d THEN RAISE EXCEPTION 'stuck'; END IF; RETURN NEW; END $$", workspace),
			"CREATE TRIGGER stuck BEFORE UPDATE ON contacts FOR EACH ROW EXECUTE FUNCTION stuck()"}
	}
	return []string{fmt.Sprintf("CREATE TRIGGER stuck BEFORE UPDATE ON contacts WHEN NEW.workspace_id = %d BEGIN SELECT RAISE(ABORT, 'stuck'); END", workspace)}
}

// dropTrigger is SQL that drops a trigger of a table.
func (f *fixture) dropTrigger(name, table string) string {
	if f.opts.Shared() {
		return "DROP TRIGGER " + name + " ON " + table
	}
	return "DROP TRIGGER " + name
}

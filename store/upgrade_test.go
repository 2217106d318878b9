package store

import (
	"bytes"
	"compress/gzip"
	"io"
	"os"
	"path/filepath"
	"testing"

	"crmkit/crm"
)

// fixtureFile unpacks a database that an earlier schema made.
func fixtureFile(t *testing.T, name string) string {
	t.Helper()
	packed, err := os.ReadFile(filepath.Join("testdata", name+".gz"))
	if err != nil {
		t.Fatal(err)
	}
	reader, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		t.Fatal(err)
	}
	data, err := io.ReadAll(reader)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "crmkit.db")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestUpgradeFromSchema1 holds that users, workspaces and tokens of a server
// without teams are those of one with them.
func TestUpgradeFromSchema1(t *testing.T) {
	f := openAt(t, fixtureFile(t, "schema-0001.db"))
	var actors []crm.Actor
	for _, hash := range f.raw(1, "SELECT hash FROM secrets ORDER BY token_key") {
		session, found, err := f.Session(t.Context(), hash)
		if err != nil || !found || session.Actor.Role != crm.RoleAdmin || session.Actor.Plan != "standard" {
			t.Fatalf("a token of the old file: %+v, found %v, %v", session, found, err)
		}
		actors = append(actors, session.Actor)
	}
	if len(actors) != 2 || actors[0].Email != "jane@acme.com" || actors[1].Email != "bob@acme.com" {
		t.Fatalf("the tokens stand for %+v", actors)
	}
	for _, a := range actors {
		f.checkCounters(a)
		members := f.list(a, "member", "")
		if len(members.Records) != 1 || members.Records[0].ID != a.UserID || members.Records[0].Value("status").Text != Active {
			t.Errorf("members of %s: %+v", a.Email, members.Records)
		}
		if own := f.list(a, "workspace", "").Records; len(own) != 1 || own[0].ID != a.WorkspaceID || own[0].Value("name").Text != a.WorkspaceName {
			t.Errorf("workspaces of %s: %+v", a.Email, own)
		}
	}
	if contacts := f.list(actors[0], "contact", "custom.seats=12&tags=vip").Records; len(contacts) != 1 {
		t.Errorf("contacts: %+v", contacts)
	}
	f.save(actors[0], "contact", "name", "Joe")
	f.write(actors[0], func(tx *Tx) error {
		_, err := tx.Invite("joe@acme.com", crm.RoleMember)
		return err
	})
	f.checkCounters(actors[0])
	if loose := f.raw(1, "SELECT email FROM users WHERE workspaces <> 1"); len(loose) > 0 {
		t.Errorf("made other than one workspace: %v", loose)
	}
}

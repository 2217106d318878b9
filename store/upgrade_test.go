package store

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"crmkit/crm"
	"crmkit/store/sqlite"
)

// fixtureFile unpacks a database with an earlier schema.
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

// TestUpgradeFromSchema1 checks that the users, workspaces and tokens of a file without teams work
// after the upgrade.
func TestUpgradeFromSchema1(t *testing.T) {
	f := openAt(t, fixtureFile(t, "schema-0001.db"))
	var actors []crm.Actor
	for _, hash := range f.raw(1, "SELECT hash FROM secrets ORDER BY token_key") {
		a := f.holder(hash)
		if a.Role != crm.RoleAdmin || a.Plan != "standard" {
			t.Fatalf("a token of the old file has the actor %+v", a)
		}
		actors = append(actors, a)
	}
	if len(actors) != 2 || actors[0].Email != "jane@acme.com" || actors[1].Email != "bob@acme.com" {
		t.Fatalf("the tokens have the actors %+v", actors)
	}
	for _, a := range actors {
		f.checkCounters(a)
		members := f.list(a, "member", "")
		if len(members.Records) != 1 || members.Records[0].ID != a.UserID || members.Records[0].Value("status").Text != "active" {
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
	f.invite(actors[0], "joe@acme.com", crm.RoleMember)
	f.checkCounters(actors[0])
	if loose := f.raw(1, "SELECT email FROM users WHERE workspaces <> 1"); len(loose) > 0 {
		t.Errorf("these users do not have one workspace: %v", loose)
	}
}

// TestUpgradeKeepsTeams checks that a file of each of the first schemas with teams has the same
// members, invites, tokens, records and connections of chat clients after the upgrade.
func TestUpgradeKeepsTeams(t *testing.T) {
	for name, tokens := range map[string]int{"schema-0002.db": 2, "schema-0003.db": 3, "schema-0004.db": 3} {
		t.Run(name, func(t *testing.T) {
			f := openAt(t, fixtureFile(t, name))
			var jane crm.Actor
			live := 0
			for _, hash := range f.raw(1, "SELECT hash FROM secrets WHERE kind = 'access' AND dies_at IS NULL ORDER BY token_key") {
				a := f.holder(hash)
				if live++; a.Email == "jane@acme.com" && a.Scope == crm.ScopeFull {
					jane = a
				}
			}
			if live != tokens || jane.Role != crm.RoleAdmin {
				t.Fatalf("%d tokens live, want %d; jane is %+v", live, tokens, jane)
			}
			f.checkTeam(jane)
			f.checkConnection(tokens)
			if sum, err := sqlite.Verify(t.Context(), f.opts.Path, FileSchema()); err != nil || sum.Schema != len(released()) {
				t.Errorf("the file: %+v, %v", sum, err)
			}
		})
	}
}

// TestUpgradeKeepsRecords checks that a file of each schema that testdata/make.sh makes has the same
// records after the upgrade, and right counts of them.
func TestUpgradeKeepsRecords(t *testing.T) {
	for _, schema := range []string{"0005", "0006", "0007", "0008", "0009", "0010", "0011"} {
		t.Run(schema, func(t *testing.T) {
			f := openAt(t, fixtureFile(t, "schema-"+schema+".db"))
			lists := map[string]int{
				"contact?custom.seats=13&custom.new=key&custom.zeta=is:null&tags=eu,third&stage=lost&company.domain=acme.com": 1, "contact?email=gone@globex.com": 0, "contact?name=Imported": 1,
				"company?domain=globex.com": 0, "company?name=Acme+Inc&tags=vip": 1, "deal?status=won&amount_cents=130000&contact.email=zoe@acme.com": 1, "deal?status=lost&contact_id=is:null": 1,
				"activity?kind=call&body=talked": 1, "activity?body=of+two,+mended&contact_id=is:null": 1, "activity?": 2, "change?action=delete&target=like:contact": 1,
			}
			if schema >= "0006" {
				lists["ticket?status=closed&content=short&requester_id=is:null"] = 1
			}
			if schema >= "0007" {
				lists["task?done=yes&title=Offer+seats"], lists["task?"] = 1, 1
			}
			if schema >= "0008" {
				lists["campaign?status=paused&contacts=1&companies=0"], lists["campaign_member?"] = 1, 1
			}
			for _, workspace := range f.raw(1, "SELECT number FROM workspaces") {
				number, _ := strconv.ParseInt(workspace, 10, 64)
				f.checkCounters(f.adminOf(number))
			}
			for i := range f.Schema.Entities {
				f.checkFolds(f.Schema.Entities[i])
			}
			jane := f.adminOf(f.workspaceOf("jane@acme.com"))
			for list, want := range lists {
				kind, params, _ := strings.Cut(list, "?")
				if got := f.list(jane, kind, params).Records; len(got) != want {
					t.Errorf("%s: %d, want %d", list, len(got), want)
				}
			}
			f.save(jane, "contact", "name", "Next")
			f.checkCounters(jane)
		})
	}
}

// workspaceOf returns the number of the oldest workspace of a user.
func (f *fixture) workspaceOf(email string) (number int64) {
	f.t.Helper()
	row := f.raw(1, "SELECT m.workspace_id FROM members m JOIN users u ON u.number = m.user_id WHERE u.email = $1 ORDER BY m.key LIMIT 1", email)
	if len(row) == 1 {
		number, _ = strconv.ParseInt(row[0], 10, 64)
	}
	return number
}

// adminOf returns an admin of a workspace, named after its first member.
func (f *fixture) adminOf(workspace int64) crm.Actor {
	row := f.raw(2, "SELECT u.number, ' ' || u.email FROM members m JOIN users u ON u.number = m.user_id WHERE m.workspace_id = $1 ORDER BY m.key LIMIT 1", workspace)
	a := crm.Actor{Workspace: workspace, Role: crm.RoleAdmin}
	if len(row) == 1 {
		fmt.Sscan(row[0], &a.User, &a.Email)
	}
	return a
}

// checkTeam checks the members, records and log of the team in the files.
func (f *fixture) checkTeam(jane crm.Actor) {
	f.t.Helper()
	f.checkCounters(jane)
	if repeated := f.repeated(); len(repeated) > 0 {
		f.t.Errorf("folded columns repeat their value: %v", repeated)
	}
	for list, want := range map[string]int{
		"member?": 3, "member?status=invited": 1, "contact?custom.seats=12&tags=vip&tags=eu&company.domain=acme.com": 1, "contact?name=Zoë Doe&follow_up_at=not:null": 1,
		"contact?custom.since=lt:2026-02-01": 1, "deal?amount_cents=125000&contact.email=zoe@acme.com": 1, "activity?body=talked": 1, "company?tags=vip": 1, "change?action=update": 1,
	} {
		kind, params, _ := strings.Cut(list, "?")
		if got := f.list(jane, kind, strings.ReplaceAll(params, " ", "+")).Records; len(got) != want {
			f.t.Errorf("%s: %d, want %d", list, len(got), want)
		}
	}
	f.save(jane, "contact", "name", "Joe")
	f.checkCounters(jane)
}

// checkConnection checks the connection of a chat client, which files with three tokens have.
func (f *fixture) checkConnection(tokens int) {
	f.t.Helper()
	want := []string{}
	if tokens == 3 {
		want = []string{"Chat write"}
	}
	got := f.raw(1, "SELECT c.name || ' ' || t.scope FROM tokens t JOIN oauth_clients c ON c.id = t.client JOIN secrets s ON s.token_key = t.key WHERE s.kind = 'refresh' AND s.used_at IS NULL")
	if !slices.Equal(got, want) && len(got)+len(want) > 0 {
		f.t.Errorf("connections: %q, want %q", got, want)
	}
}

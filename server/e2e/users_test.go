package e2e

import (
	"path/filepath"
	"strings"
	"testing"
)

// TestUserCommands lists, shows and removes users and workspaces beside a running
// server.
func TestUserCommands(t *testing.T) {
	t.Parallel()
	o := newOwned(t)
	o.want(201, "POST", "/contacts", object("name", "Ann"))
	if _, _, err := run(t, "token", "--email", "yuo@example.com", "--db", o.db); err == nil || !strings.Contains(err.Error(), "no user has this address; the users are you@example.com; to create that user add --create") {
		t.Errorf("a token for a mistyped address: %v", err)
	}
	holds(t, o.command("token", "--email", "bob@example.com", "--create"), "ck_")
	holds(t, o.command("user", "list"), "email=you@example.com plan=standard workspaces=1 tokens=1", "email=bob@example.com plan=standard workspaces=1 tokens=1")
	holds(t, o.command("user", "show", "Bob@Example.com"), "email=bob@example.com", `name="Workspace of bob@example.com" role=admin`)
	holds(t, o.command("workspace", "list"), `name="Workspace of you@example.com" plan=standard members=1 contacts=1`, `name="Workspace of bob@example.com" plan=standard members=1 contacts=0`)
	if out := o.command("client", "list"); out != "" {
		t.Errorf("clients: %q", out)
	}
	for _, args := range [][]string{{"export"}, {"mcp"}, {"export", "--email", "yuo@example.com"}} {
		if _, _, err := run(t, append(args, "--db", o.db)...); err == nil || !strings.Contains(err.Error(), "you@example.com, bob@example.com") {
			t.Errorf("%v on a file of two users: %v", args, err)
		}
	}
	holds(t, o.command("user", "remove", "bob@example.com"), "would remove user/", "repeat with --yes")
	holds(t, o.command("user", "remove", "bob@example.com", "--yes"), "removed user/", `deleted workspace/`, "Workspace of bob@example.com")
	if out := o.command("user", "list"); strings.Contains(out, "bob@") || !strings.Contains(out, "you@") {
		t.Errorf("after the removal: %s", out)
	}
	if _, _, err := run(t, "user", "show", "bob@example.com", "--db", o.db); err == nil || !strings.Contains(err.Error(), "there is no user bob@example.com") {
		t.Errorf("a user who is gone: %v", err)
	}
	home := field(t, o.want(200, "GET", "/whoami", ""), "workspace_id")
	if _, _, err := run(t, "workspace", "remove", home, "--db", o.db); err == nil || !strings.Contains(err.Error(), "repeat with --yes") {
		t.Errorf("remove without --yes: %v", err)
	}
	holds(t, o.command("workspace", "remove", "workspace/"+home, "--yes"), "deleted workspace/"+home)
	eventually(t, patience, func() bool {
		status, _ := o.do("GET", "/whoami", "")
		return status == 401
	})
	done(t, "schema=", "verify", filepath.Join(filepath.Dir(o.db), filepath.Base(o.db)))
}

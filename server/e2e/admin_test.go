package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const builtinPlans = `standard: contacts=100000 companies=100000 deals=100000 deal_contacts=1000000 tickets=100000 tasks=100000 campaigns=100000 campaign_members=1000000 activities=1000000 members=100 storage=5000000000 workspaces=20
free: contacts=1000 companies=1000 deals=1000 deal_contacts=10000 tickets=1000 tasks=1000 campaigns=1000 campaign_members=10000 activities=10000 members=5 storage=100000000 workspaces=3
unlimited: contacts=unlimited companies=unlimited deals=unlimited deal_contacts=unlimited tickets=unlimited tasks=unlimited campaigns=unlimited campaign_members=unlimited activities=unlimited members=unlimited storage=unlimited workspaces=unlimited
`

// TestPlanList checks that plans are printed in the form of --plans, so that the
// list can be edited and used as the setting.
func TestPlanList(t *testing.T) {
	own := strings.Replace(builtinPlans, "free: contacts=1000 companies=1000 deals=1000 deal_contacts=10000 tickets=1000 tasks=1000 campaigns=1000 campaign_members=10000 activities=10000 members=5 storage=100000000 workspaces=3", "free: contacts=7", 1) +
		"team: contacts=5000 members=unlimited\n"
	for _, c := range []struct{ plans, want string }{
		{"", builtinPlans},
		{" ; ", builtinPlans},
		{strings.ReplaceAll(builtinPlans, "\n", ";"), builtinPlans},
		{"team: contacts=5000, members=unlimited; free: contacts=7", own},
		{own[:len(own)-1], ""},
	} {
		c.plans = strings.ReplaceAll(c.plans, "\n", ";")
		if c.want == "" {
			c.want = own
		}
		if out, _, err := run(t, "plan", "list", "--plans", c.plans); err != nil || out != c.want {
			t.Errorf("--plans %q: %v\n%swant\n%s", c.plans, err, out, c.want)
		}
	}
}

// owned is a running server and the commands of the owner of its file.
type owned struct {
	*running
	t  *testing.T
	db string
}

const teamPlan = "--plans=team: contacts=1 workspaces=2"

func newOwned(t *testing.T) *owned {
	t.Helper()
	db := filepath.Join(t.TempDir(), "crmkit.db")
	return &owned{serve(t, "--db", db, "--token-for", "you@example.com", teamPlan), t, db}
}

// command runs a command on the file and returns what it printed.
func (o *owned) command(args ...string) string {
	o.t.Helper()
	cmd := command(o.t, append(args, "--db", o.db)...)
	log := newLines()
	cmd.Stderr = log
	out, err := cmd.Output()
	if err != nil || log.text() != "" {
		o.t.Fatalf("crmkit %q: %v\n%s", args, err, log.text())
	}
	return string(out)
}

// sees waits until the server answers a token's GET /whoami with the texts, which
// takes it a second when another process changed something.
func (o *owned) sees(token string, wants ...string) {
	o.t.Helper()
	var text string
	defer func() {
		if o.t.Failed() {
			o.t.Logf("GET /whoami:\n%s", text)
		}
	}()
	eventually(o.t, 3*time.Second, func() bool {
		_, text = o.as(token, "GET", "/whoami", "")
		for _, want := range wants {
			if !strings.Contains(text, want) {
				return false
			}
		}
		return true
	})
}

// TestPlanSet sets plans beside a running server, which goes by them within a
// second or so.
func TestPlanSet(t *testing.T) {
	t.Parallel()
	o := newOwned(t)
	_, who := o.do("GET", "/whoami", "")
	home := field(t, who, "workspace_id")
	holds(t, who, "plan=standard", "contacts: 0 / 100000")

	if out := o.command("plan", "set", home, "free"); out != home+" plan=free\n" {
		t.Errorf("plan set %s: %q", home, out)
	}
	o.sees(o.token, "plan=free", "contacts: 0 / 1000\n", "workspaces: 1 / 20\n")

	if out := o.command("plan", "set", "workspace/"+home, "team", teamPlan); out != home+" plan=team\n" {
		t.Errorf("plan set workspace/%s: %q", home, out)
	}
	o.sees(o.token, "plan=team", "contacts: 0 / 1\n", "companies: 0 / unlimited")
	o.want(201, "POST", "/contacts", object("name", "Ann"))
	holds(t, o.want(403, "POST", "/contacts", object("name", "Bob")), "ERROR plan_limit_reached", "the plan team allows 1 contacts")

	out := o.command("plan", "set", "You@Example.com", "team", teamPlan)
	if want := "you@example.com plan=team\nworkspace/" + home + ` name="Workspace of you@example.com" role=admin plan=team` + "\n"; out != want {
		t.Errorf("plan set of a user: %q, want %q", out, want)
	}
	o.sees(o.token, "workspaces: 1 / 2\n")
	holds(t, o.want(201, "POST", "/workspaces", object("name", "Two")), "plan=team")
	holds(t, o.want(403, "POST", "/workspaces", object("name", "Three")), "ERROR plan_limit_reached")

	audit := o.want(200, "GET", "/audit?action=plan.set", "")
	holds(t, audit, "target=workspace/"+home+" from.plan=standard to.plan=free", "from.plan=free to.plan=team", "target=member/", "# 3 of 3 changes")
}

// want makes a request with the token of --token-for and checks the status of the answer.
func (o *owned) want(status int, method, path, body string) string {
	o.t.Helper()
	got, text := o.do(method, path, body)
	if got != status {
		o.t.Fatalf("%s %s %s: %d, want %d\n%s", method, path, body, got, status, text)
	}
	return text
}

// TestPlanSetRefused checks that plan set with an unknown user or plan says what to
// write, and makes no file.
func TestPlanSetRefused(t *testing.T) {
	dir := t.TempDir()
	db, none := filepath.Join(dir, "crmkit.db"), filepath.Join(dir, "none.db")
	serve(t, "--db", db, "--token-for", "you@example.com").stop()
	for _, c := range []struct {
		args []string
		want []string
	}{
		{[]string{"you@example.com", "gold", "--db", db}, []string{"no plan gold", "standard, free, unlimited", "--plans"}},
		{[]string{"you@example.com", "gold", "--db", none}, []string{"no plan gold"}},
		{[]string{"you@example.com", "free", "--db", db, "--plans", "team"}, []string{"--plans: team is not a plan", "team: contacts=5000"}},
		{[]string{"you@example.com", "free", "--db", db, "--default-plan", "gold"}, []string{"--default-plan gold", "standard, free, unlimited"}},
		{[]string{"ws_0000000000", "free", "--db", db}, []string{"ws_0000000000", "(ws_…)", "e-mail address"}},
		{[]string{"workspace/ws_0000000000", "free", "--db", db}, []string{"ws_0000000000"}},
		{[]string{"bob@example.com", "free", "--db", db}, []string{"bob@example.com"}},
		{[]string{"", "free", "--db", db}, []string{"(ws_…)"}},
		{[]string{"you@example.com", "free", "--db", none}, []string{"none.db", "a server that has run"}},
		{[]string{"you@example.com", "free", "--db", dir}, []string{"is a folder"}},
		{[]string{"you@example.com", "free", "--db", ":memory:"}, []string{":memory: ends with this command"}},
		{[]string{"you@example.com", "--db", db}, []string{"<plan>", "see crmkit --help"}},
	} {
		out, _, err := run(t, append([]string{"plan", "set"}, c.args...)...)
		if err == nil || out != "" {
			t.Errorf("plan set %q: error %v, stdout %q", c.args, err, out)
			continue
		}
		holds(t, err.Error(), c.want...)
	}
	if left := names(t, dir); strings.Join(left, " ") != "crmkit.db crmkit.db.lock" {
		t.Errorf("the refused commands left %v", left)
	}
}

// TestPlanSetSlash checks that an address with a slash is not read as a handle: the
// part after the slash may be somebody else's address.
func TestPlanSetSlash(t *testing.T) {
	t.Parallel()
	o := newOwned(t)
	for _, address := range []string{"sales/eu@example.com", "eu@example.com"} {
		o.command("token", "--email", address, "--create")
	}
	holds(t, o.command("plan", "set", "Sales/EU@example.com", "free"), "sales/eu@example.com plan=free\n", "Workspace of sales/eu@example.com")
}

// TestTokenPlan checks that a user made by the token command gets the plan that it
// names, and that an existing user keeps theirs.
func TestTokenPlan(t *testing.T) {
	t.Parallel()
	o := newOwned(t)
	token := strings.TrimSpace(o.command("token", "--create", "--email", "bob@example.com", teamPlan, "--default-plan", "team"))
	o.sees(token, "email=bob@example.com", "plan=team", "contacts: 0 / 1\n", "workspaces: 1 / 2\n")
	o.command("token", "--email", "you@example.com", "--default-plan", "free")
	o.sees(o.token, "plan=standard", "workspaces: 1 / 20\n")
}

// TestTokenRefused checks that a token command that is refused makes neither a user nor
// a file.
func TestTokenRefused(t *testing.T) {
	dir := t.TempDir()
	db, none := filepath.Join(dir, "crmkit.db"), filepath.Join(dir, "none.db")
	serve(t, "--db", db).stop()
	before, err := os.ReadFile(db)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"--email", "bob@example.com", "--db", db, "--default-plan", "gold"}, "--default-plan gold"},
		{[]string{"--email", "bob@example.com", "--db", db, "--plans", "gold: sheep=1"}, "sheep cannot be capped"},
		{[]string{"--email", "Bob <bob@example.com>", "--db", db}, "not one bare e-mail address"},
		{[]string{"--email", "bob@example.com", "--db", none}, "a server that has run"},
	} {
		out, _, err := run(t, append([]string{"token"}, c.args...)...)
		if err == nil || out != "" || !strings.Contains(err.Error(), c.want) {
			t.Errorf("token %q: error %v, stdout %q, want %s", c.args, err, out, c.want)
		}
	}
	after, err := os.ReadFile(db)
	if err != nil || strings.Contains(string(after), "bob@example.com") || len(before) == 0 {
		t.Errorf("a refused token made a user: %v", err)
	}
	if left := names(t, dir); strings.Join(left, " ") != "crmkit.db crmkit.db.lock" {
		t.Errorf("the refused commands left %v", left)
	}
}

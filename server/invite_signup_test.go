package server_test

import (
	"regexp"
	"strings"
	"testing"

	"crmkit/crm"
	"crmkit/store"
	"crmkit/store/account"
)

// TestInvitedUsersStartInTheTeam checks that a new user acts in the team that invited them,
// through the API and on the page, and also has a workspace of their own.
func TestInvitedUsersStartInTheTeam(t *testing.T) {
	r := newRig(t)
	ann := r.mint("ann@acme.com")
	for _, email := range []string{"bob@acme.com", "carl@acme.com"} {
		r.seat(ann, email, crm.RoleMember)
	}
	bob := r.as("bob@acme.com")
	if who := bob.json(200, "GET", "/whoami", ""); who["workspace_id"] != ann.WorkspaceID {
		t.Errorf("bob's first token acts in %v", who)
	}
	if list := bob.json(200, "GET", "/workspaces", ""); list["total"].(interface{ String() string }).String() != "2" {
		t.Errorf("bob has the workspaces %v", list)
	}
	r.header.Del("Authorization")
	c := r.register("Claude", callback)
	c.begin()
	c.post("step", "email", "email", "carl@acme.com")
	c.post("step", "code", "code", c.code())
	if chosen := regexp.MustCompile(`value="(ws_\w+)" checked`).FindStringSubmatch(c.html); chosen == nil || chosen[1] != ann.WorkspaceID {
		t.Errorf("the page preselects %v", chosen)
	}
}

// TestPlanIsShownAtOnce checks that /whoami shows a plan right after it was set, and that a plan
// which the server does not have is refused.
func TestPlanIsShownAtOnce(t *testing.T) {
	r := newRig(t).as("ann@acme.com")
	who := r.json(200, "GET", "/whoami", "")
	set := func(plan string) error {
		return r.store.Write(t.Context(), crm.Actor{}, func(tx *store.Tx) error {
			_, err := account.SetPlan(tx, who["workspace_id"].(string), plan)
			return err
		})
	}
	if err := set("free"); err != nil {
		t.Fatal(err)
	}
	if text := r.want(200, "GET", "/whoami", ""); !strings.Contains(text, "plan=free") || !strings.Contains(text, "contacts: 0 / 1000\n") {
		t.Errorf("right after: %s", text)
	}
	if err := account.RegisterPlans(t.Context(), r.store); err != nil {
		t.Fatal(err)
	}
	if err := set("team"); err == nil || !strings.Contains(err.Error(), "it has standard, free, unlimited") {
		t.Errorf("a plan that the server lacks: %v", err)
	}
	if err := set("unlimited"); err != nil {
		t.Error(err)
	}
}

package account

import (
	"context"
	"slices"
	"strings"

	"crmkit/crm"
	"crmkit/crm/norm"
	"crmkit/store"
	"crmkit/store/changelog"
)

// RegisterPlans stores the names of the plans of the server in the file. Plans are a setting of the
// server, and other commands assign them to workspaces and users; they must not assign a plan that
// the server does not have.
func RegisterPlans(ctx context.Context, s *store.Store) error {
	names := strings.Join(s.Plans().Names(), " ")
	return s.Write(ctx, crm.Actor{}, func(tx *store.Tx) error {
		return tx.Exec("INSERT INTO meta (name, value) VALUES ('plans', $1) ON CONFLICT (name) DO UPDATE SET value = $1", names)
	})
}

// checkPlanKnown refuses a plan that the server of the file does not have.
func checkPlanKnown(tx *store.Tx, plan string) error {
	var names string
	found, err := tx.Row("SELECT value FROM meta WHERE name = 'plans'", nil, &names)
	if err != nil || !found || slices.Contains(strings.Fields(names), plan) {
		return err
	}
	return crm.Errorf(crm.InvalidValue, "the server of this file has no plan %s; it has %s. Add it to the server's --plans, start it again, then set it.",
		norm.Quote(plan), strings.ReplaceAll(names, " ", ", ")).On("plan").Of(plan, strings.Fields(names))
}

// SetPlan puts a workspace, by its id, or a user, by the address, on a plan. For a user it
// returns the workspaces, which keep their own plans. Errors are not_found if there is
// neither, and invalid_value for a plan that the server of the file does not have.
func SetPlan(tx *store.Tx, of, plan string) (list []Workspace, err error) {
	if err := checkPlanKnown(tx, plan); err != nil {
		return nil, err
	}
	var number, home int64
	var before, target string
	text := "UPDATE workspaces SET plan = $2 WHERE number = $1"
	found, err := tx.Row("SELECT number, number, plan, 'workspace/' || id FROM workspaces WHERE id = $1", []any{of}, &number, &home, &before, &target)
	if err == nil && !found {
		text = "UPDATE users SET plan = $2 WHERE number = $1"
		found, err = tx.Row("SELECT number, 0, plan, 'member/' || id FROM users WHERE email = $1", []any{of}, &number, &home, &before, &target)
		tx.Actor.User = number
	}
	if err != nil {
		return nil, err
	}
	if !found {
		return nil, crm.Errorf(crm.NotFound, "there is no workspace and no user %s; name a workspace by its id (ws_…) or a user by the e-mail address.", norm.Quote(of))
	}
	if home == 0 {
		if list, err = workspacesOf(tx); err != nil {
			return nil, err
		}
		if len(list) > 0 {
			home = list[0].Number // where the user's tokens act by default
		}
	}
	if before == plan {
		return list, nil
	}
	tx.Actor.Workspace = home
	if err := tx.Exec(text, number, plan); err != nil {
		return nil, err
	}
	return list, tx.LogEntry("plan.set", target, changelog.Texts("plan", before), changelog.Texts("plan", plan))
}

package account

import (
	"context"
	"slices"
	"strings"

	"crmkit/crm"
	"crmkit/crm/norm"
	"crmkit/store"
)

// The plans are a setting of the server, and others set them on workspaces and
// users: the file says which the server knows that ran on it last.

// RegisterPlans notes in the file which plans its server knows.
func RegisterPlans(ctx context.Context, s *store.Store) error {
	names := strings.Join(s.Plans().Names(), " ")
	return s.Write(ctx, crm.Actor{}, func(tx *store.Tx) error {
		return tx.Exec("INSERT INTO meta (name, value) VALUES ('plans', $1) ON CONFLICT (name) DO UPDATE SET value = $1", names)
	})
}

// checkPlanKnown refuses a plan that the server of the file lacks.
func checkPlanKnown(tx *store.Tx, plan string) error {
	var names string
	found, err := tx.Row("SELECT value FROM meta WHERE name = 'plans'", nil, &names)
	if err != nil || !found || slices.Contains(strings.Fields(names), plan) {
		return err
	}
	return crm.Errorf(crm.InvalidValue, "the server of this file has no plan %s; it has %s. Add it to the server's --plans, start it again, then set it.",
		norm.Quote(plan), strings.ReplaceAll(names, " ", ", ")).On("plan").Of(plan, strings.Fields(names))
}

package store

import (
	"context"
	"slices"
	"strings"

	"crmkit/crm"
	"crmkit/crm/norm"
)

// The plans are a setting of the server, and others set them on workspaces and
// users: the file says which the server knows that ran on it last.

// ServePlans notes in the file which plans its server knows.
func (s *Store) ServePlans(ctx context.Context) error {
	names := strings.Join(s.opts.Plans.Names(), " ")
	return s.Write(ctx, crm.Actor{}, func(tx *Tx) error {
		return tx.Exec("INSERT INTO meta (name, value) VALUES ('plans', $1) ON CONFLICT (name) DO UPDATE SET value = $1", names)
	})
}

// planServed refuses a plan that the server of the file lacks.
func (tx *Tx) planServed(plan string) error {
	var names string
	found, err := tx.Row("SELECT value FROM meta WHERE name = 'plans'", nil, &names)
	if err != nil || !found || slices.Contains(strings.Fields(names), plan) {
		return err
	}
	return crm.Errorf(crm.InvalidValue, "the server of this file has no plan %s; it has %s. Add it to the server's --plans, start it again, then set it.",
		norm.Quote(plan), strings.ReplaceAll(names, " ", ", ")).On("plan").Of(plan, strings.Fields(names))
}

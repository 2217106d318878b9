// Package definition has what the store checks about records that say what other records are like
// (crm.Definition): who may write them, how many there may be, and that they mean something. It reads
// nothing: the transaction that writes a record asks, so every way in has the same checks.
package definition

import (
	"crmkit/crm"
	"crmkit/crm/shape"
	"crmkit/query"
	"crmkit/query/filtertext"
)

// MayWrite returns the error for an actor who may not write records of the entity: definitions change what
// everybody sees, so it takes an admin and a full token, as for the settings of a workspace. The role must
// be that of the running transaction.
//
// Errors: scope_required, admin_required.
func MayWrite(actor crm.Actor, e *crm.Entity) error {
	switch {
	case !e.IsDefinition():
		return nil
	case !crm.ScopeIncludes(actor.Scope, crm.ScopeFull):
		return crm.Errorf(crm.ScopeRequired, "%s are for everybody in the workspace, so writing them needs a token of scope full; this one has %s.", e.Plural, actor.Scope).On("scope")
	case actor.Role != crm.RoleAdmin:
		return crm.Errorf(crm.AdminRequired, "%s are for everybody in the workspace, so only an admin of workspace %s writes them; you are a %s. GET /workspaces/%s/members?role=admin names the admins.",
			e.Plural, actor.WorkspaceID, actor.Role, actor.WorkspaceID)
	}
	return nil
}

// Cap returns how many records with a plural a workspace may have: so many as an entity says, else as its
// plan does.
func Cap(schema *crm.Schema, plural string, plan int64) int64 {
	if e := entity(schema, plural); e != nil {
		return e.Definition.Most
	}
	return plan
}

// TooMany returns the error for one more definition than there may be, nil if the plural is that of another
// kind.
func TooMany(schema *crm.Schema, plural string) error {
	e := entity(schema, plural)
	if e == nil {
		return nil
	}
	return crm.Errorf(crm.PlanLimitReached, "a workspace has at most %d %s, and this one has as many. GET /%s?sort=updated_at lists them, the one that was unchanged for the longest time first; DELETE /%s/{id} removes one.",
		e.Definition.Most, e.Plural, e.Route(), e.Route())
}

// entity returns the definition with a plural, or nil.
func entity(schema *crm.Schema, plural string) *crm.Entity {
	for _, e := range schema.Entities {
		if e.Plural == plural && e.IsDefinition() {
			return e
		}
	}
	return nil
}

// Check returns the error for a definition that means nothing, such as a view whose query a list would refuse.
func Check(env query.Env, before, after crm.Record) error {
	var fault *crm.Error
	switch after.Entity.Name {
	case "view":
		fault = filtertext.CheckView(env, after)
	case "field":
		fault = checkField(env, before, after)
	}
	if fault != nil {
		return fault
	}
	return nil
}

// checkField returns the error for a field that cannot be declared, or one more than a kind may have. A
// declaration keeps its kind and its name.
func checkField(env query.Env, before, after crm.Record) *crm.Error {
	e, f := env.Schema.ByName(after.Value("kind").Text), shape.FieldOf(after)
	if fault := f.Check(env.Schema, e); fault != nil {
		return fault
	}
	for _, name := range []string{"kind", "name"} {
		if before.ID != "" && !before.Value(name).Equal(after.Value(name)) {
			return crm.Errorf(crm.InvalidValue, "%s of a field cannot change, because records have their values under it. Leave it out; to have another field: POST /fields, then copy the values with PATCH.", name).On(name)
		}
	}
	return env.Shape.Kind(e).CheckBeside(f)
}

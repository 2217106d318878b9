package account

import (
	"context"

	"crmkit/crm"
	"crmkit/crm/norm"
	"crmkit/store"
	"crmkit/store/engine"
	"crmkit/store/shape"
	"crmkit/store/txn"
)

// accessQuery finds the role that an actor's token has now, with the plan of the workspace and the version of
// what it has declared. It finds no row if the token was revoked, or if its user has left the workspace.
const accessQuery = `SELECT m.role, w.plan, w.shape FROM tokens t JOIN members m ON m.workspace_id = $1 AND m.user_id = t.user_id
	JOIN workspaces w ON w.number = m.workspace_id WHERE t.id = $2`

// access is what accessQuery reads.
type access struct {
	found      bool
	role, plan string
	shape      int64
}

// countToken is 1 if a token exists, else 0.
const countToken = "SELECT COUNT(*) FROM tokens WHERE id = $1"

// Reauthorize checks inside the transaction that the actor's token still exists, and sets the
// role and plan that it has now in its workspace, so that a token that was revoked after the request
// was accepted writes nothing. Errors are invalid_token and not_a_member.
func Reauthorize(tx *store.Tx) error {
	a := &tx.Actor
	now, err := txn.Once(tx.Tx, txn.Accounts, accessOf+a.TokenID, func() (access access, err error) {
		access.found, err = tx.Row(accessQuery, []any{a.Workspace, a.TokenID}, &access.role, &access.plan, &access.shape)
		return access, err
	})
	if err != nil {
		return err
	}
	if now.found {
		a.Role, a.Plan = now.role, now.plan
		shape.NoteVersion(tx.Tx, now.shape)
		return nil
	}
	var tokens int
	if _, err = tx.Row(countToken, []any{a.TokenID}, &tokens); err == nil {
		err = refusedError(*a, tokens)
	}
	return err
}

// accessOf and the id of a token are a question for the access that the token gives.
const accessOf = "access "

// ReauthorizeAhead is the question that Reauthorize asks about an actor.
func ReauthorizeAhead(a crm.Actor) txn.Ahead { return txn.Ahead{Sort: accesses{}, About: a.TokenID} }

// accesses asks for the access that tokens give.
type accesses struct{}

// Questions implements txn.Sort.
func (accesses) Questions(tx *txn.Tx, about []any, round int) (list []engine.Question, err error) {
	if round > 0 {
		return nil, nil
	}
	for _, token := range about {
		list = append(list, engine.Question{Text: accessQuery, Args: []any{tx.Actor.Workspace, token}, Each: func(scan func(...any) error) error {
			is := access{found: true}
			err := scan(&is.role, &is.plan, &is.shape)
			txn.Note(tx, txn.Accounts, accessOf+token.(string), is)
			return err
		}})
	}
	return list, nil
}

// CurrentRole returns the role that the actor has in its workspace now, as committed. Errors
// are those of Reauthorize.
func CurrentRole(ctx context.Context, s *store.Store, a crm.Actor) (role string, err error) {
	err = s.Read(ctx, func(v *store.ReadTx) error {
		var plan string
		var shape int64
		found, err := engine.Found(v.Row(ctx, accessQuery, []any{a.Workspace, a.TokenID}, &role, &plan, &shape))
		if found || err != nil {
			return err
		}
		var tokens int
		if err = v.Row(ctx, countToken, []any{a.TokenID}, &tokens); err == nil {
			err = refusedError(a, tokens)
		}
		return err
	})
	return role, err
}

// ConnectAgain is the next step after any 401 for a client of the MCP tools.
const ConnectAgain = "Connect again: the client signs the user in on the page that the header WWW-Authenticate leads to."

// refusedError is the error for an actor who has lost access; tokens counts the actor's token
// if it still exists.
func refusedError(a crm.Actor, tokens int) error {
	if tokens > 0 {
		return NotAMember(a.WorkspaceID)
	}
	return crm.Errorf(crm.InvalidToken, `the token was revoked just now, or its workspace is gone; nothing more is read or saved. Sign in: POST /auth/request {"email":%s}, then POST /auth/verify with the code.`,
		norm.AppendQuoted(nil, a.Email)).ForTools("the token was revoked just now, or its workspace is gone; nothing more is read or saved. %s", ConnectAgain)
}

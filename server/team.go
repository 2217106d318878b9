package server

import (
	"net/http"

	"crmkit/auth"
	"crmkit/crm"
	"crmkit/crm/norm"
	"crmkit/render"
	"crmkit/server/purge"
	"crmkit/server/web"
	"crmkit/store"
	"crmkit/store/account"
)

// workspaces answers GET /workspaces with a list of those to which the user belongs. current
// marks the one in which the token acts.
func (s *Server) workspaces(rq *web.Request) (*render.Response, error) {
	doc, err := s.list(rq)
	if err != nil {
		return nil, err
	}
	markCurrent(doc, "workspace/"+rq.Actor.WorkspaceID)
	return doc, nil
}

// markCurrent adds to each line whether it has the handle, which is that of the token of the
// request, of its workspace, or of its user.
func markCurrent(doc *render.Response, handle string) {
	for i := range doc.Items {
		flag := crm.Bool(doc.Items[i].Head == handle)
		doc.Items[i].Fields = append(doc.Items[i].Fields, render.Field{Name: "current", Value: flag})
	}
}

// createWorkspace answers POST /workspaces with 201, the workspace, whose admin the user is, and
// a hint on how to work there: the token of the request stays in its own workspace.
//
// Errors: those of a body, invalid_value for the time zone, plan_limit_reached.
func (s *Server) createWorkspace(rq *web.Request) (*render.Response, error) {
	d, err := rq.Draft(rq.Route.Entity)
	if err != nil {
		return nil, err
	}
	return rq.Transact(func(tx *store.Tx) (*render.Response, error) {
		out, err := account.CreateWorkspace(tx, d)
		if err != nil {
			return nil, err
		}
		doc, err := inItsZone(out)
		doc.Hints = append(doc.Hints, howToWorkIn(rq, out.After))
		return doc, err
	})
}

// howToWorkIn says how to work in a workspace that was just created. A tool cannot send another
// token, so its user has to choose the workspace on the sign-in page.
func howToWorkIn(rq *web.Request, created crm.Record) string {
	tools := "you stay in " + norm.Quote(rq.Actor.WorkspaceName) + "; to work in the new workspace, " + web.Reconnect + norm.Quote(created.Value("name").Text)
	if rq.Actor.CrossWorkspace() {
		mint := "POST /workspaces/" + created.ID + `/tokens {"token_name":"<who you are>"}`
		return rq.Choose("your token still acts in its own workspace; for one that acts in the new one: "+mint, tools+"; for a program that sends a token of its own: "+mint)
	}
	return rq.Choose("your token still acts in its own workspace; for one that acts in the new one sign in: POST /auth/request, then POST /auth/verify with \"workspace_id\":\""+created.ID+`"`, tools)
}

// updateWorkspace answers PATCH /workspaces/{id} with the workspace and what changed.
//
// Errors: those of a body, invalid_value for the time zone, version_conflict.
func (s *Server) updateWorkspace(rq *web.Request) (*render.Response, error) {
	d, err := rq.Draft(rq.Route.Entity)
	if err != nil {
		return nil, err
	}
	return rq.Transact(func(tx *store.Tx) (*render.Response, error) {
		out, err := s.auth.UpdateWorkspace(tx, d)
		if err != nil {
			return nil, err
		}
		return inItsZone(out)
	})
}

// inItsZone returns the document of a workspace, with its times as the workspace reads them.
func inItsZone(out store.Outcome) (doc *render.Response, err error) {
	doc = saved(out)
	doc.Zone, err = account.LoadTimeZone(out.After.Value("time_zone").Text)
	return doc, err
}

// deleteWorkspace answers DELETE /workspaces/{id}. The workspace is gone with the answer; its
// records are deleted in the background, in short steps.
//
// Errors: escalation_required, invalid_code.
func (s *Server) deleteWorkspace(rq *web.Request) (*render.Response, error) {
	code, err := purge.StepUpCode(rq)
	if err != nil {
		return nil, err
	}
	return rq.Transact(func(tx *store.Tx) (*render.Response, error) {
		doc := deleted("workspace", rq.Actor.WorkspaceID)
		doc.Hints = append(doc.Hints, rq.Choose("the tokens of this workspace have ended; if yours was one of them, sign in again",
			"the tokens of this workspace have ended; if yours was one of them, the client signs the user in again"))
		return doc, s.auth.DeleteWorkspace(tx, code)
	})
}

// mint answers POST /workspaces/{id}/tokens with 201 and a token that acts in that workspace
// only, with the scope full unless the body names a narrower one.
//
// Errors: invalid_value for the scope or the name, plan_limit_reached.
func (s *Server) mint(rq *web.Request) (*render.Response, error) {
	body, fault := rq.TextBody()
	if fault != nil {
		return nil, fault
	}
	return rq.Transact(func(tx *store.Tx) (*render.Response, error) {
		in, err := s.auth.CreateTokenFor(tx, body["token_name"], body["scope"])
		handle := "token/" + in.TokenID
		return &render.Response{Status: http.StatusCreated, Result: store.Created, Line: &render.Item{Head: handle, Fields: append(web.Names(handle), tokenFields(in)...)},
			Hints: []string{rq.Choose(saveTokenHint, saveForOthersHint), aboutMade(rq)}}, err
	})
}

// aboutMade says where a token that was just created acts, and that it ends with the connection that created it.
func aboutMade(rq *web.Request) string {
	text := "the new token acts in this workspace only; your own token does not change"
	if rq.Actor.Origin == crm.OriginOAuth {
		text += "; the new token ends when this connection ends"
	}
	return text
}

// invite answers POST /workspaces/{id}/invites with 201 and the invite, or 200 for an invite that was there, whose
// role may change and whose mail is sent again. The mail is queued after the commit.
//
// Errors: missing_field, invalid_email, invalid_value for the role, already_exists for a member,
// plan_limit_reached, rate_limited, escalation_required and invalid_code for an admin.
func (s *Server) invite(rq *web.Request) (*render.Response, error) {
	body, fault := rq.TextBody()
	if fault != nil {
		return nil, fault
	}
	address, err := auth.ParseAddress(body["email"])
	if err != nil {
		return nil, err
	}
	role, err := role(rq, body)
	if err != nil {
		return nil, err
	}
	code, err := purge.StepUpCode(rq)
	if err != nil {
		return nil, err
	}
	hint := "they get a mail, and are a member after their next sign-in"
	if s.opts.Mail == nil {
		hint = "in local mode no mail is sent: ask them to sign in at this server with that address"
	}
	return rq.Transact(func(tx *store.Tx) (*render.Response, error) {
		out, err := s.auth.Invite(tx, address, role, code)
		if err != nil {
			return nil, err
		}
		doc := saved(out)
		doc.Hints = append(doc.Hints, hint)
		return doc, nil
	})
}

// members answers GET /workspaces/{id}/members, which lists the pending invites too, since they
// use seats of the plan, and GET /workspaces/{id}/invites. current marks the user.
func (s *Server) members(rq *web.Request) (*render.Response, error) {
	doc, err := s.list(rq)
	if err != nil {
		return nil, err
	}
	markCurrent(doc, "member/"+rq.Actor.UserID)
	if rq.Route.Entity.Name == "member" {
		doc.Page.Plural = "members and invites"
	}
	return doc, nil
}

// cancelInvite answers DELETE /workspaces/{id}/invites/{inviteId}. The mail was sent, but the address no longer joins
// when it signs in. The error is not_found, also for an invite that was accepted meanwhile.
func (s *Server) cancelInvite(rq *web.Request) (*render.Response, error) {
	return rq.Transact(func(tx *store.Tx) (*render.Response, error) {
		invite, err := tx.RecordByID(rq.Route.Entity, crm.CutHandle(rq.RecordID))
		if err != nil {
			return nil, err
		}
		return deleted("invite", invite.ID), account.CancelInvite(tx, invite)
	})
}

// setRole answers POST /workspaces/{id}/members/{userId}/role with the member and what changed.
//
// Errors: missing_field and invalid_value for the role, not_found, last_admin, escalation_required and invalid_code.
func (s *Server) setRole(rq *web.Request) (*render.Response, error) {
	body, fault := rq.TextBody()
	if fault != nil {
		return nil, fault
	}
	role, err := role(rq, body)
	if err != nil {
		return nil, err
	}
	code, err := purge.StepUpCode(rq)
	if err != nil {
		return nil, err
	}
	return s.save(rq, func(tx *store.Tx) (store.Outcome, error) {
		member, err := member(rq, tx)
		if err != nil {
			return store.Outcome{}, err
		}
		return s.auth.SetRole(tx, member, role, code)
	})
}

// removeMember answers DELETE /workspaces/{id}/members/{userId}: an admin removes somebody, or
// a member leaves. The tokens of the member for the workspace end in the same transaction.
//
// Errors: not_found, last_admin, escalation_required and invalid_code for another admin.
func (s *Server) removeMember(rq *web.Request) (*render.Response, error) {
	code, err := purge.StepUpCode(rq)
	if err != nil {
		return nil, err
	}
	return rq.Transact(func(tx *store.Tx) (*render.Response, error) {
		member, err := member(rq, tx)
		if err != nil {
			return nil, err
		}
		doc := deleted("member", member.ID)
		doc.Hints = append(doc.Hints, "their tokens for this workspace have ended; the records they created stay")
		return doc, s.auth.Remove(tx, member, code)
	})
}

// member reads the member that the path names. Both lists show pending invites, so an agent may
// send the id of one; the error, not_found, says which call is for it.
func member(rq *web.Request, tx *store.Tx) (crm.Record, error) {
	member, err := tx.RecordByID(rq.Route.Entity, crm.CutHandle(rq.RecordID))
	if err == nil && member.Value("status").Text != account.Active {
		path := "/workspaces/" + rq.Actor.WorkspaceID + "/invites"
		err = crm.Errorf(crm.NotFound, `%s is an invite, not a member yet. To cancel it: DELETE %s/%s; to change its role: POST %s with the same email.`,
			member.Handle(), path, member.ID, path)
	}
	return member, err
}

// role reads the role in a body; without one it is the default of the schema.
func role(rq *web.Request, body map[string]string) (string, error) {
	f := rq.Route.Entity.Field("role")
	if body["role"] == "" {
		return f.Default, nil
	}
	v, err := rq.Env.Normal(f, body["role"])
	if err != nil {
		return "", err
	}
	return v.Text, nil
}

package server

import (
	"strings"
	"time"

	"crmkit/auth"
	"crmkit/crm"
	"crmkit/render"
	"crmkit/store"
)

// workspaces answers GET /workspaces: those the user belongs to.
func (s *Server) workspaces(rq *request) (*render.Doc, error) {
	doc, err := s.list(rq)
	if err != nil {
		return nil, err
	}
	markCurrent(doc, "workspace/"+rq.actor.WorkspaceID)
	return doc, nil
}

// markCurrent marks the line that the token of the request is or acts in.
func markCurrent(doc *render.Doc, handle string) {
	for i := range doc.Items {
		flag := crm.Bool(doc.Items[i].Head == handle)
		doc.Items[i].Fields = append(doc.Items[i].Fields, render.Field{Name: "current", Value: flag})
	}
}

// createWorkspace answers POST /workspaces.
func (s *Server) createWorkspace(rq *request) (*render.Doc, error) {
	d, err := rq.draft(rq.route.Entity)
	if err != nil {
		return nil, err
	}
	var zone *time.Location
	doc, err := s.save(rq, func(tx *store.Tx) (out store.Outcome, err error) {
		if out, err = tx.CreateWorkspace(d); err == nil {
			zone, err = store.Zone(out.After.Value("time_zone").Text)
		}
		return out, err
	})
	if err != nil {
		return nil, err
	}
	doc.Zone = zone
	id := strings.TrimPrefix(doc.Line.Head, "workspace/")
	hint := "your token stays where it is; for one that acts there: POST /workspaces/" + id + `/tokens {"token_name":"<who you are>"}`
	if !rq.actor.Free() {
		hint = "your token stays where it is; for one that acts there sign in: POST /auth/request, then POST /auth/verify with \"workspace_id\":\"" + id + `"`
	}
	doc.Hints = append(doc.Hints, hint)
	return doc, nil
}

// updateWorkspace answers PATCH /workspaces/{id}.
func (s *Server) updateWorkspace(rq *request) (*render.Doc, error) {
	d, err := rq.draft(rq.route.Entity)
	if err != nil {
		return nil, err
	}
	var zone *time.Location
	doc, err := s.save(rq, func(tx *store.Tx) (out store.Outcome, err error) {
		if out, err = s.auth.UpdateWorkspace(tx, d); err == nil {
			zone, err = store.Zone(out.After.Value("time_zone").Text)
		}
		return out, err
	})
	if err == nil {
		doc.Zone = zone
	}
	return doc, err
}

// deleteWorkspace answers DELETE /workspaces/{id}.
func (s *Server) deleteWorkspace(rq *request) (*render.Doc, error) {
	code, err := rq.stepUpCode()
	if err != nil {
		return nil, err
	}
	if err := s.write(rq, func(tx *store.Tx) error { return s.auth.DeleteWorkspace(tx, code) }); err != nil {
		return nil, err
	}
	doc := deleted("workspace", rq.actor.WorkspaceID)
	doc.Hints = append(doc.Hints, "the tokens of this workspace are gone with it; if yours was one, sign in again")
	return doc, nil
}

// stepUpCode returns the mailed code that comes with a request, "" for none.
func (rq *request) stepUpCode() (string, error) {
	param, header := rq.params.Get("code"), rq.Header.Get("X-Escalation-Code")
	if param != "" && header != "" && param != header {
		return "", crm.Errorf(crm.InvalidValue, "?code= and the header X-Escalation-Code hold different codes; send one of them.").On("code")
	}
	if param == "" {
		param = header
	}
	return strings.TrimSpace(param), nil
}

// mint answers POST /workspaces/{id}/tokens.
func (s *Server) mint(rq *request) (*render.Doc, error) {
	body, fault := rq.texts()
	if fault != nil {
		return nil, fault
	}
	var doc *render.Doc
	err := s.write(rq, func(tx *store.Tx) error {
		in, err := s.auth.MintFor(tx, body["token_name"], body["scope"])
		handle := "token/" + in.TokenID
		doc = &render.Doc{Result: store.Created, Line: &render.Line{Head: handle, Fields: append(names(handle), tokenFields(in)...)},
			Hints: []string{saveToken, "it acts in this workspace only; the token you used goes on to act in its own"}}
		return err
	})
	return doc, err
}

// invite answers POST /workspaces/{id}/invites.
func (s *Server) invite(rq *request) (*render.Doc, error) {
	body, fault := rq.texts()
	if fault != nil {
		return nil, fault
	}
	address, err := auth.ParseAddress(body["email"])
	if err != nil {
		return nil, err
	}
	role, err := rq.role(body)
	if err != nil {
		return nil, err
	}
	code, err := rq.stepUpCode()
	if err != nil {
		return nil, err
	}
	doc, err := s.save(rq, func(tx *store.Tx) (store.Outcome, error) { return s.auth.Invite(tx, address, role, code) })
	if err == nil && s.opts.Mail == nil {
		doc.Hints = append(doc.Hints, "in local mode no mail is sent: tell them to sign in here with that address")
	} else if err == nil {
		doc.Hints = append(doc.Hints, "a mail tells them how to join; they are a member when they next sign in")
	}
	return doc, err
}

// members answers GET /workspaces/{id}/members, which shows the invites too, and
// GET /workspaces/{id}/invites.
func (s *Server) members(rq *request) (*render.Doc, error) {
	doc, err := s.list(rq)
	if err != nil {
		return nil, err
	}
	markCurrent(doc, "member/"+rq.actor.UserID)
	if rq.route.Entity.Name == "member" {
		doc.Page.Plural = "members and invites"
	}
	return doc, nil
}

// cancelInvite answers DELETE /workspaces/{id}/invites/{inviteId}.
func (s *Server) cancelInvite(rq *request) (*render.Doc, error) {
	var invite crm.Record
	err := s.write(rq, func(tx *store.Tx) (err error) {
		if invite, err = tx.Named(rq.route.Entity, crm.CutHandle(rq.record)); err != nil {
			return err
		}
		return tx.CancelInvite(invite)
	})
	if err != nil {
		return nil, err
	}
	return deleted("invite", invite.ID), nil
}

// setRole answers POST /workspaces/{id}/members/{userId}/role.
func (s *Server) setRole(rq *request) (*render.Doc, error) {
	body, fault := rq.texts()
	if fault != nil {
		return nil, fault
	}
	role, err := rq.role(body)
	if err != nil {
		return nil, err
	}
	code, err := rq.stepUpCode()
	if err != nil {
		return nil, err
	}
	return s.save(rq, func(tx *store.Tx) (store.Outcome, error) {
		member, err := rq.member(tx)
		if err != nil {
			return store.Outcome{}, err
		}
		return s.auth.SetRole(tx, member, role, code)
	})
}

// removeMember answers DELETE /workspaces/{id}/members/{userId}: an admin removes
// somebody, or a member leaves.
func (s *Server) removeMember(rq *request) (*render.Doc, error) {
	code, err := rq.stepUpCode()
	if err != nil {
		return nil, err
	}
	var member crm.Record
	err = s.write(rq, func(tx *store.Tx) (err error) {
		if member, err = rq.member(tx); err != nil {
			return err
		}
		return s.auth.Remove(tx, member, code)
	})
	if err != nil {
		return nil, err
	}
	doc := deleted("member", member.ID)
	doc.Hints = append(doc.Hints, "their tokens for this workspace are gone; the records they made stay")
	return doc, nil
}

// member reads the member the path names. An invite is none yet.
func (rq *request) member(tx *store.Tx) (crm.Record, error) {
	member, err := tx.Named(rq.route.Entity, crm.CutHandle(rq.record))
	if err == nil && member.Value("status").Text != store.Active {
		path := "/workspaces/" + rq.actor.WorkspaceID + "/invites"
		err = crm.Errorf(crm.NotFound, `%s is an invite, not a member yet. To cancel it: DELETE %s/%s; to change its role: POST %s with the same email.`,
			member.Handle(), path, member.ID, path)
	}
	return member, err
}

// role reads the role in a body, as the schema has it.
func (rq *request) role(body map[string]string) (string, error) {
	f := rq.route.Entity.Field("role")
	if body["role"] == "" {
		return f.Default, nil
	}
	v, err := rq.env.Normal(f, body["role"])
	if err != nil {
		return "", err
	}
	return v.Text, nil
}

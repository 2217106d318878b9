package server

import (
	"strconv"
	"strings"

	"crmkit/auth"
	"crmkit/crm"
	"crmkit/crm/catalog"
	"crmkit/crm/norm"
	"crmkit/render"
	"crmkit/server/listing"
	"crmkit/server/purge"
	"crmkit/server/web"
	"crmkit/store"
	"crmkit/store/account"
)

// authRequest answers POST /auth/request with the address to which a code was sent, in local mode with the code as
// well. The answer is the same for known and unknown addresses, so that nobody learns who has an account.
//
// Errors: missing_field, invalid_email, rate_limited, and not_ready if too many mails wait.
func (s *Server) authRequest(rq *web.Request) (*render.Response, error) {
	body, fault := rq.TextBody()
	if fault != nil {
		return nil, fault
	}
	address, code, err := s.auth.Request(rq.Context(), rq.Addr, body["email"])
	if err != nil {
		return nil, err
	}
	line := &render.Item{Head: "otp_sent", HeadKey: "status", Fields: []render.Field{text("email", address)}}
	verify := `POST /auth/verify {"email":` + string(norm.AppendQuoted(nil, address)) + `,"code":"<the code>","token_name":"<who you are>"}`
	if code == "" {
		hint := "ask the user for the code in that mailbox, then " + verify
		if s.opts.InviteOnly {
			hint += "; addresses without an invite get no mail"
		}
		return &render.Response{Line: line, Hints: []string{hint}}, nil
	}
	local := text("local_code", code)
	local.JSON = true
	line.Fields = append(line.Fields, local)
	return &render.Response{Line: line, Hints: []string{"then " + verify, "local mode: code=" + code}}, nil
}

// deleteAccount answers DELETE /account with the workspaces that were deleted with it, since
// the user was their only member, and those that stay.
//
// Errors: escalation_required, invalid_code, and last_admin if a team would lose its only admin.
func (s *Server) deleteAccount(rq *web.Request) (*render.Response, error) {
	code, err := purge.StepUpCode(rq)
	if err != nil {
		return nil, err
	}
	return rq.Transact(func(tx *store.Tx) (*render.Response, error) {
		left, err := s.auth.DeleteAccount(tx, code)
		if err != nil {
			return nil, err
		}
		doc := deleted("user", rq.Actor.UserID)
		for _, w := range left.Deleted {
			doc.Hints = append(doc.Hints, "deleted workspace/"+w.ID+" "+norm.Quote(w.Name)+" with all its records")
		}
		for _, w := range left.Kept {
			doc.Hints = append(doc.Hints, "left workspace/"+w.ID+" "+norm.Quote(w.Name)+"; the records made there stay")
		}
		doc.Hints = append(doc.Hints, "all your tokens have ended; signing in with this address creates a new account")
		return doc, nil
	})
}

// text returns a field of an answer that is a text, unset if the text is empty.
func text(name, value string) render.Field {
	return render.Field{Name: name, Value: crm.Str(value)}
}

// authVerify answers POST /auth/verify with a token and the workspaces of its user. It signs
// up an address that is new.
//
// Errors: missing_field, invalid_email, invalid_code, invalid_value for the scope or the name,
// not_a_member for the workspace, rate_limited, and signup_closed on a server by invite only.
func (s *Server) authVerify(rq *web.Request) (*render.Response, error) {
	body, fault := rq.TextBody()
	if fault != nil {
		return nil, fault
	}
	in, err := s.auth.Verify(rq.Context(), rq.Addr, auth.Credentials{Email: body["email"], Code: body["code"],
		TokenName: body["token_name"], Scope: body["scope"], WorkspaceID: body["workspace_id"]})
	if err != nil {
		return nil, err
	}
	return signedIn(in), nil
}

// signedIn is the answer to a sign-in: the token, and the workspaces of the user.
func signedIn(in auth.SignedIn) *render.Response {
	doc := &render.Response{
		Line:  &render.Item{Head: "authenticated", HeadKey: "status", Fields: tokenFields(in)},
		Name:  "workspaces",
		Hints: []string{saveTokenHint, "GET /help is the manual; GET /reminders shows what is due"},
	}
	if len(in.Workspaces) > 1 {
		doc.Hints = append(doc.Hints, "the token acts in "+norm.Quote(in.Workspace.Name)+" only"+elsewhere(in))
	}
	for _, w := range in.Workspaces {
		handle := "workspace/" + w.ID
		doc.Items = append(doc.Items, render.Item{Head: handle, Fields: append(web.Names(handle),
			text("name", w.Name), text("role", w.Role), render.Field{Name: "current", Value: crm.Bool(w.ID == in.Workspace.ID)})})
	}
	return doc
}

// saveTokenHint follows a token that its caller will use. The server stores only a hash of it.
const saveTokenHint = "save the token now, it is not shown again; send it as Authorization: Bearer <token>"

// saveForOthersHint follows a token that a tool created: the connection cannot send it.
const saveForOthersHint = "save the token now, it is not shown again. This connection cannot use it; a program sends it as Authorization: Bearer <token>"

// tokenFields returns the fields of a token that was just created. Only the first holds the
// secret, and it is marked as one, so that no answer with it is stored for replays.
func tokenFields(in auth.SignedIn) []render.Field {
	secret := text("token", in.Token)
	secret.Secret = true
	return []render.Field{secret, text("token_id", in.TokenID), text("token_name", in.TokenName),
		text("scope", in.Scope), text("workspace_id", in.Workspace.ID)}
}

// elsewhere says how to get a token for another workspace of the user: with this one, if it
// may create tokens, else by signing in again.
func elsewhere(in auth.SignedIn) string {
	for _, w := range in.Workspaces {
		if w.ID != in.Workspace.ID && in.Scope == crm.ScopeFull {
			return "; for one that acts in " + norm.Quote(w.Name) + ": POST /workspaces/" + w.ID + "/tokens"
		}
	}
	return `; for another sign in with "workspace_id"`
}

// whoami answers GET /whoami with the user, the workspace, the token and the role, and a line for each resource that
// the plan limits. It needs nothing but a token, so it is the first call of many agents.
func (s *Server) whoami(rq *web.Request) (*render.Response, error) {
	// The plan may have changed since the session of the token was read.
	w, err := account.FindWorkspace(rq.Context(), s.store, rq.Actor.User, rq.Actor.WorkspaceID)
	if err != nil {
		return nil, err
	}
	a := w.In(rq.Actor)
	usage, err := s.store.Usage(rq.Context(), a)
	if err != nil {
		return nil, err
	}
	doc := &render.Response{
		Line: &render.Item{Head: "member/" + a.UserID, Fields: append(web.Names("member/"+a.UserID),
			text("email", norm.ShowEmail(a.Email)), text("workspace_id", a.WorkspaceID), text("workspace.name", a.WorkspaceName),
			text("time_zone", a.TimeZone), text("country", a.Country), text("token_id", a.TokenID), text("token_name", a.TokenName),
			text("scope", a.Scope), text("role", a.Role), text("plan", a.Plan))},
		Name: "usage",
	}
	for _, u := range usage {
		limit := crm.Value{}
		if u.Limit != catalog.Unlimited {
			limit = crm.Number(u.Limit)
		}
		doc.Items = append(doc.Items, render.Item{Head: u.Resource, HeadKey: "resource", Progress: true, Fields: []render.Field{
			{Name: "used", Value: crm.Number(u.Used)}, {Name: "limit", Value: limit}}})
	}
	return doc, nil
}

// tokens answers GET /tokens with the tokens of the user in all workspaces that are valid, without their secrets. One
// that was unused for store.IdleLimit is invalid, although its row is deleted later; a filter leaves it out.
func (s *Server) tokens(rq *web.Request) (*render.Response, error) {
	days := strconv.Itoa(int(store.IdleLimit.Hours() / 24))
	rq.RawParams = rq.Params
	rq.Params = listing.WithParam(rq.Params, "last_used_at", "gt:-"+days+"d")
	doc, err := s.list(rq)
	if err != nil {
		return nil, err
	}
	markCurrent(doc, "token/"+rq.Actor.TokenID)
	return doc, nil
}

// revoke answers DELETE /tokens/{id}. The token is refused at once, in other requests that are under way as well. The
// answer names the tokens that this one created: they still work, and if the token was stolen, the thief may have
// created them. The error is not_found for a token of another user, as for one that does not exist.
func (s *Server) revoke(rq *web.Request) (*render.Response, error) {
	return rq.Transact(func(tx *store.Tx) (*render.Response, error) {
		left, err := s.auth.Revoke(tx, rq.RecordID)
		doc := deleted("token", crm.CutHandle(rq.RecordID))
		sure, unsure := named(left)
		if n := len(sure); n > 0 {
			doc.Remarks = append(doc.Remarks, countOf(n, "token that it created still works", "tokens that it created still work")+": "+strings.Join(sure, ", ")+"; to end one: DELETE /tokens/{id}")
		}
		if n := len(unsure); n > 0 {
			doc.Remarks = append(doc.Remarks, countOf(n, "token is older than the log, so the revoked token may have created it", "tokens are older than the log, so the revoked token may have created them")+": "+strings.Join(unsure, ", "))
		}
		return doc, err
	})
}

// countOf returns a number with the noun for it.
func countOf(n int, one, many string) string {
	if n == 1 {
		many = one
	}
	return strconv.Itoa(n) + " " + many
}

// named returns tokens by their handles and names: those that the token certainly created,
// and those that it may have created before the log begins.
func named(list []account.MadeToken) (sure, unsure []string) {
	for _, m := range list {
		words := "token/" + m.ID + " name=" + norm.Quote(m.Name) + " workspace_id=" + m.WorkspaceID
		if m.Sure {
			sure = append(sure, words)
		} else {
			unsure = append(unsure, words)
		}
	}
	return sure, unsure
}

// healthz answers GET /healthz: the process serves. It reads nothing, since a supervisor that
// restarts the process when the disk is slow would make things worse; see readyz.
func (s *Server) healthz(*web.Request) (*render.Response, error) { return status("ok"), nil }

// status returns an answer of one word.
func status(word string) *render.Response {
	return &render.Response{Line: &render.Item{Head: word, HeadKey: "status"}}
}

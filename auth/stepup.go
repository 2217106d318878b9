package auth

import (
	"crmkit/crm"
	"crmkit/crm/norm"
	"crmkit/store"
	"crmkit/store/account"
)

// SensitiveAction is an action that a user must confirm with a mailed code, because the
// token alone could be in the wrong hands.
type SensitiveAction struct {
	Action string // like member.promote
	Target string // the handle or address that the action is on
	Does   string // the words after "wants to", up to the name of the workspace
	Also   string // the words after that name
}

// words returns the action as a phrase about the workspace.
func (s SensitiveAction) words(workspace string) string {
	return s.Does + " the workspace " + workspace + s.Also
}

// stepUpKind is the kind under which all step-up codes of an address are counted.
const stepUpKind = "step-up"

// StepUp allows a sensitive action if the code is the one that was mailed to this user for
// this action on this target. Without a code it mails one and returns
// escalation_required. The caller checks everything else that could refuse the action
// first, so that nobody gets a code for nothing.
func (a *Auth) StepUp(tx *store.Tx, what SensitiveAction, code string) error {
	purpose := stepUpKind + " " + what.Action + " " + tx.Actor.WorkspaceID + " " + what.Target
	q := codeRequest{purpose: purpose, kind: stepUpKind, address: tx.Actor.Email}
	if code != "" {
		return a.try(tx, codeAttempt{codeRequest: q, input: code,
			retryHint: "repeat the request without a code to get a new one",
			note:      func() error { return tx.Log("step_up.fail", what.Target, "action", what.Action) }})
	}
	if err := a.checkQueue(tx.Actor); err != nil {
		return err
	}
	fresh, err := a.issue(tx, q)
	if err != nil {
		return err
	}
	words := what.words(norm.Quote(tx.Actor.WorkspaceName))
	waiting := crm.Errorf(crm.EscalationRequired, "this would %s. A code was mailed to %s: ask the user for it, then repeat the same request with ?code=<code> (or the header X-Escalation-Code) within %d minutes.",
		words, norm.ShowEmail(tx.Actor.Email), int(account.CodeLife.Minutes()))
	m := a.stepUpMail(tx.Actor, what)
	m.Code = fresh.text
	waiting.LocalCode = a.send(tx, m)
	waiting = waiting.ForTools("this would %s. A code was mailed to %s: ask the user for it, then repeat the same call with ?code=<code> after the path, within %d minutes.",
		words, norm.ShowEmail(tx.Actor.Email), int(account.CodeLife.Minutes()))
	if waiting.LocalCode != "" {
		ask, below := "this would "+words+". Ask the user; if the answer is yes, repeat the same ", " In local mode no mail is sent: the code is below."
		waiting.Hint = ask + "request with ?code=<code> (or the header X-Escalation-Code)." + below
		waiting.Tools = ask + "call with ?code=<code> after the path." + below
	}
	return tx.CommitWithError(waiting)
}

package auth

import (
	"crmkit/crm"
	"crmkit/crm/norm"
	"crmkit/store"
)

// SensitiveAction is an action that a user must confirm with a mailed code, since the
// token alone could be in the wrong hands.
type SensitiveAction struct {
	Action string // like member.promote
	Target string // what it is done to, a handle or an address
	Does   string // the action up to the name of the workspace, as "… wants to" goes on
	Also   string // and behind the name
}

// words returns the action in words, the workspace named as given.
func (s SensitiveAction) words(workspace string) string {
	return s.Does + " the workspace " + workspace + s.Also
}

// stepUpKind counts all step-up codes of an address together.
const stepUpKind = "step-up"

// StepUp lets a sensitive action through when the code is the one mailed for it:
// to this user, for this action on this target. Without a code it mails one and
// returns escalation_required. Everything else that could refuse the action
// should be checked before.
func (a *Auth) StepUp(tx *store.Tx, what SensitiveAction, code string) error {
	purpose := stepUpKind + " " + what.Action + " " + tx.Actor.WorkspaceID + " " + what.Target
	q := codeRequest{purpose: purpose, kind: stepUpKind, address: tx.Actor.Email}
	if code != "" {
		return a.try(tx, codeAttempt{codeRequest: q, input: code,
			retryHint: "repeat the request without a code to get a new one",
			note:      func() error { return tx.Log("step_up.fail", what.Target, "action", what.Action) }})
	}
	if err := a.postFor(tx.Actor); err != nil {
		return err
	}
	fresh, err := a.issue(tx, q)
	if err != nil {
		return err
	}
	words := what.words(norm.Quote(tx.Actor.WorkspaceName))
	waiting := crm.Errorf(crm.EscalationRequired, "this would %s. A code was mailed to %s: ask the user for it, then repeat the same request with ?code=<code> (or the header X-Escalation-Code) within %d minutes.",
		words, tx.Actor.Email, int(store.CodeLife.Minutes()))
	letter := a.stepUpMail(tx.Actor, what)
	letter.Code = fresh.text
	waiting.LocalCode = a.post(tx, letter)
	waiting = waiting.ForTools("this would %s. A code was mailed to %s: ask the user for it, then repeat the same call with ?code=<code> behind the path, within %d minutes.",
		words, tx.Actor.Email, int(store.CodeLife.Minutes()))
	if waiting.LocalCode != "" {
		ask, below := "this would "+words+". Ask the user; on yes repeat the same ", " In local mode no mail is sent: the code is below."
		waiting.Hint = ask + "request with ?code=<code> (or the header X-Escalation-Code)." + below
		waiting.Tools = ask + "call with ?code=<code> behind the path." + below
	}
	return tx.CommitWithError(waiting)
}

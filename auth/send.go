package auth

import (
	"time"

	"crmkit/crm"
	"crmkit/mail"
	"crmkit/store"
	"crmkit/store/account"
)

// queueFullWait is the Retry-After of requests while the queue of mails is full.
const queueFullWait = 30 * time.Second

func queueFullError() error {
	err := crm.Errorf(crm.NotReady, "the queue of mails is full. Nothing was done; try again in %s.", queueFullWait)
	err.RetryAfter = queueFullWait
	return err
}

// Reserve reserves a place in the queue for a code that a client requests. The caller must do
// this before it reads anything about the address, so that the error of a full queue does not
// depend on it, and must release the place. Without a mail server the place is nil.
func (a *Auth) Reserve(client string) (*mail.Place, error) {
	if a.opts.Mail == nil {
		return nil, nil
	}
	place, found := a.opts.Mail.Reserve(Network(client))
	if !found {
		return nil, queueFullError()
	}
	return place, nil
}

// newCodeRequest returns the request for a code of the purpose.
func (a *Auth) newCodeRequest(tx *store.Tx, purpose, kind, address string) (q codeRequest, err error) {
	q = codeRequest{purpose: purpose, kind: kind, address: address}
	q.known, err = isKnown(tx, address)
	return q, err
}

// signInRequest returns the request for a sign-in code of the API, which belongs to the
// actor's network.
func (a *Auth) signInRequest(tx *store.Tx, address string) (q codeRequest, err error) {
	q, err = a.newCodeRequest(tx, purposeSignIn, purposeSignIn, address)
	q.network = Network(tx.Actor.Addr)
	return q, err
}

// mailCode mails a sign-in code after the transaction is committed. Without a mail server
// it returns the code, for the answer. If the address may not sign in, the mail is marked
// Withheld: it takes the same way through the queue, so that timing tells nothing about
// the address, and is not handed to the mail server.
func (a *Auth) mailCode(tx *store.Tx, place *mail.Place, q codeRequest, m mail.Message) (code string, err error) {
	if place == nil {
		return m.Code, nil
	}
	allowed, err := a.maySignIn(tx, q.address)
	if err != nil {
		return "", err
	}
	m.Withheld, m.Urgency = !allowed, mail.Code
	if q.known {
		m.Urgency = mail.KnownCode
	}
	tx.After(func() { place.Send(m) })
	return "", nil
}

// maySignIn reports whether the address may sign in on this server.
func (a *Auth) maySignIn(tx *store.Tx, address string) (bool, error) {
	if !a.opts.InviteOnly {
		return true, nil
	}
	return account.IsKnownOrInvited(tx, address)
}

// checkQueue returns a not_ready error if the queue has no room for a mail that the
// actor causes.
func (a *Auth) checkQueue(actor crm.Actor) error {
	if a.opts.Mail != nil && !a.opts.Mail.Room(queueShare(actor)) {
		return queueFullError()
	}
	return nil
}

// queueShare is the share of the queue that mails caused by a user take.
func queueShare(actor crm.Actor) string { return "user " + actor.UserID }

// send mails a message that the actor causes after the transaction is committed. Without
// a mail server it returns the code of the message, for the answer.
func (a *Auth) send(tx *store.Tx, m mail.Message) string {
	if a.opts.Mail == nil {
		return m.Code
	}
	m.Share = queueShare(tx.Actor)
	tx.After(func() { a.opts.Mail.Send(m) })
	return ""
}

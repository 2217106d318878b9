package auth

import (
	"time"

	"crmkit/crm"
	"crmkit/mail"
	"crmkit/store"
)

// noRoomFor is how long to wait when the queue of mails is full.
const noRoomFor = 30 * time.Second

func noRoom() error {
	err := crm.Errorf(crm.NotReady, "so many mails wait to be sent that another would come too late. Nothing was done; try again in %s.", noRoomFor)
	err.RetryAfter = noRoomFor
	return err
}

// Reserve takes a place in the queue for a code that somebody at a network asks for,
// before anything is looked up: without room all hear the same. Without a mail
// server there is no place to take, and nil is returned.
func (a *Auth) Reserve(client string) (*mail.Place, error) {
	if a.opts.Mail == nil {
		return nil, nil
	}
	place, found := a.opts.Mail.Reserve(Network(client))
	if !found {
		return nil, noRoom()
	}
	return place, nil
}

// ask begins a question for a code.
func (a *Auth) ask(tx *store.Tx, purpose, kind, address string) (q codeRequest, err error) {
	q = codeRequest{purpose: purpose, kind: kind, address: address}
	q.known, err = isKnown(tx, address)
	return q, err
}

// askHere begins a question for a code of the API, which belongs to the actor's network.
func (a *Auth) askHere(tx *store.Tx, address string) (q codeRequest, err error) {
	q, err = a.ask(tx, purposeSignIn, purposeSignIn, address)
	q.network = Network(tx.Actor.Addr)
	return q, err
}

// mailCode mails a letter with a sign-in code once the transaction is on disk.
// Without a mail server it returns the code, for the answer. To who may not come in
// anyway the letter is not sent, and goes all the way to the mail server's door.
func (a *Auth) mailCode(tx *store.Tx, place *mail.Place, q codeRequest, letter mail.Message) (shown string, err error) {
	if place == nil {
		return letter.Code, nil
	}
	expected, err := a.expects(tx, q.address)
	if err != nil {
		return "", err
	}
	letter.Withheld, letter.Urgency = !expected, mail.Code
	if q.known {
		letter.Urgency = mail.KnownCode
	}
	tx.After(func() { place.Send(letter) })
	return "", nil
}

// expects reports whether somebody with the address may come in.
func (a *Auth) expects(tx *store.Tx, address string) (bool, error) {
	if !a.opts.InviteOnly {
		return true, nil
	}
	return tx.IsKnownOrInvited(address)
}

// postFor reports with a not_ready error that the queue has no room for a mail that
// a user causes.
func (a *Auth) postFor(actor crm.Actor) error {
	if a.opts.Mail != nil && !a.opts.Mail.Room(mailShare(actor)) {
		return noRoom()
	}
	return nil
}

func mailShare(actor crm.Actor) string { return "user " + actor.UserID }

// post mails a letter that a user causes once the transaction is on disk. Without a
// mail server it returns the letter's code, for the answer.
func (a *Auth) post(tx *store.Tx, letter mail.Message) string {
	if a.opts.Mail == nil {
		return letter.Code
	}
	letter.Share = mailShare(tx.Actor)
	tx.After(func() { a.opts.Mail.Send(letter) })
	return ""
}

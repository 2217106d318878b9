package auth

import (
	"crmkit/mail"
	"crmkit/store"
	"crmkit/store/account"
)

const pageMailsPerAddress = 200 // a day, over all sign-ins and networks

// PageCode is a code for one sign-in on the page. It works only for that sign-in, and not at
// POST /auth/verify: a code that a stranger requested on another page signs nobody in where the
// owner of the address types it.
type PageCode struct {
	SignIn      string // hash of the sign-in's secret
	Address     string
	ClientName  string // for the mail: the program that requests access
	Destination string // for the mail: where its redirect URI leads
}

// pageRequest returns the request for the code. Requests on pages are counted for each network
// separately, so that they do not use up the requests of the owner of the address.
func (a *Auth) pageRequest(tx *store.Tx, p PageCode) (codeRequest, error) {
	return a.newCodeRequest(tx, "page "+p.SignIn, "page "+Network(tx.Actor.Addr), p.Address)
}

// MailPageCode issues a code and mails it when the transaction is committed. Without a
// mail server it returns the code for the page to show.
func (a *Auth) MailPageCode(tx *store.Tx, place *mail.Place, p PageCode) (code IssuedPageCode, err error) {
	q, err := a.pageRequest(tx, p)
	if err != nil {
		return code, err
	}
	if err := CheckLimits(tx, q.pageMails(tx)); err != nil {
		return code, err
	}
	fresh, err := a.issue(tx, q)
	if err != nil {
		return code, err
	}
	code.Long = !isShortCode(fresh.text)
	m := a.pageMail(tx.Actor.Addr, p)
	m.Code = fresh.text
	code.Local, err = a.mailCode(tx, place, q, m)
	return code, err
}

// IssuedPageCode is the part of a code that the page shows.
type IssuedPageCode struct {
	Long  bool   // letters and digits; else six digits
	Local string // the code, where no mail is sent
}

// pageMails is the limit on mails that pages send to an address.
func (q codeRequest) pageMails(tx *store.Tx) Limit {
	of := mailbox(q.address)
	if q.known {
		of = addressOnNetwork(tx, q.address)
	}
	return Limit{"page mail " + of, pageMailsPerAddress, day, "too many codes were mailed to that address today; try again"}
}

// TryPageCode uses up the code of a sign-in when it is right. Its errors are those of
// Verify.
func (a *Auth) TryPageCode(tx *store.Tx, p PageCode, input string) error {
	q, err := a.pageRequest(tx, p)
	if err != nil {
		return err
	}
	err = a.try(tx, codeAttempt{codeRequest: q, input: input,
		retryHint: "send a new one", note: func() error { return account.LogFailure(tx, p.Address) }})
	if err != nil {
		return err
	}
	return a.checkSignup(tx, p.Address)
}

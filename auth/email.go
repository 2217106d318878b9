package auth

import (
	"fmt"
	"regexp"
	"strings"
	"time"
	"unicode"

	"crmkit/crm"
	"crmkit/crm/norm"
	"crmkit/mail"
	"crmkit/store/account"
)

// signInMail is the mail with a sign-in code of the API.
func (a *Auth) signInMail(address, client string, life time.Duration) mail.Message {
	return mail.Message{To: address, Subject: "Your crmkit sign-in code", Paragraphs: []string{
		"Somebody asked to sign in to crmkit with your e-mail address. This is the code:",
		fmt.Sprintf("It works once, for %d minutes. Give it only to the agent that asks you for it because you told it to sign in.", int(life.Minutes())),
		a.requestOrigin(client) + " If that was not you, do nothing: nobody gets in without the code.",
	}}
}

// pageMail is the mail with a code for the sign-in page.
func (a *Auth) pageMail(client string, p PageCode) mail.Message {
	return mail.Message{To: p.Address, Subject: "Your crmkit sign-in code", Paragraphs: []string{
		fmt.Sprintf("An application that calls itself %s asks for access to crmkit as you. This is the code for its sign-in page:", quoteName(p.ClientName)),
		fmt.Sprintf("It works once, for %d minutes, on the page where you asked for it. Type it nowhere else, and give it to nobody.", int(account.CodeLife.Minutes())),
		"What you allow goes to " + breakLinks(p.Destination) + ". " + a.requestOrigin(client) + " If that was not you, do nothing: nobody gets in without the code.",
	}}
}

// stepUpMail is the mail with a code that confirms an action.
func (a *Auth) stepUpMail(actor crm.Actor, what SensitiveAction) mail.Message {
	what.Does = withoutLinks(what.Does)
	return mail.Message{To: actor.Email, Subject: "Your crmkit confirmation code", Paragraphs: []string{
		fmt.Sprintf("The agent %s, signed in as you, wants to %s. To allow that, give it this code:", quoteName(actor.TokenName), what.words(quoteName(actor.WorkspaceName))),
		fmt.Sprintf("It works once, for %d minutes, and for nothing else.", int(account.CodeLife.Minutes())),
		a.requestOrigin(actor.Addr) + fmt.Sprintf(" If you want none of this, keep the code to yourself, and end the agent's access: have its token %s revoked.", actor.TokenID),
	}}
}

// inviteMail is the mail to an address that was invited.
func (a *Auth) inviteMail(actor crm.Actor, address, role string) mail.Message {
	return mail.Message{To: address, Subject: "An invitation to a crmkit workspace", Paragraphs: []string{
		fmt.Sprintf("%s invites you to the workspace %s in crmkit, with the role %s. crmkit is a CRM that AI agents operate for you.", withoutLinks(norm.ShowEmail(actor.Email)), quoteName(actor.WorkspaceName), role),
		fmt.Sprintf("To join, tell your agent: “Open %s, read it, and sign me in as %s.” You are a member from then on.", a.opts.BaseURL, address),
		a.requestOrigin(actor.Addr) + " If you do not know who sent this, ignore it: nothing happens unless you sign in.",
	}}
}

// requestOrigin is the sentence that says where a request came from and which server it
// reached.
func (a *Auth) requestOrigin(client string) string {
	if client == "" {
		client = "unknown"
	}
	return fmt.Sprintf("The request came from the network address %s at %s UTC, to the server %s.",
		client, a.store.Now().UTC().Format("2006-01-02 15:04"), a.opts.BaseURL)
}

// plainLocalPart matches the part before the @ of addresses that mail programs show as
// addresses. Other addresses could look like a web page:
// www.example.com/login?x@example.org.
var plainLocalPart = regexp.MustCompile(`^[A-Za-z0-9_+-]+([.][A-Za-z0-9_+-]+)*$`)

// withoutLinks quotes the addresses in a text that mail programs could take for a link.
func withoutLinks(text string) string {
	list := strings.Split(text, " ")
	for i, word := range list {
		local, host, isAddress := strings.Cut(word, "@")
		if isAddress && (!plainLocalPart.MatchString(local) || strings.HasPrefix(strings.ToLower(local), "www.")) {
			list[i] = quoteName(local) + " at " + quoteName(host)
		}
	}
	return strings.Join(list, " ")
}

// maxQuoted is the maximum length of a name in a mail, in characters.
const maxQuoted = 60

// quoteName quotes a name that somebody else chose. It is shown on one line and otherwise
// unchanged. It cannot end the quotation, and mail programs do not make a link of it, because
// invisible characters interrupt what they would recognise.
func quoteName(name string) string {
	clean := strings.Map(func(r rune) rune {
		switch {
		case unicode.Is(unicode.Quotation_Mark, r) && r != '\'':
			return '\''
		case norm.IsInvisible(r) || unicode.IsSpace(r):
			return ' '
		}
		return r
	}, strings.ToValidUTF8(name, " "))
	runes := []rune(strings.Join(strings.Fields(clean), " "))
	if len(runes) > maxQuoted {
		runes = append(runes[:maxQuoted], '…')
	}
	return "“" + breakLinks(string(runes)) + "”"
}

// wordJoiner (U+2060) is invisible and interrupts a text that could be recognised as a link.
const wordJoiner = "\u2060"

// linkSigns are the characters of which a link has at least one.
const linkSigns = ".:/@\\%?#。．｡․：／＠"

// breakLinks puts a word joiner on both sides of each of these characters.
func breakLinks(text string) string {
	var b strings.Builder
	for _, r := range text {
		if strings.ContainsRune(linkSigns, r) {
			b.WriteString(wordJoiner + string(r) + wordJoiner)
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}

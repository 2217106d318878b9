package auth

import (
	"fmt"
	"net/netip"
	"strings"
	"time"

	"crmkit/crm"
	"crmkit/store"
)

// Limit is how many events of a name there may be in a window.
type Limit struct {
	Name   string
	Most   int64
	Window time.Duration
	Hint   string // of the error when there were more; ends in "try again"
}

// CheckLimits counts one event under each limit. Where one is used up it returns
// rate_limited with its hint and the time to wait, and what was counted stays.
func CheckLimits(tx *store.Tx, limits ...Limit) error {
	for _, l := range limits {
		wait, err := tx.TakeQuota(l.Name, l.Most, l.Window)
		if err != nil {
			return err
		}
		if wait > 0 {
			return tx.CommitWithError(rateLimitError(l.Hint, wait))
		}
	}
	return nil
}

// rateLimitError is the error for too much of something. The hint ends in "try again",
// and the time to wait goes on from there.
func rateLimitError(hint string, wait time.Duration) error {
	err := crm.Errorf(crm.RateLimited, "%s in %s.", hint, (wait + time.Second - 1).Truncate(time.Second))
	err.RetryAfter = wait
	return err
}

// sendLimits are the names under which asking for codes of a kind is counted. All tagged addresses
// of a mailbox are counted together, apart from the address without a tag: a code for
// ann+x@example.com does not sign ann@example.com in, so asking for it takes nothing from her.
func sendLimits(kind, address string) (window, daily, slow string) {
	name := "ask " + kind + " " + mailbox(address)
	if address != mailbox(address) {
		name += " tags"
	}
	return name, name + " day", name + " slow"
}

// networkSendLimits is the name under which asks of newcomers in a network are counted.
func networkSendLimits(network string) string { return "ask " + network }

func guessLimits(address string) string { return "guess " + mailbox(address) }

func attemptLimits(of string) string { return "try " + of }

// mailbox returns what an address is counted as: ann+crm@example.com leads to where
// ann@example.com does, at most providers, and there is no end of such.
func mailbox(address string) string {
	local, host, _ := strings.Cut(address, "@")
	if base, _, tagged := strings.Cut(local, "+"); tagged && base != "" {
		return base + "@" + host
	}
	return address
}

// Many people may share a network: an office, or the servers of a chat client. Where
// an address signed in from a network before, the two are a known pair, and what is
// asked for and tried under it is counted by itself. All others of the network share
// its limits.

// knownFor is how long a pair stays known after a sign-in.
const knownFor = 90 * day

// addressOnNetwork names an address and a network, in full.
func addressOnNetwork(tx *store.Tx, address string) string {
	return address + " " + Network(tx.Actor.Addr)
}

// isKnown reports whether the address signed in from the actor's network.
func isKnown(tx *store.Tx, address string) (bool, error) {
	wait, err := tx.QuotaWait("known "+addressOnNetwork(tx, address), 1)
	return wait > 0, err
}

// countedAs returns the kind under which an ask is counted.
func (q codeRequest) countedAs(tx *store.Tx) string {
	if q.known {
		return q.kind + " known " + Network(tx.Actor.Addr)
	}
	return q.kind
}

// proved forgives the asks of a kind after a right code, and keeps the pair as known
// when somebody signed in with it.
func (a *Auth) proved(tx *store.Tx, q codeRequest) error {
	window, daily, slow := sendLimits(q.countedAs(tx), q.address)
	if err := tx.Reset(window, daily, slow); err != nil || q.kind == stepUpKind {
		return err
	}
	if !q.known {
		if err := tx.Refund(networkSendLimits(Network(tx.Actor.Addr))); err != nil {
			return err
		}
	}
	return tx.Mark("known "+addressOnNetwork(tx, q.address), knownFor)
}

// tries returns the limit on tries of the attempt. Long codes cannot be guessed: a
// network that guessed too much may still use those.
func (t codeAttempt) tries(tx *store.Tx, short bool) Limit {
	l := Limit{attemptLimits(Network(tx.Actor.Addr)), triesPerClient, limitWindow, "too many codes were tried from your network. Do not wait, " + t.retryHint + ": it is longer, and is taken at once; with six digits try again"}
	switch {
	case t.kind == stepUpKind:
		l.Name, l.Hint = attemptLimits(tx.Actor.UserID), "too many codes were tried for you; try again"
	case t.known:
		l.Name, l.Hint = attemptLimits(addressOnNetwork(tx, t.address)), "too many codes were tried for this address; try again"
	case !short:
		l.Name, l.Most, l.Hint = attemptLimits("long "+l.Name), longTriesPerClient, "too many codes were tried from your network; try again"
	}
	return l
}

// Network returns what client addresses are counted by: an IPv4 address, or an
// IPv6 /64, since one host has all of that.
func Network(client string) string {
	addr, err := netip.ParseAddr(client)
	if err != nil {
		return "client " + client
	}
	if addr = addr.Unmap(); addr.Is6() {
		prefix, _ := addr.WithZone("").Prefix(64)
		return fmt.Sprint("client ", prefix)
	}
	return fmt.Sprint("client ", addr)
}

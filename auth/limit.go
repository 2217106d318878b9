package auth

import (
	"fmt"
	"net/netip"
	"strings"
	"time"

	"crmkit/crm"
	"crmkit/store"
	"crmkit/store/account"
)

// Limit is how many events of a name there may be in a window.
type Limit struct {
	Name   string // of the counter, which all limits with this name share
	Most   int64
	Window time.Duration
	Hint   string // of the error when there were more; ends in "try again"
}

// CheckLimits counts one event under each limit. If one is used up it returns
// rate_limited with the hint of that limit and the time to wait; the events that were counted
// before it are committed.
func CheckLimits(tx *store.Tx, limits ...Limit) error {
	for _, l := range limits {
		wait, err := account.TakeQuota(tx, l.Name, l.Most, l.Window)
		if err != nil {
			return err
		}
		if wait > 0 {
			return tx.CommitWithError(rateLimitError(l.Hint, wait))
		}
	}
	return nil
}

// rateLimitError appends the time to wait to a hint that ends in "try again".
func rateLimitError(hint string, wait time.Duration) error {
	err := crm.Errorf(crm.RateLimited, "%s in %s.", hint, (wait + time.Second - 1).Truncate(time.Second))
	err.RetryAfter = wait
	return err
}

// sendLimits returns the counters of requests for codes of a kind. The tagged addresses of
// a mailbox are counted together, and apart from the address without a tag: a code for
// ann+x@example.com does not sign ann@example.com in, so a request for it must not use up
// hers.
func sendLimits(kind, address string) (window, daily, slow string) {
	name := "ask " + kind + " " + mailbox(address)
	if address != mailbox(address) {
		name += " tags"
	}
	return name, name + " day", name + " slow"
}

// networkSendLimits is the counter of requests from newcomers in a network.
func networkSendLimits(network string) string { return "ask " + network }

// guessLimits is the counter of wrong six digits of an address.
func guessLimits(address string) string { return "guess " + mailbox(address) }

// attemptLimits is the counter of tries by a network, user or pair.
func attemptLimits(of string) string { return "try " + of }

// mailbox returns the address without its tag. Most providers deliver ann+crm@example.com
// to ann@example.com, and the owner can make up any number of tags.
func mailbox(address string) string {
	local, host, _ := strings.Cut(address, "@")
	if base, _, tagged := strings.Cut(local, "+"); tagged && base != "" {
		return base + "@" + host
	}
	return address
}

// Many people may share a network: an office, or the servers of a chat client. An
// address that signed in from a network before is a known pair with it, and its requests
// and tries have counters of their own. All other addresses in the network share its
// counters.

// knownFor is how long a pair stays known after a sign-in.
const knownFor = 90 * day

// addressOnNetwork names the pair of an address and the actor's network.
func addressOnNetwork(tx *store.Tx, address string) string {
	return address + " " + Network(tx.Actor.Addr)
}

// isKnown reports whether the address signed in from the actor's network.
func isKnown(tx *store.Tx, address string) (bool, error) {
	wait, err := account.QuotaWait(tx, "known "+addressOnNetwork(tx, address), 1)
	return wait > 0, err
}

// countedAs returns the kind under which a request is counted.
func (q codeRequest) countedAs(tx *store.Tx) string {
	if q.known {
		return q.kind + " known " + Network(tx.Actor.Addr)
	}
	return q.kind
}

// recordSuccess resets the counters of requests after a right code, and marks the pair as known
// when the code was for a sign-in.
func (a *Auth) recordSuccess(tx *store.Tx, q codeRequest) error {
	window, daily, slow := sendLimits(q.countedAs(tx), q.address)
	if err := account.ResetQuota(tx, window, daily, slow); err != nil || q.kind == stepUpKind {
		return err
	}
	if !q.known {
		if err := account.RefundQuota(tx, networkSendLimits(Network(tx.Actor.Addr))); err != nil {
			return err
		}
	}
	return account.MarkQuota(tx, "known "+addressOnNetwork(tx, q.address), knownFor)
}

// Network returns the name under which a client address is counted: the IPv4 address, or the
// /64 of an IPv6 address, since one machine usually has all of it.
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

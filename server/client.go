package server

import (
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// proxies are the networks whose X-Forwarded-For is believed. None are by default.
type proxies []netip.Prefix

// parseProxies reads addresses and networks in CIDR notation (RFC 4632 section
// 3.1, RFC 4291 section 2.3) with commas between. IPv4-mapped IPv6 becomes IPv4,
// and a blank list is none. The error names the entry at fault.
func parseProxies(list string) (proxies, error) {
	if strings.TrimSpace(list) == "" {
		return nil, nil
	}
	var p proxies
	for entry := range strings.SplitSeq(list, ",") {
		network, err := parseProxy(strings.TrimSpace(entry))
		if err != nil {
			return nil, err
		}
		p = append(p, network)
	}
	return p, nil
}

// CheckProxies reports what is wrong with a list of Options.TrustProxy.
func CheckProxies(list string) error {
	_, err := parseProxies(list)
	return err
}

func parseProxy(entry string) (netip.Prefix, error) {
	network, err := netip.ParsePrefix(entry)
	if err != nil {
		// Hops are compared without zone, so an address with one is refused: it
		// would be trusted on every link.
		addr, _ := netip.ParseAddr(entry)
		network = netip.PrefixFrom(addr, addr.BitLen())
	}
	if addr := network.Addr(); addr.Is4In6() {
		network = netip.PrefixFrom(addr.Unmap(), network.Bits()-96)
	}
	if !network.IsValid() || strings.Contains(entry, "%") {
		return netip.Prefix{}, fmt.Errorf("%q is no address or network; write addresses like 127.0.0.1 or ::1 and networks like 10.0.0.0/8, with commas between", entry)
	}
	if network.Bits() == 0 {
		return netip.Prefix{}, fmt.Errorf("%q is every address, so anyone could claim to be any address; write the networks of the proxies, like 10.0.0.0/8", entry)
	}
	return network.Masked(), nil
}

// trust reports whether a hop is one of the proxies.
func (p proxies) trust(hop netip.Addr) bool {
	return slices.ContainsFunc(p, func(network netip.Prefix) bool { return network.Contains(hop) })
}

// localPeer is the address of a peer that came by a Unix socket: it is on this machine.
const localPeer = "127.0.0.1:0"

// remoteAddr returns the address at the other end of the connection, with its port.
func remoteAddr(r *http.Request) string {
	if strings.HasPrefix(r.RemoteAddr, "@") || strings.HasPrefix(r.RemoteAddr, "/") {
		return localPeer
	}
	return r.RemoteAddr
}

// client returns the address a request came from, canonical: no port, no zone,
// IPv4-mapped IPv6 as IPv4. It is the peer's, or behind trusted proxies the
// nearest hop of X-Forwarded-For that is not one of them; no other header is
// read. A RemoteAddr that is not host:port is returned as it is, a host that is
// no address without its port.
func (p proxies) client(r *http.Request) string {
	host, _, err := net.SplitHostPort(remoteAddr(r))
	if err != nil {
		return r.RemoteAddr
	}
	addr, err := netip.ParseAddr(host)
	if err != nil {
		return host
	}
	addr = canonical(addr)
	if p.trust(addr) {
		addr = p.clientOf(addr, lastHops(r.Header.Values("X-Forwarded-For")))
	}
	return addr.String()
}

// hidesClients reports whether a request came through a trusted proxy that says nothing about
// its client.
func (p proxies) hidesClients(r *http.Request) bool {
	from, err := netip.ParseAddrPort(remoteAddr(r))
	return err == nil && p.trust(canonical(from.Addr())) && len(r.Header.Values("X-Forwarded-For")) == 0
}

// maxHops and maxForwarded, in bytes, bound the part of X-Forwarded-For, from
// its right end, that is looked at.
const (
	maxHops      = 50
	maxForwarded = 8 << 10
)

// clientOf walks the hops from right to left, as each was added by the one
// before it, for as long as that one is trusted. What is no address ends the
// walk: what stands left of it may be made up as well.
func (p proxies) clientOf(hop netip.Addr, hops string) netip.Addr {
	for range maxHops {
		comma := strings.LastIndexByte(hops, ',')
		next, err := parseHop(strings.Trim(hops[comma+1:], " \t"))
		if err != nil {
			return hop
		}
		hop = next
		if comma < 0 || !p.trust(hop) {
			return hop
		}
		hops = hops[:comma]
	}
	return hop
}

// lastHops joins the lines of the header (RFC 9110 section 5.3) and cuts what
// is too long between two hops, since the end of an address may be an address.
func lastHops(lines []string) string {
	hops := strings.Join(lines, ",")
	if over := len(hops) - maxForwarded; over > 0 {
		_, hops, _ = strings.Cut(hops[over-1:], ",")
	}
	return hops
}

// parseHop reads 192.0.2.1, 192.0.2.1:80, 2001:db8::1, [2001:db8::1] or
// [2001:db8::1]:80. IPv6 may have a zone.
func parseHop(entry string) (netip.Addr, error) {
	if addr, err := netip.ParseAddr(entry); err == nil {
		return canonical(addr), nil
	}
	if strings.HasPrefix(entry, "[") && strings.HasSuffix(entry, "]") {
		entry += ":0"
	}
	hop, err := netip.ParseAddrPort(entry)
	return canonical(hop.Addr()), err
}

// canonical makes one spelling of all that name the same host.
func canonical(addr netip.Addr) netip.Addr { return addr.WithZone("").Unmap() }

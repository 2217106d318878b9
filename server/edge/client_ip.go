package edge

import (
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// Proxies are the networks whose X-Forwarded-For header is believed. The zero value
// believes none.
type Proxies []netip.Prefix

// ParseProxies parses addresses and networks in CIDR notation (RFC 4632 section 3.1,
// RFC 4291 section 2.3), separated by commas. IPv4-mapped IPv6 becomes IPv4. A blank list
// is no proxy. The error quotes the entry that is wrong.
func ParseProxies(list string) (Proxies, error) {
	if strings.TrimSpace(list) == "" {
		return nil, nil
	}
	var p Proxies
	for entry := range strings.SplitSeq(list, ",") {
		network, err := parseProxy(strings.TrimSpace(entry))
		if err != nil {
			return nil, err
		}
		p = append(p, network)
	}
	return p, nil
}

func parseProxy(entry string) (netip.Prefix, error) {
	network, err := netip.ParsePrefix(entry)
	if err != nil {
		// Hops are compared without their zone, so an address with a zone is refused: it
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

// trust reports whether a hop is a trusted proxy.
func (p Proxies) trust(hop netip.Addr) bool {
	return slices.ContainsFunc(p, func(network netip.Prefix) bool { return network.Contains(hop) })
}

// localPeer is the address given to peers of a Unix socket, which are on this machine.
const localPeer = "127.0.0.1:0"

// remoteAddr returns the address at the other end of the connection, with its port.
func remoteAddr(r *http.Request) string {
	if strings.HasPrefix(r.RemoteAddr, "@") || strings.HasPrefix(r.RemoteAddr, "/") {
		return localPeer
	}
	return r.RemoteAddr
}

// ClientIP returns the address that a request came from, in canonical form: no port, no
// zone, IPv4-mapped IPv6 as IPv4. It is the address of the peer, or behind trusted proxies
// the nearest hop of X-Forwarded-For that is not a trusted proxy; no other header is read.
// A RemoteAddr that is not host:port is returned as it is, and a host that is not an
// address without its port.
func (p Proxies) ClientIP(r *http.Request) string {
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

// HidesClient reports whether a request came through a trusted proxy that sent no
// X-Forwarded-For, so that all its clients seem to be one.
func (p Proxies) HidesClient(r *http.Request) bool {
	from, err := netip.ParseAddrPort(remoteAddr(r))
	return err == nil && p.trust(canonical(from.Addr())) && len(r.Header.Values("X-Forwarded-For")) == 0
}

// maxHops and maxForwarded, which is in bytes, bound how much of X-Forwarded-For is read,
// from its right end.
const (
	maxHops      = 50
	maxForwarded = 8 << 10
)

// clientOf walks the hops from right to left while they are trusted, since each hop was
// added by the one to its right. A hop that is not an address ends the walk: everything to
// its left may be made up as well.
func (p Proxies) clientOf(hop netip.Addr, hops string) netip.Addr {
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

// lastHops joins the lines of the header (RFC 9110 section 5.3). A header that is too long
// is cut between two hops, since the end of an address may be an address as well.
func lastHops(lines []string) string {
	hops := strings.Join(lines, ",")
	if over := len(hops) - maxForwarded; over > 0 {
		_, hops, _ = strings.Cut(hops[over-1:], ",")
	}
	return hops
}

// parseHop parses 192.0.2.1, 192.0.2.1:80, 2001:db8::1, [2001:db8::1] or
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

// canonical returns the one form of all addresses of the same host.
func canonical(addr netip.Addr) netip.Addr { return addr.WithZone("").Unmap() }

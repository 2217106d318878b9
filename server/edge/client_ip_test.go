package edge

import (
	"fmt"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"testing"
)

func TestParseProxies(t *testing.T) {
	for _, c := range []struct{ list, want string }{
		{"", ""},
		{"  ", ""},
		{"10.0.0.0/8, 127.0.0.1, ::1/128", "10.0.0.0/8 127.0.0.1/32 ::1/128"},
		{"::1,2001:DB8::/32", "::1/128 2001:db8::/32"},
		{"10.1.2.3/8", "10.0.0.0/8"},
		{"::ffff:10.0.0.7", "10.0.0.7/32"},
		{"::ffff:10.1.2.3/104", "10.0.0.0/8"},
		{"0.0.0.0/1", "0.0.0.0/1"},
	} {
		p, err := ParseProxies(c.list)
		if got := strings.Trim(fmt.Sprint(p), "[]"); got != c.want || err != nil {
			t.Errorf("%q: %s, %v; want %s", c.list, got, err, c.want)
		}
	}
}

func TestParseProxiesRefuses(t *testing.T) {
	const write, every = "write addresses like 127.0.0.1 or ::1 and networks like 10.0.0.0/8", "could claim to be any address"
	for _, c := range []struct{ list, bad, reason string }{
		{"10.0.0.0/8,nginx", `"nginx"`, write},
		{"10.0.0.0/8,", `""`, write},
		{"10.0.0.0/8 127.0.0.1", `"10.0.0.0/8 127.0.0.1"`, write},
		{"10.0.0.0/33", `"10.0.0.0/33"`, write},
		{"10.0.0/8", `"10.0.0/8"`, write},
		{"10.0.0.1:80", `"10.0.0.1:80"`, write},
		{"[::1]", `"[::1]"`, write},
		{"fe80::1%eth0", `"fe80::1%eth0"`, write},
		{"fe80::%eth0/64", `"fe80::%eth0/64"`, write},
		{"::ffff:10.0.0.1/32", `"::ffff:10.0.0.1/32"`, write},
		{"127.0.0.1, 0.0.0.0/0", `"0.0.0.0/0"`, every},
		{"::/0", `"::/0"`, every},
		{"10.0.0.0/0", `"10.0.0.0/0"`, every},
		{"::ffff:0.0.0.0/96", `"::ffff:0.0.0.0/96"`, every},
	} {
		p, err := ParseProxies(c.list)
		if p != nil || err == nil || !strings.HasPrefix(err.Error(), c.bad+" is ") || !strings.Contains(err.Error(), c.reason) {
			t.Errorf("%q: %v, %v; want %s and %q", c.list, p, err, c.bad, c.reason)
		}
	}
}

// testProxies returns the proxies that the tests trust.
func testProxies(t testing.TB) Proxies {
	t.Helper()
	p, err := ParseProxies("10.0.0.0/8, 127.0.0.1, fe80::1, 2001:db8:ffff::/48")
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// from returns a request of the peer with these lines of X-Forwarded-For, and
// headers that must not be believed.
func from(peer string, lines ...string) *http.Request {
	return &http.Request{RemoteAddr: peer, Header: http.Header{
		"X-Forwarded-For": lines,
		"Forwarded":       {"for=198.51.100.66"},
		"X-Real-Ip":       {"198.51.100.66"},
	}}
}

// near is the address of a trusted proxy.
const near = "10.0.0.1:4711"

// hops returns n equal hops of X-Forwarded-For.
func hops(n int, hop string) string { return strings.TrimSuffix(strings.Repeat(hop+",", n), ",") }

var clientIPTests = []struct {
	name, peer string
	lines      []string
	want       string
}{
	{"peer", "192.0.2.1:80", nil, "192.0.2.1"},
	{"peer, IPv6", "[2001:db8::1]:80", nil, "2001:db8::1"},
	{"peer with zone", "[fe80::2%eth0]:80", nil, "fe80::2"},
	{"peer, mapped", "[::ffff:192.0.2.1]:80", nil, "192.0.2.1"},
	{"peer without port", "192.0.2.1", nil, "192.0.2.1"},
	{"peer, a name", "localhost:80", nil, "localhost"},
	{"unix socket", "@", []string{"198.51.100.7"}, "198.51.100.7"},
	{"no peer", "", []string{"198.51.100.7"}, ""},
	{"untrusted peer spoofs", "192.0.2.1:80", []string{"198.51.100.7"}, "192.0.2.1"},
	{"untrusted peer names a proxy", "192.0.2.1:80", []string{"198.51.100.7, 10.0.0.1"}, "192.0.2.1"},

	{"one proxy", near, []string{"198.51.100.7"}, "198.51.100.7"},
	{"two proxies", near, []string{"198.51.100.7, 10.0.0.2"}, "198.51.100.7"},
	{"mapped proxy", "[::ffff:10.0.0.1]:80", []string{"198.51.100.7"}, "198.51.100.7"},
	{"proxy with zone", "[fe80::1%eth0]:80", []string{"198.51.100.7"}, "198.51.100.7"},
	{"no header", near, nil, "10.0.0.1"},
	{"all trusted", near, []string{"10.0.0.4, 10.0.0.3,10.0.0.2"}, "10.0.0.4"},
	{"client spoofs through a proxy", near, []string{"203.0.113.9, 198.51.100.7"}, "198.51.100.7"},
	{"client claims to be a proxy", near, []string{"10.0.0.2, 198.51.100.7"}, "198.51.100.7"},
	{"client spoofs in a line of its own", near, []string{"203.0.113.9", "198.51.100.7"}, "198.51.100.7"},
	{"proxies add lines", near, []string{"203.0.113.9, 198.51.100.7", "10.0.0.3", "10.0.0.2"}, "198.51.100.7"},
	{"proxies share lines", near, []string{"203.0.113.9", "198.51.100.7, 10.0.0.3", "10.0.0.2"}, "198.51.100.7"},

	{"garbage right-most", near, []string{"198.51.100.7, garbage"}, "10.0.0.1"},
	{"garbage behind a proxy", near, []string{"198.51.100.7, unknown, 10.0.0.2"}, "10.0.0.2"},
	{"garbage left of the client", near, []string{"garbage, 198.51.100.7"}, "198.51.100.7"},
	{"empty", near, []string{""}, "10.0.0.1"},
	{"empty right-most", near, []string{"198.51.100.7, "}, "10.0.0.1"},
	{"empty line", near, []string{"198.51.100.7", "", "10.0.0.2"}, "10.0.0.2"},
	{"line break", near, []string{"198.51.100.7\n"}, "10.0.0.1"},
	{"blanks", near, []string{" \t198.51.100.7 \t,\t10.0.0.2 "}, "198.51.100.7"},

	{"port", near, []string{"198.51.100.7:5678, 10.0.0.2:1"}, "198.51.100.7"},
	{"port that is none", near, []string{"198.51.100.7:http"}, "10.0.0.1"},
	{"IPv6", near, []string{"2001:DB8:0::7"}, "2001:db8::7"},
	{"IPv6 in brackets", near, []string{"[2001:db8::7]"}, "2001:db8::7"},
	{"IPv6 with port", near, []string{"[2001:db8::7]:443, [2001:db8:ffff::1]:443"}, "2001:db8::7"},
	{"IPv6 with zone", near, []string{"[fe80::7%eth0]:443, fe80::1%1"}, "fe80::7"},
	{"IPv6, half a bracket", near, []string{"[2001:db8::7"}, "10.0.0.1"},
	{"IPv4 in brackets", near, []string{"[198.51.100.7]"}, "10.0.0.1"},
	{"mapped", near, []string{"::ffff:198.51.100.7, [::ffff:10.0.0.2]:80"}, "198.51.100.7"},
	{"in the form of Forwarded", near, []string{`"[2001:db8::7]"`}, "10.0.0.1"},

	{"the 50th hop", near, []string{"198.51.100.7," + hops(49, "10.0.0.2")}, "198.51.100.7"},
	{"the 51st hop", near, []string{"198.51.100.7", hops(50, "10.0.0.2")}, "10.0.0.2"},
	{"within 8 KiB", near, []string{"9.9.9.9,198.51.100.7" + strings.Repeat(" ", 8<<10-12)}, "198.51.100.7"},
	{"cut by 8 KiB", near, []string{"9.9.9.9,198.51.100.7" + strings.Repeat(" ", 8<<10-11)}, "10.0.0.1"},
	{"far over 8 KiB", near, []string{strings.Repeat("9", 1<<20), "198.51.100.7"}, "198.51.100.7"},
}

func TestClientIP(t *testing.T) {
	for _, c := range clientIPTests {
		t.Run(c.name, func(t *testing.T) {
			if got := testProxies(t).ClientIP(from(c.peer, c.lines...)); got != c.want {
				t.Errorf("%s, want %s", got, c.want)
			}
		})
	}
}

// TestClientWithoutProxies checks that by default no header is believed.
func TestClientWithoutProxies(t *testing.T) {
	for peer, want := range map[string]string{
		"127.0.0.1:80":   "127.0.0.1",
		"[::1]:80":       "::1",
		"10.0.0.1:80":    "10.0.0.1",
		"[2001:db8::]:1": "2001:db8::",
		"@":              "127.0.0.1",
		"":               "",
	} {
		if got := Proxies(nil).ClientIP(from(peer, "198.51.100.7")); got != want {
			t.Errorf("peer %q: %s, want %s", peer, got, want)
		}
	}
}

// FuzzClient checks for any header, whose lines are separated by line breaks, that the address is
// that of the peer unless the peer is trusted, that it is canonical, and that an untrusted client
// cannot change it by headers of its own.
func FuzzClient(f *testing.F) {
	for _, seed := range []string{"", "198.51.100.7", "198.51.100.7, 10.0.0.2\n10.0.0.3:80", "[2001:db8::7]:443, unknown", "[fe80::7%eth0]",
		"::ffff:10.0.0.2", ",,", "[,]", "10.0.0.2%0", strings.Repeat("10.0.0.2,", 60), "9" + strings.Repeat(" ", 9_000)} {
		f.Add(seed, "203.0.113.9")
	}
	p := testProxies(f)
	f.Fuzz(func(t *testing.T, header, spoof string) {
		lines := strings.Split(header, "\n")
		for _, peer := range []string{"192.0.2.1", "2001:db8::1"} {
			if got := p.ClientIP(from("["+peer+"]:80", lines...)); got != peer {
				t.Errorf("%q makes %s of %s", header, got, peer)
			}
		}
		got := p.ClientIP(from("10.0.0.1:80", lines...))
		addr, err := netip.ParseAddr(got)
		if err != nil || addr.String() != got || addr.Zone() != "" || addr.Is4In6() {
			t.Fatalf("%q: %q is no canonical address: %v", header, got, err)
		}
		if spoofed := p.ClientIP(from("10.0.0.1:80", append([]string{spoof}, lines...)...)); !p.trust(addr) && spoofed != got {
			t.Errorf("%q before %q makes %s of %s", spoof, header, spoofed, got)
		}
	})
}

// FuzzProxies checks that a list is refused by one line that quotes it, or parsed to networks that
// can be printed and parsed again and are not all addresses.
func FuzzProxies(f *testing.F) {
	for _, seed := range []string{"10.0.0.0/8, 127.0.0.1, ::1/128", "::ffff:10.0.0.0/104", "::ffff:1.2.3.4/0", "0.0.0.0/0", "::/0", "fe80::1%a", ",", "\n"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, list string) {
		p, err := ParseProxies(list)
		if err != nil {
			if quoted, quoteErr := strconv.QuotedPrefix(err.Error()); p != nil || quoteErr != nil || strings.Contains(err.Error(), "\n") {
				t.Errorf("%q: %v, %v, quoting %s", list, p, err, quoted)
			}
			return
		}
		for _, network := range p {
			again, err := ParseProxies(network.String())
			if err != nil || len(again) != 1 || again[0] != network || network.Bits() == 0 || !p.trust(network.Addr()) {
				t.Errorf("%q holds %s, which reads as %v, %v", list, network, again, err)
			}
		}
	})
}

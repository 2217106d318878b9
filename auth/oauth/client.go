package oauth

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"crmkit/auth"
	"crmkit/crm"
	"crmkit/crm/norm"
	"crmkit/store"
	"crmkit/store/account"
)

const (
	// MaxRedirects is how many redirect URIs a client may register.
	MaxRedirects      = 10
	maxRedirectLength = 2000 // characters
)

// Register registers a client (RFC 7591). The name and everything else that a client says
// about itself is not verified, which the pages that show it say.
func (s *Server) Register(ctx context.Context, addr, name string, redirects []string) (c account.Client, err error) {
	if len(redirects) == 0 || len(redirects) > MaxRedirects {
		return c, errorf(InvalidRedirect, "redirect_uris takes 1 to %d URIs, not %d.", MaxRedirects, len(redirects))
	}
	for _, uri := range redirects {
		if err := checkRedirect(uri); err != nil {
			return c, err
		}
	}
	err = s.store.Write(ctx, crm.Actor{Addr: addr}, func(tx *store.Tx) error {
		c, err = account.CreateClient(tx, account.Client{Name: clientLabel(name), Redirects: norm.QuoteList(redirects), Network: auth.Network(addr)})
		return err
	})
	return c, err
}

// clientLabel returns a name that can be shown: on one line, without invisible characters, and
// at most as long as a token's name, because it becomes the name of the client's token.
func clientLabel(name string) string {
	name = strings.Map(func(r rune) rune {
		if norm.IsInvisible(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(name, " "))
	clean, _ := norm.Clean(strings.Join(strings.Fields(name), " "))
	runes := []rune(clean)
	if len(runes) > auth.MaxTokenName {
		runes = append(runes[:auth.MaxTokenName-1], '…')
	}
	if len(runes) == 0 {
		return "mcp"
	}
	return string(runes)
}

// appSchemes are the URI schemes of well-known applications. Other applications use a
// scheme with a dot, like com.example.app, of a domain they own (RFC 8252 section 7.1).
var appSchemes = []string{"cursor", "vscode", "vscode-insiders", "vscodium", "windsurf", "zed", "claude", "chatgpt", "goose", "raycast", "warp", "kiro", "trae", "jetbrains", "lmstudio"}

// checkRedirect refuses a redirect URI that does not lead to a web server with TLS, a
// program on the person's machine or an application.
func checkRedirect(uri string) error {
	bad := func(why string) error {
		return errorf(InvalidRedirect, "%s %s; use https://…, http://127.0.0.1, http://[::1] or http://localhost, or the scheme of a known application.", norm.Quote(uri), why)
	}
	if uri == "" || len(uri) > maxRedirectLength || strings.ContainsFunc(uri, func(r rune) bool { return r <= ' ' || r > '~' || strings.ContainsRune("\\#\"<>^`{|}", r) }) {
		return bad(fmt.Sprintf("is empty, over %d characters, or contains a blank, a # or another character that no URI has", maxRedirectLength))
	}
	u, err := url.Parse(uri)
	switch {
	case err != nil || u.Scheme == "":
		return bad("is not an absolute URI")
	case u.User != nil || strings.Contains(u.Host, "@"):
		return bad("contains a user name")
	case u.Host != "" && !validPort(u):
		return bad("has an invalid port")
	case strings.Trim(strings.ToLower(u.Host), "abcdefghijklmnopqrstuvwxyz0123456789.:-[]") != "":
		return bad("has an invalid host") // these characters could end a directive of the page's Content-Security-Policy
	case u.Scheme == "https" && u.Hostname() != "" && u.Opaque == "":
		return nil
	case u.Scheme == "http" && Loopback(u):
		return nil
	case slices.Contains(appSchemes, u.Scheme) || u.Scheme != "http" && strings.Contains(u.Scheme, "."):
		return nil
	}
	return bad("has a scheme that is not allowed")
}

// validPort reports whether a URI has no port or a valid one.
func validPort(u *url.URL) bool {
	if u.Port() == "" {
		return !strings.HasSuffix(u.Host, ":")
	}
	port, err := strconv.ParseUint(u.Port(), 10, 16)
	return err == nil && port > 0
}

// Loopback reports whether a redirect URI leads to a program on the person's machine (RFC
// 8252 section 7.3).
func Loopback(u *url.URL) bool {
	return u.Scheme == "http" && u.Opaque == "" && slices.Contains([]string{"127.0.0.1", "::1", "localhost"}, u.Hostname())
}

// RedirectLabel says where a redirect URI leads, for people: a host, or an application with
// its scheme. A scheme may look like a host, so the label says that it is a scheme.
func RedirectLabel(uri string) string {
	u, err := url.Parse(uri)
	if err != nil {
		return "unknown"
	}
	if u.Scheme == "http" || u.Scheme == "https" {
		return u.Host
	}
	return "an application on this device (scheme " + u.Scheme + ")"
}

// redirectAllowed reports whether a redirect URI is registered for the client. The URIs
// must be equal, except for the port of a loopback URI: a program takes a free port each
// time (RFC 8252 section 7.3).
func redirectAllowed(c account.Client, uri string) bool {
	list, ok := norm.ParseStrings(c.Redirects)
	if !ok || checkRedirect(uri) != nil {
		return false
	}
	return slices.ContainsFunc(list, func(known string) bool {
		return known == uri || withoutPort(known) != "" && withoutPort(known) == withoutPort(uri)
	})
}

// withoutPort returns a loopback URI without its port, and "" for any other URI.
func withoutPort(uri string) string {
	u, err := url.Parse(uri)
	if err != nil || !Loopback(u) {
		return ""
	}
	after := strings.TrimPrefix(uri, "http://"+u.Host)
	if after == "" {
		after = "/"
	}
	return u.Hostname() + after
}

// ClientFor returns the client and the redirect URI of an authorization request. On an error
// nothing may be sent to the URI, which may be an attacker's.
func (s *Server) ClientFor(ctx context.Context, id, redirect string) (c account.Client, uri string, err error) {
	c, found, err := account.FindClient(ctx, s.store, id)
	if err != nil {
		return c, "", err
	}
	if !found {
		return c, "", errorf(InvalidClient, "The application is not registered on this server; it may have been removed.")
	}
	if redirect == "" { // RFC 6749 section 3.1.2.3: it may be left out if only one is registered
		if list, ok := norm.ParseStrings(c.Redirects); ok && len(list) == 1 {
			redirect = list[0]
		}
	}
	if !redirectAllowed(c, redirect) {
		return c, "", errorf(InvalidRequest, "The application asks to be sent to %s, a redirect URI that it has not registered.", norm.Quote(redirect))
	}
	return c, redirect, nil
}

// tokenClient returns the client of a request to the token endpoint.
func (s *Server) tokenClient(ctx context.Context, id string) (account.Client, error) {
	c, found, err := account.FindClient(ctx, s.store, id)
	if err == nil && !found {
		err = errorf(InvalidClient, "The client is not registered on this server, or was removed; register again.")
	}
	return c, err
}

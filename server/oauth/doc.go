// Package oauth is the authorization server of MCP clients over HTTP: metadata (RFC 8414,
// RFC 9728), registration (RFC 7591), tokens (RFC 6749, OAuth 2.1), revocation (RFC 7009)
// and the sign-in page.
//
// It reads forms and writes JSON and pages; package auth/oauth decides who is signed in and
// what a client gets. Everything a page shows is text, and is escaped. The page is a form
// for each step and needs no script; its state is in the database, and a cookie binds it to
// the browser in which it began. An error never ends in a redirect: anybody can register a
// client, and the server would be an open redirector.
package oauth

// Package servertest runs servers for tests: the real server over real HTTP, on a free
// loopback port, with a store in memory that is gone afterwards. Any number of them run side
// by side and share nothing. It is for tests only and never part of the product.
//
// A fake of the API would be faster to start by some milliseconds, and would differ from the
// server wherever a test needs it most: in errors, limits and times.
package servertest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"

	"crmkit/auth"
	"crmkit/crm/catalog"
	"crmkit/server"
	"crmkit/store"
)

// Email is the address of the user whom New and Start sign in.
const Email = "you@example.com"

// Client is a user who is signed in to a server of the client's own. It is safe for
// concurrent use. A request without an answer ends the test; a client of Start panics.
type Client struct {
	URL   string // origin, like http://127.0.0.1:40123
	Token string // access token; empty sends none

	instance *instance
	fail     func(format string, args ...any)
}

// instance is the server that its clients share. stop may be called by each of them, and by the
// end of the test.
type instance struct {
	auth *auth.Auth
	http *http.Client
	stop func() error
}

// New starts a server and returns a client of it. Both end with the test. A failure to start
// or to stop fails the test.
func New(t testing.TB) *Client {
	t.Helper()
	c, err := Start()
	if err != nil {
		t.Fatalf("servertest: %v", err)
	}
	c.fail = func(format string, args ...any) {
		t.Helper()
		t.Fatalf(format, args...)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Errorf("servertest: %v", err)
		}
	})
	return c
}

// Start is New for programs and examples. The caller closes the client.
func Start() (*Client, error) {
	schema, err := catalog.Schema()
	if err != nil {
		return nil, err
	}
	st, err := store.Open(context.Background(), store.Options{Path: store.Memory, Schema: schema})
	if err != nil {
		return nil, err
	}
	c, err := serve(st)
	if err != nil {
		return nil, errors.Join(err, st.Close())
	}
	return c, nil
}

// serve runs a server on the store and returns a client of it. The server is local, so that no
// mail is needed, and the token is created like that of crmkit token, without a code.
func serve(st *store.Store) (*Client, error) {
	srv, err := server.New(server.Options{Store: st, Local: true, Version: "test"})
	if err != nil {
		return nil, err
	}
	accounts := auth.New(st, auth.Options{})
	in, err := accounts.MintToken(context.Background(), Email, "servertest")
	if err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- srv.Serve(ctx, listener) }()
	transport := &http.Transport{MaxIdleConnsPerHost: 16}
	stop := sync.OnceValue(func() error {
		transport.CloseIdleConnections()
		cancel()
		return errors.Join(<-ended, st.Close())
	})
	return &Client{
		URL: "http://" + listener.Addr().String(), Token: in.Token,
		instance: &instance{accounts, &http.Client{Transport: transport}, stop},
		fail:     func(format string, args ...any) { panic(fmt.Sprintf(format, args...)) },
	}, nil
}

// Close stops the server, for all its clients, after the requests under way. Later calls
// return the error of the first.
func (c *Client) Close() error { return c.instance.stop() }

// As returns a client of the same server for another user, who gets an account and a workspace
// on the first call with that address. Closing either client stops the server of both.
func (c *Client) As(email string) *Client {
	in, err := c.instance.auth.MintToken(context.Background(), email, "servertest")
	if err != nil {
		c.fail("servertest: sign in %s: %v", email, err)
	}
	other := *c
	other.Token = in.Token
	return &other
}

// Do sends a request, with a body unless that is empty, and returns the answer as text, the
// form that agents read. Errors of the API are answers like others.
func (c *Client) Do(method, path, body string) (status int, text string) {
	return c.send(method, path, strings.NewReader(body), "text/plain")
}

// JSON sends body as JSON, unless it is nil, decodes the answer into into, unless that is nil,
// and returns the status. An answer that does not fit into ends the test.
func (c *Client) JSON(method, path string, body, into any) (status int) {
	var sent bytes.Buffer
	if body != nil {
		if err := json.NewEncoder(&sent).Encode(body); err != nil {
			c.fail("%s %s: the body is no JSON: %v", method, path, err)
		}
	}
	status, text := c.send(method, path, &sent, "application/json")
	if into != nil {
		if err := json.Unmarshal([]byte(text), into); err != nil {
			c.fail("%s %s: the answer is not the expected JSON: %v\n%s", method, path, err, text)
		}
	}
	return status
}

// send sends a request with the token of the client.
func (c *Client) send(method, path string, body io.Reader, accept string) (status int, text string) {
	req, err := http.NewRequest(method, c.URL+path, body)
	if err != nil {
		c.fail("%s %s: %v", method, path, err)
	}
	req.Header.Set("Accept", accept)
	if c.Token != "" {
		req.Header.Set("Authorization", "Bearer "+c.Token)
	}
	res, err := c.instance.http.Do(req)
	if err != nil {
		c.fail("%s %s: %v", method, path, err)
	}
	defer res.Body.Close()
	data, err := io.ReadAll(res.Body)
	if err != nil {
		c.fail("%s %s: %v", method, path, err)
	}
	return res.StatusCode, string(data)
}

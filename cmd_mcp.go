package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"crmkit/crm/norm"
	"crmkit/server/mcp"
	"crmkit/server/owner"
	"crmkit/store"
)

type mcpCommand struct {
	DB    string `name:"db" help:"Database file; created if it does not exist (default ${default})." default:"crmkit.db" placeholder:"FILE"`
	Email string `help:"User to act as on the file (default: the oldest user)." placeholder:"EMAIL"`
	URL   string `name:"url" help:"Server to talk to instead of a file, like https://crm.example.com; needs --token." placeholder:"URL"`
	Token string `help:"Token for --url. Best set in the environment." placeholder:"TOKEN"`
	Tools bool   `help:"Five tools that differ in what they may change, instead of one for everything."`
	planFlags
}

// Run serves until standard input ends. Access to the file is access to the data, so there
// is no sign-in. Several of these commands may run on one file, and beside a server: one
// process owns the file, and the others send it their messages.
func (c mcpCommand) Run(ctx context.Context, io console) error {
	signal.Ignore(syscall.SIGPIPE) // a client that is gone is an error of writing, after which there is a token to end
	log := slog.New(slog.NewTextHandler(io.err, &slog.HandlerOptions{Level: slog.LevelWarn}))
	pipe := &mcp.Stdio{In: os.Stdin, Out: io.out, Log: log, Token: c.Token, Endpoint: "http://127.0.0.1"}
	path := "/mcp"
	if c.Tools {
		path = "/mcp/tools"
	}
	if c.URL != "" {
		origin, err := checkServer(c.URL, c.Token, c.Email)
		if err != nil {
			return err
		}
		pipe.Endpoint = origin + path
		return pipe.Run(ctx)
	}
	pipe.Endpoint += path
	session, err := c.session(ctx, owner.Standby, store.Options{Path: c.DB, LockAs: "crmkit mcp", Log: log})
	if err != nil {
		return err
	}
	pipe.Handler = session
	err = signedIn(ctx, session, owner.SignIn{Email: c.Email, Name: "crmkit mcp", Plan: c.DefaultPlan}, func(token string) error {
		pipe.Token = token
		return pipe.Run(ctx)
	})
	return errors.Join(err, session.Close())
}

// signOutTimeout is how long a command that ends waits until its token has ended.
const signOutTimeout = 5 * time.Second

// signedIn runs fn with a token that ends with it.
func signedIn(ctx context.Context, session *owner.Session, as owner.SignIn, fn func(token string) error) error {
	var out strings.Builder
	if err := session.Do(ctx, &as, &out); err != nil {
		return err
	}
	token := strings.TrimSpace(out.String())
	err := fn(token)
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), signOutTimeout)
	defer cancel()
	return errors.Join(err, session.Do(ctx, &owner.SignOut{Token: token}, io.Discard))
}

// checkServer returns the origin of the server that --url names, to which the
// token may go. An e-mail address chooses whom to act as on a file only.
func checkServer(address, token, email string) (origin string, err error) {
	u, err := url.Parse(strings.TrimSuffix(address, "/"))
	switch {
	case err != nil || u.Host == "" || u.Path != "" || u.RawQuery != "" || u.User != nil || (u.Scheme != "http" && u.Scheme != "https"):
		return "", errors.New("--url: write the origin of a server, like https://crm.example.com")
	case u.Scheme == "http" && !norm.IsLoopback(u.Host):
		return "", fmt.Errorf("--url %s: the token would cross the network in the clear; write https", address)
	case token == "":
		return "", errors.New("--url needs a token: set CRMKIT_TOKEN, or pass --token")
	case email != "":
		return "", errors.New("--email chooses whom to act as on a file; with --url the token says that")
	}
	return u.String(), nil
}

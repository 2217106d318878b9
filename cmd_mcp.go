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

// mcpCommand is started by an MCP client, which writes messages to its standard input and reads
// its standard output. Nobody sees a terminal, so it asks no questions, makes the file and
// its first user if they do not exist, and logs only warnings, on standard error.
type mcpCommand struct {
	DB    string `name:"db" help:"Database: a file, created if it does not exist, or postgres://user@host/name (default ${default})." default:"crmkit.db" placeholder:"DATABASE"`
	Email string `help:"User in whose name to act; needed if the database has several. Without it a new one gets the user me@crmkit.local." placeholder:"EMAIL"`
	URL   string `name:"url" help:"Server to talk to instead of a file, like https://crm.example.com; needs --token." placeholder:"URL"`
	Token string `help:"Token for --url. Better set in the environment than on the command line." placeholder:"TOKEN"`
	Tools bool   `help:"Offer the tools read, write, delete, search and fetch instead of the one tool request."`
	planFlags
}

// Run serves until standard input ends. A user who may open the file may read it, so there is
// no sign-in: the command makes a token for the time it runs. Several of these commands may
// run on one file, also beside a server: one process owns the file, and the others send it
// their messages. With --url it passes messages on to a server and opens no file.
func (c mcpCommand) Run(ctx context.Context, con console) error {
	// A client that is gone must be an error of writing and not a signal that kills the
	// process, because the token has to be revoked after it.
	signal.Ignore(syscall.SIGPIPE)
	log := slog.New(slog.NewTextHandler(con.err, &slog.HandlerOptions{Level: slog.LevelWarn}))
	pipe := &mcp.Stdio{In: os.Stdin, Out: con.out, Log: log, Token: c.Token, Endpoint: "http://127.0.0.1"}
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

// signOutTimeout bounds the time in which a command revokes its token when it ends.
const signOutTimeout = 5 * time.Second

// signedIn runs fn with a new token and revokes the token afterwards, also if the context of
// the command has ended.
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

// checkServer returns the origin of the server that --url names. It refuses http, except on
// this machine, because the token would be readable on the network. It also refuses --email,
// which on a server would have no effect: the token decides who acts.
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

package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"strings"

	"crmkit/auth"
	"crmkit/crm"
	"crmkit/server"
	"crmkit/store"
)

type mcpCommand struct {
	DB    string `name:"db" help:"The database file; it is made if there is none (default ${default})." default:"crmkit.db" placeholder:"FILE"`
	Email string `help:"As whom to act on the file; the oldest user if left out." placeholder:"EMAIL"`
	URL   string `name:"url" help:"A server to talk to instead of a file, like https://crm.example.com; needs --token." placeholder:"URL"`
	Token string `help:"Token for --url. Best set in the environment." placeholder:"TOKEN"`
	Tools bool   `help:"Five tools that differ in what they can change, instead of one for everything."`
	planFlags
}

// newcomer is the user of a file that has none.
const newcomer = "me@crmkit.local"

// Run serves until standard input ends. Who owns the file owns the data, so there
// is no sign-in; several such commands may run on one file, and beside a server.
func (c mcpCommand) Run(ctx context.Context, io console) error {
	pipe := &server.Stdio{In: os.Stdin, Out: io.out, Token: c.Token, Endpoint: "http://127.0.0.1"}
	path := "/mcp"
	if c.Tools {
		path = "/mcp/tools"
	}
	if c.URL != "" {
		u, err := url.Parse(strings.TrimSuffix(c.URL, "/"))
		if err != nil || u.Host == "" || u.Path != "" || u.RawQuery != "" || u.User != nil || (u.Scheme != "http" && u.Scheme != "https") {
			return errors.New("--url: write the origin of a server, like https://crm.example.com")
		}
		if c.Token == "" {
			return errors.New("--url needs a token: set CRMKIT_TOKEN, or pass --token")
		}
		pipe.Endpoint = u.String() + path
		return pipe.Run(ctx)
	}
	pipe.Endpoint += path
	log := slog.New(slog.NewTextHandler(io.err, &slog.HandlerOptions{Level: slog.LevelWarn}))
	st, err := c.openStore(ctx, c.DB, log)
	if err != nil {
		return err
	}
	defer st.Close()
	if pipe.Server, err = server.New(server.Options{Store: st, Log: log, Local: true, Version: version}); err != nil {
		return err
	}
	in, err := c.signIn(ctx, st)
	if err != nil {
		return err
	}
	pipe.Token = in.Token
	err = pipe.Run(ctx)
	return errors.Join(err, forget(st, in), st.Close())
}

// signIn makes the token under which the command acts.
func (c mcpCommand) signIn(ctx context.Context, st *store.Store) (in auth.SignedIn, err error) {
	email := c.Email
	if email == "" {
		if email, err = st.FirstUser(ctx); err != nil {
			return in, err
		}
	}
	if email == "" {
		email = newcomer
	}
	in, err = auth.New(st, auth.Options{}).Mint(ctx, email, "crmkit mcp")
	if err != nil {
		return in, fmt.Errorf("--email: %w", plain(err))
	}
	return in, nil
}

// forget ends the token when the command does.
func forget(st *store.Store, in auth.SignedIn) error {
	a := auth.New(st, auth.Options{})
	actor, err := a.Actor(context.Background(), in.Token)
	if err != nil {
		return nil // somebody revoked it
	}
	return st.Write(context.Background(), crm.Actor{User: actor.User, TokenID: in.TokenID}, func(tx *store.Tx) error { return a.Revoke(tx, in.TokenID) })
}

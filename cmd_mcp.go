package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"crmkit/auth"
	"crmkit/auth/oauth"
	"crmkit/crm/norm"
	"crmkit/server"
	"crmkit/store"
	"crmkit/store/account"
)

type mcpCommand struct {
	DB    string `name:"db" help:"The database file; it is made if there is none (default ${default})." default:"crmkit.db" placeholder:"FILE"`
	Email string `help:"As whom to act on the file; the oldest user if left out." placeholder:"EMAIL"`
	URL   string `name:"url" help:"A server to talk to instead of a file, like https://crm.example.com; needs --token." placeholder:"URL"`
	Token string `help:"Token for --url. Best set in the environment." placeholder:"TOKEN"`
	Tools bool   `help:"Five tools that differ in what they can change, instead of one for everything."`
	planFlags
}

// defaultEmail is the user of a file that has none.
const defaultEmail = "me@crmkit.local"

// Run serves until standard input ends. Who owns the file owns the data, so there
// is no sign-in; several such commands may run on one file, and beside a server.
func (c mcpCommand) Run(ctx context.Context, io console) error {
	signal.Ignore(syscall.SIGPIPE) // a client that is gone is an error of writing, after which there is a token to end
	log := slog.New(slog.NewTextHandler(io.err, &slog.HandlerOptions{Level: slog.LevelWarn}))
	pipe := &server.Stdio{In: os.Stdin, Out: io.out, Log: log, Token: c.Token, Endpoint: "http://127.0.0.1"}
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
	st, err := c.openStore(ctx, store.Options{Path: c.DB, Log: log})
	if err != nil {
		return err
	}
	defer st.Close()
	if pipe.Server, err = server.New(server.Options{Store: st, Log: log, Local: true, Version: version}); err != nil {
		return err
	}
	in, err := signInOwner(ctx, st, c.Email, "crmkit mcp")
	if err != nil {
		return err
	}
	pipe.Token = in.Token
	err = pipe.Run(ctx)
	return errors.Join(err, forget(st, in), st.Close())
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

// signInOwner makes the token under which a command of the file's owner acts. If
// the command is killed the token stays in the list, but nobody knows its secret.
func signInOwner(ctx context.Context, st *store.Store, email, name string) (in auth.SignedIn, err error) {
	if email == "" {
		email, err = onlyUser(ctx, st)
	} else {
		err = known(ctx, st, email, "")
	}
	if err != nil {
		return in, err
	}
	if in, err = auth.New(st, auth.Options{}).MintToken(ctx, email, name); err != nil {
		return in, fmt.Errorf("--email: %w", terminalError(err))
	}
	return in, nil
}

// onlyUser returns the user of a file that has one, or a name for the first. Of several
// it picks none: the data of the wrong one would look like that of the right one.
func onlyUser(ctx context.Context, st *store.Store) (string, error) {
	list, err := account.ListUsers(ctx, st, 0, 2)
	switch {
	case err != nil:
		return "", err
	case len(list) == 0:
		return defaultEmail, nil
	case len(list) == 1:
		return list[0].Email, nil
	}
	names, err := someUsers(ctx, st)
	if err == nil {
		err = fmt.Errorf("the file has several users; say as whom with --email: %s", names)
	}
	return "", err
}

// forget ends the token when the command does.
func forget(st *store.Store, in auth.SignedIn) error {
	return oauth.New(auth.New(st, auth.Options{}), st).RevokeSecret(context.Background(), "", "", in.Token)
}

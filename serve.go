package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"crmkit/auth"
	"crmkit/crm"
	"crmkit/server"
	"crmkit/store"
)

type serveCommand struct {
	Listen    string `help:"Address to listen on; port 0 picks a free one (default ${default})." default:"127.0.0.1:8080" placeholder:"HOST:PORT"`
	DB        string `name:"db" help:"The database file, or :memory: to leave nothing behind (default ${default})." default:"crmkit.db" placeholder:"FILE"`
	BaseURL   string `name:"base-url" help:"Origin under which clients reach the server, for the manual." placeholder:"URL"`
	Local     bool   `help:"Local mode: sign-in codes come in the answer; loopback only."`
	TokenFor  string `help:"Local mode: print a token for this address as the second line." placeholder:"EMAIL"`
	LogFormat string `help:"How log lines on standard error are written: text or json." enum:"text,json" default:"text"`
}

// Run serves until the context ends.
func (c serveCommand) Run(ctx context.Context, io console) error {
	if err := c.check(); err != nil {
		return err
	}
	log := c.logger(io)
	// The port comes first, so that a busy one leaves no file behind.
	listener, err := net.Listen("tcp", c.Listen)
	if err != nil {
		return fmt.Errorf("%w; choose another address with --listen, port 0 picks a free one", err)
	}
	defer listener.Close()
	st, err := openStore(ctx, c.DB, log)
	if err != nil {
		return err
	}
	defer st.Close()
	srv, err := server.New(server.Options{Store: st, Log: log, Local: c.Local, BaseURL: c.BaseURL, Version: version})
	if err != nil {
		return err
	}
	ready := fmt.Sprintf("crmkit listening on http://%s\n", listener.Addr())
	if c.TokenFor != "" {
		in, err := auth.New(st).Mint(ctx, c.TokenFor, "token-for")
		if err != nil {
			return err
		}
		ready += "crmkit token " + in.Token + "\n"
	}
	if _, err := fmt.Fprint(io.out, ready); err != nil {
		return err
	}
	if err := srv.Serve(ctx, listener); err != nil {
		return err
	}
	err = st.Close()
	log.Info("stopped")
	return err
}

// check refuses settings that would not serve, and says what to set.
func (c serveCommand) check() error {
	if !c.Local {
		return errors.New("this version signs people in only in local mode: start it with --local, for agents on this machine (sign-in by mail is not built yet)")
	}
	host, _, err := net.SplitHostPort(c.Listen)
	if err != nil {
		return fmt.Errorf("--listen %s: write HOST:PORT, like 127.0.0.1:8080", c.Listen)
	}
	if ip := net.ParseIP(host); !strings.EqualFold(host, "localhost") && (ip == nil || !ip.IsLoopback()) {
		return fmt.Errorf("--listen %s: local mode answers sign-in codes to whoever asks, so it listens on loopback only, like 127.0.0.1:8080", c.Listen)
	}
	if c.BaseURL == "" {
		return nil
	}
	u, err := url.Parse(c.BaseURL)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" || u.Path != "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil {
		return fmt.Errorf("--base-url %s: write an origin without path, like https://crm.example.com", c.BaseURL)
	}
	return nil
}

func (c serveCommand) logger(io console) *slog.Logger {
	if c.LogFormat == "json" {
		return slog.New(slog.NewJSONHandler(io.err, nil))
	}
	return slog.New(slog.NewTextHandler(io.err, nil))
}

func openStore(ctx context.Context, path string, log *slog.Logger) (*store.Store, error) {
	if err := checkPath(path); err != nil {
		return nil, err
	}
	schema, err := crm.NewSchema(crm.Entities...)
	if err != nil {
		return nil, err
	}
	st, err := store.Open(ctx, store.Options{Path: path, Schema: schema, Log: log})
	if err != nil {
		return nil, fmt.Errorf("cannot open the database: %w", err)
	}
	return st, nil
}

// checkPath says in words what SQLite would say by a number.
func checkPath(path string) error {
	if path == store.Memory {
		return nil
	}
	if path == "" {
		return errors.New("--db is empty; name a file, like crmkit.db")
	}
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return fmt.Errorf("--db %s is a folder; name a file in it", path)
	}
	if _, err := os.Stat(filepath.Dir(path)); err != nil {
		return fmt.Errorf("--db %s: the folder cannot be used: %w", path, err)
	}
	return nil
}

type tokenCommand struct {
	Email string `help:"Whose token; the user and a workspace are made if need be." required:"" placeholder:"EMAIL"`
	DB    string `name:"db" help:"The database file (default ${default})." default:"crmkit.db" placeholder:"FILE"`
	Name  string `help:"What GET /tokens calls it." default:"crmkit token"`
}

// Run prints a token. It works beside a running server.
func (c tokenCommand) Run(ctx context.Context, io console) error {
	if c.DB == store.Memory {
		return errors.New("--db :memory: ends with this command; name a file, or use serve --token-for")
	}
	if _, err := os.Stat(c.DB); err != nil {
		return fmt.Errorf("%w; name the file of a server that has run, with --db", err)
	}
	st, err := openStore(ctx, c.DB, slog.New(slog.NewTextHandler(io.err, nil)))
	if err != nil {
		return err
	}
	defer st.Close()
	in, err := auth.New(st).Mint(ctx, c.Email, c.Name)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(io.out, in.Token)
	return err
}

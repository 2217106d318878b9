package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"crmkit/crm/catalog"
	"crmkit/server/client"
	"crmkit/server/owner"
	"crmkit/store"
)

// The commands export and import are clients of the API: they send GET /export and POST
// /import, also when they work on a file. So a command and a request give the same answer, and
// the formats, limits and checks are in the server alone.

// connectionFlags say which data a command works on: those of a file or of a server.
type connectionFlags struct {
	DB    string `name:"db" help:"The database: a file, which import creates if it does not exist, or postgres://user@host/name (default ${default})." default:"crmkit.db" placeholder:"DATABASE"`
	Email string `help:"User in whose name to act; needed if the database has several." placeholder:"EMAIL"`
	URL   string `name:"url" help:"Server to talk to instead of a file, like https://crm.example.com; needs --token." placeholder:"URL"`
	Token string `help:"Token for --url. Better set in the environment than on the command line." placeholder:"TOKEN"`
	planFlags
}

// with runs fn with a client of the server, or of the process that owns the file. Both answer
// the same requests, so export and import have one implementation for both. name is shown to
// other processes that wait for the file, and is the name of the token.
func (c connectionFlags) with(ctx context.Context, con console, name string, fn func(*client.Client) error) error {
	if c.URL != "" {
		origin, err := checkServer(c.URL, c.Token, c.Email)
		if err != nil {
			return err
		}
		return fn(&client.Client{Endpoint: origin, Token: c.Token})
	}
	if c.DB == store.Memory {
		return errors.New("--db :memory: ends with this command; name a file, or a server with --url")
	}
	log := slog.New(slog.NewTextHandler(con.err, &slog.HandlerOptions{Level: slog.LevelWarn}))
	session, err := c.session(ctx, owner.Busy, store.Options{Path: c.DB, LockAs: name, Log: log})
	if err != nil {
		return err
	}
	err = signedIn(ctx, session, owner.SignIn{Email: c.Email, Name: name, Plan: c.DefaultPlan}, func(token string) error {
		return fn(&client.Client{Endpoint: "http://127.0.0.1", Token: token, Handler: session})
	})
	return errors.Join(err, session.Close())
}

// exportCommand prints the answer of GET /export unchanged, or writes it as a file for
// spreadsheets.
type exportCommand struct {
	What string `arg:"" name:"kind" optional:"" help:"Kind of records with filters and format, like contacts or 'deals?stage=won&format=csv' (default: the whole workspace). A new file that ends with .csv, like contacts.csv, is written for Excel; its name has the kind."`
	Rows string `arg:"" name:"rows" optional:"" help:"Kind of the rows of a .csv file, with filters, like 'contacts?stage=lead'. Not needed if the name of the file has the kind."`
	connectionFlags
}

// Run writes an export to standard output or to a file. An export that breaks off is an error,
// since the part that was written looks complete.
func (c exportCommand) Run(ctx context.Context, con console) error {
	if strings.HasSuffix(strings.ToLower(c.What), ".csv") && !strings.ContainsAny(c.What, "?&") {
		return c.file(ctx, con)
	}
	if c.Rows != "" {
		return fmt.Errorf("%s: only a file that ends with .csv has a kind after it", c.What)
	}
	return c.write(ctx, con, c.What)
}

// file writes a CSV file that no other file is replaced by, with the byte order mark that Excel
// needs. A file that could not be written to its end is removed.
func (c exportCommand) file(ctx context.Context, con console) error {
	what := c.Rows
	if what == "" || what[0] == '?' {
		kind, err := kindOf(c.What)
		if err != nil {
			return err
		}
		what = kind + what
	}
	separator := "?"
	if strings.Contains(what, "?") {
		separator = "&"
	}
	file, err := os.OpenFile(c.What, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, os.ErrExist) {
		return fmt.Errorf("%s exists already; remove it, or name another file", c.What)
	}
	if err != nil {
		return err
	}
	err = c.write(ctx, console{file, con.err}, what+separator+"format=csv&bom=1")
	if err = errors.Join(err, file.Close()); err != nil {
		return errors.Join(err, os.Remove(c.What))
	}
	return nil
}

// write writes the answer of GET /export to the output.
func (c exportCommand) write(ctx context.Context, con console, what string) error {
	if c.URL == "" && c.DB != store.Memory {
		if err := checkExists(ctx, c.DB); err != nil {
			return err
		}
	}
	return c.with(ctx, con, "crmkit export", func(api *client.Client) error {
		a := &responseSink{out: con.out}
		err := api.Do(ctx, client.Request{Method: "GET", Target: parseTarget("/export", what), Out: a.writer})
		return errors.Join(a.refusal(), err)
	})
}

// parseTarget returns the path of a request for the argument of a command: a kind, a kind with
// a query, a query alone, or nothing for the whole workspace. Blanks are escaped, because
// people write filters as they read.
func parseTarget(base, what string) string {
	if what == "" || what[0] == '?' {
		return base + what
	}
	return base + "/" + strings.ReplaceAll(what, " ", "%20")
}

// responseSink receives the body of an answer: of a success it passes it on, of an error it
// keeps it for refusal.
type responseSink struct {
	out    io.Writer
	status int
	fault  bytes.Buffer
}

// writer is the Out of a client.Request.
func (a *responseSink) writer(status int) io.Writer {
	if a.status = status; status >= 300 {
		return &a.fault
	}
	return a.out
}

// refusal returns the hint of an error answer, or nil after a success. An answer without a
// hint comes from a proxy; its beginning is shown.
func (a *responseSink) refusal() error {
	if a.status < 300 {
		return nil
	}
	_, hint, _ := strings.Cut(strings.TrimSpace(a.fault.String()), "HINT  ")
	var object struct{ Hint string }
	if json.Unmarshal(a.fault.Bytes(), &object) == nil {
		hint = object.Hint
	}
	if hint == "" {
		hint = fmt.Sprintf("the server answers %d: %.200s", a.status, a.fault.String())
	}
	return errors.New(strings.TrimSuffix(hint, "."))
}

// kindOf returns the kind whose plural is in the name of a file, as in contacts-2026.csv.
func kindOf(file string) (string, error) {
	var kinds []string
	for i := range catalog.Entities {
		e := &catalog.Entities[i]
		if e.IsDefinition() { // there are no rows of them
			continue
		}
		if strings.Contains(strings.ToLower(filepath.Base(file)), e.Plural) {
			return e.Plural, nil
		}
		kinds = append(kinds, e.Plural)
	}
	return "", fmt.Errorf("%s: add the kind of the rows after the file: %s", file, strings.Join(kinds, ", "))
}

// terminal reports whether a writer is a terminal, and not a file or a pipe.
func terminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

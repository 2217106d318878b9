package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"crmkit/server/client"
	"crmkit/server/progress"
	"crmkit/store/postgres"
)

// importCommand sends a file to POST /import.
type importCommand struct {
	File    string `arg:"" help:"CSV, JSON lines, a JSON array, vCards, or a file of crmkit export; - is standard input." placeholder:"FILE"`
	What    string `arg:"" name:"kind" optional:"" help:"Kind of the rows, with parameters, like contacts or 'contacts?source=hubspot'. Not needed for a crmkit export, or if the name of the file has the kind, as in contacts.csv."`
	DryRun  bool   `name:"dry-run" help:"Save nothing. Print how the file is read and what its rows would change; the last line is the command that saves exactly that. The exit status is 0, also if some rows would be refused, and 1 if none can be saved." env:"-"`
	Confirm string `help:"Save exactly what a dry run showed: the token is in its last line, and is valid for 15 minutes. Another file, or one that is now read otherwise, is refused." placeholder:"TOKEN" env:"-"`
	connectionFlags
}

// importGC is the share of new memory, in percent of that in use, at which an import collects
// garbage. It takes about 75 MB of memory then, not 40.
const importGC = 400

// Run imports a file. It prints a line for each row. On a terminal it shows a progress bar
// and only the rows that fail, because thousands of good rows would hide them. A failed row
// makes the exit status 1; the others are saved.
func (c importCommand) Run(ctx context.Context, con console) error {
	if os.Getenv("GOGC") == "" {
		// An import allocates much and holds little: with the default the collector takes a third
		// of the time.
		debug.SetGCPercent(importGC)
	}
	file, size := os.Stdin, int64(0)
	if c.File != "-" {
		f, err := os.Open(c.File)
		if err != nil {
			return err
		}
		defer f.Close()
		if info, err := f.Stat(); err == nil {
			size = info.Size()
		}
		file = f
	}
	in := bufio.NewReaderSize(file, 64<<10)
	what, err := c.kind(in)
	if err != nil {
		return err
	}
	return c.with(ctx, con, "crmkit import", func(api *client.Client) error {
		head, _ := in.Peek(512)
		p := &progress.Import{Out: con.out, Brief: terminal(con.out), Clock: time.Now}
		known := false
		if p.Count, known = progress.NewRowCount(head); known {
			p.Size = size
		}
		if terminal(con.err) {
			p.Bar = con.err
		}
		a := &responseSink{out: p}
		err := api.Do(ctx, client.Request{Method: "POST", Target: parseTarget("/import", c.withFlags(what)), Body: p.Counted(in), Out: a.writer})
		p.End()
		return errors.Join(a.refusal(), err, p.Failure(), c.printNext(con, p.Outcome()))
	})
}

// withFlags adds the parameters of the flags to the kind of the rows. A flag wins over a parameter
// of the same name.
func (c importCommand) withFlags(what string) string {
	if c.DryRun {
		what = addParameter(withoutParameters(what, "dry_run"), "dry_run=1")
	}
	if c.Confirm != "" {
		what = addParameter(withoutParameters(what, "confirm"), "confirm="+c.Confirm)
	}
	return what
}

// withoutParameters removes parameters from a path with a query; the rest stays as it was typed.
func withoutParameters(what string, names ...string) string {
	path, query, found := strings.Cut(what, "?")
	if !found {
		return what
	}
	kept := slices.DeleteFunc(strings.Split(query, "&"), func(part string) bool {
		name, _, _ := strings.Cut(part, "=")
		return part == "" || slices.Contains(names, name)
	})
	if len(kept) == 0 {
		return path
	}
	return path + "?" + strings.Join(kept, "&")
}

func addParameter(what, parameter string) string {
	if strings.Contains(what, "?") {
		return what + "&" + parameter
	}
	return what + "?" + parameter
}

// printNext prints after a dry run how to save what it showed: the last line is a whole command. An
// answer of JSON stays as it is, so there the lines go to standard error.
func (c importCommand) printNext(con console, o progress.Outcome) error {
	if !o.DryRun || o.Confirm == "" {
		return nil
	}
	out, what := con.out, "to save exactly this:"
	if o.JSON {
		out = con.err
	}
	if o.Failed > 0 {
		what = "rows that would be refused: " + fmt.Sprint(o.Failed) + "; correct them first, or save exactly the others:"
	}
	if c.Token != "" && c.URL != "" && os.Getenv("CRMKIT_TOKEN") != c.Token {
		what = "CRMKIT_TOKEN must be the token of --token. " + what
	}
	if c.URL == "" && postgres.HasPassword(c.DB) {
		what = "CRMKIT_DB must be the address of --db. " + what
	}
	if c.File == "-" {
		what = "the command needs the same input again. " + what
	}
	_, err := fmt.Fprintf(out, "# %s\n%s\n", what, c.next(o.Confirm))
	return err
}

// next returns the command that confirms a dry run. It has no token for a server, and no address
// with a password.
func (c importCommand) next(token string) string {
	words := []string{program(), "import", c.File}
	if what := withoutParameters(c.What, "dry_run", "confirm"); what != "" {
		words = append(words, what)
	}
	switch {
	case c.URL != "":
		words = append(words, "--url", c.URL)
	case !postgres.HasPassword(c.DB):
		words = append(words, "--db", c.DB)
	}
	if c.Email != "" {
		words = append(words, "--email", c.Email)
	}
	words = append(words, "--confirm", token)
	for i, word := range words {
		words[i] = shellWord(word)
	}
	return strings.Join(words, " ")
}

// program returns how this program was called. The binary of "go run ." is gone when it ends.
func program() string {
	if strings.Contains(os.Args[0], "go-build") {
		return "crmkit"
	}
	return os.Args[0]
}

// shellWord quotes a word for a shell, if it has characters that mean something to one.
func shellWord(word string) string {
	plain := func(r rune) bool {
		return r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || strings.ContainsRune("_-./:@,+%=", r)
	}
	if word != "" && strings.IndexFunc(word, func(r rune) bool { return !plain(r) }) < 0 {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}

// kind returns the kind of the rows: nothing for a file of crmkit export, which says it
// itself, otherwise the argument of the command, otherwise that of the name of the file; vCards
// are contacts.
func (c importCommand) kind(in *bufio.Reader) (string, error) {
	// An export of a whole workspace begins with this key. Peek leaves it in the reader.
	head, err := in.Peek(len(`{"crmkit":`))
	whole := err == nil && string(head) == `{"crmkit":`
	if whole || c.What != "" && c.What[0] != '?' {
		return c.What, nil
	}
	if head, err = in.Peek(len("BEGIN:VCARD")); err == nil && strings.EqualFold(string(head), "BEGIN:VCARD") {
		return "contacts" + c.What, nil
	}
	kind, err := kindOf(c.File)
	return kind + c.What, err
}

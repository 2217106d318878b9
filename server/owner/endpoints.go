package owner

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"crmkit/auth"
	"crmkit/crm"
	"crmkit/crm/norm"
	"crmkit/server/client"
	"crmkit/server/web"
	"crmkit/store"
)

// endpoints is where the paths of the owner itself begin. All others are those of the API.
const endpoints = "/local/"

// handsOver is what an owner says to those that watch it when a server takes its place.
const handsOver = "hand over\n"

// ServeHTTP answers other processes, and this one.
func (o *ownership) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	r.RemoteAddr = "127.0.0.1:0"
	name, found := strings.CutPrefix(r.URL.Path, endpoints)
	if !found {
		o.serveAPI(w, r)
		return
	}
	switch name {
	case "ping":
		w.WriteHeader(http.StatusNoContent)
	case "watch":
		o.watch(w, r)
	case "hand-over":
		o.handOver(w)
	default:
		o.operate(w, r, name)
	}
}

// serveAPI answers a request of the API. The key of a message of MCP is for the calls in it.
func (o *ownership) serveAPI(w http.ResponseWriter, r *http.Request) {
	api, err := o.api()
	if err != nil {
		refuse(w, err)
		return
	}
	if key := r.Header.Get(keyHeader); key != "" && strings.HasPrefix(r.URL.Path, "/mcp") {
		r = r.WithContext(web.WithMessageKey(r.Context(), key))
	}
	api.ServeHTTP(w, r)
}

// watch answers when the owner ends.
func (o *ownership) watch(w http.ResponseWriter, r *http.Request) {
	control := http.NewResponseController(w)
	_ = errors.Join(control.SetReadDeadline(time.Time{}), control.SetWriteDeadline(time.Time{})) // the connection is bound to two processes
	w.WriteHeader(http.StatusOK)
	_ = control.Flush()
	select {
	case <-r.Context().Done():
	case <-o.ending:
		if o.handsOver.Load() {
			_, _ = io.WriteString(w, handsOver)
		}
	}
}

// handOver makes room for a server.
func (o *ownership) handOver(w http.ResponseWriter) {
	if o.session.opts.Role != Standby {
		w.WriteHeader(http.StatusConflict)
		return
	}
	go func() {
		if err := o.session.release(handingOver); err != nil {
			o.session.opts.Log.Error("the database was handed over, but not closed well", "error", err)
		}
	}()
	w.WriteHeader(http.StatusAccepted)
}

// Operation is what the person who owns the file may do with it: a command with its
// arguments. What it prints goes to the command.
type Operation interface {
	name() string
	run(*call) error
}

// call is an operation under way.
type call struct {
	ctx   context.Context
	store *store.Store
	out   io.Writer
	again bool // it was begun before by an owner that has ended, and may be done
}

// auth returns what knows accounts and tokens.
func (c *call) auth() *auth.Auth { return auth.New(c.store, auth.Options{}) }

// maxArguments is the most bytes of the arguments of an operation.
const maxArguments = 64 << 10

// operation returns an operation without arguments, nil where there is none of the name.
func operation(name string) Operation {
	for _, op := range []Operation{&SignIn{}, &SignOut{}, &Token{}, &SetPlan{}, &ListUsers{}, &ShowUser{}, &RemoveUser{}, &ListWorkspaces{}, &RemoveWorkspace{}, &ListClients{}} {
		if op.name() == name {
			return op
		}
	}
	return nil
}

// operate runs an operation. The text of an error comes with the status 422.
func (o *ownership) operate(w http.ResponseWriter, r *http.Request, name string) {
	op := operation(name)
	if op == nil || r.Method != http.MethodPost {
		http.Error(w, "the process that owns the file is of another version of crmkit, which cannot do this; stop it, or use its version", http.StatusNotFound)
		return
	}
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxArguments)).Decode(op); err != nil {
		http.Error(w, "the arguments cannot be read: "+err.Error(), http.StatusBadRequest)
		return
	}
	out := &output{to: w}
	err := op.run(&call{ctx: r.Context(), store: o.store, out: out, again: r.Header.Get(againHeader) != ""})
	switch {
	case err == nil:
		w.WriteHeader(http.StatusOK)
	case out.begun:
		panic(http.ErrAbortHandler) // so the command sees that not all was printed
	default:
		http.Error(w, errorText(err), http.StatusUnprocessableEntity)
	}
}

// errorText returns an error as a command prints it.
func errorText(err error) string {
	var known *crm.Error
	if errors.As(err, &known) {
		return norm.OneLine(strings.TrimSuffix(known.Hint, "."))
	}
	return err.Error()
}

// output notes whether anything was printed.
type output struct {
	to    io.Writer
	begun bool
}

func (o *output) Write(p []byte) (int, error) {
	o.begun = true
	return o.to.Write(p)
}

// Do has the owner of the file run an operation, and copies what it prints.
func (s *Session) Do(ctx context.Context, op Operation, out io.Writer) error {
	arguments, err := json.Marshal(op)
	if err != nil {
		return err
	}
	var fault strings.Builder
	c := client.Client{Endpoint: origin, Handler: s}
	err = c.Do(ctx, client.Request{Method: http.MethodPost, Target: endpoints + op.name(), Body: strings.NewReader(string(arguments)), Out: func(status int) io.Writer {
		if status >= 300 {
			return &fault
		}
		return out
	}})
	if text := strings.TrimSpace(fault.String()); err == nil && text != "" {
		_, hint, found := strings.Cut(text, "HINT  ")
		if found {
			text = strings.TrimSuffix(hint, ".")
		}
		err = errors.New(text)
	}
	if err != nil && ctx.Err() != nil {
		return fmt.Errorf("%w: %w", ctx.Err(), err)
	}
	return err
}

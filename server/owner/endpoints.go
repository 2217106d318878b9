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

// endpoints is the prefix of the paths of the owner itself. All others are those of the API,
// which has no route that begins like this.
const endpoints = "/local/"

// handsOver is the answer to watch when a server takes the place of the owner. When an owner
// just ends, the answer is empty.
const handsOver = "hand over\n"

// ServeHTTP answers requests of other processes and of this one. All come from this machine,
// by users who may open the file, so the API sees the loopback address.
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

// serveAPI answers a request of the API. The Idempotency-Key of an MCP message stands for a
// key of each write that its tool calls make, so that a message which is sent again after a
// lost answer writes nothing twice.
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

// watch answers when the owner ends. Another process knows from the answer, or from the end
// of the connection if the owner was killed, that it may try to take the lock.
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

// handOver answers 202 and begins to end, to make room for a server. Owners that are not on
// standby answer 409: they have work to finish, or are a server themselves.
func (o *ownership) handOver(w http.ResponseWriter) {
	if o.session.opts.Role != Standby {
		w.WriteHeader(http.StatusConflict)
		return
	}
	go func() {
		if err := o.session.release(handingOver); err != nil {
			o.session.opts.Log.Error("the database was handed over, but closing it failed", "error", err)
		}
	}()
	w.WriteHeader(http.StatusAccepted)
}

// Operation is a command for the person who owns the file, with its arguments, which are
// encoded as JSON. The owner runs it, and its output goes to the process of the command.
type Operation interface {
	name() string
	run(*call) error
}

// call is an operation under way.
type call struct {
	ctx   context.Context
	store *store.Store
	out   io.Writer
	again bool // an owner that has ended began it, and may have finished it
}

// auth returns the accounts and tokens of the file.
func (c *call) auth() *auth.Auth { return auth.New(c.store, auth.Options{}) }

// maxArguments is the most bytes of the arguments of an operation.
const maxArguments = 64 << 10

// operation returns a new operation without arguments, nil if the name is unknown: the other
// process may be of a later version.
func operation(name string) Operation {
	for _, op := range []Operation{&SignIn{}, &SignOut{}, &Token{}, &SetPlan{}, &ListUsers{}, &ShowUser{}, &RemoveUser{}, &ListWorkspaces{}, &RemoveWorkspace{}, &ListClients{}} {
		if op.name() == name {
			return op
		}
	}
	return nil
}

// operate runs an operation, and copies its output. Errors are text: 404 for an unknown
// operation, 400 for arguments that cannot be decoded, 422 for an operation that fails. After
// the first output the status is sent, so a later failure breaks the connection off.
func (o *ownership) operate(w http.ResponseWriter, r *http.Request, name string) {
	op := operation(name)
	if op == nil || r.Method != http.MethodPost {
		http.Error(w, "the file is open in another version of crmkit, which does not know this command; stop that process, or use its version", http.StatusNotFound)
		return
	}
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxArguments)).Decode(op); err != nil {
		http.Error(w, "the arguments cannot be read: "+err.Error(), http.StatusBadRequest)
		return
	}
	out := &output{to: w}
	err := op.run(&call{ctx: r.Context(), store: o.store, out: out, again: r.Header.Get(againHeader) != ""})
	switch {
	case err == nil: // the first output sent the status; without output net/http sends 200
	case out.begun:
		panic(http.ErrAbortHandler) // the command sees that the output is not whole
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

// output remembers whether anything was written.
type output struct {
	to    io.Writer
	begun bool
}

func (o *output) Write(p []byte) (int, error) {
	o.begun = true
	return o.to.Write(p)
}

// Do has the owner of the file run an operation, in this process or another, and copies the
// output to out. Its errors are sentences for the person at the terminal.
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

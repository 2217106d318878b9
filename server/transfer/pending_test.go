package transfer

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"crmkit/server/web"
)

// closer counts how often it was closed.
type closer struct{ closed int }

func (k *closer) Close() error {
	k.closed++
	return nil
}

// TestPendingShares compares the pending files of a few users in a few workspaces with a model:
// each user and workspace has at most two, and a third one replaces the oldest.
func TestPendingShares(t *testing.T) {
	p := newPending[*closer](time.Now)
	type held struct {
		hash  string
		owner owner
		file  *closer
	}
	var model []held
	cut := func(same func(owner) bool) {
		var of []int
		for i, h := range model {
			if same(h.owner) {
				of = append(of, i)
			}
		}
		if len(of) == pendingShare {
			if model[of[0]].file.closed != 1 {
				t.Fatalf("plan %s was not closed", model[of[0]].hash)
			}
			model = slices.Delete(model, of[0], of[0]+1)
		}
	}
	for i := range 500 {
		d := owner{user: int64(i*7%5) + 1, workspace: int64(i*11%4) + 1}
		file := &closer{}
		hash := fmt.Sprint(i)
		if !p.keep(&pendingFile[*closer]{hash: hash, owner: d, size: 1, file: file}) {
			t.Fatal("no room")
		}
		cut(func(old owner) bool { return old.user == d.user })
		cut(func(old owner) bool { return old.workspace == d.workspace })
		model = append(model, held{hash, d, file})
		if len(p.list) != len(model) {
			t.Fatalf("step %d: %d plans, want %d", i, len(p.list), len(model))
		}
		for j, h := range model {
			if p.list[j].hash != h.hash || h.file.closed != 0 {
				t.Fatalf("step %d: file %s in place of %s, closed %d times", i, p.list[j].hash, h.hash, h.file.closed)
			}
		}
	}
}

// TestImportsWaitForATurn takes all places: a further import waits, gives up with its
// client, and takes the place that becomes free.
func TestImportsWaitForATurn(t *testing.T) {
	x := &Endpoints{turns: &turns{open: make(chan struct{}, 2), working: make(chan struct{}, 1)}}
	ask := func(ctx context.Context) (*web.Request, error) {
		rq := &web.Request{Request: httptest.NewRequestWithContext(ctx, "POST", "/import/contacts", nil)}
		_, err := x.importTurn(rq)
		return rq, err
	}
	first, err := ask(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	gone, leave := context.WithCancel(t.Context())
	leave()
	rq, err := ask(gone)
	if rq.End(); !errors.Is(err, context.Canceled) {
		t.Errorf("an import whose client is gone: %v", err)
	}
	second := make(chan error)
	go func() {
		rq, err := ask(t.Context())
		rq.End()
		second <- err
	}()
	first.End()
	if err := <-second; err != nil || len(x.turns.working) != 0 || len(x.turns.open) != 0 {
		t.Errorf("the place that became free: %v, %d taken", err, len(x.turns.working))
	}
}

// TestSlowFilesAreGivenUp checks that a body which arrives too slowly gets no more time.
func TestSlowFilesAreGivenUp(t *testing.T) {
	p := newDeadlineReader(strings.NewReader("slow"), &deadlines{})
	p.until = time.Now().Add(-time.Second)
	w := &deadlines{}
	p.w = w
	if _, err := p.Read(make([]byte, 1)); err != nil || !w.last.Before(time.Now()) {
		t.Errorf("a byte that comes too late is awaited until %s: %v", w.last, err)
	}
	p = newDeadlineReader(strings.NewReader(strings.Repeat("x", 10<<20)), w)
	if n, _ := p.Read(make([]byte, 10<<20)); n == 0 || time.Until(p.until) > 2*web.ChunkTimeout {
		t.Errorf("%d bytes give credit until %s", n, p.until)
	}
}

// deadlines is an answer that notes the deadline for reading.
type deadlines struct{ last time.Time }

func (*deadlines) Header() http.Header         { return http.Header{} }
func (*deadlines) Write(b []byte) (int, error) { return len(b), nil }
func (*deadlines) WriteHeader(int)             {}
func (d *deadlines) SetReadDeadline(t time.Time) error {
	d.last = t
	return nil
}

// TestPendingFilesStayWithoutRoom checks that a file for which there is no room replaces none: it
// would be lost together with those.
func TestPendingFilesStayWithoutRoom(t *testing.T) {
	p := newPending[*closer](time.Now)
	kept := func(hash string, user, size int64) (*closer, bool) {
		file := &closer{}
		return file, p.keep(&pendingFile[*closer]{hash: hash, owner: owner{user, user}, size: size, file: file})
	}
	one, _ := kept("1", 1, 1)
	two, _ := kept("2", 1, 1)
	if _, room := kept("3", 1, maxPendingBytes); room || one.closed+two.closed != 0 || len(p.list) != 2 {
		t.Errorf("room %v, %d files are left", room, len(p.list))
	}
	if _, room := kept("4", 1, 1); !room || one.closed != 1 || two.closed != 0 {
		t.Errorf("room %v, the oldest was closed %d times", room, one.closed)
	}
}

package mail

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"
)

// once refuses each mail at its first try.
func once(code int) func(int, string) error {
	return func(n int, _ string) error {
		if n == 1 {
			return reply(code, "not now")
		}
		return nil
	}
}

func TestRetries(t *testing.T) {
	for name, r := range map[string]*relay{"RCPT": {rcpt: once(451)}, "DATA": {data: once(451)}} {
		t.Run(name, func(t *testing.T) {
			r.plain(t)
			f := open(t, quick("smtp://"+r.addr+"?tls=off"))
			f.want(f.deliver(hello()), Stats{Retried: 1, Sent: 1}, "level=WARN", "try=1", "451", "try=2")
			if mails := r.taken(); len(mails) != 1 || len(mails[0].to) != 1 {
				t.Errorf("the server took %+v", mails)
			}
		})
	}
}

// TestTriesHaveOneMessageID checks that each try sends the same Message-ID and text, since the
// server may have accepted a mail although the try failed.
func TestTriesHaveOneMessageID(t *testing.T) {
	r := (&relay{}).plain(t)
	f := open(t, quick("smtp://"+r.addr+"?tls=off"))
	j := &job{Message: hello(), id: "one@acme.com", at: time.Date(2026, 6, 10, 9, 0, 0, 0, time.UTC)}
	for range 2 {
		if err := f.try(j); err != nil {
			t.Fatal(err)
		}
	}
	mails := r.taken()
	first, second := parse(t, mails[0].data), parse(t, mails[1].data)
	for name, want := range map[string]string{"Message-Id": "<one@acme.com>", "Date": "Wed, 10 Jun 2026 09:00:00 +0000"} {
		if a, b := first.header.Get(name), second.header.Get(name); a != want || b != want {
			t.Errorf("%s: %s, then %s", name, a, b)
		}
	}
	if first.text == "" || first.text != second.text || first.html != second.html {
		t.Errorf("two tries sent\n%s\n%s", mails[0].data, mails[1].data)
	}
}

// TestMessageIsCopied checks that changes of a message after Send have no effect.
func TestMessageIsCopied(t *testing.T) {
	r := (&relay{rcpt: once(451)}).plain(t)
	o := quick("smtp://" + r.addr + "?tls=off")
	o.Retry = []time.Duration{time.Hour}
	f := open(t, o)
	m := hello()
	f.Send(m)
	f.await(t, 1, "mail waits for another try")
	m.Paragraphs[0] = "changed"
	f.close(t.Context())
	if mails := r.taken(); len(mails) != 1 || strings.Contains(parse(t, mails[0].data).text, "changed") {
		t.Errorf("the server took %+v", mails)
	}
}

// TestRequeueAfterClose checks that a mail that Close has requeued is not requeued again by its
// timer.
func TestRequeueAfterClose(t *testing.T) {
	r := (&relay{}).plain(t)
	f := open(t, quick("smtp://"+r.addr+"?tls=off"))
	f.requeue(&job{Message: hello()})
	f.close(t.Context())
	f.requeue(&job{Message: hello()})
	f.want(f.Stats(), Stats{})
}

func TestOutOfTries(t *testing.T) {
	r := (&relay{rcpt: func(int, string) error { return reply(450, "busy") }}).plain(t)
	o := quick("smtp://" + r.addr + "?tls=off")
	o.Retry = []time.Duration{0, time.Millisecond}
	f := open(t, o)
	f.want(f.deliver(hello()), Stats{Retried: 2, Failed: 1}, "level=ERROR", "try=3")
}

// TestRetriesDoNotOccupyWorkers checks that other mails are sent while more mails than there are
// workers wait for another try.
func TestRetriesDoNotOccupyWorkers(t *testing.T) {
	r := (&relay{rcpt: func(_ int, to string) error {
		if strings.HasPrefix(to, "late") {
			return reply(450, "busy")
		}
		return nil
	}}).plain(t)
	o := quick("smtp://" + r.addr + "?tls=off")
	o.Retry = []time.Duration{time.Hour}
	f := open(t, o)
	for i := range 2 * workers {
		f.Send(Message{To: fmt.Sprintf("late%d@acme.com", i)})
	}
	f.await(t, 2*workers, "mail waits for another try")
	f.Send(hello())
	f.await(t, 1, "mail sent")
	if got := f.Stats(); got.Waiting < 2*workers || got.Deferred != 2*workers || got.Retried != 2*workers {
		t.Errorf("%+v", got)
	}
	f.close(t.Context()) // gives each mail a last try
	f.want(f.Stats(), Stats{Sent: 1, Retried: 2 * workers, Failed: 2 * workers})
}

// TestSlowShareTakesOneWorker checks that a mail is sent while others hang.
func TestSlowShareTakesOneWorker(t *testing.T) {
	release := make(chan struct{})
	r := (&relay{data: func(_ int, to string) error {
		if to == "slow@acme.com" {
			<-release
		}
		return nil
	}}).plain(t)
	o := quick("smtp://" + r.addr + "?tls=off")
	o.Timeout = time.Minute
	f := open(t, o)
	for i := range workers - 1 {
		f.Send(Message{To: "slow@acme.com", Share: fmt.Sprint(i)})
	}
	f.Send(hello())
	f.await(t, 1, "mail sent")
	close(release)
	f.close(t.Context())
	f.want(f.Stats(), Stats{Sent: workers})
}

// fill reserves and returns all places that a share may have.
func (f *fixture) fill(share string) (list []*Place) {
	for p, found := f.Reserve(share); found; p, found = f.Reserve(share) {
		list = append(list, p)
	}
	return list
}

func TestQueueFull(t *testing.T) {
	s := (&script{replies: map[string]string{"greeting": hang}}).start(t)
	o := quick("smtp://" + s.addr + "?tls=off")
	o.Timeout = time.Minute
	f := open(t, o)
	first := f.fill("share 0")
	if len(first) != maxOfShare || f.Room("share 0") || !f.Room("share 1") {
		t.Fatalf("a share has %d places; another has room: %t", len(first), f.Room("share 1"))
	}
	total := len(first)
	for i := 1; i < 10; i++ {
		total += len(f.fill(fmt.Sprint("share ", i)))
	}
	if total != maxQueued || f.Room("share 99") {
		t.Fatalf("the queue has %d places", total)
	}
	for _, p := range first {
		if !p.Send(hello()) {
			t.Fatal("a mail with a place was not taken")
		}
		p.Release() // the mail has the place, so this does nothing
	}
	if f.Room("share 0") || f.Room("share 99") {
		t.Error("mails that were not tried yet hold their places")
	}
	for i := range maxQueued { // without a reserved place
		if !f.Send(Message{To: "jane@acme.com", Share: fmt.Sprint("late ", i)}) {
			t.Fatalf("mail %d was not taken", i)
		}
	}
	if f.Send(hello()) {
		t.Error("a full queue took one more")
	}
	f.want(f.Stats(), Stats{Waiting: maxOfShare + maxQueued, Dropped: 1}, "queue of mails is full")
}

// TestPlacesAreReleased checks that a place is free after the first try of its mail, or after
// Release.
func TestPlacesAreReleased(t *testing.T) {
	r := (&relay{rcpt: func(n int, _ string) error {
		if n%2 == 0 {
			return reply(451, "not now")
		}
		return nil
	}}).plain(t)
	o := quick("smtp://" + r.addr + "?tls=off")
	o.Retry = []time.Duration{time.Hour}
	f := open(t, o)
	for i, p := range f.fill("a") {
		if i%2 == 0 {
			p.Release()
			p.Release()
			continue
		}
		p.Send(hello())
	}
	f.await(t, maxOfShare/2, "mail sent", "mail waits for another try")
	if n := len(f.fill("a")); n != maxOfShare {
		t.Errorf("%d places are free again, want %d", n, maxOfShare)
	}
}

// TestRetriesDoNotBlockNewMails lets a server defer more mails than the queue has places: the
// next mail is sent at once.
func TestRetriesDoNotBlockNewMails(t *testing.T) {
	r := (&relay{rcpt: func(_ int, to string) error {
		if strings.HasPrefix(to, "late") {
			return reply(451, "not now")
		}
		return nil
	}}).plain(t)
	o := quick("smtp://" + r.addr + "?tls=off")
	o.Retry = []time.Duration{time.Hour}
	f := open(t, o)
	const networks = maxQueued/maxDeferredOfShare + 1
	var all sync.WaitGroup
	for network := range networks {
		all.Go(func() {
			for range maxDeferredOfShare {
				if !f.Send(Message{To: "late@acme.com", Share: fmt.Sprint(network), Urgency: Code}) {
					t.Error("a mail was not taken")
				}
			}
		})
	}
	all.Wait()
	f.await(t, networks*maxDeferredOfShare, "mail waits for another try")
	p, found := f.Reserve("other")
	if !found || !p.Send(hello()) {
		t.Fatal("deferred mails fill the queue")
	}
	f.await(t, 1, "mail sent")
	f.want(f.Stats(), Stats{Waiting: networks * maxDeferredOfShare, Deferred: networks * maxDeferredOfShare, Retried: networks * maxDeferredOfShare, Sent: 1})
}

// TestRetriesAreBounded checks that the share with the most deferred mails loses one if there are
// too many.
func TestRetriesAreBounded(t *testing.T) {
	o := quick("smtp://127.0.0.1:1?tls=off")
	o.Retry = []time.Duration{time.Hour}
	f := open(t, o)
	put := func(share string) bool {
		f.Sender.mu.Lock()
		f.stats.Waiting++
		f.Sender.mu.Unlock()
		ok := f.postpone(&job{Message: Message{To: "jane@acme.com", Share: share}, n: 1, at: time.Now()})
		if !ok {
			f.finishOne(&f.stats.Failed)
		}
		return ok
	}
	for i := range maxDeferred {
		if share := fmt.Sprint(i / maxDeferredOfShare); !put(share) {
			t.Fatalf("mail %d was given up", i)
		}
	}
	if put("0") {
		t.Error("a share has more than it may")
	}
	for i := range 100 {
		if !put(fmt.Sprint("small ", i)) {
			t.Errorf("small share %d was given up", i)
		}
	}
	for i := range 100 {
		if n := f.deferred[fmt.Sprint("small ", i)]; n != 1 {
			t.Errorf("small share %d has %d", i, n)
		}
	}
	if got := f.Stats(); got.Deferred != maxDeferred || got.Failed != 101 {
		t.Errorf("%+v", got)
	}
}

// TestHangingShareDoesNotBlockOthers checks that the mails of a share are sent while those of
// another hang at the server.
func TestHangingShareDoesNotBlockOthers(t *testing.T) {
	release := make(chan struct{})
	r := (&relay{data: func(_ int, to string) error {
		if to == "slow@acme.com" {
			<-release
		}
		return nil
	}}).plain(t)
	o := quick("smtp://" + r.addr + "?tls=off")
	o.Timeout = time.Minute
	f := open(t, o)
	defer close(release)
	for _, p := range f.fill("slow") {
		p.Send(Message{To: "slow@acme.com", Urgency: KnownCode})
	}
	for range 10 {
		f.Send(hello())
	}
	f.await(t, 10, "mail sent")
}

// TestWithheldMailsPassTheQueueUnsent checks that a withheld mail takes a place and a turn like
// any other, and is not sent.
func TestWithheldMailsPassTheQueueUnsent(t *testing.T) {
	r := (&relay{}).plain(t)
	f := open(t, quick("smtp://"+r.addr+"?tls=off"))
	p, _ := f.Reserve("a")
	m := hello()
	m.Withheld = true
	if !p.Send(m) {
		t.Error("it was not taken")
	}
	f.close(t.Context())
	f.want(f.Stats(), Stats{Withheld: 1})
	if len(r.taken()) != 0 {
		t.Error("it was sent")
	}
}

func TestRefusedAddresses(t *testing.T) {
	s := (&script{}).start(t)
	f := open(t, quick("smtp://"+s.addr+"?tls=off"))
	if f.Send(Message{To: "Evil <a@x.com>\r\nBcc: b@y.z"}) {
		t.Error("Send took it")
	}
	f.close(t.Context())
	f.want(f.Stats(), failed, "level=ERROR", `msg="mail failed"`, `to="no address"`)
	if strings.Contains(f.journal.String(), "x.com") || s.conns.Load() != 0 {
		t.Errorf("%d tries\n%s", s.conns.Load(), f.journal)
	}
}

func TestCloseDrains(t *testing.T) {
	r := (&relay{rcpt: once(451)}).plain(t)
	o := quick("smtp://" + r.addr + "?tls=off")
	o.Retry = []time.Duration{time.Hour}
	f := open(t, o)
	f.Send(hello())
	f.await(t, 1, "mail waits for another try")
	for range 30 {
		f.Send(hello())
	}
	f.close(t.Context())
	want := Stats{Sent: 31, Retried: 1}
	f.want(f.Stats(), want)
	if got := len(r.taken()); got != 31 {
		t.Errorf("the server took %d", got)
	}
	f.close(ended())
	if f.Send(hello()) {
		t.Error("a closed sender took a mail")
	}
	want.Dropped++
	f.want(f.Stats(), want, "the sender is closed")
}

func TestCloseAtOnce(t *testing.T) {
	s := (&script{replies: map[string]string{"greeting": hang}}).start(t)
	o := quick("smtp://" + s.addr)
	o.Timeout = time.Minute
	f := open(t, o)
	for range 2 * workers {
		f.Send(hello())
	}
	for range 2 { // a second call returns the same error
		if err := f.Close(ended()); !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), fmt.Sprint(2*workers)) {
			t.Errorf("Close: %v", err)
		}
	}
	f.want(f.Stats(), Stats{Dropped: 2 * workers}, "level=ERROR", `msg="mail dropped"`)
}

// TestCloseUntilContextEnds checks that Close returns when its context ends.
func TestCloseUntilContextEnds(t *testing.T) {
	s := (&script{replies: map[string]string{"RCPT": hang}}).start(t)
	o := quick("smtp://" + s.addr + "?tls=off")
	o.Timeout = time.Minute
	f := open(t, o)
	f.Send(hello())
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := f.Close(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Close: %v", err)
	}
	f.want(f.Stats(), Stats{Dropped: 1})
}

func TestConcurrentUse(t *testing.T) {
	const senders, each = 8, 25
	r := (&relay{rcpt: func(n int, _ string) error {
		if n%10 == 0 {
			return reply(451, "not now")
		}
		return nil
	}}).plain(t)
	o := quick("smtp://" + r.addr + "?tls=off")
	o.Retry = make([]time.Duration, 20)
	f := open(t, o)
	var all sync.WaitGroup
	for i := range senders {
		all.Go(func() {
			for n := range each {
				if !f.Send(Message{To: fmt.Sprintf("u%d.%d@acme.com", i, n), Subject: "x", Share: fmt.Sprint(i)}) {
					t.Errorf("mail %d.%d was not taken", i, n)
				}
				f.Stats()
			}
		})
	}
	all.Wait()
	f.settled(t, senders*each)
	for range 3 {
		all.Go(func() { f.close(t.Context()) })
	}
	all.Wait()
	got := f.Stats()
	f.want(got, Stats{Sent: senders * each, Retried: got.Retried})
	ids, to := map[string]bool{}, map[string]bool{}
	for _, m := range r.taken() {
		ids[parse(t, m.data).header.Get("Message-Id")], to[m.to[0]] = true, true
	}
	if len(ids) != senders*each || len(to) != senders*each || got.Retried == 0 {
		t.Errorf("%d ids, %d recipients, %+v", len(ids), len(to), got)
	}
}

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

// once refuses a mail the first time it comes.
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

// TestTriesAreOneMail holds that each try sends the same Message-ID and text, as
// the server may have taken a mail whose try seemed to fail.
func TestTriesAreOneMail(t *testing.T) {
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

// TestKeepsWhatItTook holds that a message is as it was when Send took it.
func TestKeepsWhatItTook(t *testing.T) {
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

// TestWakesOnce holds that a timer which ran out while Close woke its mail does
// not wake it again.
func TestWakesOnce(t *testing.T) {
	r := (&relay{}).plain(t)
	f := open(t, quick("smtp://"+r.addr+"?tls=off"))
	f.wake(&job{Message: hello()})
	f.close(t.Context())
	f.wake(&job{Message: hello()})
	f.want(f.Stats(), Stats{})
}

func TestGivesUp(t *testing.T) {
	r := (&relay{rcpt: func(int, string) error { return reply(450, "busy") }}).plain(t)
	o := quick("smtp://" + r.addr + "?tls=off")
	o.Retry = []time.Duration{0, time.Millisecond}
	f := open(t, o)
	f.want(f.deliver(hello()), Stats{Retried: 2, Failed: 1}, "level=ERROR", "try=3")
}

// TestWaitingHoldsNoWorker holds that mails waiting for another try, more than
// there are workers, keep none from being sent.
func TestWaitingHoldsNoWorker(t *testing.T) {
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
	if got := f.Stats(); got.Waiting < 2*workers || got.Retried != 2*workers {
		t.Errorf("%+v", got)
	}
	f.close(t.Context()) // where each gets its last try
	f.want(f.Stats(), Stats{Sent: 1, Retried: 2 * workers, Failed: 2 * workers})
}

// TestSlowOnesTakeOneWorkerEach holds that a mail passes those that hang.
func TestSlowOnesTakeOneWorkerEach(t *testing.T) {
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
	for range workers - 1 {
		f.Send(Message{To: "slow@acme.com"})
	}
	f.Send(hello())
	f.await(t, 1, "mail sent")
	close(release)
	f.close(t.Context())
	f.want(f.Stats(), Stats{Sent: workers})
}

func TestQueueFull(t *testing.T) {
	s := (&script{replies: map[string]string{"RCPT": "450 busy"}}).start(t)
	o := quick("smtp://" + s.addr + "?tls=off")
	o.Retry = []time.Duration{time.Hour}
	f := open(t, o)
	for i := range maxWaiting {
		if !f.Send(hello()) {
			t.Fatalf("mail %d was not taken", i)
		}
	}
	if f.Send(hello()) {
		t.Error("a full queue took one more")
	}
	f.await(t, maxWaiting, "mail waits for another try")
	if f.Send(hello()) {
		t.Error("a queue full of those that wait for another try took one more")
	}
	f.want(f.Stats(), Stats{Waiting: maxWaiting, Retried: maxWaiting, Dropped: 2}, "queue of mails is full")
	f.close(t.Context())
	f.want(f.Stats(), Stats{Retried: maxWaiting, Dropped: 2, Failed: maxWaiting})
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
	for range 2 { // the second says the same
		if err := f.Close(ended()); !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), fmt.Sprint(2*workers)) {
			t.Errorf("Close: %v", err)
		}
	}
	f.want(f.Stats(), Stats{Dropped: 2 * workers}, "level=ERROR", `msg="mail dropped"`)
}

// TestCloseWaitsSoLong holds that a deadline which passes during Close ends it.
func TestCloseWaitsSoLong(t *testing.T) {
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
				if !f.Send(Message{To: fmt.Sprintf("u%d.%d@acme.com", i, n), Subject: "x"}) {
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

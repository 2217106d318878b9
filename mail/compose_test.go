package mail

import (
	"bytes"
	"html/template"
	"io"
	"maps"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	netmail "net/mail"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"
)

// parsed is a mail as a reader sees it.
type parsed struct {
	header     netmail.Header
	text, html string
}

// parse parses a mail and checks the rules for every mail: the headers that were
// written and no others, two parts, short lines.
func parse(t *testing.T, data []byte) (p parsed) {
	t.Helper()
	for line := range bytes.SplitSeq(data, []byte("\r\n")) {
		if len(line) > 998 || bytes.ContainsAny(line, "\r\n\x00") { // RFC 5322 section 2.1.1
			t.Fatalf("a line of %d bytes: %q", len(line), line)
		}
	}
	msg, err := netmail.ReadMessage(bytes.NewReader(data))
	if err != nil {
		t.Fatalf("%v in\n%s", err, data)
	}
	p.header = msg.Header
	names := slices.Sorted(maps.Keys(msg.Header))
	if want := []string{"Auto-Submitted", "Content-Type", "Date", "From", "Message-Id", "Mime-Version", "Subject", "To"}; !slices.Equal(names, want) {
		t.Fatalf("headers %v in\n%s", names, data)
	}
	for name, values := range msg.Header {
		if len(values) != 1 {
			t.Fatalf("%s: %q", name, values)
		}
	}
	kind, params, err := mime.ParseMediaType(msg.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/alternative" {
		t.Fatalf("%s, %v", kind, err)
	}
	parts := multipart.NewReader(msg.Body, params["boundary"])
	p.text = part(t, parts, "text/plain; charset=UTF-8")
	p.html = part(t, parts, "text/html; charset=UTF-8")
	if _, err := parts.NextRawPart(); err != io.EOF {
		t.Fatalf("behind two parts: %v", err)
	}
	return p
}

func part(t *testing.T, parts *multipart.Reader, kind string) string {
	t.Helper()
	raw, err := parts.NextRawPart()
	if err != nil {
		t.Fatal(err)
	}
	if raw.Header.Get("Content-Type") != kind || raw.Header.Get("Content-Transfer-Encoding") != "quoted-printable" || len(raw.Header) != 2 {
		t.Fatalf("a part with %v, want %s", raw.Header, kind)
	}
	body, err := io.ReadAll(quotedprintable.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

// spell returns the bytes of a message from a sender with the name.
func spell(t *testing.T, name string, m Message) parsed {
	t.Helper()
	from, err := parseFrom((&netmail.Address{Name: name, Address: "crm@acme.com"}).String())
	if err != nil {
		t.Skipf("no sender: %v", err)
	}
	page, err := template.New("layout").Parse(layout)
	if err != nil {
		t.Fatal(err)
	}
	msg, err := (&Sender{from: from, layout: page}).compose(&job{Message: m, id: "x@acme.com", at: time.Now().UTC()})
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if _, err := msg.WriteTo(&b); err != nil {
		t.Fatal(err)
	}
	return parse(t, b.Bytes())
}

func TestParts(t *testing.T) {
	p := spell(t, "Acme CRM", hello())
	if want := "Here is your code.\r\n\r\n482913\r\n\r\nIt works for ten minutes.\r\n"; p.text != want {
		t.Errorf("text:\n%q, want\n%q", p.text, want)
	}
	at := 0
	for _, want := range []string{"<!doctype html>", "<title>Your code</title>", ">Here is your code.</p>", "font-size:32px", ">482913</p>", ">It works for ten minutes.</p>", "</html>"} {
		i := strings.Index(p.html[at:], want)
		if i < 0 {
			t.Fatalf("no %q in its place in\n%s", want, p.html)
		}
		at += i
	}
	for _, never := range []string{"<a", "<img", "<script", "<link", "<style", "http:", "https:", "url("} {
		if strings.Contains(p.html, never) {
			t.Errorf("the HTML holds %s:\n%s", never, p.html)
		}
	}
	for name, want := range map[string]string{"Auto-Submitted": "auto-generated", "Subject": "Your code", "Mime-Version": "1.0", "Message-Id": "<x@acme.com>"} {
		if got := p.header.Get(name); got != want {
			t.Errorf("%s: %q", name, got)
		}
	}
	if date, err := p.header.Date(); err != nil || time.Since(date) > time.Minute {
		t.Errorf("Date: %v, %v", date, err)
	}
}

func TestTextPart(t *testing.T) {
	long := strings.Repeat("word ", 400) + "end"
	for _, try := range []struct {
		paragraphs []string
		code, want string
	}{
		{nil, "", "\n"},
		{nil, "1", "1\n"},
		{[]string{"a"}, "1", "a\n\n1\n"},
		{[]string{"", " \r\n", "a", "\x00", "b", "c"}, "1", "a\n\n1\n\nb\n\nc\n"},
		{[]string{"a\nb\tc\u2028d\u0085e"}, "1\n2", "a b c d e\n\n1 2\n"},
		{[]string{"a\u202eb\u2066c\u200dd"}, "", "abc\u200dd\n"},
		{[]string{"bad \xff"}, "", "bad \ufffd\n"},
		{[]string{"ümläut 😀 = é"}, "", "ümläut 😀 = é\n"},
		{[]string{long, ".", "From here"}, "", long + "\n\n.\n\nFrom here\n"},
	} {
		p := spell(t, "Acme", Message{To: "jane@acme.com", Paragraphs: try.paragraphs, Code: try.code})
		if got := strings.ReplaceAll(p.text, "\r\n", "\n"); got != try.want {
			t.Errorf("%q, %q: %q, want %q", try.paragraphs, try.code, got, try.want)
		}
	}
}

func TestSubject(t *testing.T) {
	for _, try := range []struct{ subject, want string }{
		{"", ""},
		{"Code 1 for Acme", "Code 1 for Acme"},
		{"a\r\nBcc: x@y.z", "a Bcc: x@y.z"},
		{"Grüße, 日本", "Grüße, 日本"},
		{"=?utf-8?q?a=0D=0ABcc:_x?=", "= ?utf-8?q?a=0D=0ABcc:_x?="},
		{"==?", "== ?"},
		{strings.Repeat(" ", 200) + "x" + strings.Repeat(" ", 200) + "y", "x y"},
		{strings.Repeat("x", 500), strings.Repeat("x", 149) + "…"},
		{strings.Repeat("é ", 500), strings.Repeat("é ", 74) + "é…"},
	} {
		p := spell(t, "Acme", Message{To: "jane@acme.com", Subject: try.subject})
		got, err := new(mime.WordDecoder).DecodeHeader(p.header.Get("Subject"))
		if err != nil || got != try.want {
			t.Errorf("%q: %q, %v, want %q", try.subject, got, err, try.want)
		}
	}
}

// TestHostileText sends texts that look like headers, commands or markup through a real server.
func TestHostileText(t *testing.T) {
	const markup = `</p><a href="https://evil.example">x</a><script>alert(1)</script><img src=x onerror=y>{{.Code}}`
	evil := "x\r\nBcc: x@y.z\r\n\r\n" + markup + "\u202e\u2066\x00\x1b[31m\r.\r\nRCPT TO:<x@y.z>\r\n--boundary\r\n" + strings.Repeat("long", 1000) + "=?utf-8?q?=0D=0ABcc:_x?="
	r := (&relay{}).plain(t)
	o := quick("smtp://" + r.addr + "?tls=off")
	o.From = (&netmail.Address{Name: evil, Address: "crm@acme.com"}).String()
	f := open(t, o)
	f.want(f.deliver(Message{To: "jane@acme.com", Subject: evil, Paragraphs: []string{evil, evil}, Code: evil}), Stats{Sent: 1})
	mails := r.taken()
	if len(mails) != 1 || len(mails[0].to) != 1 || mails[0].to[0] != "jane@acme.com" || mails[0].from != "crm@acme.com" {
		t.Fatalf("envelopes: %+v", mails)
	}
	p := parse(t, mails[0].data)
	safe(t, p, spell(t, "Acme", hello()))
	if strings.Count(p.text, markup) != 3 {
		t.Errorf("the text part does not show the text as it is:\n%s", p.text)
	}
}

// safe checks that a mail has one sender, one recipient, and no markup beyond
// that of a harmless mail of the same shape.
func safe(t *testing.T, p, harmless parsed) {
	t.Helper()
	for _, name := range []string{"From", "To"} {
		list, err := p.header.AddressList(name)
		if err != nil || len(list) != 1 {
			t.Fatalf("%s: %q, %v", name, p.header.Get(name), err)
		}
		if strings.ContainsFunc(list[0].Name, unseen) {
			t.Errorf("%s shows %q", name, list[0].Name)
		}
	}
	subject, err := new(mime.WordDecoder).DecodeHeader(p.header.Get("Subject"))
	if err != nil || strings.ContainsFunc(subject, unseen) {
		t.Errorf("Subject shows %q, %v", subject, err)
	}
	if got, want := strings.Count(p.html, "<"), strings.Count(harmless.html, "<"); got != want || strings.Count(p.html, ">") != want {
		t.Errorf("%d tags, want %d:\n%s", got, want, p.html)
	}
	if strings.ContainsFunc(strings.NewReplacer("\r\n", "").Replace(p.text+p.html), unseen) {
		t.Errorf("unseen characters in\n%q\n%q", p.text, p.html)
	}
}

// unseen reports whether a character must not be in the text of a mail.
func unseen(r rune) bool {
	return unicode.IsControl(r) || r >= '\u202a' && r <= '\u202e' || r >= '\u2066' && r <= '\u2069'
}

func FuzzMessage(f *testing.F) {
	f.Add("Acme CRM", "jane@acme.com", "Your code", "Here it is.", "482913")
	f.Add("a\r\nBcc: x@y.z", "jürgen@acme.com", "=?utf-8?q?=0D=0ABcc:_x?=", "<a href=x>\x00\u202e", "</p>")
	f.Add("\"<x@y.z>, ", "a,b@x.com", "\xff\r \n \n", strings.Repeat("x", 2000), ".\r\nQUIT\r\n")
	f.Add(strings.Repeat("ü ", 300), "a@"+strings.Repeat("x", 63)+".com", strings.Repeat("= ", 300), "--b", "\u2028")
	f.Fuzz(func(t *testing.T, name, to, subject, paragraph, code string) {
		if !bare(to) {
			to = "jane@acme.com"
		}
		m := Message{To: to, Subject: subject, Paragraphs: []string{paragraph, subject, code}, Code: code}
		p := spell(t, name, m)
		harmless := Message{To: to}
		for _, text := range m.Paragraphs {
			if line(text) != "" {
				harmless.Paragraphs = append(harmless.Paragraphs, "x")
			}
		}
		if line(code) != "" {
			harmless.Code = "1"
		}
		safe(t, p, spell(t, "Acme", harmless))
		if list, err := p.header.AddressList("To"); err != nil || list[0].Address != to || list[0].Name != "" {
			t.Errorf("To: %q is %v, %v", to, list, err)
		}
	})
}

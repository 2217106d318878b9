package norm

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"
)

func TestReadMailbox(t *testing.T) {
	for text, want := range map[string]Mailbox{
		"mara@acme.com":                                {"", "mara@acme.com"},
		" <mara@acme.com> ":                            {"", "mara@acme.com"},
		"Mara Lind <mara@acme.com>":                    {"Mara Lind", "mara@acme.com"},
		"Mara Lind<Mara@Acme.com>":                     {"Mara Lind", "Mara@Acme.com"},
		`"Lind, Mara" <mara@acme.com>`:                 {"Lind, Mara", "mara@acme.com"},
		`Lind, Mara <mara@acme.com>`:                   {"Lind, Mara", "mara@acme.com"},
		`"Mara \"Mia\" Lind" < mara@acme.com >`:        {`Mara "Mia" Lind`, "mara@acme.com"},
		"'Mara Lind' <mara@acme.com>":                  {"Mara Lind", "mara@acme.com"},
		"'mara@acme.com' <MARA@acme.com>":              {"", "MARA@acme.com"},
		"Mara Lind <mailto:mara@acme.com>":             {"Mara Lind", "mara@acme.com"},
		"mara@acme.com (Mara  Lind)":                   {"Mara Lind", "mara@acme.com"},
		"Mara (Acme) <mara@acme.com>":                  {"Mara (Acme)", "mara@acme.com"},
		"=?UTF-8?Q?J=C3=BCrgen_M=C3=BCller?= <j@a.de>": {"Jürgen Müller", "j@a.de"},
		"=?x-none?Q?J?= <j@a.de>":                      {"=?x-none?Q?J?=", "j@a.de"},
		"O'Hara <o'hara@acme.com>":                     {"O'Hara", "o'hara@acme.com"},
		"Mara <at home>":                               {"", "Mara <at home>"},
		"(Mara)":                                       {"", "(Mara)"},
		"<":                                            {"", "<"},
		"":                                             {"", ""},
	} {
		if got := ReadMailbox(text); got != want {
			t.Errorf("%q is %q, want %q", text, got, want)
		}
	}
}

func TestSplitMailboxes(t *testing.T) {
	for text, want := range map[string][]string{
		"a@x.com, b@x.com;c@x.com\nd@x.com":            {"a@x.com", "b@x.com", "c@x.com", "d@x.com"},
		`"Lind, Mara" <m@x.com>, Bo <b@x.com>`:         {`"Lind, Mara" <m@x.com>`, "Bo <b@x.com>"},
		"Lind, Mara <m@x.com>; Kim, Bo, Dr. <b@x.com>": {"Lind, Mara <m@x.com>", "Kim, Bo, Dr. <b@x.com>"},
		"a@x.com, Lind, Mara <m@x.com>":                {"a@x.com", "Lind, Mara <m@x.com>"},
		"m@x.com (Lind, Mara), b@x.com":                {"m@x.com (Lind, Mara)", "b@x.com"},
		"none; Mara <m@x.com>":                         {"none", "Mara <m@x.com>"},
		"n/a, a@x.com":                                 {"n/a", "a@x.com"},
		`5" pipe, a@x.com`:                             {`5" pipe`, "a@x.com"},
		`"a\", b" <a@x.com>`:                           {`"a\", b" <a@x.com>`},
		"<a@x.com, b@x.com":                            {"<a@x.com", "b@x.com"},
		" ,; ":                                         nil,
	} {
		if got := SplitMailboxes(text); !slices.Equal(got, want) {
			t.Errorf("%q is %q, want %q", text, got, want)
		}
	}
}

// TestMailboxesOfAnyNames writes random names beside addresses and reads them back.
func TestMailboxesOfAnyNames(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Log("seed", seed)
	rnd := rand.New(rand.NewPCG(seed, 1))
	letters := []string{"a", "B", "é", "太", ",", ";", "<", ">", "(", ")", `"`, `\`, "@", ".", " "}
	for range 5_000 {
		var want []Mailbox
		var parts []string
		for range 1 + rnd.IntN(4) {
			box := Mailbox{"N", string(rune('a'+rnd.IntN(26))) + "@x.com"}
			for range rnd.IntN(8) {
				box.Name += letters[rnd.IntN(len(letters))]
			}
			box.Name = strings.Join(strings.Fields(box.Name), " ")
			want = append(want, box)
			parts = append(parts, `"`+strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(box.Name)+`" <`+box.Address+">")
		}
		text := strings.Join(parts, []string{", ", "; ", ",\n"}[rnd.IntN(3)])
		var got []Mailbox
		for _, part := range SplitMailboxes(text) {
			got = append(got, ReadMailbox(part))
		}
		if !slices.Equal(got, want) {
			t.Fatalf("%q is read as %q, want %q", text, got, want)
		}
	}
}

// TestMailboxesTakeLinearTime splits long texts of openers that are not closed.
func TestMailboxesTakeLinearTime(t *testing.T) {
	for _, unit := range []string{"<", `"`, "(", `"<(`, `\"`, ",a", "a<,", "a>,", "@<"} {
		start := time.Now()
		SplitMailboxes(strings.Repeat(unit, 1<<20/len(unit)))
		if took := time.Since(start); took > 2*time.Second {
			t.Errorf("%q takes %v", unit, took)
		}
	}
}

func FuzzMailboxes(f *testing.F) {
	for _, seed := range []string{`"Lind, Mara" <m@x.com>; b@x.com`, "m@x.com (Mara)", "=?UTF-8?Q?=C3?= <a@x.com>", `"\`, "<a@x.com>,>"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if !utf8.ValidString(text) {
			return
		}
		without := func(r rune) bool { return unicode.IsSpace(r) || r == ',' || r == ';' }
		list := SplitMailboxes(text)
		if !slices.Equal(strings.FieldsFunc(strings.Join(list, " "), without), strings.FieldsFunc(text, without)) {
			t.Fatalf("%q is split into %q", text, list)
		}
		for _, part := range list {
			box := ReadMailbox(part)
			if _, ok := Email(box.Address); !ok && box.Name != "" || !utf8.ValidString(box.Name) {
				t.Fatalf("%q is read as %q", part, box)
			}
		}
	})
}

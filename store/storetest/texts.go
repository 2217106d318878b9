package storetest

import (
	"fmt"
	"math/rand/v2"
	"net/url"
	"slices"
	"strings"

	"crmkit/crm"
	"crmkit/crm/fieldtype"
	"crmkit/crm/norm"
	"crmkit/store"
	"crmkit/store/account"
)

// textPieces are parts of the texts that testTexts stores and looks for: spellings of the same
// names, letters of several scripts, and characters that are special in SQL or JSON.
var textPieces = []string{"Jürgen", "jurgen", "O’Reilly", "O'Reilly", "o`reilly", "Jean‑Pierre", "jean-pierre", "山田 太郎", "山田太郎", "山田", "タナベ", "ﾀﾅﾍﾞ",
	"Straße", "STRASSE", "ß", "Ærø", "ﬁn", "Ａ1", "10%", "b_b", `c\d`, `"q"`, "“q”", "[x]", "İx", "xn--kse-qla", "käse", "a", "E"}

var (
	textNames = []string{"ann", "jürgen", "o`neil", "x.y", "山田", "j\u00f8rn", "a+b"}
	textHosts = []string{"käse.example", "xn--kse-qla.example", "acme.com", "日本.example", "straße.example", "sub.käse.example"}
)

// textTest stores random texts in records of every kind and in rows of the views.
type textTest struct {
	*fixture
	actor  crm.Actor
	random *rand.Rand
	made   map[string][]crm.Record // by kind
}

// testTexts compares the filters like: on every field with text, and eq: on free text, with a test
// of each record in Go.
func testTexts(f *fixture) {
	seed := rand.Uint64()
	f.t.Logf("seed %d", seed)
	p := &textTest{fixture: f, random: rand.New(rand.NewPCG(seed, 0)), made: map[string][]crm.Record{}}
	p.actor = f.member(p.address())
	p.actor.Role = crm.RoleAdmin
	p.accounts()
	for range 20 {
		for _, e := range f.Schema.Records() {
			p.make(e)
		}
	}
	for _, e := range f.Schema.Entities {
		p.compare(e)
	}
}

// pick returns one of the texts.
func (p *textTest) pick(list []string) string { return list[p.random.IntN(len(list))] }

// text returns a text of one to three pieces in its stored form.
func (p *textTest) text() string {
	text := p.pick(textPieces)
	for range p.random.IntN(3) {
		text += p.pick([]string{"", " ", "  ", "\n", ", ", "\u00a0"}) + p.pick(textPieces)
	}
	clean, _ := norm.Clean(text)
	return clean
}

// address returns an e-mail address in its stored form, and host a domain.
func (p *textTest) address() string {
	address, ok := norm.Email(p.pick(textNames) + p.pick([]string{"", "", fmt.Sprint(p.random.IntN(100))}) + "@" + p.pick(textHosts))
	if !ok {
		p.t.Fatal("an address of the test is not valid")
	}
	return address
}

func (p *textTest) host() string {
	host, ok := norm.Host(p.pick([]string{"", fmt.Sprintf("h%d.", p.random.IntN(100))}) + p.pick(textHosts))
	if !ok {
		p.t.Fatal("a domain of the test is not valid")
	}
	return host
}

// several returns up to three different texts without commas.
func (p *textTest) several(one func() string) (list []string) {
	for range 1 + p.random.IntN(3) {
		if text := strings.ReplaceAll(one(), ",", ""); !slices.Contains(list, text) {
			list = append(list, text)
		}
	}
	return list
}

// value returns a random value for a field as a draft takes it, nil for none.
func (p *textTest) value(field *crm.Field) any {
	switch field.Type {
	case fieldtype.Text, fieldtype.Word:
		return p.text()
	case fieldtype.Email:
		return p.address()
	case fieldtype.Domain:
		return p.host()
	case fieldtype.Phone:
		return p.pick([]string{"+49 (0)30 12345", "030/12345", "+1 415 555 0100 ext. 3"})
	case fieldtype.Currency:
		return p.pick([]string{"EUR", "USD", "JPY"})
	case fieldtype.Choice:
		return p.pick(field.Choices.Values)
	case fieldtype.Emails:
		return p.several(p.address)
	case fieldtype.Domains:
		return p.several(p.host)
	case fieldtype.Phones:
		return p.several(func() string { return p.pick([]string{"+49 40 777", "089 1", "0049 30 12345"}) })
	case fieldtype.ExternalIDs:
		return p.several(func() string { return "hubspot:" + p.text() + fmt.Sprint(p.random.IntN(1000)) })
	case fieldtype.Tags:
		return p.several(p.text)
	case fieldtype.Reference:
		if records := p.made[field.Ref]; len(records) > 0 {
			return records[p.random.IntN(len(records))]
		}
	}
	return nil
}

// make saves a record with random values, now and then from another address. It does nothing if the
// values break a rule, such as that a key is unique.
func (p *textTest) make(e *crm.Entity) {
	var pairs []any
	for i := range e.Fields {
		field := &e.Fields[i]
		if field.ReadOnly || !field.Required && p.random.IntN(3) == 0 {
			continue
		}
		if v := p.value(field); v != nil {
			pairs = append(pairs, field.Name, v)
		}
	}
	actor := p.actor
	actor.Addr = p.pick([]string{"10.0.0.1", "FE80::1%Ethernet Ü", "fe80::1"})
	if out, err := p.trySave(actor, p.draft(e.Name, pairs...)); err == nil {
		p.made[e.Name] = append(p.made[e.Name], out.After)
	}
}

// accounts makes members, invites, tokens and workspaces with random texts.
func (p *textTest) accounts() {
	for range 20 { // of which two at least are of different people
		_ = p.Write(p.t.Context(), p.actor, func(tx *store.Tx) error { // it fails for the address of a member
			_, err := account.Invite(tx, p.address(), p.pick(crm.Roles()))
			return err
		})
	}
	for range 4 {
		p.write(p.actor, func(tx *store.Tx) error {
			at := account.Workspace{Number: p.actor.Workspace, ID: p.actor.WorkspaceID}
			_, err := account.CreateToken(tx, at, account.Token{Hash: fmt.Sprint(p.random.Uint64()), Name: p.text(), Scope: p.pick(crm.Scopes()), Origin: crm.OriginCode})
			return err
		})
		p.write(p.actor, func(tx *store.Tx) error {
			_, err := account.CreateWorkspace(tx, p.draft("workspace", "name", p.text(), "time_zone", p.pick([]string{"Europe/Berlin", "UTC"}), "country", p.pick([]string{"DE", "US"})))
			return err
		})
		p.write(p.actor, func(tx *store.Tx) error { return tx.Log("step_up.fail", p.address(), "action", "invite.admin") })
	}
	p.write(p.actor, func(tx *store.Tx) error {
		_, err := account.UpdateWorkspace(tx, p.draft("workspace", "name", p.text(), "time_zone", "America/New_York", "country", "FR"))
		return err
	})
}

// compare compares the filters of a kind with its records.
func (p *textTest) compare(e *crm.Entity) {
	if e.IsDefinition() { // their values follow rules, so the program makes none
		return
	}
	all := p.list(p.actor, e.Name, "limit=500").Records
	if len(all) < 2 {
		p.t.Fatalf("only %d %s", len(all), e.Plural)
	}
	for i := range e.Fields {
		field := &e.Fields[i]
		how := field.Type.Comparison()
		if !how.Parts || how.By == crm.ByMember {
			continue
		}
		for range 6 {
			of := all[p.random.IntN(len(all))]
			part := p.part(field, p.pick(append(textsOf(of, field.Name), p.text())))
			p.compareFilter(e, field.Name+"=like:"+url.QueryEscape(part), all, func(rec crm.Record) bool { return hasPart(rec, field, part) })
			if text := p.respelled(of.Value(field.Name).Text); field.Type == fieldtype.Text && !field.Indexed && text != "" {
				p.compareFilter(e, field.Name+"=eq:"+url.QueryEscape(text), all, func(rec crm.Record) bool { return isSpelled(rec.Value(field.Name).Text, text) })
			}
		}
	}
}

// compareFilter compares a list with the records that it should have.
func (p *textTest) compareFilter(e *crm.Entity, filter string, all []crm.Record, matches func(crm.Record) bool) {
	var want []string
	for _, rec := range all {
		if matches(rec) {
			want = append(want, rec.ID)
		}
	}
	if got := p.walk(p.actor, e.Name, filter+"&limit=500"); !slices.Equal(got, want) {
		text, _ := url.QueryUnescape(filter)
		p.t.Errorf("%s?%q has %v, want %v", e.Plural, text, got, want)
	}
}

// part returns a part of a text that a filter of the field takes, in another case.
func (p *textTest) part(field *crm.Field, text string) string {
	letters := []rune(text)
	from := p.random.IntN(max(1, len(letters)))
	part := string(letters[from : from+p.random.IntN(len(letters)-from)+1])
	if p.random.IntN(2) == 0 {
		part = strings.ToUpper(part)
	}
	if part = strings.TrimSpace(part); field.Type.Comparison().By == crm.ByDigits && norm.Phone(part) == "" {
		return "30"
	}
	if part == "" {
		return "a"
	}
	return part
}

// respelled returns a text with other marks and blanks, or in another case.
func (p *textTest) respelled(text string) string {
	switch p.random.IntN(4) {
	case 0:
		return strings.ToUpper(text)
	case 1:
		return strings.NewReplacer("'", "’", "’", "'", "“", `"`, "-", "‐", "\n", " ", "山田", "山 田").Replace(text)
	}
	return text
}

// textsOf returns the texts of a field, those of a list in their order.
func textsOf(rec crm.Record, name string) []string {
	if v := rec.Value(name); v.Kind == crm.TextKind {
		return []string{v.Text}
	}
	return rec.Value(name).List()
}

// isSpelled reports whether a text is another one, but for kinds of apostrophe, hyphen and blank.
func isSpelled(text, other string) bool {
	return text != "" && norm.Fold(text) == norm.Fold(other) && norm.Plain(text) == norm.Plain(other)
}

// hasPart reports whether a field, or its list of further values, has a part.
func hasPart(rec crm.Record, field *crm.Field, part string) bool {
	texts := textsOf(rec, field.Name)
	if field.Others != "" {
		texts = append(slices.Clone(texts), textsOf(rec, field.Others)...)
	}
	return slices.ContainsFunc(texts, func(text string) bool {
		switch field.Type {
		case fieldtype.Phone, fieldtype.Phones:
			return slices.ContainsFunc(norm.PhoneParts("", part), func(digits string) bool { return strings.Contains(norm.Phone(text), digits) })
		case fieldtype.Email, fieldtype.Emails:
			return strings.Contains(norm.FoldHosts(text), norm.Fold(strings.ReplaceAll(part, " ", "+"))) // no address has a blank
		case fieldtype.Domain, fieldtype.Domains, fieldtype.ExternalIDs:
			return strings.Contains(norm.FoldHosts(text), norm.Fold(part))
		}
		return strings.Contains(norm.Fold(text), norm.Fold(part))
	})
}

package server_test

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"crmkit/store/storetest/kit"
)

// marked makes a person whose values are all long random words, each of which must be gone after a purge.
type marked struct {
	*rig
	rng   *rand.Rand
	marks []string // as they are written, in lower case
}

// mark returns a new random word.
func (m *marked) mark() string {
	b := make([]byte, 24)
	for i := range b {
		b[i] = "abcdefghijklmnopqrstuvwxyz"[m.rng.IntN(26)]
	}
	m.marks = append(m.marks, string(b))
	return string(b)
}

// digits returns a new random telephone number.
func (m *marked) digits() string {
	number := fmt.Sprintf("49%011d", m.rng.Int64N(100_000_000_000))
	m.marks = append(m.marks, number)
	return "+" + number
}

// person returns the body of a contact with a mark in every field that takes a text.
func (m *marked) person() map[string]any {
	return map[string]any{"name": m.mark() + " " + m.mark(), "email": m.mark() + "@" + m.mark() + ".example", "phone": m.digits(), "title": m.mark(), "address": map[string]any{"street": m.mark()},
		"stage": m.mark(), "owner": m.mark(), "notes": strings.Repeat(m.mark()+" ", 200), "tags": []string{m.mark(), m.mark()}, "custom": map[string]any{m.mark(): m.mark(), "z": strings.Repeat(m.mark(), 30), "a": m.mark()},
		"other_emails": []string{m.mark() + "@x.example"}, "other_phones": []string{m.digits()}, "external_ids": []string{"hubspot:" + m.mark()}, "follow_up_at": "2026-07-01", "follow_up_note": m.mark()}
}

func (m *marked) send(status int, method, path string, body any, header ...string) string {
	m.t.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		m.t.Fatal(err)
	}
	return m.want(status, method, path, string(text), append(header, "Accept", "application/json")...)
}

func (m *marked) made(path string, body any, header ...string) string {
	m.t.Helper()
	var made struct{ ID string }
	if err := json.Unmarshal([]byte(m.send(201, "POST", path, body, header...)), &made); err != nil {
		m.t.Fatal(err)
	}
	return made.ID
}

// lives has the person live: every kind of write leaves something somewhere.
func (m *marked) lives(c, other string) {
	email := m.mark() + "@late.example"
	for range 3 {
		body := m.person()
		body["email"] = email
		m.send(200, "PATCH", "/contacts/"+c, body, "Idempotency-Key", "k"+m.marks[len(m.marks)-1][:8])
		m.noise()
	}
	act := m.made("/contacts/"+c+"/activities", map[string]any{"kind": "note", "body": strings.Repeat(m.mark(), 60)})
	m.send(200, "PATCH", "/activities/"+act, map[string]any{"body": m.mark()})
	gone := m.made("/contacts/"+c+"/activities", map[string]any{"kind": "call", "body": m.mark()})
	token := m.json(409, "DELETE", "/activities/"+gone, "")["confirm"].(string)
	m.want(200, "DELETE", "/activities/"+gone+"?confirm="+token, "")
	camp := m.made("/campaigns", map[string]any{"name": "spring"})
	m.send(201, "POST", "/campaigns/"+camp+"/members", map[string]any{"contact_id": c, "reason": m.mark()})
	m.send(200, "POST", "/batch", []any{map[string]any{"method": "PATCH", "path": "/contacts/" + c, "body": map[string]any{"title": m.mark()}}}, "Idempotency-Key", "batch")
	m.send(200, "PATCH", "/contacts/"+c+"?dry_run=1", map[string]any{"notes": m.mark()})
	m.want(200, "PATCH", "/contacts?email="+email+"&dry_run=1", `{"stage":"lead"}`)
	m.want(200, "POST", "/import/contacts?dry_run=1&source=pipe", "id,Name,E-mail\n1,"+m.mark()+","+m.mark()+"@x.example\n")
	m.want(200, "POST", "/import/contacts?source=pipe", "id,Name,E-mail,Notes\n"+m.mark()+","+m.mark()+","+email+","+m.mark()+"\n")
	m.want(200, "GET", "/search?q="+m.marks[0][:20], "")
	m.want(200, "GET", "/contacts?search="+m.marks[1][:12]+"q", "")
	m.send(200, "POST", "/duplicates/dismiss", map[string]any{"pair": []string{c, other}})
	m.merges(c, other)
}

// noise changes other records, so that pages are split and joined between the writes about the person.
func (m *marked) noise() {
	for range 60 {
		m.send(200, "PATCH", "/contacts/"+m.id("contact", 2+m.rng.Int64N(300)), map[string]any{"notes": strings.Repeat("noise ", m.rng.IntN(400)), "title": strings.Repeat("t", 1+m.rng.IntN(90))})
	}
}

// merges merges another record into the person, and the person into another one and back.
func (m *marked) merges(c, other string) {
	double := m.made("/contacts", m.person())
	m.send(201, "POST", "/contacts/"+double+"/activities", map[string]any{"kind": "note", "body": m.mark()})
	if a := m.confirmed("/contacts/"+c+"/merge", `{"from":["`+double+`"]}`); a.status != 200 {
		m.t.Fatal(a)
	}
	if a := m.confirmed("/contacts/"+other+"/merge", `{"from":["`+c+`"]}`); a.status != 200 {
		m.t.Fatal(a)
	}
	m.noise()
	undo := `{"record":"` + c + `"}`
	a := m.call("POST", "/undo", undo, "Accept", "application/json")
	if a.status == 409 { // it was a part of a merge: the hint names the group
		group := a.body[strings.Index(a.body, "chg_"):]
		undo = `{"change":"` + group[:strings.IndexAny(group, `\"`)] + `"}`
		a = m.confirmed("/undo", undo)
	}
	if a.status != 200 {
		m.t.Fatal(a)
	}
	m.want(200, "GET", "/contacts/"+c, "")
}

// left returns the marks that some bytes still have, in any form in which they are stored.
func (m *marked) left(content []byte) (list []string) {
	lower := bytes.ToLower(content)
	for _, mark := range m.marks {
		for _, form := range []string{mark, hex.EncodeToString([]byte(mark)), strings.ToLower(base64.StdEncoding.EncodeToString([]byte(mark)))} {
			if bytes.Contains(lower, []byte(form)) {
				list = append(list, mark)
				break
			}
		}
	}
	return list
}

// TestPurgeLeavesNoByte fills a workspace with random words about a person, purges the person, and looks for the
// words in every byte of the database and of the files beside it.
func TestPurgeLeavesNoByte(t *testing.T) {
	r := onFile(t).as("jane@acme.com")
	seed := kit.Seed(t)
	m := &marked{rig: r, rng: rand.New(rand.NewPCG(seed, 1))}
	other := m.made("/contacts", map[string]any{"name": "Other Person", "email": "other@acme.example", "notes": "hers"})
	for i := range 300 { // so that the trees have several levels
		m.made("/contacts", map[string]any{"name": fmt.Sprintf("Filler %d", i), "notes": strings.Repeat("filler ", 20+m.rng.IntN(200))})
	}
	c := m.made("/contacts", m.person(), "Idempotency-Key", "first")
	m.lives(c, other)
	m.noise()
	before := m.dumped()
	if n := len(m.left(before)); n < len(m.marks)*9/10 {
		t.Fatalf("before the purge %d of %d words are there", n, len(m.marks))
	}
	answer := r.purged("/contacts/" + c)
	if strings.Contains(answer, "by itself") {
		t.Fatalf("it takes long: %s", answer)
	}
	if left := m.left(m.dumped()); len(left) > 0 {
		t.Errorf("%d of %d words are left: %v\n%s", len(left), len(m.marks), left, m.where(left))
	}
	for _, path := range []string{"/contacts?limit=200", "/activities?limit=200", "/audit?limit=200", "/changes?since=" + m.first(), "/export", "/search?q=" + m.marks[0], "/duplicates?kind=contacts", "/contacts/" + other} {
		a := r.call("GET", path, "")
		if left := m.left([]byte(a.body)); len(left) > 0 && !strings.HasPrefix(path, "/search") {
			t.Errorf("GET %s shows %v", path, left)
		}
	}
	if used, again := fmt.Sprint(r.storageUsed()), r.column(storedHere)[0]; used != again {
		t.Errorf("the storage is %s, and the rows have %s", used, again)
	}
	if text := r.want(200, "GET", "/contacts/"+other, ""); !strings.Contains(text, "hers") {
		t.Errorf("the other person lost her notes: %s", text)
	}
}

// first returns the cursor before the first change.
func (m *marked) first() string {
	return "seq_" + strings.TrimPrefix(m.id("contact", 1), "c_")
}

// dumped returns every byte that is stored: of all files in the folder of the database, or of all tables of
// PostgreSQL.
func (m *marked) dumped() (content []byte) {
	m.t.Helper()
	if m.opts.Shared() {
		for _, table := range m.column("SELECT table_name FROM information_schema.tables WHERE table_schema = current_schema() AND table_type = 'BASE TABLE'") {
			for _, row := range m.column("SELECT t::text FROM " + table + " t") {
				content = append(append(content, row...), '\n')
			}
		}
		return content
	}
	files, err := filepath.Glob(filepath.Join(filepath.Dir(m.opts.Path), "*"))
	if err != nil || len(files) == 0 {
		m.t.Fatal(files, err)
	}
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil && !strings.HasSuffix(name, ".sock") {
			m.t.Fatal(err)
		}
		content = append(content, text...)
	}
	return content
}

// where says in which tables words are.
func (m *marked) where(words []string) (text string) {
	if m.opts.Shared() {
		return ""
	}
	for _, table := range m.column("SELECT name FROM sqlite_master WHERE type = 'table'") {
		for _, column := range m.column("SELECT name FROM pragma_table_info($1)", table) {
			for _, word := range words {
				for range m.column(fmt.Sprintf(`SELECT 1 FROM %q WHERE LOWER(%q) LIKE '%%%s%%'`, table, column, word)) {
					text += table + "." + column + " " + word + "\n"
				}
			}
		}
	}
	return text
}

// storedHere is SQL that counts the storage of the first workspace again, of all that the test stores.
var storedHere = func() string {
	tables := map[string]string{"log": "id action target before after", "origins": "actor token_id addr", "runs": "name", "kept_answers": "hash request text json", "imported": "source kind id",
		"contacts":         "title address other_emails other_phones external_ids name email phone stage owner tags notes follow_up_note custom created_by updated_by",
		"activities":       "external_ids kind body on_behalf_of created_by updated_by",
		"campaigns":        "external_ids name description status custom created_by updated_by",
		"campaign_members": "external_ids reason created_by updated_by"}
	sums := []string{"(SELECT COALESCE(SUM(bytes), 0) FROM reservations WHERE workspace_id = 1)", "(SELECT COALESCE(SUM(bytes), 0) FROM kept_files WHERE workspace_id = 1)"}
	for table, columns := range tables {
		var lengths []string
		for column := range strings.FieldsSeq(columns) {
			lengths = append(lengths, "COALESCE(OCTET_LENGTH("+column+"), 0)")
		}
		sums = append(sums, "(SELECT COALESCE(SUM("+strings.Join(lengths, " + ")+"), 0) FROM "+table+" WHERE workspace_id = 1)")
	}
	return "SELECT CAST(" + strings.Join(sums, " + ") + " AS TEXT)"
}()

package storetest

import (
	"fmt"
	"net/url"
	"slices"
	"strings"

	"crmkit/crm"
	"crmkit/query"
	"crmkit/store"
	"crmkit/store/account"
)

// testLists compares filters, orders and pages with each other: a list in descending order is the
// ascending list reversed, whatever the size of its pages, and has as many records as its
// total says. The pages differ in size so that no boundary is the same in both directions.
func testLists(f *fixture) {
	ann := f.member("ann@example.com")
	for i := range 23 {
		// 7 and 23 have no common divisor: the names are all different, and not in the order of the ids.
		f.save(ann, "contact", "name", fmt.Sprintf("Contact %02d", (i*7)%23), "stage", []string{"lead", "customer"}[i%2], "tags", []string{[]string{"a", "b", "c"}[i%3]})
	}
	for _, filter := range []string{"", "stage=lead", "tags=a", "stage=customer&tags=b", "name=like:contact", "search=contact"} {
		for _, sort := range []string{"created_at", "name", "updated_at", "id"} {
			up := f.walk(ann, "contact", "limit=4&"+filter+"&sort="+sort)
			down := f.walk(ann, "contact", "limit=5&"+filter+"&sort=-"+sort)
			slices.Reverse(down)
			if page := f.list(ann, "contact", "limit=200&total=exact&"+filter); !slices.Equal(up, down) || page.Total != int64(len(up)) {
				f.t.Errorf("?%s sorted by %s is %v upwards, %v downwards, of %d", filter, sort, up, down, page.Total)
			}
		}
	}
	// The comparisons above would hold for lists that are all empty. This one is counted.
	if n := len(f.walk(ann, "contact", "stage=lead&limit=50")); n != 12 {
		f.t.Errorf("%d leads of 12", n)
	}
}

// testSearch finds records by their words, without regard to case and accents, and by the names of
// records that they refer to. After an update or a delete the old words find nothing: the text
// index follows each commit before it is answered.
func testSearch(f *fixture) {
	ann := f.member("ann@example.com")
	acme := f.save(ann, "company", "name", "Ärger & Söhne")
	jane := f.save(ann, "contact", "name", "Jane Doe", "company_id", acme)
	joe := f.save(ann, "contact", "name", "Joe Bloggs", "notes", "met jane")
	for words, want := range map[string][]string{"jane": {jane.ID, joe.ID}, "jane+doe": {jane.ID}, "arger": {jane.ID}, "nobody": nil} {
		got := f.walk(ann, "contact", "search="+words+"&sort=id")
		if slices.Sort(want); !slices.Equal(slices.Sorted(slices.Values(got)), want) {
			f.t.Errorf("%s finds %v, want %v", words, got, want)
		}
	}
	if _, err := f.tryUpdate(ann, jane, f.draft("contact", "name", "Mary")); err != nil {
		f.t.Fatal(err)
	}
	f.remove(ann, joe) // its notes had the word
	if got := f.walk(ann, "contact", "search=jane"); len(got) > 0 {
		f.t.Errorf("words that nothing has any more find %v", got)
	}
}

// testSuggestions searches for misspelled words: of a name, a tag, an address, the name of a company,
// and of notes, which are not suggested. A word that is as near as another comes first if more
// records have it. After an update or a delete the old words are not suggested.
func testSuggestions(f *fixture) {
	ann, bob := f.member("ann@example.com"), f.member("bob@example.com")
	acme := f.save(ann, "company", "name", "Kowalski Corporation", "tags", []string{"wholesale"}, "notes", "grunewald")
	jane := f.save(ann, "contact", "name", "Marie Jansen", "email", "marie@kaufmann.de", "notes", "grunewald", "company_id", acme)
	joe := f.save(ann, "contact", "name", "Maria Janson", "title", "Janson", "tags", []string{"Grün"})
	f.save(bob, "contact", "name", "Grunewald")
	f.suggests(ann, "contact", map[string]string{
		"jansxn": "[janson jansen]", "kowalksi": "[kowalski]", "marie@kaufmanm.de": "[marie@kaufmann.de]", "gruin": "[grun]", "grunevald": "[]", "wholesael": "[]",
		"ann": "[]", "janzen corporaton": "[jansen]",
	})
	f.suggests(ann, "company", map[string]string{"wholesael": "[wholesale]", "jansxn": "[]"})
	if _, err := f.tryUpdate(ann, joe, f.draft("contact", "name", "Joe", "tags", nil)); err != nil {
		f.t.Fatal(err)
	}
	f.suggests(ann, "contact", map[string]string{"jansxn": "[jansen janson]", "gruin": "[]"})
	f.remove(ann, jane)
	f.remove(ann, acme)
	f.suggests(ann, "contact", map[string]string{"jansxn": "[janson]", "kowalksi": "[]"})
}

// suggests checks what is suggested for the first word of each search; nothing if the store keeps no
// words.
func (f *fixture) suggests(actor crm.Actor, kind string, searches map[string]string) {
	f.t.Helper()
	for text, want := range searches {
		q := f.question(actor, kind, "search="+url.QueryEscape(text))
		err := f.View(f.t.Context(), actor, func(v *store.View) error {
			if support, err := v.SupportsFuzzy(q.Entity); err != nil || support != store.FuzzyReady {
				want = "[]"
			}
			got, err := v.Suggest(q.Entity, q.Terms)
			if word, _, _ := strings.Cut(text, " "); fmt.Sprint(got[word]) != want {
				f.t.Errorf("in a search of kind %s %q is suggested as %v, want %s", kind, text, got, want)
			}
			return err
		})
		if err != nil {
			f.t.Fatal(err)
		}
	}
}

// testWorkspaces checks that no call reaches a record of another workspace: not by its key, not with
// a cursor of another workspace, and not when a workspace is deleted.
func testWorkspaces(f *fixture) {
	ann, bob := f.member("ann@example.com"), f.member("bob@example.com")
	for i := range 3 {
		f.save(ann, "contact", "name", fmt.Sprint("of ann ", i))
		f.save(bob, "contact", "name", fmt.Sprint("of bob ", i))
	}
	page := f.list(ann, "contact", "limit=1")
	theirs := page.Records[0]
	_, err := f.Record(f.t.Context(), bob, theirs.Entity, theirs.Key)
	f.wantCode("reading a record of another workspace", err, crm.NotFound)
	_, err = f.tryUpdate(bob, theirs, f.draft("contact", "name", "mine"))
	f.wantCode("changing a record of another workspace", err, crm.NotFound)
	// A cursor is signed with its workspace, so it cannot be used to probe for keys elsewhere.
	cursor := f.question(ann, "contact", "limit=1").Cursor(theirs)
	if f.accepts(bob, cursor) || !f.accepts(ann, cursor) {
		f.t.Error("a cursor must serve the workspace it was made in, and no other")
	}
	// The rows of a deleted workspace go in later steps; Settle waits for them.
	f.write(ann, account.DeleteWorkspace)
	if err := f.Settle(f.t.Context()); err != nil {
		f.t.Fatal(err)
	}
	if n := f.list(bob, "contact", "").Total; n != 3 {
		f.t.Errorf("%d contacts of 3 are left in another workspace", n)
	}
}

// accepts reports whether a list of contacts in the workspace of the actor accepts a cursor.
func (f *fixture) accepts(actor crm.Actor, cursor string) bool {
	env := query.Env{Schema: f.Schema, Now: f.Now(), Workspace: actor.Workspace, Secret: f.Secret()}
	_, fault := query.Parse(f.Schema.ByName("contact"), url.Values{"cursor": {cursor}, "limit": {"1"}}, env)
	return fault == nil
}

// testAccounts invites a user, signs the user in, and removes the member. The token follows: it
// finds a session, a use of it is visible before it is written to the file, and it finds no
// session from the moment that the member is removed.
func testAccounts(f *fixture) {
	ann := f.member("ann@example.com")
	f.write(ann, func(tx *store.Tx) error {
		_, err := account.Invite(tx, "bob@example.com", crm.RoleMember)
		return err
	})
	bob := f.member("bob@example.com")
	if bob.Workspace != ann.Workspace || bob.Role != crm.RoleMember {
		f.t.Fatalf("the invited user is %+v", bob)
	}
	f.write(bob, func(tx *store.Tx) error {
		_, err := account.CreateToken(tx, account.Workspace{Number: bob.Workspace, ID: bob.WorkspaceID},
			account.Token{Hash: "hash", Name: "n", Scope: crm.ScopeFull, Origin: crm.OriginCode})
		return err
	})
	// The store sees hashes of tokens only; any text will do as one.
	session, found, err := account.FindSession(f.t.Context(), f.Store, "hash")
	if err != nil || !found || session.Actor.Email != bob.Email || session.Actor.Workspace != ann.Workspace {
		f.t.Errorf("the session is %+v, %v, %v", session, found, err)
	}
	f.MarkUsed(session.Actor)
	if later, _, _ := account.FindSession(f.t.Context(), f.Store, "hash"); later.LastUsed <= session.LastUsed {
		f.t.Errorf("the token was used at %d, and before at %d", later.LastUsed, session.LastUsed)
	}
	f.write(ann, func(tx *store.Tx) error {
		seat, _, err := account.FindMembership(tx, bob.Email)
		if err != nil {
			return err
		}
		return account.RemoveMember(tx, seat)
	})
	if _, found, err := account.FindSession(f.t.Context(), f.Store, "hash"); found || err != nil {
		f.t.Errorf("the token of a removed member: %v, %v", found, err)
	}
}

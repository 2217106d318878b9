package crm_test

import (
	"bytes"
	"math/rand/v2"
	"strings"
	"testing"

	"crmkit/crm"
	"crmkit/crm/catalog"
)

func testSchema(t testing.TB) *crm.Schema {
	t.Helper()
	s, err := catalog.Schema()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// sampleNumbers returns small numbers, the smallest and largest of every length, and large ones
// that are the same in every run.
func sampleNumbers(n int) []int64 {
	list := []int64{1, 2, 31, 32, 1023, 1024, 1025, 1<<40 - 1}
	for shift := 10; shift < 40; shift += 5 {
		list = append(list, 1<<shift-1, 1<<shift, 1<<shift+1)
	}
	random := rand.New(rand.NewPCG(1, 2))
	for len(list) < n {
		list = append(list, 1+random.Int64N(1<<(10+random.IntN(30))))
	}
	return list
}

func TestIDRoundTrip(t *testing.T) {
	for _, e := range testSchema(t).Entities {
		if e.IsView() {
			continue
		}
		for _, workspace := range []int64{1, 2, 77, 1 << 20} {
			for _, number := range sampleNumbers(500) {
				key := crm.RecordKey(workspace, number)
				id := crm.RecordID(e.Prefix, key)
				got, fault := crm.ParseID(e, workspace, id)
				if got != key || fault != crm.IDOK || crm.RecordNumber(got) != number {
					t.Fatalf("workspace %d, number %d: %s reads back as %d %q", workspace, number, id, got, fault)
				}
				if digits := len(id) - len(e.Prefix) - 1; digits < 4 || number < 1<<30 && digits > 8 {
					t.Fatalf("%s of number %d has %d characters; 4 to 8 are promised", id, number, digits)
				}
			}
		}
	}
}

func TestIDsAreUnique(t *testing.T) {
	taken := map[string]int64{}
	for _, e := range testSchema(t).Entities {
		for number := int64(1); number <= 40_000; number++ {
			id := crm.RecordID(e.Prefix, crm.RecordKey(3, number))
			if other, found := taken[id]; found {
				t.Fatalf("%s names numbers %d and %d", id, other, number)
			}
			taken[id] = number
		}
	}
}

// TestMistypedIDs replaces every character of many ids by every other one. Two
// check characters let about one wrong number in 1024 through.
func TestMistypedIDs(t *testing.T) {
	const letters = "0123456789abcdefghijklmnopqrstuvwxyz_-/ A"
	e := testSchema(t).ByName("contact")
	tried, slipped := 0, 0
	for _, number := range sampleNumbers(3000) {
		key := crm.RecordKey(5, number)
		id := crm.RecordID(e.Prefix, key)
		for i := range id {
			for _, letter := range []byte(letters) {
				if letter == id[i] {
					continue
				}
				tried++
				wrong := id[:i] + string(letter) + id[i+1:]
				got, fault := crm.ParseID(e, 5, wrong)
				if fault == crm.IDOK {
					slipped++
				}
				if got == key {
					t.Fatalf("%s and %s name the same record", id, wrong)
				}
			}
		}
	}
	if slipped*1000 > tried {
		t.Errorf("%d of %d mistyped ids were taken; at most 1 in 1000 may be", slipped, tried)
	}
	if tried < 500_000 {
		t.Errorf("only %d substitutions were tried", tried)
	}
}

func TestIDsOfOtherWorkspacesAreRefused(t *testing.T) {
	e := testSchema(t).ByName("deal")
	for away := int64(1); away <= 40; away++ {
		tried, slipped := 0, 0
		for number := int64(1); number <= 2000; number++ {
			id := crm.RecordID(e.Prefix, crm.RecordKey(9+away, number))
			tried++
			switch _, fault := crm.ParseID(e, 9, id); fault {
			case crm.IDOK:
				slipped++
			case crm.IDOtherWorkspace:
			default:
				t.Fatalf("%s of workspace %d is said to be %q", id, 9+away, fault)
			}
		}
		if slipped*20 > tried {
			t.Errorf("%d of %d ids of workspace %d pass in workspace 9", slipped, tried, 9+away)
		}
	}
}

// TestIDWithAnotherPrefixIsRefused checks that the check characters depend on the prefix.
func TestIDWithAnotherPrefixIsRefused(t *testing.T) {
	s := testSchema(t)
	slipped := 0
	for number := int64(1); number <= 20_000; number++ {
		id := crm.RecordID("d", crm.RecordKey(1, number))
		if _, fault := crm.ParseID(s.ByName("contact"), 1, id); fault != crm.IDMalformed {
			t.Fatalf("%s as a contact: %q", id, fault)
		}
		if _, fault := crm.ParseID(s.ByName("contact"), 1, "c"+id[1:]); fault == crm.IDOK {
			slipped++
		}
	}
	if slipped > 40 {
		t.Errorf("%d of 20000 deal ids are contact ids with the prefix changed", slipped)
	}
}

func TestLocate(t *testing.T) {
	s := testSchema(t)
	contact := crm.RecordID("c", crm.RecordKey(1, 7))
	company := crm.RecordID("co", crm.RecordKey(1, 7))
	wrongEnd := contact[:len(contact)-1] + "-"
	for _, test := range []struct{ text, hint string }{
		{contact, ""},
		{"contact/" + contact, ""},
		{company, company + " is a company, not a contact; its path is /companies/" + company},
		{"company/" + company, "company/" + company + " is a company, not a contact; its path is /companies/" + company},
		{"contact/" + company, "contact/" + company + " is a company, not a contact; its path is /companies/" + company},
		{"person/" + contact, "person/" + contact + " is not a handle; the handle of a contact looks like contact/c_7k3q"},
		{"contacts/" + contact, "contacts/" + contact + " is not a handle; the handle of a contact looks like contact/c_7k3q"},
		{wrongEnd, wrongEnd + " is not an id of this workspace: it is from another workspace, or its last character is wrong"},
		{"", `"" is not an id; the id of a contact looks like c_7k3q`},
		{"/", `/ is not a handle; the handle of a contact looks like contact/c_7k3q`},
		{"contact/", "contact/ is not an id; the id of a contact looks like c_7k3q"},
		{"contact/" + contact + "/activities", "contact/" + contact + "/activities is not an id; the id of a contact looks like c_7k3q"},
		{"c_", "c_ is not an id; the id of a contact looks like c_7k3q"},
		{"c_00", "c_00 is not an id; the id of a contact looks like c_7k3q"},
		{"c_0000", "c_0000 is not an id; the id of a contact looks like c_7k3q"},
		{"c_00000001", "c_00000001 is not an id; the id of a contact looks like c_7k3q"},
		{"c_zzzzzzzzzzz", "c_zzzzzzzzzzz is not an id; the id of a contact looks like c_7k3q"},
		{"C" + contact[1:], "C" + contact[1:] + " is not an id; the id of a contact looks like c_7k3q"},
		{" " + contact, `" ` + contact + `" is not an id; the id of a contact looks like c_7k3q`},
		{"c_\n# next: x", `"c_\n# next: x" is not an id; the id of a contact looks like c_7k3q`},
		{"jane@acme.com", "jane@acme.com is not an id; the id of a contact looks like c_7k3q"},
	} {
		key, hint := s.Locate(s.ByName("contact"), 1, test.text)
		if hint != test.hint || (hint == "") != (key == crm.RecordKey(1, 7)) {
			t.Errorf("%q: key %d, hint %s\nwant %s", test.text, key, hint, test.hint)
		}
	}
}

// TestLocateHandleWithWrongKind sends a contact's id after the name of another entity: the hint
// must not say that a contact is not a contact.
func TestLocateHandleWithWrongKind(t *testing.T) {
	s := testSchema(t)
	id := crm.RecordID("c", crm.RecordKey(1, 7))
	key, hint := s.Locate(s.ByName("contact"), 1, "company/"+id)
	if key != 0 || hint == "" || strings.Contains(hint, "is a contact, not a contact") {
		t.Errorf("key %d, hint %q", key, hint)
	}
}

// TestLocateNamesPathOfOtherKind checks that the path in the hint begins with the route of the
// other entity.
func TestLocateNamesPathOfOtherKind(t *testing.T) {
	s := testSchema(t)
	for _, other := range s.Entities {
		if other.Name == "contact" {
			continue
		}
		id := other.Prefix + "_0123456789"
		if !other.IsView() {
			id = crm.RecordID(other.Prefix, crm.RecordKey(1, 7))
		}
		_, hint := s.Locate(s.ByName("contact"), 1, id)
		if !strings.HasSuffix(hint, " its path is /"+other.Route()+"/"+id) {
			t.Errorf("%s: the hint names another path than /%s: %s", id, other.Route(), hint)
		}
	}
}

func TestCutHandle(t *testing.T) {
	for text, want := range map[string]string{"token/tok_1": "tok_1", "tok_1": "tok_1", "": "", "a/b/c": "b/c"} {
		if got := crm.CutHandle(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func TestRandomID(t *testing.T) {
	all := make([]byte, 10)
	seen := map[rune]bool{}
	for c := range 256 {
		all[c%10] = byte(c)
		id, err := crm.RandomID("tok", bytes.NewReader(all))
		if err != nil || len(id) != len("tok_")+10 || !strings.HasPrefix(id, "tok_") {
			t.Fatalf("%q, %v", id, err)
		}
		for _, r := range id[len("tok_"):] {
			seen[r] = true
		}
	}
	if len(seen) != 32 || seen['i'] || seen['l'] || seen['o'] || seen['u'] {
		t.Errorf("ids use %d characters: %v", len(seen), seen)
	}
	if id, err := crm.RandomID("tok", strings.NewReader("short")); err == nil {
		t.Errorf("too little randomness made %q", id)
	}
}

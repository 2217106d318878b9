package norm

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestFullName(t *testing.T) {
	for _, test := range []struct {
		parts NameParts
		want  string
	}{
		{NameParts{}, ""},
		{NameParts{Given: "Mara", Family: "Lind"}, "Mara Lind"},
		{NameParts{"Dr.", "Mara", "Ann", "Lind", "PhD"}, "Dr. Mara Ann Lind PhD"},
		{NameParts{Given: " Mara  Ann ", Family: "Lind,"}, "Mara Ann Lind"},
		{NameParts{Family: "Lind"}, "Lind"},
		{NameParts{Prefix: "Dr."}, "Dr."},
		{NameParts{Given: "太郎", Family: "山田"}, "山田太郎"},
		{NameParts{Given: "はなこ", Family: "さとう"}, "さとうはなこ"},
		{NameParts{Given: "マリア", Family: "山田"}, "山田マリア"},
		{NameParts{Given: "철수", Family: "김"}, "김철수"},
		{NameParts{Given: "明", Middle: "小", Family: "王"}, "王明小"},
		{NameParts{Prefix: "Dr.", Given: "太郎", Family: "山田", Suffix: "様"}, "Dr. 山田太郎様"},
		{NameParts{Given: "マイケル", Family: "ジャクソン"}, "ジャクソン マイケル"},
		{NameParts{Given: "マイケル・ジョン", Family: "ジャクソン"}, "ジャクソン マイケル・ジョン"},
		{NameParts{Given: "Taro", Family: "山田"}, "Taro 山田"},
		{NameParts{Given: "山田太郎"}, "山田太郎"},
		{NameParts{Given: "Андрей", Family: "Белый"}, "Андрей Белый"},
	} {
		if got := FullName(test.parts); got != test.want {
			t.Errorf("%+v: %q, want %q", test.parts, got, test.want)
		}
	}
}

func TestSameName(t *testing.T) {
	for _, test := range []struct {
		a, b string
		want bool
	}{
		{"Lind, Mara", "Mara Lind", true}, {"MARA LIND", "mara lind", true}, {"Jean-Pierre Dupont", "Dupont, Jean Pierre", true},
		{"Siobhan O’Reilly", "O'Reilly Siobhan", true}, {"Siobhan OReilly", "Siobhan O'Reilly", true}, {"J. Müller", "Muller J", true},
		{"山田太郎", "山田 太郎", true}, {"太郎 山田", "山田太郎", true}, {"山田, 太郎", "山田太郎", true}, {"山田　太郎", "太郎 山田", true},
		{"マイケル・ジャクソン", "ジャクソン マイケル", true}, {"김철수", "철수 김", true}, {"ｼﾞｬｸｿﾝ ﾏｲｹﾙ", "マイケル ジャクソン", true},
		{"कुमार", "कुमार", true},
		{"Mara Lind", "Mara Lindt", false}, {"Mara Lind", "Mara", false}, {"Mara Mara Lind", "Mara Lind Lind", false}, {"山田太郎", "山田花子", false},
		{"山田太郎", "田山太郎", false}, {"", "", false}, {"-", ",", false}, {"O'Brien", "O'Reilly", false}, {"कुमार", "कमार", false}, {"lind mara", "lindmara", false},
	} {
		if SameName(test.a, test.b) != test.want || SameName(test.b, test.a) != test.want {
			t.Errorf("%q and %q: %v, want %v", test.a, test.b, SameName(test.a, test.b), test.want)
		}
		if test.want && NameKey(test.a) != NameKey(test.b) {
			t.Errorf("%q and %q: the keys are %q and %q", test.a, test.b, NameKey(test.a), NameKey(test.b))
		}
	}
}

// TestFullNameIsTheSameName checks that the whole name has the words of its parts, in any script
// and however the parts are put together elsewhere.
func TestFullNameIsTheSameName(t *testing.T) {
	word := rapid.SampledFrom([]string{"", "Mara", "O’Reilly", "Jean‑Pierre", "太郎", "山田", "ジョン", "はな", "철수", "Ö.", "  Ann "})
	rapid.Check(t, func(t *rapid.T) {
		p := NameParts{Given: word.Draw(t, "given"), Middle: word.Draw(t, "middle"), Family: word.Draw(t, "family")}
		full, card := FullName(p), p.Family+", "+p.Given+" "+p.Middle
		if full != "" && !SameName(full, card) {
			t.Fatalf("%+v: %q is not %q", p, full, card)
		}
		if strings.TrimSpace(full) != full || strings.Contains(full, "  ") {
			t.Fatalf("%+v: %q", p, full)
		}
	})
}

func TestMayBeSame(t *testing.T) {
	for _, test := range []struct {
		a, b string
		want bool
	}{
		{"Mara Lind", "Lind, Mara", true},
		{"Mara Lind", "Mara Lind-Berg", true},
		{"Mara Lind", "Dr. Mara A. Lind", true},
		{"Mara Anna Lind", "Mara Eva Lind", true},
		{"J. Smith", "John Smith", true},
		{"Smith", "Mary Smith", true},
		{"Mr. Smith", "Mary Smith", true},
		{"山田太郎", "太郎 山田", true},
		{"Maria de Souza Lima", "Maria Souza", true},
		{"", "Mara Lind", true},
		{"Mary Smith", "John Smith", false},
		{"Mara Lind", "Mara Berg", false},
		{"J. Smith", "J. Doe", false},
		{"J. A. Smith", "J. A. Doe", false},
		{"Dr. Eve X", "Dr. Bob Y", false},
		{"Mr John Roe", "Mr Max Poe", false},
		{"Jose de Lima", "Maria de Souza", false},
		{"山田太郎", "山田花子", false},
		{"Acme Inc", "Acme Corp.", true},
		{"Acme", "Acme Germany GmbH", true},
		{"The Group", "The Group", true},
		{"Acme Inc", "Beta Inc", false},
		{"Müller GmbH", "Schmidt GmbH", false},
		{"Bank of America", "Bank of China", false},
	} {
		if MayBeSame(test.a, test.b) != test.want || MayBeSame(test.b, test.a) != test.want {
			t.Errorf("%q and %q: %v, want %v", test.a, test.b, !test.want, test.want)
		}
	}
}

func TestWithTitles(t *testing.T) {
	for name, want := range map[string]map[string]bool{
		"Smith":         {"Smith": true, "mrs. Smith": true, "mr. Smith": true},
		"Mr. Smith":     {"Smith": true, "mr. Smith": true, "dr. Smith": true, "mrs. Smith": false},
		"Frau Dr. Berg": {"Berg": true, "dr. Berg": true, "frau dr. Berg": true, "herr Berg": false},
		"Miss":          {"Miss": true, "": false},
	} {
		forms := WithTitles(name)
		for form, is := range want {
			if slices.Contains(forms, form) != is {
				t.Errorf("%q has the forms %q", name, forms)
			}
		}
	}
}

// TestNameKey checks that two names which are the same have one key, and that a name without a word
// has none.
func TestNameKey(t *testing.T) {
	word := rapid.SampledFrom([]string{"", "-", "Mara", "O’Reilly", "Jean‑Pierre", "太郎", "山田", "ジョン", "はな", "철수", "Ö.", "Ann"})
	separator := rapid.SampledFrom([]string{" ", "", ", ", "・"})
	name := rapid.Custom(func(t *rapid.T) string {
		text := ""
		for range rapid.IntRange(0, 4).Draw(t, "words") {
			text += word.Draw(t, "word") + separator.Draw(t, "separator")
		}
		return text
	})
	rapid.Check(t, func(t *rapid.T) {
		a, b := name.Draw(t, "a"), name.Draw(t, "b")
		if SameName(a, b) && NameKey(a) != NameKey(b) {
			t.Fatalf("%q and %q: the keys are %q and %q", a, b, NameKey(a), NameKey(b))
		}
		if (NameKey(a) == "") != (len(NameWords(a)) == 0) {
			t.Fatalf("%q: the key is %q", a, NameKey(a))
		}
	})
}

func TestSaysLess(t *testing.T) {
	for _, test := range []struct {
		name, than string
		want       bool
	}{
		{"Lind", "Jörg Lind", true},
		{"J. Lind", "Jörg Lind", true},
		{"Lind, J.", "Jörg Lind", true},
		{"Jörg Lind", "Dr. Jörg Lind", true},
		{"Jorg Lind", "Jörg Lind", false}, // a correction
		{"Jörg Lind", "J. Lind", false},
		{"Jörg A. Lind", "Jörg Lind", false},
		{"Lind, Jörg", "Jörg Lind", false},
		{"", "Jörg Lind", false},
	} {
		if SaysLess(test.name, test.than) != test.want {
			t.Errorf("%q says less than %q: %v", test.name, test.than, !test.want)
		}
	}
}

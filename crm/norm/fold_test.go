package norm

import (
	"strings"
	"testing"
	"unicode"

	"pgregory.net/rapid"
)

// spellings are texts that people write in several ways. The spellings of a line are equal, and
// none is equal to one of another line: they are different names and words.
var spellings = [][]string{
	{"O'Reilly", "O’Reilly", "O‘Reilly", "Oʼreilly", "O′Reilly", "O`Reilly", "O´Reilly", "O＇REILLY", "O‛Reilly"}, {"OReilly"}, {"O Reilly"},
	{"Levi's", "Levi’s", "LEVI'S"}, {"Levis"}, {"Мар'яна", "Мар’яна", "Марʼяна"}, {"צ'רלי", "צ׳רלי"}, {"Kaʻiulani", "Ka'iulani", "Ka‘iulani"},
	{"Jean-Pierre", "Jean‐Pierre", "Jean‑Pierre", "Jean‒Pierre", "Jean–Pierre", "Jean—Pierre", "Jean―Pierre", "Jean−Pierre", "Jean－Pierre", "Jean-\u00adPierre", "jean-pierre"},
	{"Jean Pierre", "Jean\u00a0Pierre", "Jean\u2009Pierre", "Jean\u202fPierre", " Jean  Pierre ", "Jean　Pierre", "Je\u00adan Pierre", "Jean \u200bPierre"}, {"Jeanpierre"},
	{`the "best"`, "the “best”", "the „best“", "the «best»", "the 〝best〟", "the ＂best＂", "the ″best″"}, {"the best"}, {"the 'best'", "the ‚best‘", "the ‹best›"},
	{"山田太郎", "山田 太郎", "山田　太郎", "山田・太郎"}, {"山田花子"}, {"田山太郎"},
	{"マイケル・ジャクソン", "マイケル ジャクソン", "ﾏｲｹﾙ･ｼﾞｬｸｿﾝ", "マイケルジャクソン", "マイケル･ジャクソン"}, {"迈克尔·杰克逊", "迈克尔 杰克逊", "迈克尔•杰克逊"},
	{"김 철수", "김철수"}, {"タナヘ"}, {"タナベ", "ﾀﾅﾍﾞ", "タナヘ\u3099"}, {"タナペ"}, {"ハハ"}, {"ババ"}, {"パパ"}, {"ヤマダ Taro"}, {"ヤマダTaro"},
	{"Straße", "STRASSE", "strasse", "Straẞe"}, {"Strase"}, {"Müller", "MÜLLER", "Mu\u0308ller", "Muller"}, {"Mueller"}, {"Samuel"}, {"Samül", "Samul"},
	{"Łódź", "Lodz", "ŁÓDŹ"}, {"Ørsted", "Orsted"}, {"Æbelø", "Aebelo", "AEBELØ"}, {"Œuvre", "oeuvre"}, {"Þór", "Thor"}, {"Đức", "Duc"}, {"Åse", "Ase"}, {"Ŧor", "Tor"},
	{"İstanbul", "istanbul", "ISTANBUL", "ıstanbul"}, {"Nguyễn", "Nguyen"}, {"São", "Sao"}, {"Μαρία", "ΜΑΡΙΑ"}, {"Σίσυφος", "ΣΊΣΥΦΟΣ"},
	{"Пётр", "Петр"}, {"Андрей", "АНДРЕЙ"}, {"Андреи"}, {"Київ"}, {"Киів"}, {"Маша"}, {"Masha"},
	{"कुमार"}, {"कमार"}, {"किमार"}, {"กิน"}, {"กน"}, {"กัน"}, {"محمد", "مُحَمَّد"}, {"علي", "علی"}, {"כלב", "כֶּלֶב"},
	{"ﬁle", "file"}, {"１２３", "123", "١٢٣", "۱۲۳", "१२३"}, {"124"}, {"Ⅷ", "viii"}, {"x…", "x..."}, {"10〜20", "10～20"}, {"10-20"},
	{"e-mail"}, {"email"}, {"e mail"}, {"AT&T"}, {"ATT"}, {"😀"}, {"😁"}, {"👨\u200d👩\u200d👧", "👨👩👧"}, {"a\ufe0f", "a", "A\u200f"}, {"col·lecció", "COL·LECCIÓ"}, {"collecció"},
}

func TestSpellings(t *testing.T) {
	lines := map[string]int{}
	for i, line := range spellings {
		for _, text := range line {
			fold := Fold(text)
			if other, known := lines[fold]; known && other != i {
				t.Errorf("%q is equal to %q: %q", text, spellings[other][0], fold)
			}
			if fold != Fold(line[0]) {
				t.Errorf("%q folds to %q, and %q to %q", line[0], Fold(line[0]), text, fold)
			}
			if again := Fold(fold); again != fold {
				t.Errorf("%q folds to %q, then to %q", text, fold, again)
			}
			lines[fold] = i
		}
	}
}

// TestPlain checks what is equal in texts that are compared as a whole.
func TestPlain(t *testing.T) {
	for _, same := range [][]string{{"Siobhan O’Reilly", "Siobhan O'Reilly", " Siobhan  O`Reilly"}, {"Jean‑Pierre", "Jean-Pierre", "Jean–Pierre"}, {"山田 太郎", "山田太郎"}, {"“x”", `"x"`},
		{"Müller", "Mu\u0308ller"}, {"Muller"}, {"müller"}, {"M²"}, {"M2"}, {"Ａ"}, {"A"}, {"ß"}, {"ss"}, {"", " ", "\u00ad"}, {"Σίσυφος"}} {
		for _, text := range same {
			if got, want := Plain(text), Plain(same[0]); got != want {
				t.Errorf("%q is plainly %q, %q is %q", text, got, same[0], want)
			}
		}
	}
	if Plain("Müller") == Plain("Muller") || Plain("Müller") == Plain("müller") || Plain("M²") == Plain("M2") || Plain("ß") == Plain("ss") {
		t.Error("different texts are equal")
	}
}

// TestFoldEveryCharacter checks that folding is stable for each character alone and between
// letters of three scripts, and never leaves a character that it replaces elsewhere.
func TestFoldEveryCharacter(t *testing.T) {
	for r := rune(0); r <= unicode.MaxRune; r++ {
		if !unicode.In(r, unicode.L, unicode.M, unicode.N, unicode.P, unicode.S, unicode.Z, unicode.Cf, unicode.Cc) || unicode.In(r, unicode.Han, unicode.Hangul) && r%61 > 0 {
			continue // not assigned, or one of very many that are alike
		}
		for _, text := range []string{string(r), "a" + string(r) + "b", "山" + string(r) + "ガ", "и" + string(r) + "각"} {
			fold := Fold(text)
			if again := Fold(fold); again != fold {
				t.Fatalf("%q folds to %q, then to %q", text, fold, again)
			}
			if plain := Plain(text); Plain(plain) != plain || Fold(plain) != fold {
				t.Fatalf("%q is plainly %q, then %q; folded %q, not %q", text, plain, Plain(plain), Fold(plain), fold)
			}
			if left := strings.IndexAny(fold, apostrophes+quotes+"\u00ad\u2011\u00a0"); left >= 0 {
				t.Fatalf("%q folds to %q", text, fold)
			}
		}
	}
}

// TestPartsFoldLikeTheWhole checks that a part of a text, cut at characters that are not marks, is
// found in the folded text. Searches depend on it.
func TestPartsFoldLikeTheWhole(t *testing.T) {
	var words []string
	for _, line := range spellings {
		words = append(words, line...)
	}
	rapid.Check(t, func(t *rapid.T) {
		before, part, after := rapid.SampledFrom(words).Draw(t, "before"), rapid.SampledFrom(words).Draw(t, "part"), rapid.SampledFrom(words).Draw(t, "after")
		whole := before + rapid.SampledFrom([]string{"", " ", ", ", "・", "-", "\u00a0"}).Draw(t, "gap") + part + " " + after
		if !strings.Contains(Fold(whole), Fold(part)) {
			t.Fatalf("%q folds to %q, without %q of %q", whole, Fold(whole), Fold(part), part)
		}
	})
}

// TestFoldIsLinear checks that long runs of the same characters take no more time than others.
func TestFoldIsLinear(t *testing.T) {
	for _, text := range []string{"·", "山 ·", "・", "\u3099", "山·a", "\u0301", "’ "} {
		if long := strings.Repeat(text, 200_000); len(Fold(long)) > 2*len(long) {
			t.Errorf("%q grows", text)
		}
	}
}

// TestLatinText checks that text of Latin letters, which is folded letter by letter, has the same
// forms as beside a character for which that is not so.
func TestLatinText(t *testing.T) {
	letters := rapid.StringOf(rapid.OneOf(rapid.SampledFrom([]rune("aZ'`\"- \t\n\v\f\r\x01\x1f09|éßøæıİŉſǅÄ")), rapid.Map(rapid.Int32Range(firstLatin, lastLatin), func(r int32) rune { return r })))
	rapid.Check(t, func(t *rapid.T) {
		text := letters.Draw(t, "text")
		if got, want := Fold(text), foldAny(text); got != want {
			t.Fatalf("%q folds to %q, with all tables to %q", text, got, want)
		}
		if got, want := Plain(text+"x")+"€", Plain(text+"x€"); got != want {
			t.Fatalf("%q is plainly %q, before a character that is no letter %q", text+"x", got, want)
		}
		if got, want := Plain(text), strings.TrimSuffix(strings.TrimSuffix(Plain(text+"x"), "x"), " "); got != want {
			t.Fatalf("%q is plainly %q, before a letter %q", text, got, want)
		}
	})
}

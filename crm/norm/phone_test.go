package norm

import (
	"os"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestPhone(t *testing.T) {
	for text, want := range map[string]string{
		"": "", "-": "", "call me": "", "0170 1234567": "01701234567", "+49 170 1234567": "+491701234567", "0049 170 1234567": "00491701234567",
		"+49 (0)170 1234567": "+491701234567", "+49 0170 1234567": "+491701234567", "0049 (0)170/1234567": "00491701234567", "49 (0) 170 1234567": "491701234567",
		"(0)170 1234567": "01701234567", "+49 ( 0 ) 170 1234567": "+491701234567", "＋４９ １７０ １２３４５６７": "+491701234567", "+٤٩ ١٧٠ ١٢٣٤٥٦٧": "+491701234567",
		"tel:+49-170-1234567": "+491701234567", "tel:+49-170-1234567;ext=12": "+491701234567", "(+49) 170 1234567": "+491701234567", "+(49) 170 1234567": "+491701234567",
		"Mobile: +49 170 1234567": "+491701234567", "A+B 0170 1234567": "01701234567", "+0049 170 1234567": "+491701234567", "+0170 1234567": "01701234567",
		"+39 (0)6 1234567": "+39061234567", "+39 06 1234567": "+39061234567", "+44 (0)20 7946 0958": "+442079460958", "+7 (8) 912 345-67-89": "+79123456789",
		"+7 812 345-67-89": "+78123456789", "+36 06 30 123 4567": "+36301234567", "+36 (06) 30 123 4567": "+36301234567", "+52 1 55 1234 5678": "+525512345678",
		"+1 (415) 555-2671": "+14155552671", "+1 1 415 555 2671": "+14155552671", "1-800-FLOWERS": "1800", "110": "110", "000": "000", "00": "00", "+": "",
		"030 1234567 ext. 12": "0301234567", "030 1234567x12": "0301234567", "030 1234567 Durchwahl 12": "0301234567", "030 1234567, DW: 12": "0301234567",
		"030 1234567 #12": "0301234567", "030-1234567 poste 3": "0301234567", "(03) 1234 5678 内線 12": "0312345678", "495 123-45-67 доб. 12": "4951234567",
		"030 1234567-12": "030123456712", "ext. 12345": "12345", "x1234567": "1234567", "12 x 34": "1234", "0011 64 9 123 4567": "00116491234567",
	} {
		got := Phone(text)
		if got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
		if again := Phone(got); again != got {
			t.Errorf("%q is %q, then %q", text, got, again)
		}
	}
}

// samePhones are spellings of one number each, by the country in which they are read.
var samePhones = map[string][][]string{
	"": {{"+49 170 1234567", "0049 170 1234567", "491701234567", "+49 (0)170 1234567"}, {"0170 1234567", "(0170) 1234567"}, {"170 1234567"}},
	"DE": {
		{"0170 1234567", "+49 170 1234567", "0049 170 1234567", "+49 (0)170 1234567", "49 170 1234567", "tel:+49-170-1234567", "0170/1234567", "+49 0170 1234567", "49 0170 1234567", "0049 (0)170 1234567", "0170 1234567 ext. 5"},
		{"0170 1234568"}, {"170 1234567"}, {"030 1234567", "+49 30 1234567"}, {"1234567"}, {"+1 415 555 2671", "001 415 555 2671", "14155552671"}, {"+43 170 1234567", "0043 170 1234567", "0043 0170 1234567"}, {"110"}, {"+49 110"}, {"4901234"},
	},
	"US": {
		{"(415) 555-2671", "+1 415 555 2671", "1-415-555-2671", "4155552671", "001 415 555 2671", "011 1 415 555 2671"}, {"555-2671"},
		{"+49 170 1234567", "011 49 170 1234567", "0049 170 1234567"}, {"0170 1234567"},
	},
	"IT": {{"06 12345678", "+39 06 12345678", "+39 (0)6 12345678", "0039 06 12345678"}, {"320 1234567", "+39 320 1234567", "39 320 1234567"}, {"6 12345678"}},
	"RU": {{"8 (912) 345-67-89", "+7 912 345 67 89", "7 912 345 67 89", "912 345-67-89", "+7 8 912 345 67 89", "8 10 7 912 345 67 89"}, {"8 812 345 67 89", "+7 812 345 67 89", "812 345 67 89"}, {"8 10 49 170 1234567", "+49 170 1234567"}},
	"HU": {{"06 30 123 4567", "+36 30 123 4567", "30 123 4567", "+36 06 30 123 4567"}},
	"AU": {{"0412 345 678", "+61 412 345 678", "412 345 678", "0011 61 412 345 678"}, {"0011 64 9 123 4567", "+64 9 123 4567", "+64 09 123 4567"}},
	"MX": {{"55 1234 5678", "+52 55 1234 5678", "+52 1 55 1234 5678", "01 55 1234 5678", "044 55 1234 5678", "52 1 55 1234 5678"}},
	"JP": {{"090-1234-5678", "+81 90 1234 5678", "010 81 90 1234 5678", "０９０－１２３４－５６７８"}},
	"FR": {{"06 12 34 56 78", "+33 6 12 34 56 78", "+33 (0)6 12 34 56 78", "6 12 34 56 78"}},
	"CN": {{"138 0013 8000", "+86 138 0013 8000", "86 13800138000"}, {"010 1234 5678", "+86 10 1234 5678"}},
	"BY": {{"8 029 123-45-67", "+375 29 123-45-67", "8029 1234567"}},
}

func TestSamePhones(t *testing.T) {
	for country, numbers := range samePhones {
		for i, number := range numbers {
			for _, text := range number {
				forms := PhoneForms(country, text)
				for j, other := range numbers {
					for _, spelled := range other {
						if is := slices.Contains(forms, Phone(spelled)); is != (i == j) {
							t.Errorf("in %q %q is %q: %v; %q", country, text, spelled, is, forms)
						}
						if i == j && !containsAny(Phone(spelled), PhoneParts(country, text)) {
							t.Errorf("in %q %q has none of the parts %q of %q", country, spelled, PhoneParts(country, text), text)
						}
					}
				}
			}
		}
	}
}

func containsAny(text string, parts []string) bool {
	return slices.ContainsFunc(parts, func(part string) bool { return strings.Contains(text, part) })
}

// TestPhonesOfAllCountries checks for numbers of every country that both spellings are equal.
func TestPhonesOfAllCountries(t *testing.T) {
	data, err := os.ReadFile("testdata/phones.txt")
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(data)), "\n")[1:]
	countries := map[string]bool{}
	for _, line := range lines {
		parts := strings.Split(line, "|")
		country, national, world := parts[0], parts[1], parts[2]
		countries[country] = true
		if !IsCountry(country) || !slices.Contains(PhoneForms(country, national), Phone(world)) || !slices.Contains(PhoneForms(country, world), Phone(national)) {
			t.Errorf("%s: %q is not %q", country, national, world)
		}
		if !containsAny(Phone(world), PhoneParts(country, national)) || !containsAny(Phone(national), PhoneParts(country, world)) {
			t.Errorf("%s: the parts of %q and %q do not find each other", country, national, world)
		}
	}
	if len(countries) != 245 || IsCountry("de") || IsCountry("UK") || IsCountry("") || IsCountry("DEU") {
		t.Errorf("%d countries", len(countries))
	}
}

func TestPhoneParts(t *testing.T) {
	for _, test := range []struct {
		country, text string
		want          []string
	}{
		{"DE", "0170", []string{"0170", "49170"}}, {"DE", "+49 170", []string{"49170", "0170"}}, {"DE", "0049170", []string{"49170", "0170"}}, {"DE", "49170", []string{"49170"}},
		{"DE", "170", []string{"170"}}, {"DE", "+49", []string{"49"}}, {"DE", "0", []string{"0"}}, {"DE", "+49 (0)170", []string{"49170", "0170"}}, {"DE", "+43 170", []string{"43170"}},
		{"", "0170", []string{"0170"}}, {"", "+49 170", []string{"49170"}}, {"", "abc", nil}, {"US", "415", []string{"415"}}, {"US", "+1 415", []string{"415"}}, {"IT", "+39 06", []string{"3906"}}, {"IT", "+39 061", []string{"061"}},
	} {
		if got := PhoneParts(test.country, test.text); !slices.Equal(got, test.want) {
			t.Errorf("%q of %q: %q, want %q", test.text, test.country, got, test.want)
		}
	}
}

// TestPhoneFormsAreComplete compares the forms of a number with their definition: a stored form
// is the same number if it is the same international number, or the digits that were written.
func TestPhoneFormsAreComplete(t *testing.T) {
	countries := []string{"", "DE", "US", "IT", "RU", "HU", "AU", "MX", "JP", "FR", "ES", "BY", "LT", "CI", "HK", "IN"}
	prefix := rapid.SampledFrom([]string{"", "+", "00", "0", "+49", "0049", "011", "0011", "8", "80", "06", "810", "1", "+1", "+39", "+7", "49", "7", "36", "52", "521", "+52", "01", "044", "010", "81", "+225", "000", "(0)"})
	digits := rapid.StringMatching(`[0-9]{0,12}`)
	number := rapid.Custom(func(t *rapid.T) string {
		return prefix.Draw(t, "prefix") + prefix.Draw(t, "inner") + digits.Draw(t, "digits")
	})
	rapid.Check(t, func(t *rapid.T) {
		country, a, b := rapid.SampledFrom(countries).Draw(t, "country"), number.Draw(t, "a"), number.Draw(t, "b")
		p, form, other := loadPlans().byCountry[country], Phone(a), Phone(b)
		if again := Phone(form); again != form {
			t.Fatalf("%q is %q, then %q", a, form, again)
		}
		if form == "" || other == "" {
			return
		}
		for _, stored := range append(PhoneForms(country, b), other) {
			world := p.world(stored)
			same := stored == form || world == p.world(form) || allDigits(form) && world == form
			if is := slices.Contains(PhoneForms(country, a), stored); is != same {
				t.Fatalf("in %q %q (%s) is %s: %v, want %v; %q", country, a, form, stored, is, same, PhoneForms(country, a))
			}
		}
		if !containsAny(form, PhoneParts(country, a)) {
			t.Fatalf("in %q %q has none of its parts %q", country, form, PhoneParts(country, a))
		}
	})
}

func FuzzPhone(f *testing.F) {
	for _, seed := range []string{"+49 (0)170 1234567", "tel:+1-415-555-2671;ext=1", "0049", "00 00", "x12", "+٤٩", "030 12 34 56 DW 12"} {
		f.Add("DE", seed)
		f.Add("", seed)
	}
	f.Fuzz(func(t *testing.T, country, text string) {
		form := Phone(text)
		if Phone(form) != form {
			t.Fatalf("%q is %q, then %q", text, form, Phone(form))
		}
		if forms := PhoneForms(country, text); form != "" && (forms[0] != form || len(forms) > 20) {
			t.Fatalf("%q has the forms %q", text, forms)
		}
		if parts := PhoneParts(country, text); form != "" && !containsAny(form, parts) {
			t.Fatalf("%q has none of the parts %q", form, parts)
		}
	})
}

package rows

import (
	"encoding/base64"
	"fmt"
	"io"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf8"

	"crmkit/crm"
	"crmkit/crm/norm"
)

// aCard returns a card of a version with some lines.
func aCard(version, lines string) string {
	return "BEGIN:VCARD\nVERSION:" + version + "\n" + lines + "\nEND:VCARD\n"
}

// cardProperties are cards of one or two properties, each in a form that a program writes.
var cardProperties = []struct{ version, lines, want string }{
	{"3.0", "FN:Mara Lind\nN:Lind;Mara;;;", `name="Mara Lind"`},
	{"3.0", "N:Lind;Mara;Ida,Eva;Dr.;PhD", `name="Dr. Mara Ida,Eva Lind PhD"`},
	{"3.0", "FN:Mara Lind\nN:Lind;Mara;;Dr.;", `name="Mara Lind" custom={"name_prefix":"Dr."}`},
	{"3.0", "N:山田;太郎;;;", `name="山田太郎"`},
	{"2.1", "N;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:=4C=69=6E=64;=4D=C3=A4=72=61;;;", `name="Mära Lind"`},
	{"2.1", "FN;ENCODING=QUOTED-PRINTABLE;CHARSET=windows-1252:M=FCller", `name="Müller"`},
	{"2.1", "FN;CHARSET=windows-1252:M\xfcller", `name="Müller"`},
	{"2.1", "N;CHARSET=SHIFT_JIS:\x8e\x52\x93\x63;\x91\xbe\x98\x59;;;\nSOUND;X-IRMC-N;CHARSET=SHIFT_JIS:\xd4\xcf\xc0\xde;\xc0\xdb\xb3;;;", `name="山田太郎" custom={"phonetic_name":"ﾔﾏﾀﾞ ﾀﾛｳ"}`},
	{"2.1", "FN:x\nNOTE;ENCODING=QUOTED-PRINTABLE:two=0D=0Alines=\n and a very =\nlong one=3B", `name="x" notes="two\nlines and a very long one;"`},
	{"2.1", "FN:x\nNOTE;QUOTED-PRINTABLE:=41\n=42", `name="x" notes="AB"`},
	{"3.0", "FN:ends with=\nNOTE:too=", `name="ends with=" notes="too="`},
	{"3.0", "FN:x\nNOTE:a long\n  line\\, \\;\\nwith\\Nbreaks and a C:\\\\dir", `name="x" notes="a long line, ;\nwith\nbreaks and a C:\\dir"`},
	{"2.1", "FN:x\nNOTE:a\\nb \\; C:\\dir\n  folded", `name="x" notes="a\\nb ; C:\\dir  folded"`},
	{"4.0", "FN:x\nEMAIL;TY\n PE=work:a@b.\n\tcc", `name="x" email="a@b.cc"`},
	{"3.0", "EMAIL;type=HOME:a@b.cc\nitem1.EMAIL;type=pref:c@d.ee\nitem1.X-ABLabel:_$!<Work>!$_\nEMAIL:A@B.cc", `email="c@d.ee" other_emails=["a@b.cc"]`},
	{"3.0", "EMAIL:a@b.cc,c@d.ee", `email="a@b.cc" other_emails=["c@d.ee"]`},
	{"4.0", "EMAIL;PREF=2:a@b.cc\nEMAIL;PREF=1:mailto:c@d.ee\nEMAIL:Jane <e@f.gg>\nEMAIL:/o=Acme/cn=Jane", `email="c@d.ee" other_emails=["a@b.cc","Jane <e@f.gg>"] custom={"email":"/o=Acme/cn=Jane"}`},
	{"2.1", "TEL;HOME;VOICE:1\nTEL;PREF;CELL:2\nTEL;WORK;FAX:3", `phone="2" other_phones=["1"] custom={"fax":"3"}`},
	{"4.0", "TEL;VALUE=uri;PREF=1;TYPE=\"voice,home\":tel:+1-555-555-5555;ext=5555\nTEL;VALUE=uri;TYPE=\"fax\":tel:+1", `phone="+1-555-555-5555 ext. 5555" custom={"fax":"+1"}`},
	{"3.0", "TEL:1\nitem1.TEL:2\nitem1.X-ABLabel:Front desk", `phone="1" other_phones=["2"] custom={"front_desk":"2"}`},
	{"3.0", "ORG:Nord\\, Oy;Sales;EMEA\nTITLE:CEO\nROLE:Boss", `title="CEO" company.name="Nord, Oy" custom={"department":"Sales, EMEA","role":"Boss"}`},
	{"3.0", "ADR;type=HOME:;;Home 1;Ulm;;;\nitem1.ADR;type=WORK;type=pref:PO 1;Floor 2;Main\\nSt 5;Köln;NRW;50667;Germany\nitem1.X-ABADR:de\nLABEL:x",
		`address={"street":"Main, St 5, Floor 2, PO 1","city":"Köln","region":"NRW","postal_code":"50667","country":"Germany"} custom={"address_2":"Home 1, Ulm"}`},
	{"2.1", "LABEL;WORK:Main St 5", `custom={"address":"Main St 5"}`},
	{"3.0", "CATEGORIES:vip,a\\,b,myContacts,vip", `tags=["vip","a,b"]`},
	{"3.0", "NOTE:a\nNOTE:b", `notes="a\n\nb"`},
	{"3.0", "URL:http\\://a.cc\nitem2.URL:https://www.linkedin.com/in/mara\nitem3.URL:http\\://t.co/m\nitem3.X-ABLabel:Twitter\nURL:b.cc", `custom={"website":"http://a.cc","linkedin":"https://www.linkedin.com/in/mara","twitter":"http://t.co/m","website_2":"b.cc"}`},
	{"3.0", "X-SOCIALPROFILE;type=pref;type=twitter;x-user=mara:http://twitter.com/mara\nX-SOCIALPROFILE;type=linkedin:x-apple:mara\nIMPP;X-SERVICE-TYPE=Skype;type=HOME:skype:mara.l\nX-JABBER:m@j.cc", `custom={"twitter":"http://twitter.com/mara","linkedin":"mara","skype":"mara.l","jabber":"m@j.cc"}`},
	{"4.0", "X-SOCIALPROFILE;TYPE=home;PREF=1:twitter:https://twitter.com/j\nIMPP:xmpp:j@x.cc", `custom={"twitter":"https://twitter.com/j","xmpp":"j@x.cc"}`},
	{"3.0", "UID:urn:uuid:AB-1\nREV:2020\nPRODID:x\nNICKNAME:Mar", `id="AB-1" custom={"nickname":"Mar"}`},
	{"3.0", "BDAY;X-APPLE-OMIT-YEAR=1604:1604-04-15\nitem1.X-ABDATE;type=pref:2010-05-01\nitem1.X-ABLabel:_$!<Anniversary>!$_\nitem2.X-ABRELATEDNAMES:Ida\nitem2.X-ABLabel:_$!<Spouse>!$_", `custom={"anniversary":"2010-05-01","birthday":"--04-15","spouse":"Ida"}`},
	{"4.0", "BDAY:19960415\nANNIVERSARY:--0501\nRELATED;TYPE=friend:Ida\nGENDER:F\nX-PHONETIC-FIRST-NAME:Ma-ra", `custom={"birthday":"1996-04-15","anniversary":"--05-01","friend":"Ida","gender":"F","phonetic_first_name":"Ma-ra"}`},
	{"2.1", "BDAY:1996-04-15T00:00:00Z\nX-ANDROID-CUSTOM:vnd.android.cursor.item/nickname;Mar;1;;;\nX-ANDROID-CUSTOM:vnd.android.cursor.item/contact_event;2010-05-01;1;;\nX-ANDROID-CUSTOM:vnd.android.cursor.item/relation;Ida;14;", `custom={"birthday":"1996-04-15","nickname":"Mar","anniversary":"2010-05-01","related":"Ida"}`},
	{"2.1", "FN:x\nAGENT:\nBEGIN:VCARD\nVERSION:2.1\nFN:Ida\nTEL:1\nEND:VCARD\nTEL:2", `name="x" phone="2" custom={"agent":"Ida"}`},
	{"3.0", "FN:x\nX-A:1\nX-A:2\nX-A:3\nX-A:2\nTITLE:y\nTITLE:z\nTITLE:w", `name="x" title="y" custom={"a":"1","a_2":"2","a_3":"3","title_2":"z","title_3":"w"}`},
	{"3.0", "FN:x\nPHOTO;VALUE=uri:http://p.cc/x.jpg\nLOGO;ENCODING=b;TYPE=PNG:AAAA\nNOTE;ENCODING=b:w7w=", `name="x" notes="ü" custom={"photo":"http://p.cc/x.jpg"}`},
	{"3.0", "fn:x\nitem.email;TYPE=\"a:b;c\":a@b.cc", `name="x" email="a@b.cc"`},
	{"3.0", "FN:\nN:;;;;\nTEL:", ""},
}

// TestCardProperties reads each of cardProperties.
func TestCardProperties(t *testing.T) {
	for _, c := range cardProperties {
		for how, in := range map[string]io.Reader{
			"line feeds": strings.NewReader(aCard(c.version, c.lines)), "both": strings.NewReader(strings.ReplaceAll(aCard(c.version, c.lines), "\n", "\r\n")),
			"by bytes": iotest.OneByteReader(strings.NewReader(aCard(c.version, c.lines))),
		} {
			list, _, err := readAll(in)
			if got := shown(list); got != c.want+"\n" || err != nil {
				t.Errorf("%s, %s: %q reads\n%s%v\nwant\n%s", how, c.version, c.lines, got, err, c.want)
			}
		}
	}
}

// TestCardFaults checks faults of one card, after which the next is read, and of the file.
func TestCardFaults(t *testing.T) {
	good := aCard("3.0", "FN:y")
	for _, c := range []struct{ file, rows, err string }{
		{aCard("3.0", "FN:x\nno property") + good, "! line 4 is not a property like FN:Jane Doe", ""},
		{aCard("3.0", "NOTE:see\nthe page http://x") + good, "! line 4 is not a property", ""},
		{aCard("3.0", "FN:M\xfcller") + good, "! line 3 is not UTF-8, and does not say with CHARSET=", ""},
		{aCard("2.1", "FN;CHARSET=x-none:M\xfcller") + good, "! line 3 cannot be read as x-none, which its CHARSET names", ""},
		{aCard("2.1", "FN;CHARSET=utf-8;ENCODING=QUOTED-PRINTABLE:=00") + good, "! line 3 cannot be read as utf-8", ""},
		{aCard("4.0", "KIND:group\nFN:Friends\nMEMBER:urn:uuid:1") + good, "! the card is a group of other cards", ""},
		{"BEGIN:VCARD\nFN:x\n" + good, "! the card that begins in line 1 has no END:VCARD before line 3", ""},
		{aCard("3.0", strings.Repeat("X-A:1\n", maxProperties+1)) + good, "! the card has more than the maximum of 2000 properties", ""},
		{good + "BEGIN:VCARD\nFN:x\n", `name="y"`, "card 2, which begins in line 5, has no END:VCARD"},
		{good + "FN:x\n" + good, `name="y"`, "line 5 is outside of a card"},
		{"BEGIN:VCARDVERSION:3.0FN:xEND:VCARD", "", "line 1 is outside of a card: each vCard begins with the line BEGIN:VCARD and ends with the line END:VCARD; with curl use --data-binary"},
		{good + "\n \n\ufeff" + good, `name="y"` + "\n" + `name="y"`, ""},
		{aCard("3.0", "NOTE:"+strings.Repeat("x", crm.MaxRow)), "", "card 1, which begins in line 1, has more than the maximum of 1048576 bytes without photos"},
		{aCard("3.0", "FN:a\x00b"), "", "line 3 has a NUL byte"},
	} {
		list, _, err := readAll(strings.NewReader(c.file))
		if got := shown(list); !strings.HasPrefix(got, c.rows) || c.err == "" && (err != nil || !strings.HasSuffix(got, "name=\"y\"\n")) || c.err != "" && (err == nil || !strings.Contains(err.Error(), c.err)) {
			t.Errorf("%.60q reads\n%.300s%v\nwant %s, %s", c.file, got, err, c.rows, c.err)
		}
	}
}

// photos returns a picture in the forms in which programs write one.
func photos(data []byte) map[string]string {
	text := base64.StdEncoding.EncodeToString(data)
	folded := func(indent string) string {
		var b strings.Builder
		for i := 0; i < len(text); i += 72 {
			b.WriteString("\r\n" + indent + text[i:min(i+72, len(text))])
		}
		return b.String()
	}
	return map[string]string{
		"3.0, folded":            "PHOTO;ENCODING=b;TYPE=JPEG:" + folded(" "),
		"3.0, one line":          "PHOTO;ENCODING=b;TYPE=image/jpeg:" + text,
		"4.0":                    "PHOTO:data:image/jpeg;base64," + folded(" "),
		"4.0, one line":          "item1.PHOTO:data:image/jpeg;base64," + text,
		"2.1, a blank line":      "PHOTO;ENCODING=BASE64;JPEG:" + folded(" ") + "\r\n",
		"2.1, without blanks":    "PHOTO;JPEG;BASE64:" + folded("") + "\r\n",
		"2.1, without any blank": "PHOTO;TYPE=JPEG;ENCODING=BASE64:" + folded(""),
		"of a program":           "X-MS-CARDPICTURE;TYPE=JPEG;ENCODING=BASE64:" + folded(" "),
	}
}

// TestPhotosTakeNoMemory reads cards with pictures of 24 MB.
func TestPhotosTakeNoMemory(t *testing.T) {
	data := make([]byte, 18<<20)
	for i := range data {
		data[i] = byte(i * 7)
	}
	for name, photo := range photos(data) {
		file := aCard("3.0", "FN:x\r\n"+photo+"\r\nTEL:1")
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		list, _, err := readAll(strings.NewReader(file))
		runtime.ReadMemStats(&after)
		if got := shown(list); got != "name=\"x\" phone=\"1\"\n" || err != nil {
			t.Errorf("%s: reads %.200s, %v", name, got, err)
		}
		if took := after.TotalAlloc - before.TotalAlloc; took > 4<<20 {
			t.Errorf("%s: a picture of %d bytes took %d", name, len(file), took)
		}
	}
}

// writtenProperty returns a property in the form of a version, folded at random places.
func writtenProperty(random *rand.Rand, version, name string, parts []string) string {
	escape := strings.NewReplacer(`\`, `\\`, ",", `\,`, ";", `\;`, "\n", `\n`)
	var written []string
	for _, part := range parts {
		if version != "2.1" {
			written = append(written, escape.Replace(part))
			continue
		}
		var b strings.Builder
		for i := range len(part) {
			fmt.Fprintf(&b, "=%02X", part[i])
			if random.IntN(5) == 0 {
				b.WriteString("=\r\n")
			}
		}
		written = append(written, strings.ReplaceAll(b.String(), "=5C", "=5C=5C")) // a backslash is an escape in this version too
	}
	value := strings.Join(written, ";")
	if version == "2.1" {
		return name + ";ENCODING=QUOTED-PRINTABLE;CHARSET=UTF-8:" + value + "\r\n"
	}
	line := name + ":" + value
	var b strings.Builder
	for i := range len(line) {
		if i > 0 && random.IntN(10) == 0 {
			b.WriteString("\r\n ")
		}
		b.WriteByte(line[i])
	}
	return b.String() + "\r\n"
}

// TestWrittenCards writes random contacts as cards of each version, and reads them.
func TestWrittenCards(t *testing.T) {
	seed := rand.Uint64()
	random := rand.New(rand.NewPCG(seed, 4))
	text := func() string {
		var b strings.Builder
		for b.Len() == 0 || random.IntN(8) > 0 {
			b.WriteString([]string{"a", "ü", "日", "x y", ",", ";", "=", ":", "\\", "\"", "1"}[random.IntN(11)])
		}
		return b.String()
	}
	for range 1500 {
		version := []string{"2.1", "3.0", "4.0"}[random.IntN(3)]
		name, title, company, unit, note := text(), text(), text(), text(), text()+"\n"+text()
		street, city, code := text(), text(), text()
		file := aCard(version, writtenProperty(random, version, "FN", []string{name})+writtenProperty(random, version, "item1.TITLE", []string{title})+
			writtenProperty(random, version, "ORG", []string{company, unit})+writtenProperty(random, version, "NOTE", []string{note})+
			writtenProperty(random, version, "ADR", []string{"", "", street, city, "", code, ""}))
		want := "name=" + norm.QuoteJSON(name) + " title=" + norm.QuoteJSON(title) + " company.name=" + norm.QuoteJSON(company) + " notes=" + norm.QuoteJSON(note) +
			" address=" + string(norm.AppendObject(nil, []crm.Member{{Name: "street", JSON: norm.QuoteJSON(street)}, {Name: "city", JSON: norm.QuoteJSON(city)}, {Name: "postal_code", JSON: norm.QuoteJSON(code)}})) +
			" custom=" + string(norm.AppendObject(nil, []crm.Member{{Name: "department", JSON: norm.QuoteJSON(unit)}})) + "\n"
		list, _, err := readAll(strings.NewReader(file))
		if got := shown(list); got != want || err != nil {
			t.Fatalf("seed %d, version %s: %q reads\n%s%v\nwant\n%s", seed, version, file, got, err, want)
		}
	}
}

// FuzzCards reads any lines as a card, and the card after it: what is wrong in one is not in the
// next, unless it ends the file.
func FuzzCards(f *testing.F) {
	for _, seed := range []string{"FN:x", "N;ENCODING=QUOTED-PRINTABLE:=\n=41;;", "PHOTO;ENCODING=b:AA\n AA", "item1.X-ABLabel:_$!<x>!$_", "AGENT:\nBEGIN:VCARD", "BDAY:--0415", "ADR:;;;;;;;;;", "IMPP:a:b", "X-ANDROID-CUSTOM:;;", "TEL;TYPE=\"a:b\n c\":1"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, lines string) {
		list, _, err := readAll(strings.NewReader(aCard("3.0", lines) + aCard("4.0", "UID:last")))
		if err != nil {
			return
		}
		if len(list) == 0 || shown(list[len(list)-1:]) != "id=\"last\"\n" && list[len(list)-1].Fault == nil {
			t.Fatalf("%q reads\n%s", lines, shown(list))
		}
		for _, r := range list {
			for _, cell := range r.Cells {
				if !utf8.ValidString(cell.JSON) || cell.JSON == `""` {
					t.Fatalf("%q has the cell %q", lines, cell)
				}
			}
		}
	})
}

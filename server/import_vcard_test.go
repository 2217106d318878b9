package server_test

import (
	"regexp"
	"strings"
	"testing"
)

// vCards are exports in the form of their program, and the contacts that they are.
var vCards = []struct{ program, file, want string }{
	{"Apple", "BEGIN:VCARD\r\nVERSION:3.0\r\nPRODID:-//Apple Inc.//macOS 14.5//EN\r\nN:Lind;Mara;;;\r\nFN:Mara Lind\r\nORG:Nord Oy;Sales\r\nTITLE:Head of Sales\r\n" +
		"EMAIL;type=INTERNET;type=HOME:mara@home.example\r\nitem1.EMAIL;type=INTERNET;type=pref:mara@vc.example\r\nitem1.X-ABLabel:_$!<Work>!$_\r\n" +
		"TEL;type=CELL;type=VOICE;type=pref:+358 40 5550100\r\nTEL;type=WORK;type=VOICE:+358 9 5550101\r\n" +
		"item2.ADR;type=WORK;type=pref:;;Esplanadi 1\\nA 2;Helsinki;;00100;Finland\r\nitem2.X-ABADR:fi\r\nNOTE:Met in Oulu\\, likes\\ncoffee.\r\n" +
		"item3.URL;type=pref:https://nord.example\r\nitem3.X-ABLabel:_$!<HomePage>!$_\r\nX-SOCIALPROFILE;type=linkedin;x-user=mara:https://www.linkedin.com/in/mara-1\r\n" +
		"BDAY:1980-05-01\r\nPHOTO;ENCODING=b;TYPE=JPEG:/9j/4AAQSkZJRgABAQAASABIAAD/\r\n 2wBDAAIBAQIBAQICAQIC\r\nREV:2026-01-02T03:04:05Z\r\nUID:4C1A:ABPerson\r\nEND:VCARD\r\n",
		`name="Mara Lind" email=mara@vc.example other_emails=mara@home.example phone="+358 40 5550100" other_phones="+358 9 5550101" title="Head of Sales" address.city=Helsinki address.country=Finland address.postal_code=00100 address.street="Esplanadi 1, A 2" notes="Met in Oulu, likes\ncoffee." company.name="Nord Oy" custom.birthday=1980-05-01 custom.department=Sales custom.linkedin=https://www.linkedin.com/in/mara-1 custom.website=https://nord.example`},
	{"Google", "BEGIN:VCARD\nVERSION:3.0\nFN:Zoë Müller\nN:Müller;Zoë;;;\nEMAIL;TYPE=INTERNET;TYPE=HOME:zoe@g.example\nEMAIL;TYPE=INTERNET;TYPE=WORK:z.mueller@g.example\nTEL;TYPE=CELL:+49 170 5550102\nitem1.URL:http\\://zoe.example\nitem1.X-ABLabel:_$!<HomePage>!$_\nitem2.ORG:Atelier\nitem2.X-ABLabel:\nNOTE:x\nCATEGORIES:Friends,myContacts\nEND:VCARD\n",
		`name="Zoë Müller" email=zoe@g.example other_emails=z.mueller@g.example phone="+49 170 5550102" tags=Friends notes=x company.name=Atelier custom.website=http://zoe.example`},
	{"Android", "BEGIN:VCARD\r\nVERSION:2.1\r\nN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:=4D=C3=BC=6C=6C=65=72;=5A=6F=C3=AB;;;\r\nFN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:=5A=6F=C3=AB=20=4D=C3=BC=6C=6C=65=72\r\nTEL;CELL;PREF:0170-5550103\r\nTEL;X-Laden:030-5550104\r\nEMAIL;HOME:zoe@a.example\r\n" +
		"ADR;HOME;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:;;=48=61=75=70=74=73=74=72=61=\r\n=C3=9F=65=20=31;=55=6C=6D;;=38=39=30=37=33;=44=45\r\nNOTE;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:=65=69=6E=73=0A=\r\n=7A=77=65=69\r\nX-ANDROID-CUSTOM:vnd.android.cursor.item/nickname;Zo;1;;;;;;;;;;;;;\r\nPHOTO;ENCODING=BASE64;JPEG:/9j/4AAQSkZJRgABAQ\r\n AASABIAAD\r\n\r\nEND:VCARD\r\n",
		`name="Zoë Müller" email=zoe@a.example phone=0170-5550103 other_phones=030-5550104 address.city=Ulm address.country=DE address.postal_code=89073 address.street="Hauptstraße 1" notes="eins\nzwei" custom.nickname=Zo`},
	{"Outlook", "BEGIN:VCARD\r\nVERSION:2.1\r\nN;LANGUAGE=de;CHARSET=Windows-1252:M\xfcller;Zo\xeb;;Dr.\r\nFN;CHARSET=Windows-1252:Dr. Zo\xeb M\xfcller\r\nORG:Nord;Einkauf\r\nTEL;WORK;VOICE:+49 30 5550105\r\nTEL;WORK;FAX:+49 30 5550106\r\nADR;WORK;PREF;CHARSET=Windows-1252:;;Stra\xdfe 5;K\xf6ln;;50667;Deutschland\r\nLABEL;WORK;PREF;ENCODING=QUOTED-PRINTABLE:Stra=DFe 5=0D=0A=\r\nK=F6ln\r\nX-MS-OL-DEFAULT-POSTAL-ADDRESS:2\r\nURL;WORK:nord.example\r\nEMAIL;PREF;INTERNET:zoe@o.example\r\nX-MS-IMADDRESS:zoe@im.example\r\nX-MS-CARDPICTURE;TYPE=JPEG;ENCODING=BASE64:\r\n /9j/4AAQSkZJRg\r\n\r\nREV:20260102T030405Z\r\nEND:VCARD\r\n",
		`name="Dr. Zoë Müller" email=zoe@o.example phone="+49 30 5550105" address.city=Köln address.country=Deutschland address.postal_code=50667 address.street="Straße 5" company.name=Nord custom.department=Einkauf custom.fax="+49 30 5550106" custom.ms_imaddress=zoe@im.example custom.website=nord.example`},
	{"a server, version 4.0", "BEGIN:VCARD\nVERSION:4.0\nUID:urn:uuid:4fbe8971-0bc3-424c-9c26-36c3e1eff6b1\nFN;PID=1.1:J. Doe\nN:Doe;J.;;;\nEMAIL;PREF=1;PID=1.1:jdoe@s.example\nTEL;VALUE=uri;PREF=1;TYPE=\"voice,work\":tel:+1-202-555-0107;ext=5\nCLIENTPIDMAP:1;urn:uuid:53e374d9-337e-4727-8803-a1e9c14e0556\nPHOTO:data:image/jpeg;base64,MIICajCCAdOgAwIBAgICBEUwDQYJKoZIhvcNAQEEBQAwdzELMAkGA1U\nEND:VCARD\n",
		`name="J. Doe" email=jdoe@s.example phone="+1-202-555-0107 ext. 5"`},
}

// TestVCards imports each export into a new workspace, and once more, which changes nothing.
func TestVCards(t *testing.T) {
	for _, c := range vCards {
		t.Run(c.program, func(t *testing.T) {
			r := newRig(t).as("jane@acme.com")
			text := r.want(200, "POST", "/import/contacts", c.file)
			if !strings.Contains(text, "# source: vcard\n") || !strings.Contains(text, "# vCards: photos") || !strings.Contains(text, "1 created, 0 updated, 0 unchanged, 0 failed") {
				t.Fatalf("the import says\n%s", text)
			}
			text = r.want(200, "GET", "/export/contacts?fields=name,email,other_emails,phone,other_phones,title,address,tags,notes,company.name,custom", "")
			if got := regexp.MustCompile(`^contact/\S+ (.*)\n# exported: 1\n$`).ReplaceAllString(text, "$1"); got != c.want {
				t.Errorf("the contact is\n%s\nwant\n%s", got, c.want)
			}
			if again := r.want(200, "POST", "/import/contacts", c.file); !strings.Contains(again, "0 created, 0 updated, 1 unchanged, 0 failed") {
				t.Errorf("the second import says\n%s", again)
			}
		})
	}
}

// TestManyVCards imports a file of several cards, of which some are wrong, and one again that was
// changed: its UID says which contact it is.
func TestManyVCards(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	const file = "BEGIN:VCARD\nVERSION:3.0\nUID:1\nFN:Ann Lee\nEMAIL:ann@m.example\nEND:VCARD\nBEGIN:VCARD\nVERSION:3.0\nUID:2\nFN:Friends\nX-ADDRESSBOOKSERVER-KIND:group\nEND:VCARD\n" +
		"BEGIN:VCARD\nVERSION:3.0\nUID:3\nFN:Bob\nEMAIL:bob@\nEND:VCARD\nBEGIN:VCARD\nVERSION:3.0\nUID:4\nN:;;;;\nORG:Pizza Uno\nTEL:555 0142\nEND:VCARD\n"
	text := r.want(200, "POST", "/import/contacts", file)
	for _, part := range []string{"row 1 created", "row 2 (line 7) ERROR invalid_value the card is a group", "row 3 (line 13) ERROR invalid_email", "row 4 created", "2 created"} {
		if !strings.Contains(text, part) {
			t.Errorf("nothing says %q:\n%s", part, text)
		}
	}
	text = r.want(200, "POST", "/import/contacts", "BEGIN:VCARD\nVERSION:3.0\nUID:1\nFN:Ann Lee\nEMAIL:ann.lee@m.example\nEND:VCARD\n")
	if !strings.Contains(text, "row 1 updated") {
		t.Errorf("the changed card gives\n%s", text)
	}
	if text := r.want(200, "GET", "/contacts?phone=5550142&fields=name,company.name", ""); !strings.Contains(text, `name="Pizza Uno" company.name="Pizza Uno"`) {
		t.Errorf("the card of a company is %s", text)
	}
	for kind, want := range map[string]string{"companies": "vCards are contacts, not companies; send the file to POST /import/contacts", "deals": "vCards are contacts, not deals"} {
		if text := r.want(400, "POST", "/import/"+kind, file); !strings.Contains(text, want) {
			t.Errorf("%s: %s", kind, text)
		}
	}
}

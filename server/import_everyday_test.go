package server_test

import (
	"strings"
	"testing"
)

// TestEverydayColumns imports people with the everyday names of columns in more languages: all of the
// files say the same.
func TestEverydayColumns(t *testing.T) {
	const row = "\nAnn,Lee,Nord,Boss,ann@nord.example,040 111111,Way 1,Bonn,53111,Peru,tea\n"
	for language, header := range map[string]string{
		"Japanese":  "名,姓,会社名,役職,メールアドレス,電話番号,住所,市区町村,郵便番号,国,備考",
		"Chinese":   "名字,姓氏,公司名称,职位,电子邮箱,手机号码,地址,城市,邮编,国家,备注",
		"Korean":    "명,성,회사명,직책,이메일,휴대폰,주소,도시,우편번호,국가,메모",
		"Russian":   "Имя,Фамилия,Компания,Должность,Эл. почта,Моб. телефон,Адрес,Город,Индекс,Страна,Примечание",
		"Polish":    "Imię,Nazwisko,Firma,Stanowisko,Adres e-mail,Telefon komórkowy,Ulica,Miasto,Kod pocztowy,Kraj,Uwagi",
		"Swedish":   "Förnamn,Efternamn,Företag,Befattning,E-postadress,Mobil,Gatuadress,Postort,Postnummer,Land,Anteckningar",
		"Norwegian": "Fornavn,Etternavn,Bedrift,Stilling,E-postadresse,Mobilnummer,Gateadresse,Poststed,Postnummer,Land,Notater",
		"Danish":    "Fornavn,Efternavn,Virksomhed,Stilling,E-mailadresse,Telefonnummer,Vej,By,Postnr,Land,Bemærkninger",
		"Turkish":   "Ad,Soyad,Şirket,Unvan,E-posta,Cep telefonu,Adres,Şehir,Posta kodu,Ülke,Notlar",
		"Arabic":    "الاسم الأول,اسم العائلة,الشركة,المسمى الوظيفي,البريد الإلكتروني,رقم الجوال,العنوان,المدينة,الرمز البريدي,الدولة,ملاحظات",
	} {
		r := newRig(t).as("jane@acme.com")
		plan, text := r.want(200, "POST", "/import/contacts", header+row), r.want(200, "GET", "/export/contacts", "")
		for _, want := range []string{`name="Ann Lee"`, "email=ann@nord.example", `phone="040 111111"`, " title=Boss", `address.street="Way 1"`, "address.city=Bonn", "address.postal_code=53111", "address.country=Peru", "company.name=Nord", "notes=tea"} {
			if !strings.Contains(text, want) {
				t.Errorf("%s: nothing says %s:\n%s\n%s", language, want, plan, text)
			}
		}
	}
	r := newRig(t).as("jane@acme.com")
	r.want(200, "POST", "/import/contacts", "氏名,email,会社名\n佐藤 花子,sato@sample.co.jp,サンプル\n")
	if text := r.want(200, "GET", "/export/contacts", ""); !strings.Contains(text, "佐藤") || strings.Contains(text, "custom") {
		t.Error(text)
	}
}

// TestPlansSayWhatNamesAndIdentifies checks that a plan says if no column has the names of people, and
// which column identifies the rows although the records do not show its ids.
func TestPlansSayWhatNamesAndIdentifies(t *testing.T) {
	const warning = "no column is known as the name, so people are named by their address; if one of these has it, rename it to name, or to first name and last name: "
	for _, c := range []struct{ kind, file, want string }{
		{"contacts", "Nimi,email,Yritys,Koko\nAnn Lee,ann@acme.com,Acme,5\n", warning + `["Nimi","Yritys"]`},
		{"contacts", "Seats,email\n5,ann@acme.com\n", "!" + warning},
		{"contacts", "Name,Nimi,email\nAnn,Ann,ann@acme.com\n", "!" + warning},
		{"contacts", "Firma,Vorname,Mood,email\nAcme,Ann,good,ann@acme.com\n", "!" + warning},
		{"companies", "Nimi,domain\nAcme,acme.com\n", "!" + warning},
		{"deals", "Opportunity Name,Opportunity ID\nBig,77\n", `"Opportunity ID" -> id and custom."Opportunity ID"`},
		{"deals", "Opportunity Name,Opportunity ID,Deal ID\nBig,77,78\n", `"Deal ID" -> custom."Deal ID"`},
		{"deals&key=Code", "Opportunity Name,Opportunity ID,Code\nBig,77,x\n", `"Opportunity ID" -> custom."Opportunity ID"`},
	} {
		r := newRig(t).as("jane@acme.com")
		path, query, _ := strings.Cut(c.kind, "&")
		text := r.want(200, "POST", "/import/"+path+"?dry_run=1&"+query, c.file)
		if absent, is := strings.CutPrefix(c.want, "!"); is == strings.Contains(text, strings.Trim(absent, "!")) {
			t.Errorf("%s\n%s", c.file, text)
		}
	}
}

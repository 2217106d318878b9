package rows

import (
	"strings"
	"testing"
)

// TestLikelyCharset reads the beginnings of files that are not UTF-8, as Excel writes them in Japan,
// China and Europe. The error has the command that converts the file.
func TestLikelyCharset(t *testing.T) {
	for file, iconv := range map[string]string{
		"\x8e\x81\x96\xbc,email\n\x8e\x52\x93\x63,yama@x.jp\n": "iconv -f CP932 ",   // 氏名, 山田
		"name\n\x8ER\x93c \x91\xbe\x98Y\n":                     "iconv -f CP932 ",   // 山田 太郎
		"name,city\n\x83g\x83\x88\x83^,\x93\x8c\x8b\x9e\n":     "iconv -f CP932 ",   // トヨタ, 東京
		"\xd0\xd5\xc3\xfb,email\n\xd5\xc5\xce\xb0,z@x.cn\n":    "iconv -f GB18030 ", // 姓名, 张伟
		"name\nM\xfcller\n":                                    "iconv -f WINDOWS-1252 ",
		"Pr\xe9nom;T\xe9l\xe9phone\nAndr\xe9;1\n":              "iconv -f WINDOWS-1252 ",
		"name;Gr\xf6\xdfe\n\xc4\xf6\xfc;Stra\xdfe\n":           "iconv -f WINDOWS-1252 ",
		"name\nPe\xf1a Mu\xf1oz, Jos\xe9 \x80\n":               "iconv -f WINDOWS-1252 ",
		"name\n\xc5ngstr\xf6m \x96 K\xf8benhavn\n":             "iconv -f WINDOWS-1252 ",
	} {
		_, fault := Open(strings.NewReader(file))
		if fault == nil || !strings.Contains(fault.Hint, "convert it with "+iconv) {
			t.Errorf("%q answers %v", file, fault)
		}
	}
}

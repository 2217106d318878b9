package norm

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"
)

func TestReadObject(t *testing.T) {
	for _, test := range []struct {
		body string
		want []Member
	}{
		{`{}`, nil},
		{" \t\r\n{ } \n", nil},
		{`{"name":"Jane","n":1}`, []Member{{Name: "name", JSON: `"Jane"`}, {Name: "n", JSON: "1"}}},
		{`{"Name":1,"name":2}`, []Member{{Name: "Name", JSON: "1"}, {Name: "name", JSON: "2"}}},
		{`{"z":1,"a":2}`, []Member{{Name: "z", JSON: "1"}, {Name: "a", JSON: "2"}}},
		{`{"n":12345678901234567890.10e+0400}`, []Member{{Name: "n", JSON: "12345678901234567890.10e+0400"}}},
		{`{"n":-0.0}`, []Member{{Name: "n", JSON: "-0.0"}}},
		{`{"a" : [ 1 , {"b" : null} ] }`, []Member{{Name: "a", JSON: `[1,{"b":null}]`}}},
		{`{"a":"x  y\u00e9<&>"}`, []Member{{Name: "a", JSON: `"x  yé<&>"`}}},
		{`{"a":"\ud83d\ude00\\ud800"}`, []Member{{Name: "a", JSON: `"😀\\ud800"`}}},
		{`{"\u006eame":true,"":[],"x":{}}`, []Member{{Name: "name", JSON: "true"}, {Name: "", JSON: "[]"}, {Name: "x", JSON: "{}"}}},
		{`{"a":{"x":1},"b":{"x":1}}`, []Member{{Name: "a", JSON: `{"x":1}`}, {Name: "b", JSON: `{"x":1}`}}},
		{`{"a":"}","b":"]\"","c":"\\"}`, []Member{{Name: "a", JSON: `"}"`}, {Name: "b", JSON: `"]\""`}, {Name: "c", JSON: `"\\"`}}},
		{"{\"a\":\"\u2028\ufeff\"}", []Member{{Name: "a", JSON: "\"\u2028\ufeff\""}}},
	} {
		got, err := ReadObject([]byte(test.body))
		if err != nil || !reflect.DeepEqual(got, test.want) {
			t.Errorf("%s: %+v, %v", test.body, got, err)
		}
	}
}

// refusedObjects are bodies that are refused, each with a part of the reason.
var refusedObjects = []struct{ body, says string }{
	{"", "empty"},
	{" \n\t", "empty"},
	{"\ufeff{}", "byte order mark"},
	{"{\"a\":\"\xff\"}", "UTF-8"},
	{"{\"a\":\"\xed\xa0\x80\"}", "UTF-8"},
	{"{\"a\":\"\xc0\x80\"}", "UTF-8"},
	{`{"a":1`, "not valid JSON"},
	{`{"a":"x`, "not valid JSON"},
	{`{"a":"\u12`, "not valid JSON"},
	{`{`, "not valid JSON"},
	{`{"a":1}x`, "not valid JSON"},
	{`{"a":1}{"b":2}`, "not valid JSON"},
	{`{"a":1},`, "not valid JSON"},
	{"{\"a\":1}\x00", "not valid JSON"},
	{`{"a":1,}`, "not valid JSON"},
	{`{'a':1}`, "not valid JSON"},
	{`{a:1}`, "not valid JSON"},
	{`{"a":01}`, "not valid JSON"},
	{`{"a":+1}`, "not valid JSON"},
	{`{"a":.5}`, "not valid JSON"},
	{`{"a":NaN}`, "not valid JSON"},
	{`{"a":0x1}`, "not valid JSON"},
	{`{"a":"` + "\n" + `"}`, "not valid JSON"},
	{`{"a":"\x41"}`, "not valid JSON"},
	{`{"a":1}//`, "not valid JSON"},
	{`name=Jane&stage=lead`, "must be a JSON object"},
	{`[]`, "must be a JSON object"},
	{`[{"a":1}]`, "must be a JSON object"},
	{`null`, "must be a JSON object"},
	{`"{}"`, "must be a JSON object"},
	{`12`, "must be a JSON object"},
	{`true`, "must be a JSON object"},
	{`{"a":1,"a":1}`, "the key a appears twice"},
	{`{"a":1,"\u0061":2}`, "the key a appears twice"},
	{`{"":1,"":2}`, `the key "" appears twice`},
	{`{"a":{"b":1,"b":2}}`, "the key b appears twice"},
	{`{"a":[0,[{"b":{"c":1,"d":0,"c":2}}]]}`, "the key c appears twice"},
	{`{"a b\n":1,"a b\n":2}`, `the key "a b\n" appears twice`},
	{`{"a":"\ud800"}`, `half a surrogate pair (\ud800)`},
	{`{"a":"\uDBFFx"}`, `half a surrogate pair (\udbff)`},
	{`{"a":"\ud800\ud800"}`, `half a surrogate pair (\ud800)`},
	{`{"a":"\ud800\\udc00"}`, `half a surrogate pair (\ud800)`},
	{`{"a":"\udc00"}`, `half a surrogate pair (\udc00)`},
	{`{"a":"\ud83d\ude00\uDFFF"}`, `half a surrogate pair (\udfff)`},
	{`{"\ud800":1}`, `half a surrogate pair (\ud800)`},
	{`{"a":["\udfff"]}`, `half a surrogate pair (\udfff)`},
	{`{"a":"\u0000"}`, "NUL"},
	{`{"a":{"\u0000":1}}`, "NUL"},
	{`{"a":` + strings.Repeat("[", 20_000) + strings.Repeat("]", 20_000) + `}`, "not valid JSON"},
	{strings.Repeat(`{"a":`, 20_000) + `1` + strings.Repeat("}", 20_000), "not valid JSON"},
	{strings.Repeat(`{"a":`, 20_000), "not valid JSON"},
}

func TestReadObjectRefuses(t *testing.T) {
	for _, test := range refusedObjects {
		got, err := ReadObject([]byte(test.body))
		if err == nil || !strings.Contains(err.Error(), test.says) {
			t.Errorf("%.60q: %.80v, error %v; want one with %q", test.body, got, err, test.says)
		}
	}
}

func TestReadObjectKeyCount(t *testing.T) {
	body := func(n int) []byte {
		var b bytes.Buffer
		for i := range n {
			fmt.Fprintf(&b, `,"k%d":%d`, i, i)
		}
		return []byte("{" + b.String()[1:] + "}")
	}
	if got, err := ReadObject(body(MaxMembers)); err != nil || len(got) != MaxMembers {
		t.Errorf("%d members, %v", len(got), err)
	}
	if _, err := ReadObject(body(MaxMembers + 1)); err == nil {
		t.Error("one key too many was taken")
	}
	if _, err := ReadObject([]byte(`{"custom":` + string(body(MaxMembers+1)) + `}`)); err == nil {
		t.Error("one key too many was taken inside")
	}
}

func TestParseArray(t *testing.T) {
	for _, test := range []struct {
		text string
		want []string
		ok   bool
	}{
		{`[]`, nil, true},
		{`["a,b","c]"]`, []string{`"a,b"`, `"c]"`}, true},
		{`[1,[2,3],{"a":[4]},null]`, []string{"1", "[2,3]", `{"a":[4]}`, "null"}, true},
		{`{}`, nil, false},
		{`"[]"`, nil, false},
		{``, nil, false},
	} {
		got, ok := ParseArray(test.text)
		if ok != test.ok || !reflect.DeepEqual(got, test.want) {
			t.Errorf("%s: %q, %v", test.text, got, ok)
		}
	}
}

func TestUnquote(t *testing.T) {
	for _, test := range []struct {
		raw, want string
		ok        bool
	}{
		{`"a\nb"`, "a\nb", true}, {`""`, "", true}, {`1`, "", false}, {``, "", false}, {`null`, "", false}, {`["a"]`, "", false},
	} {
		if got, ok := Unquote(test.raw); got != test.want || ok != test.ok {
			t.Errorf("%s: %q, %v", test.raw, got, ok)
		}
	}
}

// decode parses JSON without changing the text of numbers.
func decode(t *testing.T, text []byte) (value any) {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	if err := d.Decode(&value); err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	return value
}

// FuzzReadObject checks that an accepted object is JSON with the same values for encoding/json,
// and does not change when it is written and read again.
func FuzzReadObject(f *testing.F) {
	for _, seed := range []string{
		`{"name":"Jane","tags":["a","b"],"custom":{"n":1e400}}`, `{"a":"\ud83d\ude00"}`, `{"a":"\ud800"}`, `{"a":{"b":1,"b":2}}`,
		"\ufeff{}", `[1]`, `{"a":1}x`, "{\"\u2028\":\"\\u0000\"}", `{"a":[[[{}]]]}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		members, err := ReadObject(data)
		if err != nil {
			if len(err.Error()) > 1000 || strings.ContainsAny(err.Error(), "\r\n") {
				t.Fatalf("the error does not fit a hint: %q", err)
			}
			return
		}
		written := AppendObject(nil, members)
		want, got := decode(t, data), decode(t, written)
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("%s was read as %s", data, written)
		}
		if object := want.(map[string]any); len(object) != len(members) {
			t.Fatalf("%d members of %d", len(members), len(object))
		}
		again := ParseObject(string(written))
		if !reflect.DeepEqual(again, members) {
			t.Fatalf("%+v was split as %+v", members, again)
		}
	})
}

// TestStringsHaveOneSpelling sends one value in several spellings of JSON.
func TestStringsHaveOneSpelling(t *testing.T) {
	want := "[{\"k\\\"\":\"é=/\U0001f600\\n\\u0001\\\\u0041\"},1.10]"
	for _, raw := range []string{
		want,
		`[{"k\u0022":"\u00e9\u003d\/\ud83d\ude00\u000a\u0001\\u0041"},1.10]`,
		`[ {"\u006b\"" : "é=/` + "\U0001f600" + `\n\u0001\u005cu0041"}, 1.10 ]`,
	} {
		members, err := ReadObject([]byte(`{"a":` + raw + `}`))
		if err != nil || len(members) != 1 || members[0].JSON != want {
			t.Errorf("%s: %v, %v", raw, members, err)
		}
	}
}

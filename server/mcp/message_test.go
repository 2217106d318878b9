package mcp

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// ping returns a request with an id, which is raw JSON.
func ping(id string) string {
	return `{"jsonrpc":"2.0","id":` + id + `,"method":"ping"}`
}

// TestReadMessages checks what is read of messages before the SDK reads them.
func TestReadMessages(t *testing.T) {
	const meta = `"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28"}`
	for body, want := range map[string]rpcMessages{
		ping("1"):                {{id: "1", method: "ping"}},
		" \n" + ping(`"a"`):      {{id: `"a"`, method: "ping"}},
		ping("-999999999999999"): {{id: "-999999999999999", method: "ping"}},
		`{"jsonrpc":"2.0","method":"notifications/initialized"}`:                                               {{method: "notifications/initialized"}},
		`{"jsonrpc":"2.0","id":1,"result":{}}`:                                                                 {{id: "1"}},
		`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"read","arguments":{"path":"/"}}}`:     {{id: "1", method: "tools/call", name: "read"}},
		`{"jsonrpc":"2.0","id":1,"method":"resources/read","params":{"uri":"crmkit://help"}}`:                  {{id: "1", method: "resources/read", name: "crmkit://help"}},
		`{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{` + meta + `}}`:                               {{id: "1", method: "tools/list", version: "2026-07-28"}},
		`{"jsonrpc":"2.0","id":1,"method":"tools/list","params":null}`:                                         {{id: "1", method: "tools/list"}},
		`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"x","arguments":{"Name":1,"NAME":2}}}`: {{id: "1", method: "tools/call", name: "x"}},
		"[" + ping("1") + "," + ping("2") + "]":                                                                {{id: "1", method: "ping"}, {id: "2", method: "ping"}},
	} {
		got, fault := readMessages([]byte(body), "")
		if fault != nil || fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%s:\n%+v %v, want %+v", body, got, fault, want)
		}
	}
}

// TestReadMessagesRefuses checks the code of each refusal, and that it names the id of a
// message that has a valid one.
func TestReadMessagesRefuses(t *testing.T) {
	many := strings.TrimSuffix(strings.Repeat(ping("1")+",", maxBatch+1), ",")
	for _, c := range []struct {
		body, version string
		code          int
		id            string
	}{
		{"", "", rpcParseError, ""},
		{"7", "", rpcParseError, ""},
		{ping("1") + ping("2"), "", rpcParseError, ""},
		{"\xff" + ping("1"), "", rpcParseError, ""},
		{`{"jsonrpc":"2.0","id":1,"id":2,"method":"ping"}`, "", rpcParseError, ""},
		{ping("1.5"), "", rpcInvalidRequest, ""},
		{ping("1e3"), "", rpcInvalidRequest, ""},
		{ping("null"), "", rpcInvalidRequest, ""},
		{ping("{}"), "", rpcInvalidRequest, ""},
		{ping("1000000000000000"), "", rpcInvalidRequest, ""},
		{`{"jsonrpc":"1.0","id":3,"method":"ping"}`, "", rpcInvalidRequest, "3"},
		{`{"id":3,"method":"ping"}`, "", rpcInvalidRequest, "3"},
		{`{"jsonrpc":"2.0","id":3,"Method":"ping"}`, "", rpcInvalidRequest, "3"},
		{`{"jsonrpc":"2.0","id":3,"method":"tools/call","params":{"NAME":"x"}}`, "", rpcInvalidRequest, "3"},
		{`{"jsonrpc":"2.0","id":3,"method":"x","params":[]}`, "", rpcInvalidParams, "3"},
		{`{"jsonrpc":"2.0","id":3,"method":"x","params":{"arguments":7}}`, "", rpcInvalidParams, "3"},
		{`{"jsonrpc":"2.0","id":3,"method":"x","params":{"_meta":{"IO.modelcontextprotocol/protocolVersion":"x"}}}`, "", rpcInvalidRequest, "3"},
		{"[]", "", rpcInvalidRequest, ""},
		{"[" + many + "]", "", rpcInvalidRequest, ""},
		{"[" + ping("1") + "," + ping("1") + "]", "", rpcInvalidRequest, ""},
		{"[" + ping("1"), "", rpcParseError, ""},
		{"[" + ping("1") + "]", "2025-06-18", rpcInvalidRequest, ""},
	} {
		messages, fault := readMessages([]byte(c.body), c.version)
		if fault == nil || fault.code != c.code || messages.id() != c.id || !strings.HasSuffix(fault.hint, ".") {
			t.Errorf("%.200s: id %q, %+v; want id %q and code %d", c.body, messages.id(), fault, c.id, c.code)
		}
	}
}

// sameJSON reports whether two JSON values, which may be missing, mean the same.
func sameJSON(a, b string) bool {
	var x, y any
	_ = json.Unmarshal([]byte(a), &x)
	_ = json.Unmarshal([]byte(b), &y)
	return x == y
}

// FuzzReadMessages compares the reader with encoding/json, which ignores the case of names and
// takes the last of equal ones, as the readers of others may: a message that is accepted means
// the same to both.
func FuzzReadMessages(f *testing.F) {
	for _, seed := range []string{ping("1"), ping(`"\u0070"`), "[" + ping("1") + "]", `{"jsonrpc":"2.0","\u006dethod":"ping","id":1}`, `{"jsonrpc":"2.0","id":1,"method":"\ud800"}`,
		`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"x","arguments":{"a":[1]}}}`, `{"jsonrpc":"2.0","id":1,"method":"a","METHOD":"b"}`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, body string) {
		messages, fault := readMessages([]byte(body), "")
		if len(messages) == 0 || len(messages) > maxBatch {
			t.Fatalf("%d messages", len(messages))
		}
		if fault != nil {
			return
		}
		list := []byte(body)
		if !strings.HasPrefix(strings.TrimSpace(body), "[") {
			list = []byte("[" + body + "]")
		}
		var others []struct {
			ID     json.RawMessage
			Method string
			Params struct{ Name, URI string }
		}
		if err := json.NewDecoder(bytes.NewReader(list)).Decode(&others); err != nil {
			return // a method or name of another type, which the SDK refuses
		}
		for i, m := range messages {
			if o := others[i]; !sameJSON(m.id, string(o.ID)) || m.method != o.Method || m.name != o.Params.Name && m.name != o.Params.URI {
				t.Errorf("%q: %+v here, %+v there", body, m, o)
			}
		}
	})
}

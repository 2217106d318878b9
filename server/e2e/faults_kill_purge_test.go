package e2e

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestKillDuringPurges kills the server while it purges a contact with thousands of activities. However often that is,
// the purge goes on by itself after the next start, until no byte of the activities is left in the folder of the
// database; it is logged once, and the record never comes back.
func TestKillDuringPurges(t *testing.T) {
	long(t, "left out: processes that are killed")
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	folder := t.TempDir()
	arguments := append([]string{"--rate", "0", "--db", filepath.Join(folder, "crmkit.db")}, anySize...)
	p := serve(t, append(slices.Clone(arguments), "--token-for", "you@example.com")...)
	token := p.token
	id := p.markedContact(5000)
	path := p.purgePath(id)
	begun := make(chan struct{})
	go func(p *running) { // the answer may be lost
		defer close(begun)
		_, _, _ = p.try(token, "DELETE", path, "")
	}(p)
	kills := 0
	for ; kills < 12 && marked(t, folder); kills++ {
		time.Sleep(time.Duration(20+random.IntN(150)) * time.Millisecond)
		p.signal(syscall.SIGKILL)
		p.wait()
		<-begun
		p = serve(t, arguments...)
		p.token = token
		if status, _ := p.do("GET", "/contacts/"+id, ""); kills == 0 && status == 200 { // it was killed before the first step
			p.do("DELETE", p.purgePath(id), "")
		}
	}
	for end := time.Now().Add(time.Minute); marked(t, folder); time.Sleep(200 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("the bytes of the activities are still there")
		}
	}
	t.Logf("killed %d times", kills)
	if status, text := p.do("GET", "/audit?action=purge", ""); status != 200 || strings.Count(text, "action=purge") != 1 {
		t.Errorf("%d %s", status, text)
	}
	if status, text := p.do("POST", "/undo", `{"record":"`+id+`"}`); status != 410 {
		t.Errorf("%d %s", status, text)
	}
	if _, text := p.do("GET", "/activities?limit=1", ""); !strings.Contains(text, "# 0 activities") {
		t.Error(text)
	}
}

// markedContact makes a contact with activities that have the marker.
func (p *running) markedContact(activities int) (id string) {
	p.t.Helper()
	_, made := p.do("POST", "/contacts", `{"name":"Zed","notes":"markerinthebytes"}`)
	id = regexp.MustCompile(`c_\w+`).FindString(made)
	var file strings.Builder
	for i := range activities {
		fmt.Fprintf(&file, `{"kind":"note","contact_id":%q,"body":"markerinthebytes %d"}`+"\n", id, i)
	}
	p.imported("/import/activities", file.String())
	return id
}

// purgePath returns the path of a purge of a contact, with its code.
func (p *running) purgePath(id string) string {
	_, asked := p.do("DELETE", "/contacts/"+id+"?purge=1", "")
	return "/contacts/" + id + "?purge=1&code=" + regexp.MustCompile(`code=(\d+)`).FindStringSubmatch(asked)[1]
}

// marked reports whether any file of a folder has the marker.
func marked(t *testing.T, folder string) bool {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "*"))
	if err != nil {
		t.Fatal(err)
	}
	return slices.ContainsFunc(files, func(name string) bool {
		content, _ := os.ReadFile(name) // a socket cannot be read
		return bytes.Contains(content, []byte("markerinthebytes"))
	})
}

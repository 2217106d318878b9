package servertest_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"crmkit/server/servertest"
)

// TestSideBySide uses twenty servers at the same time, which would fail if they shared a port, a
// file or a database.
func TestSideBySide(t *testing.T) {
	clients := make([]*servertest.Client, 20)
	for i := range clients {
		clients[i] = servertest.New(t)
	}
	var busy sync.WaitGroup
	for i, c := range clients {
		busy.Go(func() { keepApart(t, c, fmt.Sprintf("Contact of server %d", i)) })
	}
	busy.Wait()
}

func keepApart(t *testing.T, c *servertest.Client, name string) {
	if status := c.JSON("POST", "/contacts", map[string]string{"name": name}, nil); status != http.StatusCreated {
		t.Errorf("create: %d, want 201", status)
	}
	var list struct {
		Items []struct{ Name string }
		Total int
	}
	c.JSON("GET", "/contacts", nil, &list)
	if list.Total != 1 || len(list.Items) != 1 || list.Items[0].Name != name {
		t.Errorf("the server holds %+v, want one contact %q", list, name)
	}
}

func TestAs(t *testing.T) {
	c := servertest.New(t)
	other := c.As("other@example.com")
	if again := c.As("other@example.com"); again.Token == other.Token {
		t.Error("two calls of As gave one token")
	}
	c.Do("POST", "/contacts", `{"name":"Mine"}`)
	other.Do("POST", "/contacts", `{"name":"Theirs"}`)
	for client, want := range map[*servertest.Client]string{c: servertest.Email, other: "other@example.com"} {
		if _, text := client.Do("GET", "/whoami", ""); !strings.Contains(text, " email="+want+" ") || !strings.Contains(text, "contacts: 1 / ") {
			t.Errorf("whoami of %s:\n%s", want, text)
		}
	}
	nobody := *c
	nobody.Token = ""
	if status, _ := nobody.Do("GET", "/contacts", ""); status != http.StatusUnauthorized {
		t.Errorf("without a token: %d, want 401", status)
	}
}

// TestServerEndsWithItsTest checks that the end of a test ends its server.
func TestServerEndsWithItsTest(t *testing.T) {
	var url string
	t.Run("inner", func(t *testing.T) { url = servertest.New(t).URL })
	c := servertest.New(t)
	for range 2 { // and the end of the test closes it a third time
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	}
	if res, err := http.Get(url + "/healthz"); err == nil {
		res.Body.Close()
		t.Errorf("%s still answers after its test", url)
	}
}

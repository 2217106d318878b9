package server_test

import (
	"net/http"
	"strings"
	"testing"

	"crmkit/store"
)

// TestEmptySearchesSayWhatIsSearched searches a misspelled name with and without a text index.
func TestEmptySearchesSayWhatIsSearched(t *testing.T) {
	for _, c := range []struct {
		memory int64
		says   string
	}{
		{store.DefaultCaches().Search, "searched for quixotefield instead"},
		{1, "too much text here to find misspelled ones"},
		{0, "misspelled words are not looked for, since this server keeps no text in memory"},
	} {
		r := newRigWith(t, store.Options{Caches: &store.Caches{Search: c.memory}}).as("jane@acme.com")
		r.want(http.StatusCreated, "POST", "/contacts", `{"name":"Quixotefield"}`)
		for _, path := range []string{"/contacts?search=quixotefeild", "/search?q=quixotefeild"} {
			if text := r.want(http.StatusOK, "GET", path, ""); !strings.Contains(text, c.says) {
				t.Errorf("with %d bytes GET %s says\n%s", c.memory, path, text)
			}
		}
	}
}

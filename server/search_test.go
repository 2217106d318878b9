package server_test

import (
	"net/http"
	"strings"
	"testing"

	"crmkit/store"
)

// TestEmptySearchesSayWhatIsSearched searches a misspelled name with and without a text index.
func TestEmptySearchesSayWhatIsSearched(t *testing.T) {
	onlyOnSQLite(t, "PostgreSQL has the words in a table")
	for _, c := range []struct {
		memory int64
		says   string
	}{
		{store.DefaultCaches().Search, "searched for quixotefield instead"},
		{1, "the text of this workspace does not fit into the search index"},
		{0, "no misspelled ones, since the search index of this server is off"},
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

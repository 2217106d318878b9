//go:build unix

package e2e

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
)

// item is a record in a list.
type item struct {
	ID, Email, Title, Body, Phone string
	Version                       int
}

func (i item) mark() string { return i.Email + i.Title + i.Body }

// holding is the records of the server, by kind and mark.
type holding map[string]map[string][]item

// get reads a JSON answer.
func (s *soak) get(path string, into any) error {
	w := s.worker(0)
	defer w.http.CloseIdleConnections()
	status, body, err := w.send(&entry{method: "GET", path: path})
	if err == nil && status != 200 {
		err = fmt.Errorf("GET %s: %d %s", path, status, body)
	}
	if err != nil {
		return err
	}
	return json.Unmarshal(body, into)
}

var soakKinds = []string{"contact", "deal", "activity"}

func collection(kind string) string {
	if kind == "activity" {
		return "activities"
	}
	return kind + "s"
}

// all reads every record of the workspace.
func (s *soak) all() (holding, error) {
	have := holding{}
	for _, kind := range soakKinds {
		have[kind] = map[string][]item{}
		for cursor := ""; ; {
			var page struct {
				Items []item
				Next  *string `json:"next_cursor"`
			}
			if err := s.get("/"+collection(kind)+"?limit=200&total=none&cursor="+url.QueryEscape(cursor), &page); err != nil {
				return nil, err
			}
			for _, i := range page.Items {
				have[kind][i.mark()] = append(have[kind][i.mark()], i)
			}
			if page.Next == nil {
				break
			}
			cursor = *page.Next
		}
	}
	return have, nil
}

// check compares the server with the journal. First it repeats, with their keys, the writes
// whose outcome is unknown; after that each must be there once.
func (s *soak) check() {
	s.t.Helper()
	for _, stage := range []func() ([]string, error){s.faults, s.settle, s.faults, s.books} {
		list, err := stage()
		if err != nil {
			s.t.Errorf("the check could not be made: %v", err)
			return
		}
		for i, fault := range list {
			if i == 10 {
				s.t.Errorf("and %d more", len(list)-i)
				break
			}
			s.t.Error(fault)
		}
	}
}

// faults compares the records with the journal: an acknowledged write is there once, a
// refused one is not, nor one whose answer says that nothing was saved, and one with an unknown outcome
// is there once or not at all.
func (s *soak) faults() (list []string, err error) {
	have, err := s.all()
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	expected := map[string]bool{}
	for _, e := range s.entries {
		if e.method != "POST" || e.kind == "bad" {
			continue
		}
		expected[e.kind+e.mark] = true
		items := have[e.kind][e.mark]
		if fault := e.misfit(items); fault != "" {
			list = append(list, fmt.Sprintf("%s %s (%s, status %d, unsaved %v): %s", e.kind, e.mark, e.outcome, e.status, e.unsaved, fault))
		} else if e.kind == "contact" && len(items) == 1 {
			list = append(list, e.changes(items[0])...)
		}
	}
	for kind, marks := range have {
		for mark := range marks {
			if !expected[kind+mark] {
				list = append(list, fmt.Sprintf("nobody made %s %s", kind, mark))
			}
		}
	}
	return list, nil
}

// misfit describes the fault in the records of a create, "" if they are right.
func (e *entry) misfit(items []item) string {
	least, most := 1, 1
	switch {
	case e.outcome == rejected, e.unsaved:
		least, most = 0, 0
	case e.open():
		least = 0
	case e.gone != nil && e.gone.outcome == acknowledged:
		least, most = 0, 0
	case e.gone != nil && e.gone.open():
		least = 0
	}
	if len(items) < least || len(items) > most {
		return fmt.Sprintf("it is there %d times, want %d to %d", len(items), least, most)
	}
	return ""
}

// changes compares a contact with its patches: its version is their number, and it has the
// values of the last.
func (e *entry) changes(is item) (list []string) {
	least, phone, open := 1, "", ""
	for _, p := range e.patches {
		switch {
		case p.outcome == acknowledged:
			least++
			phone = p.mark
		case p.open():
			open = p.mark
		}
	}
	most := least
	if open != "" {
		most++
	}
	if is.Version < least || is.Version > most {
		list = append(list, fmt.Sprintf("%s is at version %d, want %d to %d", e.mark, is.Version, least, most))
	}
	if is.Phone != phone && (open == "" || is.Phone != open) {
		list = append(list, fmt.Sprintf("%s shows the change %q, want %q", e.mark, is.Phone, phone))
	}
	return list
}

// settle repeats the writes with an unknown outcome, with their keys.
func (s *soak) settle() (list []string, err error) {
	s.mu.Lock()
	var open []*entry
	for _, e := range s.entries {
		if e.outcome == unknown {
			open = append(open, e)
		}
	}
	s.mu.Unlock()
	w := s.worker(0)
	defer w.http.CloseIdleConnections()
	for _, e := range open {
		if e.kind == "deal" && e.method == "DELETE" && strings.HasSuffix(e.path, "=") {
			continue // the first call failed, so there was no second
		}
		if got := w.write(e); got != acknowledged && !(e.kind == "bad" && got == rejected) && !(e.method == "DELETE" && e.status == 409) {
			list = append(list, fmt.Sprintf("%s %s with its key again: %s, status %d", e.method, e.path, got, e.status))
		}
	}
	return list, nil
}

// baseline stores the counts of the audit before the first write.
func (s *soak) baseline() {
	s.t.Helper()
	var err error
	if s.audited, err = s.audit(); err != nil {
		s.t.Fatal(err)
	}
}

// audit counts the entries of the audit.
func (s *soak) audit() (map[string]int, error) {
	n := map[string]int{}
	for _, action := range []string{"create", "update", "delete"} {
		var page struct{ Total int }
		if err := s.get("/audit?limit=1&total=exact&action="+action, &page); err != nil {
			return nil, err
		}
		n[action] = page.Total
	}
	return n, nil
}

// books compares the counts of the server with the records: the audit with the writes, usage
// and totals with all records, and the search with some of them.
func (s *soak) books() (list []string, err error) {
	have, err := s.all()
	if err != nil {
		return nil, err
	}
	audited, err := s.audit()
	if err != nil {
		return nil, err
	}
	var who struct {
		Usage []struct {
			Resource string
			Used     int
		}
	}
	if err := s.get("/whoami", &who); err != nil {
		return nil, err
	}
	for _, u := range who.Usage {
		for _, kind := range soakKinds {
			if n := len(have[kind]); u.Resource == collection(kind) && u.Used != n {
				list = append(list, fmt.Sprintf("usage says %d %s, there are %d", u.Used, u.Resource, n))
			}
		}
	}
	want := map[string]int{}
	s.mu.Lock()
	for _, e := range s.entries {
		if e.outcome == acknowledged {
			want[map[string]string{"POST": "create", "PATCH": "update", "DELETE": "delete"}[e.method]]++
		}
	}
	s.mu.Unlock()
	for action, n := range want {
		if got := audited[action] - s.audited[action]; got != n {
			list = append(list, fmt.Sprintf("the audit has %d entries %s, %d writes were answered", got, action, n))
		}
	}
	return append(list, s.searches(have)...), nil
}

// searches searches some contacts by words of their address.
func (s *soak) searches(have holding) (list []string) {
	tried := 0
	for mark := range have["contact"] {
		if tried++; tried > 10 {
			break
		}
		var page struct{ Total int }
		if err := s.get("/contacts?total=exact&limit=1&search="+url.QueryEscape(mark), &page); err != nil || page.Total != 1 {
			list = append(list, fmt.Sprintf("search=%s finds %d: %v", mark, page.Total, err))
		}
	}
	return list
}

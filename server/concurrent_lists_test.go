package server_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// TestListsOfNewShapesDoNotWaitForEachOther runs many lists at once whose statements are not
// prepared yet. Each of them once held a connection while it waited for another one.
func TestListsOfNewShapesDoNotWaitForEachOther(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	done := make(chan struct{})
	go func() {
		defer close(done)
		together(64, func(i int) {
			r.call("GET", "/contacts?"+strings.Repeat("stage=ne:x&", i+1)+"sort=name", "")
			r.call("POST", "/contacts", `{"name":"x"}`)
		})
	}()
	select {
	case <-done:
	case <-time.After(60 * time.Second):
		t.Fatal("the lists wait for each other")
	}
}

func TestQueriesAreBounded(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	for _, c := range []struct {
		query  string
		status int
	}{
		{strings.Repeat("name=a&", 100), 200}, {strings.Repeat("name=a&", 101), 400}, {strings.Repeat("tags=a&", 2000), 400},
		{strings.Repeat("search=a+b+c+d+e+f+g+h+i+j&", 10), 200}, {strings.Repeat("search=a+b+c+d+e+f+g+h+i+j&", 11), 400},
		{strings.Repeat("custom.z=in:"+strings.Repeat("1,", 199)+"1&", 5), 200}, {strings.Repeat("custom.z=in:"+strings.Repeat("1,", 199)+"1&", 100), 400},
		{strings.Repeat("company.custom.z=ne:a&", 100), 200},
	} {
		if a := r.call("GET", "/contacts?"+c.query, ""); a.status != c.status {
			t.Errorf("%.40s… (%d bytes): status %d, want %d: %.200s", c.query, len(c.query), a.status, c.status, a.body)
		}
	}
}

// TestLargePagesEndEarly pages through more text than one answer may have.
func TestLargePagesEndEarly(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	id := r.json(201, "POST", "/contacts", `{"name":"x"}`)["id"].(string)
	body := strings.Repeat("ü", 65_000)
	for range 50 {
		r.want(201, "POST", "/contacts/"+id+"/activities", `{"body":"`+body+`"}`)
	}
	seen, pages := 0, 0
	for next := ""; ; pages++ {
		page := r.want(200, "GET", "/activities?limit=500&format=json"+next, "")
		if len(page) > 6<<20 {
			t.Fatalf("a page of %d bytes", len(page))
		}
		object := r.json(200, "GET", "/activities?limit=500&fields=kind"+next, "")
		seen += len(object["items"].([]any))
		cursor, more := object["next_cursor"].(string)
		if !more {
			break
		}
		next = "&cursor=" + cursor
	}
	if seen != 50 || pages == 0 {
		t.Errorf("saw %d of 50 activities on %d further pages", seen, pages)
	}
}

// TestRequestsOnStarAreRefused sends OPTIONS *, which net/http would answer
// itself, past the check of the Host.
func TestRequestsOnStarAreRefused(t *testing.T) {
	h := newRig(t).server().HTTPServer()
	if !h.DisableGeneralOptionsHandler {
		t.Error("net/http answers OPTIONS * by itself")
	}
	req := httptest.NewRequest("OPTIONS", "*", nil)
	req.Host = "evil.example"
	w := httptest.NewRecorder()
	h.Handler.ServeHTTP(w, req)
	if w.Code != http.StatusForbidden {
		t.Errorf("status %d: %s", w.Code, fmt.Sprint(w.Body))
	}
}

// TestRemindersOfLargeRecordsStaySorted merges kinds of which one fills its page
// by size before its limit.
func TestRemindersOfLargeRecordsStaySorted(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	notes := strings.Repeat("n", 65_000)
	for range 80 {
		r.want(201, "POST", "/contacts", `{"name":"x","follow_up_at":"2026-01-10","notes":"`+notes+`"}`)
	}
	for range 5 {
		r.want(201, "POST", "/deals", `{"title":"x","follow_up_at":"2026-02-10"}`)
	}
	last, seen := "", 0
	for next := ""; ; {
		page := r.json(200, "GET", "/reminders?limit=200"+next, "")
		for _, item := range page["items"].([]any) {
			due := item.(map[string]any)["follow_up_at"].(string)
			if seen++; due < last {
				t.Fatalf("%s comes behind %s", due, last)
			}
			last = due
		}
		cursor, more := page["next_cursor"].(string)
		if !more {
			break
		}
		next = "&cursor=" + cursor
	}
	if seen != 85 {
		t.Errorf("saw %d of 85 reminders", seen)
	}
}

package server_test

import (
	"context"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"

	"crmkit/store"
)

// TestPagesSayWhatChanged reads the second page of a dry run after something changed that is on it. The page says that
// its token would be refused, and it is.
func TestPagesSayWhatChanged(t *testing.T) {
	for what, c := range map[string]struct{ method, body, change string }{
		"nothing":            {"DELETE", "", ""},
		"a new activity":     {"DELETE", "", "POST /contacts/$last/activities"},
		"a deleted record":   {"PATCH", `{"title":"Boss"}`, "DELETE /contacts/$last"},
		"the value is there": {"PATCH", `{"title":"Boss"}`, "PATCH /contacts/$last"},
	} {
		t.Run(what, func(t *testing.T) {
			r := newRig(t).as("jane@acme.com")
			r.joes(30)
			last := r.id("contact", 30)
			text := r.want(200, c.method, "/contacts?stage=lead&dry_run=1", c.body)
			more := regexp.MustCompile(`cursor=\S+`).FindString(text)
			switch method, path, _ := strings.Cut(strings.ReplaceAll(c.change, "$last", last), " "); method {
			case "POST":
				r.want(201, method, path, `{"kind":"note","body":"x"}`)
			case "PATCH":
				r.want(200, method, path, c.body)
			case "DELETE":
				r.do(method + " " + path)
			}
			page := r.want(200, c.method, "/contacts?stage=lead&dry_run=1&"+more, c.body)
			if strings.Contains(page, "does not hold") != (c.change != "") {
				t.Error(page)
			}
			confirmed := r.call(c.method, "/contacts?stage=lead&confirm="+tokenIs.FindStringSubmatch(text)[1], c.body)
			if isStale := strings.HasPrefix(confirmed.body, "ERROR plan_stale"); isStale != (c.change != "") {
				t.Errorf("%d %s", confirmed.status, confirmed.body)
			}
		})
	}
}

// TestResumedDeletesDeleteNothingUnseen stops a confirmed delete of many between two steps, adds an activity to a record
// that is still there, and goes on: that record is left, since nobody was asked about the activity.
func TestResumedDeletesDeleteNothingUnseen(t *testing.T) {
	const n = 1500
	r := newRig(t).as("jane@acme.com")
	r.joes(n)
	token, _ := r.asked("DELETE", "/contacts?stage=lead", "")
	stopAfter := func(steps int64) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		var done atomic.Int64
		r.watch(func(store.Batch) {
			if done.Add(1) == steps {
				cancel()
			}
		})
		req := httptest.NewRequestWithContext(ctx, "DELETE", "http://127.0.0.1:8080/contacts?stage=lead&confirm="+token, nil)
		req.RemoteAddr, req.Header = "127.0.0.1:40000", r.header.Clone()
		r.handler.ServeHTTP(httptest.NewRecorder(), req)
	}
	for steps := int64(3); strings.Contains(r.want(200, "GET", "/contacts?limit=1&total=exact", ""), " of 1500 "); steps++ {
		stopAfter(steps)
	}
	last := "/contacts/" + r.id("contact", n)
	act := r.json(201, "POST", last+"/activities", `{"kind":"note","body":"written after the confirmation"}`)["id"].(string)
	if text := r.want(200, "DELETE", "/contacts?stage=lead&confirm="+token, ""); !strings.Contains(text, "# 1499 deleted, 1 left") {
		t.Error(text)
	}
	r.want(200, "GET", last, "")
	r.want(200, "GET", "/activities/"+act, "")
}

package server_test

import (
	"strings"
	"testing"
)

// TestActivitiesWithoutDate imports activities of which some have no date: the answer counts them, also
// in a dry run.
func TestActivitiesWithoutDate(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	file := "Kind,Body,Contact Name\ncall,one,Mara\nnote,two,Mara\n"
	const want = "# rows without a date: 2; they get the time of the import, a column occurred_at states another"
	for _, path := range []string{"/import/activities?dry_run=1", "/import/activities"} {
		if text := r.want(200, "POST", path, file); !strings.Contains(text, want) {
			t.Errorf("%s answers %s", path, text)
		}
	}
	if text := r.want(200, "POST", "/import/activities", file); strings.Contains(text, "without a date") {
		t.Errorf("rows that change nothing get a time: %s", text)
	}
}

// TestDatesOfActivities imports activities whose date and time of day are in columns of many names.
func TestDatesOfActivities(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	for _, c := range []struct{ columns, cells, at string }{
		{"Date,Time", "2024-03-01,14:30", "2024-03-01T14:30"}, {"Date,Start Time", "2024-03-02,9:05", "2024-03-02T09:05"}, {"Meeting Date,Hour", "2024-03-03,14:30", "2024-03-03T14:30"},
		{"Call date,Colour", "2024-03-04,red", "2024-03-04"}, {"Date of call,Colour", "2024-03-05,red", "2024-03-05"}, {"Logged at,Colour", "2024-03-06 10:00,red", "2024-03-06T10:00"},
		{"Created,Colour", "2024-03-07,red", "2024-03-07"}, {"Activity date,Colour", "2024-03-08,red", "2024-03-08"}, {"Start Time,Colour", "2024-03-09 10:15,red", "2024-03-09T10:15"},
		{"Anrufdatum,Uhrzeit", "2024-03-10,14:30", "2024-03-10T14:30"}, {"Date de l'appel,Heure", "2024-03-11,14:30", "2024-03-11T14:30"}, {"Fecha de la llamada,Hora", "2024-03-12,14:30", "2024-03-12T14:30"},
		{"Data della chiamata,Ora", "2024-03-13,14:30", "2024-03-13T14:30"}, {"Gespreksdatum,Tijd", "2024-03-14,14:30", "2024-03-14T14:30"}, {"Data da reunião,Hora", "2024-03-15,14:30", "2024-03-15T14:30"},
	} {
		text := r.want(200, "POST", "/import/activities?dry_run=1", "Kind,Body,Contact Name,"+c.columns+"\ncall,x,Mara,"+c.cells+"\n")
		if !strings.Contains(text, "occurred_at="+c.at) || strings.Contains(text, "without a date") {
			t.Errorf("%s is read as %s", c.columns, text)
		}
	}
}

// TestCloseDateAhead imports deals that are won or lost, with the day on which they did or will close. No
// deal was closed on a day that is still to come.
func TestCloseDateAhead(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	r.want(200, "POST", "/import/deals", "Deal Name,Status,Close Date\npast,won,2020-03-01\nahead,lost,2199-03-01\n")
	list := r.want(200, "GET", "/deals?fields=title,close_at,closed_at", "")
	if !strings.Contains(list, "title=past close_at=2020-03-01 closed_at=2020-03-01") || strings.Contains(list, "closed_at=2199") || !strings.Contains(list, "close_at=2199-03-01") {
		t.Errorf("the deals are\n%s", list)
	}
}

// TestPlannedActivities imports activities that have not happened: they are refused, and no contact
// is there for them.
func TestPlannedActivities(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	for _, c := range []struct{ columns, cells, want string }{
		{"Date,Done", "2024-03-01,no", "no in the column Done says that it has not happened; send it to POST /import/tasks"},
		{"Activity - Due date,Activity - Done", "2024-03-01,To do", "says that it has not happened"}, {"Date,Status", "2024-03-01,Planned", "says that it has not happened"},
		{"Datum,Erledigt", "2024-03-01,nein", "says that it has not happened"}, {"Date,Statut", "2024-03-01,Planifiée", "says that it has not happened"},
		{"Date,Colour", "2199-03-01,red", "2199-03-01 is still to come, so it has not happened yet; send it to POST /import/tasks"},
		{"Date,Done", "2199-03-01,yes", "1 created"}, {"Date,Done", "2024-03-01,x", "1 created"}, {"Date,Status", "2024-03-01,Held", "1 created"}, {"Date,Status", "2024-03-01,closed won", "1 created"},
	} {
		text := r.want(200, "POST", "/import/activities?dry_run=1", "Kind,Body,Contact Name,"+c.columns+"\ncall,x,Mara,"+c.cells+"\n")
		if !strings.Contains(text, c.want) {
			t.Errorf("%s with %s answers %s", c.columns, c.cells, text)
		}
	}
	r.want(200, "POST", "/import/activities", "Kind,Body,Contact Name,Date,Done\ncall,x,Mara,2024-03-01,no\n")
	if list := r.want(200, "GET", "/contacts", ""); strings.Contains(list, "contact/") {
		t.Errorf("a refused row left %s", list)
	}
}

package server_test

import "testing"

// TestNoTwoFieldsHaveOneKey declares an amount of money beside the keys that it would have, by every way to a declaration.
func TestNoTwoFieldsHaveOneKey(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	r.want(201, "POST", "/fields", `{"kind":"company","name":"arr","type":"number"}`)
	r.want(201, "POST", "/fields", `{"kind":"company","name":"arr_cents","type":"text"}`)
	arr := "/fields/" + r.id("field", 1)
	for _, way := range [][2]string{{"PATCH", arr}, {"POST", "/fields"}} {
		body := map[string]string{"PATCH": `{"type":"money"}`, "POST": `{"kind":"company","name":"arr","type":"money"}`}[way[0]]
		contains(t, r.want(400, way[0], way[1], body), "arr_cents", "type")
		contains(t, r.want(400, way[0], way[1]+"?dry_run=1", body), "arr_cents")
	}
}

// TestNoTwoFieldsHaveOneKeyAfterARestore restores and undoes declarations beside those that took their keys meanwhile.
func TestNoTwoFieldsHaveOneKeyAfterARestore(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	r.want(201, "POST", "/fields", `{"kind":"company","name":"arr","type":"money"}`)
	arr := "/fields/" + r.id("field", 1)
	deleted := r.deletes(arr)
	r.want(201, "POST", "/fields", `{"kind":"company","name":"arr_cents","type":"text"}`)
	contains(t, r.want(409, "POST", arr+"/restore", ""), "cannot come back", "arr_cents belongs to field/"+r.id("field", 2))
	contains(t, r.want(200, "POST", "/undo", `{"change":"`+deleted+`"}`), "kept", "arr_cents belongs to")
	r.want(200, "GET", "/fields", "")
}

package undo

import (
	"strconv"
	"strings"

	"crmkit/crm"
	"crmkit/crm/norm"
	"crmkit/store"
	"crmkit/store/changelog"
	"crmkit/store/undo"
)

// find sets what is undone.
func (c *call) find(body map[string]string) error {
	sent := 0
	for _, name := range []string{"change", "run", "record"} {
		if body[name] != "" {
			sent++
		}
	}
	switch {
	case sent != 1:
		return crm.Errorf(crm.MissingField, `send only one of {"change":"%s"} as writes name it, {"run":"<name>"}, or {"record":"contact/c_…"} for its last change.`, changelog.GroupID(c.rq.Actor.Workspace, 1))
	case body["by"] != "" && body["run"] == "":
		return crm.Errorf(crm.InvalidValue, "by names the user of a run; send it with run, or leave it out.").On("by")
	case body["change"] != "":
		return c.findGroup(body["change"])
	case body["run"] != "":
		return c.findRun(body["run"], body["by"])
	}
	return c.findRecord(body["record"])
}

// findGroup sets a change group.
func (c *call) findGroup(id string) error {
	first, fault := changelog.ParseGroupID(c.rq.Actor.Workspace, id)
	if fault != crm.IDOK {
		return crm.Errorf(crm.InvalidValue, "%s %s. A change group looks like %s; the answer of a write in JSON names its group as \"change\", and GET /changes shows those of all changes.",
			norm.Quote(id), fault, changelog.GroupID(c.rq.Actor.Workspace, 1)).On("change")
	}
	c.name, c.scope = "change group "+id, undo.Scope{Group: first}
	return nil
}

// findRun sets the latest run of a name.
func (c *call) findRun(name, by string) error {
	if fault := crm.CheckRun(name); fault != nil {
		return fault.On("run")
	}
	if by == "" || by == "me" {
		by = c.rq.Actor.Email
	}
	if address, valid := norm.Email(by); valid {
		by = address
	}
	var found changelog.Runs
	err := c.x.store.View(c.rq.Context(), c.rq.Actor, func(v *store.View) (err error) {
		found, err = v.Runs(name, by)
		return err
	})
	if err != nil {
		return err
	}
	if found.Latest == 0 {
		hint := "GET /changes shows the runs of all changes."
		if found.Other != "" {
			hint = norm.Quote(found.Other) + " has one; they undo it, or an admin does: POST /undo " + `{"run":` + strconv.Quote(name) + `,"by":` + strconv.Quote(found.Other) + `}.`
		}
		return crm.Errorf(crm.NotFound, "%s has no run %s in this workspace. %s", norm.Quote(by), norm.Quote(name), hint).On("run")
	}
	c.name, c.scope = "run "+norm.Quote(name), undo.Scope{Run: found.Latest, Name: []string{"run", name}}
	return nil
}

// findRecord sets the last change of a record.
func (c *call) findRecord(text string) error {
	schema := c.rq.Env.Schema
	text = strings.TrimSpace(text)
	e := schema.ByPrefix(crm.CutHandle(text))
	if e != nil && e.IsView() {
		return crm.Errorf(crm.InvalidValue, "%s is no record of the CRM, and %s: %s.", norm.Quote(text), neverUndone, strings.TrimPrefix(c.opposites(map[string]int{e.Name: 1}), "1 ")).On("record")
	}
	if e == nil {
		return crm.Errorf(crm.InvalidValue, "record takes the handle or the id of a record, like contact/c_7k3q, not %s.", norm.Quote(text)).On("record")
	}
	key, hint := schema.Locate(e, c.rq.Actor.Workspace, text)
	if hint != "" {
		return crm.Errorf(crm.InvalidValue, "%s.", hint).On("record")
	}
	handle := e.Name + "/" + crm.RecordID(e.Prefix, key)
	last, found, err := undo.LatestOf(c.rq.Context(), c.x.store, c.rq.Actor, handle)
	switch {
	case err != nil:
		return err
	case !found:
		return crm.Errorf(crm.NotFound, "the log has no change of %s: there never was such a record, or nothing happened to it for as long as the log is kept. GET /changes?record=%s lists its changes.", handle, handle).On("record")
	case last.Erased != "":
		return crm.Errorf(crm.Purged, "%s was %s: no undo brings it back, only a backup from before has it.", handle, last.Erased).On("record")
	}
	if e.IsDefinition() && last.Alone { // a pipeline with renamed stages moved records
		others, err := last.HasOthers(c.rq.Context(), c.x.store, c.rq.Actor.Workspace)
		if last.Alone = !others; err != nil {
			return err
		}
	}
	if !last.Alone {
		id := changelog.GroupID(c.rq.Actor.Workspace, last.Group)
		return crm.Errorf(crm.PartOfChange, `the last change of %s came with others, by a merge, a delete or a pipeline whose stages were renamed. To undo all of them: POST /undo {"change":"%s"}; GET /changes/%s shows them.`, handle, id, id).On("record")
	}
	c.name, c.scope = "the last change of "+handle, undo.Scope{Entry: last.Number, In: last.Group, Name: []string{"record", handle}}
	return nil
}

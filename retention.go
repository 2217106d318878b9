package main

import "crmkit/store"

// retentionFlags say for how long what is of the past is kept.
type retentionFlags struct {
	LogDays int `help:"Days to keep entries of the log of changes, at least 30; 0 for ever (default ${default})." default:"0" placeholder:"DAYS"`
}

// check refuses a log that is too short to look up what was deleted.
func (f retentionFlags) check() error { return store.CheckLogDays(f.LogDays) }

package main

import (
	"fmt"
	"os"
	"slices"
	"strings"
)

// loadConfig reads the file that --config or CRMKIT_CONFIG names and sets its lines as
// environment variables. It skips variables that are set already, also empty ones, so that
// the flag wins over the environment and that over the file. It looks for --config before the
// arguments are parsed, since the parser reads the environment.
func loadConfig(args, environ []string, set func(key, value string) error) error {
	present := map[string]bool{}
	name := ""
	for _, entry := range environ {
		key, value, _ := strings.Cut(entry, "=")
		present[key] = true
		if key == "CRMKIT_CONFIG" {
			name = value
		}
	}
	// As with other flags, the last one wins.
	for i, arg := range args {
		if value, found := strings.CutPrefix(arg, "--config="); found {
			name = value
		} else if arg == "--config" && i+1 < len(args) {
			name = args[i+1]
		}
	}
	if name == "" {
		return nil
	}
	data, err := os.ReadFile(name)
	if err != nil {
		return fmt.Errorf("config: %w", err)
	}
	settings, err := parseConfig(string(data))
	if err != nil {
		return fmt.Errorf("config %s: %w", name, err)
	}
	for _, s := range settings {
		if !present[s.key] {
			if err := set(s.key, s.value); err != nil {
				return fmt.Errorf("config %s: %w", name, err)
			}
		}
	}
	return nil
}

// setting is one line of a config file, with the key of its environment variable.
type setting struct{ key, value string }

// settingNames are the flags that a config file may set: all but those of one call. The list
// is written out, so that a new flag is a decision; a test compares it with the flags.
var settingNames = []string{"LISTEN", "DB", "BASE_URL", "LOCAL", "TOKEN_FOR", "SMTP_URL", "MAIL_FROM", "SIGNUP", "RATE", "IMPORT_MAX", "SEARCH_MEMORY", "RECORD_MEMORY", "LOG_DAYS", "TRASH_DAYS", "TRUST_PROXY", "METRICS_TOKEN", "METRICS_LISTEN", "TLS_DOMAIN", "TLS_DIR", "TLS_CERT", "TLS_KEY", "HTTP_LISTEN", "ACME_DIRECTORY", "BACKUP_DIR", "BACKUP_EVERY", "BACKUP_KEEP", "KEEP", "PLANS", "DEFAULT_PLAN", "LOG_FORMAT", "EMAIL", "NAME", "URL", "TOKEN", "TOOLS"}

// parseConfig reads KEY=VALUE lines: base-url = https://… or CRMKIT_BASE_URL=…. Blank lines
// and lines that start with # are skipped. A value runs to the end of its line and may be in
// double quotes; there are no escapes and no comments behind a value, because a password may
// have any character. An unknown or repeated key is an error: otherwise a misspelled setting
// would silently have no effect.
func parseConfig(text string) ([]setting, error) {
	var list []setting
	for i, line := range strings.Split(text, "\n") {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		key, value, found := strings.Cut(line, "=")
		name := strings.ToUpper(strings.ReplaceAll(strings.TrimSpace(key), "-", "_"))
		name = strings.TrimPrefix(name, "CRMKIT_")
		key = strings.TrimSpace(key)
		if strings.Trim(strings.ToLower(key), "abcdefghijklmnopqrstuvwxyz_-") != "" {
			key = "…" // it may be a value without its key, and contain a password
		}
		switch names := strings.ToLower(strings.ReplaceAll(strings.Join(settingNames, " "), "_", "-")); {
		case !slices.Contains(settingNames, name):
			return nil, fmt.Errorf("line %d: %q is no setting; write one of %s, then = and a value", i+1, key, names)
		case !found:
			return nil, fmt.Errorf("line %d: %q has no value; write %s = and the value", i+1, key, key)
		}
		if slices.ContainsFunc(list, func(s setting) bool { return s.key == "CRMKIT_"+name }) {
			return nil, fmt.Errorf("line %d: %q is set twice", i+1, key)
		}
		value = strings.TrimSpace(value)
		if len(value) > 1 && value[0] == '"' && value[len(value)-1] == '"' {
			value = value[1 : len(value)-1]
		}
		list = append(list, setting{"CRMKIT_" + name, value})
	}
	return list, nil
}

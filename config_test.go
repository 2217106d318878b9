package main

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
)

func envName(flag string) string {
	return "CRMKIT_" + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}

// switches are flags of one call of a command, not settings.
var switches = []string{"create", "force", "dry-run", "confirm", "from", "to", "undo"}

// TestSettings checks that every flag can be set in the environment and in a config file.
// docs/settings.md lists the same names (TestSettingsPage); what each does is tested with
// the binary, in server/e2e.
func TestSettings(t *testing.T) {
	parser, err := kong.New(&cli{}, kong.DefaultEnvars("CRMKIT"))
	if err != nil {
		t.Fatal(err)
	}
	flags := map[string]bool{}
	for _, node := range append(parser.Model.Children, parser.Model.Node) {
		for _, f := range node.Flags {
			if f.Name == "help" || slices.Contains(switches, f.Name) && len(f.Envs) == 0 {
				continue
			}
			if !slices.Equal(f.Envs, []string{envName(f.Name)}) {
				t.Errorf("--%s reads %v from the environment", f.Name, f.Envs)
			}
			if f.Name != "config" {
				flags[f.Name] = true
			}
		}
	}
	want := slices.Sorted(maps.Keys(flags))
	var inFile []string
	for _, name := range settingNames {
		inFile = append(inFile, strings.ToLower(strings.ReplaceAll(name, "_", "-")))
	}
	slices.Sort(inFile)
	if !slices.Equal(inFile, want) {
		t.Errorf("a config file takes %v, the flags are %v", inFile, want)
	}
}

func TestParseConfig(t *testing.T) {
	const text = "# settings\r\n\n  base-url = \"https://crm.example.com\"\r\nCRMKIT_DB=a=b.db\nlog_format=json\nTOKEN-FOR=\nname=\"\n"
	want := []setting{
		{"CRMKIT_BASE_URL", "https://crm.example.com"}, {"CRMKIT_DB", "a=b.db"}, {"CRMKIT_LOG_FORMAT", "json"},
		{"CRMKIT_TOKEN_FOR", ""}, {"CRMKIT_NAME", `"`},
	}
	got, err := parseConfig(text)
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("parsed %q, %v\nwant %q", got, err, want)
	}
}

func TestConfigErrors(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"db = a.db\n\nlisten-on = 127.0.0.1:1\n", `line 3: "listen-on" is no setting`},
		{"db\n", `line 1: "db" has no value`},
		{"db = a\nCRMKIT_DB = b\n", `line 2: "CRMKIT_DB" is set twice`},
		{"= a\n", `line 1: "" is no setting`},
		{"smtp://user:pa55word@host\n", `line 1: "…" is no setting`},
		{"# one\nconfig = other\n", `line 2: "config" is no setting`},
		{"CRMKIT_CRMKIT_DB = a\n", `line 1: "CRMKIT_CRMKIT_DB" is no setting`},
	} {
		config := filepath.Join(t.TempDir(), "config")
		if err := os.WriteFile(config, []byte(c.text), 0o600); err != nil {
			t.Fatal(err)
		}
		for _, args := range [][]string{{"version", "--config", config}, {"version", "--config=" + config}} {
			_, _, err := inside(t, args...)
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), config) {
				t.Errorf("%q: error %v, want one with the file and %q", c.text, err, c.want)
			}
		}
	}
}

func TestConfigMissing(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "none")
	t.Setenv("CRMKIT_CONFIG", missing)
	if _, _, err := inside(t, "version"); err == nil || !strings.Contains(err.Error(), missing) {
		t.Errorf("error %v, want one that names %s", err, missing)
	}
}

package main

import (
	"bytes"
	"strings"
	"testing"
)

// inside runs a command in this process, as main does, and returns its output.
func inside(t *testing.T, args ...string) (stdout, stderr string, err error) {
	t.Helper()
	var out, log bytes.Buffer
	err = run(t.Context(), args, console{&out, &log})
	return out.String(), log.String(), err
}

func TestVersion(t *testing.T) {
	if out, _, err := inside(t, "version"); err != nil || out != "crmkit "+version+"\n" {
		t.Errorf("version: %q, %v", out, err)
	}
}

// TestHelp checks that --help runs no command, also with further arguments of one.
func TestHelp(t *testing.T) {
	for _, args := range [][]string{{"--help"}, {"serve", "--help", "--local"}, {"token", "--help"}} {
		out, _, err := inside(t, args...)
		if err != nil || !strings.Contains(out, "Usage: crmkit") || strings.Contains(out, "listening") {
			t.Errorf("%v: %v\n%s", args, err, out)
		}
	}
}

func TestWrongArguments(t *testing.T) {
	for _, args := range [][]string{{"serv"}, {"serve", "--lokal"}, {"token"}, {"serve", "--log-format", "xml"}} {
		out, _, err := inside(t, args...)
		if err == nil || !strings.Contains(err.Error(), "see crmkit --help") || out != "" {
			t.Errorf("%v: error %v, stdout %q", args, err, out)
		}
	}
}

// TestHelpSynonyms checks the arguments that people try first.
func TestHelpSynonyms(t *testing.T) {
	for _, args := range [][]string{nil, {"help"}, {"help", "serve"}, {"--help"}} {
		out, _, err := inside(t, args...)
		if want := "Usage: crmkit"; err != nil || !strings.HasPrefix(out, want) {
			t.Errorf("crmkit %v: %v, %q", args, err, out)
		}
	}
	for _, args := range [][]string{{"--version"}, {"-v"}} {
		if out, _, err := inside(t, args...); err != nil || out != "crmkit "+version+"\n" {
			t.Errorf("crmkit %v: %v, %q", args, err, out)
		}
	}
}

package crm_test

import (
	"slices"
	"testing"

	"crmkit/crm"
)

func TestCovers(t *testing.T) {
	scopes := crm.Scopes()
	for i, scope := range scopes {
		for j, need := range scopes {
			if crm.Covers(scope, need) != (i >= j) {
				t.Errorf("%s covers %s: %v", scope, need, i < j)
			}
		}
	}
	for _, word := range []string{"", "Full", "admin", "full "} {
		if crm.Covers(word, crm.ScopeRead) || crm.Covers(crm.ScopeFull, word) {
			t.Errorf("%q is taken for a scope", word)
		}
	}
}

func TestOnlyFirstHandTokensAreFree(t *testing.T) {
	for _, origin := range []string{crm.OriginCode, crm.OriginOwner, crm.OriginMinted, "oauth", ""} {
		want := slices.Contains([]string{crm.OriginCode, crm.OriginOwner}, origin)
		if (crm.Actor{Origin: origin}).Free() != want {
			t.Errorf("a token of origin %q is free: %v", origin, !want)
		}
	}
}

package crm_test

import (
	"testing"

	"crmkit/crm"
)

func TestScopeIncludes(t *testing.T) {
	scopes := crm.Scopes()
	for i, scope := range scopes {
		for j, need := range scopes {
			if crm.ScopeIncludes(scope, need) != (i >= j) {
				t.Errorf("%s covers %s: %v", scope, need, i < j)
			}
		}
	}
	for _, word := range []string{"", "Full", "admin", "full "} {
		if crm.ScopeIncludes(word, crm.ScopeRead) || crm.ScopeIncludes(crm.ScopeFull, word) {
			t.Errorf("%q is taken for a scope", word)
		}
	}
}

func TestCrossWorkspaceNeedsReachAll(t *testing.T) {
	for _, reach := range []string{crm.ReachAll, crm.ReachOne, "every", ""} {
		if (crm.Actor{Reach: reach}).CrossWorkspace() != (reach == crm.ReachAll) {
			t.Errorf("reach %q: it may leave its workspace: %t", reach, (crm.Actor{Reach: reach}).CrossWorkspace())
		}
	}
}

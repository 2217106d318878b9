package shape_test

import (
	"testing"

	"crmkit/crm"
	"crmkit/crm/catalog"
	"crmkit/crm/shape"
)

func TestAnEmptySchemaDeclaresNothing(t *testing.T) {
	base, err := catalog.Schema()
	if err != nil {
		t.Fatal(err)
	}
	e := base.ByName("company")
	before, after := crm.NewRecord(e), crm.NewRecord(e)
	after.Set("custom", crm.Members([]crm.Member{{Name: "region", JSON: `"emea"`}}))
	for name, s := range map[string]*shape.Schema{"none": nil, "of nothing": shape.New(shape.Source{Base: base, Workspace: 1, Version: 3})} {
		if err := s.Apply(e, before.Values, after.Values, crm.Setting{}); err != nil || s.Kind(e).Member("region") != nil || s.Kind(e).Field("region") != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if s := shape.Of(nil); s.Version() != 0 || s.Is(1, 0) {
		t.Error("rules of nobody are those of a workspace")
	}
}

package sqlite

import "testing"

// TestNetworksAreRefused checks that local disks are taken, and which kinds of file
// systems are not; none of them can be mounted in a test.
func TestNetworksAreRefused(t *testing.T) {
	if network, _, err := diskOf(t.TempDir()); network != "" || err != nil {
		t.Errorf("a folder of this machine is taken for %q, %v", network, err)
	}
	if network, unsure, err := diskOf("/proc"); network != "" || unsure || err != nil {
		t.Errorf("/proc is taken for %q, %v, %v", network, unsure, err)
	}
	for kind, name := range map[uint32]string{0x6969: "NFS", 0xff534d42: "CIFS", 0xfe534d42: "SMB2", 0x01021997: "9P"} {
		if networks[kind] != name {
			t.Errorf("%#x is %q, want %s", kind, networks[kind], name)
		}
	}
}

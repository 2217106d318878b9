package sqlite

import "syscall"

// Kinds of file systems by the magic number that statfs returns (statfs(2),
// linux/magic.h).
var (
	// File systems of another machine, or shared between machines. Their locks and shared
	// memory do not work as SQLite's write-ahead log needs, so the file would be damaged.
	networks = map[uint32]string{
		0x6969: "NFS", 0x517b: "SMB", 0xff534d42: "CIFS", 0xfe534d42: "SMB2", 0x01021997: "9P", 0x5346414f: "AFS", 0x6b414653: "AFS",
		0x00c36400: "Ceph", 0x73757245: "Coda", 0x564c: "NCP", 0x0bd00bd0: "Lustre", 0x47504653: "GPFS", 0x7461636f: "OCFS2", 0x01161970: "GFS2",
		0x19830326: "BeeGFS",
	}
	fuse uint32 = 0x65735546
)

// diskOf returns the name of the network file system of a folder; empty if it is on another one.
// For FUSE unsure is true: it may use a disk (a shared folder of a virtual machine, an encrypted
// folder) or a network (sshfs).
func diskOf(folder string) (network string, unsure bool, err error) {
	var stat syscall.Statfs_t
	if err := syscall.Statfs(folder, &stat); err != nil {
		return "", false, err
	}
	kind := uint32(stat.Type)
	return networks[kind], kind == fuse, nil
}

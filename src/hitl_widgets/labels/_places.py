"""What kind of folder a file lies in: on this machine, or behind a network."""

from __future__ import annotations

from pathlib import Path

__all__ = ["file_system", "is_network"]

# Their locks and shared memory reach one machine only, or are not to be trusted.
_NETWORK = (
    "9p", "acfs", "afpfs", "afs", "beegfs", "ceph", "cifs", "cvmfs", "davfs", "drvfs", "fhgfs", "gfs",
    "glusterfs", "gpfs", "lustre", "mmfs", "moosefs", "ncpfs", "nfs", "ocfs2", "orangefs", "osxfuse",
    "macfuse", "panfs", "prl_fs", "pvfs2", "smb", "vboxsf", "virtiofs", "vmhgfs", "webdav", "wekafs",
)  # fmt: skip
# File systems in user space are taken for remote (sshfs, s3fs, rclone, ...), but for these.
_LOCAL_FUSE = {
    "fuseblk", "fusectl", "fuse.bindfs", "fuse.encfs", "fuse.exfat", "fuse.fuse-overlayfs", "fuse.gocryptfs",
    "fuse.mergerfs", "fuse.ntfs", "fuse.ntfs-3g",
}  # fmt: skip


def file_system(path: Path) -> str:
    """The type of the file system of a path (``ext4``, ``nfs4``, ...); "" where it cannot be told."""
    import psutil

    try:
        place = path.resolve()
        mounts = psutil.disk_partitions(all=True)
    except (OSError, RuntimeError):
        return ""
    if place.drive.startswith("\\\\"):
        return "smb"
    # Of two on one mount point the later one covers the earlier.
    over = [m for m in mounts if m.mountpoint and place.is_relative_to(m.mountpoint)]
    found = max(reversed(over), key=lambda m: len(m.mountpoint), default=None)
    if found is None:
        return ""
    return "smb" if "remote" in found.opts.split(",") else found.fstype.lower()


def is_network(kind: str) -> bool:
    """Whether a type of file system may be shared with other machines."""
    if kind.startswith("fuse"):
        return kind not in _LOCAL_FUSE
    return kind.startswith(_NETWORK)

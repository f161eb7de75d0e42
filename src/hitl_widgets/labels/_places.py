"""File system types: local or network."""

from __future__ import annotations

from pathlib import Path

__all__ = ["file_system", "is_network"]

# File systems whose locks and shared memory work on one machine only, or are unreliable.
_NETWORK = (
    "9p", "acfs", "afpfs", "afs", "beegfs", "ceph", "cifs", "cvmfs", "davfs", "drvfs", "fhgfs", "gfs",
    "glusterfs", "gpfs", "lustre", "mmfs", "moosefs", "ncpfs", "nfs", "ocfs2", "orangefs", "osxfuse",
    "macfuse", "panfs", "prl_fs", "pvfs2", "smb", "vboxsf", "virtiofs", "vmhgfs", "webdav", "wekafs",
)  # fmt: skip
# FUSE file systems count as remote (sshfs, s3fs, rclone, ...), except for these.
_LOCAL_FUSE = {
    "fuseblk", "fusectl", "fuse.bindfs", "fuse.encfs", "fuse.exfat", "fuse.fuse-overlayfs", "fuse.gocryptfs",
    "fuse.mergerfs", "fuse.ntfs", "fuse.ntfs-3g",
}  # fmt: skip


def file_system(path: Path) -> str:
    """Return the file system type of a path (``ext4``, ``nfs4``, ...); "" if unknown."""
    import psutil

    try:
        place = path.resolve()
        mounts = psutil.disk_partitions(all=True)
    except (OSError, RuntimeError):
        return ""
    if place.drive.startswith("\\\\"):
        return "smb"
    # A later mount on the same mount point hides an earlier one.
    over = [m for m in mounts if m.mountpoint and place.is_relative_to(m.mountpoint)]
    found = max(reversed(over), key=lambda m: len(m.mountpoint), default=None)
    if found is None:
        return ""
    return "smb" if "remote" in found.opts.split(",") else found.fstype.lower()


def is_network(kind: str) -> bool:
    """Return whether a file system type may be shared with other machines."""
    if kind.startswith("fuse"):
        return kind not in _LOCAL_FUSE
    return kind.startswith(_NETWORK)

"""A root file system made of Debian's busybox-static: the smallest one that has a shell and the usual commands."""

from __future__ import annotations

import functools
import shutil
import subprocess
from pathlib import Path

BUSYBOX = Path("/bin/busybox")
FOLDERS = ("bin", "dev", "etc", "home", "proc", "root", "run", "sys", "tmp", "usr", "var")
PASSWD = (
    "root:x:0:0:root:/root:/bin/sh\ndaemon:x:1:1:daemon:/:/bin/false\nuser:x:1000:1000:user:/home:/bin/sh\n"
)
GROUP = "root:x:0:\ndaemon:x:1:\nuser:x:1000:\nextra:x:2000:user\n"


@functools.cache
def applets() -> tuple[str, ...]:
    """The commands that this busybox has; raises FileNotFoundError where busybox-static is not installed."""
    listed = subprocess.run([BUSYBOX, "--list"], capture_output=True, text=True, check=True, timeout=10)
    return tuple(name for name in listed.stdout.split() if name != "busybox")


def make_rootfs(folder: Path) -> Path:
    """Makes a writable root file system in `folder` (new or empty), owned by the caller; returns the folder."""
    for name in FOLDERS:
        (folder / name).mkdir(parents=True)
    (folder / "tmp").chmod(0o1777)
    shutil.copy2(BUSYBOX, folder / "bin/busybox")
    for name in applets():
        (folder / "bin" / name).symlink_to("busybox")
    (folder / "etc/passwd").write_text(PASSWD)
    (folder / "etc/group").write_text(GROUP)
    return folder

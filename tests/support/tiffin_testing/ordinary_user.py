"""Runs a command as an ordinary user with subordinate ids, though root started it; the machine itself is not changed.

    python ordinary_user.py [--reach PATH ...] -- COMMAND...

In a private mount namespace /etc/passwd, group, subuid and subgid get one more line (bind mounts of changed
copies), and a path that the user must reach through a closed folder (a checkout below /root) is made reachable.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import sys
import tempfile
from pathlib import Path

NAME, UID = "tiffin-tester", 61234
FIRST_SUBORDINATE = 2_000_000_000 // 65536 * 65536
CLONE_NEWNS = 0x00020000  # <linux/sched.h>
MS_BIND, MS_REC, MS_PRIVATE, MS_NOSUID, MS_NODEV = 0x1000, 0x4000, 0x40000, 0x2, 0x4  # <linux/mount.h>

_libc = ctypes.CDLL(None, use_errno=True)


def mount(source: str, target: str, kind: str | None, flags: int, data: str | None = None) -> None:
    """mount(2); raises OSError."""
    texts = (text.encode() if text is not None else None for text in (source, target, kind))
    if _libc.mount(*texts, ctypes.c_ulong(flags), data.encode() if data else None) != 0:
        raise OSError(ctypes.get_errno(), f"mount {source} on {target}: {os.strerror(ctypes.get_errno())}")


def add_line(path: Path, line: str, scratch: Path) -> None:
    """Bind-mounts a copy of the file with one more line over it."""
    before = path.read_text() if path.exists() else ""
    if not path.exists():
        path.touch()
    copy = scratch / path.name
    copy.write_text(f"{before.rstrip()}\n{line}\n".lstrip())
    copy.chmod(0o644)
    mount(str(copy), str(path), None, MS_BIND)


def closed_folder(path: Path) -> Path | None:
    """The topmost folder above `path` that others may not enter."""
    for folder in reversed(path.parents):
        if not folder.stat().st_mode & 0o001:
            return folder
    return None


def make_reachable(paths: list[Path]) -> None:
    """Covers each closed folder by an empty one that holds only the parts which are needed."""
    wanted: dict[Path, list[Path]] = {}
    for path in paths:
        if folder := closed_folder(path):
            wanted.setdefault(folder, []).append(path)
    for folder, parts in wanted.items():
        outermost = [part for part in parts if not any(other in part.parents for other in parts)]
        opened = {part: os.open(part, os.O_PATH) for part in outermost}
        mount("tmpfs", str(folder), "tmpfs", MS_NOSUID | MS_NODEV, "mode=755,size=16m")
        for part, descriptor in opened.items():
            part.mkdir(parents=True)
            mount(f"/proc/self/fd/{descriptor}", str(part), None, MS_BIND | MS_REC)
            os.close(descriptor)


def become(scratch: Path) -> None:
    """Gives up root for good."""
    home, runtime = scratch / "home", scratch / "run"
    for folder in (home, runtime):
        folder.mkdir(mode=0o700)
        os.chown(folder, UID, UID)
    os.environ.update(HOME=str(home), USER=NAME, LOGNAME=NAME, XDG_RUNTIME_DIR=str(runtime))
    for name in ("XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME"):
        os.environ.pop(name, None)
    os.setgroups([])
    os.setresgid(UID, UID, UID)
    os.setresuid(UID, UID, UID)


def main(arguments: list[str]) -> int:
    split = arguments.index("--")
    reach, command = arguments[:split], arguments[split + 1 :]
    paths = [
        Path(path).resolve() for flag, path in zip(reach[::2], reach[1::2], strict=True) if flag == "--reach"
    ]
    scratch = Path(tempfile.mkdtemp(prefix="tiffin-user-"))
    scratch.chmod(0o755)
    child = os.fork()
    if child == 0:
        if _libc.unshare(CLONE_NEWNS) != 0:
            raise OSError(ctypes.get_errno(), "unshare(CLONE_NEWNS)")
        mount("none", "/", None, MS_REC | MS_PRIVATE)
        add_line(Path("/etc/passwd"), f"{NAME}:x:{UID}:{UID}::{scratch}/home:/bin/sh", scratch)
        add_line(Path("/etc/group"), f"{NAME}:x:{UID}:", scratch)
        for name in ("subuid", "subgid"):
            add_line(Path("/etc", name), f"{NAME}:{FIRST_SUBORDINATE}:65536", scratch)
        make_reachable(paths)
        become(scratch)
        os.execvp(command[0], command)
    try:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

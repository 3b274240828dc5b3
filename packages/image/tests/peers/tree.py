"""Trees as what can be compared, file by file; as a script, trees that are mounted for it alone.

    python tree.py '[["overlay", "overlay", ["ro", "lowerdir=/a:/b"]]]'      prints the facts of that tree as JSON

A fact is a list of words and numbers: what an unpacker decides on, and whether the peer keeps it.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import stat
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from tiffin.image.kernel import mount, umount2, unshare

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    Facts = dict[str, dict[str, object]]
    Mounts = Iterable[Sequence[object]]

CLONE_NEWNS = 0x00020000
MS_RDONLY, MS_REMOUNT, MS_BIND, MS_REC, MS_PRIVATE = 0x1, 0x20, 0x1000, 0x4000, 0x40000
MNT_DETACH = 2
MOST_SHOWN = 20
SECONDS = 300
PART = re.compile(r"(?:\\.|[^:\\])+")  # of a list of folders: colons of a name are escaped


def facts(folder: str | Path) -> Facts:
    """Everything in a folder, and itself, by path: names that are no UTF-8 keep their bytes (surrogates)."""
    top = os.fspath(folder)
    found: Facts = {}
    links: dict[tuple[int, int], str] = {}
    for above, directories, files in os.walk(top):
        directories.sort()
        for name in sorted(
            ["", *files, *(each for each in directories if os.path.islink(f"{above}/{each}"))]
        ):
            path = os.path.join(above, name).rstrip("/")
            short = os.path.relpath(path, top)
            found[short] = _fact(path, short, links)
    for first in links.values():
        if (
            sum(fact.get("same as") == first for fact in found.values()) == 1
        ):  # the other names are hidden, or outside
            del found[first]["same as"]
    return found


def _fact(path: str, short: str, links: dict[tuple[int, int], str]) -> dict[str, object]:
    status = os.lstat(path)
    kind = stat.S_IFMT(status.st_mode)
    fact: dict[str, object] = {
        "mode": oct(status.st_mode), "owner": f"{status.st_uid}:{status.st_gid}", "mtime": status.st_mtime_ns,
    }  # fmt: skip
    if kind == stat.S_IFREG:
        fact["size"] = status.st_size
        fact["digest"] = _digest(path)
    elif kind == stat.S_IFLNK:
        fact["target"] = os.readlink(path)
    elif kind in (stat.S_IFCHR, stat.S_IFBLK):
        fact["device"] = f"{os.major(status.st_rdev)}:{os.minor(status.st_rdev)}"
    if kind != stat.S_IFDIR and status.st_nlink > 1:
        fact["same as"] = links.setdefault((status.st_dev, status.st_ino), short)
    for name in sorted(os.listxattr(path, follow_symlinks=False)):
        fact[f"xattr {name}"] = os.getxattr(path, name, follow_symlinks=False).hex()
    return fact


def _digest(path: str) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def differences(expected: Facts, found: Facts) -> list[str]:
    """One line for each file that differs; at most 20 of them."""
    lines = []
    for path in sorted(expected.keys() | found.keys()):
        one, other = expected.get(path), found.get(path)
        if one is None or other is None:
            lines.append(f"{path!r}: {'not expected' if one is None else 'missing'}: {one or other}")
        elif one != other:
            keys = sorted(key for key in one.keys() | other.keys() if one.get(key) != other.get(key))
            lines.append(
                f"{path!r}: " + "; ".join(f"{key}: {one.get(key)} -> {other.get(key)}" for key in keys)
            )
    return lines if len(lines) <= MOST_SHOWN else [*lines[:MOST_SHOWN], f"and {len(lines) - MOST_SHOWN} more"]


def mounted_facts(mounts: Mounts) -> Facts:
    """The facts of what mounts show, made in a process with a mount namespace of its own."""
    command = [sys.executable, __file__, json.dumps([list(each) for each in mounts])]
    done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
    assert done.returncode == 0, done.stderr
    found: Facts = json.loads(done.stdout)
    return found


def own_mount_namespace() -> None:
    """Gives this process one that no other hears of."""
    unshare(CLONE_NEWNS)
    mount("none", "/", "none", MS_REC | MS_PRIVATE)


def mount_all(mounts: Mounts, target: str) -> None:
    """Mounts what a snapshotter says, as containerd does: options that are no flags go to the file system."""
    for kind, source, options in mounts:
        words = [str(word) for word in options]  # type: ignore[attr-defined]
        data, folder = _shortened([word for word in words if word not in ("ro", "rw", "rbind", "bind")])
        flags = (MS_BIND | MS_REC) if kind == "bind" else 0
        before = os.open(".", os.O_PATH | os.O_DIRECTORY)
        try:
            os.chdir(folder)
            mount(str(source), target, str(kind), flags, ",".join(data))
            if "ro" in words:
                mount("none", target, "none", MS_REMOUNT | MS_BIND | MS_RDONLY)
        finally:
            os.fchdir(before)
            os.close(before)


def _shortened(options: list[str]) -> tuple[list[str], str]:
    """The lower folders relative to the one that holds them all, since mount(2) takes one page of options."""
    lower = next((each for each in options if each.startswith("lowerdir=")), "")
    paths = PART.findall(lower.removeprefix("lowerdir="))
    if len(paths) < 2:
        return options, "/"
    common = os.path.commonpath(paths)
    short = "lowerdir=" + ":".join(os.path.relpath(path, common) for path in paths)
    return [short if each is lower else each for each in options], re.sub(r"\\(.)", r"\1", common)


def main() -> None:
    """The script."""
    own_mount_namespace()
    target = tempfile.mkdtemp(prefix="tiffin-tree-")
    try:
        mount_all(json.loads(sys.argv[1]), target)
        try:
            json.dump(facts(target), sys.stdout)
        finally:
            umount2(target, MNT_DETACH)
    finally:
        os.rmdir(target)


if __name__ == "__main__":
    main()

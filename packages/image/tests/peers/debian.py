"""A real Debian as an image of four layers: made once by debootstrap, from the mirror that this machine's apt uses."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from tiffin.image.writing import write_layout
from tiffin_testing.images import XATTR, directory, file, hardlink, opaque, symlink, tar, whiteout

PACKAGES = "python3,ca-certificates"
PYTHON = ("usr/lib/python3", "usr/lib/python3.*")
SHARED = ("usr/share/doc", "usr/share/man", "usr/share/locale", "usr/share/zoneinfo")
SECONDS = 900
FORM = "1"  # of what is cached


def mirror() -> tuple[str, str]:
    """The address and the release that apt installs from; no part of it is written down here."""
    command = [
        "apt-get",
        "indextargets",
        "--format",
        "$(REPO_URI) $(RELEASE) $(COMPONENT)",
        "Created-By: Packages",
    ]
    rows = [line.split() for line in run(*command).splitlines()]
    return next(
        (address, release)
        for address, release, component in rows
        if component == "main" and "-" not in release
    )


def debian_layout(cache: Path) -> Path:
    """The layout, with compressed layers and the tag 1; from the cache, if it was made before."""
    address, release = mirror()
    ready = cache / f"{release}-{FORM}"
    if ready.is_dir():
        return ready
    scratch = cache / "scratch"
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir()
    debootstrap = ["debootstrap", "--variant=minbase", f"--include={PACKAGES}", release]
    run("unshare", "--mount", "--propagation", "private", *debootstrap, f"{scratch}/tree", address)
    write_layout(f"{scratch}/plain", debian_layers(scratch / "tree"), {"Cmd": ["/bin/bash"]}, "1")
    compressed = scratch / "compressed"
    run("skopeo", "copy", "--quiet", "--insecure-policy", "--dest-compress", "--dest-compress-level=1",
        f"oci:{scratch}/plain:1", f"oci:{compressed}:1")  # fmt: skip
    compressed.rename(ready)
    shutil.rmtree(scratch)
    return ready


def debian_layers(tree: Path) -> list[bytes]:
    """Everything, but in three parts; and changes of all kinds."""
    later = [f"--exclude=./{name}" for name in (*PYTHON, *SHARED)]
    found = sorted(str(path.relative_to(tree)) for name in PYTHON for path in tree.glob(name))
    shared = [name for name in SHARED if (tree / name).exists()]
    return [packed(tree, *later, "."), packed(tree, *found), packed(tree, *shared), changes()]


def packed(tree: Path, *what: str) -> bytes:
    options = ["--format=pax", "--sort=name", "--numeric-owner", "--xattrs", "--xattrs-include=*", "--sparse"]
    done = subprocess.run(
        ["tar", "-C", tree, *options, "-cf", "-", *what], check=True, capture_output=True, timeout=SECONDS
    )
    return done.stdout


def changes() -> bytes:
    """A layer as of a Dockerfile that removes, replaces and adds."""
    when = 1_700_000_000
    return tar(
        whiteout("usr/share/man"), directory("usr/share/doc/", mtime=when), opaque("usr/share/doc"),
        directory("usr/share/zoneinfo/", mtime=when), whiteout("usr/share/zoneinfo/UTC"),
        whiteout("etc/debian_version"), directory("etc/apt/", mode=0o700, mtime=when),
        file("etc/apt/new", b"n", mtime=when),
        file("etc/hostname", b"box\n", mtime=when), symlink("etc/mtab", "../proc/self/mounts", mtime=when),
        file("opt", b"a file now", mtime=when), directory("srv/app/", uid=1000, gid=1000, mtime=when),
        file("srv/app/run", b"#!/bin/sh\n", mode=0o4755, uid=1000, gid=1000, pax={"mtime": "1700000000.5"}),
        hardlink("srv/app/again", "srv/app/run", mode=0o4755, uid=1000, gid=1000, pax={"mtime": "1700000000.5"}),
        file("usr/bin/noted", b"x", mode=0o755, pax={XATTR + "user.a": "b"}, mtime=when),
    )  # fmt: skip


def run(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
    assert done.returncode == 0, f"{command[0]}: {done.stdout[-3000:]}{done.stderr[-3000:]}"
    return done.stdout

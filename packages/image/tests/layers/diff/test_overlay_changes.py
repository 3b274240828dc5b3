"""Changes of an overlay's upper folder: applied to what lies below, they make what the kernel shows."""

from __future__ import annotations

import io
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tiffin.image.errors import Unsupported
from tiffin.image.layers.diff.change import Change, Kind
from tiffin.image.layers.diff.walk import overlay_changes, tree_changes
from tiffin.image.layers.tar.reader import TarReader
from tiffin.image.layers.tar.source import Source

pytestmark = pytest.mark.requires("root", "overlayfs")
Trees = dict[str, tuple[object, ...]]
Facts = Callable[[Path], Trees]

# there is no setfattr everywhere
TOOLS = f"""
setx() {{ {sys.executable} -c 'import os, sys; os.setxattr(sys.argv[1], sys.argv[2], b"1")' "$@"; }}
delx() {{ {sys.executable} -c 'import os, sys; os.removexattr(sys.argv[1], sys.argv[2])' "$@"; }}
"""
LOWEST = """
mkdir -p kept/deep emptied gone-folder/sub replaced hidden-below
echo a > kept/a; echo b > kept/b; echo d > kept/deep/d; echo x > emptied/x; echo g > gone
echo y > gone-folder/sub/y; echo z > replaced/z; ln -s gone link; ln kept/a kept/a2; echo h > hidden-below/h
mkfifo pipe; touch -d '2020-01-01 00:00:00' kept/a kept/b; setx kept user.x
"""
MIDDLE = """
rm -r hidden-below; mkdir hidden-below; echo n > hidden-below/new; echo m > kept/middle; rm kept/b
"""
CHANGES = {
    "nothing": "true",
    "nothing, but much is copied up": "touch kept/deep/t; rm kept/deep/t; chmod +r gone; chown 0 kept/middle",
    "a file is written": "echo more >> kept/deep/d",
    "a file is hidden": "rm gone kept/a",
    "a folder is hidden": "rm -r gone-folder",
    "a folder is emptied": "rm emptied/x",
    "a folder is made again": "rm -r replaced; mkdir -m 700 replaced; echo w > replaced/w",
    "a folder becomes a file": "rm -r replaced; echo f > replaced",
    "a file becomes a folder": "rm gone; mkdir gone; echo i > gone/i",
    "a link becomes a folder": "rm link; mkdir link; echo i > link/i",
    "a folder becomes a link": "rm -r kept; ln -s emptied kept",
    "modes, owners and attributes": "chmod 1777 kept; chown 7:8 kept/deep; setx gone user.y; chown -h 5 link",
    "an attribute is removed": "delx kept user.x",
    "a link to a file below": "ln kept/deep/d aa; ln kept/deep/d zz",
    "a file is moved": "mv kept/deep/d emptied/moved",
    "a new folder with everything": "mknod new c 1 3; mkdir -p n/e/w; cp -a kept n/e/w; mkfifo n/p",
    "what was hidden below comes back": "echo b > kept/b; echo h > hidden-below/h",
    "a time alone": "touch -d '2021-05-05 05:05:05.5' pipe; touch -h -d '2001-01-01' link",
    "the root": "chmod 711 .",
}  # fmt: skip


def run(script: str, folder: Path) -> None:
    subprocess.run(["bash", "-euc", TOOLS + script], cwd=folder, check=True, timeout=60)


class Overlay:
    """Folders of an overlay; each change is made in a mount namespace of its own, so that no mount can be left."""

    def __init__(self, folder: Path, options: str) -> None:
        self.folder = folder
        self.options = options
        self.lowers: list[Path] = []
        self.count = 0

    def change(self, script: str) -> tuple[Path, Path]:
        """Makes changes; the upper folder, and a copy of what was seen."""
        self.count += 1
        parts = [self.folder / f"{name}{self.count}" for name in ("upper", "work", "merged", "seen")]
        for part in parts:
            part.mkdir()
        upper, work, merged, seen = parts
        below = ":".join(map(str, self.lowers))
        options = f"lowerdir={below},upperdir={upper},workdir={work},{self.options}"
        command = ["unshare", "--mount", "--propagation", "private", "bash", "-euc"]
        mount = (
            f'{TOOLS}mount -t overlay -o "{options}" overlay {merged}; cd {merged}; {script}\ncp -a . {seen}'
        )
        subprocess.run([*command, mount], check=True, timeout=60)
        return upper, seen


OPTIONS = ["index=off,redirect_dir=off,metacopy=off", "index=off,redirect_dir=off,metacopy=off,userxattr"]


@pytest.fixture(params=OPTIONS, ids=["trusted", "user"])
def overlay(request: pytest.FixtureRequest, tmp_path: Path) -> Overlay:
    """An overlay with two layers: the second was made by the kernel too, and has whiteouts."""
    options = request.param.replace("redirect_dir=off,metacopy=off,userxattr", "userxattr")
    made = Overlay(tmp_path, options)
    lowest = tmp_path / "lowest"
    lowest.mkdir()
    run(LOWEST, lowest)
    made.lowers.append(lowest)
    made.lowers.insert(0, made.change(MIDDLE)[0])
    return made


@pytest.mark.parametrize("name", CHANGES)
def test_the_changes_make_what_the_kernel_shows(
    name: str,
    overlay: Overlay,
    facts: Facts,
    write: Callable[..., bytes],
    apply_to: Callable[..., None],
    equal: Callable[[Trees, Trees, list[Change]], None],
) -> None:
    below = overlay.change("true")[1]
    upper, seen = overlay.change(CHANGES[name])
    changes = list(overlay_changes(str(upper), list(map(str, overlay.lowers))))
    if name.startswith("nothing"):
        assert changes == []
    apply_to(write(changes), below)
    found, expected = facts(below), facts(seen)
    equal(found, expected, changes)
    assert list(tree_changes(str(below), str(seen))) == []


def test_nothing_of_overlayfs_is_in_the_layer(overlay: Overlay, write: Callable[..., bytes]) -> None:
    script = "\n".join(CHANGES[name] for name in ("a folder is hidden", "a folder is made again"))
    upper, _ = overlay.change(script)
    layer = write(overlay_changes(str(upper), list(map(str, overlay.lowers))))
    entries = list(TarReader(Source(io.BytesIO(layer))).entries())
    assert [entry.name for entry in entries] == [
        b".wh.gone-folder",
        b"replaced/",
        b"replaced/.wh..wh..opq",
        b"replaced/w",
    ]
    assert [entry.xattrs for entry in entries] == [{}] * 4


def test_without_lower_folders_all_is_new(overlay: Overlay) -> None:
    upper, _ = overlay.change("mkdir new; echo n > new/n")
    changes = list(overlay_changes(str(upper), []))
    assert [(change.kind, change.path) for change in changes] == [
        (Kind.ADDED, b"new"),
        (Kind.ADDED, b"new/n"),
    ]


@pytest.mark.parametrize(
    ("options", "script", "says"),
    [
        ("redirect_dir=on", "mv kept moved", "redirect_dir=off"),
        ("metacopy=on", "chmod 600 kept/a", "metacopy=off"),
        ("index=on", "echo more >> kept/a", "index=off"),
    ],
)
def test_what_the_upper_folder_alone_does_not_tell_is_refused(
    options: str, script: str, says: str, tmp_path: Path
) -> None:
    overlay = Overlay(tmp_path, options)
    lowest = tmp_path / "lowest"
    lowest.mkdir()
    run(LOWEST, lowest)
    overlay.lowers.append(lowest)
    upper, _ = overlay.change(script)
    with pytest.raises(Unsupported, match=says):
        list(overlay_changes(str(upper), [str(lowest)]))

"""`--chmod`: what is accepted, and what it makes of permissions; chmod(1) is the peer for the symbolic form."""

from __future__ import annotations

import os
import stat
import subprocess
from pathlib import Path

import pytest
from packages.image.tests.building.conftest import Building

from tiffin.image.building.dockerfile.error import Problem
from tiffin.image.building.dockerfile.mode import parse_mode

SYMBOLIC = [
    "+x",
    "u+x",
    "go-rwx",
    "a=",
    "u=rwX,go=rX",
    "g=u",
    "go=u-w",
    "-X",
    "u=g,g=o,o=u",
    "ug+s",
    "o+s",
    "+t",
    "o+t,g+t",
    "u=rwxs",
    "ugo=r",
]
BEFORE = (0o644, 0o640, 0o700, 0o4755, 0o001)


@pytest.mark.parametrize("text", SYMBOLIC)
def test_the_same_as_chmod(text: str, tmp_path: Path) -> None:
    for before in BEFORE:
        file = tmp_path / f"{before:o}"
        file.touch()
        file.chmod(before)
        subprocess.run(["/bin/sh", "-c", f"umask 0; exec chmod -- {text} {file}"], check=True, timeout=30)
        assert parse_mode(text).applied(before, directory=False) == stat.S_IMODE(file.stat().st_mode)


def test_octal_and_directories() -> None:
    assert parse_mode("0755").applied(0o4600, directory=False) == 0o755
    assert parse_mode("000007777").applied(0, directory=True) == 0o7777
    assert parse_mode("a+X").applied(0o600, directory=True) == 0o711
    assert parse_mode("a+X").applied(0o600, directory=False) == 0o600


def test_x_counts_as_it_was_before_all_changes() -> None:  # so in POSIX and in BuildKit; GNU's differs
    assert parse_mode("=rw,+X").applied(0o700, directory=False) == 0o777
    assert parse_mode("=rw,+X").applied(0o600, directory=False) == 0o666


@pytest.mark.parametrize("text", ["", "u", "8", "77777", "x+u", "u+y", "u+x,", "rwx", "u+x g+x"])
def test_what_is_no_mode(text: str) -> None:
    with pytest.raises(Problem, match="--chmod: an octal mode"):
        parse_mode(text)


@pytest.mark.requires("root")
@pytest.mark.requires("overlayfs")
def test_a_copy_with_a_symbolic_mode(building: Building) -> None:
    building.write(d__run="r", d__text="t")
    os.chmod(building.context / "d/run", 0o700)
    os.chmod(building.context / "d/text", 0o600)
    files = building.added(
        building.build("FROM base\nCOPY --chmod=u=rwX,go=rX d /d\nCOPY --chmod=g+w <<E /e\nE\n")
    )
    modes = {path: facts[0] for path, facts in files.items()}
    assert modes == {"d": "0o40755", "d/run": "0o100755", "d/text": "0o100644", "e": "0o100664"}

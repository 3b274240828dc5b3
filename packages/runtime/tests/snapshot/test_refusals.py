"""An image that is not what it should be is never gone on from: the reason is told, and a usual command replaces it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from packages.runtime.tests.snapshot.installation import Installation

BOOT_AT = 16  # offset of the boot id, front/image.h
ROOT_ONLY = pytest.mark.requires("root")


def rewrite(path: Path, at: int, data: bytes) -> None:
    with path.open("r+b") as file:
        file.seek(at)
        file.write(data)


def garbage(image: Path) -> None:
    image.write_bytes(os.urandom(100_000))


def empty(image: Path) -> None:
    image.write_bytes(b"")


def shorter(image: Path) -> None:
    os.truncate(image, image.stat().st_size - 1)


def other_version(image: Path) -> None:
    rewrite(image, 0, b"tiffin-snapshot0")


def other_boot(image: Path) -> None:
    rewrite(image, BOOT_AT, b"0")
    rewrite(image, BOOT_AT + 1, b"zz")


def writable(image: Path) -> None:
    image.chmod(0o622)


def foreign(image: Path) -> None:
    os.chown(image, 12345, 12345)


def link(image: Path) -> None:
    aside = image.with_name(f"{image.name}-aside")
    image.rename(aside)
    image.symlink_to(aside)


def fifo(image: Path) -> None:
    image.unlink()
    os.mkfifo(image, 0o600)


def missing(image: Path) -> None:
    image.unlink()


DAMAGES: dict[Callable[[Path], None], str] = {
    garbage: "version",
    empty: "version",
    shorter: "whole",
    other_version: "version",
    other_boot: "another boot",
    writable: "is not ours alone",
    link: "there is none",
    fifo: "is not ours alone",
    missing: "there is none",
}


@pytest.fixture
def damaged(installation: Installation) -> Installation:
    """With an image, and what a damage leaves beside it removed afterwards."""
    return installation.ready()


@pytest.mark.parametrize(
    "damage", [*DAMAGES, pytest.param(foreign, marks=ROOT_ONLY)], ids=lambda damage: damage.__name__
)
def test_it_is_not_used_and_replaced(damage: Callable[[Path], None], damaged: Installation) -> None:
    assert damaged.goes_on()
    damage(damaged.image)
    try:
        assert DAMAGES.get(damage, "is not ours alone") in damaged.why_not()
        done = damaged.call("--version")
        assert (done.returncode, done.stderr) == (0, b"")
        assert damaged.goes_on(), damaged.why_not()
    finally:
        damaged.image.with_name(f"{damaged.image.name}-aside").unlink(missing_ok=True)


def changed_source(installation: Installation) -> Path:
    path = installation.packages / "runtime/errors.py"
    path.write_text(path.read_text() + "\n")
    return path


def touched_source(installation: Installation) -> Path:
    path = installation.packages / "spec/runtime/validation/table.py"
    os.utime(path)
    return path


def removed_source(installation: Installation) -> Path:
    path = installation.packages / "runtime/lifecycle/pause.py"
    path.rename(path.with_suffix(".aside"))
    return path


def new_front(installation: Installation) -> Path:
    aside = installation.front.with_suffix(".aside")
    installation.front.rename(aside)
    shutil.copy2(aside, installation.front)
    return installation.front


@pytest.mark.parametrize(
    "change", [changed_source, touched_source, removed_source, new_front], ids=lambda change: change.__name__
)
def test_a_file_that_it_was_made_from_has_changed(
    change: Callable[[Installation], Path], installation: Installation
) -> None:
    installation.ready()
    path = change(installation)
    assert installation.why_not() == f"{path} has changed"


def test_an_edit_counts_at_once(installation: Installation) -> None:
    before = installation.ready().call("--version").stdout
    version = installation.packages / "runtime/version.py"
    version.write_text(version.read_text().replace("0.1", "9.7"))
    after = [installation.call("--version").stdout for _ in range(2)]
    assert after == [before.replace(b"0.1", b"9.7")] * 2
    assert installation.goes_on()

"""Installations: one that a test may change, and one for each interpreter that it only uses; a folder of their own."""

from __future__ import annotations

import ctypes
import os
import posix
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from packages.runtime.build_native import build_program
from packages.runtime.tests.snapshot.installation import Installation, interpreters
from packages.runtime.tests.snapshot.probe import install_probe

from tiffin.runtime.state.directory import cache_directory

SOURCES = Path(__file__).parents[2] / "front"
CLONE_NEWNS = 0x20000  # <sched.h>
MS_REC, MS_PRIVATE = 0x4000, 0x40000  # <sys/mount.h>


@pytest.fixture(scope="module", autouse=True)
def own_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Others that take a snapshot at the same time lock the folder of images, and have room for a few only.

    Root's folder is always the same one: there this thread goes to a mount namespace of its own meanwhile.
    """
    if os.geteuid() != 0:
        own = str(tmp_path_factory.mktemp("run"))
        with pytest.MonkeyPatch.context() as patched:
            patched.setenv("XDG_RUNTIME_DIR", own)
            patched.setitem(posix.environ, b"XDG_RUNTIME_DIR", os.fsencode(own))  # where our code looks
            yield
        return
    folder = cache_directory()
    os.makedirs(folder, mode=0o700, exist_ok=True)
    with ExitStack() as stack:
        before, here = (os.open(path, os.O_RDONLY) for path in ("/proc/thread-self/ns/mnt", "."))
        stack.callback(os.close, before)
        stack.callback(os.close, here)
        call("unshare", CLONE_NEWNS)
        stack.callback(os.fchdir, here)  # setns(2) goes to the root
        stack.callback(call, "setns", before, CLONE_NEWNS)
        call("mount", None, b"/", None, MS_REC | MS_PRIVATE, None)
        call("mount", b"tmpfs", os.fsencode(folder), b"tmpfs", 0, b"mode=700")
        yield


def call(name: str, *arguments: object) -> None:
    """A function of the C library; raises OSError."""
    if getattr(ctypes.CDLL(None, use_errno=True), name)(*arguments) != 0:
        raise OSError(ctypes.get_errno(), name)


@pytest.fixture(scope="session")
def front(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The front as a wheel has it."""
    folder = tmp_path_factory.mktemp("front")
    build_program(SOURCES, folder / "tiffin-runtime", folder / "objects")
    return folder / "tiffin-runtime"


@pytest.fixture
def installation(front: Path, tmp_path: Path) -> Iterator[Installation]:
    """A new one, which has no image yet."""
    made = Installation.make(tmp_path / "prefix", front, interpreters()[0])
    yield made
    made.remove()


@pytest.fixture(
    scope="module", params=interpreters(), ids=lambda path: str(path).strip("/").replace("/", "-")
)
def each(
    request: pytest.FixtureRequest, front: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Installation]:
    """One of each interpreter, with an image, for tests that change nothing of it."""
    made = Installation.make(tmp_path_factory.mktemp("each") / "prefix", front, request.param)
    install_probe(made)
    made.ready()
    yield made
    made.remove()

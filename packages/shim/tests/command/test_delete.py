"""`delete` where nothing is left; what it does with a container is in tests/interop."""

from __future__ import annotations

import shutil
import subprocess
import time
from typing import TYPE_CHECKING

import pytest
from packages.shim.tests.command.shims import NAMESPACE, SECONDS, SHIM, run

from tiffin.api.containerd.runtime.task.v3.shim_pb2 import DeleteResponse
from tiffin.shim.command.delete import FOLDER, Remains, encode
from tiffin.shim.tasks import records

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def test_the_answer_is_containerd_s_message() -> None:
    at = 1_700_000_000_123_456_789
    answer = DeleteResponse.FromString(encode(Remains(4242, 137, at)))
    assert (answer.pid, answer.exit_status, answer.exited_at.ToNanoseconds()) == (4242, 137, at)


def test_the_folder_is_that_of_the_library() -> None:
    assert records.FOLDER == FOLDER


@pytest.mark.parametrize("by_flag", [True, False])
@pytest.mark.parametrize("address", [None, "", "unix:///nowhere/at/all", "nonsense", "unix://"])
def test_where_nothing_is_left_it_was_killed(
    make_bundle: Callable[..., Path], folder: Path, *, by_flag: bool, address: str | None
) -> None:
    bundle = make_bundle("one")
    if address is not None:
        (bundle / "address").write_text(address)
    before = time.time_ns()
    words = ("-namespace", NAMESPACE, "-id", "one", *(("-bundle", str(bundle)) if by_flag else ()), "delete")
    done = run(folder if by_flag else bundle, *words)
    assert (done.returncode, done.stderr) == (0, b"")
    answer = DeleteResponse.FromString(done.stdout)
    assert (answer.pid, answer.exit_status) == (0, 137)
    assert before <= answer.exited_at.ToNanoseconds() <= time.time_ns()
    assert (bundle / "config.json").exists()  # the bundle is containerd's to remove


def test_a_folder_of_ours_with_nothing_in_it_is_nothing(make_bundle: Callable[..., Path]) -> None:
    bundle = make_bundle("one")
    (bundle / FOLDER).mkdir()
    done = run(bundle, "-namespace", NAMESPACE, "-id", "one", "delete")
    assert (done.returncode, done.stderr) == (0, b"")
    assert DeleteResponse.FromString(done.stdout).exit_status == 137


def test_the_front_and_python_answer_the_same(make_bundle: Callable[..., Path], tmp_path: Path) -> None:
    """The front answers where nothing is left; it is copied to where no Python lies beside it."""
    alone = tmp_path / SHIM.name
    shutil.copy2(SHIM, alone)
    bundle = make_bundle("one")
    words = ("-namespace", NAMESPACE, "-id", "one", "delete")
    answers = [
        DeleteResponse.FromString(
            subprocess.run(
                [program, *words], cwd=bundle, capture_output=True, check=True, timeout=SECONDS
            ).stdout
        )
        for program in (str(alone), f"{SHIM}-python")
    ]
    assert answers[0].ListFields()[:-1] == answers[1].ListFields()[:-1]
    assert 0 <= answers[1].exited_at.ToNanoseconds() - answers[0].exited_at.ToNanoseconds() < SECONDS * 10**9


@pytest.mark.parametrize("left", ["tiffin/task.json", "socket"])
def test_the_front_does_nothing_where_something_is_left(
    make_bundle: Callable[..., Path], tmp_path: Path, left: str
) -> None:
    alone = tmp_path / SHIM.name
    shutil.copy2(SHIM, alone)
    bundle = make_bundle("one")
    (bundle / left).parent.mkdir(exist_ok=True)
    (bundle / left).touch()
    (bundle / "address").write_text(f"unix://{bundle}/socket")
    command = [str(alone), "-namespace", NAMESPACE, "-id", "one", "delete"]
    done = subprocess.run(command, cwd=bundle, capture_output=True, check=False, timeout=SECONDS)
    assert done.returncode == 1
    assert b"install tiffin-shim again" in done.stderr


def test_without_a_namespace_it_is_an_error(make_bundle: Callable[..., Path]) -> None:
    done = run(make_bundle("one"), "-id", "one", "delete")
    assert (done.returncode, done.stdout) == (2, b"")

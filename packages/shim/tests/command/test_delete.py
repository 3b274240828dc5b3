"""`delete` where nothing is left; what it does with a container is in tests/interop."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from packages.shim.tests.command.shims import NAMESPACE, run

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
def test_where_nothing_is_left_it_was_killed(
    make_bundle: Callable[..., Path], folder: Path, *, by_flag: bool
) -> None:
    bundle = make_bundle("one")
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

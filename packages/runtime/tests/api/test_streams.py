"""Standard streams: byte-exact in both directions, apart from each other, and from wherever the caller wants."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest
from packages.runtime.tests.api.conftest import Make, shell

from tiffin.runtime import DEVNULL, INHERIT, PIPE, Runtime
from tiffin.runtime.api.pipes import Stream

pytestmark = pytest.mark.requires("root")
TEN_MEGABYTES = 10 * 1024 * 1024


def run_with(
    runtime: Runtime, bundle_factory: Make, script: str, stdin: Stream, stdout: Stream, stderr: Stream
) -> int:
    """Runs a script in a container with these streams; its exit code."""
    bundle = bundle_factory(args=shell(script))
    container = runtime.create(
        "streams", bundle.config, bundle=bundle.path, stdin=stdin, stdout=stdout, stderr=stderr
    )
    try:
        container.start()
        code = container.wait(timeout=20)
        assert code is not None
        return code
    finally:
        container.delete(force=True)


def test_ten_megabytes_each_way_are_exact(runtime: Runtime, bundle_factory: Make) -> None:
    data = os.urandom(TEN_MEGABYTES)
    result = runtime.run(
        (bundle := bundle_factory(args=shell("tee /dev/stderr"))).config,
        bundle=bundle.path,
        input=data,
        timeout=60,
    )
    wanted = hashlib.sha256(data).digest()
    assert [hashlib.sha256(stream).digest() for stream in (result.stdout, result.stderr)] == [wanted] * 2


def test_input_that_is_not_read_does_not_hold_it_up(runtime: Runtime, bundle_factory: Make) -> None:
    bundle = bundle_factory(args=shell("exec <&-; echo done; exit 4"))
    result = runtime.run(bundle.config, bundle=bundle.path, input=bytes(TEN_MEGABYTES), timeout=20)
    assert (result.exit_code, result.stdout) == (4, b"done\n")


def test_output_that_is_closed_early_is_no_end(runtime: Runtime, bundle_factory: Make) -> None:
    bundle = bundle_factory(args=shell("echo out; exec >&-; echo err >&2; exec 2>&-; exit 5"))
    result = runtime.run(bundle.config, bundle=bundle.path, timeout=20)
    assert (result.exit_code, result.stdout, result.stderr) == (5, b"out\n", b"err\n")


def test_pipes_are_the_callers(runtime: Runtime, bundle_factory: Make) -> None:
    bundle = bundle_factory(args=shell("read line; echo got $line; exit 6"))
    container = runtime.create("streams", bundle.config, bundle=bundle.path, stdin=PIPE, stdout=PIPE)
    try:
        container.start()
        streams = container.process.streams
        os.write(streams.stdin, b"it\n")
        assert os.read(streams.stdout, 100) == b"got it\n"
        assert streams.stderr == -1
        assert container.wait(timeout=20) == 6
    finally:
        container.delete(force=True)


def test_files_and_descriptors(runtime: Runtime, bundle_factory: Make, tmp_path: Path) -> None:
    (tmp_path / "in").write_bytes(b"text\n")
    with (tmp_path / "in").open("rb") as reading, (tmp_path / "out").open("wb") as writing:
        script = "cat; echo err >&2"
        assert not run_with(runtime, bundle_factory, script, reading, writing, writing.fileno())
    assert (tmp_path / "out").read_bytes() == b"text\nerr\n"


def test_nothing_comes_from_the_null_device(runtime: Runtime, bundle_factory: Make) -> None:
    script = "cat && echo lost && test $(stat -L -c %t:%T /dev/stdin) = 1:3"
    assert not run_with(runtime, bundle_factory, script, DEVNULL, DEVNULL, DEVNULL)


PROGRAM = """
import os, sys
from tiffin.runtime import Runtime
from tiffin.runtime.api.pipes import INHERIT
root, bundle, case = sys.argv[1:]
streams = {}
if case == "swapped":
    streams = {"stdout": 2, "stderr": 1}
if case == "closed":
    os.close(0)
with Runtime(root) as runtime:
    container = runtime.create("inherit", bundle=bundle, **streams)
    container.start()
    code = container.wait(timeout=20)
    container.delete()
sys.exit(code)
"""


@pytest.mark.parametrize(
    ("case", "out", "err"),
    [("inherited", "out\n", "err\n"), ("swapped", "err\n", "out\n"), ("closed", "out\n", "err\n")],
)
def test_a_programs_own_streams(
    case: str, out: str, err: str, tmp_path: Path, bundle_factory: Make, nothing_left: None
) -> None:
    assert INHERIT < 0
    bundle = bundle_factory(args=shell("echo out; echo err >&2; exit 7"))
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, tmp_path / "root", bundle.path, case],
        capture_output=True, text=True, timeout=60, check=False, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    assert (done.returncode, done.stdout, done.stderr) == (7, out, err)

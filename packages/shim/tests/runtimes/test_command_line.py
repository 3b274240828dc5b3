"""`CommandLine` with scripts in a runtime's place: what they are told, and what becomes of their errors."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tiffin.runtime.errors import NotFound, OperationFailed, TimedOut
from tiffin.shim.runtimes.command_line import CommandLine
from tiffin.shim.runtimes.limits import TimeLimits
from tiffin.shim.runtimes.options import CheckpointOptions, RuntimeOptions
from tiffin.shim.runtimes.port import ContainerState

TELL = 'printf "%s\\n" "$@" >"$0.words"; '
ERROR = """echo '{"level":"error","msg":"no such thing"}' >"$4"; exit 1"""


def runtime(
    folder: Path, script: str, *, name: str = "runc", limits: TimeLimits | None = None, **more: object
) -> CommandLine:
    """A runtime that is a shell script; $4 is its log."""
    path = folder / name
    path.write_text(f"#!/bin/sh\n{TELL}{script}\n")
    path.chmod(0o755)
    options = RuntimeOptions(binary=str(path), root=str(folder / "root")).replace(**more)
    return CommandLine(options, namespace="n1", limits=limits)


def words(folder: Path, name: str = "runc") -> list[str]:
    """What the script was called with, without what all calls have."""
    given = (folder / f"{name}.words").read_text().splitlines()
    assert given[:6] == ["--root", f"{folder}/root/n1", "--log", "/proc/self/fd/3", "--log-format", "json"]
    return given[6:]


async def test_verbs_are_runcs(tmp_path: Path) -> None:
    under_test = runtime(tmp_path, "cat >>$0.words")
    await under_test.start("c1")
    assert words(tmp_path) == ["start", "c1"]
    await under_test.kill("c1", 15)
    assert words(tmp_path) == ["kill", "c1", "15"]
    await under_test.kill("c1", 9, everything=True)
    assert words(tmp_path) == ["kill", "--all", "c1", "9"]
    await under_test.delete("c1", force=True)
    assert words(tmp_path) == ["delete", "--force", "c1"]
    await under_test.update("c1", b'{"pids":{"limit":5}}')
    assert words(tmp_path) == ["update", "--resources", "-", "c1", '{"pids":{"limit":5}}']
    options = CheckpointOptions("/i", "/w", open_tcp=True, empty_namespaces=("network",))
    await under_test.checkpoint("c1", options)
    assert words(tmp_path) == [
        *("checkpoint", "--image-path", "/i", "--work-path", "/w", "--leave-running", "--tcp-established"),
        *("--empty-ns", "network", "c1"),
    ]


async def test_options_go_before_the_verb(tmp_path: Path) -> None:
    await runtime(tmp_path, "", systemd_cgroup=True, debug=True).pause("c1")
    assert words(tmp_path) == ["--debug", "--systemd-cgroup", "pause", "c1"]


async def test_answers_are_decoded(tmp_path: Path) -> None:
    assert await runtime(tmp_path, "echo '[1, 23]'").pids("c1") == [1, 23]
    state = await runtime(tmp_path, """echo '{"status":"running","pid":12,"bundle":"/b"}'""").state("c1")
    assert state == ContainerState("running", 12, "/b")


@pytest.mark.parametrize("answer", ["", "garbage", "{}", '["a"]', "null", "head -c 100000 /dev/urandom"])
async def test_garbage_is_an_error(tmp_path: Path, answer: str) -> None:
    script = answer if answer.startswith("head") else f"echo '{answer}'"
    under_test = runtime(tmp_path, script)
    with pytest.raises(OperationFailed):
        await under_test.pids("c1")
    with pytest.raises(OperationFailed):
        await under_test.state("c1")


async def test_an_error_has_what_the_runtime_logged(tmp_path: Path) -> None:
    (tmp_path / "root/n1/c1").mkdir(parents=True)
    with pytest.raises(OperationFailed, match=r"^no such thing$"):
        await runtime(tmp_path, ERROR).start("c1")


async def test_a_crash_has_what_it_wrote(tmp_path: Path) -> None:
    (tmp_path / "root/n1/c1").mkdir(parents=True)
    with pytest.raises(OperationFailed, match="panic: here"):
        await runtime(tmp_path, "echo panic: here >&2; kill -SEGV $$").start("c1")
    with pytest.raises(OperationFailed, match="said nothing"):
        await runtime(tmp_path, "exit 1").start("c1")


async def test_whether_there_is_a_container_is_a_fact_and_no_text(tmp_path: Path) -> None:
    under_test = runtime(tmp_path, ERROR)
    with pytest.raises(NotFound):
        await under_test.start("c1")
    with pytest.raises(NotFound):
        await under_test.delete("c1")
    await under_test.delete("c1", force=True)


async def test_a_runtime_that_is_not_known_is_asked(tmp_path: Path) -> None:
    only_start_fails = 'case "$*" in *" start "*) exit 1;; esac'
    with pytest.raises(OperationFailed):
        await runtime(tmp_path, only_start_fails, name="wonder").start("c1")
    with pytest.raises(NotFound):
        await runtime(tmp_path, "exit 1", name="wonder").start("c1")
    assert not runtime(tmp_path, "", name="wonder").host_processes
    assert runtime(tmp_path, "", name="runc.amd64").host_processes


async def test_a_runtime_that_hangs_is_killed_and_the_verb_is_told(tmp_path: Path) -> None:
    under_test = runtime(tmp_path, "sleep 1000", limits=TimeLimits.at_most(0.1))
    with pytest.raises(TimedOut, match=r"OCI runtime pause of c1 hangs: .*/runc .* did not end in 0\.1 s"):
        await under_test.pause("c1")


async def test_one_that_hangs_holds_no_other_up(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    hanging = asyncio.ensure_future(runtime(tmp_path / "a", "sleep 1000").start("c1"))
    assert await runtime(tmp_path, "echo '[1]'").pids("c2") == [1]
    hanging.cancel()
    with pytest.raises(asyncio.CancelledError):
        await hanging


def test_a_runtime_that_is_not_installed_is_not_found() -> None:
    with pytest.raises(NotFound, match="no-such-runtime"):
        CommandLine(RuntimeOptions(binary="no-such-runtime"), namespace="n1")

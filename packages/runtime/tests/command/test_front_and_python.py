"""state, start, kill and delete: the native front and Python answer alike, whatever the state file holds."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from packages.runtime.tests.state.containers import IDENTIFIER, fake_container, process, start_time

from tiffin.runtime.command.table import VERBS
from tiffin_testing.oci_runtime import OCIRuntime, Outcome

# name -> (does its init run, what `fake_container` makes)
STATES: dict[str, tuple[bool, dict[str, Any]]] = {
    "creating": (False, {}),
    "created": (True, {"fifo": True}),
    "running": (True, {}),
    "paused": (True, {"frozen": "FROZEN"}),
    "paused before its start": (True, {"frozen": "FREEZING", "fifo": True}),
    "stopped": (False, {"pid": 2**22 + 1, "start_time": 1}),
    "of an earlier boot": (True, {"boot": "another"}),
    "another process": (True, {"start_time": 1}),
    "annotated": (True, {"annotations": '{"a":"1","b, :{}":"x\\"}\\n"}', "version": "1.3.0"}),
    "empty annotations": (True, {"annotations": "{}"}),
    "strange paths": (
        True,
        {"bundle": '/\udcff\udce2\udc82 "ü"\\\n\t\x01\x7f\u2028', "rootfs": "/\U0001f371"},
    ),
    "without a version": (True, {"version": ""}),
    "of a later tiffin": (True, {"other": (("tomorrow", "x y"), ("later", ""))}),
}
CALLS = (("state", IDENTIFIER), ("start", IDENTIFIER), ("kill", IDENTIFIER, "0"), ("delete", IDENTIFIER))


@pytest.fixture(params=STATES)
def containers(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Path, Path]]:
    """Two roots with the same container, for the two ways."""
    alive, fields = STATES[request.param]
    with ExitStack() as stack:
        roots = tmp_path / "native", tmp_path / "python"
        for root in roots:
            init: dict[str, Any] = {}
            if alive:
                child = stack.enter_context(process())
                init = {"pid": child.pid, "start_time": start_time(child.pid)}
            fake_container(root, **{**init, **fields})
        yield roots


def answer(runtime: OCIRuntime, root: Path, way: str, words: tuple[str, ...]) -> Outcome:
    runtime = OCIRuntime(runtime.command, root)
    environment = {**os.environ, "TIFFIN_FRONT": way}
    return runtime.call(*words, env=environment)


def normal(outcome: Outcome, root: Path) -> tuple[int, str, str]:
    """What is compared: not the time of a log line, nor the root's name, nor the pid."""
    printed = re.sub(r'"pid": [1-9]\d*', '"pid": PID', outcome.stdout)
    said = outcome.stderr.partition(" level=")[2].replace(str(root), "ROOT")
    return outcome.exit_code, printed, said


@pytest.mark.parametrize("words", CALLS, ids=lambda words: words[0])
def test_both_ways_answer_alike(
    words: tuple[str, ...], containers: tuple[Path, Path], ours: OCIRuntime
) -> None:
    native, python = containers
    found = normal(answer(ours, native, "native", words), native)
    expected = normal(answer(ours, python, "python", words), python)
    assert found == expected
    assert files(native) == files(python)


def files(root: Path) -> dict[str, bytes]:
    """What is left of the container; both ways write the same."""
    found = {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}
    own = re.compile(rb"(?<=\npid )\d+|(?<=\nstart-time )\d+|" + re.escape(bytes(root)))
    return {name: own.sub(b"OWN", data) for name, data in found.items()}


@pytest.mark.parametrize(
    "data", [b"", b"format 2\n", b"format 1\nid c1\npid x\n", b"format 1\nid c1", b"\0" * 50]
)
@pytest.mark.parametrize("words", [*CALLS, ("delete", "--force", IDENTIFIER)], ids=" ".join)
def test_a_damaged_state_is_answered_alike(
    words: tuple[str, ...], data: bytes, ours: OCIRuntime, tmp_path: Path
) -> None:
    answers = []
    for way in ("native", "python"):
        root = tmp_path / way
        Path(fake_container(root).path, "state").write_bytes(data)
        answers.append((normal(answer(ours, root, way, words), root), files(root)))
    assert answers[0] == answers[1]
    assert answers[0][0][0] == (0 if "--force" in words else 1)


@pytest.mark.parametrize(
    "signal", ["TERM", "sigusr1", "SIGKILL", "9", "15", "0", "64", "SIGIOT", "NOSIG", "", "-1", "99999"]
)
def test_signals_are_named_alike(signal: str, ours: OCIRuntime, tmp_path: Path) -> None:
    answers = []
    for way in ("native", "python"):
        with process() as child:
            root = tmp_path / way
            fake_container(root, child.pid)
            outcome = normal(answer(ours, root, way, ("kill", IDENTIFIER, signal)), root)
            answers.append((outcome, child.wait(20) if outcome[0] == 0 and signal != "0" else None))
    assert answers[0] == answers[1]


def test_a_verb_is_native_if_the_table_says_so(ours: OCIRuntime, tmp_path: Path) -> None:
    """Beside a front alone there is no interpreter: only what it answers itself is answered."""
    alone = tmp_path / "bin/tiffin-runtime"
    alone.parent.mkdir()
    shutil.copy2(ours.command[0], alone)
    runtime = OCIRuntime([str(alone)], tmp_path / "root")
    for verb in VERBS:
        outcome = runtime.call(verb.name, *["absent"] * verb.fewest)
        assert outcome.exit_code == 1
        answered = "no Python found" not in outcome.stderr
        assert answered == (verb.way == "native" and verb.name != "delete"), verb.name


def test_the_front_opens_no_standard_stream_for_itself(ours: OCIRuntime, tmp_path: Path) -> None:
    """With 0 to 2 closed, the state file must not become somebody's standard output."""
    with process() as child:
        directory = fake_container(tmp_path / "root", child.pid)
        script = 'exec "$@" 0<&- 1>&- 2>&-'
        runtime = OCIRuntime(["sh", "-c", script, "sh", *ours.command], tmp_path / "root")
        before = Path(directory.path, "state").read_bytes()
        assert runtime.call("state", IDENTIFIER).exit_code == 0
        assert Path(directory.path, "state").read_bytes() == before

"""The same bad call of runc and of ours: the same exit code, the same reason, usage where runc shows it."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from packages.runtime.tests.command.bad_calls import CALLS, BadCall

from tiffin_testing.oci_runtime import OCIRuntime, Outcome

pytestmark = pytest.mark.requires("runc", "root")  # without root runc says something else first

TEXT_LINE = re.compile(r'^time="[^"]+" level=(\w+) msg=("(?:[^"\\]|\\.)*"|\S+)')


def errors(outcome: Outcome, runtime: OCIRuntime) -> list[str]:
    """The messages of the error lines, with the program's name taken out."""
    found = []
    for line in outcome.stderr.splitlines():
        if line.startswith("{"):
            found.append(json.loads(line)["msg"])
        elif match := TEXT_LINE.match(line):
            found.append(json.loads(match[2]) if match[2].startswith('"') else match[2])
    return [
        message.replace(runtime.command[0], "NAME").replace(runtime.name, "NAME").strip() for message in found
    ]


@pytest.mark.parametrize("call", CALLS, ids=lambda call: " ".join((*call.options, *call.words)))
def test_a_bad_call_is_answered_as_by_runc(
    call: BadCall, runc: OCIRuntime, ours: OCIRuntime, tmp_path: Path
) -> None:
    (tmp_path / "empty").mkdir()
    options, words = call.filled(empty=str(tmp_path / "empty"), absent=str(tmp_path / "absent"))
    answers = []
    for runtime in (runc, ours):
        runtime.options = options
        outcome = runtime.call(*words)
        answers.append((outcome.exit_code, errors(outcome, runtime), outcome.stdout.split("\n")[0]))
    expected, found = answers
    assert found[0] == expected[0]
    assert len(found[1]) == len(expected[1])
    for theirs, our in zip(expected[1], found[1], strict=True):
        assert our.startswith(theirs.removesuffix("\\n"))
    assert found[2] == expected[2].replace("runc", ours.name)


def test_the_word_for_a_flag_after_the_id_is_the_same(runc: OCIRuntime, ours: OCIRuntime) -> None:
    for runtime in (runc, ours):
        assert runtime.call("delete", "absent", "--force").exit_code == 0
        assert runtime.call("delete", "absent", "--forces").exit_code == 1

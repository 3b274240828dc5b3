"""Log lines: what --log, --log-format and --debug do, for the front and for Python, as with runc."""

from __future__ import annotations

import json
import re
from datetime import datetime
from pathlib import Path

import pytest

from tiffin_testing.oci_runtime import OCIRuntime

WAYS = ["native", "python"]
VERB_OF_WAY = {"native": "state", "python": "pause"}


@pytest.fixture(params=WAYS)
def verb(request: pytest.FixtureRequest) -> str:
    """A verb that the front answers, and one that Python does."""
    return VERB_OF_WAY[request.param]


def test_an_error_is_one_json_object_a_line(verb: str, ours: OCIRuntime) -> None:
    ours.options = ["--log-format", "json"]
    line = json.loads(ours.call(verb, "absent").stderr)
    assert list(line) == ["level", "msg", "time"]
    assert line["level"] == "error"
    assert line["msg"] == "container does not exist"
    assert datetime.fromisoformat(line["time"]).tzinfo is not None


def test_an_error_is_a_line_of_text(verb: str, ours: OCIRuntime) -> None:
    line = ours.call(verb, "absent").stderr
    assert re.fullmatch(
        r'time="\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ" level=error msg="container does not exist"\n', line
    )


def test_with_a_log_file_the_message_alone_goes_to_standard_error(
    verb: str, ours: OCIRuntime, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    ours.options = ["--log", str(log), "--log-format", "json"]
    for _ in range(2):
        assert ours.call(verb, "absent").stderr == "container does not exist\n"
    assert [json.loads(line)["msg"] for line in log.read_text().splitlines()] == [
        "container does not exist"
    ] * 2
    assert log.stat().st_mode & 0o777 == 0o644


def test_the_log_file_is_there_after_a_call_that_had_nothing_to_say(ours: OCIRuntime, tmp_path: Path) -> None:
    for name, words in {"native": ("delete", "--force", "absent"), "python": ("list",)}.items():
        ours.options = ["--log", str(tmp_path / name)]
        ours.call(*words).must_succeed()
        assert (tmp_path / name).read_bytes() == b""


def test_a_log_file_that_cannot_be_written_ends_the_call(verb: str, ours: OCIRuntime, tmp_path: Path) -> None:
    ours.options = ["--log", str(tmp_path / "absent/log")]
    outcome = ours.call(verb, "absent")
    assert outcome.exit_code == 1
    assert f"open {tmp_path}/absent/log: no such file or directory" in outcome.stderr


def test_a_message_is_escaped(verb: str, ours: OCIRuntime) -> None:
    """The message holds what the caller gave: quotes, a newline, a byte that is no UTF-8."""
    strange = 'a"\\\n\x01\udcff'
    ours.options = ["--log-format", "json"]
    outcome = ours.call("kill", "absent", strange) if verb == "state" else ours.call(f"no{strange}")
    assert len(outcome.stderr.splitlines()) == 1
    json.loads(outcome.stderr)


@pytest.mark.requires("runc")
def test_the_keys_are_those_of_runc(verb: str, ours: OCIRuntime, runc: OCIRuntime) -> None:
    lines = []
    for runtime in (runc, ours):
        runtime.options = ["--log-format", "json"]
        lines.append(json.loads(runtime.call(verb, "absent").stderr))
    del lines[0]["time"], lines[1]["time"]
    assert lines[0] == lines[1]


@pytest.mark.parametrize("words", [("nothing",), ("state", "--bogus"), ("state",)])
def test_a_call_that_cannot_be_understood_is_logged_too(
    words: tuple[str, ...], ours: OCIRuntime, tmp_path: Path
) -> None:
    ours.options = ["--log", str(tmp_path / "log"), "--log-format", "json"]
    outcome = ours.call(*words)
    assert outcome.exit_code != 0
    assert json.loads((tmp_path / "log").read_text())["msg"] == outcome.stderr.rstrip()

"""A command says and does the same whether it goes on from a snapshot or not."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest
from packages.runtime.tests.snapshot.installation import Done, Installation
from packages.runtime.tests.snapshot.probe import probe_both

CALLS: dict[str, list[str | bytes]] = {
    "features": ["features"],
    "list": ["list"],
    "list as json": ["list", "--format", "json"],
    "help": ["--help"],
    "help of a verb": ["create", "--help"],
    "no words": [],
    "an unknown verb": ["nonsense"],
    "an unknown flag": ["features", "--nonsense"],
    "too many words": ["features", "a", "b"],
    "too few words": ["create"],
    "a state that is not there": ["state", "absent"],
    "no bundle": ["create", "--bundle", "/nonexistent", "c"],
    "a log that cannot be": ["--log", "/nonexistent/log", "list"],
    "json in the log": ["--log-format", "json", "nonsense"],
    "not UTF-8": [b"\xff\xfe\x80"],
    "newlines": ["a\nb\n"],
    "an empty word": [""],
    "empty words": ["create", "", ""],
    "long words": ["create", *["x" * 100_000] * 5],
    "many words": ["create", *["x"] * 20_000],
    "a strange id": ["exec", b"\xe2\x82\xff\n", "sh"],
}
STREAMS = {"input": "0<&-", "output": "1>&-", "errors": "2>&-", "all": "0<&- 1>&- 2>&-"}
TIME = re.compile(rb'("time": ?|time=)"[^"]*"')
FULL = "/dev/full"


def both(installation: Installation, *words: str | bytes, **more: Any) -> tuple[Done, Done]:
    """The outcomes without a snapshot and with it, to compare; the times of log lines are taken out."""
    environment = {**os.environ, "TIFFIN_FRONT": "python"}
    ways = {"no": installation, "only": installation.ready()}
    done = [each.call(*words, way=way, env=environment, **more) for way, each in ways.items()]
    for each in done:
        each.stderr = TIME.sub(b"TIME", each.stderr or b"")
        each.args = words
    return done[0], done[1]


@pytest.mark.parametrize("name", CALLS)
def test_words_are_answered_alike(each: Installation, name: str, tmp_path: Path) -> None:
    without, found = both(each, "--root", str(tmp_path / "root"), *CALLS[name])
    assert vars(found) == vars(without)
    assert found.stdout or found.stderr or name == "list"


@pytest.mark.parametrize("root", [b"/tmp/\xff\n\xe2\x82", b"/tmp/ ", b"relative/\xf0\x9f\x8d\xb1"])
def test_the_bytes_of_words_stay(each: Installation, root: bytes, tmp_path: Path) -> None:
    words = ("--root", root, "features")
    found = [
        json.loads(each.call(*words, way=way, before=("env", "PROBE=arguments"), cwd=tmp_path).stdout)
        for way in ("no", "only")
    ]
    assert found[0] == found[1]
    assert bytes.fromhex(found[1]["root"]) == os.path.join(os.fsencode(tmp_path), root)


def test_a_file_is_written_to_the_folder_of_the_caller(each: Installation, tmp_path: Path) -> None:
    for way in ("no", "only"):
        (tmp_path / way).mkdir()
        assert each.call("spec", way=way, cwd=tmp_path / way, umask=0o077).returncode == 0
    files = [tmp_path / way / "config.json" for way in ("no", "only")]
    assert files[0].read_bytes() == files[1].read_bytes()
    assert files[0].stat().st_mode == files[1].stat().st_mode


@pytest.mark.parametrize("name", STREAMS)
def test_streams_that_are_closed_stay_unused(each: Installation, name: str, tmp_path: Path) -> None:
    """No file that the front opens for itself becomes a standard stream."""
    before = ("sh", "-c", f'exec "$@" {STREAMS[name]}', "sh")
    for words in (["features"], ["nonsense"], ["--log", str(tmp_path / "log"), "nonsense"]):
        without, found = both(each, *words, before=before)
        assert vars(found) == vars(without)
    assert each.goes_on()
    process = probe_both(each, "process", before=(*before[:2], 'exec "$@" 0<&- 2>&-', "sh"))
    assert (process["descriptors"]["0"], process["descriptors"]["2"]) == ("/dev/null", "/dev/null")


def test_output_that_cannot_be_written_fails_alike(each: Installation) -> None:
    with open(FULL, "wb") as full:
        without, found = both(each, "features", stdout=full)
    assert (found.returncode, found.stderr) == (without.returncode, without.stderr)
    assert found.returncode != 0


def test_state_is_answered_by_python_too(each: Installation, tmp_path: Path) -> None:
    root = tmp_path / "root"
    (root / "c1").mkdir(parents=True)
    (root / "c1/state").write_bytes(b"format 1\nid c1\npid 0\nbundle /b\nrootfs /b/r\ncreated x\nowner 0\n")
    without, found = both(each, "--root", str(root), "state", "c1")
    assert vars(found) == vars(without)
    assert b'"c1"' in found.stdout or found.returncode == 1

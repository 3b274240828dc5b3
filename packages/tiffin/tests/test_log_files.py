"""What is read of a log that is rotated while somebody reads it."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tiffin.cli.containers.log_files import AT_ONCE, LogFiles
from tiffin.cli.containers.log_reading import show
from tiffin.cli.containers.port import LogView


class Written:
    """A log, as a monitor writes it."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def add(self, text: str) -> None:
        with self.path.open("a") as file:
            file.write(text)

    def rotate(self, most: int = 9) -> None:
        for number in range(most, 0, -1):
            older = self.path.with_name(f"log.{number}")
            if older.exists():
                older.rename(self.path.with_name(f"log.{number + 1}"))
        self.path.rename(self.path.with_name("log.1"))


@pytest.fixture
def log(tmp_path: Path) -> Written:
    made = Written(tmp_path / "log")
    for text in ("a\n", "b\n", "c\n"):
        made.add(text)
        if text != "c\n":
            made.rotate()
    return made


def test_the_oldest_comes_first(log: Written) -> None:
    with LogFiles(str(log.path), plain=False) as files:
        assert list(files.lines()) == [b"a\n", b"b\n", b"c\n"]
        assert list(files.lines()) == []


def test_nothing_is_lost_by_rotations_that_come_between(log: Written) -> None:
    """Also what was written after the last look, and before the rename; and a whole file that came and went by."""
    with LogFiles(str(log.path), plain=False) as files:
        lines = files.lines()
        assert next(lines) == b"a\n"
        log.add("d\n")
        log.rotate()
        log.add("e\n")
        log.rotate()
        log.add("f\n")
        assert list(lines) == [b"b\n", b"c\n", b"d\n", b"e\n", b"f\n"]
        log.add("g\n")
        log.rotate()
        assert list(files.lines()) == [b"g\n"]  # the next one is not there yet
        log.add("h\n")
        assert list(files.lines()) == [b"h\n"]


def test_one_that_is_alone_is_emptied(tmp_path: Path) -> None:
    log = Written(tmp_path / "log")
    log.add("first, and long\n")
    with LogFiles(str(log.path), plain=False) as files:
        assert list(files.lines()) == [b"first, and long\n"]
        os.truncate(log.path, 0)
        log.add("next\n")
        assert list(files.lines()) == [b"next\n"]


def test_files_that_were_removed_are_passed_over(log: Written) -> None:
    with LogFiles(str(log.path), plain=False) as files:
        assert len(list(files.lines())) == 3
        for path in log.path.parent.iterdir():
            path.unlink()
        log.add("new\n")
        assert list(files.lines()) == [b"new\n"]


def test_a_record_comes_whole_and_plain_bytes_at_once(tmp_path: Path) -> None:
    log = Written(tmp_path / "log")
    log.add("who are y")
    with LogFiles(str(log.path), plain=False) as records, LogFiles(str(log.path), plain=True) as plain:
        assert list(plain.lines()) == [b"who are y"]
        assert list(records.lines()) == []
        log.add("ou\n")
        assert list(plain.lines()) == [b"ou\n"]
        assert list(records.lines()) == [b"who are you\n"]


def test_bytes_without_lines_are_read_in_parts(tmp_path: Path) -> None:
    log = Written(tmp_path / "log")
    log.add("x" * (2 * AT_ONCE + 1))
    with LogFiles(str(log.path), plain=True) as files:
        assert [len(piece) for piece in files.lines()] == [AT_ONCE, AT_ONCE, 1]


def test_what_a_crash_has_left_is_left_out(tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    log = Written(tmp_path / "log")
    for text in ('{"log": "torn', "5", "[]", '{"stream": "stdout"}', '{"log": 7}'):
        log.add(f"{text}\n")
    log.add(json.dumps({"log": "whole\n", "stream": "stdout", "time": "now"}) + "\n")
    for view, wanted in ((LogView(), b"whole\n"), (LogView(timestamps=True), b"now whole\n")):
        show(str(log.path), view, plain=False)
        assert capfdbinary.readouterr().out == wanted


def test_there_is_no_log(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        LogFiles(str(tmp_path / "log"), plain=True)

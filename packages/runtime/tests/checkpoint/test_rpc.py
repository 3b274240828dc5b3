"""The conversation with CRIU: what is asked and answered, and how it ends when CRIU says no, or dies."""

from __future__ import annotations

import gc
import os
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from tiffin.runtime.checkpoint.messages import DUMP, PRE_DUMP, VERSION
from tiffin.runtime.checkpoint.rpc import Criu, CriuFailed, check_feature, check_version
from tiffin.runtime.errors import Unsupported

Speak = Callable[[str], None]


class Notes:
    """A listener that keeps what it hears."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, int, bytes]] = []

    def notified(self, script: str, pid: int, descriptors: Sequence[int]) -> None:
        said = b"".join(os.pread(descriptor, 100, 0) for descriptor in descriptors)
        self.heard.append((script, pid, said))


def open_descriptors() -> list[str]:
    gc.collect()  # what earlier tests have left open
    return sorted(os.listdir("/proc/self/fd"))


def test_a_request_is_answered(speaker: Speak) -> None:
    speaker("yes")
    before = open_descriptors()
    with Criu() as criu:
        assert criu.ask({"type": DUMP})["success"]
        criu.finish(DUMP)
    assert open_descriptors() == before


def test_notices_are_heard_and_answered(speaker: Speak) -> None:
    speaker("notice,pass,notice,yes")
    notes = Notes()
    before = open_descriptors()
    with Criu() as criu:
        criu.ask({"type": DUMP, "opts": {"pid": 42}}, notes)
        criu.finish(DUMP)
    assert notes.heard == [("pre-dump", 42, b""), ("orphan-pts-master", 0, b"hello"), ("pre-dump", 42, b"")]
    assert open_descriptors() == before


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("no", "criu dump failed: Operation not permitted"),
        ("notice,no", "criu dump failed: Operation not permitted"),
        ("die", "criu dump: criu ended with status 3 and no answer"),
        ("notice,die", "criu dump: criu ended with status 3 and no answer"),
        ("crash", "criu dump: criu ended with signal 9 and no answer"),
        ("rubbish", "criu dump: an answer that is none"),
    ],
)
def test_what_goes_wrong_is_said(script: str, reason: str, speaker: Speak) -> None:
    speaker(script)
    before = open_descriptors()
    with Criu() as criu, pytest.raises(CriuFailed, match=reason):
        criu.ask({"type": DUMP}, Notes())
    assert open_descriptors() == before


class Refusing(Notes):
    """A listener that ends it."""

    def notified(self, script: str, pid: int, descriptors: Sequence[int]) -> None:
        super().notified(script, pid, descriptors)
        raise Unsupported(script)


def test_what_a_listener_raises_ends_the_operation(speaker: Speak) -> None:
    speaker("pass,yes")
    before = open_descriptors()
    with Criu() as criu, pytest.raises(Unsupported, match="orphan-pts-master"):
        criu.ask({"type": DUMP}, Refusing())
    assert criu.started.pid() == 0  # reaped
    assert open_descriptors() == before


def test_a_failure_after_the_answer_counts_but_for_a_pre_dump(speaker: Speak) -> None:
    speaker("yes,die")
    with Criu() as criu:
        criu.ask({"type": DUMP})
        with pytest.raises(CriuFailed, match="criu dump ended with status 3"):
            criu.finish(DUMP)
    with Criu() as criu:
        criu.ask({"type": PRE_DUMP})
        criu.finish(PRE_DUMP)


def test_versions_and_features_are_checked(speaker: Speak) -> None:
    speaker("version")
    assert check_version() == (3, 17, 1)
    speaker("old")
    with pytest.raises(Unsupported, match=r"criu 3\.14\.9 is too old"):
        check_version()
    speaker("features")
    check_feature("mem_track", "--pre-dump")
    with pytest.raises(Unsupported, match="--lazy-pages: criu on this kernel has no lazy_pages"):
        check_feature("lazy_pages", "--lazy-pages")


def test_without_criu_it_is_said_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda *_args, **_options: None)
    with pytest.raises(Unsupported, match="install Debian's package criu"):
        Criu()


@pytest.mark.skipif(not Path("/usr/sbin/criu").exists(), reason="criu is not installed")
def test_the_real_criu_answers() -> None:
    assert check_version() >= (3, 15, 0)
    with Criu() as criu:
        version = criu.ask({"type": VERSION})["version"]
        assert version["major_number"] >= 3

"""Builds from end to end: files, config and history of the image, the cache, and errors that name the line."""

from __future__ import annotations

import os
import threading

import pytest
from packages.image.tests.building.conftest import Building

from tiffin.image.building.events import EventKind
from tiffin.image.building.failure import StepFailed
from tiffin.image.errors import InvalidArgument

pytestmark = [pytest.mark.requires("root"), pytest.mark.requires("overlayfs")]

TEXT = """
FROM base AS first
ENV GREETING=hello
RUN echo $GREETING >/made && chown 1000:1000 /made
FROM base
WORKDIR /work
COPY --from=first /made .
COPY a.txt folder ./
CMD ["cat", "made"]
"""


def test_a_build_from_end_to_end(building: Building) -> None:
    building.write(a_txt="a", folder__b_txt="b")
    built = building.build(TEXT, names=("app:1",))
    assert built.names == ("docker.io/library/app:1",)
    files = building.added(built)
    assert set(files) == {"work", "work/made", "work/a.txt", "work/b.txt"}
    assert files["work/made"][1:3] == (1000, 1000)
    assert files["work/made"][4] == b"hello\n"
    assert (files["work/a.txt"][1], files["work/a.txt"][4]) == (0, b"a")
    assert built.tree["config"]["Cmd"] == ["cat", "made"]
    assert built.tree["config"]["WorkingDir"] == "/work"
    assert [entry.get("empty_layer", False) for entry in built.tree["history"]] == [
        False,
        False,
        False,
        False,
        True,
    ]
    assert len(built.tree["rootfs"]["diff_ids"]) == 4


def test_the_same_again_is_the_same_image(building: Building) -> None:
    building.write(a_txt="a", folder__b_txt="b")
    first = building.build(TEXT)
    assert building.cached == [False] * 4
    assert building.build(TEXT).manifest == first.manifest
    assert building.cached == [True] * 4


def test_only_content_counts(building: Building) -> None:
    building.write(a_txt="a", folder__b_txt="b")
    building.build(TEXT)
    os.utime(building.context / "folder/b.txt", (1, 1))
    building.build(TEXT)
    assert building.cached == [True] * 4
    building.write(folder__b_txt="c")
    building.build(TEXT)
    assert building.cached.count(False) == 1


def test_a_step_that_changes_no_files_is_no_layer(building: Building) -> None:
    built = building.build("FROM base\nRUN true\nWORKDIR /etc\nRUN echo x >/x")
    assert len(built.tree["rootfs"]["diff_ids"]) == 2
    assert [entry.get("empty_layer", False) for entry in built.tree["history"]] == [False, True, True, False]


def test_a_command_that_fails(building: Building) -> None:
    with pytest.raises(StepFailed, match=r"Dockerfile:4: the command .*exit 7.* exit code 7") as caught:
        building.build("FROM base\n\nRUN echo one >/one\nRUN echo told && \\\n exit 7\n")
    assert (caught.value.line, caught.value.exit_code) == (4, 7)
    assert building.output == ["told"]
    assert building.events[-1].kind is EventKind.FAILED
    building.build("FROM base\n\nRUN echo one >/one\nRUN echo told")
    assert building.cached == [True, False]


def test_threads_that_cannot_be_had_end_the_build(
    building: Building, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The stages that have begun are given up, also where they wait for one that has not."""
    original = threading.Thread.start

    def start(thread: threading.Thread) -> None:
        if thread.name == "tiffin-last":
            raise RuntimeError("can't start new thread")
        original(thread)

    monkeypatch.setattr(threading.Thread, "start", start)
    with pytest.raises(RuntimeError, match="can't start new thread"):
        building.build("FROM base AS first\nRUN sleep 1000\nFROM base AS last\nCOPY --from=first /bin /x")
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("tiffin-")]


@pytest.mark.parametrize("text", ["x", "-1", "253402300800", "9" * 5000])
def test_a_time_that_is_none_is_told_before_the_work(building: Building, text: str) -> None:
    with pytest.raises(InvalidArgument, match="up to the year 9999"):
        building.build("FROM no.such.place.invalid/x", build_args={"SOURCE_DATE_EPOCH": text})


def test_nothing_is_left_behind(building: Building) -> None:
    building.build("FROM base\nRUN echo x >/x")
    assert {snapshot.kind.value for snapshot in building.store.snapshots.walk()} == {"committed"}
    assert [lease.id for lease in building.store.leases.list()] == ["build-cache"]
    assert [name.name for name in building.store.images.list()] == [building.store.images.list()[0].name]
    for name in ("mount", "running"):
        assert not os.listdir(os.path.join(building.store.root, "build", name))


def test_another_frontend_is_told_once_and_the_build_goes_on(building: Building) -> None:
    building.build("# syntax=docker/dockerfile:1\nFROM base")
    assert [event for event in building.events if event.kind is EventKind.WARNING] == []
    building.build("# syntax=r2d4/mockerfile\nFROM base")
    told = [event.text for event in building.events if event.kind is EventKind.WARNING]
    assert told == [
        "Dockerfile:1: the frontend r2d4/mockerfile is not used: this is read as docker/dockerfile reads it"
    ]


def test_the_line_ends_of_the_file_are_its_own(building: Building) -> None:
    text = (
        b"FROM base\r\nCOPY <<E /crlf\r\na\r\nE\r\nRUN <<E\r\necho b >/lf\r\nE\r\nRUN printf 'c\rd' >/cr\r\n"
    )
    (building.context / "Dockerfile").write_bytes(text)
    files = building.added(building.build(None))
    assert [files[name][4] for name in ("crlf", "lf", "cr")] == [b"a\r\n", b"b\n", b"c\rd"]

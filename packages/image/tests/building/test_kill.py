"""A build that is killed, interrupted or given up in the middle of RUN: nothing runs on, nothing stays mounted."""

from __future__ import annotations

import http.server
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from packages.image.tests.building.conftest import Building

from tiffin.image.building.events import BuildEvent, EventKind
from tiffin.image.building.execute.stage_tree import StageTree
from tiffin.image.building.failure import StepFailed

pytestmark = [pytest.mark.requires("root"), pytest.mark.requires("overlayfs")]

CHILD = """
import sys
from tiffin.image.building.build import build
from tiffin.image.building.options import BuildOptions
from tiffin.image.store.store import Store
context, store, base, text = sys.argv[1:]
options = BuildOptions(context, text=text, contexts={"base": f"oci:{base}"})
build(options, Store(store), lambda event: print(event.kind.value, event.text, flush=True))
"""
PATIENCE = 20.0


def child(building: Building, text: str) -> subprocess.Popen[str]:
    """A build in a process of its own, which tells its events."""
    command = [
        sys.executable,
        "-c",
        CHILD,
        str(building.context),
        building.store.root,
        str(building.base),
        text,
    ]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def lines_of(process: subprocess.Popen[str]) -> Iterator[str]:
    """What it tells."""
    assert process.stdout is not None
    yield from process.stdout


def start(building: Building, text: str) -> subprocess.Popen[str]:
    """A build in a process of its own, in the middle of its last RUN, which tells that it runs."""
    process = child(building, text)
    assert "output running\n" in lines_of(process), "it ended before the command ran"
    return process


def left_of(marker: str) -> list[Path]:
    """Processes that have this text among their arguments or in their environment; their folders below /proc."""
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        try:
            words = (path / "cmdline").read_bytes() + (path / "environ").read_bytes()
        except OSError:  # it ended just now
            continue
        if marker.encode() in words and int(path.name) != os.getpid():
            found.append(path)
    return found


def soon(condition: Callable[[], bool]) -> bool:
    """Whether it becomes true."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > deadline:
            return False
        os.sched_yield()
    return True


def cgroups_of(processes: list[Path]) -> set[Path]:
    """The cgroups of a build's container that they are in."""
    lines = {line for process in processes for line in (process / "cgroup").read_text().splitlines()}
    names = {line.rpartition("/")[2] for line in lines if "/tiffin-build-" in line}
    # os.walk, as Path.glob fails where somebody else's cgroup goes away meanwhile
    return {
        Path(folder, name) for folder, below, _ in os.walk("/sys/fs/cgroup") for name in names & set(below)
    }


TEXT = "FROM base\nRUN echo one >/one\nENV MARK={marker}\nRUN echo running; sleep 1000 & wait"


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
def test_nothing_is_left_and_the_next_build_works(building: Building, number: signal.Signals) -> None:
    marker = f"build-{building.folder}"
    process = start(building, TEXT.format(marker=marker))
    inside = [path for path in left_of(marker) if b"sleep" in (path / "cmdline").read_bytes()]
    cgroups = cgroups_of(inside)
    assert inside
    assert cgroups
    process.send_signal(number)
    assert process.wait(PATIENCE) != 0
    assert process.stdout is not None
    process.stdout.close()
    assert soon(lambda: not left_of(marker))
    assert soon(lambda: not any(path.exists() for path in cgroups))
    assert str(building.folder) not in Path("/proc/self/mountinfo").read_text()
    built = building.build("FROM base\nRUN echo one >/one\nRUN echo two >/two")
    assert set(building.added(built)) == {"one", "two"}
    assert building.cached == [number == signal.SIGINT, False]  # what was done before an interruption counts


def test_a_build_that_waits_for_a_cache_folder_can_be_interrupted(building: Building) -> None:
    mount = "--mount=type=cache,target=/c,id=i,sharing=locked"
    first = start(building, f"FROM base\nRUN {mount} echo running; sleep 1000")
    text = f"FROM base\nRUN {mount} true"
    with child(building, text) as second:
        assert any("waiting for the cache folder 'i'" in line for line in lines_of(second))
        second.send_signal(signal.SIGINT)
        assert second.wait(PATIENCE) != 0
    first.send_signal(signal.SIGINT)
    first.communicate(timeout=PATIENCE)


def test_what_a_killed_build_has_left_is_collected(building: Building) -> None:
    process = start(building, TEXT.format(marker="x"))
    process.kill()
    process.wait(PATIENCE)
    assert process.stdout is not None
    process.stdout.close()
    for lease in building.store.leases.list():
        building.store.leases.delete(lease.id)
    building.store.collect()
    assert list(building.store.snapshots.walk()) == []


def test_a_layer_that_a_killed_build_had_begun_is_removed_by_the_next(building: Building) -> None:
    with building.store.content.writer("build-layer-of-a-killed-build") as writer:
        writer.write(b"x" * 1000)
    with building.store.content.writer("build-layer-of-a-build-that-goes-on") as writer:
        writer.write(b"y")
        building.build("FROM base\nRUN echo x >/x")
        assert [one.reference for one in building.store.content.statuses()] == [
            "build-layer-of-a-build-that-goes-on"
        ]


GIVEN_UP = """
FROM base AS slow
ENV MARK={marker}
RUN echo running; exec >/dev/null 2>&1; sleep 1000 & sleep 1000 & wait
FROM base AS broken
RUN --mount=type=cache,target=/c while ! test -e /c/go; do usleep 1000; done; exit 5
FROM base
COPY --from=slow /m /
COPY --from=broken /m /
"""


NESTED = """
FROM base
ENV MARK={marker}
RUN --security=insecure mkdir /t; \\
 mount -t cgroup -o pids none /t && n=:pids: || {{ mount -t cgroup2 none /t; n=0::; }}; \\
 mkdir /t$(grep $n /proc/self/cgroup | busybox cut -d: -f3)/nested && echo running && sleep 1000
"""


def test_cgroups_in_those_of_a_command_go_with_it(building: Building) -> None:
    marker = f"build-{building.folder}"
    cgroups: set[Path] = set()

    def report(event: BuildEvent) -> None:
        if event.text == "running":
            cgroups.update(cgroups_of(left_of(marker)))
            assert any((path / "nested").exists() for path in cgroups)
            raise ZeroDivisionError

    building.events_to = report
    with pytest.raises(ZeroDivisionError):
        building.build(NESTED.format(marker=marker), insecure=True)
    assert [path for path in cgroups if path.exists()] == []


FETCHING = """
FROM base AS slow
ADD http://127.0.0.1:{port}/endless /m
FROM base AS broken
RUN --mount=type=cache,target=/c while ! test -e /c/go; do usleep 1000; done; exit 5
FROM base
COPY --from=slow /m /
COPY --from=broken /m /
"""


@pytest.mark.parametrize("by", ["another stage", "whoever hears what it says"])
def test_nothing_of_a_command_is_left_when_what_it_wrote_is_removed(
    building: Building, monkeypatch: pytest.MonkeyPatch, by: str
) -> None:
    marker = f"build-{building.folder}"
    cgroups: set[Path] = set()
    left: list[Path] = []
    original = StageTree.abandon

    def abandon(tree: StageTree) -> None:
        left[:] = [
            *(path for path in cgroups if path.exists()),
            *left_of(marker),
        ]  # the last one is that of `slow`
        original(tree)

    def report(event: BuildEvent) -> None:
        if event.text != "running":
            return
        cgroups.update(cgroups_of(left_of(marker)))
        if by != "another stage":
            raise ZeroDivisionError
        folders = Path(building.store.root, "build/folders")
        assert soon(lambda: any(folders.glob("*/data")))
        next(folders.glob("*/data")).joinpath("go").touch()

    monkeypatch.setattr(StageTree, "abandon", abandon)
    building.events_to = report
    with pytest.raises((StepFailed, ZeroDivisionError)):
        building.build(GIVEN_UP.format(marker=marker))
    assert cgroups
    assert left == []


def test_when_one_stage_fails_nothing_more_is_fetched_for_the_others(building: Building) -> None:
    """The other one fails when the first piece has come; the server would send more without an end."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            folders = Path(building.store.root, "build/folders")
            assert soon(lambda: any(folders.glob("*/data")))
            next(folders.glob("*/data")).joinpath("go").touch()
            with suppress(OSError):  # nobody listens any more
                while True:
                    self.wfile.write(bytes(65536))

        def log_message(self, *_: object) -> None:
            """Nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            with pytest.raises(StepFailed, match="exit code 5"):
                building.build(FETCHING.format(port=server.server_port))
        finally:
            server.shutdown()
            thread.join()


def test_when_one_stage_fails_the_others_are_given_up(building: Building) -> None:
    text = """
FROM base AS slow
RUN echo begun >/m && sleep 1000
FROM base AS broken
RUN --mount=type=cache,target=/c exit 5
FROM base
COPY --from=slow /m /
COPY --from=broken /m /
"""
    with pytest.raises(StepFailed) as caught:
        building.build(text)
    assert caught.value.exit_code == 5
    assert EventKind.FAILED in {event.kind for event in building.events}

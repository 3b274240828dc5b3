"""What the real `ctr` shows of plugins and versions: the same of Debian's containerd and of ours."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
from packages.manager.tests.tiffind import short_folder, tiffind

from tiffin_testing.containerd import running_containerd

Ctr = Callable[..., str]

pytestmark = [pytest.mark.tier("interop"), pytest.mark.requires("root", "containerd", "ctr")]


@pytest.fixture(params=["containerd", "tiffind"])
def ctr(request: pytest.FixtureRequest) -> Iterator[Ctr]:
    if request.param == "containerd":
        with short_folder() as folder, running_containerd(folder) as running:
            yield running
    else:
        with tiffind() as made:
            yield made.start().ctr


def rows(text: str) -> list[list[str]]:
    return [line.split() for line in text.splitlines()[1:] if line.strip()]


def test_plugins(ctr: Ctr) -> None:
    found = {f"{row[0]}.{row[1]}": row[3] for row in rows(ctr("plugins", "ls"))}
    assert set(found.values()) <= {"ok", "skip", "error"}
    for name in (
        "io.containerd.content.v1.content",
        "io.containerd.snapshotter.v1.native",
        "io.containerd.gc.v1.scheduler",
        "io.containerd.runtime.v2.task",
        *(f"io.containerd.grpc.v1.{each}" for each in (
            "containers", "content", "diff", "events", "images", "introspection", "leases", "namespaces",
            "snapshots", "tasks", "version",
        )),
    ):  # fmt: skip
        assert found[name] == "ok", name


def test_plugins_by_filter_and_in_detail(ctr: Ctr) -> None:
    assert ctr("plugins", "ls", "--quiet", "id==scheduler").split() == ["scheduler"]
    assert ctr("plugins", "ls", "--quiet", "type==io.containerd.content.v1", "id==scheduler").split() == [
        "content", "scheduler",
    ]  # fmt: skip
    text = ctr("plugins", "ls", "--detailed", "type==io.containerd.gc.v1")
    assert "PauseThreshold" in text
    assert re.search(r"ScheduleDelay +0s|ScheduleDelay +24h", text)
    assert "io.containerd.metadata.v1" in text


def test_version(ctr: Ctr) -> None:
    server = ctr("version").partition("Server:")[2]
    assert "Version:" in server
    assert "UUID:" in server

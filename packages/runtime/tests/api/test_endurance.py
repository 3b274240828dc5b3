"""Many containers: at once from threads, and one after another, with nothing growing in this program."""

from __future__ import annotations

import gc
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from packages.runtime.tests.api.conftest import Make, open_descriptors, shell

from tiffin.runtime import Runtime
from tiffin.runtime.api import spare_network
from tiffin_testing.leaks import children

pytestmark = pytest.mark.requires("root")
PAGE = os.sysconf("SC_PAGE_SIZE")


def resident_memory() -> int:
    """Bytes of this program that are in memory (proc_pid_statm(5))."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * PAGE


def test_fifty_containers_from_eight_threads(runtime: Runtime, bundle_factory: Make) -> None:
    bundle = bundle_factory(
        {"linux": {"cgroupsPath": None}}, args=shell("cat; echo err >&2; exit $(cat /proc/$$/stat | wc -l)")
    )

    def one(number: int) -> tuple[int, bytes, bytes]:
        result = runtime.run(bundle.config, bundle=bundle.path, input=b"%d" % number, timeout=60)
        return result.exit_code, result.stdout, result.stderr

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(one, range(50))) == [(1, b"%d" % number, b"err\n") for number in range(50)]


def test_a_container_is_used_by_many_threads(runtime: Runtime, bundle_factory: Make) -> None:
    bundle = bundle_factory(args=["sleep", "1000"])
    container = runtime.create("shared", bundle.config, bundle=bundle.path)
    try:
        container.start()
        with ThreadPoolExecutor(8) as pool:
            results = pool.map(lambda number: container.exec(shell(f"exit {number}")).exit_code, range(24))
            assert list(results) == list(range(24))
        assert container.pids() == (container.process.pid,)
    finally:
        container.delete(force=True)


@pytest.mark.timeout(300)
def test_three_hundred_runs_leave_no_descriptor_memory_or_zombie(
    runtime: Runtime, bundle_factory: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spare_network, "PAUSE", 0.0)  # there is always one
    bundle = bundle_factory()

    def runs(count: int) -> None:
        for _ in range(count):
            assert runtime.run(bundle.config, bundle=bundle.path).exit_code == 0
        runtime.settle()
        gc.collect()

    runs(50)  # what is loaded and remembered once
    before = len(open_descriptors()), threading.active_count(), children(), resident_memory()
    runs(300)
    after = len(open_descriptors()), threading.active_count(), children(), resident_memory()
    assert after[:3] == before[:3]
    assert after[3] - before[3] < 1024 * 1024


def test_configs_that_differ_do_not_pile_up(runtime: Runtime, bundle_factory: Make) -> None:
    bundle = bundle_factory()
    for number in range(40):
        bundle.config["hostname"] = f"host-{number}"
        bundle.config["process"]["args"] = ["hostname"]
        assert runtime.run(bundle.config, bundle=bundle.path).stdout == b"host-%d\n" % number

"""The API as an ordinary user: root in a user namespace of their own."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from packages.runtime.tests.api.conftest import Make, shell

from tiffin.runtime import Runtime, TimedOut

pytestmark = [
    pytest.mark.requires("userns_rootless", "userns_proc", "busybox"),
    pytest.mark.skipif(os.geteuid() == 0, reason="for an ordinary user: ./test --tier rootless becomes one"),
]


def test_a_container_runs_again_and_again(tmp_path: Path, bundle_factory: Make) -> None:
    bundle = bundle_factory(rootless=True, args=shell("id -u; cat; exit 3"))
    with Runtime(tmp_path / "root") as runtime:
        for data in (b"one\n", b"two\n"):
            result = runtime.run(bundle.config, bundle=bundle.path, input=data, timeout=20)
            assert (result.exit_code, result.stdout) == (3, b"0\n" + data)
        assert runtime.containers() == []


def test_the_tree_of_an_exec_ends_in_time(tmp_path: Path, bundle_factory: Make) -> None:
    """There may be no cgroup that tells which processes are the container's."""
    bundle = bundle_factory(rootless=True, args=["sleep", "1000"])
    with Runtime(tmp_path / "root") as runtime:
        container = runtime.create("sleeper", bundle.config, bundle=bundle.path)
        try:
            container.start()
            with pytest.raises(TimedOut):
                container.exec(shell("sleep 1000 & sleep 1000"), timeout=0.5)
            assert container.exec(shell("ps | grep -c '[s]leep 1000'")).stdout == b"1\n"
        finally:
            container.delete(force=True)

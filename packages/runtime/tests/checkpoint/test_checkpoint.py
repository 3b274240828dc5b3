"""checkpoint and restore of real containers by the real CRIU, where it works with this kernel, and where not."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from packages.runtime.tests.lifecycle.containers import FOREVER, Fifo, Make, has_ended, running, shell

from tiffin_testing.bundle import Bundle
from tiffin_testing.oci_runtime import OCIRuntime
from tiffin_testing.streams import Pipes

pytestmark = pytest.mark.requires("root")

Flags = list[str | Path]


@contextmanager
def piped(runtime: OCIRuntime, bundle: Bundle, container: str) -> Iterator[int]:
    """A running container whose streams are pipes; gives its pid."""
    with Pipes.opened() as pipes:
        assert pipes.under(runtime).create(container, bundle).exit_code == 0
        try:
            runtime.start(container).must_succeed()
            yield int(runtime.state(container)["pid"])
        finally:
            runtime.delete(container, force=True).must_succeed()


@pytest.mark.requires("criu")
def test_a_container_goes_on_where_it_was(
    runtime_under_test: OCIRuntime, bundle_factory: Make, container_id: str, tmp_path: Path
) -> None:
    """What it has in memory is there again."""
    keep = "r=$(cat /proc/sys/kernel/random/uuid); echo $r > /first"
    tell = "while :; do sleep 0.1; test -e /ready && echo $r > /ready; done"
    namespaces = [{"type": kind} for kind in ("pid", "ipc", "uts", "mount")]
    bundle = bundle_factory({"linux": {"namespaces": namespaces}}, args=shell(f"{keep}; {tell}"))
    started = Fifo(bundle, "first")
    images: Flags = ["--image-path", tmp_path / "images", "--work-path", tmp_path / "work"]
    with piped(runtime_under_test, bundle, container_id) as pid:
        first = started.read()
        runtime_under_test.call("checkpoint", *images, container_id).must_succeed()
        assert has_ended(pid)
        assert not list(runtime_under_test.containers())
        flags: Flags = [*images, "--detach", "--bundle", bundle.path]
        with Pipes.opened() as pipes:
            restorer = pipes.under(runtime_under_test)
            assert restorer.call("restore", *flags, container_id).exit_code == 0
        ready = Fifo(bundle)
        assert ready.read() == first
        assert runtime_under_test.status(container_id) == "running"
        runtime_under_test.exec(container_id, ["true"]).must_succeed()


@pytest.mark.requires("criu")
def test_a_container_may_run_on(
    runtime_under_test: OCIRuntime, bundle_factory: Make, container_id: str, tmp_path: Path
) -> None:
    namespaces = [{"type": kind} for kind in ("pid", "ipc", "uts", "mount")]
    bundle = bundle_factory({"linux": {"namespaces": namespaces}}, args=FOREVER)
    with piped(runtime_under_test, bundle, container_id):
        flags: Flags = ["--image-path", tmp_path / "images", "--leave-running"]
        runtime_under_test.call("checkpoint", *flags, container_id).must_succeed()
        assert runtime_under_test.status(container_id) == "running"
        assert (tmp_path / "images/inventory.img").exists()


@pytest.mark.skipif(
    shutil.which("criu") is None
    or subprocess.run(["criu", "check"], capture_output=True, check=False).returncode == 0,
    reason="criu is missing, or works",
)
def test_where_criu_cannot_do_it_the_container_runs_on_and_the_reason_is_told(
    runtime_under_test: OCIRuntime, bundle_factory: Make, container_id: str, tmp_path: Path
) -> None:
    with running(runtime_under_test, bundle_factory(args=FOREVER), container_id):
        flags: Flags = ["--image-path", tmp_path / "images", "--work-path", tmp_path / "work"]
        outcome = runtime_under_test.call("checkpoint", *flags, container_id)
        assert outcome.exit_code == 1
        assert f"{tmp_path}/work/dump.log" in outcome.stderr
        assert runtime_under_test.status(container_id) == "running"
        runtime_under_test.exec(container_id, ["true"]).must_succeed()


@pytest.mark.parametrize(
    "words", [("checkpoint", "absent"), ("restore", "--image-path", "{absent}", "absent")]
)
def test_what_is_not_there_is_said(
    words: tuple[str, ...], runtime_under_test: OCIRuntime, bundle_factory: Make, tmp_path: Path
) -> None:
    bundle = bundle_factory()
    filled = [word.format(absent=tmp_path / "absent") for word in words]
    assert runtime_under_test.call(*filled, cwd=bundle.path).exit_code == 1
    assert not list(runtime_under_test.containers())


def test_a_stopped_container_cannot_be_saved(
    runtime_under_test: OCIRuntime, bundle_factory: Make, container_id: str, tmp_path: Path
) -> None:
    with running(runtime_under_test, bundle_factory(args=["true"]), container_id):
        runtime_under_test.wait_stopped(container_id)
        outcome = runtime_under_test.call("checkpoint", "--image-path", tmp_path / "images", container_id)
        assert outcome.exit_code == 1
        assert "stopped" in outcome.stderr

"""Hooks: all six kinds, their order, what they get, and what a failing one does."""

from __future__ import annotations

import json
import os
import re
import signal
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from packages.runtime.tests.lifecycle.containers import FOREVER, Make, created, running

from tiffin_testing.bundle import Bundle
from tiffin_testing.oci_runtime import OCIRuntime

pytestmark = pytest.mark.requires("root")

KINDS = ("prestart", "createRuntime", "createContainer", "startContainer", "poststart", "poststop")
BEFORE_START = KINDS[:3]


def hook(script: str, **members: Any) -> dict[str, Any]:
    """A hook in the host's or the container's /bin/sh."""
    return {"path": "/bin/sh", "args": ["sh", "-c", script], "env": ["PATH=/usr/bin:/bin"], **members}


class Notes:
    """A folder that hooks write to: the container sees it at the same path as the host."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()
        folder.chmod(0o777)

    def mount(self) -> dict[str, Any]:
        return {
            "destination": str(self.folder),
            "source": str(self.folder),
            "type": "bind",
            "options": ["rbind"],
        }

    def hook(self, name: str, **members: Any) -> dict[str, Any]:
        """Notes its name in `order`, and its standard input in a file of its name."""
        return hook(f"echo {name} >> {self.folder}/order; cat > {self.folder}/{name}", **members)

    def order(self) -> list[str]:
        path = self.folder / "order"
        return path.read_text().split() if path.exists() else []

    def state(self, name: str) -> dict[str, Any]:
        state: dict[str, Any] = json.loads((self.folder / name).read_text())
        return state


@pytest.fixture
def notes(tmp_path: Path) -> Notes:
    return Notes(tmp_path / "notes")


def with_hooks(make: Make, notes: Notes, hooks: dict[str, Any], args: list[str] | None = None) -> Bundle:
    bundle = make(args=args or FOREVER)
    config = {**bundle.config, "hooks": hooks, "annotations": {"a": "b"}}
    config["mounts"] = [*config["mounts"], notes.mount()]
    (bundle.path / "config.json").write_text(json.dumps(config))
    return bundle


def no_early_poststart(runtime: OCIRuntime) -> None:
    if runtime.name == "runc":
        pytest.skip("runc runs poststart hooks at the end of create")


def test_all_six_kinds_run_in_order_at_their_time(
    runtime_under_test: OCIRuntime, bundle_factory: Make, container_id: str, notes: Notes
) -> None:
    no_early_poststart(runtime_under_test)
    hooks = {kind: [notes.hook(f"{kind}-1"), notes.hook(f"{kind}-2")] for kind in KINDS}
    expected = [f"{kind}-{number}" for kind in KINDS for number in (1, 2)]
    runtime_under_test.create(container_id, with_hooks(bundle_factory, notes, hooks)).must_succeed()
    assert notes.order() == expected[:6]
    runtime_under_test.start(container_id).must_succeed()
    assert notes.order() == expected[:10]
    runtime_under_test.delete(container_id, force=True).must_succeed()
    assert notes.order() == expected


def test_a_hook_gets_the_state(
    runtime_under_test: OCIRuntime, bundle_factory: Make, container_id: str, notes: Notes
) -> None:
    bundle = with_hooks(bundle_factory, notes, {kind: [notes.hook(kind)] for kind in KINDS})
    with running(runtime_under_test, bundle, container_id) as pid:
        pass
    statuses = ("creating", "creating", "creating", "created", "running", "stopped")
    for kind, status in zip(KINDS, statuses, strict=True):
        state = notes.state(kind)
        assert (state["id"], state["bundle"], state["annotations"]["a"]) == (
            container_id,
            str(bundle.path),
            "b",
        )
        assert state["ociVersion"].startswith("1.")
        if kind != "poststart" or runtime_under_test.name != "runc":
            assert state["status"] == status, kind
        if kind in {"prestart", "createRuntime", "poststart"}:
            assert state["pid"] == pid
        if kind == "poststop":
            assert state.get("pid", 0) == 0


def test_hooks_run_in_their_namespaces(
    runtime_under_test: OCIRuntime, bundle_factory: Make, container_id: str, notes: Notes
) -> None:
    script = f"for name in mnt net; do readlink /proc/self/ns/$name; done > {notes.folder}/"
    hooks = {kind: [hook(script + kind)] for kind in KINDS}
    late = notes.folder / "startContainer"
    os.mkfifo(late)  # `start` need not wait for this hook; who reads from a FIFO does
    with ThreadPoolExecutor(1) as readers:
        said = readers.submit(late.read_text)
        with running(runtime_under_test, with_hooks(bundle_factory, notes, hooks), container_id) as pid:
            inside = [os.readlink(f"/proc/{pid}/ns/{name}") for name in ("mnt", "net")]
            found = {late.name: said.result(timeout=30).split()}
    outside = [os.readlink(f"/proc/self/ns/{name}") for name in ("mnt", "net")]
    found |= {kind: (notes.folder / kind).read_text().split() for kind in KINDS if kind != late.name}
    for kind in ("prestart", "createRuntime", "poststart", "poststop"):
        assert found[kind] == outside, kind
    for kind in ("createContainer", "startContainer"):
        assert found[kind] == inside, kind


def test_the_environment_and_arguments_are_the_configs(
    runtime_under_test: OCIRuntime, bundle_factory: Make, container_id: str, notes: Notes
) -> None:
    script = f'echo "$0 $1 $ONLY ${{HOME-unset}}" > {notes.folder}/said; pwd >> {notes.folder}/said'
    one = {"path": "/bin/sh", "args": ["any", "-c", script, "zero", "one"], "env": ["ONLY=this"]}
    bundle = with_hooks(bundle_factory, notes, {"createRuntime": [one]})
    with created(runtime_under_test, bundle, container_id):
        assert (notes.folder / "said").read_text().splitlines() == ["zero one this unset", str(bundle.path)]


@pytest.mark.parametrize("kind", BEFORE_START)
@pytest.mark.parametrize("verb", ["create", "run"])
def test_a_failing_hook_before_the_start_undoes_the_container(
    verb: str,
    kind: str,
    runtime_under_test: OCIRuntime,
    bundle_factory: Make,
    container_id: str,
    notes: Notes,
) -> None:
    hooks = {
        kind: [notes.hook("first"), hook("echo said why >&2; exit 7"), notes.hook("never")],
        "poststop": [notes.hook("poststop")],
    }
    bundle = with_hooks(bundle_factory, notes, hooks)
    outcome = runtime_under_test.call(verb, "--bundle", bundle.path, container_id)
    assert outcome.exit_code == 1
    assert runtime_under_test.name == "runc" or kind in outcome.stderr
    assert "exit status 7" in outcome.stderr
    assert "said why" in outcome.stderr
    assert "never" not in notes.order()
    assert not list(runtime_under_test.containers())


def test_a_failing_hook_at_the_start_means_that_the_program_never_runs(
    runtime_under_test: OCIRuntime, bundle_factory: Make, container_id: str, notes: Notes
) -> None:
    hooks = {"startContainer": [hook("exit 3")]}
    bundle = with_hooks(bundle_factory, notes, hooks, ["touch", f"{notes.folder}/ran"])
    outcome = runtime_under_test.run(container_id, bundle)
    assert outcome.exit_code != 0
    assert not (notes.folder / "ran").exists()
    for container in runtime_under_test.containers():
        runtime_under_test.delete(container, force=True).must_succeed()


def test_a_failing_poststop_hook_does_not_stop_the_others_nor_the_delete(
    runtime_under_test: OCIRuntime, bundle_factory: Make, container_id: str, notes: Notes
) -> None:
    bundle = with_hooks(bundle_factory, notes, {"poststop": [hook("exit 3"), notes.hook("second")]})
    runtime_under_test.create(container_id, bundle).must_succeed()
    runtime_under_test.delete(container_id, force=True).must_succeed()
    if runtime_under_test.name != "runc":  # which leaves out the others
        assert notes.order() == ["second"]
    assert not list(runtime_under_test.containers())


def test_a_failing_poststart_hook_ends_the_container(
    runtime_under_test: OCIRuntime, bundle_factory: Make, container_id: str, notes: Notes
) -> None:
    no_early_poststart(runtime_under_test)
    bundle = with_hooks(bundle_factory, notes, {"poststart": [hook("exit 3")]})
    runtime_under_test.create(container_id, bundle).must_succeed()
    outcome = runtime_under_test.start(container_id)
    assert outcome.exit_code == 1
    assert "poststart" in outcome.stderr
    if container_id in list(runtime_under_test.containers()):
        runtime_under_test.wait_stopped(container_id)
        runtime_under_test.delete(container_id, force=True).must_succeed()


@pytest.mark.parametrize("kind", BEFORE_START)
def test_a_hook_that_takes_too_long_is_killed(
    kind: str, runtime_under_test: OCIRuntime, bundle_factory: Make, container_id: str, notes: Notes
) -> None:
    bundle = with_hooks(bundle_factory, notes, {kind: [hook("exec sleep 1000", timeout=1)]})
    outcome = runtime_under_test.create(container_id, bundle)
    assert outcome.exit_code == 1
    assert re.search(r"ran past specified timeout of 1.0s|did not end in 1 s", outcome.stderr)
    assert not list(runtime_under_test.containers())


def test_a_hook_that_is_missing_is_named(
    runtime_under_test: OCIRuntime, bundle_factory: Make, container_id: str, notes: Notes
) -> None:
    bundle = with_hooks(bundle_factory, notes, {"prestart": [{"path": "/no/such/hook"}]})
    outcome = runtime_under_test.create(container_id, bundle)
    assert outcome.exit_code == 1
    assert "/no/such/hook: no such file or directory" in outcome.stderr
    assert not list(runtime_under_test.containers())


def test_hooks_find_no_signal_ignored_that_the_interpreter_ignores(
    runtime_under_test: OCIRuntime, bundle_factory: Make, container_id: str, notes: Notes
) -> None:
    hooks = {kind: [hook(f"grep SigIgn /proc/self/status > {notes.folder}/{kind}")] for kind in KINDS}
    runtime_under_test.run(container_id, with_hooks(bundle_factory, notes, hooks, ["true"])).must_succeed()
    masks = {kind: int((notes.folder / kind).read_text().split()[1], 16) for kind in KINDS}
    ignored = (1 << signal.SIGPIPE - 1) | (1 << signal.SIGXFSZ - 1)
    assert {kind: mask & ignored for kind, mask in masks.items()} == dict.fromkeys(KINDS, 0)

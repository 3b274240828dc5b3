"""list, ps and events: what is told of containers, in each form, as runc tells it."""

from __future__ import annotations

import json
import os
import subprocess
from datetime import datetime
from pathlib import Path

import pytest
from packages.runtime.tests.lifecycle.containers import FOREVER, Fifo, Make, created, running, shell

from tiffin_testing.oci_runtime import OCIRuntime

pytestmark = pytest.mark.requires("root")


def test_containers_are_listed_in_each_form(
    runtime_under_test: OCIRuntime, bundle_factory: Make, container_id: str
) -> None:
    one, other = bundle_factory(args=FOREVER), bundle_factory({"annotations": {"a": "b"}}, args=["true"])
    with (
        created(runtime_under_test, one, f"{container_id}-a") as pid,
        running(runtime_under_test, other, f"{container_id}-b"),
    ):
        runtime_under_test.wait_stopped(f"{container_id}-b")
        rows = [line.split() for line in runtime_under_test.call("list").must_succeed().stdout.splitlines()]
        assert rows[0] == ["ID", "PID", "STATUS", "BUNDLE", "CREATED", "OWNER"]
        assert rows[1][:4] == [f"{container_id}-a", str(pid), "created", str(one.path)]
        assert rows[2][:4] == [f"{container_id}-b", "0", "stopped", str(other.path)]
        assert [row[5] for row in rows[1:]] == ["root", "root"]
        quiet = runtime_under_test.call("list", "-q").must_succeed().stdout
        assert quiet == f"{container_id}-a\n{container_id}-b\n"
        found = json.loads(runtime_under_test.call("list", "--format", "json").must_succeed().stdout)
        assert [row["status"] for row in found] == ["created", "stopped"]
        assert found[1]["annotations"]["a"] == "b"
        assert set(found[0]) >= {"ociVersion", "id", "pid", "status", "bundle", "rootfs", "created", "owner"}
        assert datetime.fromisoformat(found[0]["created"][:19] + "+00:00").year >= 2020


def starts(line: str) -> list[int]:
    """Where the columns of a table begin."""
    return [index for index in range(1, len(line)) if line[index - 1] == " " != line[index]]


@pytest.mark.requires("runc")
def test_the_table_is_laid_out_as_runcs(
    runtime_under_test: OCIRuntime, bundle_factory: Make, container_id: str, tmp_path: Path
) -> None:
    runc = OCIRuntime(["runc"], tmp_path / "runc-state")
    tables = []
    for runtime in (runc, runtime_under_test):
        with running(runtime, bundle_factory(args=["true"]), container_id):
            runtime.wait_stopped(container_id)
            tables.append(runtime.call("list").must_succeed().stdout.splitlines())
    for theirs, ours in zip(*tables, strict=True):
        columns = [starts(theirs), starts(ours)]
        assert len(columns[0]) == len(columns[1])
        assert columns[0][:4] == columns[1][:4]


def test_a_damaged_container_does_not_hide_the_others(
    runtime_under_test: OCIRuntime, bundle_factory: Make, container_id: str
) -> None:
    with created(runtime_under_test, bundle_factory(args=FOREVER), container_id):
        (runtime_under_test.root / "damaged").mkdir()
        outcome = runtime_under_test.call("list", "-q").must_succeed()
        assert container_id in outcome.stdout.split()
        (runtime_under_test.root / "damaged").rmdir()


def test_processes_are_shown_by_their_pids_on_the_host(
    runtime_under_test: OCIRuntime, bundle_factory: Make, container_id: str
) -> None:
    bundle = bundle_factory(args=shell("sleep 1001 & echo > /ready; exec sleep 1000"))
    ready = Fifo(bundle)
    with running(runtime_under_test, bundle, container_id) as pid:
        ready.read()
        pids = json.loads(
            runtime_under_test.call("ps", "--format", "json", container_id).must_succeed().stdout
        )
        assert len(pids) == 2
        assert pid in pids
        head, *rows = runtime_under_test.call("ps", container_id).must_succeed().stdout.splitlines()
        assert head.split()[:3] == ["UID", "PID", "PPID"]
        assert {int(row.split()[1]) for row in rows} == set(pids)
        head, *rows = (
            runtime_under_test.call("ps", container_id, "-o", "pid,args").must_succeed().stdout.splitlines()
        )
        assert head.split() == ["PID", "COMMAND"]
        assert "sleep 1001" in "".join(rows)
        outcome = runtime_under_test.call("ps", container_id, "-o", "args")
        assert outcome.exit_code == 1


def test_statistics_are_shown_once(
    runtime_under_test: OCIRuntime, bundle_factory: Make, container_id: str
) -> None:
    config = {"linux": {"resources": {"memory": {"limit": 64 << 20}, "pids": {"limit": 50}}}}
    with running(runtime_under_test, bundle_factory(config, args=FOREVER), container_id):
        text = runtime_under_test.call("events", "--stats", container_id).must_succeed().stdout
        event = json.loads(text)
        assert text.count("\n") == 1
        assert (event["type"], event["id"]) == ("stats", container_id)
        data = event["data"]
        assert data["pids"] == {"current": 1, "limit": 50}
        assert data["memory"]["usage"]["limit"] == 64 << 20
        assert 0 < data["memory"]["usage"]["usage"] < 64 << 20
        assert data["cpu"]["usage"]["total"] > 0


@pytest.mark.requires("runc")
def test_statistics_have_the_members_that_runcs_have(
    runtime_under_test: OCIRuntime, bundle_factory: Make, container_id: str, tmp_path: Path
) -> None:
    runc = OCIRuntime(["runc"], tmp_path / "runc-state")
    found = []
    for runtime in (runc, runtime_under_test):
        with running(runtime, bundle_factory(args=FOREVER), container_id):
            found.append(
                json.loads(runtime.call("events", "--stats", container_id).must_succeed().stdout)["data"]
            )
    theirs, ours = found
    assert theirs.keys() == ours.keys()
    for section in ("cpu", "memory", "pids", "blkio"):
        assert theirs[section].keys() <= ours[section].keys(), section


def test_events_come_at_each_interval_until_the_end(
    runtime_under_test: OCIRuntime, bundle_factory: Make, container_id: str
) -> None:
    with running(runtime_under_test, bundle_factory(args=FOREVER), container_id):
        command = [
            *runtime_under_test.command,
            "--root",
            str(runtime_under_test.root),
            "events",
            "--interval",
            "50ms",
        ]
        with subprocess.Popen([*command, container_id], stdout=subprocess.PIPE, text=True) as watching:
            assert watching.stdout is not None
            for _ in range(3):
                assert json.loads(watching.stdout.readline())["type"] == "stats"
            runtime_under_test.delete(container_id, force=True).must_succeed()
            watching.stdout.read()
            assert watching.wait(20) == 0


@pytest.mark.requires("cgroup_v1", "cgroup_memory")
def test_running_out_of_memory_is_an_event(
    runtime_under_test: OCIRuntime, bundle_factory: Make, container_id: str
) -> None:
    config = {"linux": {"resources": {"memory": {"limit": 16 << 20, "swap": 16 << 20}}}}
    with running(runtime_under_test, bundle_factory(config, args=FOREVER), container_id):
        command = [
            *runtime_under_test.command,
            "--root",
            str(runtime_under_test.root),
            "events",
            "--interval",
            "20ms",
        ]
        with subprocess.Popen([*command, container_id], stdout=subprocess.PIPE, text=True) as watching:
            assert watching.stdout is not None
            watching.stdout.readline()  # from here on it listens
            outcome = runtime_under_test.exec(
                container_id, shell("dd if=/dev/zero of=/dev/null bs=64M count=1")
            )
            assert outcome.exit_code == 137
            while json.loads(watching.stdout.readline())["type"] != "oom":
                pass
            runtime_under_test.delete(container_id, force=True).must_succeed()
            watching.stdout.read()
            assert watching.wait(20) == 0


def test_the_owner_is_who_made_it(
    runtime_under_test: OCIRuntime, bundle_factory: Make, container_id: str
) -> None:
    with created(runtime_under_test, bundle_factory(args=FOREVER), container_id):
        os.chown(runtime_under_test.root / container_id, 1, -1)
        (row,) = json.loads(runtime_under_test.call("list", "-f", "json").must_succeed().stdout)
        assert row["owner"] == "daemon"

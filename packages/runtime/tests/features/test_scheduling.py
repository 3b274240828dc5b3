"""process.scheduler, ioPriority and execCPUAffinity, linux.personality and linux.memoryPolicy."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

import pytest
from packages.runtime.tests.features.subject import Config, Subject, namespaces

from tiffin_testing.cgroups import CgroupParent, hierarchies

pytestmark = pytest.mark.requires("root", "gcc")

SCHED_IDLE = 5  # linux/sched.h; os has no name for SCHED_DEADLINE, 6
IO_CLASS_SHIFT = 13
MILLISECOND = 1_000_000
RESET_ON_FORK = 1
BOUND, INTERLEAVED, PREFERRED, LOCAL, STATIC = 2, 3, 1, 4, 1 << 15  # linux/mempolicy.h


@pytest.fixture
def realtime(cgroup_parent: CgroupParent, subject: Subject) -> Config:
    """Resources with a share of real time, which a cgroup has none of by itself (RT_GROUP_SCHED)."""
    for point in hierarchies():
        if (point / "cpu.rt_runtime_us").exists():
            parent = Path(point, cgroup_parent.name)
            parent.mkdir(exist_ok=True)
            (parent / "cpu.rt_runtime_us").write_text("2000")
            return {"cpu": {"realtimeRuntime": 1000, "realtimePeriod": 1_000_000}}
    return {}


def policy_of(subject: Subject, scheduler: dict[str, Any], resources: Config | None = None) -> list[int]:
    """policy, flags, nice, priority, runtime, deadline, period, as sched_getattr(2) tells them inside."""
    config: Config = {"process": {"scheduler": scheduler}, "linux": {"resources": resources or {}}}
    return [int(word) for word in subject.answers(config, "scheduler")["scheduler"]]


@pytest.mark.parametrize(
    ("policy", "number"), [("SCHED_OTHER", os.SCHED_OTHER), ("SCHED_BATCH", os.SCHED_BATCH)]
)
def test_a_policy_with_a_nice_value(subject: Subject, policy: str, number: int) -> None:
    assert policy_of(subject, {"policy": policy, "nice": 7})[:4] == [number, 0, 7, 0]


def test_the_idle_policy(subject: Subject) -> None:
    assert policy_of(subject, {"policy": "SCHED_IDLE"})[0] == SCHED_IDLE


@pytest.mark.parametrize(("policy", "number"), [("SCHED_FIFO", os.SCHED_FIFO), ("SCHED_RR", os.SCHED_RR)])
def test_a_real_time_policy(subject: Subject, policy: str, number: int, realtime: Config) -> None:
    found = policy_of(subject, {"policy": policy, "priority": 10}, realtime)
    assert (found[0], found[3]) == (number, 10)


def test_a_flag_of_the_policy(subject: Subject) -> None:
    scheduler = {"policy": "SCHED_BATCH", "flags": ["SCHED_FLAG_RESET_ON_FORK"]}
    assert policy_of(subject, scheduler)[:2] == [os.SCHED_BATCH, RESET_ON_FORK]


def test_a_deadline(subject: Subject) -> None:
    """Refused by the kernel where the container may not use every processor; else it is what the config says."""
    times = {"runtime": MILLISECOND, "deadline": 10 * MILLISECOND, "period": 20 * MILLISECOND}
    bundle = subject.make(
        {"process": {"scheduler": {"policy": "SCHED_DEADLINE", **times}}}, ["probe", "scheduler"]
    )
    outcome = subject.runtime.run(subject.container, bundle)
    if outcome.exit_code == 0:
        assert outcome.stdout.split()[5:] == [str(value) for value in times.values()]
    else:
        assert "process.scheduler" in outcome.stderr
        assert "operation not permitted" in outcome.stderr


def test_a_flag_that_the_kernel_refuses_is_named(subject: Subject) -> None:
    refused = subject.refusal(
        {"process": {"scheduler": {"policy": "SCHED_OTHER", "flags": ["SCHED_FLAG_UTIL_CLAMP_MIN"]}}}
    )
    assert "process.scheduler" in refused
    assert "SCHED_FLAG_UTIL_CLAMP_MIN" in refused


@pytest.mark.parametrize(
    ("name", "number"), [("IOPRIO_CLASS_RT", 1), ("IOPRIO_CLASS_BE", 2), ("IOPRIO_CLASS_IDLE", 3)]
)
def test_the_io_priority(subject: Subject, name: str, number: int) -> None:
    config = {"process": {"ioPriority": {"class": name, "priority": 5}}}
    assert subject.answers(config, "io-priority")["io-priority"] == [str(number << IO_CLASS_SHIFT | 5)]


def test_a_further_process_has_its_own_priorities(subject: Subject) -> None:
    with subject.running({}):
        process = {
            "scheduler": {"policy": "SCHED_BATCH", "nice": 3},
            "ioPriority": {"class": "IOPRIO_CLASS_IDLE"},
        }
        found = subject.exec_answers(process, "scheduler", "io-priority")
    assert found["scheduler"][:3] == [str(os.SCHED_BATCH), "0", "3"]
    assert int(found["io-priority"][0]) >> IO_CLASS_SHIFT == 3


def test_a_32_bit_personality(subject: Subject) -> None:
    if os.uname().machine != "x86_64":
        pytest.skip("the name of the other machine is known for x86_64")
    config = {"linux": {"personality": {"domain": "LINUX32"}}}
    assert subject.answers(config, "personality")["personality"] == ["8", "i686"]
    assert subject.output(config, "uname -m") == "i686\n"


def test_the_usual_personality(subject: Subject) -> None:
    config = {"linux": {"personality": {"domain": "LINUX"}}}
    assert subject.answers(config, "personality")["personality"] == ["0", os.uname().machine]


def test_a_further_process_has_the_containers_personality(subject: Subject) -> None:
    with subject.running({"linux": {"personality": {"domain": "LINUX32"}}}):
        assert subject.exec_answers({}, "personality")["personality"][0] == "8"


@pytest.mark.parametrize(
    ("policy", "mode", "nodes", "shown"),
    [
        ({"mode": "MPOL_BIND", "nodes": "0"}, BOUND, "1", "bind:0"),
        ({"mode": "MPOL_INTERLEAVE", "nodes": "0"}, INTERLEAVED, "1", "interleave:0"),
        ({"mode": "MPOL_PREFERRED", "nodes": "0"}, PREFERRED, "1", "prefer:0"),
        ({"mode": "MPOL_LOCAL"}, LOCAL, "0", "local"),
        ({"mode": "MPOL_DEFAULT", "nodes": ""}, 0, "0", "default"),
        (
            {"mode": "MPOL_BIND", "nodes": "0", "flags": ["MPOL_F_STATIC_NODES"]},
            BOUND | STATIC,
            "1",
            "bind=static:0",
        ),
    ],
)
@pytest.mark.requires("get_mempolicy")
def test_the_memory_policy(
    subject: Subject, policy: dict[str, Any], mode: int, nodes: str, shown: str
) -> None:
    config = {"linux": {"memoryPolicy": policy}}
    text = subject.output(config, "probe memory-policy; cat /proc/self/numa_maps")
    first, *maps = text.splitlines()
    assert first.split() == ["memory-policy", str(mode), nodes]
    assert any(line.split()[1] == shown for line in maps)


@pytest.mark.requires("get_mempolicy")
def test_a_memory_node_that_is_not_there_is_refused(subject: Subject) -> None:
    refused = subject.refusal({"linux": {"memoryPolicy": {"mode": "MPOL_BIND", "nodes": "1000"}}})
    assert "linux.memoryPolicy" in refused
    assert os.strerror(errno.EINVAL).lower() in refused


def test_a_further_process_runs_on_its_final_processors(subject: Subject) -> None:
    process = {"execCPUAffinity": {"initial": "0", "final": "1"}}
    if len(os.sched_getaffinity(0)) < 2:
        pytest.skip("there is one processor")
    with subject.running({"linux": {"namespaces": namespaces()}}):
        assert subject.exec_answers(process, "affinity")["affinity"] == ["1"]
        only = {"execCPUAffinity": {"initial": "1"}}
        assert subject.exec_answers(only, "affinity")["affinity"] == ["1"]
        assert len(subject.exec_answers({}, "affinity")["affinity"]) > 1

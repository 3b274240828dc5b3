"""Metrics from files of a cgroup: every field that the messages have is read, and what is missing is left out."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from tiffin.api.cgroups.v1 import metrics_pb2 as messages_v1
from tiffin.api.cgroups.v2 import metrics_pb2 as messages_v2
from tiffin.runtime.record import Record
from tiffin.shim.metrics import rdma, values_v1, values_v2
from tiffin.shim.metrics.messages import to_message
from tiffin.shim.metrics.rdma import RdmaEntry
from tiffin.shim.metrics.read_v1 import read_v1
from tiffin.shim.metrics.read_v2 import read_v2

UNLIMITED = 2**64 - 1
QUIET = "avg10=0.00 avg60=0.00 avg300=0.00"
V1 = {
    "cpuacct.usage": "3000000000\n",
    "cpuacct.usage_percpu": "1000000000 2000000000 \n",
    "cpuacct.stat": "user 7\nsystem 5\n",
    "cpu.stat": "nr_periods 3\nnr_throttled 2\nthrottled_time 1\n",
    "pids.current": "4\n",
    "pids.max": "max\n",
    "memory.stat": "cache 1\nrss 2\npgpgin 3\npgmajfault 4\nhierarchical_memsw_limit 5\ntotal_pgpgout 6\n",
    "memory.usage_in_bytes": "10\n",
    "memory.max_usage_in_bytes": "11\n",
    "memory.limit_in_bytes": "12\n",
    "memory.failcnt": "13\n",
    "memory.memsw.usage_in_bytes": "20\n",
    "memory.oom_control": "oom_kill_disable 1\nunder_oom 0\noom_kill 2\n",
    "blkio.throttle.io_serviced": "8:0 Read 1\n8:0 Write 2\n8:0 Total 3\nTotal 3\n",
    "blkio.throttle.io_service_bytes": "8:0 Read 4096\nTotal 4096\n",
    "rdma.current": "mlx4_0 hca_handle=2 hca_object=2000\n",
    "rdma.max": "mlx4_0 hca_handle=3 hca_object=max\n",
}
V2 = {
    "cpu.stat": "usage_usec 30\nuser_usec 20\nsystem_usec 10\nnr_periods 3\nnr_throttled 2\nthrottled_usec 1\n",
    "cpu.pressure": "some avg10=1.50 avg60=0.20 avg300=0.01 total=123\n",
    "memory.stat": "anon 1\nfile 2\npgfault 3\nworkingset_refault_anon 4\n",
    "memory.current": "10\n",
    "memory.max": "max\n",
    "memory.peak": "11\n",
    "memory.swap.current": "12\n",
    "memory.events": "low 0\nhigh 1\nmax 2\noom 3\noom_kill 4\noom_group_kill 5\n",
    "memory.pressure": f"some {QUIET} total=1\nfull {QUIET} total=2\n",
    "pids.current": "4\n",
    "pids.max": "5\n",
    "io.stat": "8:0 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=0 dios=0\n8:16\n",
    "rdma.current": "mlx4_0 hca_handle=2 hca_object=2000\n",
}


def write(folder: Path, files: dict[str, str]) -> str:
    for name, text in files.items():
        (folder / name).write_text(text)
    return str(folder)


def v1(folder: Path, files: dict[str, str] = V1) -> values_v1.Metrics:
    directory = write(folder, files)
    controllers = ("cpu", "cpuacct", "pids", "memory", "blkio", "rdma", "hugetlb")
    return read_v1(dict.fromkeys(controllers, directory))


def test_version_1(tmp_path: Path) -> None:
    found = v1(tmp_path)
    assert found.cpu is not None
    assert found.cpu.usage == values_v1.CPUUsage(3_000_000_000, 50_000_000, 70_000_000, (10**9, 2 * 10**9))
    assert found.cpu.throttling == values_v1.Throttle(3, 2, 1)
    assert found.pids == values_v1.PidsStat(4, 0)  # no limit is 0
    memory = found.memory
    assert memory is not None
    assert (memory.cache, memory.rss, memory.pg_pg_in, memory.pg_maj_fault) == (1, 2, 3, 4)
    assert (memory.hierarchical_swap_limit, memory.total_pg_pg_out) == (5, 6)
    assert memory.usage == values_v1.MemoryEntry(limit=12, usage=10, max=11, failcnt=13)
    assert memory.swap == values_v1.MemoryEntry(usage=20)
    assert found.memory_oom_control == values_v1.MemoryOomControl(1, 0, 2)
    assert found.rdma is not None
    assert found.rdma.limit == (RdmaEntry("mlx4_0", 3, 2**32 - 1),)


def test_version_1_counts_blocks_by_what_the_kernel_has(tmp_path: Path) -> None:
    found = v1(tmp_path).blkio
    assert found is not None
    assert [(one.op, one.major, one.value) for one in found.io_serviced_recursive] == [
        ("Read", 8, 1),
        ("Write", 8, 2),
        ("Total", 8, 3),
    ]
    scheduled = {
        "blkio.io_serviced_recursive": "8:0 Read 77\nTotal 77\n",
        "blkio.time_recursive": "8:0 5\n",
    }
    found = v1(tmp_path, V1 | scheduled).blkio
    assert found is not None
    assert [one.value for one in found.io_serviced_recursive] == [77]
    assert [(one.op, one.value) for one in found.io_time_recursive] == [("", 5)]
    found = v1(tmp_path, V1 | {"blkio.io_serviced_recursive": "Total 0\n", "blkio.time_recursive": ""}).blkio
    assert found is not None
    assert len(found.io_serviced_recursive) == 3


def test_version_2(tmp_path: Path) -> None:
    found = read_v2(write(tmp_path, V2))
    pressure = values_v2.PSIStats(values_v2.PSIData(1.5, 0.2, 0.01, 123))
    assert found.cpu == values_v2.CPUStat(30, 20, 10, 3, 2, 1, pressure)
    assert found.pids == values_v2.PidsStat(4, 5)
    memory = found.memory
    assert memory is not None
    assert (memory.anon, memory.file, memory.pgfault, memory.workingset_refault_anon) == (1, 2, 3, 4)
    assert (memory.usage, memory.usage_limit, memory.max_usage, memory.swap_usage) == (10, UNLIMITED, 11, 12)
    assert memory.psi == values_v2.PSIStats(values_v2.PSIData(total=1), values_v2.PSIData(total=2))
    assert found.memory_events == values_v2.MemoryEvents(0, 1, 2, 3, 4, 5)
    assert found.io == values_v2.IOStat((values_v2.IOEntry(8, 0, 1, 2, 3, 4),))
    assert found.rdma is not None
    assert found.rdma.current == (RdmaEntry("mlx4_0", 2, 2000),)


def test_of_a_cgroup_that_is_gone_nothing_is_known(tmp_path: Path) -> None:
    gone = str(tmp_path / "gone")
    assert read_v1({}) == values_v1.Metrics(cpu=values_v1.CPUStat())
    assert read_v1({"memory": gone, "pids": gone, "blkio": gone}) == values_v1.Metrics(
        cpu=values_v1.CPUStat()
    )
    found = read_v2(gone)
    assert (found.cpu, found.memory, found.memory_events) == (
        values_v2.CPUStat(),
        values_v2.MemoryStat(),
        None,
    )


@pytest.mark.parametrize(("values", "messages"), [(values_v1, messages_v1), (values_v2, messages_v2)])
def test_every_field_of_the_messages_is_known(values: ModuleType, messages: ModuleType) -> None:
    """But for those that shims leave empty: of networks, and of states of processes (taskstats)."""
    unread = {"NetworkStat", "CgroupStats"}
    for name, descriptor in messages.DESCRIPTOR.message_types_by_name.items():
        if name not in unread:
            record = vars(values).get(name) or getattr(rdma, name)
            assert issubclass(record, Record)
            fields = {field.name for field in descriptor.fields}
            assert set(record._fields) == fields - {"network", "cgroup_stats"}, name


def test_values_become_messages(tmp_path: Path) -> None:
    message = to_message(v1(tmp_path))
    assert isinstance(message, messages_v1.Metrics)
    assert list(message.cpu.usage.per_cpu) == [10**9, 2 * 10**9]
    assert message.blkio.io_serviced_recursive[0].op == "Read"
    assert not message.HasField("rdma") or message.rdma.current[0].device == "mlx4_0"
    (tmp_path / "two").mkdir()
    second = to_message(read_v2(write(tmp_path / "two", V2)))
    assert isinstance(second, messages_v2.Metrics)
    assert second.cpu.psi.some.avg10 == 1.5
    assert second.memory.usage_limit == UNLIMITED
    assert not second.cpu.psi.HasField("full")


def test_reading_needs_no_protobuf() -> None:
    code = (
        "import sys, tiffin.shim.metrics.read; print(any(name.startswith('google') for name in sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"

"""Every operation has its words; they are one line, and safe to print; JSON holds everything."""

from __future__ import annotations

import base64
import json

import pytest
from hypothesis import given
from packages.runtime.tests.plan.plans import operations as any_operation
from packages.runtime.tests.plan.plans import plans, smallest

from tiffin.runtime.compile import process, scheduling
from tiffin.runtime.compile.namespaces import FLAGS
from tiffin.runtime.plan import flag_names
from tiffin.runtime.plan import operations as op
from tiffin.runtime.plan.describe import STEP_NAMES, describe, describe_plan, plan_as_json
from tiffin.runtime.plan.operation import Operation, Plan
from tiffin.runtime.plan.phrases import PHRASES
from tiffin.runtime.plan.table import OPERATIONS

LINES = [
    (op.mount(1, "", "proc", "/proc", "proc", None, 0xE, 0),
     "mount proc on /proc, source proc, MS_NOSUID|MS_NODEV|MS_NOEXEC"),
    (op.mount(1, "", None, "/tmp", "tmpfs", "size=64k", 0, op.MOUNT_COPY_UP),
     "mount tmpfs on /tmp, data size=64k (copy up)"),
    (op.bind(1, "", "/srv/a b", "/data", 0x5001, 2, op.MOUNT_RECURSIVE, -1),
     "bind '/srv/a b' on /data, MS_RDONLY|MS_BIND|MS_REC, without MS_NOSUID (recursive)"),
    (op.bind(1, "", "/srv", "/data", 0, 0, 0, 0), "bind /srv on /data, from slot 0"),
    (op.set_mount_attributes(1, "", "/data", 1, 0x70, 1),
     "change the mount at /data, set MOUNT_ATTR_RDONLY, clear MOUNT_ATTR__ATIME, recursive"),
    (op.new_namespaces(0, "", 0x60020000), "make new namespaces: CLONE_NEWNS|CLONE_NEWPID|CLONE_NEWNET"),
    (op.map_ids(2, "", "0 1000 1\n1 100000 65536\n", "0 1000 1\n", "deny", "/usr/bin/newuidmap", None),
     "map ids: users 0 1000 1; 1 100000 65536, groups 0 1000 1, setgroups deny, by /usr/bin/newuidmap"),
    (op.make_node(1, "", "/dev/null", 0o020666, 1, 3, 0, 0, 0),
     "make the character device /dev/null 1:3, mode 0666, owner 0:0"),
    (op.write_file(0, "", "/sys/fs/cgroup/a/pids.max", b"100\n", op.WRITE_MAY_FAIL),
     r"write '100\n' to /sys/fs/cgroup/a/pids.max (may fail)"),
    (op.write_file(0, "", "/sys/x", b"\0" * 81, 0), "write 81 bytes to /sys/x"),
    (op.set_rlimit(3, "", 7, 1024, -1, 0), "set RLIMIT_NOFILE to 1024, at most unlimited"),
    (op.set_capabilities(1, "", 1 << 21, 0, (1 << 63) - 1, 3),
     "set capabilities: effective CAP_SYS_ADMIN; permitted none; inheritable all; ambient CAP_CHOWN,CAP_DAC_OVERRIDE"),
    (op.limit_bounding_set(1, "", 0), "limit the bounding set to none"),
    (op.load_seccomp(1, "", bytes(8 * 300), 2, None, ()),
     "load a seccomp filter of 300 instructions, SECCOMP_FILTER_FLAG_LOG"),
    (op.set_user(1, "", 1000, 1000, (4, 20, 21, 22), 0), "become user 1000 and group 1000, groups 4,20-22"),
    (op.set_scheduler(1, "", 6, 1, 0, 0, 10, 20, 0),
     "set the scheduler SCHED_DEADLINE, nice 0, priority 0, runtime 10 ns, deadline 20 ns, SCHED_FLAG_RESET_ON_FORK"),
    (op.set_io_priority(1, "", 2 << 13 | 4), "set the I/O priority IOPRIO_CLASS_BE, level 4"),
    (op.set_memory_policy(1, "", 2 | 1 << 15, (0, 1)),
     "set the memory policy MPOL_BIND|MPOL_F_STATIC_NODES for nodes 0-1"),
    (op.set_personality(1, "", 8), "set the personality PER_LINUX32"),
    (op.open_console(1, "", "/run/console.sock", -1, 80, 25, 1),
     "open a console of 80 columns, 25 lines, bound on /dev/console, and send it to /run/console.sock"),
    (op.set_umask(1, "", 0o22), "set the umask 0022"),
    (op.execute(1, "", ("sh", "-c", "echo hi", ""), ("TOKEN=secret",)), "execute sh -c 'echo hi' '' with 1 variable"),
    (op.set_hostname(1, "", ""), "set the host name to ''"),
    (op.make_directory(0, "", "/run/\x1b[31m", 0o755), r"make the directory '/run/\x1b[31m', mode 0755"),
]  # fmt: skip


@pytest.mark.parametrize(("operation", "line"), LINES)
def test_an_operation_in_words(operation: Operation, line: str) -> None:
    assert describe(operation) == line


def test_there_is_a_phrase_for_each_operation() -> None:
    assert set(PHRASES) == {row[1] for row in OPERATIONS}


@pytest.mark.parametrize("number", [row[0] for row in OPERATIONS])
def test_an_operation_with_nothing_in_it_has_its_words(number: int) -> None:
    assert describe(smallest(number))


@given(any_operation())
def test_whatever_an_operation_holds_it_is_one_printable_line(operation: Operation) -> None:
    assert describe(operation).isprintable()


def test_a_number_that_the_table_lacks_is_named_by_itself() -> None:
    assert describe(Operation(999, 1, "", ())) == "operation 999"


def test_flags_without_a_name_are_shown_as_a_number() -> None:
    assert flag_names.flags(1 | 1 << 40, flag_names.MOUNT) == "MS_RDONLY|0x10000000000"


def test_a_plan_is_listed_by_step_with_the_places_in_the_config() -> None:
    plan = Plan(
        (
            op.make_directory(op.STEP_LAUNCHER, "linux.cgroupsPath", "/sys/fs/cgroup/a", 0o755),
            op.set_umask(op.STEP_INIT, "process.user.umask", 0o22),
            op.write_pid(op.STEP_LAUNCHER, "", "/sys/fs/cgroup/a/cgroup.procs", 0),
        )
    )
    headings = [line for line in describe_plan(plan).splitlines() if not line.startswith(" ")]
    assert [heading.partition(":")[0] for heading in headings] == ["launcher", "init"]
    assert [line for line in describe_plan(plan).splitlines() if line.startswith(" ")] == [
        "    0  make the directory /sys/fs/cgroup/a, mode 0755  # linux.cgroupsPath",
        "    2  write the pid to /sys/fs/cgroup/a/cgroup.procs",
        "    1  set the umask 0022  # process.user.umask",
    ]


def test_an_empty_plan_is_no_text() -> None:
    assert describe_plan(Plan(())) == ""


def plain(value: object) -> object:
    """A field's value out of what plan_as_json made of it."""
    if isinstance(value, dict):
        data = base64.b64decode(value["base64"])
        assert len(data) == value["length"]
        return data
    return tuple(map(plain, value)) if isinstance(value, list) else value


def as_bytes(value: object) -> object:
    if isinstance(value, str):
        return value.encode("utf-8", "surrogateescape")
    return tuple(map(as_bytes, value)) if isinstance(value, tuple) else value


@given(plans)
def test_json_holds_the_whole_plan(plan: Plan) -> None:
    listed = json.loads(plan_as_json(plan))
    names = {row[1]: row for row in OPERATIONS}
    for index, (entry, operation) in enumerate(zip(listed, plan.operations, strict=True)):
        number, _, fields, _ = names[entry["operation"]]
        assert (entry["index"], number, entry["step"]) == (
            index,
            operation.number,
            STEP_NAMES[operation.step],
        )
        assert [name for name, _ in fields] == list(entry["fields"])
        values = tuple(plain(value) for value in entry["fields"].values())
        assert as_bytes(values) == as_bytes(tuple(operation.arguments))


@pytest.mark.parametrize(
    ("names", "numbers"),
    [
        (flag_names.POLICIES, scheduling.POLICIES),
        (flag_names.IO_CLASSES, scheduling.IO_CLASSES),
        (flag_names.MEMORY_MODES, scheduling.MEMORY_MODES),
        (dict(flag_names.SCHEDULER), scheduling.POLICY_FLAGS),
        (dict(flag_names.MEMORY_POLICY), scheduling.MEMORY_FLAGS),
        (flag_names.RLIMITS, process.RESOURCES),
    ],
    ids=["policies", "I/O classes", "memory modes", "scheduler flags", "memory flags", "rlimits"],
)
def test_names_are_those_that_the_planner_reads(names: dict[int, str], numbers: dict[str, int]) -> None:
    assert {name: number for number, name in names.items() if name in numbers} == numbers


def test_every_namespace_of_the_planner_has_its_flag() -> None:
    assert set(FLAGS.values()) == {bit for bit, _ in flag_names.CLONE}

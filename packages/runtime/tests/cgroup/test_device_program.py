"""The device program decides as the rules do: by an interpreter, and loaded into the kernel."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packages.runtime.tests.cgroup.ebpf import Access, allows
from packages.runtime.tests.cgroup.host_cgroups import child

from tiffin.runtime.cgroup.apply import apply
from tiffin.runtime.cgroup.controllers.devices import effective_rules
from tiffin.runtime.cgroup.device_attachment import attached_programs, replace_program
from tiffin.runtime.cgroup.device_program import assemble
from tiffin.runtime.cgroup.device_rules import ANY, DeviceRule, RuleSet
from tiffin.runtime.cgroup.v2_tree import tree_operations
from tiffin.runtime.errors import InvalidArgument, OperationFailed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from tiffin.runtime.cgroup.manager import CgroupManager
    from tiffin.runtime.cgroup.v2 import V2Manager

EVERY_ACCESS = ["".join(letters) for n in (1, 2, 3) for letters in itertools.combinations("rwm", n)]
NUMBERS = (0, 1, 2)
EVERYTHING = [
    Access(kind, major, minor, wanted)
    for kind in "bc"
    for major in NUMBERS
    for minor in NUMBERS
    for wanted in EVERY_ACCESS
]
DENY_ALL = DeviceRule(False, "a", ANY, ANY, "rwm")
ALLOW_ALL = DeviceRule(True, "a", ANY, ANY, "rwm")

rules_of_the_config = st.lists(
    st.builds(
        DeviceRule,
        st.booleans(),
        st.sampled_from("aabccc"),
        st.sampled_from((ANY, 0, 1, 2)),
        st.sampled_from((ANY, 0, 1, 2)),
        st.sampled_from(EVERY_ACCESS),
    ),
    max_size=8,
)


def kernel_v1_decides(rules: Iterable[DeviceRule], access: Access) -> bool:
    """security/device_cgroup.c in small: in a list of exceptions one must match wholly, or (default allow) partly."""
    default = False
    exceptions: list[DeviceRule] = []
    for rule in rules:
        if rule.type == "a":
            default, exceptions = rule.allow, []
        elif rule.allow != default:
            exceptions.append(rule)
        else:
            exceptions = [
                each
                if each[1:4] != rule[1:4]
                else each.replace(access="".join(set(each.access) - set(rule.access)))
                for each in exceptions
            ]
    merged: dict[tuple[str, int, int], set[str]] = {}
    for rule in exceptions:
        merged.setdefault(rule[1:4], set()).update(rule.access)
    matching = [
        letters
        for (kind, major, minor), letters in merged.items()
        if kind == access.type and major in (ANY, access.major) and minor in (ANY, access.minor)
    ]
    wanted = set(access.wanted)
    return (
        not any(wanted <= each for each in matching) if default else any(wanted <= each for each in matching)
    )


@given(rules_of_the_config)
def test_program_decides_as_the_rules(rules: list[DeviceRule]) -> None:
    try:
        reduced = RuleSet.of(rules)
    except InvalidArgument:
        return  # a hole in a wildcard: refused, because v1 would ignore it
    program = assemble(reduced)
    for access in EVERYTHING:
        assert allows(program, access) == kernel_v1_decides(rules, access), (rules, access)


def test_default_rules_allow_the_default_devices_and_nothing_else() -> None:
    program = assemble(RuleSet.of(effective_rules(None)))
    for major, minor in ((1, 3), (1, 5), (1, 7), (1, 8), (1, 9), (5, 0), (5, 2), (10, 200), (136, 17)):
        assert allows(program, Access("c", major, minor, "rw"))
    for kind, major, minor in (("c", 1, 11), ("c", 10, 229), ("b", 8, 0), ("b", 1, 3)):
        assert not allows(program, Access(kind, major, minor, "r"))
        assert allows(program, Access(kind, major, minor, "m"))


def test_numbers_that_no_device_has_are_refused() -> None:
    with pytest.raises(InvalidArgument, match="invalid major 4294967296"):
        assemble(RuleSet.of([DeviceRule(True, "c", 1 << 32, 0, "r")]))


def opens(cgroup: str, path: Path) -> bool:
    """Whether a process in the cgroup may open the device."""
    code = (
        f"open({cgroup + '/cgroup.procs'!r}, 'w').write('0')\n"
        f"try: os.close(os.open({str(path)!r}, os.O_RDONLY)); print('yes', flush=True)\n"
        "except PermissionError: print('no', flush=True)"
    )
    return answer(code)


def makes(cgroup: str, path: Path, device: int) -> bool:
    """Whether a process in the cgroup may make the node."""
    code = (
        f"open({cgroup + '/cgroup.procs'!r}, 'w').write('0')\n"
        f"try: os.mknod({str(path)!r}, 0o020600, {device}); os.unlink({str(path)!r}); print('yes', flush=True)\n"
        "except PermissionError: print('no', flush=True)"
    )
    return answer(code)


def answer(code: str) -> bool:
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", f"import os\n{code}"], capture_output=True, timeout=60, check=False
    )
    assert done.stdout in {b"yes\n", b"no\n"}, done.stderr
    return done.stdout == b"yes\n"


@pytest.fixture
def directory(unified: V2Manager) -> str:
    apply(tree_operations(unified.paths()["unified"], {}))
    return unified.paths()["unified"]


@pytest.mark.requires("root", "bpf_cgroup_device")
class TestInTheKernel:
    """Real programs on a cgroup v2 of our own (a hybrid host has one too)."""

    def test_denies_and_allows_opening(self, directory: str) -> None:
        rules = [DeviceRule(True, "c", 1, 3, "rwm")]
        replace_program(directory, assemble(RuleSet.of(rules)))
        assert opens(directory, Path("/dev/null"))
        assert not opens(directory, Path("/dev/zero"))

    def test_denies_part_of_the_access(self, directory: str, tmp_path: Path) -> None:
        replace_program(directory, assemble(RuleSet.of([DeviceRule(True, "c", 1, 5, "r")])))
        assert opens(directory, Path("/dev/zero"))
        assert not makes(directory, tmp_path / "zero", os.makedev(1, 5))

    def test_mknod(self, directory: str, tmp_path: Path) -> None:
        replace_program(directory, assemble(RuleSet.of([DeviceRule(True, "c", ANY, ANY, "m")])))
        assert makes(directory, tmp_path / "zero", os.makedev(1, 5))
        assert not opens(directory, Path("/dev/zero"))

    def test_default_allow_with_exceptions(self, directory: str) -> None:
        rules = [ALLOW_ALL, DeviceRule(False, "c", 1, 5, "rwm")]
        replace_program(directory, assemble(RuleSet.of(rules)))
        assert opens(directory, Path("/dev/null"))
        assert not opens(directory, Path("/dev/zero"))

    def test_replacing_leaves_one_program(self, directory: str) -> None:
        for rules in ([DENY_ALL], [ALLOW_ALL], effective_rules(None), [DENY_ALL]):
            replace_program(directory, assemble(RuleSet.of(rules)))
            descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
            try:
                assert len(attached_programs(descriptor)) == 1
            finally:
                os.close(descriptor)
        assert not opens(directory, Path("/dev/null"))

    def test_no_moment_without_a_program(self, directory: str) -> None:
        """A process that tries all the time never gets a device that neither program allows."""
        programs = [assemble(RuleSet.of([DeviceRule(True, "c", 1, minor, "rwm")])) for minor in (3, 8)]
        replace_program(directory, programs[0])
        code = (
            f"open({directory + '/cgroup.procs'!r}, 'w').write('0')\n"
            "import threading, select\nresult = 0\nprint('ready', flush=True)\n"
            "while not select.select([sys.stdin], [], [], 0)[0]:\n"
            "    for _ in range(100):\n"
            "        try: os.close(os.open('/dev/zero', os.O_RDONLY)); result += 1\n"
            "        except PermissionError: pass\n"
            "print('opened', result, flush=True); sys.exit()"
        )
        with child(code) as process:
            for turn in range(400):
                replace_program(directory, programs[turn % 2])
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.write(b"\n")
            process.stdin.flush()
            assert process.stdout.readline() == b"opened 0\n"

    def test_a_parents_program_stays_in_force(self, directory: str) -> None:
        replace_program(directory, assemble(RuleSet.of([DENY_ALL])))
        inner = f"{directory}/inner"
        os.mkdir(inner)
        replace_program(inner, assemble(RuleSet.of([ALLOW_ALL])))
        assert not opens(inner, Path("/dev/null"))

    def test_many_rules(self, directory: str) -> None:
        rules = [DeviceRule(True, "c", major, minor, "rwm") for major in range(40) for minor in range(10)]
        replace_program(directory, assemble(RuleSet.of(rules)))
        assert opens(directory, Path("/dev/null"))
        assert not opens(directory, Path("/dev/net/tun"))

    def test_the_verifiers_reason_is_told(self, directory: str) -> None:
        with pytest.raises(OperationFailed, match="BPF_PROG_LOAD"):
            replace_program(directory, b"\x95" + bytes(7))  # exit without a result

    def test_update_devices_of_a_manager(self, unified: V2Manager, directory: str) -> None:
        unified.update_devices([{"allow": True, "type": "c", "major": 1, "minor": 11, "access": "r"}])
        assert opens(directory, Path("/dev/zero"))
        assert opens(directory, Path("/dev/kmsg"))
        unified.update_devices([])
        assert not opens(directory, Path("/dev/kmsg"))


@pytest.mark.requires("root", "cgroup_v1", "cgroup_writable")
def test_v1_files_deny_and_allow_opening(manager_factory: Callable[[], CgroupManager]) -> None:
    manager = manager_factory()
    resources = {"devices": [{"allow": True, "type": "c", "major": 1, "minor": 11, "access": "r"}]}
    apply(operation for operation in manager.create_operations(resources) if operation.number not in (4, 6))
    directory = manager.paths()["devices"]
    assert opens(directory, Path("/dev/kmsg"))
    assert not opens(directory, Path("/dev/fuse")) or not Path("/dev/fuse").exists()

"""The known escapes of the field, one test each: what the attack needs must be out of reach.

Every test also runs with Debian's runc (`--runtime runc`), which has its fixes; where 1.1 lacks one, it says so.
Those by descriptors that leak (CVE-2024-21626) are in test_leaked_descriptors.py.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import re
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tiffin_testing.bundle import Bundle
from tiffin_testing.oci_runtime import OCIRuntime

pytestmark = pytest.mark.requires("root")

AT_FDCWD = -100  # <fcntl.h>
RENAME_EXCHANGE = 2  # <linux/fs.h>, Linux 3.15
F_GET_SEALS = 1034  # <linux/fcntl.h>
F_SEAL_WRITE = 0x0008

Make = Callable[..., Bundle]


def only_ours(runtime: OCIRuntime, why: str) -> None:
    """Skips the test for a peer that is known to lack the fix."""
    if runtime.name == "runc":
        pytest.skip(why)


@contextmanager
def created(runtime: OCIRuntime, bundle: Bundle, container: str) -> Iterator[int]:
    """A created container; gives its pid."""
    runtime.create(container, bundle).must_succeed()
    try:
        yield int(runtime.state(container)["pid"])
    finally:
        runtime.delete(container, force=True).must_succeed()


def add_mount(bundle: Bundle, **entry: object) -> dict[str, object]:
    """A config change: the bundle's mounts and one more."""
    return {"mounts": [*bundle.config["mounts"], entry]}


def test_cve_2019_5736_the_runtime_cannot_be_written_through_proc_exe(
    runtime_under_test: OCIRuntime, bundle_factory: Make, container_id: str
) -> None:
    only_ours(runtime_under_test, "runc shows that it is a sealed copy in another way")
    with created(runtime_under_test, bundle_factory(args=["sleep", "1000"]), container_id) as pid:
        descriptor = os.open(f"/proc/{pid}/exe", os.O_RDONLY)
        try:
            assert fcntl.fcntl(descriptor, F_GET_SEALS) & F_SEAL_WRITE
        finally:
            os.close(descriptor)


def test_cve_2019_5736_an_entry_point_of_proc_self_exe_does_not_run_the_runtime_again(
    runtime_under_test: OCIRuntime, bundle_factory: Make, container_id: str
) -> None:
    bundle = bundle_factory(args=["/script"])
    (bundle.rootfs / "script").write_text("#!/proc/self/exe\n")
    (bundle.rootfs / "script").chmod(0o755)
    before = {path: path.read_bytes() for path in programs(runtime_under_test)}
    runtime_under_test.run(container_id, bundle)
    runtime_under_test.delete(container_id, force=True)
    assert {path: path.read_bytes() for path in before} == before


def programs(runtime: OCIRuntime) -> list[Path]:
    """The runtime's own program files."""
    return [Path(runtime.command[-1]).resolve()]


def test_cve_2019_16884_a_volume_over_proc_is_refused(
    runtime_under_test: OCIRuntime, bundle_factory: Make, container_id: str, tmp_path: Path
) -> None:
    only_ours(runtime_under_test, "runc looks at the process's label later, and only where there is an LSM")
    fake = tmp_path / "fake-proc"
    (fake / "self/attr").mkdir(parents=True)
    first = bundle_factory()
    volume = {"destination": "/proc", "type": "bind", "source": str(fake), "options": ["rbind"]}
    mounts = [entry for entry in first.config["mounts"] if entry["destination"] != "/proc"]
    outcome = runtime_under_test.create(container_id, bundle_factory({"mounts": [*mounts, volume]}))
    if outcome.exit_code == 0:
        runtime_under_test.delete(container_id, force=True)
    assert outcome.exit_code == 1
    assert re.search(r"mounts\[\d+\]", outcome.stderr)


def test_cve_2019_19921_proc_as_a_link_is_refused(
    runtime_under_test: OCIRuntime, bundle_factory: Make, container_id: str
) -> None:
    bundle = bundle_factory()
    (bundle.rootfs / "elsewhere/proc").mkdir(parents=True)
    (bundle.rootfs / "proc").rmdir()
    (bundle.rootfs / "proc").symlink_to("/elsewhere/proc")
    assert runtime_under_test.create(container_id, bundle).exit_code == 1


def test_cve_2023_27561_proc_as_a_link_into_a_volume_is_refused(
    runtime_under_test: OCIRuntime, bundle_factory: Make, container_id: str, tmp_path: Path
) -> None:
    volume = tmp_path / "volume"
    (volume / "proc/self").mkdir(parents=True)
    first = bundle_factory()
    entry = {"destination": "/volume", "type": "bind", "source": str(volume), "options": ["rbind"]}
    bundle = bundle_factory({"mounts": [entry, *first.config["mounts"]]})
    (bundle.rootfs / "proc").rmdir()
    (bundle.rootfs / "proc").symlink_to("/volume/proc")
    assert runtime_under_test.create(container_id, bundle).exit_code == 1


class Swapper(threading.Thread):
    """Exchanges a folder and a symbolic link as fast as it can, until told to stop."""

    def __init__(self, one: Path, other: Path) -> None:
        super().__init__()
        self.paths = (os.fsencode(one), os.fsencode(other))
        self.stop = threading.Event()
        self.libc = ctypes.CDLL(None, use_errno=True)

    def run(self) -> None:
        while not self.stop.is_set():
            self.libc.renameat2(AT_FDCWD, self.paths[0], AT_FDCWD, self.paths[1], RENAME_EXCHANGE)


def test_cve_2021_30465_a_mount_target_that_is_swapped_for_a_link_never_leads_out(
    runtime_under_test: OCIRuntime, bundle_factory: Make, container_id: str, tmp_path: Path
) -> None:
    shared = tmp_path / "shared"
    (shared / "target").mkdir(parents=True)
    (shared / "link").symlink_to("/")
    first = bundle_factory()
    mounts = [
        *first.config["mounts"],
        {"destination": "/volume", "type": "bind", "source": str(shared), "options": ["rbind"]},
        {"destination": "/volume/target", "type": "tmpfs", "source": "swapped"},
        {"destination": "/volume/target/deep", "type": "tmpfs", "source": "swapped"},
    ]
    script = "grep swapped /proc/self/mountinfo; ls /tiffin-mark-of-the-host 2>/dev/null"
    bundle = bundle_factory({"mounts": mounts}, args=["sh", "-c", script])
    swapper = Swapper(shared / "target", shared / "link")
    swapper.start()
    try:
        for _ in range(60):
            outcome = runtime_under_test.run(container_id, bundle)
            runtime_under_test.delete(container_id, force=True)
            if outcome.exit_code == 0:
                targets = [line.split()[4] for line in outcome.stdout.splitlines() if "swapped" in line]
                allowed = {
                    "/volume/target",
                    "/volume/target/deep",
                    "/volume/link",
                    "/volume/link/deep",
                    "/",
                    "/deep",
                }
                assert set(targets) <= allowed, outcome.stdout
            assert not [
                line for line in Path("/proc/self/mountinfo").read_text().splitlines() if "swapped" in line
            ]
    finally:
        swapper.stop.set()
        swapper.join()
    if runtime_under_test.name == "runc" and Path("/deep").is_dir():
        Path(
            "/deep"
        ).rmdir()  # Debian's 1.1.5 is older than the fix of CVE-2024-45310: it made a folder on the host
    assert not Path("/deep").exists()


def test_cve_2022_29162_no_capability_is_inheritable_by_default(
    runtime_under_test: OCIRuntime, bundle_factory: Make, container_id: str
) -> None:
    show = ["sh", "-c", "grep CapInh /proc/self/status"]
    outcome = runtime_under_test.run(container_id, bundle_factory(args=show)).must_succeed()
    assert outcome.stdout.split() == ["CapInh:", "0" * 16]
    with created(runtime_under_test, bundle_factory(args=["sleep", "1000"]), container_id):
        runtime_under_test.start(container_id).must_succeed()
        flags = ("--cap", "CAP_NET_RAW")
        outcome = runtime_under_test.exec(container_id, show, *flags).must_succeed()
        assert outcome.stdout.split() == ["CapInh:", "0" * 16]


def test_cve_2025_31133_a_null_device_that_is_a_link_masks_nothing_else(
    runtime_under_test: OCIRuntime, bundle_factory: Make, container_id: str
) -> None:
    only_ours(runtime_under_test, "Debian's 1.1.5 is older than the fix")
    first = bundle_factory()
    mounts = [entry for entry in first.config["mounts"] if not str(entry["destination"]).startswith("/dev")]
    linux = {"maskedPaths": ["/secret"], "readonlyPaths": []}
    script = "cat /secret; echo over > /secret; cat /victim"
    bundle = bundle_factory({"mounts": mounts, "linux": linux}, args=["sh", "-c", script])
    (bundle.rootfs / "secret").write_text("secret\n")
    (bundle.rootfs / "victim").write_text("untouched\n")
    (bundle.rootfs / "dev").mkdir(exist_ok=True)
    (bundle.rootfs / "dev/null").unlink(missing_ok=True)
    (bundle.rootfs / "dev/null").symlink_to("/victim")
    outcome = runtime_under_test.run(container_id, bundle)
    runtime_under_test.delete(container_id, force=True)
    assert "secret" not in outcome.stdout
    assert (bundle.rootfs / "victim").read_text() == "untouched\n"
    assert outcome.exit_code == 1 or outcome.stdout == "untouched\n"


def test_cve_2025_52565_a_console_that_is_a_link_is_not_followed(
    runtime_under_test: OCIRuntime, bundle_factory: Make, container_id: str, tmp_path: Path
) -> None:
    only_ours(runtime_under_test, "Debian's 1.1.5 is older than the fix")
    first = bundle_factory()
    mounts = [entry for entry in first.config["mounts"] if entry["destination"] != "/dev"]
    overrides = {"mounts": mounts, "process": {"terminal": True}}
    bundle = bundle_factory(overrides, args=["sh", "-c", "stat -c %t:%T /victim; cat /victim"])
    (bundle.rootfs / "victim").write_text("untouched\n")
    (bundle.rootfs / "dev/console").unlink(missing_ok=True)
    (bundle.rootfs / "dev/console").symlink_to("/victim")
    with console_socket(tmp_path / "console") as path:
        outcome = runtime_under_test.create(container_id, bundle, "--console-socket", path)
    runtime_under_test.delete(container_id, force=True)
    assert (bundle.rootfs / "victim").read_text() == "untouched\n"
    assert not os.path.ismount(bundle.rootfs / "victim")
    assert outcome.exit_code == 0 or "console" in outcome.stderr, outcome


@contextmanager
def console_socket(path: Path) -> Iterator[Path]:
    """A listening socket that takes the pty's master, and drops it."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()
        yield path


@pytest.mark.parametrize(
    "destination",
    [
        "/proc/sys/net/ipv4/ip_forward",
        "/proc/self/attr/exec",
        "/proc/thread-self/attr",
        "/proc/sysrq-trigger",
    ],
)
def test_cve_2025_52881_nothing_is_mounted_where_the_runtime_writes_in_proc(
    destination: str, runtime_under_test: OCIRuntime, bundle_factory: Make, container_id: str, tmp_path: Path
) -> None:
    only_ours(runtime_under_test, "Debian's 1.1.5 is older than the fix")
    decoy = tmp_path / "decoy"
    decoy.write_text("untouched")
    first = bundle_factory()
    entry = {"destination": destination, "type": "bind", "source": str(decoy), "options": ["bind"]}
    changes = {**add_mount(first, **entry), "linux": {"sysctl": {"net.ipv4.ip_forward": "1"}}}
    outcome = runtime_under_test.create(container_id, bundle_factory(changes))
    if outcome.exit_code == 0:
        runtime_under_test.delete(container_id, force=True)
    assert outcome.exit_code == 1
    assert decoy.read_text() == "untouched"


def test_cve_2025_52881_a_sysctl_reaches_procfs_though_the_rootfs_has_a_decoy(
    runtime_under_test: OCIRuntime, bundle_factory: Make, container_id: str
) -> None:
    show = ["cat", "/proc/sys/net/ipv4/ip_forward"]
    bundle = bundle_factory({"linux": {"sysctl": {"net.ipv4.ip_forward": "1"}}}, args=show)
    decoy = bundle.rootfs / "proc/sys/net/ipv4"
    decoy.mkdir(parents=True)
    (decoy / "ip_forward").write_text("decoy\n")
    assert runtime_under_test.run(container_id, bundle).must_succeed().stdout == "1\n"
    assert (decoy / "ip_forward").read_text() == "decoy\n"

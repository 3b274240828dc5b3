"""What attempts report when the host closes something: real filters and limits, made for the purpose."""

from __future__ import annotations

import os
import select
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tiffin.runtime.host.child import attempt, finding_of

ASK = "from tiffin.runtime.host import probe; print(probe(['{name}'])['{name}'])"


def ends_within(pid: int, *, seconds: float) -> bool:
    """Whether a process is gone, or dead by then: a killed one may still be on its way."""
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([descriptor], [], [], seconds)[0])
    finally:
        os.close(descriptor)


def test_an_attempt_that_hangs_is_ended_with_all_its_children(tmp_path: Path) -> None:
    finding = finding_of(["sh", "-c", f"sleep 1000 & echo $! > {tmp_path}/pid; wait"], seconds=2.5)
    assert not finding.available
    assert "2.5 s" in finding.detail
    assert ends_within(int((tmp_path / "pid").read_text()), seconds=30)


def test_a_program_that_does_not_exist_is_a_finding() -> None:
    finding = finding_of(["/nonexistent/program"])
    assert not finding.available
    assert "No such file" in finding.detail


def test_a_device_that_does_not_exist_is_named() -> None:
    finding = attempt("device", "/dev/nonexistent")
    assert not finding.available
    assert "/dev/nonexistent" in finding.detail


@pytest.mark.requires("root", "ns_mount")
def test_a_closed_user_namespace_names_the_setting() -> None:
    """In a user namespace with a limit of 0 user namespaces, the finding says which setting is to blame."""
    script = f'echo 0 > /proc/sys/user/max_user_namespaces && exec {sys.executable} -c "{ASK.format(name="userns")}"'
    done = subprocess.run(
        ["unshare", "-Urm", "sh", "-c", script], capture_output=True, text=True, check=True, timeout=60
    )
    assert "available=False" in done.stdout
    assert "user.max_user_namespaces=0" in done.stdout


@pytest.mark.requires("strace")
def test_a_call_that_the_kernel_lacks_is_reported() -> None:
    """strace makes openat2 fail with ENOSYS, as an old kernel would."""
    strace = shutil.which("strace")
    assert strace is not None
    command = [strace, "-f", "-qq", "-o", "/dev/null", "-e", "inject=openat2:error=ENOSYS"]
    done = subprocess.run(
        [*command, sys.executable, "-c", ASK.format(name="openat2")],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert "available=False" in done.stdout
    assert "not in this kernel" in done.stdout

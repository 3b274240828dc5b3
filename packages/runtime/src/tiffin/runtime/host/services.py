"""What can be read off: service manager, bus, security modules, processor features."""

from __future__ import annotations

import os
import socket
from pathlib import Path

from .child import finding_of
from .finding import Finding
from .programs import find_program


def systemd() -> Finding:
    """As sd_booted(3) tells it."""
    if Path("/run/systemd/system").is_dir():
        return Finding(True, "it is process 1")
    return Finding(False, f"process 1 is {Path('/proc/1/comm').read_text().strip()}")


def dbus() -> Finding:
    """The bus on which this user finds systemd: the system's for root, else the user's own."""
    own = os.environ.get("XDG_RUNTIME_DIR", f"/run/user/{os.geteuid()}")
    path = "/run/dbus/system_bus_socket" if os.geteuid() == 0 else f"{own}/bus"
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as bus:
        bus.settimeout(2)
        try:
            bus.connect(path)
        except OSError as error:
            return Finding(False, f"{path}: {error.strerror or error}")
    return Finding(True, path)


def apparmor() -> Finding:
    path = Path("/sys/module/apparmor/parameters/enabled")
    if path.exists() and path.read_text().strip() == "Y":
        return Finding(True, "enabled")
    return Finding(False, "not enabled in this kernel")


def selinux() -> Finding:
    path = Path("/sys/fs/selinux/enforce")
    if not path.exists():
        return Finding(False, "not enabled in this kernel")
    return Finding(True, "enforcing" if path.read_text().strip() == "1" else "permissive")


def resctrl() -> Finding:
    """Intel RDT, or AMD's counterpart: the kernel's resctrl file system."""
    known = "resctrl" in Path("/proc/filesystems").read_text().split()
    mounted = Path("/sys/fs/resctrl/schemata").exists()
    if known:
        return Finding(mounted, "mounted at /sys/fs/resctrl" if mounted else "in the kernel, but not mounted")
    return Finding(False, "not in this kernel, or not in this processor")


def criu() -> Finding:
    """`criu check`, which needs root."""
    path = find_program("criu")
    if path is None:
        return Finding(False, "criu is not installed")
    if os.geteuid() != 0:
        return Finding(False, "`criu check` needs root")
    return finding_of([path, "check"], cwd="/", seconds=20)

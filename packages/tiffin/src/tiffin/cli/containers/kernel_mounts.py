"""The file systems in a container that show the kernel, which nobody means by `cp NAME:/`: /proc, /sys and so on.

Source: proc_pid_mountinfo(5).
"""

from __future__ import annotations

import os

KINDS = frozenset(
    (
        *(
            "bpf",
            "cgroup",
            "cgroup2",
            "configfs",
            "debugfs",
            "devpts",
            "efivarfs",
            "fusectl",
            "mqueue",
            "proc",
        ),
        *("pstore", "securityfs", "selinuxfs", "sysfs", "tracefs"),
    )
)


def kernel_devices(pid: int) -> frozenset[int]:
    """The numbers of devices (`st_dev`) that they have in the mount namespace of a process. Raises OSError."""
    found = set()
    with open(f"/proc/{pid}/mountinfo", "rb") as file:
        for line in file:
            mount, _, kind = line.partition(b" - ")
            if os.fsdecode(kind.split()[0]) in KINDS:
                major, _, minor = mount.split()[2].partition(b":")
                found.add(os.makedev(int(major), int(minor)))
    return frozenset(found)

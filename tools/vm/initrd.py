"""The guest's first file system: busybox, the modules, and a script that switches to the host's root.

The host's root file system is shared read-only by 9p, with an overlay on tmpfs above it, so the guest has every
program of the host and can change nothing of it.
"""

from __future__ import annotations

import stat
from pathlib import Path

from .kernel import read_module

RESULTS = "/run/vm-results"
SCRATCH = "/run/vm-scratch"  # on tmpfs; not /tmp, where the checkout itself may be

INIT = f"""#!/bin/busybox sh
fail() {{ echo "vm: $1"; /bin/busybox poweroff -f; }}
B=/bin/busybox
$B mkdir -p /proc /sys /dev /host /top /root
$B mount -t proc proc /proc
$B mount -t sysfs sysfs /sys
$B mount -t devtmpfs dev /dev
for module in $($B cat /modules/order); do
    $B insmod /modules/$module || fail "insmod $module"
done
$B mount -t 9p -o trans=virtio,version=9p2000.L,ro,cache=loose,msize=524288 hostroot /host || fail "no host root"
$B mount -t tmpfs -o mode=755 top /top
$B mkdir /top/upper /top/work
$B mount -t overlay -o lowerdir=/host,upperdir=/top/upper,workdir=/top/work root /root || fail "no overlay"
for place in proc sys dev; do $B mount --move /$place /root/$place; done
$B mkdir -p /root/dev/pts /root/dev/shm
$B mount -t devpts -o mode=620,ptmxmode=666 devpts /root/dev/pts
$B mount -t tmpfs shm /root/dev/shm
$B mount -t tmpfs -o mode=755 run /root/run
$B mkdir -m 1777 /root{SCRATCH}
$B mount -t cgroup2 cgroup2 /root/sys/fs/cgroup || fail "no cgroup2"
$B mkdir /root{RESULTS}
$B mount -t 9p -o trans=virtio,version=9p2000.L,cache=none,msize=524288 results /root{RESULTS} || fail "no results"
exec $B switch_root /root /bin/sh {RESULTS}/main
"""


def build_initrd(busybox: Path, modules: tuple[Path, ...]) -> bytes:
    """A cpio archive (newc format, as Documentation/driver-api/early-userspace of the kernel defines it)."""
    archive = bytearray()
    for folder in ("bin", "modules"):
        archive += _entry(folder, b"", stat.S_IFDIR | 0o755)
    archive += _entry("bin/busybox", busybox.read_bytes(), stat.S_IFREG | 0o755)
    archive += _entry("init", INIT.encode(), stat.S_IFREG | 0o755)
    for module in modules:
        archive += _entry(f"modules/{module.stem}", read_module(module), stat.S_IFREG | 0o644)
    order = "\n".join(module.stem for module in modules) + "\n"
    archive += _entry("modules/order", order.encode(), stat.S_IFREG | 0o644)
    archive += _entry("TRAILER!!!", b"", 0)
    return bytes(archive)


def _entry(name: str, data: bytes, mode: int) -> bytes:
    encoded = name.encode() + b"\0"
    #        ino mode uid gid nlink mtime size devmajor devminor rdevmajor rdevminor namesize check
    fields = (0, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(encoded), 0)
    head = b"070701" + b"".join(b"%08X" % value for value in fields) + encoded
    return _padded(head) + _padded(data)


def _padded(data: bytes) -> bytes:
    return data + b"\0" * (-len(data) % 4)

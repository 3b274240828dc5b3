"""Debian's kernel for the guest: fetched as a package by apt, unpacked into the cache, never installed.

The generic kernel is used because it has 9p (the cloud kernel has none); its vmlinux is extracted, since
qemu starts that directly, without the slow decompression under emulation.
"""

from __future__ import annotations

import lzma
import os
import re
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

METAPACKAGE = "linux-image-amd64"
# nf_tables holds a container's network still while CRIU looks at it, which asks *_diag about sockets.
CHECKPOINT_MODULES = (
    "crc32c_generic", "libcrc32c", "nf_tables", "nft_compat", "xt_mark", "nf_conntrack_netlink", "veth", "tun",
    "unix_diag", "inet_diag", "tcp_diag", "udp_diag", "raw_diag", "netlink_diag", "af_packet_diag",
)  # fmt: skip
# bfq: gives cgroups their io.bfq.weight
MODULES = (
    "virtio_pci", "9pnet_virtio", "9p", "overlay", "virtio_console", "virtio_blk", "bfq", *CHECKPOINT_MODULES
)  # fmt: skip
XZ_MAGIC = b"\xfd7zXZ\x00"
ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"


class KernelMissing(Exception):
    """There is no kernel for the guest: apt knows none, or cannot fetch it, or its image is of an unknown form."""


@dataclass(frozen=True)
class Kernel:
    """What a guest boots: an ELF vmlinux, and module files in the order in which they must be loaded."""

    vmlinux: Path
    modules: tuple[Path, ...]


def cache_folder() -> Path:
    """Where the kernel is kept: outside of the checkout, for all checkouts."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "tiffin" / "vm-kernel"


def fetch_kernel(cache: Path) -> Kernel:
    """Returns the guest kernel, fetching it into `cache` the first time.

    Raises:
        KernelMissing: as it says.
    """
    if not (cache / "vmlinux").exists():
        cache.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cache.parent) as scratch:
            made = _unpack(_download(Path(scratch)), Path(scratch))
            if not cache.exists():  # another session may have been faster
                made.rename(cache)
    return Kernel(cache / "vmlinux", order_modules(cache / "modules", MODULES))


def _download(folder: Path) -> Path:
    """Has apt fetch the package, after an update of its lists if they are empty."""
    apt = ("apt-get", "-qq", "-o", "APT::Sandbox::User=root", "-o", "Acquire::Retries=3")
    package = _package_name()
    if package is None and os.geteuid() == 0:
        subprocess.run([*apt, "update"], check=False)
        package = _package_name()
    if package is None:
        raise KernelMissing(f"apt knows no {METAPACKAGE}")
    done = subprocess.run(
        [*apt, "download", package], cwd=folder, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise KernelMissing(f"apt-get download {package}: {done.stderr.strip()}")
    (archive,) = folder.glob("*.deb")
    return archive


def _package_name() -> str | None:
    """The package of the newest kernel, which the metapackage depends on."""
    shown = subprocess.run(["apt-cache", "depends", METAPACKAGE], capture_output=True, text=True, check=False)
    for line in shown.stdout.splitlines():
        if match := re.fullmatch(r"\s*Depends: (linux-image-\S+)", line):
            return match[1]
    return None


def _unpack(archive: Path, scratch: Path) -> Path:
    """A folder with `vmlinux` and `modules`, from the package."""
    tree, made = scratch / "tree", scratch / "made"
    subprocess.run(["dpkg-deb", "-x", archive, tree], check=True)
    (image,) = (tree / "boot").glob("vmlinuz-*")
    made.mkdir()
    folder = next(place for place in (tree / "lib/modules", tree / "usr/lib/modules") if place.exists())
    folder.rename(made / "modules")
    (made / "vmlinux").write_bytes(extract_vmlinux(image.read_bytes()))
    return made


def extract_vmlinux(image: bytes) -> bytes:
    """The ELF kernel inside a bzImage that was compressed with xz or zstd, as Debian's are; raises KernelMissing."""
    for magic, unpack in ((XZ_MAGIC, _unxz), (ZSTD_MAGIC, _unzstd)):
        start = image.find(magic)
        while start >= 0:  # the magic may stand there by chance: look further
            vmlinux = unpack(image[start:])
            if vmlinux.startswith(b"\x7fELF"):
                return vmlinux
            start = image.find(magic, start + 1)
    raise KernelMissing("found no ELF kernel, compressed with xz or zstd, in the image")


def _unxz(data: bytes) -> bytes:
    """Empty if it is none."""
    try:
        return lzma.LZMADecompressor().decompress(data)
    except lzma.LZMAError:
        return b""


def _unzstd(data: bytes) -> bytes:
    """What the program makes of it: it complains of the bytes behind the frame, which are not its own."""
    program = shutil.which("zstd")
    if program is None:
        raise KernelMissing("the kernel is compressed with zstd, which is not installed")
    return subprocess.run([program, "-dcq"], input=data, capture_output=True, check=False).stdout


def order_modules(folder: Path, wanted: tuple[str, ...]) -> tuple[Path, ...]:
    """Module files of `wanted` and all that they depend on, each after what it needs."""
    files = {
        path.name.partition(".")[0].replace("-", "_"): path
        for pattern in ("*.ko", "*.ko.xz")
        for path in folder.rglob(pattern)
    }
    ordered: dict[str, Path] = {}

    def visit(name: str) -> None:
        if name in ordered or name not in files:  # one that is not a file is built into the kernel
            return
        for needed in _depends(files[name]):
            visit(needed)
        ordered[name] = files[name]

    for name in wanted:
        visit(name.replace("-", "_"))
    return tuple(ordered.values())


def read_module(module: Path) -> bytes:
    """The module, not compressed."""
    data = module.read_bytes()
    return lzma.decompress(data) if module.suffix == ".xz" else data


def _depends(module: Path) -> list[str]:
    """The `depends=` line of a module's .modinfo section."""
    match = re.search(rb"\0depends=([^\0]*)\0", read_module(module))
    names = match[1].decode().split(",") if match else []
    return [name.replace("-", "_") for name in names if name]

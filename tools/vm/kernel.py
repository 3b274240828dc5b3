"""Debian's kernel for the guest: fetched as a package by apt, unpacked into the cache, never installed.

The generic kernel is used because it has 9p (the cloud kernel has none); its vmlinux is extracted, since
qemu starts that directly, without the slow decompression under emulation.
"""

from __future__ import annotations

import lzma
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

METAPACKAGE = "linux-image-amd64"
MODULES = (
    "virtio_pci",
    "9pnet_virtio",
    "9p",
    "overlay",
    "virtio_blk",
    "ext4",
    "veth",
    "bridge",
    "dummy",
    "loop",
)
XZ_MAGIC = b"\xfd7zXZ\x00"


@dataclass(frozen=True)
class Kernel:
    """What a guest boots: an ELF vmlinux, and module files in the order in which they must be loaded."""

    vmlinux: Path
    modules: tuple[Path, ...]


def fetch_kernel(cache: Path) -> Kernel:
    """Returns the guest kernel, fetching it into `cache` the first time.

    Raises:
        RuntimeError: apt knows no kernel package, or its image cannot be read.
        subprocess.CalledProcessError: apt-get or dpkg-deb failed; its output says why.
    """
    tree = cache / "tree"
    if not (cache / "complete").exists():
        shutil.rmtree(cache, ignore_errors=True)
        tree.mkdir(parents=True)
        package = _package_name()
        subprocess.run(
            ["apt-get", "-qq", "-o", "APT::Sandbox::User=root", "download", package], cwd=cache, check=True
        )
        (archive,) = cache.glob("*.deb")
        subprocess.run(["dpkg-deb", "-x", str(archive), str(tree)], check=True)
        archive.unlink()
        (image,) = (tree / "boot").glob("vmlinuz-*")
        (cache / "vmlinux").write_bytes(extract_vmlinux(image.read_bytes()))
        (cache / "complete").touch()
    return Kernel(cache / "vmlinux", order_modules(tree / "lib/modules", MODULES))


def _package_name() -> str:
    shown = subprocess.run(["apt-cache", "depends", METAPACKAGE], check=True, capture_output=True, text=True)
    for line in shown.stdout.splitlines():
        if match := re.fullmatch(r"\s*Depends: (linux-image-\S+)", line):
            return match[1]
    raise RuntimeError(f"apt-cache shows no dependency of {METAPACKAGE}; run `apt-get update` first")


def extract_vmlinux(image: bytes) -> bytes:
    """The ELF kernel inside a bzImage that was compressed with xz, as Debian's are."""
    start = image.find(XZ_MAGIC)
    while start >= 0:
        try:
            vmlinux = lzma.LZMADecompressor().decompress(image[start:])
        except lzma.LZMAError:
            vmlinux = b""  # the magic stood there by chance: look further
        if vmlinux.startswith(b"\x7fELF"):
            return vmlinux
        start = image.find(XZ_MAGIC, start + 1)
    raise RuntimeError("found no xz-compressed ELF kernel in the image")


def order_modules(folder: Path, wanted: tuple[str, ...]) -> tuple[Path, ...]:
    """Module files of `wanted` and all that they depend on, each after what it needs."""
    files = {path.stem.replace("-", "_"): path for path in folder.rglob("*.ko")}
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


def _depends(module: Path) -> list[str]:
    """The `depends=` line of a module's .modinfo section."""
    match = re.search(rb"\0depends=([^\0]*)\0", module.read_bytes())
    names = match[1].decode().split(",") if match else []
    return [name.replace("-", "_") for name in names if name]

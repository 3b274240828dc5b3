"""Images for tests, made with plain Python: layers entry by entry, docker-archives, a busybox image.

layer = tar(file("etc/x", b"hi", mode=0o600), directory("d/"), whiteout("gone"))
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tiffin.image.writing import write_layout
from tiffin_testing.rootfs import BUSYBOX, GROUP, PASSWD, applets

if TYPE_CHECKING:
    from collections.abc import Sequence

    Entry = tuple[tarfile.TarInfo, bytes]

XATTR = "SCHILY.xattr."


def entry(name: str, kind: bytes = tarfile.REGTYPE, content: bytes = b"", **fields: Any) -> Entry:
    """A tar entry; `fields` are attributes of TarInfo, `pax` its pax headers."""
    info = tarfile.TarInfo(name)
    info.type = kind
    info.size = len(content)
    info.mode = 0o755 if kind == tarfile.DIRTYPE else 0o644
    info.pax_headers = fields.pop("pax", {})
    for key, value in fields.items():
        setattr(info, key, value)
    return info, content


def file(name: str, content: bytes = b"", **fields: Any) -> Entry:
    return entry(name, tarfile.REGTYPE, content, **fields)


def directory(name: str, **fields: Any) -> Entry:
    return entry(name, tarfile.DIRTYPE, **fields)


def symlink(name: str, target: str, **fields: Any) -> Entry:
    return entry(name, tarfile.SYMTYPE, linkname=target, **fields)


def hardlink(name: str, target: str, **fields: Any) -> Entry:
    return entry(name, tarfile.LNKTYPE, linkname=target, **fields)


def whiteout(name: str) -> Entry:
    folder, _, base = name.rpartition("/")
    return file(f"{folder}/.wh.{base}".lstrip("/"))


def opaque(folder: str) -> Entry:
    return file(f"{folder}/.wh..wh..opq")


def tar(*entries: Entry, form: int = tarfile.PAX_FORMAT) -> bytes:
    """An uncompressed archive."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=form, encoding="utf-8") as archive:
        for info, content in entries:
            archive.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


def digest(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def busybox_layer() -> bytes:
    """Debian's busybox with its links, users and groups."""
    folders = [directory(name) for name in ("bin", "dev", "etc", "home", "proc", "root", "sys", "var")]
    return tar(
        *folders,
        directory("tmp", mode=0o1777),
        file("bin/busybox", BUSYBOX.read_bytes(), mode=0o755),
        *(symlink(f"bin/{name}", "busybox") for name in applets()),
        file("etc/passwd", PASSWD.encode()),
        file("etc/group", GROUP.encode()),
    )


def busybox_image(folder: Path, *more: bytes, tag: str = "latest", **config: Any) -> Path:
    """An OCI layout of busybox, with further layers and members of its config."""
    defaults = {"Cmd": ["/bin/sh"], "Env": ["PATH=/bin"], "WorkingDir": "/"}
    write_layout(str(folder), [busybox_layer(), *more], {**defaults, **config}, tag)
    return folder


def docker_archive(
    path: Path, layers: Sequence[bytes], *, old: bool, tags: Sequence[str] = ("app:1",)
) -> Path:
    """What `docker save` wrote: `old` before version 25 with a folder for each layer, else skopeo's flat form."""
    config = json.dumps(
        {
            "os": "linux",
            "architecture": "amd64",
            "config": {"Cmd": ["/bin/sh"]},
            "rootfs": {"type": "layers", "diff_ids": [digest(layer) for layer in layers]},
        }
    ).encode()
    names = [f"{digest(layer)[7:]}{'/layer.tar' if old else '.tar'}" for layer in layers]
    config_name = f"{digest(config)[7:]}.json"
    manifest = [{"Config": config_name, "RepoTags": list(tags), "Layers": names}]
    parts = [file(config_name, config), file("manifest.json", json.dumps(manifest).encode())]
    seen: set[str] = set()
    for name, layer in zip(names, layers, strict=True):
        if name not in seen:
            parts.append(file(name, layer))
        seen.add(name)
    path.write_bytes(tar(*parts))
    return path


def gzipped(data: bytes) -> bytes:
    return gzip.compress(data, mtime=0)

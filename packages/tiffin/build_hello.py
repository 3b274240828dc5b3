"""Makes the image `hello`, an OCI layout, from C sources: the same sources and compiler give the same bytes."""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path

COMPILER_FLAGS = ["-std=gnu11", "-Wall", "-Wextra", "-Werror", "-Os", "-static", "-s", "-Wl,--build-id=none"]
ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64", "armv7l": "arm", "i686": "386"}
PASSWD = "root:x:0:0:root:/:/hello\nnobody:x:65534:65534:nobody:/:/hello\n"
GROUP = "root:x:0:\nnogroup:x:65534:\n"
DIRECTORIES = ("dev", "etc", "proc", "sys", "tmp")


def build_hello(sources: Path, layout: Path) -> None:
    """Compiles `sources`/*.c with gcc (or $CC) and writes the layout, which replaces what was there.

    Raises:
        RuntimeError: if there is no compiler, or no static C library.
    """
    with tempfile.TemporaryDirectory() as scratch:
        program = Path(scratch, "hello")
        _compile(sorted(sources.glob("*.c")), program)
        made = Path(scratch, "layout")
        _write_layout(made, _layer(program.read_bytes()))
        if layout.exists():
            shutil.rmtree(layout)
        layout.parent.mkdir(parents=True, exist_ok=True)
        shutil.copytree(made, layout)


def _compile(sources: list[Path], program: Path) -> None:
    compiler = os.environ.get("CC", "gcc").split()
    command = [*compiler, *COMPILER_FLAGS, "-o", str(program), *(source.name for source in sources)]
    try:
        subprocess.run(command, check=True, cwd=sources[0].parent)
    except FileNotFoundError as error:
        raise RuntimeError(f"{compiler[0]} is needed to build tiffin: apt install gcc libc6-dev") from error
    except subprocess.CalledProcessError as error:
        raise RuntimeError(
            f"{compiler[0]} could not build hello: is libc6-dev (with libc.a) installed?"
        ) from error


def _layer(program: bytes) -> bytes:
    """The only layer, an uncompressed tar archive with nothing in it that changes from build to build."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name in DIRECTORIES:
            _add(archive, name, None, 0o1777 if name == "tmp" else 0o755)
        _add(archive, "etc/group", GROUP.encode(), 0o644)
        _add(archive, "etc/passwd", PASSWD.encode(), 0o644)
        _add(archive, "hello", program, 0o755)
    return buffer.getvalue()


def _add(archive: tarfile.TarFile, name: str, content: bytes | None, mode: int) -> None:
    entry = tarfile.TarInfo(name)
    entry.mode = mode
    if content is None:
        entry.type = tarfile.DIRTYPE
        archive.addfile(entry)
    else:
        entry.size = len(content)
        archive.addfile(entry, io.BytesIO(content))


def _write_layout(layout: Path, layer: bytes) -> None:
    machine = os.uname().machine
    layer_descriptor = _blob(layout, layer, "application/vnd.oci.image.layer.v1.tar")
    config = {
        "architecture": ARCHITECTURES.get(machine, machine),
        "os": "linux",
        "config": {
            "Cmd": ["/hello"],
            "Env": ["PATH=/"],
            "WorkingDir": "/",
            "Labels": {
                "org.opencontainers.image.title": "hello",
                "org.opencontainers.image.licenses": "Apache-2.0",
            },
        },
        "rootfs": {"type": "layers", "diff_ids": [layer_descriptor["digest"]]},
    }
    manifest = {
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": _blob(layout, _json(config), "application/vnd.oci.image.config.v1+json"),
        "layers": [layer_descriptor],
    }
    descriptor = _blob(layout, _json(manifest), "application/vnd.oci.image.manifest.v1+json")
    descriptor["annotations"] = {"org.opencontainers.image.ref.name": "hello"}
    (layout / "index.json").write_bytes(_json({"schemaVersion": 2, "manifests": [descriptor]}))
    (layout / "oci-layout").write_bytes(_json({"imageLayoutVersion": "1.0.0"}))


def _blob(layout: Path, data: bytes, media_type: str) -> dict[str, object]:
    encoded = hashlib.sha256(data).hexdigest()
    path = layout / "blobs/sha256" / encoded
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return {"mediaType": media_type, "digest": f"sha256:{encoded}", "size": len(data)}


def _json(tree: object) -> bytes:
    return json.dumps(tree, sort_keys=True, separators=(",", ":")).encode()

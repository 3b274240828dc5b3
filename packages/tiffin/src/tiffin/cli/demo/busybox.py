"""An image of this machine's busybox: one layer with the program, a link for each of its commands, two accounts."""

from __future__ import annotations

import io
import os
import subprocess
import tarfile

from tiffin.cli.failure import CommandFailed
from tiffin.image.writing import write_layout
from tiffin.runtime.record import Record

PROGRAM = "/bin/busybox"
PACKAGE = "install it with `apt install busybox-static`"
INTERPRETER = b"/ld-linux"  # what only a program with shared libraries names
FOLDERS = ("bin", "dev", "etc", "proc", "root", "sys", "tmp")
FILES = {"etc/passwd": b"root:x:0:0:root:/root:/bin/sh\n", "etc/group": b"root:x:0:\n"}


class BusyboxImage(Record):
    """reference: as `tiffin run` takes it. commands: how many there are. size: bytes of the layer."""

    reference: str
    commands: int
    size: int


def build_busybox_image(folder: str) -> BusyboxImage:
    """Writes the image as an OCI layout to a new folder.

    Raises:
        CommandFailed: if there is no busybox here, or it needs shared libraries, which the image has not.
    """
    program = _program()
    listed = subprocess.run([PROGRAM, "--list"], capture_output=True, text=True, check=True)
    commands = [name for name in listed.stdout.split() if name != "busybox"]
    layer = _layer(program, commands)
    write_layout(folder, [layer], {"Cmd": ["/bin/sh"], "Env": ["PATH=/bin"], "WorkingDir": "/root"}, "demo")
    return BusyboxImage(f"oci:{folder}:demo", len(commands), len(layer))


def _program() -> bytes:
    try:
        with open(PROGRAM, "rb") as file:
            program = file.read()
    except OSError as error:
        raise CommandFailed(f"the demo makes an image of {PROGRAM}, and there is none: {PACKAGE}") from error
    if INTERPRETER in program:
        raise CommandFailed(f"{PROGRAM} needs shared libraries, a static one is needed: {PACKAGE}")
    return program


def _layer(program: bytes, commands: list[str]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name in FOLDERS:
            _add(archive, name, tarfile.DIRTYPE, mode=0o1777 if name == "tmp" else 0o755)
        for name, content in FILES.items():
            _add(archive, name, tarfile.REGTYPE, content)
        _add(archive, "bin/busybox", tarfile.REGTYPE, program, mode=0o755)
        for name in commands:
            _add(archive, os.path.join("bin", name), tarfile.SYMTYPE, target="busybox")
    return buffer.getvalue()


def _add(
    archive: tarfile.TarFile,
    name: str,
    kind: bytes,
    content: bytes = b"",
    *,
    mode: int = 0o644,
    target: str = "",
) -> None:
    entry = tarfile.TarInfo(name)
    entry.type, entry.mode, entry.linkname, entry.size = kind, mode, target, len(content)
    archive.addfile(entry, io.BytesIO(content))

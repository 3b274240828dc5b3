"""`Bootstrap`: how a shim is spoken to, as its `start` says, and as the bundle keeps it (`bootstrap.json`).

A shim answers with a BootstrapResult (containerd 2.3 and newer), with JSON (1.7 to 2.2), or the bare address (1.6).
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

from google.protobuf.message import DecodeError

from tiffin.api.containerd.runtime.bootstrap.v1.bootstrap_pb2 import BootstrapResult
from tiffin.runtime.errors import NotFound, OperationFailed, Unsupported
from tiffin.runtime.record import Record

if TYPE_CHECKING:
    from tiffin.manager.runtimes.bundles.bundle import Bundle

FILE, OLD_FILE, PROGRAM_FILE = "bootstrap.json", "address", "shim-binary-path"
NEWEST = 3


class Bootstrap(Record):
    """version: of its Task service, 2 or 3. address: `unix:///path`. protocol: "ttrpc" or "grpc"."""

    address: str
    version: int = 2
    protocol: str = "ttrpc"


def parsed(answer: bytes) -> Bootstrap:
    """What a shim has printed. Raises OperationFailed (it is no answer), Unsupported (a version we do not speak)."""
    found = _from_message(answer) or _from_json(answer) or Bootstrap(answer.decode(errors="replace").strip())
    if not found.address:
        raise OperationFailed("the shim has told no address")
    if found.version > NEWEST or found.protocol not in ("ttrpc", "grpc"):
        raise Unsupported(f"the shim speaks version {found.version} over {found.protocol!r}")
    return found


def _from_message(answer: bytes) -> Bootstrap | None:
    try:
        result = BootstrapResult.FromString(answer)
    except DecodeError:
        return None
    if result.version < 2 or not result.address:
        return None
    return Bootstrap(result.address, result.version, result.protocol or "ttrpc")


def _from_json(answer: bytes) -> Bootstrap | None:
    try:
        tree = json.loads(answer)
    except ValueError:
        return None
    if not isinstance(tree, dict):
        return None
    version = tree.get("version")
    if not isinstance(version, int) or version < 2:
        raise OperationFailed(f"the shim has told version {version!r}, which is none")
    return Bootstrap(str(tree.get("address", "")), version, str(tree.get("protocol") or "ttrpc"))


def parsed_endpoint(address: str, version: int) -> Bootstrap:
    """A shim that runs already, as a sandbox controller tells it: `ttrpc+unix:///path`. Raises Unsupported."""
    protocol, plus, rest = address.partition("+")
    if not plus:
        raise Unsupported(f"address of a shim {address!r}: expected ttrpc+unix:///path or grpc+unix:///path")
    return parsed(json.dumps({"version": version or 2, "address": rest, "protocol": protocol}).encode())


def keep(bundle: Bundle, bootstrap: Bootstrap) -> None:
    """Writes it to the bundle, all or nothing."""
    path = bundle.file(FILE)
    values = {"version": bootstrap.version, "address": bootstrap.address, "protocol": bootstrap.protocol}
    with open(f"{path}.tmp", "w", encoding="utf-8") as file:
        json.dump(values, file)
    os.replace(f"{path}.tmp", path)


def kept(bundle: Bundle) -> Bootstrap:
    """What the bundle says; the shim's own file `address` counts where ours was not written. Raises NotFound."""
    for name in (FILE, OLD_FILE):
        try:
            with open(bundle.file(name), "rb") as file:
                return parsed(file.read())
        except FileNotFoundError:
            continue
    raise NotFound(f"the bundle {bundle.path!r} names no shim")


def keep_program(bundle: Bundle, path: str) -> None:
    """Writes which program starts and cleans up."""
    with open(bundle.file(PROGRAM_FILE), "w", encoding="utf-8") as file:
        file.write(path)


def kept_program(bundle: Bundle) -> str:
    """The path of the program; "" for none."""
    try:
        with open(bundle.file(PROGRAM_FILE), encoding="utf-8") as file:
            return file.read()
    except FileNotFoundError:
        return ""

"""What of a sandbox stands on disk, as `sandbox.json` in its bundle, for a shim that is started again after a kill."""

from __future__ import annotations

import os

from tiffin.runtime.errors import InvalidArgument, OperationFailed
from tiffin.runtime.record import Record
from tiffin.spec.json_tree import JSONError, decode, encode

FILE = "sandbox.json"


class SandboxRecord(Record):
    """A sandbox. has_process: it has a container of its own. pid: 0 before it is started. Times: ns since 1970."""

    id: str
    bundle: str
    has_process: bool
    created_at: int
    started: bool = False
    pid: int = 0
    stopped_at: int = 0


def write_sandbox(record: SandboxRecord) -> None:
    """Atomically. Raises OperationFailed."""
    path = f"{record.bundle}/{FILE}"
    fields = dict(zip(record._fields, record, strict=True))
    try:
        with open(f"{path}.new", "w", encoding="utf-8") as stream:
            stream.write(encode(fields))
        os.rename(f"{path}.new", path)
    except OSError as error:
        raise OperationFailed(f"{path}: {error.strerror}", errno=error.errno or 0) from error


def remove_sandbox(bundle: str) -> None:
    """One that is gone is fine. Raises OperationFailed."""
    try:
        os.unlink(f"{bundle}/{FILE}")
    except FileNotFoundError:
        return
    except OSError as error:
        raise OperationFailed(f"{bundle}/{FILE}: {error.strerror}", errno=error.errno or 0) from error


def read_sandbox(bundle: str) -> SandboxRecord | None:
    """None: the bundle is that of no sandbox. Raises OperationFailed: nobody knows what it is."""
    try:
        with open(f"{bundle}/{FILE}", "rb") as stream:
            tree = decode(stream.read())
    except FileNotFoundError:
        return None
    except (OSError, JSONError) as error:
        raise OperationFailed(f"{bundle}/{FILE}: {error}") from error
    if not isinstance(tree, dict):
        raise OperationFailed(f"{bundle}/{FILE}: is no JSON object")
    try:
        return SandboxRecord(**tree)
    except TypeError as error:
        raise OperationFailed(f"{bundle}/{FILE}: {error}") from error


def has_process(bundle: str) -> bool:
    """Whether the bundle's config.json, if there is one, has a process. Raises InvalidArgument."""
    try:
        with open(f"{bundle}/config.json", "rb") as stream:
            tree = decode(stream.read())
    except FileNotFoundError:
        return False
    except (OSError, JSONError) as error:
        raise InvalidArgument(f"{bundle}/config.json: {error}") from error
    return isinstance(tree, dict) and bool(tree.get("process"))

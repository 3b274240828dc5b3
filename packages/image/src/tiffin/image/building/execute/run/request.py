"""What the builder asks of the process that runs a command, and what it hears of it; over a socket, as JSON."""

from __future__ import annotations

from base64 import b64encode

from tiffin.image.building.execute.mounting import Tree
from tiffin.runtime.record import Record
from tiffin.spec.json_tree import decode, encode

TYPE_CHECKING = False
if TYPE_CHECKING:
    import socket
    from typing import Any

LENGTH = 8  # bytes, before each message


class FileMount(Record):
    """A small file that is only there while the command runs; it never reaches a disk. content: in base64."""

    target: str
    content: str
    mode: int = 0o644
    uid: int = 0
    gid: int = 0


def file_mount(target: str, content: bytes, mode: int = 0o644, uid: int = 0, gid: int = 0) -> FileMount:
    """A small file with this content."""
    return FileMount(target, b64encode(content).decode(), mode, uid, gid)


class TreeMount(Record):
    """A part of a tree. path: in the tree, without links. hidden: what of the tree is not to be seen.

    writable: it can be written to, and what is written is thrown away.
    """

    target: str
    tree: Tree
    path: str = ""
    hidden: tuple[str, ...] = ()
    writable: bool = False


class FolderMount(Record):
    """A folder or a socket of the host itself."""

    target: str
    source: str
    readonly: bool = False


class AgentMount(Record):
    """A socket that leads to one of the host, with an owner and a mode of its own."""

    target: str
    source: str
    mode: int
    uid: int
    gid: int


class TmpfsMount(Record):
    """An empty tmpfs. size: in bytes, "" for the kernel's own limit."""

    target: str
    size: str = ""


class RunRequest(Record):
    """A command. args, env, user, folder: as `RunStep` has them. mounts: in their order. network: `host` or `none`."""

    tree: Tree
    args: tuple[str, ...]
    env: tuple[str, ...] = ()
    user: str = ""
    folder: str = "/"
    mounts: tuple[FileMount | TreeMount | FolderMount | AgentMount | TmpfsMount, ...] = ()
    network: str = "host"
    insecure: bool = False


KINDS: dict[str, type[FileMount | TreeMount | FolderMount | AgentMount | TmpfsMount]] = {
    kind.__name__: kind for kind in (FileMount, TreeMount, FolderMount, AgentMount, TmpfsMount)
}


def to_text(request: RunRequest) -> str:
    """As JSON."""
    tree = dict(zip(request._fields, request, strict=True))
    tree["mounts"] = [[type(mount).__name__, *mount] for mount in request.mounts]
    return encode(tree)


def from_text(text: str | bytes) -> RunRequest:
    """The reverse of `to_text`."""
    tree = decode(text)
    if not isinstance(tree, dict):
        raise AssertionError("a request is an object")
    values: dict[str, Any] = {
        **tree,
        "tree": _tree(tree["tree"]),
        "mounts": tuple(map(_mount, tree["mounts"])),
    }
    values |= {name: tuple(values[name]) for name in ("args", "env")}
    return RunRequest(**values)


def _mount(fields: list[Any]) -> FileMount | TreeMount | FolderMount | AgentMount | TmpfsMount:
    kind = KINDS[fields[0]]
    if kind is TreeMount:
        target, tree, path, hidden, writable = fields[1:]
        return TreeMount(target, _tree(tree), path, tuple(hidden), writable)
    return kind(*fields[1:])


def _tree(fields: list[Any]) -> Tree:
    lowers, upper, work = fields
    return Tree(tuple(lowers), upper, work)


def send(connection: socket.socket, text: str) -> None:
    """Sends a message. Raises OSError."""
    data = text.encode("utf-8", "surrogateescape")
    connection.sendall(len(data).to_bytes(LENGTH, "little") + data)


def receive(connection: socket.socket) -> bytes:
    """The next message; none if the other side is gone. Raises OSError."""
    head = _exactly(connection, LENGTH)
    return _exactly(connection, int.from_bytes(head, "little")) if head else b""


def _exactly(connection: socket.socket, size: int) -> bytes:
    data = bytearray()
    while len(data) < size:
        piece = connection.recv(min(size - len(data), 1024 * 1024))
        if not piece:
            return b""
        data += piece
    return bytes(data)

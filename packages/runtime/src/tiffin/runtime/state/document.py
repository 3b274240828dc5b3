"""The state as JSON: what `state` prints and hooks read (runtime-spec, "State"), and the rows of `list`.

Written by hand, not with `json` (9 ms to import); strings are escaped by the interpreter's C encoder.
`front/document.c` writes the same bytes.
"""

from __future__ import annotations

from _json import encode_basestring

from tiffin.spec.json_tree import decode, encode

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .container_state import ContainerState
    from .status import Status

UNKNOWN_VERSION = "1.0.0"
INDENT = 2
REPLACEMENTS = dict.fromkeys(
    range(0xDC80, 0xDD00), "\ufffd"
)  # of what surrogateescape makes of bytes that are no UTF-8


def state_fields(state: ContainerState, status: Status, *, owner: str = "") -> list[tuple[str, str]]:
    """(name, value as JSON) in the order that runc prints."""
    pid = state.pid if status != "stopped" else 0
    fields = [
        ("ociVersion", quote(state.version or UNKNOWN_VERSION)),
        ("id", quote(state.id)),
        ("pid", str(pid)),
        ("status", quote(status)),
        ("bundle", quote(state.bundle)),
        ("rootfs", quote(state.rootfs)),
        ("created", quote(state.created)),
    ]
    if state.annotations:
        fields.append(("annotations", state.annotations))
    fields.append(("owner", quote(owner or state.owner)))
    return fields


def state_document(state: ContainerState, status: Status) -> str:
    """What `state` prints: two blanks of indentation, no newline at the end."""
    lines = [f'  "{name}": {_spread(value)}' for name, value in state_fields(state, status)]
    return "{\n" + ",\n".join(lines) + "\n}"


def list_document(state: ContainerState, status: Status, owner: str) -> str:
    """One element of `list --format json`."""
    return (
        "{" + ",".join(f'"{name}":{value}' for name, value in state_fields(state, status, owner=owner)) + "}"
    )


def hook_document(state: ContainerState, status: Status, pid: int) -> bytes:
    """What a hook finds on its stdin."""
    head, tail = hook_document_parts(state, status)
    return head + str(pid).encode() + tail


def hook_document_parts(state: ContainerState, status: Status) -> tuple[bytes, bytes]:
    """The hook's document before and after the pid, for hooks that init runs."""
    head = f'{{"ociVersion":{quote(state.version or UNKNOWN_VERSION)},"id":{quote(state.id)},"status":"{status}","pid":'
    tail = f',"bundle":{quote(state.bundle)}'
    if state.annotations:
        tail += f',"annotations":{state.annotations}'
    return head.encode(), (tail + "}").encode()


def quote(text: str) -> str:
    """A JSON string."""
    return encode_basestring(text if text.isascii() else text.translate(REPLACEMENTS))


def _spread(value: str) -> str:
    """An object (the annotations) over several lines."""
    if not value.startswith("{"):
        return value
    return encode(decode(value), indent=INDENT).replace("\n", "\n" + " " * INDENT)

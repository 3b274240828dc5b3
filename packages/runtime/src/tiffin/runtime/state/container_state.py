"""`ContainerState`: what the file `state` holds, as lines `key value` that Python writes and C reads too.

A value is the rest of its line; a newline in it is written `\\n`, a backslash `\\\\`. A key that a reader does
not know is kept as it is (`other`), so that an older tiffin-runtime does not lose what a newer one wrote.
The C reader is `front/state.c`; both are held together by
tests/command/test_front_and_python.py.
"""

from __future__ import annotations

from ..errors import FailedPrecondition
from ..record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

FORMAT = "1"


class ContainerState(Record):
    """One container.

    pid, start_time: its init; 0 while it is being made (start time: field 22 of /proc/PID/stat).
    created: RFC 3339, UTC. owner: name of the user, "" for the one who asks.
    version: ociVersion of its config. annotations: as JSON.
    cgroup_version: 0 (none), 1 or 2. cgroups: (v1 controller or `unified`, absolute directory).
    hooks: which of poststart and poststop there are.
    shared_pids: it has no pid namespace of its own, so that its processes outlive its init.
    no_new_keyring: its processes have the session keyring of their caller.
    """

    id: str
    pid: int = 0
    start_time: int = 0
    boot: str = ""
    bundle: str = ""
    rootfs: str = ""
    created: str = ""
    owner: str = ""
    version: str = ""
    annotations: str = ""
    cgroup_version: int = 0
    cgroups: tuple[tuple[str, str], ...] = ()
    hooks: tuple[str, ...] = ()
    systemd_unit: str = ""
    resctrl: str = ""
    rootless: bool = False
    shared_pids: bool = False
    no_new_keyring: bool = False
    other: tuple[tuple[str, str], ...] = ()


TEXTS = {
    "id": "id",
    "boot": "boot",
    "bundle": "bundle",
    "rootfs": "rootfs",
    "created": "created",
    "owner": "owner",
    "version": "version",
    "annotations": "annotations",
    "systemd-unit": "systemd_unit",
    "resctrl": "resctrl",
}
NUMBERS = {"pid": "pid", "start-time": "start_time", "cgroup-version": "cgroup_version"}
FLAGS = {"rootless": "rootless", "shared-pids": "shared_pids", "no-new-keyring": "no_new_keyring"}


def encode_state(state: ContainerState) -> bytes:
    """The bytes of the file."""
    lines = [f"{key} {_escape(value)}\n" for key, value in _pairs(state)]
    return "".join(lines).encode("utf-8", "surrogateescape")


def _pairs(state: ContainerState) -> Iterator[tuple[str, str]]:
    yield "format", FORMAT
    for key, name in NUMBERS.items():
        yield key, str(getattr(state, name))
    for key, name in TEXTS.items():
        if value := getattr(state, name):
            yield key, value
    for controller, directory in state.cgroups:
        yield "cgroup", f"{controller} {directory}"
    if state.hooks:
        yield "hooks", " ".join(state.hooks)
    for key, name in FLAGS.items():
        if getattr(state, name):
            yield key, "true"
    yield from state.other


def decode_state(data: bytes, *, source: str) -> ContainerState:
    """Reads what `encode_state` wrote.

    Args:
        source: the file's path, for the error.

    Raises:
        FailedPrecondition: it is of another format, or damaged.
    """
    lines = data.decode("utf-8", "surrogateescape").split("\n")
    if lines[0] != f"format {FORMAT}" or lines[-1] != "":
        raise _damaged(source)
    try:
        return _decode_lines(lines[1:-1])
    except (ValueError, TypeError) as error:  # no number; no id
        raise _damaged(source) from error


def _damaged(source: str) -> FailedPrecondition:
    return FailedPrecondition(f"{source} is damaged, or of another version: `delete --force` removes it")


def _decode_lines(lines: Sequence[str]) -> ContainerState:
    named: dict[str, str | int | bool | tuple[str, ...]] = {}
    cgroups: list[tuple[str, str]] = []
    other: list[tuple[str, str]] = []
    for line in lines:
        key, _, raw = line.partition(" ")
        value = _unescape(raw)
        if key in TEXTS:
            named[TEXTS[key]] = value
        elif key in NUMBERS:
            named[NUMBERS[key]] = int(value)
        elif key in FLAGS:
            named[FLAGS[key]] = value == "true"
        elif key == "hooks":
            named["hooks"] = tuple(value.split())
        elif key == "cgroup":
            controller, _, directory = value.partition(" ")
            cgroups.append((controller, directory))
        else:
            other.append((key, value))
    return ContainerState(cgroups=tuple(cgroups), other=tuple(other), **named)  # type: ignore[arg-type]


def _escape(value: str) -> str:
    return value.replace("\\", "\\\\").replace("\n", "\\n")


def _unescape(value: str) -> str:
    if "\\" not in value:
        return value
    parts = value.split("\\\\")
    return "\\".join(part.replace("\\n", "\n") for part in parts)

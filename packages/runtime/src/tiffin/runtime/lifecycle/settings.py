"""`Settings`: what holds for every verb, from the global flags or from `Runtime`."""

from __future__ import annotations

import posix

from ..errors import InvalidArgument
from ..record import Record
from ..state.directory import default_root
from ..state.identity import in_user_namespace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol

    from ..cgroup.layout import Layout

    class Warner(Protocol):
        """Where a verb reports what it leaves out, and errors that do not stop it."""

        def debug(self, message: str, /) -> None: ...
        def warning(self, message: str, /) -> None: ...
        def error(self, message: str, /) -> None: ...


class Settings(Record):
    """What holds for every verb.

    root: absolute directory of the state. log: who hears warnings.
    rootless: `true`, `false` or `auto`: tolerate that cgroups may not be made.
    trace: file for the durations of operations, "" for none.
    core: descriptor of a sealed core that is used again and again; -1: one is made for each launch.
    layout: of the host's cgroups; None: it is found out for each container.
    """

    root: str
    log: Warner
    systemd_cgroup: bool = False
    rootless: str = "auto"
    trace: str = ""
    core: int = -1
    layout: Layout | None = None


def absolute_root(root: str) -> str:
    """The state directory as an absolute path; "" is the default.

    Raises:
        InvalidArgument: it is `/`.
    """
    if not root:
        return default_root()
    path = absolute(root)
    if path == "/":
        raise InvalidArgument("Option --root argument should not be set to /")
    return path


def absolute(path: str) -> str:
    """An absolute path without `.`, `..` and doubled slashes, as Go's filepath.Abs makes it."""
    if not path.startswith("/"):
        path = f"{posix.getcwd()}/{path}"
    parts: list[str] = []
    for part in path.split("/"):
        if part == "..":
            del parts[-1:]
        elif part not in {"", "."}:
            parts.append(part)
    return "/" + "/".join(parts)


def tolerates_no_cgroups(settings: Settings) -> bool:
    """Whether a cgroup that may not be made is no error: without root, or inside a user namespace."""
    if settings.rootless.lower() not in {"", "auto"}:
        if settings.rootless in {"true", "True", "TRUE", "t", "T", "1"}:
            return True
        if settings.rootless in {"false", "False", "FALSE", "f", "F", "0"}:
            return False
        raise InvalidArgument(f"--rootless: true, false or auto, not {settings.rootless!r}")
    return posix.geteuid() != 0 or in_user_namespace()

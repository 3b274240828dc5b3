"""list: all containers below a root, with what can be told of each; a damaged one does not hide the others."""

from __future__ import annotations

import posix

from ..errors import RuntimeFailure
from ..record import Record
from ..state.container_state import ContainerState
from ..state.directory import identifiers
from .loaded import LoadedContainer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..state.status import Status
    from .settings import Settings


class Listed(Record):
    """One container of the list; owner is a user name or `#uid`."""

    state: ContainerState
    status: Status
    owner: str


def list_containers(settings: Settings) -> Iterator[Listed]:
    """Every container, by id; what cannot be read is reported to the log, and left out."""
    for identifier in identifiers(settings.root):
        try:
            container = LoadedContainer(settings.root, identifier)
            uid = posix.stat(container.directory.path).st_uid
            yield Listed(container.state, container.status(), user_name(uid))
        except (RuntimeFailure, FileNotFoundError) as error:  # half-made, damaged, or deleted meanwhile
            settings.log.warning(f"load container {identifier}: {error}")  # noqa: G004  # a Warner is no Logger


def user_name(uid: int) -> str:
    """The name of a user, or `#uid`."""
    import pwd

    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"#{uid}"

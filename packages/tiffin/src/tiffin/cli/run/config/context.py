"""What the sections of the config need to know beside the flags."""

from __future__ import annotations

from tiffin.runtime.record import Record
from tiffin.spec.runtime.capabilities import NAMES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class Context(Record):
    """One container that is being made.

    name: its id for the OCI runtime. short_id: twelve hexadecimal digits, the default host name. directory: the
    container's folder in the store. volumes: the folder of named volumes. image: the image's config, as a tree.
    rootless: not the host's root, so that not everything can be had. cgroup_version: 1 or 2; 0 if none can be made.
    cgroup_parent: the cgroup in which it gets its own, "" for the topmost. held: the capabilities that we can give.
    groups: additional groups can be had, which they cannot where a user namespace has one id only.
    """

    name: str
    short_id: str
    directory: str
    volumes: str
    image: dict[str, Any]
    rootless: bool
    cgroup_version: int
    cgroup_parent: str = ""
    held: tuple[str, ...] = NAMES
    groups: bool = True

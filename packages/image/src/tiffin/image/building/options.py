"""What a build is told."""

from __future__ import annotations

import os

from tiffin.image.errors import NotFound
from tiffin.runtime.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from tiffin.image.documents import Platform
    from tiffin.image.transports.access import Access

EPOCH = "SOURCE_DATE_EPOCH"


class Secret(Record):
    """Where a secret is: in a file, or in a variable of our environment."""

    path: str = ""
    variable: str = ""

    def read(self, name: str) -> bytes:
        """Its content. Raises NotFound."""
        if self.variable:
            value = os.environ.get(self.variable)
            if value is None:
                raise NotFound(f"the secret {name!r}: there is no variable {self.variable!r}")
            return os.fsencode(value)
        try:
            with open(self.path, "rb") as file:
                return file.read()
        except FileNotFoundError:
            raise NotFound(f"the secret {name!r}: there is no file {self.path!r}") from None


class BuildOptions(Record):
    """A build.

    context: a folder. dockerfile: its path; "" for `Dockerfile` in the context. text: its content, in place of a file.
    names: what the image is called. target: the stage to build, "" for the last one.
    build_args: for ARG. labels: more of them. platform: None for this machine's.
    contexts: further ones by name: a folder, or an image such as oci:PATH or docker-image://NAME.
    use_cache: take results of earlier builds. pull: always, missing or never.
    secrets: for RUN, by id. ssh: sockets of SSH agents, by id. hosts: lines of /etc/hosts for RUN.
    compression, level: of new layers, see `compressor`.
    source_date_epoch: seconds since 1970; None takes SOURCE_DATE_EPOCH of `build_args` or of the environment, if set.
    insecure: RUN --security=insecure is allowed. access: how registries are reached.
    cache_from, cache_to: places of caches, see `cache.exchange`.
    """

    context: str
    dockerfile: str = ""
    text: str | None = None
    names: tuple[str, ...] = ()
    target: str = ""
    build_args: Mapping[str, str] = {}
    labels: Mapping[str, str] = {}
    platform: Platform | None = None
    contexts: Mapping[str, str] = {}
    use_cache: bool = True
    pull: str = "missing"
    secrets: Mapping[str, Secret] = {}
    ssh: Mapping[str, str] = {}
    hosts: tuple[str, ...] = ()
    compression: str = "gzip"
    level: int = 0
    source_date_epoch: int | None = None
    insecure: bool = False
    access: Access | None = None
    cache_from: tuple[str, ...] = ()
    cache_to: tuple[str, ...] = ()

"""`ImageStore`, `LeaseStore` and `NamespaceStore`: names of images, what is protected from collection, and for whom."""

from __future__ import annotations

from tiffin.runtime.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    import builtins
    from collections.abc import Callable, Iterable, Mapping
    from typing import Protocol

    from tiffin.image.documents import Descriptor
else:
    Protocol = object  # importing typing takes longer than everything that is done here


class StoredName(Record):
    """A name of an image. target: its manifest or index. created, updated: nanoseconds since 1970."""

    name: str
    target: Descriptor
    labels: Mapping[str, str]
    created: int = 0
    updated: int = 0


class ImageStore(Protocol):
    """The names of images in one namespace."""

    def get(self, name: str) -> StoredName:
        """Raises NotFound."""

    def list(self) -> builtins.list[StoredName]:
        """All of them, by name."""

    def put(
        self,
        name: str,
        target: Descriptor,
        *,
        labels: Mapping[str, str] | None = None,
        replace: bool = True,
        moment: int | None = None,
    ) -> StoredName:
        """Gives an image a name. labels: None keeps those that the name has. moment: when; None for now.

        Raises:
            InvalidArgument: the name is empty. AlreadyExists: it is taken, and `replace` is not set.
        """

    def update(
        self, name: str, change: Callable[[StoredName], StoredName], *, moment: int | None = None
    ) -> StoredName:
        """Gives a name what `change` makes of it, undisturbed. Raises NotFound, and what `change` does."""

    def delete(self, name: str, *, digest: str = "") -> None:
        """digest: only if it means that. Raises NotFound."""


class Resource(Record):
    """Something that a lease protects. kind: `content`, `ingests`, `images` or `snapshots/<snapshotter>`."""

    kind: str
    id: str


class Lease(Record):
    """While it is there, its resources are not collected. created: nanoseconds since 1970.

    labels: with `containerd.io/gc.expire` (a time as in RFC 3339) it ends by itself; with `containerd.io/gc.flat` it
    protects its resources, but not what they refer to.
    """

    id: str
    created: int
    labels: Mapping[str, str]


class LeaseStore(Protocol):
    """The leases of one namespace."""

    def create(
        self, lease: str = "", *, seconds: float | None = None, labels: Mapping[str, str] | None = None
    ) -> Lease:
        """A new lease. lease: its id, made up if it is empty. seconds: when it ends by itself. Raises AlreadyExists."""

    def list(self) -> builtins.list[Lease]:
        """All of them, by id."""

    def delete(self, lease: str) -> None:
        """Raises NotFound."""

    def add(self, lease: str, resources: Iterable[Resource]) -> None:
        """Protects resources. Raises NotFound (the lease)."""

    def remove(self, lease: str, resources: Iterable[Resource]) -> None:
        """Protects them no more. Raises NotFound (the lease)."""

    def resources(self, lease: str) -> builtins.list[Resource]:
        """What it protects. Raises NotFound (the lease)."""


class NamespaceStore(Protocol):
    """Namespaces: each has content, snapshots, images and leases of its own. One is there once it is used."""

    def list(self) -> dict[str, Mapping[str, str]]:
        """All of them, with their labels."""

    def create(self, name: str, *, labels: Mapping[str, str] | None = None) -> None:
        """Raises AlreadyExists, InvalidArgument (no such name can be)."""

    def update(self, name: str, labels: Mapping[str, str], *, replace: bool = False) -> Mapping[str, str]:
        """Sets labels; one with an empty value is removed. replace: the others too. Raises NotFound."""

    def delete(self, name: str) -> None:
        """Raises NotFound, and FailedPrecondition if something is in it."""

"""`Names`: names of images in the store, with the labels that a client wants, and what subscribers are told of them."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from tiffin.api.containerd.events import image_pb2 as events
from tiffin.image.errors import NotFound
from tiffin.image.metadata.labels import to_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tiffin.image.store.store import Store
    from tiffin.manager.services.ports import Publish


class Names:
    """Of one namespace.

    Args:
        store: in the client's name.
        publish: tells of names that are new, or mean something else now.
    """

    def __init__(self, store: Store, publish: Publish) -> None:
        self.store = store
        self._publish = publish

    @contextmanager
    def told(self, name: str, labels: Mapping[str, str]) -> Iterator[None]:
        """The block gives something this name; then it gets the labels, and that is told. Raises InvalidArgument."""
        to_text(labels)  # before anything is made
        existed = self._exists(name)
        yield
        made = self.store.images.update(
            name, lambda before: before.replace(labels={**before.labels, **labels})
        )
        namespace, kept = self.store.scope.namespace, dict(made.labels)
        if existed:
            self._publish(namespace, "/images/update", events.ImageUpdate(name=name, labels=kept))
        else:
            self._publish(namespace, "/images/create", events.ImageCreate(name=name, labels=kept))

    def add(self, name: str, other: str, labels: Mapping[str, str]) -> None:
        """One more name for what has another. Raises NotFound."""
        found = self.store.images.get(other)
        with self.told(name, labels):
            self.store.images.put(name, found.target, labels=found.labels)

    def _exists(self, name: str) -> bool:
        try:
            self.store.images.get(name)
        except NotFound:
            return False
        return True

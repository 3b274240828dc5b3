"""`RenderedSource`: what was made from an app container image, as a source that can be copied from."""

from __future__ import annotations

from contextlib import contextmanager
from typing import cast

from tiffin.image.digest import digest_of
from tiffin.image.documents import Descriptor
from tiffin.image.errors import NotFound
from tiffin.image.transports.archive import Section
from tiffin.spec.json_tree import encode
from tiffin.spec.media_type import CONFIG, MANIFEST

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

    from tiffin.image.aci.rendering import Rendered
    from tiffin.image.documents import Platform
    from tiffin.image.verified import Readable


class RenderedSource:
    """An image whose layers lie in nameless files.

    Args:
        name: for messages.
        rendered: the layers.
        config: the image config.
        annotations: of the manifest.
        platform: what it is for.
    """

    def __init__(
        self,
        name: str,
        rendered: Rendered,
        config: Mapping[str, Any],
        annotations: Mapping[str, str],
        platform: Platform,
    ) -> None:
        self.name = name
        self._files = {made.descriptor.digest: made for _, made in rendered.layers}
        self._documents: dict[str, bytes] = {}
        tree = {
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": _tree(self._document(CONFIG, config)),
            "layers": [_tree(made.descriptor) for _, made in rendered.layers],
            "annotations": dict(annotations),
        }
        self._top = self._document(MANIFEST, tree).replace(platform=platform)

    def _document(self, media_type: str, tree: Mapping[str, Any]) -> Descriptor:
        data = encode(dict(tree)).encode()
        self._documents[digest_of(data)] = data
        return Descriptor(media_type, digest_of(data), len(data), {}, None)

    def resolve(self) -> Descriptor:
        """The manifest."""
        return self._top

    def read_document(self, descriptor: Descriptor) -> bytes:
        """The manifest or the config. Raises NotFound."""
        try:
            return self._documents[descriptor.digest]
        except KeyError:
            raise NotFound(f"{self.name!r} has no document {descriptor.digest}") from None

    @contextmanager
    def open_blob(self, descriptor: Descriptor, offset: int = 0) -> Iterator[Readable]:
        """A layer, or the config, from an offset on. Raises NotFound."""
        made = self._files.get(descriptor.digest)
        if made is None:
            data = self.read_document(descriptor)
            from io import BytesIO

            yield BytesIO(data[offset:])
            return
        section = Section(made.file.fileno(), 0, made.descriptor.size)
        section.seek(offset)
        yield cast("Readable", section)

    def referrers(self, digest: str, artifact_type: str = "") -> tuple[Descriptor, ...]:  # noqa: ARG002  # the protocol's
        """None: nothing was signed yet."""
        return ()


def _tree(descriptor: Descriptor) -> dict[str, Any]:
    return {"mediaType": descriptor.media_type, "digest": descriptor.digest, "size": descriptor.size}

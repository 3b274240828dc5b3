"""Foreign layers: blobs that a registry need not have, and that their descriptors say where to get.

Source: image-spec `descriptor.md`, `urls`; `layer.md`, "Non-Distributable Layers". Nothing of ours goes there, no
credentials and no client certificate (CVE-2020-15157), and only layers that say that they are foreign come from there.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from tiffin.image.errors import ImageFailure, NotFound
from tiffin.image.registry.connection import Call, Connection
from tiffin.image.registry.credentials import NoCredentials
from tiffin.image.registry.download import BlobReader
from tiffin.image.registry.hosts import Host
from tiffin.spec.media_type import is_distributable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tiffin.image.documents import Descriptor
    from tiffin.image.registry.retry import Clock
    from tiffin.image.registry.settings import RegistrySettings

SCHEMES = ("https", "http")


def is_foreign(descriptor: Descriptor) -> bool:
    """Whether it may be fetched from elsewhere."""
    return bool(descriptor.urls) and not is_distributable(descriptor.media_type)


def open_foreign(
    descriptor: Descriptor, start: int, end: int, settings: RegistrySettings, clock: Clock
) -> BlobReader:
    """A foreign layer's bytes from the first of its addresses that has it, not verified.

    Raises:
        NotFound: none has it; the text says why.
    """
    reasons = []
    for url in descriptor.urls:
        parts = urlsplit(url)
        if parts.scheme not in SCHEMES or not parts.hostname or parts.username is not None:
            reasons.append(f"{url!r} is no address that is asked")
            continue
        host = Host(f"{parts.scheme}://{parts.netloc}")
        connection = Connection(host, settings, NoCredentials(), clock)
        call = Call(f"reading the foreign layer {descriptor.digest}", "GET", url)
        try:
            return BlobReader(connection, call, descriptor, start, end)
        except ImageFailure as error:
            reasons.append(str(error))
    raise NotFound(f"the foreign layer {descriptor.digest} is nowhere: {'; '.join(reasons)}")

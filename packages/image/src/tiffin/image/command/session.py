"""`Session`: what the options before the verb say."""

from __future__ import annotations

from tiffin.runtime.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tiffin.image.transports.access import Access, RegistryAccess


class Session(Record):
    """root: of the local store, "" for the user's. namespace: whose images are seen. debug: errors with their trace."""

    root: str = ""
    namespace: str = "default"
    debug: bool = False

    def access(self, registry: RegistryAccess) -> Access:
        """How places are reached: registries as given, and this store."""
        from tiffin.image.transports.access import Access

        return Access(registry)

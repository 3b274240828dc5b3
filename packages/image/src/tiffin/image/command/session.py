"""`Session`: what the options before the verb say."""

from __future__ import annotations

from tiffin.runtime.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tiffin.image.store.store import Store
    from tiffin.image.transports.access import Access, RegistryAccess


class Session(Record):
    """root: of the local store, "" for the user's. namespace: whose images are seen. debug: errors with their trace."""

    root: str = ""
    namespace: str = "default"
    debug: bool = False

    def access(self, registry: RegistryAccess) -> Access:
        """How places are reached: registries as given, and this store."""
        from tiffin.image.transports.access import Access

        return Access(registry, self.store)

    def store(self) -> Store:
        """The local store; without root in a user namespace, as `tiffin` has it. No thread may run yet.

        Raises:
            InvalidArgument: there is no such namespace. OSError: it cannot be made.
            FailedPrecondition: this host does not let its users make user namespaces.
        """
        from tiffin.image.metadata.namespaces import Scope, check_identifier
        from tiffin.image.store import rootless
        from tiffin.image.store.store import Store

        check_identifier(self.namespace)
        if rootless.is_needed():
            rootless.enter_user_namespace()
        return Store(self.root or None, Scope(self.namespace))

    def store_to_unpack(self) -> Store:
        """The same, for images that are unpacked: a new one forks to try what the kernel can do. Raises as `store`."""
        store = self.store()
        _ = store.snapshots
        return store

"""`Session`: what the options before the verb say."""

from __future__ import annotations

import os

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

    def access(self, registry: RegistryAccess, *, as_caller: bool = False) -> Access:
        """How places are reached: registries as given, and this store, for `as_caller` as by `store_as_caller`."""
        from tiffin.image.transports.access import Access

        return Access(registry, self.store_as_caller if as_caller else self.store)

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

    def store_as_caller(self) -> Store:
        """The same, of which only content and names may be used: those need no user namespace.

        In one, files outside of the store would seem to belong to others than they do.
        """
        if os.geteuid() == 0:
            return self.store()
        from tiffin.image.metadata.namespaces import Scope, check_identifier
        from tiffin.image.store.store import Store

        check_identifier(self.namespace)
        return Store(self.root or None, Scope(self.namespace))

    def store_to_unpack(self) -> Store:
        """The same, for images that are unpacked: a new one forks to try what the kernel can do. Raises as `store`."""
        store = self.store()
        _ = store.snapshots
        return store

"""`RegistryClient`: where a program that talks to registries begins.

    client = RegistryClient(default_settings(), FileCredentials())
    repository = client.repository("registry.example", "team/app")
    descriptor = repository.resolve("1.0")

Each operation asks the hosts that may do it one after the other: mirrors first, the registry itself last.
"""

from __future__ import annotations

import threading

from tiffin.image.errors import ImageFailure, InvalidReference, Unavailable
from tiffin.image.registry.connection import Call, Connection
from tiffin.image.registry.credentials import Credentials, NoCredentials
from tiffin.image.registry.hosts import hosts_of
from tiffin.image.registry.paging import pages, strings
from tiffin.image.registry.repository import Repository
from tiffin.image.registry.retry import Clock, SystemClock
from tiffin.image.registry.settings import RegistrySettings, default_settings
from tiffin.spec.reference import InvalidReference as SpecInvalidReference
from tiffin.spec.reference import Reference

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import TypeVar

    T = TypeVar("T")

REST = 60.0  # seconds for which a mirror that cannot be reached is not asked again


class RegistryClient:
    """All registries; usable by several threads at once, which then share connections and tokens."""

    def __init__(
        self,
        settings: RegistrySettings | None = None,
        credentials: Credentials | None = None,
        clock: Clock | None = None,
    ) -> None:
        self._settings = settings or default_settings()
        self._credentials = credentials or NoCredentials()
        self._clock = clock or SystemClock()
        self._lock = threading.Lock()
        self._connections: dict[str, tuple[Connection, ...]] = {}
        self._resting: dict[Connection, float] = {}

    def repository(self, registry: str, path: str) -> Repository:
        """A repository; nothing is asked yet. Raises InvalidReference: a name that is none."""
        name = f"{registry}/{path}"
        try:
            parsed = Reference.parse(name)
        except SpecInvalidReference as error:
            raise InvalidReference(str(error)) from error
        if (parsed.domain, parsed.path) != (registry, path):
            raise InvalidReference(f"{name!r} is no name of a repository: expected registry/path in full")
        return Repository(self, registry, path)

    def catalogue(self, registry: str, *, page: int = 100) -> Iterator[str]:
        """The repositories of a registry, as far as it shows them. Raises Unsupported, PermissionDenied."""
        call = Call("listing the repositories", "GET", "/_catalog", scopes=("registry:catalog:*",))
        connection = self.connections(registry)[-1]
        for _, tree in pages(connection, call.replace(query=(("n", str(page)),))):
            yield from strings(tree, "repositories", f"{registry}: its catalogue")

    def ping(self, registry: str) -> None:
        """Whether the registry itself is there and takes the credentials. Raises PermissionDenied, Unavailable."""
        self.connections(registry)[-1].request(Call("logging in", "GET", "/")).close()

    def connections(self, registry: str) -> tuple[Connection, ...]:
        """Those to all hosts of a registry, itself last. Raises FailedPrecondition."""
        with self._lock:
            if registry not in self._connections:
                self._connections[registry] = tuple(
                    Connection(host, self._settings, self._credentials, self._clock)
                    for host in hosts_of(registry, self._settings)
                )
            return self._connections[registry]

    def first(self, registry: str, capability: str, do: Callable[[Connection], T]) -> T:
        """What the first host that can gives; the last one's error, with the others as notes, if none can."""
        able = [each for each in self.connections(registry) if capability in each.host.capabilities]
        if not able:
            raise Unavailable(f"{registry}: no host may {capability}; see `capabilities` in its hosts.toml")
        notes: list[str] = []
        for connection in able[:-1]:
            if self._resting.get(connection, 0.0) > self._clock.monotonic():
                continue
            try:
                return do(connection)
            except ImageFailure as error:
                notes.append(f"before, from a mirror: {error}")
                if isinstance(error, Unavailable):
                    self._resting[connection] = self._clock.monotonic() + REST
        try:
            return do(able[-1])
        except ImageFailure as error:
            for note in notes:
                error.add_note(note)
            raise

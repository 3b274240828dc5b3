"""`Gate`: a proxy before a registry that holds requests back until a test lets them through."""

from __future__ import annotations

import threading

from tiffin_testing.fault_proxy import Fault, FaultProxy

SECONDS = 60.0


class Gate(FaultProxy):
    """Holds every request whose path contains `held`. upstream: the registry."""

    def __init__(self, upstream: str, held: str) -> None:
        super().__init__(upstream)
        self._held = held
        self._arrived = threading.Semaphore(0)
        self._opened = threading.Event()

    def next_fault(self, method: str, path: str, headers: dict[str, str]) -> Fault:
        """As that of FaultProxy, once the gate is open."""
        fault = super().next_fault(method, path, headers)
        if self._held in path and not self._opened.is_set():
            self._arrived.release()
            self._opened.wait(SECONDS)
        return fault

    def wait_for(self, count: int = 1) -> None:
        """Returns once so many more requests are held."""
        for _ in range(count):
            assert self._arrived.acquire(timeout=SECONDS), "nobody came to the gate"

    def open(self) -> None:
        """Lets all through, from now on."""
        self._opened.set()

    def fetched(self) -> list[str]:
        """The digests of the blobs that were asked for, each as often as that."""
        return sorted(
            path.rpartition("/")[2]
            for method, path, _ in self.requests
            if method == "GET" and "/blobs/" in path
        )

"""`Downloads`: what ADD fetches from addresses, each once, into nameless files that go with the build.

repositories: those of git that it fetches from.
"""

from __future__ import annotations

import hashlib
import threading

from tiffin.image.building.dockerfile.error import Problem
from tiffin.image.errors import DigestMismatch, NotFound, Stopped, Unavailable
from tiffin.runtime.record import Record

from .repositories import Repositories

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import IO, Self

    from requests import PreparedRequest, Response

TIMEOUT = (30, 60)  # seconds, to connect and between two pieces
BLOCK = 1024 * 1024
GONE = (404, 410)


class Downloaded(Record):
    """path: leads to the nameless file. digest: of its content. modified: when, in seconds, if that is known."""

    path: str
    digest: str
    modified: float | None


class Downloads:
    """Use it in a `with` statement; several threads may. Args: folder: on the disk that has room for them."""

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self.repositories = Repositories()
        self._lock = threading.Lock()
        self._files: list[IO[bytes]] = []
        self._found: dict[str, Downloaded] = {}
        self._given_up = False

    def give_up(self) -> None:
        """Ends what is being fetched with its next piece. May be called from any thread."""
        self._given_up = True

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for file in self._files:
            file.close()

    def fetch(self, address: str, checksum: str = "") -> Downloaded:
        """Fetches a file. checksum: its digest, or "".

        Raises:
            NotFound, Unavailable: there is no such file, or the server cannot be reached. Stopped: see `give_up`.
            DigestMismatch: it is another one. Problem: the checksum is of a kind that is not known.
        """
        if checksum and not checksum.startswith("sha256:"):
            raise Problem(f"--checksum: sha256:... was expected, not {checksum!r}")
        with self._lock:
            found = self._found.get(address) or self._fetch(address)
            self._found[address] = found
        if checksum and checksum.lower() != found.digest:
            raise DigestMismatch(f"{address} is {found.digest}, not {checksum}")
        return found

    def _fetch(self, address: str) -> Downloaded:
        import tempfile

        import requests

        file = tempfile.TemporaryFile(dir=self._folder)  # noqa: SIM115  # closed at the end of the build
        self._files.append(file)
        digest = hashlib.sha256()
        try:
            with requests.get(address, stream=True, timeout=TIMEOUT, auth=_unchanged) as response:
                if response.status_code in GONE:
                    raise NotFound(f"there is nothing at {address} ({response.status_code})")
                response.raise_for_status()
                for data in response.iter_content(BLOCK):
                    if self._given_up:
                        raise Stopped(f"{address} was being fetched when the build was given up")
                    digest.update(data)
                    file.write(data)
                modified = _modified(response)
        except requests.RequestException as error:
            raise Unavailable(f"{address} cannot be fetched: {error}") from error
        file.flush()
        return Downloaded(f"/proc/self/fd/{file.fileno()}", f"sha256:{digest.hexdigest()}", modified)


def _unchanged(request: PreparedRequest) -> PreparedRequest:
    """Without credentials: else requests would send what ~/.netrc has."""
    return request


def _modified(response: Response) -> float | None:
    from email.utils import parsedate_to_datetime

    try:
        return parsedate_to_datetime(response.headers.get("Last-Modified", "")).timestamp()
    except (TypeError, ValueError):
        return None

"""Reading a layer's tar stream strictly: what tarfile would take for the end of the archive is an error here."""

from __future__ import annotations

import tarfile
from collections.abc import Iterator
from typing import IO, Any, Self, cast

from tiffin.image.errors import InvalidImage
from tiffin.image.verified import Readable

BLOCK = 256 * 1024
_tarfile: Any = tarfile
NoMoreEntries: type[Exception] = _tarfile.EOFHeaderError  # typeshed lacks the two
EndOfStream: type[Exception] = _tarfile.EmptyHeaderError


class Entry(tarfile.TarInfo):
    """A header that must be one: tarfile alone ends silently at a broken header in the middle."""

    @classmethod
    def fromtarfile(cls, archive: tarfile.TarFile) -> Self:
        """Reads the next header; tarfile calls it."""
        try:
            return super().fromtarfile(archive)
        except EndOfStream as end:  # without the two blocks of zeros: many builders leave them out
            raise NoMoreEntries(str(end)) from None
        except NoMoreEntries:
            raise
        except tarfile.HeaderError as error:
            raise InvalidImage(
                f"the layer's tar archive is broken at byte {archive.offset}: {error}"
            ) from error


def entries(stream: Readable) -> Iterator[tuple[tarfile.TarFile, tarfile.TarInfo]]:
    """The entries of an uncompressed tar stream, with the archive to read their content from.

    An empty stream has none: some builders write an empty layer as zero bytes.

    Raises:
        InvalidImage: if the stream is no tar archive, or ends in the middle.
    """
    file = cast("IO[bytes]", stream)
    try:
        archive = tarfile.open(fileobj=file, mode="r|", tarinfo=Entry, encoding="utf-8", bufsize=BLOCK)  # noqa: SIM115
    except tarfile.ReadError as error:
        raise InvalidImage(f"the layer is no tar archive: {error}") from error
    seen: list[tarfile.TarInfo] = cast("Any", archive).members
    with archive:
        while True:
            try:
                entry = archive.next()
            except (tarfile.TarError, EOFError) as error:
                raise InvalidImage(f"the layer's tar archive is broken: {error}") from error
            if entry is None:
                return
            yield archive, entry
            seen.clear()  # or tarfile keeps every header until the end

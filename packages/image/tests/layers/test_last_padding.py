"""Archives that end without the padding of their last entry, as `umoci insert` of Debian writes them."""

from __future__ import annotations

import io
import tarfile

import pytest

from tiffin.image.errors import InvalidImage
from tiffin.image.layers.tar.reader import TarReader
from tiffin.image.layers.tar.source import Source

DATA = b"d" * 700  # a block, and a part of one


def archive() -> bytes:
    """Two files; of the second one nothing behind its content."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as made:
        for name in ("first", "second"):
            entry = tarfile.TarInfo(name)
            entry.size = len(DATA)
            made.addfile(entry, io.BytesIO(DATA))
    whole = buffer.getvalue()
    return whole[: whole.rindex(DATA) + len(DATA)]


def read(data: bytes) -> list[tuple[bytes, bytes]]:
    reader = TarReader(Source(io.BytesIO(data)))
    return [(entry.name, b"".join(map(bytes, reader.content()))) for entry in reader.entries()]


def test_an_archive_may_end_with_its_last_content() -> None:
    assert read(archive()) == [(b"first", DATA), (b"second", DATA)]


@pytest.mark.parametrize("kept", [-1, 1])
def test_but_not_within_the_content_or_the_padding(kept: int) -> None:
    data = archive()
    with pytest.raises(InvalidImage, match="ends in the middle"):
        read(data[:kept] if kept < 0 else data + b"\0" * kept)

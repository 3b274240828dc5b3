"""A file system may give a new directory the inode of one that was removed, of which other things were said."""

from __future__ import annotations

import io
import os
from pathlib import Path

import pytest

from tiffin.image.layers.apply import LayerWriter
from tiffin.image.layers.owners import Ownership
from tiffin.image.layers.root import Root
from tiffin_testing.images import directory, file, opaque, tar, whiteout

BELOW = tar(directory("d/", mtime=1), directory("d/s", mode=0o700, mtime=2))
MANY = 300  # ext4 does it a few times of a hundred


@pytest.mark.parametrize(
    "above", [tar(whiteout("d"), file("d/s/y")), tar(opaque("d"), file("d/s/y"))], ids=["whiteout", "opaque"]
)
def test_an_implied_directory_has_nothing_of_one_that_went(tmp_path: Path, above: bytes) -> None:
    for number in range(MANY):
        place = tmp_path / str(number)
        place.mkdir()
        with Root(str(place)) as root:
            writer = LayerWriter(root, Ownership.possible())
            writer.apply(io.BytesIO(BELOW))
            writer.apply(io.BytesIO(above))
            writer.finish()
        assert oct(os.stat(place / "d/s").st_mode & 0o7777) == "0o755", number

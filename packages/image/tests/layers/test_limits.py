"""Limits of a layer: by entries, by bytes, and by how much comes out of how little; nothing half-made is left."""

from __future__ import annotations

import gzip
import io
from pathlib import Path

import pytest

from tiffin.image.documents import ImageConfig, Platform
from tiffin.image.errors import InvalidImage
from tiffin.image.image import Image, Layer
from tiffin.image.layers.limits import Limits
from tiffin.image.unpack import unpack
from tiffin_testing.images import digest, file, tar

FREE = 64 * 1024**2

ENTRIES = 5
PLAIN = tar(*(file(f"f{number}", b"x" * 1000) for number in range(ENTRIES)))


def image_of(plain: bytes) -> Image:
    """An image of one layer, compressed with gzip."""
    stored = gzip.compress(plain, 1)
    layer = Layer(digest(plain), digest(stored), len(stored), lambda: io.BytesIO(stored))
    config = ImageConfig(digest(b"{}"), 2, {}, Platform("linux", "amd64"), (digest(plain),))
    return Image("bomb", config, (layer,))


@pytest.mark.parametrize("limits", [Limits(), Limits(entries=ENTRIES), Limits(size=len(PLAIN))])
def test_what_is_within_its_limits_is_unpacked(limits: Limits, tmp_path: Path) -> None:
    unpack(image_of(PLAIN), str(tmp_path), limits=limits)
    assert len(list(tmp_path.iterdir())) == ENTRIES


@pytest.mark.parametrize("limits", [Limits(entries=ENTRIES - 1), Limits(size=4000)])
def test_what_is_beyond_them_leaves_nothing(limits: Limits, tmp_path: Path) -> None:
    with pytest.raises(InvalidImage):
        unpack(image_of(PLAIN), str(tmp_path), limits=limits)
    assert list(tmp_path.iterdir()) == []


def test_a_bomb_by_ratio_ends_before_it_is_whole(tmp_path: Path) -> None:
    bomb = image_of(tar(file("zeros", bytes(FREE + (32 << 20)))))
    with pytest.raises(InvalidImage, match="100 times"):
        unpack(bomb, str(tmp_path), limits=Limits(ratio=100, free=FREE))
    assert list(tmp_path.iterdir()) == []
    unpack(bomb, str(tmp_path), limits=Limits(ratio=2000, free=FREE))
    assert (tmp_path / "zeros").stat().st_size == FREE + (32 << 20)


def test_by_default_a_bomb_of_zstd_ends_at_a_gigabyte() -> None:
    Limits().check_ratio(stored=100_000, plain=1 << 30)
    with pytest.raises(InvalidImage, match="2000 times"):
        Limits().check_ratio(stored=100_000, plain=(1 << 30) + 1)
    Limits().check_ratio(stored=10_000_000, plain=15 << 30)

"""Modes of names that somebody may exchange for links."""

from __future__ import annotations

import os
import stat
from errno import ELOOP
from pathlib import Path

import pytest

from tiffin.image.layers.attributes import set_mode


def test_no_link_is_followed_for_a_mode(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo", 0o600)
    (tmp_path / "link").symlink_to("fifo")
    folder = os.open(tmp_path, os.O_RDONLY)
    try:
        with pytest.raises(OSError, match=os.strerror(ELOOP)):
            set_mode(0o777, b"link", folder)
        set_mode(0o640, b"fifo", folder)
    finally:
        os.close(folder)
    assert stat.S_IMODE((tmp_path / "fifo").stat().st_mode) == 0o640

"""Lower folders of overlays: their names may have anything in them, and be long together."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tiffin.image.snapshots.mounting import MOST_OPTIONS, lower_folders
from tiffin.image.snapshots.mounting import split_lower as split
from tiffin.image.snapshots.overlayfs import escaped


def test_short_ones_stay_absolute() -> None:
    before = os.getcwd()
    with lower_folders(["/a/1", "/a:b/2"]) as lower:
        assert lower == "/a/1:/a\\:b/2"
        assert os.getcwd() == before


def test_many_are_told_from_the_folder_that_they_are_in(tmp_path: Path) -> None:
    before = os.getcwd()
    trees = [str(tmp_path / ("x" * 100) / str(number)) for number in range(60)]
    Path(trees[0]).parent.mkdir(parents=True)
    with lower_folders(trees) as lower:
        assert len(lower) < MOST_OPTIONS
        assert lower == ":".join(str(number) for number in range(60))
        assert os.getcwd() == str(tmp_path / ("x" * 100))
    assert os.getcwd() == before


@pytest.mark.parametrize("names", [["/a", "/b"], ["/a:b", "/c,d"], ["/back\\slash:", "/x"], ["/one"]])
def test_what_was_escaped_is_read_back(names: list[str]) -> None:
    assert split(":".join(map(escaped, names))) == names

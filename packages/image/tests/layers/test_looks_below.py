"""What a layer in a tree of its own asks those below it: as little as it can, the nearest first."""

from __future__ import annotations

import io
import stat
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tiffin.image.errors import InvalidImage
from tiffin.image.layers.apply import LayerWriter
from tiffin.image.layers.below import is_whiteout
from tiffin.image.layers.owners import Ownership
from tiffin.image.layers.root import Root
from tiffin.image.layers.whiteouts import WhiteoutForm
from tiffin_testing.images import directory, file, hardlink, opaque, symlink, tar, whiteout

if TYPE_CHECKING:
    from tiffin_testing.images import Entry

pytestmark = pytest.mark.requires("root")
BOTTOM = tar(
    directory("./", mode=0o711, mtime=5), directory("d/", mode=0o700, uid=7, mtime=11), file("d/old", b"o", mtime=12),
    directory("only/"), file("only/x", b"x"), symlink("link", "d"),
)  # fmt: skip
MIDDLE = tar(directory("d/", mode=0o750, uid=8, mtime=21), file("d/new", b"n"))
WHEN = 1_700_000_000


class Watched:
    """The layers below. asked: which ones, the nearest is 1."""

    def __init__(self, *roots: Root) -> None:
        self._roots = roots
        self.asked: set[int] = set()

    def __len__(self) -> int:
        return len(self._roots)

    def __iter__(self) -> Iterator[Root]:
        for number, root in enumerate(self._roots, 1):
            self.asked.add(number)
            yield root


class Layer:
    """One that is put on MIDDLE and BOTTOM. early: whom it asked before `settle`."""

    def __init__(self, folder: Path, *entries: Entry) -> None:
        self.folder = folder / "layer"
        with ExitStack() as stack:
            roots = []
            for name, data in (("bottom", BOTTOM), ("middle", MIDDLE)):
                (folder / name).mkdir()
                roots.append(stack.enter_context(Root(folder / name)))
                writer = LayerWriter(roots[-1], Ownership.KEEP, whiteouts=WhiteoutForm.TRUSTED)
                writer.apply(io.BytesIO(data))
                writer.finish()
            self.folder.mkdir()
            root = stack.enter_context(Root(self.folder))
            below = Watched(*roots[::-1])
            form = WhiteoutForm.TRUSTED
            writer = LayerWriter(root, Ownership.KEEP, whiteouts=form, parents=below)
            writer.apply(io.BytesIO(tar(*entries)))
            writer.end()
            self.early = set(below.asked)
            self.unsettled = writer.unsettled
            writer.settle()

    def is_whiteout(self, name: str) -> bool:
        return is_whiteout((self.folder / name).lstat())

    def names(self) -> set[str]:
        return {str(path.relative_to(self.folder)) for path in self.folder.rglob("*")}


def test_a_layer_that_mentions_its_folders_asks_nobody_before_it_settles(tmp_path: Path) -> None:
    layer = Layer(
        tmp_path, directory("d/", mtime=WHEN), whiteout("d/old"), whiteout("d/never"), file("d/own", b"o"),
        hardlink("d/again", "d/own"), whiteout("only"), whiteout("nothing"), directory("e/", mtime=WHEN), opaque("e"),
    )  # fmt: skip
    assert layer.early == set()
    assert layer.unsettled
    assert layer.names() == {"d", "d/old", "d/own", "d/again", "only", "e"}
    assert layer.is_whiteout("d/old")
    assert layer.is_whiteout("only")
    assert (layer.folder / "d").stat().st_mtime == WHEN  # also where a whiteout was removed again


def test_a_layer_without_whiteouts_is_settled_at_once(tmp_path: Path) -> None:
    layer = Layer(tmp_path, directory("d/"), file("d/own", b"o"))
    assert layer.early == set()
    assert not layer.unsettled


def test_a_root_that_the_layer_leaves_out_is_the_one_below(tmp_path: Path) -> None:
    layer = Layer(tmp_path, file("f", b"f"))
    expected, found = (tmp_path / "middle").stat(), layer.folder.stat()
    assert (found.st_mode, found.st_mtime_ns) == (expected.st_mode, expected.st_mtime_ns)


def test_a_root_that_the_layer_mentions_is_its_own(tmp_path: Path) -> None:
    layer = Layer(tmp_path, directory("./", mode=0o701, uid=3, mtime=WHEN), file("f", b"f"), whiteout("g"))
    found = layer.folder.stat()
    assert (stat.S_IMODE(found.st_mode), found.st_uid, found.st_mtime) == (0o701, 3, WHEN)


def test_what_the_nearest_layer_says_is_not_asked_further_down(tmp_path: Path) -> None:
    layer = Layer(tmp_path, file("d/own", b"o"))
    assert layer.early == {1}
    found = (layer.folder / "d").stat()
    assert (stat.S_IMODE(found.st_mode), found.st_uid, found.st_mtime) == (0o750, 8, 21)


def test_what_the_nearest_layer_does_not_have_is_asked_further_down(tmp_path: Path) -> None:
    layer = Layer(tmp_path, file("link/own", b"o"))
    assert layer.early == {1, 2}
    assert layer.names() == {"link", "d", "d/own"}


@pytest.mark.parametrize(
    ("entry", "asked", "made"),
    [
        (hardlink("h", "d/new"), {1}, {"d", "d/new", "h"}),
        (hardlink("h", "d/old"), {1, 2}, {"d", "d/old", "h"}),
        (whiteout("d/new"), {1}, {"d", "d/new"}),
        (whiteout("only/x"), {1, 2}, {"only", "only/x"}),
        (whiteout("none/x"), {1, 2}, set()),
        (opaque("d"), {1}, {"d"}),
        (file(".wh..wh..opq"), {1, 2}, {"d", "only", "link"}),
    ],
)
def test_what_must_be_known_at_once(entry: Entry, asked: set[int], made: set[str], tmp_path: Path) -> None:
    layer = Layer(tmp_path, entry)
    assert layer.early == asked
    assert layer.names() == made


def test_a_whiteout_of_nothing_still_forbids_hard_links_to_it(tmp_path: Path) -> None:
    with pytest.raises(InvalidImage):
        Layer(tmp_path, directory("d/"), whiteout("d/never"), hardlink("h", "d/never"))

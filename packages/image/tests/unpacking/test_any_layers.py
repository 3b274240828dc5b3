"""Any layers, as hypothesis finds them: at once they become the same trees as one after the other."""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from packages.image.tests.unpacking.held import Held, image_of

from tiffin.image.errors import InvalidImage
from tiffin.image.store import stacking
from tiffin.image.store.filling import Filling
from tiffin.image.store.store import Store
from tiffin.image.store.unpacking import unpack_image
from tiffin.image.transfer.events import nobody
from tiffin_testing.images import directory, file, hardlink, opaque, symlink, tar, whiteout

if TYPE_CHECKING:
    from tiffin.image.image import Image
    from tiffin_testing.images import Entry

pytestmark = pytest.mark.requires("root", "overlayfs")
Tree = dict[str, tuple[object, ...]]
NAMES = ("a", "d", "d/a", "d/e", "d/e/a", "l", "l/a", "l/e", "l/e/a", "m/a")
RECENT = 10**18  # nanoseconds since 1970: the entries have older times
MADE: dict[str, Callable[[str, str, int], Entry]] = {
    "file": lambda name, _, value: file(name, b"%d" % value, mode=0o600 + value, mtime=value),
    "folder": lambda name, _, value: directory(name, mode=0o700 + value, uid=value, mtime=value),
    "link": lambda name, other, value: symlink(name, ("/" if value % 2 else "") + other.split("/")[0]),
    "hard link": lambda name, other, _: hardlink(name, other),
    "whiteout": lambda name, _, __: whiteout(name),
    "opaque": lambda name, _, __: opaque(name),
}
ENTRIES = st.tuples(
    st.sampled_from(sorted(MADE)), st.sampled_from(NAMES), st.sampled_from(NAMES), st.integers(0, 31)
)
FIRST = tar(
    directory("d", mode=0o750, mtime=7),
    file("d/a", b"a"),
    directory("d/e", uid=3, mtime=8),
    symlink("l", "d"),
)
LAYERS = st.lists(st.lists(ENTRIES, max_size=5), min_size=1, max_size=4)
ONE_FIXTURE = (HealthCheck.function_scoped_fixture, HealthCheck.too_slow)  # `facts` is a function


def settled(tree: Tree) -> Tree:
    """Without the times of the unpacking itself."""
    return {
        path: tuple(
            None if number == 3 and int(str(fact)) > RECENT else fact for number, fact in enumerate(found)
        )
        for path, found in tree.items()
    }


def one_after_the_other(image: Image, folder: Path) -> list[Path]:
    """The trees, the bottom one first. Raises InvalidImage."""
    filling = Filling(image, None, nobody, stacks=True)
    trees: list[Path] = []
    for number in range(len(image.layers)):
        tree = folder / str(number)
        tree.mkdir(mode=0o755)
        filling.fill(number, str(tree), [str(below) for below in trees[::-1]])
        trees.append(tree)
    return trees


@settings(max_examples=150, deadline=None, suppress_health_check=ONE_FIXTURE)
@given(layers=LAYERS, late=st.booleans())
def test_they_are_the_same_in_any_order(
    layers: list[list[tuple[str, str, str, int]]],
    late: bool,  # noqa: FBT001  # an argument that hypothesis gives
    facts: Callable[[Path], Tree],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(stacking, "at_once", lambda: 4)
    archives = [tar(*(MADE[kind](*rest) for kind, *rest in entries)) for entries in layers]  # type: ignore[arg-type]
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:  # which has nothing to do when it is synced
        (Path(folder) / "expected").mkdir()
        try:
            trees = one_after_the_other(image_of(Held(FIRST), *map(Held, archives)), Path(folder, "expected"))
        except InvalidImage:
            trees = []
        bottom = Held(FIRST, held=late)
        timer = threading.Timer(0.005, bottom.open)  # then the others have begun, as far as they can
        timer.start()
        with Store(f"{folder}/store", snapshotter="overlayfs").leased() as store:
            image = image_of(bottom, *map(Held, archives))
            if not trees:
                with pytest.raises(InvalidImage):
                    unpack_image(store, image)
            else:
                found = unpack_image(store, image).trees[::-1]
                assert [settled(facts(Path(tree))) for tree in found] == [
                    settled(facts(tree)) for tree in trees
                ]
            timer.join()
            store.database.close()

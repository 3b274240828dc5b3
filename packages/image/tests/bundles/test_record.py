"""What was recorded of a tree tells the same changes as a whole copy of it, whatever was done."""

from __future__ import annotations

import os
import subprocess
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from packages.image.tests.layers.diff.operations import KINDS, NAMES, Operation, perform

from tiffin.image.bundles.tree_record import RecordedBelow, record_tree
from tiffin.image.errors import DataLoss, FailedPrecondition
from tiffin.image.layers.diff.change import Change
from tiffin.image.layers.diff.walk import changes_since, tree_changes

NUMBERS = st.integers(0, len(NAMES) - 1)
LISTS = st.lists(st.tuples(st.sampled_from(KINDS), NUMBERS, NUMBERS, st.integers(0, 100)), max_size=14)


def facts(changes: list[Change]) -> list[tuple[object, ...]]:
    return [(one.kind, one.path, one.info, one.link) for one in changes]


@pytest.mark.requires("root")
@settings(max_examples=100, deadline=None)
@given(before=LISTS, after=LISTS)
def test_a_record_is_as_good_as_a_copy(before: list[Operation], after: list[Operation]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        tree, copy = Path(folder, "tree"), Path(folder, "copy")
        tree.mkdir()
        perform(str(tree), before, 1000)
        subprocess.run(["cp", "--archive", tree, copy], check=True, timeout=60)
        digest = record_tree(str(tree), folder)
        path = os.path.join(folder, f"{digest.partition(':')[2]}.tree")
        assert list(changes_since(RecordedBelow(path, digest), str(tree))) == []
        assert list(changes_since(RecordedBelow(path, digest), str(copy))) == []
        perform(str(tree), after, 2000)
        found = facts(list(changes_since(RecordedBelow(path, digest), str(tree))))
        assert found == facts(list(tree_changes(str(copy), str(tree))))


def test_a_file_that_is_no_file_any_more_is_refused(tmp_path: Path) -> None:
    """Replaced between the look at it and the reading."""
    tree = tmp_path / "tree"
    tree.mkdir()
    (tree / "f").write_bytes(b"f")
    digest = record_tree(str(tree), str(tmp_path))
    below = RecordedBelow(str(tmp_path / f"{digest[7:]}.tree"), digest)
    info = below.find(b"f")
    assert info is not None

    def gone() -> int:
        from tiffin.image.layers.diff.tree import FileOpener, Tree

        (tree / "f").unlink()
        os.mkfifo(tree / "f")
        with FileOpener() as opener:
            return opener.open(Tree(str(tree)), b"f")

    with pytest.raises(FailedPrecondition, match="replaced"):
        below.same_content(b"f", info.replace(ctime=1), gone)


@pytest.mark.parametrize(
    "line",
    [
        "[]",
        "{}",
        "[1e999]",
        '["f",1e999,0,0,0,0,0,0,0,"",{},""]',
        '["f","x",0,0,0,0,0,0,0,"",{},""]',
        '["f",1,0,0,0,0,0,0,0,"",[],""]',
        '["\u65e5",1,0,0,0,0,0,0,0,"",{},""]',
        "no JSON",
    ],
)
def test_a_line_that_is_none(line: str, tmp_path: Path) -> None:
    path = tmp_path / "x.tree"
    path.write_text(f"{line}\n")
    with pytest.raises(DataLoss, match="unpack it again"):
        RecordedBelow(str(path), f"sha256:{'0' * 64}")

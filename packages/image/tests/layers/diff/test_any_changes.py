"""Any changes of any tree, as hypothesis finds them: the layer of the changes makes the second tree of the first."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from packages.image.tests.layers.diff import operations
from packages.image.tests.layers.diff.operations import KINDS, NAMES, Operation, perform

from tiffin.image.layers.diff.change import Change
from tiffin.image.layers.diff.walk import overlay_changes, tree_changes

Facts = Callable[[Path], dict[str, tuple[object, ...]]]
Equal = Callable[[dict[str, tuple[object, ...]], dict[str, tuple[object, ...]], list[Change]], None]

NUMBERS = st.integers(0, len(NAMES) - 1)
LISTS = st.lists(st.tuples(st.sampled_from(KINDS), NUMBERS, NUMBERS, st.integers(0, 100)), max_size=14)
BEGIN: list[Operation] = [("folder", NAMES.index(name), 0, 45) for name in ("dir", "dir/sub", "z", "z/y")] + [
    ("file", NAMES.index(name), 0, number) for number, name in enumerate(("a", "dir/b", "dir/sub/c", "z/y/x"))
]
# the fixtures are functions: they keep nothing from one example to the next
ONE_FIXTURE = (HealthCheck.function_scoped_fixture, HealthCheck.too_slow)


@pytest.mark.requires("root")
@settings(max_examples=150, deadline=None, suppress_health_check=ONE_FIXTURE)
@given(before=LISTS, after=LISTS)
def test_the_changes_make_the_second_tree(
    before: list[Operation],
    after: list[Operation],
    facts: Facts,
    equal: Equal,
    write: Callable[..., bytes],
    apply_to: Callable[..., None],
    copy: Callable[[Path, Path], Path],
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        lower = Path(folder, "lower")
        lower.mkdir()
        perform(str(lower), BEGIN + before, 1000)
        upper = copy(lower, Path(folder, "upper"))
        assert list(tree_changes(str(lower), str(upper))) == []
        perform(str(upper), after, 2000)
        changes = list(tree_changes(str(lower), str(upper)))
        layer = write(changes)
        assert layer == write(tree_changes(str(lower), str(upper)))
        assert len({change.path for change in changes}) == len(changes)
        apply_to(layer, lower)
        equal(facts(lower), facts(upper), changes)


@pytest.mark.requires("root", "overlayfs")
@pytest.mark.timeout(300)
@settings(max_examples=40, deadline=None, suppress_health_check=ONE_FIXTURE)
@given(before=LISTS, after=LISTS)
def test_the_upper_folder_makes_what_the_kernel_shows(
    before: list[Operation],
    after: list[Operation],
    facts: Facts,
    equal: Equal,
    write: Callable[..., bytes],
    apply_to: Callable[..., None],
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        lower, upper, work, merged, seen = (
            Path(folder, name) for name in ("lower", "upper", "work", "merged", "seen")
        )
        for made in (lower, upper, work, merged, seen):
            made.mkdir()
        perform(str(lower), BEGIN + before, 1000)
        options = f"lowerdir={lower},upperdir={upper},workdir={work},index=off,redirect_dir=off,metacopy=off"
        script = f'mount -t overlay -o {options} overlay {merged}; "$@"; cp -a {merged}/. {seen}'
        change = [sys.executable, operations.__file__, str(merged), json.dumps(after), "2000"]
        command = ["unshare", "--mount", "--propagation", "private", "bash", "-euc", script, "bash"]
        subprocess.run([*command, *change], check=True, timeout=60)
        changes = list(overlay_changes(str(upper), [str(lower)]))
        apply_to(write(changes), lower)
        found, expected = (
            {path: (*fact[:6], 0, fact[7]) for path, fact in facts(tree).items()} for tree in (lower, seen)
        )  # copying up parts hard links, as overlayfs without an index does
        equal(found, expected, changes)

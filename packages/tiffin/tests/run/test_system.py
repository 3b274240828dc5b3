"""`tiffin system`: the store is checked, explained, and cleaned of what nothing keeps."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from packages.tiffin.tests.conftest import Tiffin


def usage(tiffin: Tiffin) -> dict[str, dict[str, Any]]:
    return {row["kind"]: row for row in json.loads(tiffin.call("system", "df", "--json").out)}


def names(tiffin: Tiffin) -> set[str]:
    return {row["name"] for row in json.loads(tiffin.call("images", "--json").out)}


def test_a_healthy_store_has_no_findings(tiffin: Tiffin) -> None:
    tiffin.run("--rm", tiffin.image, "true")
    checked = tiffin.call("system", "verify")
    assert (checked.code, checked.out) == (0, ""), checked
    assert "all is well" in checked.err


def test_a_file_that_was_changed_in_a_snapshot_is_found(tiffin: Tiffin) -> None:
    tiffin.run("--rm", tiffin.image, "true")
    (victim,) = Path(tiffin.folder).glob("store/snapshotters/*/snapshots/*/fs/data/one")
    victim.write_text("changed\n")
    checked = tiffin.call("system", "verify", "--json")
    assert checked.code == 1
    (finding,) = json.loads(checked.out)
    assert (finding["kind"], finding["image"]) == ("snapshot-changed", str(tiffin.image))


def test_what_takes_the_disk_is_told_by_kind(tiffin: Tiffin) -> None:
    assert (
        tiffin.run("--name=kept", tiffin.image, "sh", "-c", "dd if=/dev/zero of=/big bs=1M count=2").code == 0
    )
    found = usage(tiffin)
    assert found["snapshots"]["size"] > 1_000_000
    assert found["snapshots"]["free_size"] == 0
    assert found["containers"]["number"] == 1
    assert found["containers"]["size"] > 2_000_000
    assert "snapshots" in tiffin.call("system", "df").out


def test_prune_keeps_what_has_a_name_and_what_a_container_uses(tiffin: Tiffin) -> None:
    tiffin.run("--name=kept", tiffin.image, "true")
    assert tiffin.call("system", "prune").out == "0.0 MB reclaimed\n"
    assert tiffin.call("system", "prune", "--all").out == "0.0 MB reclaimed\n"
    assert names(tiffin) == {str(tiffin.image)}


def test_prune_all_removes_images_that_nothing_uses_but_no_pinned_ones(tiffin: Tiffin) -> None:
    tiffin.run("--rm", tiffin.image, "true")
    tiffin.run("--rm", "hello")
    assert tiffin.call("system", "pin", "hello").code == 0
    pruned = tiffin.call("system", "prune", "--all").lines
    assert pruned[0] == f"images {tiffin.image}"
    assert names(tiffin) == {"hello"}
    assert tiffin.call("system", "unpin", "hello").code == 0
    tiffin.call("system", "prune", "--all")
    assert names(tiffin) == set()
    assert usage(tiffin)["snapshots"]["number"] == 0


def test_a_tree_that_a_kill_left_is_gone_after_prune(tiffin: Tiffin) -> None:
    tiffin.run("--rm", "hello")
    (snapshots,) = Path(tiffin.folder).glob("store/snapshotters/*/snapshots")
    os.mkdir(snapshots / "new-0123456789abcdef")
    tiffin.call("system", "prune")
    assert [path.name for path in snapshots.iterdir()] == ["1"]


@pytest.mark.parametrize("words", [["nonsense"], ["pin"], ["df", "more"]])
def test_wrong_actions_are_refused(tiffin: Tiffin, words: list[str]) -> None:
    refused = tiffin.call("system", *words)
    assert refused.code != 0
    assert refused.err.startswith("tiffin system: ")
    assert "--help" in refused.err


def test_pinning_what_is_not_there_fails(tiffin: Tiffin) -> None:
    refused = tiffin.call("system", "pin", "nothing")
    assert refused.code == 1
    assert "there is no image" in refused.err

"""A pod's containers are one group, by the annotations that the real shim knows."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tiffin.runtime.errors import InvalidArgument
from tiffin.shim.command.group import group_of

if TYPE_CHECKING:
    from pathlib import Path

GROUP, SANDBOX = "io.containerd.runc.v2.group", "io.kubernetes.cri.sandbox-id"


@pytest.mark.parametrize(
    ("config", "group"),
    [
        ({}, "one"),
        ({"annotations": None}, "one"),
        ({"annotations": {"other": "x"}}, "one"),
        ({"annotations": {SANDBOX: "pod"}}, "pod"),
        ({"annotations": {SANDBOX: "pod", GROUP: "mine"}}, "mine"),
    ],
)
def test_the_group(tmp_path: Path, config: object, group: str) -> None:
    (tmp_path / "config.json").write_text(json.dumps(config))
    assert group_of(str(tmp_path), "one") == group


def test_a_sandbox_without_a_config_is_a_group_of_its_own(tmp_path: Path) -> None:
    assert group_of(str(tmp_path), "one") == "one"


@pytest.mark.parametrize("text", ["[]", "{", ""])
def test_what_is_no_object_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "config.json").write_text(text)
    with pytest.raises(InvalidArgument, match=r"config\.json"):
        group_of(str(tmp_path), "one")

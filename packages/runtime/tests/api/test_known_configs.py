"""What is remembered of a config: nothing that makes the next container differ from one that is planned anew."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import pytest

from tiffin.runtime.api.creation import WarmCreation
from tiffin.runtime.api.known_configs import KEPT, KnownConfigs, is_repeatable
from tiffin.runtime.cgroup.v1 import V1Manager
from tiffin.runtime.lifecycle.create import CreateOptions
from tiffin.runtime.lifecycle.settings import Settings
from tiffin.runtime.plan.encode import encode
from tiffin.runtime.plan.operation import Plan
from tiffin_testing.bundle import default_config

Tree = Mapping[str, Any]
KINDS = ("devices", "memory", "freezer")
EVERYTHING = "a *:* rwm\n"


@pytest.fixture(autouse=True)
def trees(tmp_path: Path) -> None:
    """Folders that look like those of cgroup v1."""
    for kind in KINDS:
        (tmp_path / kind).mkdir()
    (tmp_path / "devices/devices.list").write_text(EVERYTHING)


def planned(config: Tree, known: KnownConfigs, name: str, tmp_path: Path) -> tuple[WarmCreation, Plan]:
    """The plan of a `run` of this config, on a cgroup v1 host."""
    settings = Settings(str(tmp_path), logging.getLogger("test"), rootless="false")
    creation = WarmCreation(settings, name, CreateOptions(bundle="/bundle"), known, waits=False)
    creation.load(cast("Any", config))
    paths = {kind: f"{tmp_path}/{kind}/{name}" for kind in KINDS}
    return creation, creation.plan(V1Manager(paths))


CONFIGS: dict[str, Tree] = {
    "usual": default_config(),
    "cgroup mount": default_config()
    | {"mounts": [{"destination": "/c", "type": "cgroup", "source": "cgroup"}]},
    "limits": default_config()
    | {
        "linux": {
            "namespaces": [{"type": "mount"}, {"type": "uts"}],
            "resources": {"memory": {"limit": 1 << 24}},
        }
    },
    "hooks": default_config() | {"hooks": {"startContainer": [{"path": "/bin/true"}]}},
}


@pytest.mark.parametrize("name", CONFIGS)
def test_the_plan_of_a_known_config_is_the_one_that_would_be_made(name: str, tmp_path: Path) -> None:
    known = KnownConfigs()
    planned(CONFIGS[name], known, "first", tmp_path)
    _, again = planned(CONFIGS[name], known, "second", tmp_path)
    _, anew = planned(CONFIGS[name], KnownConfigs(), "second", tmp_path)
    without_time = [json.dumps(plan.operations, default=bytes.hex) for plan in (again, anew)]
    assert without_time[0] == without_time[1]


@pytest.mark.parametrize("change", ["rules", "parent", "leftover"])
def test_a_host_that_has_changed_is_asked_again(change: str, tmp_path: Path) -> None:
    known = KnownConfigs()
    planned(CONFIGS["usual"], known, "first", tmp_path)
    if change == "rules":
        (tmp_path / "devices/devices.list").write_text("c 1:3 rwm\n")
    elif change == "parent":
        (tmp_path / "memory").rmdir()
    else:
        (tmp_path / "devices/second").mkdir()
        (tmp_path / "devices/second/devices.list").write_text("c 1:5 rwm\n")
    _, again = planned(CONFIGS["usual"], known, "second", tmp_path)
    _, anew = planned(CONFIGS["usual"], KnownConfigs(), "second", tmp_path)
    assert again == anew


def test_what_was_encoded_is_what_would_be(tmp_path: Path) -> None:
    known = KnownConfigs()
    planned(CONFIGS["limits"], known, "first", tmp_path)
    found = known.find(json.dumps(CONFIGS["limits"], separators=(",", ":")).encode(), "/bundle", pytest.fail)
    assert found.pattern is not None
    _, plan = planned(CONFIGS["limits"], known, "second", tmp_path)
    assert encode(plan, encoded=found.pattern.encoded) == encode(plan)
    assert len(found.pattern.encoded) > len(plan.operations) / 2


def test_the_tree_that_is_kept_is_no_callers(tmp_path: Path) -> None:
    config = default_config()
    known = KnownConfigs()
    creation, _ = planned(config, known, "first", tmp_path)
    config["process"]["args"] = ["other"]
    assert creation.config["process"]["args"] == ["true"]


def test_those_that_were_used_last_are_kept() -> None:
    known = KnownConfigs()
    made: list[int] = []

    def find(number: int) -> None:
        def make() -> Any:
            made.append(number)
            return {}

        known.find(b"%d" % number, "/", make)

    for number in range(KEPT):
        find(number)
    find(0)
    find(KEPT)
    find(0)
    find(1)
    assert made == [*range(KEPT + 1), 1]


def test_what_fails_is_not_kept() -> None:
    known = KnownConfigs()

    def fail() -> Any:
        raise ValueError("bad")

    for _ in range(2):
        with pytest.raises(ValueError, match="bad"):
            known.find(b"{}", "/", fail)


@pytest.mark.parametrize(
    "config",
    [
        {"hooks": {"poststop": [{"path": "/x"}]}},
        {"linux": {"seccomp": {"listenerPath": "/s"}}},
        {"linux": {"intelRdt": {"closID": "a"}}},
        {"process": {"terminal": True}},
    ],
)
def test_containers_that_somebody_is_told_of_are_planned_anew(config: Tree) -> None:
    assert not is_repeatable(config)
    assert is_repeatable(default_config())

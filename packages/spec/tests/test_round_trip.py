"""A document goes through the structs and comes out as it was: known members, unknown ones, nulls and defaults."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from packages.spec.tests.validation_cases import CASES, base, patched

from tiffin.spec import json_tree
from tiffin.spec.model import from_tree, to_tree
from tiffin.spec.runtime import (
    Config,
    ContainerProcessState,
    Features,
    InvalidConfig,
    Mount,
    State,
    decode_config,
    defaults,
    encode_config,
)
from tiffin.spec.runtime.seccomp_profile import default_profile
from tiffin.spec.runtime.validation import ERROR
from tiffin.spec.runtime.validation.table import (
    ANYTHING,
    BOOLEAN_CODE,
    ENUMERATION,
    INTEGER,
    LIST,
    MAP,
    OBJECTS,
    STRING_CODE,
)

NAMES = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=8)
UNKNOWN = st.recursive(
    st.none() | st.booleans() | st.integers() | NAMES,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(NAMES, inner, max_size=2),
    max_leaves=4,
)


def values(kind: tuple[int, Any]) -> st.SearchStrategy[Any]:
    """Anything that the table allows for a kind."""
    code, detail = kind
    if code == STRING_CODE:
        return NAMES
    if code == BOOLEAN_CODE:
        return st.booleans()
    if code == INTEGER:
        return st.integers(detail[0], detail[1])
    if code == ENUMERATION:
        return st.sampled_from(detail)
    if code == LIST:
        return st.lists(values(detail), max_size=2)
    if code == MAP:
        return st.dictionaries(NAMES, values(detail), max_size=2)
    if code == ANYTHING:
        return UNKNOWN
    return objects(detail)


def later(kind: tuple[int, Any]) -> st.SearchStrategy[Any]:
    return st.deferred(lambda: values(kind))


def objects(name: str) -> st.SearchStrategy[dict[str, Any]]:
    """Objects of the table with any of their members, some null, and some that no spec knows."""
    members, required, expected, _section = OBJECTS[name]
    needed = {key: later(members[key]) for key in (*required, *expected)}
    others = {key: st.none() | later(kind) for key, kind in members.items() if key not in needed}
    known = st.fixed_dictionaries(needed, optional=others)
    foreign = st.dictionaries(NAMES.map(lambda key: "x-" + key), UNKNOWN, max_size=2)
    return st.builds(lambda first, second: {**first, **second}, known, foreign)


@given(objects("Config"))
@settings(max_examples=150, deadline=None)
def test_any_config_comes_back(tree: dict[str, Any]) -> None:
    config = from_tree(tree, Config)
    assert to_tree(config) == tree
    again = json_tree.decode(json_tree.encode(to_tree(config)))
    assert from_tree(again, Config) == config


@pytest.mark.parametrize("name", sorted(OBJECTS))
def test_every_struct_of_the_table_comes_back(name: str) -> None:
    import tiffin.spec.runtime as runtime

    kind = getattr(runtime, name)

    @given(objects(name))
    @settings(max_examples=15, deadline=None)
    def comes_back(tree: dict[str, Any]) -> None:
        assert to_tree(from_tree(tree, kind)) == tree

    comes_back()


def test_what_is_empty_or_zero_stays() -> None:
    tree = {
        "ociVersion": "",
        "process": {"cwd": "", "user": {"uid": 0, "gid": 0}, "args": [], "terminal": False},
    }
    assert to_tree(from_tree(tree, Config)) == tree


def test_a_struct_says_what_the_spec_calls_it() -> None:
    config = decode_config(
        json.dumps(patched({"process.ioPriority": {"class": "IOPRIO_CLASS_RT", "priority": 3}}))
    )
    assert config.process is not None
    assert config.process.ioPriority is not None
    assert config.process.ioPriority.class_ == "IOPRIO_CLASS_RT"
    config.mounts = [Mount(destination="/x", type="tmpfs")]
    assert json.loads(encode_config(config))["mounts"] == [{"destination": "/x", "type": "tmpfs"}]


def test_all_errors_are_raised_at_once() -> None:
    broken = patched(
        {"process.cwd": "x", "process.args": [], "linux.namespaces[0].type": "net", "ociVersion": "1"}
    )
    with pytest.raises(InvalidConfig) as raised:
        decode_config(json.dumps(broken))
    assert [problem.rule for problem in raised.value.problems if problem.severity == ERROR] == [
        "enumeration",
        "process.cwd",
        "process.args",
    ]
    assert "linux.namespaces[0].type" in str(raised.value)
    assert "process.cwd" in str(raised.value)


@pytest.mark.parametrize(
    "case", [case for case in CASES if case.severity != ERROR], ids=lambda case: case.name
)
def test_what_is_only_a_warning_is_decoded(case: Any) -> None:
    tree = patched(case.broken)
    config = decode_config(json.dumps(tree))
    if case.rule != "required":
        assert to_tree(config) == tree


def test_a_required_null_is_taken_as_missing() -> None:
    config = decode_config(json.dumps(patched({"process.user": None, "ociVersion": None})))
    assert config.process is not None
    assert config.process.user.uid == 0


def test_state_and_features_come_back() -> None:
    state = {
        "ociVersion": "1.0.2",
        "id": "x",
        "status": "paused",
        "pid": 1,
        "bundle": "/b",
        "annotations": {},
        "owner": "",
    }
    assert to_tree(from_tree(state, State)) == state
    process = {"ociVersion": "1.0.2", "fds": ["seccompFd"], "pid": 4422, "metadata": "M", "state": state}
    assert to_tree(from_tree(process, ContainerProcessState)) == process
    features = {
        "ociVersionMin": "1.0.0",
        "linux": {"mountExtensions": {"idmap": {"enabled": True}}, "cgroup": {"v1": False}},
    }
    assert to_tree(from_tree(features, Features)) == features


def test_defaults_with_the_profile_come_back() -> None:
    tree: Any = defaults.config()
    tree["linux"]["seccomp"] = default_profile("x86_64")
    assert to_tree(decode_config(json_tree.encode(tree))) == tree
    assert base() is not base()

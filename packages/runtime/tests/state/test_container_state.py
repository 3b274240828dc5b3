"""The state file's format: nothing is lost on the way, and a damaged file is named as such."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tiffin.runtime.errors import FailedPrecondition
from tiffin.runtime.state.container_state import ContainerState, decode_state, encode_state

SOURCE = "/run/tiffin/c1/state"
FULL = ContainerState(
    id="c1", pid=42, start_time=12345, boot="b-o-o-t", bundle="/a b", rootfs="/a b/rootfs", created="now",
    owner="me", version="1.3.0", annotations='{"a":"b\\n"}', cgroup_version=1,
    cgroups=(("memory", "/sys/fs/cgroup/memory/x y"), ("unified", "/sys/fs/cgroup/unified/x")),
    hooks=("poststart", "poststop"), systemd_unit="a.scope", resctrl="/sys/fs/resctrl/c1", rootless=True,
    shared_pids=True, other=(("later", "a \\ key\nof tomorrow"),),
)  # fmt: skip

# What a path may hold: every character, surrogateescape's too, but no NUL.
texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")) | st.binary().map(
    lambda data: data.replace(b"\0", b"").decode("utf-8", "surrogateescape")
)
words = st.text(string.ascii_lowercase + "-", min_size=1)


def test_a_full_state_comes_back() -> None:
    assert decode_state(encode_state(FULL), source=SOURCE) == FULL


def test_the_format_is_lines_of_key_and_value() -> None:
    lines = encode_state(FULL).decode().splitlines()
    assert lines[0] == "format 1"
    assert "pid 42" in lines
    assert "bundle /a b" in lines
    assert "cgroup memory /sys/fs/cgroup/memory/x y" in lines
    assert "hooks poststart poststop" in lines
    assert r'annotations {"a":"b\\n"}' in lines
    assert lines[-1] == r"later a \\ key\nof tomorrow"


def test_what_is_not_set_takes_no_line() -> None:
    keys = [line.partition(" ")[0] for line in encode_state(ContainerState("c1")).decode().splitlines()]
    assert keys == ["format", "pid", "start-time", "cgroup-version", "id"]


@given(bundle=texts, annotations=texts, other=st.lists(st.tuples(words.map(lambda word: f"x-{word}"), texts)))
def test_any_text_comes_back(bundle: str, annotations: str, other: list[tuple[str, str]]) -> None:
    state = ContainerState("c1", bundle=bundle, annotations=annotations, other=tuple(other))
    data = encode_state(state)
    assert decode_state(data, source=SOURCE) == state
    assert data.count(b"\n") == len(data.decode("utf-8", "surrogateescape").split("\n")) - 1


@pytest.mark.parametrize(
    "data",
    [
        b"", b"\n", b"\0\0\0\0", b"format 2\nid c1\n", b"format 1", b"format 1\nid c1", b"format 1\npid 4\n",
        b"format 1\nid c1\npid four\n", b"format 1\nid c1\nstart-time\n", b"id c1\nformat 1\n", b'{"id":"c1"}\n',
    ],
)  # fmt: skip
def test_a_damaged_file_is_named(data: bytes) -> None:
    with pytest.raises(FailedPrecondition, match=SOURCE):
        decode_state(data, source=SOURCE)


def test_a_state_that_was_cut_off_anywhere_is_not_taken_for_another_one() -> None:
    whole = encode_state(FULL)
    for size in range(len(whole)):
        if whole[:size].endswith(b"\n"):
            continue  # lines that are missing: only a rename makes a state, so that this cannot happen
        with pytest.raises(FailedPrecondition):
            decode_state(whole[:size], source=SOURCE)

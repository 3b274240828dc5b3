"""Protocol buffers, as far as CRIU's messages need them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tiffin.runtime.checkpoint.messages import OPTIONS, REQUEST, RESPONSE
from tiffin.runtime.checkpoint.protobuf import decode, encode

MESSAGES: list[tuple[dict[str, Any], str]] = [
    ({"type": 1}, "0801"),
    ({"type": 6, "notify_success": True}, "08061801"),
    ({"opts": {"images_dir_fd": 3, "log_file": "d.log"}}, "120908035205642e6c6f67"),
    ({"opts": {"pid": -1}}, "120b10ffffffffffffffffff01"),
    ({"opts": {"ext_mnt": [{"key": "/a", "val": "b"}]}}, "120aba01070a022f61120162"),
]


@pytest.mark.parametrize(("message", "data"), MESSAGES)
def test_messages_are_encoded_as_the_format_says(message: dict[str, Any], data: str) -> None:
    assert encode(REQUEST, message).hex() == data


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "pid": st.integers(-(2**31), 2**31 - 1),
            "log_file": st.text(st.characters(exclude_categories=["Cs"])),
            "leave_running": st.booleans(),
            "ps": st.fixed_dictionaries({"address": st.just("::1"), "port": st.integers(0, 65535)}),
        },
    )
)
def test_what_is_encoded_comes_back(options: dict[str, Any]) -> None:
    assert decode(OPTIONS, encode(OPTIONS, options)) == options


def test_a_field_that_is_none_is_left_out() -> None:
    assert encode(OPTIONS, {"pid": None, "external": []}) == b""


def test_unknown_fields_are_skipped() -> None:
    later = bytes.fromhex("f8ff0705" + "fa07026869" + "fd0701020304" + "f9070102030405060708")
    assert decode(RESPONSE, later + encode(RESPONSE, {"success": True})) == {"success": True}


@pytest.mark.parametrize("data", ["08", "12", "1205ff", "0a", "88808080", "0d0102", "0f"])
def test_a_message_that_is_cut_off_is_refused(data: str) -> None:
    with pytest.raises(ValueError, match=r"cut off|wire type"):
        decode(RESPONSE, bytes.fromhex(data))


@given(st.binary(max_size=60))
def test_any_bytes_are_a_message_or_are_refused(data: bytes) -> None:
    try:
        decode(RESPONSE, data)
    except ValueError:
        return

"""Frames: any pieces give the same frames; long ones are skipped."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tiffin.ttrpc.status import Code, RpcError
from tiffin.ttrpc.wire.frames import DATA, REQUEST, RESPONSE, Frame, FrameParser, encode_frame

LONGEST = 40
U32, U8 = st.integers(0, 2**32 - 1), st.integers(0, 255)
FRAMES = st.lists(st.tuples(U32, U8, U8, st.binary(max_size=60)), max_size=12)


def cut(data: bytes, places: list[int]) -> list[bytes]:
    """The data in pieces."""
    edges = [0, *sorted(place % (len(data) + 1) for place in places), len(data)]
    return [data[start:end] for start, end in pairwise(edges)]


@given(frames=FRAMES, places=st.lists(st.integers(0, 2000), max_size=40))
def test_pieces_make_no_difference(frames: list[tuple[int, int, int, bytes]], places: list[int]) -> None:
    encoded = b"".join(encode_frame(*frame, longest=60) for frame in frames)
    parser = FrameParser(LONGEST)
    found = [frame for piece in cut(encoded, places) for frame in parser.feed(piece)]
    expected = [
        Frame(stream, kind, flags, data if len(data) <= LONGEST else b"", len(data))
        for stream, kind, flags, data in frames
    ]
    assert found == expected
    assert [frame.oversized for frame in found] == [len(frame[3]) > LONGEST for frame in frames]
    assert not parser.within_frame


@given(data=st.binary(max_size=500), places=st.lists(st.integers(0, 500), max_size=20))
def test_any_bytes_are_frames(data: bytes, places: list[int]) -> None:
    whole, pieces = FrameParser(LONGEST), FrameParser(LONGEST)
    expected = whole.feed(data)
    assert [frame for piece in cut(data, places) for frame in pieces.feed(piece)] == expected
    assert whole.within_frame == pieces.within_frame


def test_the_bytes_of_a_frame() -> None:
    assert encode_frame(3, REQUEST, 2, b"abc") == bytes.fromhex("00000003 00000003 01 02") + b"abc"
    assert encode_frame(2**32 - 1, DATA, 5, b"") == bytes.fromhex("00000000 ffffffff 03 05")
    (frame,) = FrameParser().feed(bytes.fromhex("00000001 00000007 02 00 ff"))
    assert frame == Frame(7, RESPONSE, 0, b"\xff", 1)


def test_a_frame_that_is_too_long_is_not_encoded() -> None:
    assert len(encode_frame(1, DATA, 0, bytes(4 << 20))) == 10 + (4 << 20)
    with pytest.raises(RpcError) as caught:
        encode_frame(1, DATA, 0, bytes((4 << 20) + 1))
    assert caught.value.code == Code.RESOURCE_EXHAUSTED


def test_the_longest_length_is_skipped_and_not_kept() -> None:
    parser = FrameParser()
    (frame,) = parser.feed(b"\xff\xff\xff\xff\x00\x00\x00\x01\x01\x00")
    assert frame.oversized
    assert frame.length == 2**32 - 1
    assert parser.feed(bytes(1 << 20)) == []
    assert parser.within_frame


def test_what_was_given_may_change_afterwards() -> None:
    memory = bytearray(encode_frame(1, DATA, 0, b"first") + b"\0\0")
    parser = FrameParser()
    (first,) = parser.feed(memory)
    memory[:] = bytes(len(memory))
    (second,) = parser.feed(encode_frame(3, DATA, 0, b"second")[2:])
    assert (first.data, second.data) == (b"first", b"second")

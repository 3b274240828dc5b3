from __future__ import annotations

import pytest

from tiffin.image.errors import InvalidImage
from tiffin.image.layers.names import Kind, clean, parse


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a/b", b"a/b"),
        ("./a//b/", b"a/b"),
        ("/a", b"a"),
        ("../../etc/passwd", b"etc/passwd"),
        ("a/../../b", b"b"),
        (".", b""),
        ("", b""),
        ("\udcff", b"\xff"),
    ],
)
def test_names_stay_below_the_root(text: str, expected: bytes) -> None:
    assert clean(text.encode("utf-8", "surrogateescape")) == expected


def test_a_name_with_nul_is_refused() -> None:
    with pytest.raises(InvalidImage, match="NUL"):
        clean(b"a\0b")


@pytest.mark.parametrize("text", [".wh.", "d/.wh..", ".wh..."])
def test_a_whiteout_of_nothing_or_of_dots_is_refused(text: str) -> None:
    with pytest.raises(InvalidImage, match="whiteout"):
        parse(text.encode())


def test_whiteouts_are_told_apart() -> None:
    assert parse(b"d/.wh.f") == (Kind.WHITEOUT, b"d", b"f")
    assert parse(b"d/.wh..wh..opq") == (Kind.OPAQUE, b"d", b"")
    assert parse(b".wh..wh.plnk/1.2").kind is Kind.ENTRY
    assert parse(b".wh..wh.plnk").kind is Kind.IGNORED
    assert parse(b"d/wh.f") == (Kind.ENTRY, b"d", b"wh.f")
